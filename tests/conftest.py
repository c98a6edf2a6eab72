"""Settings of the whole suite. They must stand before any array library loads."""

import atexit
import gc
import importlib.metadata
import os
import random
import sys
import tempfile

# Real Keras is the reference; it runs on JAX too, so that the numbers agree.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
# The newer emitters of XLA take twice as long to compile, and a program cut into parts,
# for threads that no worker has, a quarter longer; an unknown flag is fatal.
if importlib.metadata.version("jaxlib").startswith("0.10."):
    flags = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count"
    os.environ.setdefault("XLA_FLAGS", f"{flags}=1")
# Neither the settings of the person who runs the tests nor a file that Keras
# writes at import may matter.
_home = tempfile.TemporaryDirectory(prefix="kerasish-tests-")
atexit.register(_home.cleanup)
os.environ["KERAS_HOME"] = os.environ["KERASISH_HOME"] = _home.name
# Each worker of pytest-xdist keeps to one core.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

SEED = 1234
# The files that take longest begin first, so that no worker is left alone at the end.
LONG = """ops layers numpy_backend docstrings round_trips applications scripts
    examples predicting resume legacy metrics_generated replicas wrappers quantization
    ops_inference training metrics masks recurrent saving hostile_files""".split()
# The classes of Keras's initializers that draw.
RANDOM = "Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling".split()


def pytest_configure(config):
    config.option.loadscopereorder = False  # of pytest-xdist: by numbers of tests
    gc.set_threshold(20_000, 20, 20)  # models are large; little of them is garbage


def pytest_collection_modifyitems(items):
    places = {f"test_{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))


def begin_anew():
    """Start from the same seeds and from automatic names at zero."""
    random.seed(SEED)
    np.random.seed(SEED)
    for name in ("keras", "kerasish"):
        library = sys.modules.get(name)
        if library is not None:
            library.utils.clear_session(free_memory=False)
            library.utils.set_random_seed(SEED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """What fixtures of modules make must not depend on which test came before."""
    begin_anew()


@pytest.fixture(autouse=True)
def fresh_state():
    """Nor must a test depend on what such fixtures made."""
    begin_anew()


@pytest.fixture(scope="module")
def quick_compilation():
    """Programs that run once need no optimization: compiling is most of the time."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def drawn_by_numpy(self, shape, dtype=None):
    """What Keras's random initializers give here: JAX compiles two programs a shape."""
    import jax

    seed = self.seed if isinstance(self.seed, int) else 0
    scale = max(1, np.prod(shape[:-1])) ** -0.5
    values = np.random.default_rng(seed).normal(0, scale, shape)
    return jax.device_put(values.astype(jax.numpy.dtype(dtype or "float32")))


@pytest.fixture(autouse=True, scope="module")
def quick_weights_of_keras(request):
    """Where Keras's layers begin is compared in tests/test_initializers.py alone."""
    keras = sys.modules.get("keras")
    with pytest.MonkeyPatch.context() as patch:
        if keras is not None and request.module.__name__ != "test_initializers":
            for name in RANDOM:
                cls = getattr(keras.initializers, name)
                patch.setattr(cls, "__call__", drawn_by_numpy)
        yield


@pytest.fixture
def masks_of_keras(monkeypatch):
    """Dropout draws as Keras does on JAX, so that all else can be compared."""
    import kerasish
    from kerasish.training import sharing

    monkeypatch.setattr(kerasish.random, "_mask", kerasish.backend.bernoulli)
    sharing.forget()
    yield
    sharing.forget()


@pytest.fixture(autouse=True, scope="module")
def little_to_keep_in_order():
    """Keep the garbage collector and the system quick after thousands of programs.

    What is there after a module mostly stays, so it need not be looked through again,
    as each `gc.collect` of a test would. XLA maps memory for each program: those of the
    past are dropped before the system's limit of maps (65,530) is near.
    """
    yield
    jax = sys.modules.get("jax")
    if jax is not None and os.path.exists("/proc/self/maps"):
        with open("/proc/self/maps") as maps:
            crowded = sum(1 for _ in maps) > 8_000
        if crowded:
            jax.clear_caches()
    gc.freeze()


@pytest.fixture
def close():
    """`close(ours, theirs)`: two trees of arrays agree in shape and to 1e-5."""

    def compare(ours, theirs, rtol=1e-5, atol=1e-6):
        if isinstance(theirs, dict):
            assert sorted(ours) == sorted(theirs)
            for key in theirs:
                compare(ours[key], theirs[key], rtol, atol)
        elif isinstance(theirs, (list, tuple)):
            assert len(ours) == len(theirs)
            for mine, other in zip(ours, theirs, strict=True):
                compare(mine, other, rtol, atol)
        else:
            mine, other = np.asarray(ours), np.asarray(theirs)
            assert mine.shape == other.shape
            np.testing.assert_allclose(mine, other, rtol, atol)

    return compare
