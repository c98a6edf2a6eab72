"""Laws that hold for each layer of the catalogue, then what is particular to some."""

import functools
import inspect
import json

import jax
import keras
import numpy as np
import pytest
from layers_catalogue import OF_IMAGES, ROWS, inner, made
from layers_features import HOST

import kerasish
from kerasish import backend
from kerasish.registry import deserialize_keras_object, serialize_keras_object
from kerasish.variable import functional

catalogue = pytest.mark.parametrize("row", ROWS, ids=str)
# What takes long is done for one row of each class, or also one with a mask.
ONE = {row.name: row for row in ROWS}.values()
LAST = {(row.name, row.mask is None): row for row in ROWS}.values()
# Rows of layers whose `call` knows training run so, and one of each class runs without.
MODES = [
    pytest.param(row, training, id=f"{row}-{'train' if training else 'use'}")
    for row in ROWS
    for training in (False, True)
    if training == row.disturbed or (row in ONE and not training)
]
modes = pytest.mark.parametrize("row, training", MODES)
SPATIAL = "SpatialDropout"  # their constructors take no `trainable`


BOTH = (kerasish, keras)

pytestmark = [
    pytest.mark.usefixtures("quick_compilation", "masks_of_keras"),
    # Keras's MixUp asks JAX for integers that it has not.
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64"),
]


def make(library, row, **more):
    name = {"name": "it"} | more
    arguments = {key: made(library, value) for key, value in row.kwargs.items()}
    return getattr(library.layers, row.name)(**arguments | name)


def arrays(x):
    return [*map(np.asarray, x)] if isinstance(x, (list, tuple)) else np.asarray(x)


def values_of(variables):
    return [np.asarray(v.value) for v in variables]


def called(layer, row, training=False):
    arguments = {"mask": row.masks()} if row.mask and takes_mask(layer) else {}
    if row.disturbed:
        arguments["training"] = training
    return layer(*row.arguments(row.inputs()), **arguments)


def symbolic(layer, row, free=None):
    """What a call on symbolic tensors gives, whose first axes are unknown."""
    free, several = row.free if free is None else free, isinstance(row.shapes, list)
    library = kerasish if isinstance(layer, kerasish.Layer) else keras
    shapes = [
        (None,) * free + shape[free:]
        for shape in (row.shapes if several else [row.shapes])
    ]
    tensors = [library.KerasTensor(shape, row.dtype) for shape in shapes]
    return layer(*row.arguments(tensors if several else tensors[0]))


def dtype_of(x):
    return keras.backend.standardize_dtype(x.dtype)


def takes_mask(layer):
    return "mask" in inspect.signature(layer.call).parameters


def pair(row, **more):
    """Ours and Keras's layer, built, with the same random weights."""
    ours, theirs = make(kerasish, row, **more), make(keras, row, **more)
    for layer in (ours, theirs):
        if not layer.built:
            layer.build(*row.arguments(row.shapes))
    generator = np.random.RandomState(3)
    shapes = [w.shape for w in theirs.weights]
    values = [generator.uniform(0.5, 1.5, x).astype("float32") for x in shapes]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs


def needs_same_noise(row, training):
    """Keras runs on JAX; our other backends draw other numbers from the same seed."""
    if training and "seed" in str(row.kwargs) and kerasish.config.backend() != "jax":
        pytest.skip("the numbers drawn are equal on JAX only")
    if training and row.name == "AugMix":  # its values: tests/test_image_colour.py
        pytest.skip("Keras chooses the layers of chains by Python's generator")


def normal(config):
    """As a file has it; Keras writes some numbers rounded to float32."""
    return json.loads(json.dumps(config), parse_float=lambda x: f"{float(x):.5g}")


# --- the laws -------------------------------------------------------------------------


def outcome(library, layer, row, training, gradients):
    """A compiled call: total, outputs, new state and losses; gradients if asked for.

    The gradients are those of the total, by the weights and the inputs.
    """
    ours = library is kerasish
    functions = kerasish.ops if ours else jax.numpy
    x = row.inputs()
    xs = x if isinstance(x, list) else [x]
    moving = [] if row.dtype.startswith("int") else xs
    options = {"mask": row.masks()} if row.mask and takes_mask(layer) else {}
    if row.disturbed:
        options["training"] = training
    count = len(layer.trainable_variables)

    def pure(values):
        inputs = values[count:] or xs
        inputs = row.arguments(inputs if isinstance(x, list) else inputs[0])
        rest = [v.value for v in layer.non_trainable_variables]
        outputs, state, losses = layer.stateless_call(
            values[:count], rest, *inputs, return_losses=True, **options
        )
        kept = {id(w) for w in layer.weights}  # generators' states are not weights
        pairs = zip(layer.non_trainable_variables, state)
        state = [value for variable, value in pairs if id(variable) in kept]
        return functions.sum(functions.sin(outputs * 3.0)), (outputs, state, losses)

    values = [*values_of(layer.trainable_variables), *moving]
    if ours:
        values = [backend.asarray(v) for v in values]
    jit, grad = (backend.jit, backend.value_and_grad) if ours else (jax.jit, KERAS_GRAD)
    if not values or not gradients:
        return jit(pure)(values), []
    return jit(grad(pure))(values)


KERAS_GRAD = functools.partial(jax.value_and_grad, has_aux=True)


@modes
def test_results_state_and_gradients_equal_keras(row, training, close, monkeypatch):
    needs_same_noise(row, training)
    ours, theirs = pair(row)
    if row.name in ("RandomCrop", "RandomElasticTransform"):  # Keras cannot compile
        close(called(ours, row, training), called(theirs, row, training))
        return
    # Keras chooses among 17 branches here, which take minutes to compile.
    many = row.name == "RandAugment"
    wanted = row in LAST and not many
    found = outcome(kerasish, ours, row, training, wanted)
    if many:
        monkeypatch.setattr(jax.lax, "switch", lambda i, branches, *x: branches[i](*x))
        monkeypatch.setattr(jax.lax, "cond", lambda p, yes, no, *x: (no, yes)[p](*x))
        monkeypatch.setattr(jax, "jit", lambda function: function)
    expected = outcome(keras, theirs, row, training, wanted)
    (total, (mine, state, losses)), gradients = found
    (their_total, (other, their_state, their_losses)), their_gradients = expected
    close(arrays(mine), arrays(other))
    assert backend.dtype_name(mine) == keras.backend.standardize_dtype(other.dtype)
    close(arrays(state), arrays(their_state))
    # Keras's `stateless_call` leaves out the losses of activities, the first ones.
    assert len(losses) - len(their_losses) in (0, "activity" in str(row).lower())
    same = losses[len(losses) - len(their_losses) :]
    close([float(x) for x in same], [float(x) for x in their_losses])
    # The rounding of sums goes with the size of what is added up.
    size = max([1.0, *(np.abs(g).max(initial=0) for g in arrays(their_gradients))])
    close(float(total), float(their_total), rtol=1e-5, atol=5e-5)
    close(arrays(gradients), arrays(their_gradients), rtol=1e-4, atol=1e-5 * size)


@catalogue
def test_config_equals_keras_before_and_after_build(row):
    ours, theirs = make(kerasish, row), make(keras, row)
    assert normal(ours.get_config()) == normal(theirs.get_config())
    ours, theirs = pair(row)
    if row.name != "Pipeline":  # Keras does not build the layers within
        assert normal(ours.get_config()) == normal(theirs.get_config())
    assert ours.name == theirs.name == "it"


@catalogue
def test_config_round_trip(row, close):
    ours = pair(row)[0]
    text = json.dumps(serialize_keras_object(ours))
    again = deserialize_keras_object(json.loads(text))
    assert normal(again.get_config()) == normal(ours.get_config())
    assert type(again).from_config(ours.get_config()).name == "it"
    if row not in ONE:
        return
    if not again.built:
        again.build(*row.arguments(row.shapes))
    again.set_weights(ours.get_weights())
    close(arrays(called(again, row)), arrays(called(ours, row)))


@catalogue
def test_keras_reads_our_config(row):
    ours = make(kerasish, row)
    theirs = keras.saving.deserialize_keras_object(serialize_keras_object(ours))
    assert normal(theirs.get_config()) == normal(ours.get_config())


@catalogue
def test_weights_are_named_and_ordered_as_in_keras(row):
    ours, theirs = pair(row)

    def description(layer):
        groups = (layer.weights, layer.trainable_weights, layer.variables)
        return [
            [(v.name, tuple(v.shape), v.dtype, v.trainable) for v in group]
            for group in groups
        ]

    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert description(ours) == description(theirs)


@catalogue
def test_symbolic_shape_equals_keras_and_the_real_one(row):
    ours, theirs = (
        (tuple(result.shape), result.dtype)
        for result in (symbolic(make(library, row), row) for library in BOTH)
    )
    last = row in LAST
    ours_alone = make(kerasish, row)
    real = called(pair(row)[0], row) if last else symbolic(ours_alone, row, 0)
    assert len(ours[0]) == len(theirs[0]) == len(real.shape)
    for mine, other, size in zip(ours[0], theirs[0], real.shape, strict=True):
        assert mine in (other, size)  # we may know more than Keras
        assert mine in (None, size)
    assert ours[1] == (backend.dtype_name(real) if last else real.dtype)


# The other rows: tests/test_predicting.py.
COMPILED = [r for r in ONE if r.name in {*OF_IMAGES, "Lambda"} or r.mask is not None]


@pytest.mark.parametrize("row", COMPILED, ids=str)
def test_compiled_equals_eager(row, close):
    layer, training = pair(row)[0], row.disturbed
    variables = layer.variables
    pure = functional(lambda: called(layer, row, training), variables)
    values = [v.value for v in variables]
    compiled, state = backend.jit(pure)(values)
    eager = called(layer, row, training)
    close(arrays(compiled), arrays(eager))
    close(arrays(state), values_of(variables))


# Pipeline takes no dtype; Keras's STFTSpectrogram refuses half precision.
NOT_HALF = ("Pipeline", "STFTSpectrogram")
# Layers whose sums, masks or states could leave the range of float16.
FAR = (
    "Dense EinsumDense Embedding Conv2D Attention AdditiveAttention Softmax Dot LSTM "
    "MultiHeadAttention GroupQueryAttention GRU RNN ConvLSTM1D Bidirectional "
    "BatchNormalization LayerNormalization GlobalAveragePooling1D"
).split()
# Keras's symbolic dtypes of the last three are not those of their results.
VALUED = "Conv", "Noise", "Average", "TimeDistributed", "CategoryEncoding"
HALVES = [
    pytest.param(row, policy, id=f"{row}-{policy}")
    for row in ONE
    if row.name not in NOT_HALF
    for policy in ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")
    if policy == "mixed_bfloat16"
    or (row.name in FAR if policy == "mixed_float16" else "Normalization" in row.name)
]


@pytest.mark.parametrize("row, policy", HALVES)
def test_half_precision_equals_keras(row, policy, close):
    needs_same_noise(row, True)
    if row.name.startswith(SPATIAL) and policy == "mixed_bfloat16":
        pytest.skip("Keras forgets the policy in the config of these")
    ours, theirs = pair(row, dtype=policy)
    # Of others the dtype alone: they are slow, or so steep that what is rounded at
    # other places than in Keras gives other images.
    valued = row.name in FAR or any(part in row.name for part in VALUED)
    if valued:
        # Keras's `stateless_call` knows no dtype of recurrent states; `jit` will do.
        (_, (mine, *_)), _ = outcome(kerasish, ours, row, True, False)
        other = jax.jit(lambda: called(theirs, row, True))()
    else:
        mine, other = symbolic(ours, row), symbolic(theirs, row)
    if row.name == "TimeDistributed":  # Keras says so, but only some layers within obey
        other = other.astype(theirs.compute_dtype)
    assert dtype_of(mine) == dtype_of(other)
    assert [v.dtype for v in ours.weights] == [v.dtype for v in theirs.weights]
    assert normal(ours.get_config()) == normal(theirs.get_config())
    if not valued:
        return
    as_float = [np.asarray(x).astype("float32") for x in (mine, other)]
    # Rounding goes with the size of the numbers, which differences keep.
    size = max(1.0, float(np.abs(as_float[1]).max(initial=0)))
    close(*as_float, rtol=0.05, atol=0.05 * size)


@catalogue
def test_masks_equal_keras(row, close):
    ours, theirs = pair(row)
    assert ours.supports_masking == theirs.supports_masking
    several = isinstance(row.shapes, list)
    mask = row.masks()
    if mask is None and not several and len(row.shapes) > 1:
        mask = np.ones(row.shapes[:2], bool)
    mine = ours.compute_mask(row.inputs(), mask)
    other = theirs.compute_mask(row.inputs(), mask)
    assert (mine is None) == (other is None)
    if other is not None:
        close(np.asarray(mine), np.asarray(other))


# --- names and signatures -------------------------------------------------------------

OURS = set(kerasish.layers.__all__)


def test_every_layer_of_keras_is_here():
    theirs = {name for name in dir(keras.layers) if not name.startswith("_")}
    assert theirs - OURS == set()
    assert OURS - theirs == set()


def test_every_layer_has_a_row():
    others = {"Layer", "InputLayer", "Lambda", "InputSpec", "Wrapper"}
    others |= {"TFSMLayer", "TorchModuleWrapper"}  # they raise
    others |= {"JaxLayer", "FlaxLayer"}  # tests/test_jax_layer.py has these
    # Old names for old arguments: tests/legacy_scripts.py has these.
    others |= {"Convolution2D", "Convolution3D", "SeparableConvolution2D"}
    others |= {row.name for row in HOST}  # tests/test_preprocessing.py has these
    tested = {x for row in ROWS for x in (row.name, *inner(row.kwargs))}
    named = {name: getattr(kerasish.layers, name) for name in OURS - others}
    classes = {x for x in named.values() if inspect.isclass(x)}  # some have two names
    assert classes == {named[name] for name in tested}


@pytest.mark.parametrize("name", sorted(OURS - {"Layer", "InputLayer"}))
def test_signatures_equal_keras(name):
    def parameters(thing):
        return [
            (p.name, p.default, p.kind)
            for p in inspect.signature(thing).parameters.values()
        ]

    ours, theirs = getattr(kerasish.layers, name), getattr(keras.layers, name)
    assert parameters(ours) == parameters(theirs)
    if hasattr(theirs, "call"):
        assert parameters(ours.call) == parameters(theirs.call)


FUNCTIONS = "add subtract multiply average maximum minimum".split()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functional_forms(name, close):
    x, y = np.random.normal(size=(2, 3, 4)).astype("float32")
    ours, theirs = getattr(kerasish.layers, name), getattr(keras.layers, name)
    close(np.asarray(ours([x, y])), np.asarray(theirs([x, y])))
    close(
        np.asarray(kerasish.layers.concatenate([x, y], axis=0)), np.concatenate([x, y])
    )
    dot = kerasish.layers.dot([x, y], axes=1, normalize=True)
    close(np.asarray(dot), np.asarray(keras.layers.dot([x, y], axes=1, normalize=True)))


# --- what goes wrong, and what is said ------------------------------------------------

L = kerasish.layers
ONE, TWO = np.ones((2, 3), "float32"), np.ones((2, 4), "float32")
CUBE = np.ones((2, 3, 4), "float32")
ERRORS = [
    (lambda: L.Dense(0, name="out"), "`units` of layer `out` .* positive.* not 0"),
    (lambda: L.Dense(2.5), "`units` .* positive integer, not 2.5"),
    (
        lambda: L.Dense(2, name="out")(kerasish.Input((None,))),
        "last axis .* `out` must be known",
    ),
    (lambda: called_twice(L.Dense(2, name="out")), r"(?s)`out`.*value 3.*\(2, 4\)"),
    (lambda: L.Dense(2)(np.ones(3)), r"min_ndim=2.*\(3,\)"),
    (lambda: L.Dense(2, activation="rleu"), "Did you mean `relu`"),
    (lambda: L.Dense(2, unit=3), "Unrecognized .*`units`"),
    (lambda: L.Dense(2, quantization_config="int8"), "`quantization_config`"),
    (lambda: L.Dense(2, lora_rank=0), "`lora_rank` .* positive"),
    (lambda: L.Dense(2).enable_lora(2), "is not built"),
    (lambda: L.Dense(2, kernel_constraint="non_neg", lora_rank=1)(ONE), "constraint"),
    (lambda: L.EinsumDense("abbc->ad", 3)(ONE), "expected the form"),
    (lambda: L.EinsumDense("x...,xy->y...", 3)(kerasish.Input(())), "output"),
    (lambda: L.EinsumDense("ab,bc->ad", 3)(ONE), r"axes \['d'\]"),
    (lambda: L.EinsumDense("ab,bc->ac", (3, 4))(ONE), "`output_shape` must"),
    (lambda: L.EinsumDense("abc,cd->abd", (2, 3))(CUBE), "size 3 in the input"),
    (lambda: L.EinsumDense("ab,bc->ac", 3)(CUBE), "must have 2 axes"),
    (lambda: L.EinsumDense("ab,bc->ac", 3, bias_axes="z")(ONE), "'z'"),
    (lambda: L.EinsumDense("ab,bc->ac", 3)(kerasish.Input((None,))), r"\['b'\]"),
    (lambda: L.Embedding(0, 2), "`input_dim` .* not 0"),
    (lambda: L.Embedding(3, -2), "`output_dim` .* not -2"),
    (
        lambda: L.Embedding(3, 2, name="words")(np.array([0, 3])),
        "`words` .* 0 to 2.* 0 and 3",
    ),
    (lambda: L.Embedding(3, 2)(np.array([-1])), "between -1 and -1"),
    (lambda: L.Activation("sigmod"), "Did you mean `sigmoid`"),
    (lambda: L.ReLU(max_value=-1.0), "`max_value` .* -1.0"),
    (lambda: L.ReLU(negative_slope=None), "`negative_slope`"),
    (lambda: L.ReLU(threshold=-1), "`threshold`"),
    (lambda: L.LeakyReLU(-1), "`negative_slope` .* -1"),
    (lambda: L.PReLU(shared_axes=[5])(ONE), "`shared_axes` .* between 1 and 1"),
    (lambda: L.PReLU()(kerasish.Input((None, 3))), r"axes \[1\]"),
    (lambda: L.Softmax()(CUBE, mask=np.ones((2, 3), bool)), "must broadcast"),
    (
        lambda: L.Dropout(2, name="drop"),
        "`rate` of layer `drop` .* between 0 and 1.* 2",
    ),
    (lambda: L.Dropout("half"), "`rate` .* 'half'"),
    (lambda: L.Dropout(0.5, noise_shape="ab"), "`noise_shape`"),
    (lambda: L.Dropout(0.5, noise_shape=(0, 1)), "`noise_shape`"),
    (lambda: L.Dropout(0.5, noise_shape=(2,))(ONE, training=True), "`noise_shape`"),
    (lambda: L.GaussianNoise(2), "`stddev`"),
    (lambda: L.GaussianDropout(1.0), "but not 1"),
    (lambda: L.AlphaDropout(1.0), "but not 1"),
    (lambda: L.SpatialDropout1D(0.5)(ONE), "ndim=3"),
    (lambda: L.SpatialDropout2D(0.5, data_format="last"), "`data_format`"),
    (lambda: L.Flatten(data_format="first"), "`data_format`"),
    (lambda: L.Reshape((-1, None)), "one -1"),
    (lambda: L.Reshape((5,), name="to5")(TWO), r"`to5` .*\(2, 4\).* 4 values, not 5"),
    (lambda: L.Reshape((-1, 3))(TWO), "times anything"),
    (lambda: L.Reshape((3,))(kerasish.Input((2, 4))), "8 values"),
    (lambda: L.Permute((0, 1)), r"permutation of 1, 2"),
    (lambda: L.Permute((2, 1))(ONE), "ndim=3"),
    (lambda: L.RepeatVector(0), "`n` .* positive"),
    (lambda: L.RepeatVector(2)(CUBE), "ndim=2"),
    (lambda: L.Add(name="sum")([ONE, TWO]), r"`sum` .*\(2, 3\), \(2, 4\).* axis 1"),
    (lambda: L.Add()([ONE, np.ones((5, 3))]), "batch sizes"),
    (lambda: L.Add()(ONE), "list of at least 1"),
    (lambda: L.Add()([]), "list of at least 1"),
    (lambda: L.Subtract()([ONE]), "list of 2"),
    (lambda: L.Concatenate(name="join")([ONE, CUBE]), "`join` .* numbers of axes"),
    (lambda: L.Concatenate(axis=1)([CUBE, CUBE[:, :, 1:]]), "axis 1 only"),
    (lambda: L.Concatenate(axis=7)([ONE, ONE]), "no axis 7"),
    (lambda: L.Add().compute_mask([ONE, ONE], [None]), "2 inputs and 1 masks"),
    (lambda: L.Add().compute_mask([ONE, ONE], ONE), "`mask` .* list"),
    (lambda: L.Dot((1,)), "pair"),
    (lambda: L.Dot((1, "b")), "pair"),
    (lambda: L.Dot(1)([ONE, TWO]), "sizes along `axes`"),
    (lambda: L.Dot(1)([ONE, ONE[:1]]), "batch sizes"),
    (lambda: L.Dot(0)([ONE, ONE]), "but the batch"),
    (lambda: L.Dot(3)([ONE, ONE]), "but the batch"),
    (lambda: L.Dot(1)([ONE, ONE, ONE]), "list of 2"),
    (lambda: L.BatchNormalization()(kerasish.Input((None,))), "must be known"),
    (lambda: L.BatchNormalization(axis=4)(ONE), "axis 4"),
    (
        lambda: L.BatchNormalization()(CUBE, training=True, mask=np.ones(2)),
        "one axis less",
    ),
    (lambda: L.BatchNormalization(renorm=True, renorm_clipping={"a": 1}), "'a'"),
    (
        lambda: L.BatchNormalization(
            renorm=True, renorm_clipping={"rmin": 2, "rmax": 1}
        ),
        "rmin",
    ),
    (lambda: L.LayerNormalization()(kerasish.Input((None,))), "must be known"),
    (lambda: L.LayerNormalization(axis=[1, 1]), "twice"),
    (lambda: L.GroupNormalization(3)(TWO), "multiple of `groups` 3"),
    (lambda: L.GroupNormalization(8)(TWO), "multiple of `groups` 8"),
]
TYPE_ERRORS = [
    (lambda: L.RepeatVector(2.0), "`n` .* integer"),
    (lambda: L.Dot("a"), "`axes`"),
    (lambda: L.Concatenate(axis="channel"), "`axis`"),
    (lambda: L.Lambda(3), "`function` .* callable"),
    (lambda: L.LayerNormalization(axis="a"), "`axis`"),
    (lambda: L.GroupNormalization(axis="a"), "`axis`"),
    (lambda: L.UnitNormalization(axis="a"), "`axis`"),
]


def called_twice(layer):
    layer(ONE)
    layer(TWO)


@pytest.mark.parametrize(
    "make_mistake, message, error",
    [(*case, ValueError) for case in ERRORS]
    + [(*case, TypeError) for case in TYPE_ERRORS],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_mistakes_are_explained(make_mistake, message, error):
    with pytest.raises(error, match=message):
        make_mistake()


# --- particulars ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Add", "Maximum", "Concatenate"])
@pytest.mark.parametrize("shapes", [((None, 4), (3, 4)), ((3, 4), (None, 4))], ids=str)
def test_unknown_sizes_may_meet_known_ones(name, shapes):
    ours, theirs = (
        getattr(k.layers, name)()([k.Input(shape) for shape in shapes]).shape
        for k in (kerasish, keras)
    )
    if name == "Concatenate":  # the order does not matter to us, as it does to Keras
        assert ours == (None, 3, 8)
    else:
        assert ours == theirs


def test_missing_and_single_axes_are_spread():
    for a, b in (((5, 1), (None, 4)), ((4,), (3, 4))):
        ours, theirs = (
            k.layers.Add()([k.Input(a), k.Input(b)]).shape for k in (kerasish, keras)
        )
        assert ours == theirs


def test_half_precision_does_not_round_indices():
    layer = L.Embedding(1000, 2, dtype="mixed_bfloat16", weights=np.eye(1000, 2) * 3)
    layer.set_weights([np.arange(2000).reshape(1000, 2) % 256])
    y = np.asarray(layer(np.array([257.0], "float32"))).astype("float32")
    assert y.tolist() == [[2.0, 3.0]]


def test_embedding_takes_initial_weights():
    table = np.arange(6.0).reshape(3, 2)
    assert (
        L.Embedding(3, 2, weights=[table]).get_weights()[0].tolist() == table.tolist()
    )


def test_embedding_range_is_checked_where_values_are_known():
    layer = L.Embedding(3, 2)
    layer(np.array([0, 2]))
    layer(np.zeros((0, 4), "int32"))
    assert layer(kerasish.KerasTensor((None, 7), "int32")).shape == (None, 7, 2)


def test_moving_statistics_need_training_and_trainable():
    layer = L.BatchNormalization()
    layer(ONE * 5)
    assert layer.moving_mean.numpy().tolist() == [0, 0, 0]
    layer.trainable = False
    layer(ONE * 5, training=True)
    assert layer.moving_mean.numpy().tolist() == [0, 0, 0]
    layer.trainable = True
    layer(ONE * 5, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.05, 1e-5)


def test_padded_batch_statistics_equal_unpadded():
    x = np.random.normal(size=(2, 5, 3)).astype("float32")
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], bool)
    layer = L.BatchNormalization(momentum=0.0)
    layer(np.where(mask[..., None], x, 99.0), training=True, mask=mask)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[mask].mean(0), 1e-4, 1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x[mask].var(0), 1e-4)


def test_synchronized_is_accepted_and_saved():
    assert L.BatchNormalization(synchronized=True).get_config()["synchronized"] is True


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
def test_rms_scaling_of_old_files(close):
    x = np.random.normal(size=(2, 5)).astype("float32")
    ours, theirs = (
        k.layers.LayerNormalization(rms_scaling=True, name="it")
        for k in (kerasish, keras)
    )
    close(np.asarray(ours(x)), np.asarray(theirs(x)))
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert normal(ours.get_config()) == normal(theirs.get_config())


@pytest.mark.parametrize("axis", [-2, [-1, 1]])
def test_rms_normalization_of_inner_axes(axis):
    x = np.random.normal(size=(2, 3, 4)).astype("float32")
    layer = L.RMSNormalization(axis=axis)
    axes = tuple(np.atleast_1d(axis))
    expected = x / np.sqrt((x**2).mean(axes, keepdims=True) + 1e-6)
    np.testing.assert_allclose(np.asarray(layer(x)), expected, 1e-5, 1e-6)


def test_unit_normalization_has_finite_gradient_at_zero():
    layer = L.UnitNormalization()

    def loss(values):
        return kerasish.ops.sum(layer(values[0])), ()

    _, (gradient,) = backend.value_and_grad(loss)([backend.asarray(np.zeros((1, 3)))])
    assert np.isfinite(np.asarray(gradient)).all()


def test_dropout_differs_from_call_to_call_and_obeys_changes():
    layer = L.Dropout(0.5, seed=1)
    x = np.ones((4, 50), "float32")
    first, second = (np.asarray(layer(x, training=True)) for _ in range(2))
    assert (first != second).any()
    layer.rate = 0.0
    assert np.asarray(layer(x, training=True)).min() == 1


LORA = [
    ("Dense", {"units": 3}, (2, 4)),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, (2, 4)),
    ("Embedding", {"input_dim": 4, "output_dim": 3}, (2, 4)),
]


@pytest.mark.parametrize("name, kwargs, shape", LORA)
def test_lora_equals_keras(name, kwargs, shape, close):
    layers = []
    for library in (kerasish, keras):
        layer = getattr(library.layers, name)(**kwargs, name="it")
        layer.build(shape)
        layer.enable_lora(2, lora_alpha=4)
        generator = np.random.RandomState(0)
        for variable in sorted(layer.weights, key=lambda v: v.name):
            variable.assign(generator.normal(size=variable.shape))
        layers.append(layer)
    ours, theirs = layers
    x = np.random.randint(0, 4, shape)
    x = x if name == "Embedding" else x.astype("float32")
    close(np.asarray(ours(x)), np.asarray(theirs(x)))
    assert normal(ours.get_config()) == normal(theirs.get_config())
    kinds = [{(v.path, v.shape, v.trainable) for v in k.weights} for k in layers]
    assert kinds[0] == kinds[1]
    assert len(ours.trainable_weights) == len(theirs.trainable_weights)
    stores = [{}, {}]
    ours.save_own_variables(stores[0])
    theirs.save_own_variables(stores[1])
    close(stores[0], stores[1])
    before = np.asarray(ours(x))
    ours.load_own_variables(stores[0])
    close(np.asarray(ours(x)), before)
    with pytest.raises(ValueError, match="only once"):
        ours.enable_lora(2)
    again = getattr(L, name).from_config(ours.get_config())
    again.build(shape)
    assert (again.lora_rank, again.lora_alpha) == (2, 4)


@kerasish.saving.register_keras_serializable("tests")
def tripled(x):
    return x * 3


def doubled(x):
    return x * 2


def test_serialize_and_deserialize():
    config = L.serialize(L.Dense(3, name="it"))
    assert L.deserialize(config).get_config() == L.Dense(3, name="it").get_config()
    other = serialize_keras_object(kerasish.initializers.Zeros())
    with pytest.raises(ValueError, match="config of a layer"):
        L.deserialize(other)


def test_lambda_is_stored_by_name():
    layer = L.Lambda(tripled, name="it")
    text = json.dumps(serialize_keras_object(layer))
    again = deserialize_keras_object(json.loads(text))
    assert np.asarray(again(ONE)).tolist() == (ONE * 3).tolist()
    assert "output_shape" not in layer.get_config()
    theirs = keras.layers.Lambda(
        keras.saving.register_keras_serializable("tests")(tripled), name="it"
    )
    assert normal(layer.get_config()) == normal(theirs.get_config())
    assert (
        L.Lambda(kerasish.activations.relu).get_config()["function"]["config"] == "relu"
    )


@pytest.mark.parametrize(
    "function", [lambda x: x, doubled], ids=["lambda", "unregistered"]
)
def test_lambda_that_cannot_be_loaded_is_refused_on_saving(function):
    with pytest.raises(ValueError, match=r"`it` cannot be saved.*register_keras"):
        L.Lambda(function, name="it").get_config()


def test_lambda_code_is_never_run():
    code = {"class_name": "__lambda__", "config": {"code": "4wAA"}}
    config = {"name": "it", "function": code}
    with pytest.raises(ValueError, match="never run"):
        L.Lambda.from_config(config)


def test_lambda_gets_mask_and_training_if_it_wants_them():
    wants = L.Lambda(lambda x, training, mask: x * (2 if training else 1) * mask)
    wants.supports_masking = True
    mask = np.array([[1.0], [0.0]])
    assert np.asarray(wants(ONE, mask=mask, training=True)).tolist() == [
        [2] * 3,
        [0] * 3,
    ]
    assert L.Lambda(doubled, mask=mask).compute_mask(ONE) is mask
    assert L.Lambda(doubled, mask=lambda x, m: m).compute_mask(ONE, 7) == 7


def test_lambda_shapes():
    x = kerasish.Input((3,))
    assert L.Lambda(lambda x: x[:, :1])(x).shape == (None, 1)
    assert L.Lambda(doubled, output_shape=(7,))(x).shape == (None, 7)
    assert L.Lambda(doubled, output_shape=lambda s: (s[0], 9))(x).shape == (None, 9)
    assert L.Lambda(doubled).compute_output_shape((None, 3)) == (None, 3)


def test_masks_travel():
    x = np.array([[[1.0], [0.0]]], "float32")
    y = L.Dense(2)(L.Masking()(x))
    assert np.asarray(kerasish.masks.get_mask(y)).tolist() == [[True, False]]
    indices = L.Embedding(3, 2, mask_zero=True)(np.array([[1, 0]]))
    assert np.asarray(kerasish.masks.get_mask(indices)).tolist() == [[True, False]]
    total = L.Add()([indices, indices])
    assert np.asarray(kerasish.masks.get_mask(total)).tolist() == [[True, False]]


def test_identity_passes_nests():
    nest = {"a": ONE, "b": [TWO]}
    result = L.Identity()(nest)
    assert np.asarray(result["b"][0]).tolist() == TWO.tolist()
