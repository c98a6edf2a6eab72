"""Forward passes: nothing is stale, calls compile, predict pads and merges."""

import functools
import pickle
import re
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from layers_catalogue import OF_IMAGES, ROWS, made

import kerasish
from kerasish import layers, ops
from kerasish.masks import get_mask
from kerasish.training.rows import _APART, padded, rows_are_apart

pytestmark = [
    pytest.mark.usefixtures("quick_compilation"),
    pytest.mark.skipif(kerasish.config.backend() == "numpy", reason="nothing compiles"),
]

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def close(ours, theirs):
    for a, b in zip(*map(kerasish.tree.flatten, (ours, theirs)), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), 1e-5, 1e-6)


def small(*more, k=kerasish):
    return k.Sequential([k.Input((3,)), k.layers.Dense(4, "tanh"), *more])


def plain(model, x, **options):
    """The result of running layer by layer."""
    return super(kerasish.Model, model).__call__(x, **options)


@pytest.fixture
def runs(monkeypatch):
    """How often the Python code of Dense ran: once for each plain call or trace."""
    seen = []
    original = layers.Dense.call

    @functools.wraps(original)
    def call(self, *args):
        seen.append(self.name)
        return original(self, *args)

    monkeypatch.setattr(layers.Dense, "call", call)
    return seen


# --- what a layer owns is never stale -------------------------------------------------


class Holder(layers.Layer):
    """Holds things in all the ways there are."""

    def __init__(self):
        super().__init__()
        self.listed = [layers.Dense(1)]
        self.named = {"a": layers.Dense(1), "deep": [(layers.Dense(1),)]}
        self.scale = self.add_weight((2,), name="scale")


CHANGES = {
    "attribute": lambda h: setattr(h, "more", layers.Dense(1)),
    "append": lambda h: h.listed.append(layers.Dense(1)),
    "insert": lambda h: h.listed.insert(0, layers.Dense(1)),
    "swap": lambda h: h.listed.__setitem__(0, layers.Dense(1)),
    "remove": lambda h: h.listed.clear(),
    "key": lambda h: h.named.update(b=layers.Dense(1)),
    "value": lambda h: h.named.update(a=layers.Dense(1)),
    "deep": lambda h: h.named["deep"].append(layers.Dense(1)),
    "delete": lambda h: delattr(h, "scale"),
    "sublayer": lambda h: setattr(h.listed[0], "inner", layers.Dense(1)),
    "weight": lambda h: h.listed[0].add_weight((3,)),
    "variable": lambda h: setattr(h, "v", kerasish.Variable(1.0)),
    "in a list": lambda h: setattr(h, "vs", [kerasish.Variable(1.0)]),
    "seed": lambda h: setattr(h, "seed", kerasish.random.SeedGenerator(1)),
    "metric": lambda h: setattr(h, "metric", kerasish.metrics.Mean()),
}


def owned(holder):
    """Everything that is found, by a copy that has never looked before."""
    groups = holder._flatten_layers(), holder.variables, holder.weights, holder.metrics
    return [[id(x) for x in group] for group in groups]


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_owned_is_found_after_each_change(name):
    holder = Holder()
    before = owned(holder)
    assert owned(holder) == before
    CHANGES[name](holder)
    after = owned(holder)
    assert after != before
    for layer in holder._flatten_layers():
        layer._found = None  # forget, and look anew
    assert owned(holder) == after


def test_what_was_found_is_not_shared_with_copies():
    holder = Holder()
    owned(holder)
    again = pickle.loads(pickle.dumps(holder.listed[0]))
    assert again.variables == []
    again.extra = kerasish.Variable(1.0)
    assert again.variables == [again.extra] and "_found" not in vars(holder)


# --- calls ----------------------------------------------------------------------------


def test_the_second_call_alike_is_compiled(runs):
    model = small(layers.Dense(2))
    del runs[:]
    expected = model(X)
    assert len(runs) == 2  # plain
    for _ in range(3):
        close(model(X), expected)
        close(model(X.tolist() if _ == 5 else jnp.asarray(X)), expected)
    assert len(runs) == 4  # one trace serves NumPy's arrays and the backend's
    model(X[:2])
    assert len(runs) == 6  # other sizes begin plainly
    model(X, training=True)
    assert len(runs) == 8


def model_of(row):
    """A model of one layer of the catalogue, and inputs for it."""
    x = row.inputs()
    inputs = kerasish.tree.map_structure(
        lambda a: kerasish.Input(a.shape[1:], dtype=a.dtype.name), x
    )
    arguments = {key: made(kerasish, value) for key, value in row.kwargs.items()}
    layer = getattr(layers, row.name)(**arguments)
    return kerasish.Model(inputs, layer(*row.arguments(inputs))), x


TRIED = [r for r in ROWS if r.mask is None and r.name not in ("Lambda", "InputLayer")]
# Compiled layers of images: tests/test_layers.py.
ONE_OF_EACH = {r.name: r for r in TRIED if r.name not in OF_IMAGES}.values()


@pytest.mark.parametrize("row", ONE_OF_EACH, ids=str)
def test_compiled_calls_equal_plain_ones(row):
    """Values, masks, assigned variables: a copy runs layer by layer."""
    model, x = model_of(row)
    training = True if row.disturbed else None
    twin = pickle.loads(pickle.dumps(model))
    for _ in range(2):
        ours, theirs = model(x, training=training), plain(twin, x, training=training)
        close(ours, theirs)
        for a, b in zip(*map(kerasish.tree.flatten, (ours, theirs)), strict=True):
            assert (get_mask(a) is None) == (get_mask(b) is None)
        close(model.losses, twin.losses)
    close([v.value for v in model.variables], [v.value for v in twin.variables])


def test_masks_come_with_the_outputs_of_compiled_calls():
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    model = kerasish.Sequential(
        [kerasish.Input((3,), dtype="int32"), layers.Embedding(4, 2, mask_zero=True)]
    )
    for _ in range(3):
        assert np.array_equal(get_mask(model(ids)), ids != 0)


def test_losses_are_those_of_the_last_call():
    model = small(layers.Dense(2, activity_regularizer="l2"))
    for factor in (1, 2, 3, 3, 3):
        plain_loss = 0.01 * float(np.sum(np.square(model(X * factor)))) / len(X)
        assert float(model.losses[0]) == pytest.approx(plain_loss, rel=1e-5)


def _set(layer, **values):
    for name, value in values.items():
        setattr(layer, name, value)


CHANGED_MODELS = {
    "rate": (lambda: layers.Dropout(0.1), lambda m, x: _set(x, rate=0.9)),
    "activation": (
        lambda: layers.Dense(2),
        lambda m, x: _set(x, activation=kerasish.activations.relu),
    ),
    "frozen": (
        lambda: layers.BatchNormalization(),
        lambda m, x: _set(x, trainable=False),
    ),
    "weight": (
        lambda: layers.Dense(2),
        lambda m, x: _set(x, bias=kerasish.Variable([1.0, 2.0])),
    ),
    "values": (
        lambda: layers.Dense(2),
        lambda m, x: x.set_weights([w + 1 for w in x.get_weights()]),
    ),
    "call": (
        lambda: layers.Dense(2),
        lambda m, x: _set(x, call=lambda inputs, *_: inputs * 3.0),
    ),
    "added": (lambda: layers.Dense(2), lambda m, x: m.add(layers.Dense(3))),
    "popped": (lambda: layers.Dense(2), lambda m, x: m.pop()),
}


@pytest.mark.parametrize("name", CHANGED_MODELS)
@pytest.mark.parametrize("method", ["call", "predict"])
def test_nothing_stale_is_computed_after_a_change(name, method):
    make, change = CHANGED_MODELS[name]
    model = small(make())
    options = {"training": True}

    def run():
        return model(X, **options) if method == "call" else model.predict(X, verbose=0)

    def truth():
        seeds = [v.value for v in model.variables]
        outputs = plain(model, X, **(options if method == "call" else {}))
        for variable, value in zip(model.variables, seeds):
            variable.assign(value)
        return outputs

    for _ in range(3):
        expected = truth()
        close(run(), expected)
    change(model, model.layers[-1])
    for _ in range(3):
        expected = truth()
        close(run(), expected)


def test_epsilon_and_seeds_are_looked_up_in_each_call():
    model = small(layers.Dropout(0.5))
    model.layers[-1].seed_generator = kerasish.random.SeedGenerator(3)
    seen = {np.asarray(model(X, training=True)).tobytes() for _ in range(5)}
    assert len(seen) == 5  # the state of the seed is written back
    before = kerasish.config.epsilon()
    kerasish.config.set_epsilon(0.5)
    try:
        close(model(X), plain(model, X))
    finally:
        kerasish.config.set_epsilon(before)


def test_calls_under_transformations_stay_plain():
    model = small(layers.Dense(2))
    expected = [model(X) for _ in range(3)][-1]
    close(jax.jit(model)(X), expected)
    close(jax.vmap(lambda row: model(row[None])[0])(X), expected)
    gradient = jax.grad(lambda x: ops.sum(model(x)))(jnp.asarray(X))
    step = 1e-2 * np.eye(3, dtype="float32")[0]
    change = (np.sum(model(X + step)) - np.sum(model(X - step))) / 2e-2
    assert float(np.sum(gradient[:, 0])) == pytest.approx(float(change), rel=1e-2)
    weights = [jnp.zeros_like(v.value) for v in model.trainable_variables]
    close(model.stateless_call(weights, [], X)[0], np.zeros((5, 2)))


class Mine(layers.Layer):
    """A user's layer that runs Python each time."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = []

    def call(self, inputs):
        self.seen.append(type(inputs))
        return inputs - ops.mean(inputs, axis=0)


def centred(x):
    return x - ops.mean(x, axis=0)


def _foreign_models():
    inputs = kerasish.Input((3,))
    offset = np.ones((1, 3), "float32")
    return {
        "layer": small(Mine()),
        "lambda": small(layers.Lambda(centred)),
        "activation": small(layers.Dense(3, centred)),
        "array": kerasish.Model(inputs, layers.Dense(2)(inputs + offset)),
    }


@pytest.mark.parametrize("name", ["layer", "lambda", "activation", "array"])
def test_code_of_users_runs_each_time(name, runs):
    model = _foreign_models()[name]
    del runs[:]
    for number in range(1, 4):
        model(X)
        assert len(runs) == number * sum(
            isinstance(x, layers.Dense) for x in model.layers
        )


def test_arrays_in_a_graph_may_be_changed():
    inputs, offset = kerasish.Input((3,)), np.ones((1, 3), "float32")
    model = kerasish.Model(inputs, layers.Identity()(inputs + offset))
    for number in range(4):
        offset[:] = number
        close(model(X), X + number)


def test_eager_models_run_each_time(runs):
    model = small()
    model.compile("sgd", "mse", run_eagerly=True)
    del runs[:]
    for _ in range(3):
        model(X)
    model.predict(X, verbose=0)
    assert len(runs) == 4


def test_within_another_call_a_model_is_part_of_it(runs):
    inner = small()
    for _ in range(3):
        inner(X)

    class Outer(kerasish.Model):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    del runs[:]
    for number in range(1, 4):
        close(outer(X), inner(X))
        assert len(runs) == number


def test_wrong_inputs_are_told_as_at_first():
    model = small()
    for _ in range(3):
        model(X)
    for wrong in (X[:, :2], [X, X], X[0], {"a": 1}, "text"):
        with pytest.raises((ValueError, TypeError)) as ours:
            model(wrong)
        with pytest.raises(type(ours.value)) as first:
            plain(model, wrong)
        assert str(ours.value) == str(first.value)


def test_what_cannot_be_compiled_goes_on_plainly(monkeypatch):
    model = small()
    expected = model(X)
    original = layers.Dense.call

    @functools.wraps(original)
    def call(self, inputs, *args):
        float(inputs[0, 0])  # fails in a trace
        return original(self, inputs, *args)

    monkeypatch.setattr(layers.Dense, "call", call)
    for _ in range(3):
        close(model(X), expected)


def test_nests_of_inputs_and_outputs():
    a, b = kerasish.Input((3,), name="a"), kerasish.Input((2,), name="b")
    model = kerasish.Model(
        {"a": a, "b": b}, [layers.Dense(2)(a), {"c": layers.Dense(1)(b)}]
    )
    x = {"a": X, "b": X[:, :2]}
    expected = plain(model, x)
    for _ in range(3):
        found = model(x)
        assert type(found) is list and list(found[1]) == ["c"]
        close(found, expected)
        close(model.predict(x, batch_size=2, verbose=0), expected)


# --- predict --------------------------------------------------------------------------


def test_few_sizes_are_compiled(runs):
    model = small(layers.Dense(2))
    data = np.random.default_rng(1).normal(size=(200, 3)).astype("float32")
    expected = np.asarray(plain(model, data))
    del runs[:]
    for rows in range(1, 100):
        found = model.predict(data[:rows], verbose=0)
        assert found.shape == (rows, 2) and found.flags.writeable
        close(found, expected[:rows])
    for rows in range(1, 33):
        close(model.predict_on_batch(jnp.asarray(data[:rows])), expected[:rows])
    # 1, 2, 4, 8, 16, 32; then as many as were found to run as one: 64, 128
    assert len(runs) // 2 <= 8


def test_batches_of_a_stream_are_padded(runs):
    model = small()
    del runs[:]
    sizes = [3, 5, 6, 7, 8, 1]
    found = model.predict((X[:1].repeat(n, 0) for n in sizes), verbose=0)
    close(found, np.asarray(plain(model, X[:1])).repeat(sum(sizes), 0))
    assert len(runs) <= 4 + 1  # of 4, 8, 1 rows, and the plain one


def _cross_row_models():
    inputs, fixed = kerasish.Input((3,)), kerasish.Input(batch_shape=(5, 3))
    single = kerasish.Input(())
    noise = layers.GaussianNoise(0.1)(inputs, training=True)
    statistics = layers.BatchNormalization()(inputs, training=True)
    positional = layers.Dropout(0.5)(inputs, True)

    class Own(kerasish.Model):
        def call(self, x):
            return x - ops.mean(x, axis=0)

    return {
        "layer": small(Mine()),
        "lambda": small(layers.Lambda(centred)),
        "activation": small(layers.Dense(3, centred)),
        "function": small(layers.Dense(3, kerasish.ops.flip)),
        "op": kerasish.Model(inputs, inputs - ops.mean(inputs, axis=0)),
        "axis": small(layers.Softmax(axis=0)),
        "counted": small(layers.Softmax(axis=-2)),
        "one": kerasish.Model(single, layers.Softmax()(single)),
        "fixed": kerasish.Model(fixed, layers.Dense(2)(fixed)),
        "noise": kerasish.Model(inputs, noise),
        "statistics": kerasish.Model(inputs, statistics),
        "positional": kerasish.Model(inputs, positional),
        "nested": small(kerasish.Sequential([kerasish.Input((4,)), Mine()])),
        "subclass": Own(),
    }


CROSS_ROW = """layer lambda activation function op axis counted one fixed noise
    statistics positional nested subclass""".split()


@pytest.mark.parametrize("name", CROSS_ROW)
def test_rows_that_depend_on_each_other_are_not_padded(name):
    model = _cross_row_models()[name]
    assert not rows_are_apart(model)
    x = X[:, 0] if name == "one" else X
    random = name in ("noise", "positional")  # a copy has the same seed
    twin = pickle.loads(pickle.dumps(model)) if random else model
    for _ in range(2):
        close(model.predict(x, verbose=0), plain(twin, x))


@pytest.mark.parametrize("row", [r for r in ONE_OF_EACH if r.name in _APART], ids=str)
def test_listed_layers_treat_each_row_by_itself(row):
    model, x = model_of(row)
    if not rows_are_apart(model):
        pytest.skip("has an axis or a shape of its own")
    whole = plain(model, x)
    for i in range(len(kerasish.tree.flatten(x)[0])):
        part, expected = kerasish.tree.map_structure(
            lambda a, i=i: a[i : i + 1], (x, whole)
        )
        close(plain(model, part), expected)


@pytest.mark.parametrize(
    ("rows", "unit", "most", "room"),
    [(1, 1, None, 1), (3, 1, None, 4), (5, 1, 6, 6), (8, 1, 4, 8), (70, 32, None, 128)],
)
def test_padding(rows, unit, most, room):
    x, kept = padded({"a": np.arange(rows), "b": None}, unit, most)
    assert len(x["a"]) == room and kept == (None if room == rows else rows)
    assert (x["a"][rows:] == rows - 1).all() and x["b"] is None


def test_quick_batches_are_merged_and_all_steps_are_told():
    model = small(layers.Dense(2))
    data = np.random.default_rng(1).normal(size=(3000, 3)).astype("float32")
    expected = plain(model, data)
    told = []

    class Bulk(kerasish.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            told.append(batch)

        def on_progress(self, step, logs=None):
            told.append(step)

    for _ in range(3):
        del told[:]
        close(model.predict(data, verbose=0, callbacks=[Bulk()]), expected)
        assert told == sorted(set(told)) and told[-1] == 94
    assert len(told) < 94  # several batches ran as one


def test_callbacks_of_batches_get_each_batch():
    model, seen = small(), []

    class Each(kerasish.callbacks.Callback):
        def on_predict_batch_begin(self, batch, logs=None):
            seen.append(batch)

        def on_predict_batch_end(self, batch, logs=None):
            seen.append((batch, logs["outputs"].shape))
            if batch == 2:
                self.model.stop_predicting = True

    found = model.predict(X, batch_size=2, verbose=0, callbacks=[Each()])
    close(found, plain(model, X))
    assert seen == [0, (0, (2, 4)), 1, (1, (2, 4)), 2, (2, (1, 4))]
    seen.clear()
    assert len(model.predict(X, batch_size=1, verbose=0, callbacks=[Each()])) == 3


def test_steps_of_ones_own_predict_as_they_say(runs):
    class Doubled(kerasish.Sequential):
        def predict_step(self, data):
            return 2 * self(data[0] if isinstance(data, tuple) else data)

    model = Doubled([kerasish.Input((3,)), layers.Dense(2)])
    close(model.predict(X, verbose=0), 2 * np.asarray(plain(model, X)))


def test_training_between_calls_is_seen():
    model = small(layers.BatchNormalization(), layers.Dense(1))
    model.compile("sgd", "mse")
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X, X[:, :1], verbose=0)
        for _ in range(3):
            close(model(X), plain(model, X))
            close(model.predict(X, verbose=0), plain(model, X))


def test_what_does_not_fit_is_named_as_it_came():
    model = small()
    model.predict(X, verbose=0)
    for wrong in (X[0], np.ones((5, 4))):
        with pytest.raises(ValueError, match=re.escape(f"of shape {wrong.shape}.")):
            model.predict(wrong, verbose=0)
