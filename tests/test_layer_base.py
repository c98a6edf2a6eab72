"""What every layer can do: state, building, calling, masks, losses, training."""

import copy
import pickle
import re
import warnings

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, layers
from kerasish.masks import get_mask

pytestmark = pytest.mark.usefixtures("quick_compilation")

BOTH = (keras, kerasish)
NUMPY = kerasish.config.backend() == "numpy"
X = np.ones((2, 3), "float32")


def block(library, **kwargs):
    """A composite layer: weights of its own, sublayers, a list and a dict of them."""

    class Block(library.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = library.layers.Dense(4, name="first")
            self.stack = [library.layers.Dense(4, name=f"d{i}") for i in range(2)]
            self.named = {"norm": library.layers.BatchNormalization(name="norm")}
            self.dropout = library.layers.Dropout(0.5, seed=1)
            self.metric = library.metrics.Mean(name="size")

        def build(self, input_shape):
            self.scale = self.add_weight((4,), "ones", name="scale")
            self.count = self.add_weight((), "zeros", trainable=False, name="count")
            self.first.build(input_shape)
            for layer in self.stack:
                layer.build((None, 4))
            self.named["norm"].build((None, 4))
            self.built = True

        def call(self, x, training=None):
            x = self.first(x) * self.scale
            for layer in self.stack:
                x = layer(x)
            return self.dropout(self.named["norm"](x, training=training))

    return Block(**kwargs)


@pytest.fixture(scope="module")
def pair():
    made = [block(library, name="block") for library in BOTH]
    for layer in made:
        layer.build((None, 3))
    return made


COLLECTIONS = ["variables", "weights", "trainable_variables", "trainable_weights",
               "non_trainable_variables", "non_trainable_weights",
               "metrics_variables"]  # fmt: skip


@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections_have_the_names_and_order_of_keras(pair, name):
    theirs, mine = (
        # The seed generators of the process are numbered.
        [re.sub(r"seed_generator_\d+", "seed_generator", v.path) for v in variables]
        for variables in (getattr(x, name) for x in pair)
    )
    assert mine == theirs
    assert len({id(v) for v in getattr(pair[1], name)}) == len(mine)


def test_facts_of_a_composite_layer(pair):
    for layer in pair:
        assert layer.count_params() == sum(int(np.prod(v.shape)) for v in layer.weights)
        assert len(layer.get_weights()) == len(layer.weights)
        assert [m.name for m in layer.metrics] == ["size"]
        assert layer.path == "block" and layer.first.path == "block/first"
        found = layer._flatten_layers(include_self=False)
        assert [x.name.split("_")[0] for x in found][:4] == [
            "first",
            "d0",
            "d1",
            "norm",
        ]


def test_things_appended_later_are_found():
    class Grows(layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts, self.table, self.deep = [], {}, {"a": [{"b": []}]}

        def call(self, x):
            for part in (*self.parts, *self.table.values(), *self.deep["a"][0]["b"]):
                x = part(x)
            return x

    layer = Grows()
    layer.parts.append(layers.Dense(2))
    layer.table["x"] = layers.Dense(2)
    layer.deep["a"][0]["b"].append(layers.Dense(2))
    layer.free = kerasish.Variable(np.ones(5, "float32"))
    layer.parts.append(layer.parts[0])  # twice, but the same
    layer(np.ones((1, 2)))
    assert len(layer.weights) == 7
    assert layer.count_params() == 3 * 6 + 5
    del layer.free
    layer.parts.clear()
    assert len(layer.weights) == 4


def test_weights_go_in_and_out():
    layer = layers.Dense(2)
    layer.build((None, 3))
    values = [np.full((3, 2), 2.0), np.ones(2)]
    layer.set_weights(values)
    for got, value in zip(layer.get_weights(), values, strict=True):
        np.testing.assert_array_equal(got, value)
    assert np.asarray(layer(X)).tolist() == [[7, 7], [7, 7]]
    with pytest.raises(ValueError, match=r"`dense.*has 2 weights.*got 1"):
        layer.set_weights(values[:1])
    with pytest.raises(ValueError, match=r"kernel` has shape \(3, 2\).*\(2, 3\)"):
        layer.set_weights([values[0].T, values[1]])
    assert layer.kernel.numpy()[0, 0] == 2  # nothing was changed half-way


# --- trainable -----------------------------------------------------------------------


def test_trainable_reaches_everything_within():
    for library in BOTH:
        layer = block(library, name="b")
        layer.build((None, 3))
        number = len(layer.trainable_variables)
        layer.trainable = False
        assert layer.trainable_variables == [] and not layer.first.trainable
        assert len(layer.non_trainable_weights) == len(layer.weights)
        layer.stack[0].trainable = True
        assert len(layer.trainable_variables) == 0  # its owner is frozen
        assert len(layer.stack[0].trainable_variables) == 2
        layer.trainable = True
        assert len(layer.trainable_variables) == number == 9
        layer.first.trainable = False
        assert len(layer.trainable_variables) == number - 2
    assert [v.trainable for v in layer.weights if v.name == "count"] == [False]


@pytest.fixture(scope="module")
def compiled():
    model = kerasish.Sequential(
        [kerasish.Input((3,)), layers.Dense(4, name="a"), layers.Dense(1, name="b")]
    )
    model.compile(kerasish.optimizers.SGD(0.1, momentum=0.9), "mse")
    return model


@pytest.mark.filterwarnings("ignore:kerasish doctor")  # nothing is left to train
def test_freezing_after_compile_freezes(compiled):
    model = compiled
    y = np.arange(2.0)

    def changed():
        before = model.get_weights()
        model.fit(X, y, verbose=0)
        return [not np.array_equal(a, b)
                for a, b in zip(before, model.get_weights(), strict=True)]  # fmt: skip

    assert changed() == [True] * 4
    model.layers[0].trainable = False
    assert changed() == [False, False, True, True]
    model.trainable = False
    assert changed() == [False] * 4
    model.trainable = True
    assert changed() == [True] * 4


# --- building ------------------------------------------------------------------------


def test_composite_layers_are_built_by_a_trial_run():
    class Wide(layers.Layer):
        def __init__(self):
            super().__init__()
            self.up, self.down = layers.Dense(8), layers.Dense(2)
            self.norm = layers.BatchNormalization()

        def call(self, x):
            return self.down(self.norm(self.up(x)))

    layer = Wide()
    layer.build((None, 3))
    assert layer.up.kernel.shape == (3, 8) and layer.down.kernel.shape == (8, 2)
    assert layer.norm.moving_mean.numpy().tolist() == [0.0] * 8
    assert Wide()(X).shape == (2, 2)
    symbolic = Wide()
    assert symbolic(kerasish.Input((3,))).shape == (None, 2)
    assert symbolic.count_params() == 32 + 32 + 18
    assert Wide().compute_output_shape((None, 7, 3)) == (None, 7, 2)


def test_build_and_call_with_several_inputs():
    class Merge(layers.Layer):
        def build(self, a_shape, b_shape):
            self.w = self.add_weight((a_shape[-1], b_shape[-1]), "ones", name="w")

        def call(self, a, b, scale=1.0):
            return (a @ self.w + b) * scale

    layer = Merge()
    assert np.asarray(layer(X, b=X[:, :2], scale=2.0)).tolist() == [[8, 8], [8, 8]]
    assert layer.w.shape == (3, 2)
    config = layer.get_build_config()
    other = Merge()
    other.build_from_config(config)
    assert other.built and other.w.shape == (3, 2)
    inputs = [kerasish.Input((3,)), kerasish.Input((2,))]
    assert Merge()(inputs[0], inputs[1]).shape == (None, 2)


@pytest.mark.parametrize("structure", [list, tuple, dict])
def test_nested_inputs(structure):
    def nest(a, b):
        return {"a": a, "b": b} if structure is dict else structure([a, b])

    class Sum(layers.Layer):
        def build(self, input_shape):
            self.shapes = input_shape

        def call(self, inputs):
            a, b = inputs.values() if structure is dict else inputs
            return nest(a + b, a - b)

    layer = Sum()
    out = layer(nest(X, 2 * X))
    assert type(out) is structure and layer.shapes == nest((2, 3), (2, 3))
    symbols = layer(nest(kerasish.Input((3,)), kerasish.Input((3,))))
    assert [t.shape for t in kerasish.tree.flatten(symbols)] == [(None, 3)] * 2


def facts(variable):
    """What a weight is, in either library."""
    dtype = keras.backend.standardize_dtype(variable.dtype)
    named = [type(x).__name__ for x in (variable.regularizer, variable.constraint)]
    return variable.path, tuple(variable.shape), dtype, variable.trainable, *named


def test_add_weight_takes_what_keras_takes():
    found = []
    for library in BOTH:
        layer = library.layers.Layer(name="l", dtype="float16")
        for arguments in (
            {}, {"shape": (2,), "dtype": "int32"},
            {"shape": (2, 2), "initializer": "identity", "name": "w"},
            {"shape": (2,), "initializer": "ones", "trainable": False},
            {"shape": (2,), "regularizer": "l2", "constraint": "non_neg"},
        ):  # fmt: skip
            layer.add_weight(**arguments)
        found.append([facts(v) for v in layer.weights])
    assert sorted(found[0]) == sorted(found[1])


# --- calling -------------------------------------------------------------------------


def test_training_reaches_sublayers():
    seen = []

    class Inner(layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Default(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x, training=False):
            return self.inner(x)

    class Plain(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner, self.other = Inner(), Default()

        def call(self, x):
            return self.other(self.inner(x))

    layer = Plain()
    for training in (True, False, None):
        seen.clear()
        layer(X, training=training)
        assert seen == [training, training if training is not None else False]
    seen.clear()
    layer.inner(X, training=True)
    layer(X)
    assert seen == [True, None, False]
    model = kerasish.Sequential([kerasish.Input((3,)), layer])
    seen.clear()
    model(X, training=True)
    assert seen == [True, True]


def test_losses_of_layers():
    class Penal(layers.Layer):
        def __init__(self):
            super().__init__()
            penalty = kerasish.regularizers.L2(1.0)
            self.dense = layers.Dense(
                1, kernel_initializer="ones", kernel_regularizer=penalty
            )

        def call(self, x):
            self.add_loss(0.5)
            self.add_loss([1.0, None])
            return self.dense(x)

    layer = Penal()
    for _ in range(2):  # of the last call alone
        layer(X)
        assert [float(loss) for loss in layer.losses] == [0.5, 1.0, 3.0]
    layer.dense.trainable = False  # frozen weights need no penalty
    assert len(layer.losses) == 2
    active = layers.Dense(2, kernel_initializer="ones", activity_regularizer="l1")
    active(X)
    expected = keras.layers.Dense(
        2, kernel_initializer="ones", activity_regularizer="l1"
    )
    expected(X)
    np.testing.assert_allclose(active.losses[0], expected.losses[0], rtol=1e-6)


def test_masks_travel_and_can_be_made():
    seen = []

    class Uses(layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x, mask=None):
            seen.append(mask)
            return x * 2

    class Makes(layers.Layer):
        def compute_mask(self, inputs, previous_mask=None):
            return inputs[..., 0] > 0

        def call(self, x):
            return x

    x = np.array([[[1.0], [0.0]]], "float32")
    uses = Uses()
    out = uses(uses(Makes()(x)))
    assert [np.asarray(mask).tolist() for mask in seen] == [[[True, False]]] * 2
    assert np.asarray(get_mask(out)).tolist() == [[True, False]]
    explicit = np.array([[False, True]])
    seen.clear()
    uses(x, mask=explicit)
    assert np.asarray(seen[0]).tolist() == [[False, True]]

    class Stops(layers.Layer):
        def call(self, x):
            return x

    with pytest.warns(UserWarning, match=r"`stops` \(Stops\) does not support masking"):
        Stops(name="stops")(Makes()(x))


@pytest.mark.parametrize("policy, compute", [("mixed_bfloat16", "bfloat16"),
                                             ("mixed_float16", "float16")])  # fmt: skip
def test_mixed_precision(policy, compute):
    seen = []

    class Sees(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight((), "ones")
            self.full = self.add_weight((), "ones", autocast=False)
            self.index = self.add_weight((), "zeros", dtype="int32")

        def call(self, x, other):
            for thing in (x, other, self.w.value, self.full.value, self.index.value):
                seen.append(backend.dtype_name(thing))
            return x * self.w

    if NUMPY and compute == "bfloat16":
        pytest.skip("NumPy itself has no bfloat16")
    layer = Sees(dtype=policy)
    out = layer(X, np.arange(2))
    assert seen[-5:] == [compute, "int32", compute, "float32", "int32"]
    assert backend.dtype_name(out) == compute and layer.dtype == "float32"
    assert layer.w.dtype == "float32"
    plain = Sees(dtype=policy, autocast=False)
    plain(X, np.arange(2))
    assert seen[-5] == "float32"


def test_stateless_call_is_pure(close):
    layer = block(kerasish)
    layer.build((None, 3))
    trained = [v.numpy() * 0 for v in layer.trainable_variables]
    rest = [v.numpy() for v in layer.non_trainable_variables]
    before = layer.get_weights()
    out, new = layer.stateless_call(trained, rest, X, training=True)
    assert not np.asarray(out).any() and len(new) == len(rest)
    changed = [not np.array_equal(a, b) for a, b in zip(rest, new, strict=True)]
    names = [v.path.split("/")[-1] for v in layer.non_trainable_variables]
    assert {n for n, c in zip(names, changed, strict=True) if c} == {
        "moving_variance", "seed_generator_state"}  # fmt: skip
    close(layer.get_weights(), before)
    *_, losses = layer.stateless_call(trained, rest, X, return_losses=True)
    assert losses == []
    with pytest.raises(ValueError, match=r"`d` must be built before `stateless_call`"):
        layers.Dense(1, name="d").stateless_call([], [], X)


# --- copies --------------------------------------------------------------------------


class Kept(layers.Layer):
    def __init__(self, units=2):
        super().__init__()
        self.dense, self.units = layers.Dense(units), units

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize(
    "how", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_independent(how, close):
    layer = Kept()
    y = layer(X)
    other = how(layer)
    close(other(X), y)
    assert other.dense is not layer.dense and other.dense.path == layer.dense.path
    other.dense.bias.assign([1.0, 1.0])
    close(layer(X), y)
    close(other(X), np.asarray(y) + 1)


# --- mistakes ------------------------------------------------------------------------


class Needs(layers.Layer):
    def __init__(self, spec, **kwargs):
        super().__init__(**kwargs)
        self.input_spec = spec

    def call(self, x):
        return x


class NoSuper(layers.Layer):
    def __init__(self):
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


S = kerasish.InputSpec
SPECS = [
    (S(ndim=3), r"`n`.*expected ndim=3, found ndim=2.*\(2, 3\)"),
    (S(min_ndim=3), "min_ndim=3, found ndim=2"),
    (S(max_ndim=1), "max_ndim=1, found ndim=2"),
    (S(axes={-1: 4}), "axis -1 of input shape to have value 4"),
    (S(shape=(None, 5)), r"expected shape=\(None, 5\)"),
    (S(dtype="int32"), "dtype=int32, found dtype=float32"),
    ([S(ndim=2), S(ndim=2)], r"expects 2 input\(s\), but it got 1"),
]


@pytest.mark.parametrize("spec, text", SPECS)
def test_input_specs_are_checked(spec, text):
    with pytest.raises(ValueError, match=text):
        Needs(spec, name="n")(X)


def test_input_specs_that_fit():
    for spec in (S(ndim=2), S(shape=(None, 3)), S(dtype="float32", axes={1: 3}),
                 S(shape=(None, 3, 1), allow_last_axis_squeeze=True)):  # fmt: skip
        Needs(spec)(X)
    named = {"a": S(shape=(None, 3), name="a"), "b": S(ndim=1, name="b", optional=True)}
    Needs(named)({"a": X})
    with pytest.raises(ValueError, match=r"missing are \['a'\], got \['b'\]"):
        Needs(named)({"b": X[0]})


MISTAKES = [
    (lambda: layers.Dense(2, unit=3), ValueError, "Dense: {'unit': 3}.*mean `units`"),
    (lambda: layers.Dense(2, name="a/b"), ValueError, "`name` of a Dense.*'a/b'"),
    (lambda: layers.Dense(2).count_params(), ValueError, "`dense` has no weights yet"),
    (lambda: layers.Dense(2)(X, X, X), TypeError, r"`dense` \(Dense\).*too many"),
    (lambda: layers.Layer()(X), NotImplementedError, "Layer must define `call`"),
    (lambda: layers.Dense("3"), ValueError, "`units`.*'3'"),
    (lambda: Needs(None).add_weight((2,), "onez"), ValueError, "'onez' is unknown"),
]


@pytest.mark.parametrize("call, kind, text", MISTAKES)
def test_mistakes_are_named(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_a_layer_whose_constructor_skips_super_says_so():
    with pytest.raises(RuntimeError, match=r"NoSuper.*must call `super\(\).__init__"):
        NoSuper()(X)


def test_errors_in_call_say_which_layer():
    class Breaks(layers.Layer):
        def call(self, x):
            return x @ np.ones((7, 2), "float32")

    model = kerasish.Sequential([layers.Dense(3), Breaks(name="culprit")])
    with pytest.raises((TypeError, ValueError)) as error:
        model(X)
    notes = " ".join(error.value.__notes__)
    assert "`sequential/culprit` (Breaks)" in notes or "`culprit` (Breaks)" in notes
    assert "(2, 3)" in notes and notes.count("Raised while calling") == 1


def test_no_warning_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block(kerasish)(X, training=True)
