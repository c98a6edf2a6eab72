"""Dtypes and unknown axes of the ops, by abstract runs alone: nothing is computed."""

import itertools
import operator
import os
import warnings

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from ops_catalogue import ROWS

import kerasish
from kerasish import dtypes, ops, tree

NUMPY = os.environ.get("KERASISH_BACKEND") == "numpy"
pytestmark = pytest.mark.skipif(NUMPY, reason="abstract runs compute on NumPy")

DTYPES = "bool int8 uint8 int16 int32 int64 uint32 float16 bfloat16 float32".split()
NUMBERS = (1, 2.5, True)
SOME_DTYPES = "bool int8 uint8 int64 float16 bfloat16 float32".split()
SOME_PAIRS = [
    *(("int32", "float16"), ("float16", "int32"), ("bool", "int8"), ("uint8", "int8")),
    *(("float16", "bfloat16"), ("float32", 2.5), ("int32", 2.5), ("uint8", 2.5)),
    *(("int8", 1), ("bool", True), ("float16", 2.5), ("bfloat16", 2.5)),
]
ALL_PAIRS = [
    *itertools.permutations(DTYPES, 2),
    *itertools.product(DTYPES, NUMBERS),
]
# of which all pairs are tried
ARITHMETIC = set(
    "add subtract multiply divide power maximum where floor_divide arctan2".split()
)
# Ops whose dtype follows a rule here where that of Keras does not: the rule, and what
# Keras does.


def joined(used):
    return dtypes.result_type(*used, float)


def first(used):
    return dtypes.result_type(used[0], float)


WIDENED = joined, "half precision and a Python float become float32, against its rule"
ROUNDED = "rounds the result to the integers that the inputs were"
RULES = {
    "arctan2": WIDENED,
    "logaddexp": WIDENED,
    "logaddexp2": WIDENED,
    "layer_normalization": (first, ROUNDED),
    "rms_normalization": (first, ROUNDED),
    "dot_product_attention": (joined, ROUNDED),
    "conv": (
        lambda used: dtypes.result_type(*used),
        "casts inputs to the kernel's dtype, which its symbolic call denies",
    ),
    "psnr": (joined, "float32 if only the second image is of integers"),
    "sparse_categorical_crossentropy": (
        joined,
        "float32 for half precision, which its symbolic call denies",
    ),
}


def is_array(x):
    return isinstance(x, np.ndarray)


def arrays(row):
    return [x for x in tree.flatten((row.args, row.kwargs)) if is_array(x)]


def call(library, row, values):
    """Call the op of a library with these values in place of the row's arrays."""
    values = iter(values)
    args, kwargs = keras.tree.map_structure(
        lambda x: next(values) if is_array(x) else x, (row.args, row.kwargs)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return operator.attrgetter(row.name)(library)(*args, **kwargs)


def cases(kind_of):
    """Each op with one of its rows of each kind."""
    found = {}
    for row in ROWS:
        if arrays(row) and row.symbolic:
            found.setdefault(row.name, {}).setdefault(kind_of(row), row)
    return pytest.mark.parametrize(
        "chosen", [pytest.param([*v.values()], id=name) for name, v in found.items()]
    )


def combinations(row):
    """Dtypes for the float arrays of a row, or for all where there are none."""
    floats = [x.dtype.kind == "f" for x in arrays(row)]
    places = np.flatnonzero(floats if any(floats) else [True] * len(floats))
    for dtype in SOME_DTYPES if len(floats) > 1 else DTYPES:
        yield dict.fromkeys(places, dtype)
    if len(places) < 2:
        return
    positional = sum(map(is_array, row.args)) == len(floats) <= 3
    for a, b in ALL_PAIRS if row.name in ARITHMETIC else SOME_PAIRS:
        if isinstance(b, str):
            yield {places[0]: a, places[1]: b}
        elif positional and len(places) == 2:
            yield {places[0]: a, places[1]: b}
            yield {places[0]: b, places[1]: a}


def given(row, choice, convert):
    """The row's arrays with those of a combination in other dtypes."""
    for place, x in enumerate(arrays(row)):
        new = choice.get(place)
        number = isinstance(new, (bool, int, float))
        if number:
            yield new
        else:
            yield convert(np.ones(x.shape, new) if place in choice else x)


def symbolic(x):
    return kerasish.KerasTensor(x.shape, x.dtype.name) if x.ndim else x


def names(outputs):
    return [jnp.dtype(x.dtype).name for x in tree.flatten(outputs)]


def dtypes_of_keras(row, choice, run=jax.eval_shape):
    """What its function gives for arrays; or None where it refuses them."""
    values = list(given(row, choice, jax.device_put))  # nothing is compiled
    try:
        return names(run(lambda: call(keras.ops, row, values)))
    except Exception:
        return None


@cases(lambda row: (len(arrays(row)), row.kwargs.get("dtype")))
def test_dtypes_equal_keras(chosen):
    compared, differ = 0, False
    for row in chosen:
        for choice in combinations(row):
            theirs = dtypes_of_keras(row, choice)
            if theirs is None:
                continue
            try:
                ours = names(call(ops, row, given(row, choice, symbolic)))
            except Exception:  # only where Keras fails too, once it has to compute
                assert dtypes_of_keras(row, choice, lambda f: f()) is None, choice
                continue
            compared += 1
            if ours != theirs and row.name in RULES:
                used = [d if isinstance(d, str) else type(d) for d in choice.values()]
                theirs, differ = [RULES[row.name][0](used)], True
            assert ours == theirs, choice
    assert compared or not row.keras
    assert differ == (row.name in RULES)  # none has become needless


# Sizes that must be known here, and need not be in Keras: the op fixes them, or they
# say how many Python steps there are.
FIXED = {
    "broadcast_to": {3},
    "conv": {4},  # channels
    "cross": {2, 3},
    "fold": {6, 8, 12, 15},
    "image.affine_transform": {8},
    "image.hsv_to_rgb": {3},
    "image.pad_images": {5, 6},  # to a target
    "image.rgb_to_grayscale": {3},
    "image.rgb_to_hsv": {3},
    "image.scale_and_translate": {2, 3, 5},
    "scatter": {2},
    "scatter_update": {2},
    "slice_update": {2},
    "view_as_complex": {2},
}
# Here an axis is taken to be long enough for what is cut from it; Keras says None.
LONG_ENOUGH = {"diag", "diagonal", "get_item"}


def inferred(library, row, sizes):
    """Shapes of the outputs where sizes of the row are others; None if refused."""
    values = [
        library.KerasTensor([sizes.get(n, n) for n in x.shape], x.dtype.name)
        if x.ndim
        else x
        for x in arrays(row)
    ]
    try:
        outputs = call(library.ops, row, values)
    except Exception:
        return None
    return [tuple(x.shape) for x in tree.flatten(outputs)]


def compatible(shapes, others):
    """Whether all known sizes agree."""
    return all(
        len(a) == len(b) and all(None in (n, m) or n == m for n, m in zip(a, b))
        for a, b in zip(shapes, others, strict=True)
    )


def unknown_sizes(row):
    """Sizes of axes that may be unknown; not those of the windows of convolutions."""
    inputs, *others = (x.shape for x in arrays(row))
    window = "conv" in row.name
    sizes = set(inputs).difference(*others) if window else set(inputs).union(*others)
    return sizes - {1} - FIXED.get(row.name, set())


@cases(lambda row: (len(row.args), len(arrays(row)), arrays(row)[0].ndim, *row.kwargs))
def test_unknown_axes_are_inferred_as_in_keras(chosen):
    for row in chosen:
        real = inferred(kerasish, row, {})
        for size in unknown_sizes(row):  # of all arrays that have it
            theirs = inferred(keras, row, {size: None})
            if theirs is None or not compatible(theirs, real):
                continue  # refused, or wrong
            ours = inferred(kerasish, row, {size: None})
            pairs = [p for a, b in zip(ours, theirs) for p in zip(a, b)]
            assert not [n for n, other in pairs if n is None and other is not None]
            if row.name in LONG_ENOUGH:
                continue
            assert compatible(ours, real)
            if any(other is None and n is not None for n, other in pairs):
                for other in (size - 1, size + 1):  # what is claimed holds for all
                    found = inferred(kerasish, row, {size: other})
                    assert found is None or compatible(ours, found)
