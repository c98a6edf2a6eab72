"""Which files go which way for which layers, found by trying; the table in the docs.

`python tests/round_trips.py` writes the table into docs/guide/file_formats.md.
"""

import functools
import json
import os
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py
import keras
import numpy as np
from eras import files, layers

import kerasish
from kerasish.registry import to_snake_case

LIBRARIES = {"ours": kerasish, "Keras": keras}
DIRECTIONS = [("ours", "Keras"), ("Keras", "ours"), ("ours", "ours")]
PAGE = Path(__file__).parents[1] / "docs" / "guide" / "file_formats.md"
START, END = "<!-- round trips -->\n", "<!-- end of round trips -->\n"


def dense(k):
    layers = [k.layers.Dense(3, "relu"), k.layers.Dropout(0.5), k.layers.Dense(2)]
    return k.Sequential([k.Input((4,)), *layers])


def convolution(k):
    layers = [
        k.layers.Conv2D(2, 3, padding="same", activation="relu"),
        k.layers.MaxPooling2D(),
        k.layers.DepthwiseConv2D(2),
        k.layers.Conv2DTranspose(2, 2),
        k.layers.Flatten(),
    ]
    return k.Sequential([k.Input((6, 6, 1)), *layers])


def recurrent(k):
    layers = [
        k.layers.LSTM(2, return_sequences=True),
        k.layers.GRU(3, return_sequences=True),
        k.layers.SimpleRNN(2),
    ]
    return k.Sequential([k.Input((3, 2)), *layers])


def normalization(k):
    layers = [k.layers.BatchNormalization(), k.layers.LayerNormalization()]
    layers += [k.layers.GroupNormalization(2), k.layers.UnitNormalization()]
    return k.Sequential([k.Input((4,)), *layers])


def attention(k):
    inputs = k.Input((3, 4))
    x = k.layers.MultiHeadAttention(2, 3)(inputs, inputs)
    return k.Model(inputs, k.layers.Attention(use_scale=True)([x, inputs]))


def embedding(k):
    inputs = k.Input((5,), dtype="int32")
    return k.Model(inputs, k.layers.Embedding(7, 3)(inputs))


def custom_class(k):
    class Scale(k.layers.Layer):
        def __init__(self, by=2.0, **kwargs):
            super().__init__(**kwargs)
            self.by = by
            self.inner = k.layers.Dense(3, name="inner")

        def build(self, input_shape):
            self.factor = self.add_weight(shape=(input_shape[-1],), name="factor")
            self.inner.build(input_shape)

        def call(self, inputs):
            return self.inner(inputs * self.factor * self.by)

        def get_config(self):
            return {**super().get_config(), "by": self.by}

    return k.saving.register_keras_serializable("trips")(Scale)


SCALES = {k: custom_class(k) for k in LIBRARIES.values()}


def custom(k):
    return k.Sequential([k.Input((4,)), SCALES[k](3.0), k.layers.Dense(2)])


def nested(k):
    low = k.Sequential([k.Input((3,)), k.layers.Dense(3), k.layers.Dense(2)])
    first, second = k.Input((3,)), k.Input((3,))
    both = k.layers.Concatenate()([low(first), low(second)])
    return k.Model([first, second], k.layers.Dense(1)(both))


FAMILIES = [dense, convolution, recurrent, normalization]
FAMILIES += [attention, embedding, custom, nested]
# format -> whether it holds a whole model, path, arguments of `save_weights`, and who
# can neither read nor write it
FORMATS = {
    "`.keras`": (True, "m.keras", {}, ()),
    "`.h5`, whole model": (True, "m.h5", {}, ()),
    "`.weights.h5`": (False, "w.weights.h5", {}, ()),
    "`.weights.json`, shards": (
        False,
        "w.weights.json",
        {"max_shard_size": 400 / 2**30},
        (),
    ),
    "`.h5`, weights alone": (False, "w.h5", {}, [("Keras", "ours")]),
    "`.safetensors`": (False, "w.safetensors", {}, DIRECTIONS[:2]),
}


def inputs_of(model):
    rng = np.random.default_rng(0)
    return [
        rng.integers(0, 7, (2, *x.shape[1:]))
        if "int" in x.dtype
        else rng.normal(size=(2, *x.shape[1:])).astype("float32")
        for x in model.inputs
    ]


def outputs_of(model):
    inputs = inputs_of(model)
    return np.asarray(model(inputs if len(inputs) > 1 else inputs[0]))


def filled(model):
    rng = np.random.default_rng(1)
    for variable in model.weights:
        variable.assign(rng.uniform(0.1, 1.0, variable.shape).astype("float32"))
    return model


@functools.cache
def written(family, writer):
    """A model that saving leaves as it is, and what it computes."""
    model = filled(family(LIBRARIES[writer]))
    return model, outputs_of(model)


def goes_through(family, form, writer, reader, folder):
    """Say whether a model, or its weights, come out of the file as they went in."""
    whole, name, arguments, _ = FORMATS[form]
    path = os.path.join(folder, name)
    model, outputs = written(family, writer)
    if whole:
        model.save(path)
        loaded = LIBRARIES[reader].models.load_model(path)
    else:
        model.save_weights(path, **arguments)
        loaded = family(LIBRARIES[reader])
        loaded.load_weights(path)
    ours, theirs = loaded.get_weights(), model.get_weights()
    return (
        len(ours) == len(theirs)
        and all(np.array_equal(a, b) for a, b in zip(ours, theirs))
        and np.allclose(outputs_of(loaded), outputs, rtol=1e-4, atol=1e-5)
    )


def round_trips():
    """Try everything.

    Returns:
        A dict (format, writer, reader) -> family -> "yes", or what is wrong; None
        where Keras has no such files.
    """
    found = {}
    for form, (*_, impossible) in FORMATS.items():
        for writer, reader in DIRECTIONS:
            row = found[form, writer, reader] = {}
            for family in FAMILIES:
                if (writer, reader) in impossible:
                    row[family.__name__] = None
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    row[family.__name__] = result(family, form, writer, reader, folder)
    return found


def result(family, form, writer, reader, folder):
    """Say "yes", or what is wrong."""
    found = attempt(family, form, writer, reader, folder)
    if found != "yes" and reader == "Keras":
        own = attempt(family, form, reader, reader, folder)
        return found if own == "yes" else "Keras cannot read its own"
    return found


def attempt(*case):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras advises against .h5
            return "yes" if goes_through(*case) else "other numbers"
    except Exception as error:  # what either raises is part of the finding
        return type(error).__name__


def table(found):
    """Write what was found as a table in Markdown."""
    heads = ["File", "From", "To", *(family.__name__ for family in FAMILIES)]
    names = {"ours": "kerasish", "Keras": "Keras 3"}
    rows = [heads, ["---"] * len(heads)]
    for (form, writer, reader), row in found.items():
        if any(row.values()):
            cells = [cell or "" for cell in row.values()]
            rows.append([form, names[writer], names[reader], *cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def committed():
    """Return the table that stands in the docs."""
    return PAGE.read_text(encoding="utf-8").split(START)[1].split(END)[0].strip() + "\n"


# --- files of earlier eras ------------------------------------------------------------

# Family -> rows of the eras' layers.
OLD_FAMILIES = {
    "dense": ["Dense", "Dropout"],
    "convolution": "Conv1D Conv2D DepthwiseConv2D SeparableConv2D MaxPooling2D".split(),
    "recurrent": ["LSTM", "GRU", "SimpleRNN"],
    "normalization": ["BatchNormalization"],
}
OLD_ERAS = {"keras1": "Keras 1", "keras2": "Keras 2", "tf2": "tf.keras 2"}
OLD_FORMS = ["`.h5`, whole model", "`.h5`, weights alone", "`.keras`"]


def old_trips():
    """Load files of earlier eras.

    Returns:
        A dict (format, era) -> family -> the layers that compute what real Keras
        computes with the same weights.
    """
    found = {}
    for form in OLD_FORMS:
        for era in OLD_ERAS if form != "`.keras`" else ["tf2"]:
            found[form, era] = {
                family: [
                    row
                    for row in rows
                    if era in layers.ROWS[row][2] and comes_back(row, era, form)
                ]
                for family, rows in OLD_FAMILIES.items()
            }
    return found


def comes_back(row, era, form):
    """Say whether a model with one layer, of an era's file, computes as in Keras."""
    today, shape, _ = layers.ROWS[row]
    model = filled(keras.Sequential([keras.Input(shape), today(keras)]))
    layer, config = model.layers[0], layers.stack(row, era)
    stored = {"layer": layers.stored(layer, era)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("m.keras" if form == "`.keras`" else "m.h5")
        if form == "`.keras`":
            place = f"_layer_checkpoint_dependencies/{to_snake_case(row)}"
            place += "/cell" * hasattr(layer, "cell")
            files.archive(path, config, {place: layer.get_weights()}, [])
        else:
            files.h5(path, era, config, stored)
        if form == "`.h5`, weights alone":
            with h5py.File(path, "w") as file:
                files.bare(file, stored)
            text = {**config, "keras_version": files.VERSIONS[era]}
            loaded = kerasish.models.model_from_json(json.dumps(text))
            loaded.load_weights(str(path))
        else:
            loaded = kerasish.models.load_model(str(path))
    ours, theirs = outputs_of(loaded), outputs_of(model)
    return np.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def old_table(found):
    """Write which layers of earlier eras were loaded, as a table in Markdown."""
    heads = ["File", "From", "To", *OLD_FAMILIES]
    rows = [heads, ["---"] * len(heads)]
    for (form, era), row in found.items():
        name = "tf.keras 2.12" if form == "`.keras`" else OLD_ERAS[era]
        rows.append([form, name, "kerasish", *map(", ".join, row.values())])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def everything():
    """Return both tables."""
    return table(round_trips()) + "\n" + old_table(old_trips())


if __name__ == "__main__":
    before, rest = PAGE.read_text(encoding="utf-8").split(START)
    text = before + START + "\n" + everything() + "\n" + END
    PAGE.write_text(text + rest.split(END)[1], encoding="utf-8")
