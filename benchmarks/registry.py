"""Where each workload is. A process loads the file of its own family and no other."""

import importlib

from .measure import Workload

FAMILIES = {
    "gates": ["xor", "and_or"],
    "perceptrons": ["iris", "digits", "mlp", "mlp_dropout"],
    "cnn": ["cnn"],
    "sequences": ["lstm", "transformer"],
    "inference": ["predict"],
    "generator": ["generator"],
    "callbacks": ["callbacks"],
    "start": ["import", "first_use"],
    "files": ["h5"],
    "loops": ["build_fit"],
    "replicas": ["replicas"],
    "scaling": ["scaling"],
}
NAMES = [name for names in FAMILIES.values() for name in names]


def load(name: str) -> Workload:
    """The workload of that name."""
    family = next(family for family, names in FAMILIES.items() if name in names)
    module = importlib.import_module(f"{__package__}.workloads.{family}")
    return module.WORKLOADS[name]
