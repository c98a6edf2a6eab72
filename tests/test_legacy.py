"""Scripts of Keras 1, Keras 2 and tf.keras run; they are told what is preferred."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import kerasish
from kerasish import legacy
from tests.legacy_scripts import SCRIPTS

pytestmark = pytest.mark.usefixtures("quick_compilation")
IMPORTS = [
    (r"^from tensorflow import keras$", "import kerasish as keras"),
    (r"^import tensorflow as tf$", "import types, kerasish\n"
     "tf = types.SimpleNamespace(keras=kerasish)"),
    (r"^(from|import) (tensorflow\.)?keras\.", r"\1 kerasish."),
    (r"^from (tensorflow\.)?keras import", "from kerasish import"),
]  # fmt: skip


def ours(script):
    """The script as it is after `install_as_keras`, where Keras itself is loaded."""
    for then, now in IMPORTS:
        script = re.sub(then, now, script, flags=re.MULTILINE)
    return script


def data():
    rng = np.random.default_rng(0)
    Y = np.eye(3)[np.arange(16) % 3]
    return {"np": np, "X": rng.normal(size=(16, 4)), "Y": Y, "t": Y[:, :1]}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_run(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", legacy.LegacyWarning)
        exec(compile(ours(SCRIPTS[name]), name, "exec"), data())


def test_enough_scripts():
    assert len(SCRIPTS) >= 30


def test_scripts_run_unchanged_once_installed():
    names = ["nb_epoch and a triple of validation data", "tf.keras, the modules"]
    names += ["tf.keras, a model of one's own", "old utilities"]
    code = f"""if True:
        import sys, warnings
        import kerasish
        kerasish.install_as_keras()
        from tests.legacy_scripts import SCRIPTS
        from tests.test_legacy import data
        warnings.simplefilter("ignore", kerasish.legacy.LegacyWarning)
        for name in {names!r}:
            exec(SCRIPTS[name], data())
        import keras, tensorflow as tf
        assert keras is kerasish is tf.keras
        assert kerasish.layers.__spec__.name == "kerasish.layers"
        try:
            tf.constant(1)
        except AttributeError as error:
            assert "keras.ops" in str(error)
        else:
            raise AssertionError
        try:
            import keras.no_such_module
        except ModuleNotFoundError:
            print("not found")
        kerasish.uninstall_as_keras()
        print([n for n in sys.modules if n.split(".")[0] in ("keras", "tensorflow")])
        """
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["not found", "[]"]


def test_installing_too_late_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", kerasish)
    with pytest.raises(RuntimeError, match="comes too late: keras"):
        kerasish.install_as_keras()


PREFERRED = {
    "an argument": (lambda: kerasish.layers.Dense(output_dim=2), "`units`"),
    "a path": (lambda: legacy._load("layers.core").Dense, "`layers`"),
    "a name": (lambda: kerasish.constraints.maxnorm, "`constraints.MaxNorm`"),
    "a rate": (lambda: kerasish.optimizers.SGD(lr=0.1), "`learning_rate`"),
    "K": (lambda: kerasish.backend.mean, "`keras.ops`"),
    "a kernel": (
        lambda: kerasish.layers.Convolution2D(2, 3, 4),
        r"Conv2D\(2, \(3, 4\)",
    ),
    "a layer": (lambda: kerasish.layers.CuDNNLSTM, "CuDNNLSTM"),
}


@pytest.mark.parametrize(("use", "text"), PREFERRED.values(), ids=PREFERRED)
def test_what_is_preferred_is_said_once(use, text, monkeypatch):
    monkeypatch.setattr(legacy, "_told", set())
    with pytest.warns(legacy.LegacyWarning, match=text) as told:
        use()
    assert [w.filename for w in told] == [__file__]
    use()  # warnings are errors here


ERRORS = {
    "no mode": (
        lambda: kerasish.layers.Convolution2D(2, 3, 3, border_mode="full"),
        (ValueError, "`border_mode`='full', which is gone"),
    ),
    "no value": (
        lambda: kerasish.layers.BatchNormalization(mode=1),
        (ValueError, "BatchNormalization.*mode"),
    ),
    "gone": (lambda: kerasish.layers.SReLU, (AttributeError, "is gone. Use `PReLU`")),
    "no GPUs": (
        lambda: kerasish.utils.multi_gpu_model,
        (AttributeError, "Nothing need be wrapped"),
    ),
    "sessions": (
        lambda: kerasish.backend.get_session,
        (AttributeError, "There are no sessions"),
    ),
    "misspelt": (lambda: kerasish.backend.meen, (AttributeError, "mean `mean`")),
    "values": (
        lambda: legacy.backend.gradients(np.ones(2), []),
        (ValueError, "takes a symbolic loss"),
    ),
    "module": (lambda: legacy._load("layers.core").Dens, (AttributeError, "`Dense`")),
    "unknown": (
        lambda: legacy.saving.deserialize_keras_object("no_such", {}, {}, "thing"),
        (ValueError, "Unknown thing: 'no_such'"),
    ),
    "keys": (
        lambda: legacy.saving.deserialize_keras_object({"config": {}}),
        (ValueError, "has `class_name` and `config`"),
    ),
}


@pytest.mark.parametrize(("act", "error"), ERRORS.values(), ids=ERRORS)
@pytest.mark.filterwarnings("ignore::kerasish.legacy.LegacyWarning")
def test_errors(act, error):
    kind, text = error
    with pytest.raises(kind, match=text):
        act()


def test_arguments_of_users_classes_are_their_own():
    class Mine(kerasish.layers.Dense):
        def __init__(self, units, p=0.5, weights=None):
            super().__init__(units)
            self.p, self.given = p, weights

    layer = Mine(2, p=3, weights=4)
    assert (layer.p, layer.given) == (3, 4)


@pytest.mark.filterwarnings("ignore::kerasish.legacy.LegacyWarning")
def test_optimizers_of_users_take_old_arguments():
    class Mine(kerasish.optimizers.SGD):
        def __init__(self, learning_rate=0.1, **kwargs):
            super().__init__(learning_rate, **kwargs)

    assert float(Mine(lr=0.5).learning_rate) == 0.5
    assert type(Mine(decay=0.1)._learning_rate).__name__ == "InverseTimeDecay"
    assert Mine(decay=0.1)._learning_rate.initial_learning_rate == 0.1


def test_constructors_keep_their_signatures_and_objects_their_copies():
    import copy
    import inspect
    import pickle

    layers = kerasish.layers
    assert inspect.signature(layers.Convolution2D) == inspect.signature(layers.Conv2D)
    for layer in (layers.Convolution2D(2, 3), layers.Dense(2)):
        config = layer.get_config()
        assert copy.deepcopy(layer).get_config() == config
        assert pickle.loads(pickle.dumps(layer)).get_config() == config
        described = kerasish.saving.serialize_keras_object(layer)
        assert described["class_name"] in ("Conv2D", "Dense")


def test_configs_without_modules_are_those_of_keras():
    keras = pytest.importorskip("keras")
    for thing in ("Ones", "losses"):
        made = [
            root.initializers.Ones()
            if thing == "Ones"
            else root.losses.mean_squared_error
            for root in (kerasish, keras)
        ]
        mine, theirs = (
            root.legacy.saving.serialize_keras_object(x)
            for root, x in zip((kerasish, keras), made)
        )
        assert mine == theirs
    layer = kerasish.layers.Dense(2, name="d")
    config = legacy.saving.serialize_keras_object(layer)
    assert sorted(config) == ["class_name", "config"]
    assert legacy.saving.deserialize_keras_object(config).units == 2
    own = {"twice": lambda x: 2 * x}
    assert legacy.saving.deserialize_keras_object("twice", own)(2) == 4


def test_modules_list_what_they_have():
    assert {"Dense", "LSTM"} <= set(dir(legacy._load("layers.core")))
    assert "mean" in dir(legacy.backend)
