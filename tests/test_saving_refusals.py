"""What could not be loaded again is refused when it is saved, and says why."""

import functools
import json
import os
import zipfile

import h5py
import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")
layers = kerasish.layers
BOTH = r".*register_keras_serializable.*"


def model_of(*parts, **compiled):
    model = kerasish.Sequential([kerasish.Input((2,)), *parts, layers.Dense(1)])
    if compiled:
        model.compile("sgd", **{"loss": "mse", **compiled})
    return model


class Plain(layers.Layer):
    def __init__(self, thing=None, **kwargs):
        super().__init__(**kwargs)
        self.thing = thing

    def call(self, inputs):
        return inputs


class Objects(Plain):
    def get_config(self):
        return {"name": self.name, "thing": self.thing}


class Forgetful(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, inputs):
        return inputs * self.units

    def get_config(self):
        return super().get_config() and {"name": self.name}


class Variadic(Plain):
    def __init__(self, *things, **kwargs):
        super().__init__(**kwargs)


Dense = type("Dense", (Plain,), {})


def mean_squared_error(y_true, y_pred):
    return kerasish.ops.mean(y_true - y_pred, axis=-1)


def relu(x):
    return x + 1


def closure(by):
    def shifted(x):
        return x + by

    return shifted


def made_loss(factor):
    return lambda y_true, y_pred: factor * (y_true - y_pred) ** 2


class Callable:
    def __call__(self, y_true, y_pred):
        return y_true - y_pred


REFUSED = {
    "object": (lambda: model_of(Plain(object())), r"Argument `thing` of Plain" + BOTH),
    "object in a config": (
        lambda: model_of(Objects(object())),
        r"Argument `thing` of Objects" + BOTH,
    ),
    "object in a list": (
        lambda: model_of(Objects([1, {"a": object()}])),
        r"Argument `thing` of Objects" + BOTH,
    ),
    "lambda in an argument": (
        lambda: model_of(Plain(lambda x: x)),
        r"Argument `thing` of Plain.*lambda" + BOTH,
    ),
    "class": (lambda: model_of(Objects(int)), r"`thing` of Objects.*class int"),
    "set": (lambda: model_of(Plain({1, 2})), r"`thing` of Plain" + BOTH),
    "partial": (
        lambda: model_of(layers.Activation(functools.partial(relu))),
        r"Argument `activation` of Activation" + BOTH,
    ),
    "activation": (
        lambda: model_of(layers.Dense(2, activation=lambda x: x)),
        r"Argument `activation` of Dense.*lambda" + BOTH,
    ),
    "argument left out": (
        lambda: model_of(Forgetful(3)),
        r"Argument `units` of Forgetful is not in.*get_config" + BOTH,
    ),
    "arguments without names": (
        lambda: model_of(Variadic(1, 2)),
        r"Variadic takes `\*things`.*get_config",
    ),
    "layer with a name of ours": (
        lambda: model_of(Dense()),
        r"`Dense` of .*test_saving_refusals would be loaded as `Dense` of kerasish.*"
        + BOTH,
    ),
    "activation with a name of ours": (
        lambda: model_of(layers.Dense(2, activation=relu)),
        r"`relu` of .*would be loaded as" + BOTH,
    ),
    "Lambda of a lambda": (
        lambda: model_of(layers.Lambda(lambda x: x)),
        "`function` `<lambda>`" + BOTH,
    ),
    "Lambda of a closure": (
        lambda: model_of(layers.Lambda(closure(2.0))),
        "`function` `shifted` could not be found again" + BOTH,
    ),
    "loss": (
        lambda: model_of(loss=made_loss(2.0)),
        "lambda" + BOTH + "include_optimizer=False",
    ),
    "callable loss": (
        lambda: model_of(loss=Callable()),
        "Callable" + BOTH + "include_optimizer=False",
    ),
    "loss with a name of ours": (
        lambda: model_of(loss=mean_squared_error),
        r"`mean_squared_error` of .*would be loaded as" + BOTH,
    ),
    "metric": (
        lambda: model_of(metrics=[lambda t, p: t - p]),
        "lambda" + BOTH + "include_optimizer=False",
    ),
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("case", REFUSED)
def test_refused_when_saved(case, ending, tmp_path):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=rf"(?s)cannot be saved.*{message}"):
        make().save(tmp_path / f"m{ending}")
    assert os.listdir(tmp_path) == []


def named_loss(y_true, y_pred):
    return kerasish.ops.mean(kerasish.ops.square(y_true - y_pred), axis=-1) * 3


SAVED = {
    "array": (lambda: model_of(Objects(np.arange(3.0))), {"Objects": Objects}),
    "array in a list": (
        lambda: model_of(Plain([np.ones(2), 1])),
        {"Plain": Plain},
    ),
    "object with a config": (
        lambda: model_of(Plain(kerasish.initializers.Constant(3.0))),
        {"Plain": Plain},
    ),
    "class not registered": (lambda: model_of(Plain(1)), {"Plain": Plain}),
    "function not registered": (
        lambda: model_of(loss=named_loss),
        {"named_loss": named_loss},
    ),
    "closure": (
        lambda: model_of(layers.Dense(2, activation=closure(1.0))),
        {"shifted": closure(1.0)},
    ),
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("case", SAVED)
def test_what_custom_objects_bring_back_is_saved(case, ending, tmp_path):
    make, objects = SAVED[case]
    model, path = make(), tmp_path / f"m{ending}"
    model.save(path)
    loaded = kerasish.models.load_model(path, custom_objects=objects)
    x = np.ones((3, 2), "float32")
    np.testing.assert_allclose(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6
    )
    thing, again = (getattr(m.layers[0], "thing", None) for m in (model, loaded))
    if isinstance(thing, np.ndarray):
        np.testing.assert_array_equal(thing, again)


# --- training parts that cannot be understood -----------------------------------------


def alter(path, change):
    """Apply `change(compile arguments, key of the optimizer)` to a saved file."""
    if path.suffix == ".h5":
        with h5py.File(path, "a") as file:
            config = json.loads(file.attrs["training_config"])
            change(config, "optimizer_config")
            file.attrs["training_config"] = json.dumps(config)
        return
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    change(config["compile_config"], "optimizer")
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in content.items():
            archive.writestr(name, value)


def unknown_class(config, key):
    config[key]["class_name"] = config[key]["registered_name"] = "Nonesuch"


def unknown_argument(config, key):
    config[key]["config"]["nonesuch"] = 1


def unknown_loss(config, key):
    config["loss"] = "nonesuch"


def unknown_loss_class(config, key):
    config["loss"] = {"class_name": "Nonesuch", "config": {}, "module": "keras.losses"}


def unknown_metric(config, key):
    config["metrics"] = ["nonesuch"]


def unknown_metric_class(config, key):
    config["metrics"] = [{"class_name": "Nonesuch", "config": {}}]


UNCLEAR = {
    unknown_class: "optimizer.*Nonesuch",
    unknown_argument: "optimizer.*nonesuch",
    unknown_loss: "loss.*nonesuch",
    unknown_loss_class: "loss.*Nonesuch",
    unknown_metric: "metric.*nonesuch",
    unknown_metric_class: "metrics.*Nonesuch",
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("change", UNCLEAR, ids=lambda f: f.__name__)
def test_the_part_that_is_not_understood_is_named(change, ending, tmp_path):
    path = tmp_path / f"m{ending}"
    model = model_of(metrics=["mae"])
    x = np.ones((3, 2), "float32")
    model.fit(x, x[:, :1], verbose=0)
    model.save(path)
    alter(path, change)
    match = rf"(?s)is not compiled.*compile arguments.*{UNCLEAR[change]}"
    with pytest.warns(UserWarning, match=match):
        loaded = kerasish.models.load_model(path)
    assert not loaded.compiled
    np.testing.assert_array_equal(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0)
    )
