"""The table in the docs of what comes through which file is what is found."""

import functools
import json
import os
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import layers_catalogue
import numpy as np
import pytest
import round_trips

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_the_table_in_the_docs_is_what_is_found():
    found = round_trips.round_trips()
    assert round_trips.table(found) == round_trips.committed().split("\n\n")[0] + "\n"
    cells = [(key, *cell) for key, row in found.items() for cell in row.items()]
    wrong = [cell for cell in cells if cell[2] not in ("yes", None)]
    assert [(key, family) for key, family, _ in wrong] == [
        (("`.h5`, whole model", "ours", "Keras"), "attention")
    ]
    assert wrong[0][2] == "Keras cannot read its own"


def test_the_table_of_earlier_eras_is_what_is_found():
    found = round_trips.old_trips()
    table = round_trips.committed().split("\n\n")[1]
    assert round_trips.old_table(found) == table
    for (form, era), row in found.items():
        for family, names in row.items():
            rows = round_trips.layers.ROWS
            known = [n for n in round_trips.OLD_FAMILIES[family] if era in rows[n][2]]
            assert names == known, form


BOTH_WAYS = pytest.mark.parametrize(
    "writer,reader",
    [(kerasish, keras), (keras, kerasish)],
    ids=["to Keras", "from Keras"],
)
# The first row of each layer.
FIRST = {row.name: row for row in reversed(layers_catalogue.ROWS)}
WITHOUT_WEIGHTS = {
    name
    for name in FIRST
    if ".preprocessing." in getattr(kerasish.layers, name).__module__
    and name != "Normalization"
}
del FIRST["Equalization"]  # with Keras it cannot be a part of a functional model
# Keras cannot read its own files of these either.
KERAS_FAILS = {(".h5", "Attention")}


def network(library, row):
    """A model of one layer; its inputs have the shapes of the row."""
    many = isinstance(row.shapes, list)
    shapes = row.shapes if many else [row.shapes]
    inputs = [library.Input(batch_shape=shape, dtype=row.dtype) for shape in shapes]
    kwargs = {k: layers_catalogue.made(library, v) for k, v in row.kwargs.items()}
    layer = getattr(library.layers, row.name)(**kwargs)
    outputs = layer(*row.arguments(inputs if many else inputs[0]))
    return library.Model(inputs if many else inputs[0], outputs)


@functools.cache
def written(library, row):
    """A model that saving leaves as it is, and what it computes."""
    model = round_trips.filled(network(library, row))
    called = row.name not in NOT_CALLED
    return model, keras.tree.flatten(model(row.inputs())) if called else None


def copied(model, reader, path, make):
    """What the other library makes of a saved model, or of its weights."""
    if path.endswith(".weights.h5"):
        model.save_weights(path)
        loaded = make(reader)
        loaded.load_weights(path)
        return loaded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras advises against .h5
        try:
            model.save(path)
        except TypeError as error:
            if isinstance(model, keras.Model) and "cannot pickle" in str(error):
                pytest.skip("Keras cannot write this layer into such a file")
            raise
        return reader.models.load_model(path)


# What these compute is not compared, but their configs: they draw anew in each model,
# or take long to compile.
NOT_CALLED = {"AugMix", "MixUp", "RandomGrayscale", "RandAugment"}
NOT_CALLED |= {"ContrastLimitedAdaptiveHistogramEqualization", "RandomElasticTransform"}


@BOTH_WAYS
@pytest.mark.filterwarnings("ignore:[\\s\\S]*dtype int64")  # in MixUp of Keras
@pytest.mark.parametrize(
    "row, ending",
    [
        pytest.param(row, ending, id=f"{name}-{ending}")
        for name, row in FIRST.items()
        for ending in (".keras", ".h5", ".weights.h5")
        # Layers that prepare data keep all in their configs, but for Normalization.
        if ending == ".keras" or name not in WITHOUT_WEIGHTS
    ],
)
def test_each_layer_goes_both_ways(row, ending, writer, reader, tmp_path):
    model, expected = written(writer, row)
    path, make = str(tmp_path / f"m{ending}"), lambda library: network(library, row)
    if (ending, row.name) in KERAS_FAILS and reader is keras:
        with pytest.raises((TypeError, ValueError)):
            copied(make(keras), keras, path, make)
        return
    loaded = copied(model, reader, path, make)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    if row.name in NOT_CALLED:
        configs = [m.layers[-1].get_config() for m in (model, loaded)]
        ours, theirs = map(json.dumps, configs)
        assert json.loads(ours) == json.loads(theirs)
        return
    found = keras.tree.flatten(loaded(row.inputs()))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def trainable(library, optimizer):
    layers = [library.layers.Dense(4, "tanh"), library.layers.BatchNormalization()]
    model = library.Sequential([library.Input((3,)), *layers, library.layers.Dense(1)])
    kind, options = optimizer
    model.compile(getattr(library.optimizers, kind)(**options), "mse", metrics=["mae"])
    return model


OPTIMIZERS = [
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {"learning_rate": 0.01, "amsgrad": True, "clipnorm": 1.0}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.01}),
    ("Nadam", {"learning_rate": 0.01}),
    ("Adafactor", {"learning_rate": 0.01}),
    ("Ftrl", {"learning_rate": 0.1}),
    ("Lion", {"learning_rate": 0.01}),
]


# In `.h5` Keras loses the state of the optimizer when it reads, and cannot train on.
@pytest.mark.parametrize(
    "writer,reader,ending",
    [
        (kerasish, keras, ".keras"),
        (keras, kerasish, ".keras"),
        (keras, kerasish, ".h5"),
    ],
    ids=["to Keras", "from Keras", "from Keras, .h5"],
)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o[0])
def test_training_goes_on_in_the_other_library(
    optimizer, writer, reader, ending, tmp_path
):
    if (optimizer[0], ending) == ("Adafactor", ".h5"):
        pytest.skip("Keras cannot write this file: two of its names are equal")
    draw = np.random.default_rng(0)
    x = draw.normal(size=(20, 3)).astype("float32")
    how = {"epochs": 3, "batch_size": 5, "shuffle": False, "verbose": 0}
    model = trainable(writer, optimizer)
    model.fit(x, x.sum(1), **how)
    loaded = copied(model, reader, str(tmp_path / f"m{ending}"), None)
    for each in (model, loaded):
        each.fit(x, x.sum(1), **how)
    assert int(model.optimizer.iterations) == int(loaded.optimizer.iterations) == 24
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
