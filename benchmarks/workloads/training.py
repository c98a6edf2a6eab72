"""Makes a workload of a job and one network for each contender."""

import importlib
from collections.abc import Callable
from typing import Any

from ..measure import Contender, Job, Workload

# contender -> module in `peers` and what else its `train` is told
TRAINERS: dict[str, tuple[str, tuple]] = {
    "jax step": ("by_hand", ("step",)),
    "jax scan": ("by_hand", ("scan",)),
    "torch": ("torch_loop", ()),
    "flax": ("flax_loop", ()),
    "sklearn": ("sklearn_mlp", ()),
}


def training(title: str, job: Job, **networks: Any) -> Workload:
    """`networks`: `keras`, `jax`, and where they make sense `torch`, `flax`, `sklearn`.

    Each is what the `train` of that contender's module takes.
    """
    contenders = {
        name: _keras(name, job, networks["keras"]) for name in ("kerasish", "keras")
    }
    for name, (module, told) in TRAINERS.items():
        network = networks.get(name.split()[0])
        if network is not None:
            contenders[name] = _other(name, module, job, network, told)
    return Workload(title, contenders)


def _keras(name: str, job: Job, build: Callable) -> Contender:
    def run(quick):
        trainer = importlib.import_module("benchmarks.peers.keras_api")
        return trainer.train(importlib.import_module(name), job.of(name, quick), build)

    return run


def _other(name: str, module: str, job: Job, network: Any, told: tuple) -> Contender:
    def run(quick):
        trainer = importlib.import_module(f"benchmarks.peers.{module}")
        arguments = network if isinstance(network, tuple) else (network,)
        return trainer.train(job.of(name, quick), *arguments, *told)

    return run
