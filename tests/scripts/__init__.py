"""Ordinary Keras scripts: the proof that `import kerasish as keras` is enough.

Each public function of each file here is a script. It takes the framework under the
name `keras` and returns a tree of numbers (and names) that must not depend on which
framework it is. Other arguments are there for those who name them: `same(model)`
returns the model after giving it the initial weights of the first run, and `tmp_path`
is an empty folder. `tests/test_scripts.py` runs each with Keras and with kerasish.
"""
