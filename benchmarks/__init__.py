"""How fast kerasish is beside its peers: `python benchmarks/run.py`."""
