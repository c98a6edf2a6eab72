"""Cold starts: the import alone, and with the first array."""

import importlib

from ..measure import Workload, since_start


def importing(library):
    """A contender that only imports."""

    def run(quick):
        importlib.import_module(library)
        return {"process": since_start()}

    return run


def keras_variable(name):
    """A contender that makes a variable."""

    def run(quick):
        importlib.import_module(name).Variable(0.0)
        return {"process": since_start()}

    return run


def jax_array(quick):
    import jax.numpy as jnp

    jnp.zeros(()).block_until_ready()
    return {"process": since_start()}


def torch_array(quick):
    import torch

    torch.zeros(())
    return {"process": since_start()}


def flax_variable(quick):
    import jax.numpy as jnp
    from flax import nnx

    nnx.Param(jnp.zeros(()))
    return {"process": since_start()}


WORKLOADS = {
    "import": Workload(
        "import",
        {
            name: importing(library)
            for name, library in {
                "kerasish": "kerasish",
                "keras": "keras",
                "jax": "jax",
                "torch": "torch",
                "flax": "flax.nnx",
                "sklearn": "sklearn.neural_network",
            }.items()
        },
    ),
    "first_use": Workload(
        "import and first use",
        {
            "kerasish": keras_variable("kerasish"),
            "keras": keras_variable("keras"),
            "jax": jax_array,
            "torch": torch_array,
            "flax": flax_variable,
        },
    ),
}
