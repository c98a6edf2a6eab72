"""Functional, Sequential and subclassed models: structure, configs, copies, tables."""

import copy
import json
import pickle

import keras
import numpy as np
import pytest

import kerasish
from kerasish import layers, ops

pytestmark = pytest.mark.usefixtures("quick_compilation")

BOTH = (keras, kerasish)
NUMPY = kerasish.config.backend() == "numpy"
draw = np.random.default_rng(0)
X = draw.normal(size=(4, 3)).astype("float32")


# --- a catalogue of graphs, written once for both libraries --------------------------


def chain(k):
    x = k.Input((3,), name="x")
    return k.Model(x, k.layers.Dense(2, "tanh", name="d")(x), name="chain")


def shared(k):
    """One layer twice on one input and on another, two outputs in a list."""
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    dense = k.layers.Dense(3, "tanh", name="dense")
    twice = dense(dense(a))
    return k.Model(
        [a, b], [twice, k.layers.Add(name="sum")([twice, dense(b)])], name="m"
    )


def dicts(k):
    a, b = k.Input((3,), name="left"), k.Input((3,), name="right")
    both = k.layers.Concatenate(name="both")([a, b])
    out = {
        "y": k.layers.Dense(2, name="y")(both),
        "n": {"z": k.layers.Dense(1, name="z")(a)},
    }
    return k.Model({"left": a, "right": b}, out, name="dicts")


def nested(k):
    """A model in a model, called twice, with a Sequential beside it."""
    x = k.Input((3,), name="x")
    inner = chain(k)
    tower = k.Sequential(
        [k.Input((3,), name="i"), k.layers.Dense(2, name="t")], name="tower"
    )
    y = k.layers.Average(name="avg")([inner(x), tower(x)])
    return k.Model(x, k.layers.Multiply(name="mul")([y, inner(x)]), name="outer")


def operations(k):
    """Ops between layers, with settings, constants and several outputs."""
    x = k.Input((3,), name="x")
    y = k.layers.Dense(4, name="d")(x)
    left, right = k.ops.split(y, 2, axis=-1)
    y = k.ops.concatenate([left * 2.0 + 1.0, k.ops.relu(right) - left], axis=-1)
    return k.Model(x, [k.ops.mean(y, axis=-1, keepdims=True), y[:, :2]], name="ops")


def functions(k):
    """Ops of many kinds, each an output."""
    x = k.Input((3,), name="x")
    o, a = k.ops, k.activations
    outputs = [
        o.cast(x, "float16"), o.where(x > 0, x, 0.0), o.clip(x, -0.5, 0.5), x != 0,
        o.pad(x, [[0, 0], [1, 2]], constant_values=1), o.take(x, [2, 0], axis=1),
        o.einsum("bi,bj->bij", x, x), o.maximum(x, 0.1), x**2, -x, 1.0 - x, 2.0 / x,
        o.one_hot(o.argmax(x, axis=-1), 3), o.expand_dims(x, 1), ~(x > 0),
        o.stack([x, x * 3], axis=1), a.relu(x, negative_slope=0.5), a.softmax(x),
        a.gelu(x, approximate=True), o.silu(x), o.leaky_relu(x, 0.3),
        o.logsumexp(x, axis=1), o.erf(x), *o.top_k(x, 2), o.reshape(x, (-1, 3, 1)),
        o.matmul(x, np.eye(3, dtype="float32")), o.cumsum(x, axis=1), o.isclose(x, x),
        o.slice(x, [0, 1], [2, 2]), *o.moments(x, axes=[1]), o.rms_normalization(x),
        o.layer_normalization(x), o.isin(x, [0.0]), *o.unstack(x, 3, axis=1),
    ]  # fmt: skip
    return k.Model(x, outputs, name="functions")


def masked(k):
    x = k.Input((None,), dtype="int32", name="ids")
    y = k.layers.Embedding(5, 2, mask_zero=True, name="e")(x)
    y = k.layers.Dropout(0.5, name="drop")(y)
    return k.Model(x, k.layers.LayerNormalization(name="n")(y), name="masked")


def sequential(k):
    return k.Sequential(
        [k.Input((3,), name="x"), k.layers.Dense(2, "relu", name="a"),
         k.layers.BatchNormalization(name="n"), k.layers.Dense(1, name="b")],
        name="stack",
    )  # fmt: skip


GRAPHS = [chain, shared, dicts, nested, operations, functions, masked, sequential]
IDS = [graph.__name__ for graph in GRAPHS]


def data(model):
    """Inputs in the model's structure."""

    def one(tensor):
        if "int" in tensor.dtype:
            return np.array([[1, 2, 0], [4, 0, 0]], "int32")
        return X[:, : tensor.shape[-1]]

    inputs = model.input
    return kerasish.tree.map_structure(one, inputs)


@pytest.fixture(scope="module")
def models():
    found = {}
    for graph in GRAPHS:
        theirs, mine = (graph(k) for k in BOTH)
        mine.set_weights(theirs.get_weights())
        found[graph.__name__] = theirs, mine
    return found


def shapes(tensors):
    return kerasish.tree.map_structure(lambda t: tuple(t.shape), tensors)


@pytest.mark.parametrize("name", IDS)
def test_structure_equals_that_of_keras(models, name):
    theirs, mine = models[name]
    for attribute in ("name", "input_names", "output_names", "input_shape",
                      "output_shape"):  # fmt: skip
        if name == "functions" and attribute == "output_names":
            continue  # ops are called by their functions, not by Keras's classes
        if hasattr(theirs, attribute):
            found, expected = (getattr(m, attribute) for m in (mine, theirs))
            assert found == expected, attribute
    if name != "functions":
        assert [x.name for x in mine.layers] == [x.name for x in theirs.layers]
    assert [v.path for v in mine.weights] == [v.path for v in theirs.weights]
    assert mine.count_params() == theirs.count_params()
    assert shapes(mine.outputs) == shapes(theirs.outputs)


@pytest.mark.parametrize("name", IDS)
def test_results_equal_those_of_keras(models, name, close):
    theirs, mine = models[name]
    x = data(mine)
    close(kerasish.tree.flatten(mine(x)), keras.tree.flatten(theirs(x)))
    predicted = mine.predict(x, verbose=0)
    kerasish.tree.assert_same_structure(predicted, mine.output)
    close(predicted, theirs.predict(x, verbose=0))


def plain(config):
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("name", IDS)
def test_configs_go_both_ways(models, name, close):
    theirs, mine = models[name]
    x = data(mine)
    config = json.loads(json.dumps(kerasish.saving.serialize_keras_object(mine)))
    again = kerasish.saving.deserialize_keras_object(config)
    in_keras = keras.saving.deserialize_keras_object(config)
    from_keras = kerasish.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(theirs)))
    )
    expected = kerasish.tree.flatten(mine(x))
    for model in (again, in_keras, from_keras):
        assert [x.name for x in model.layers] == [x.name for x in mine.layers]
        model.set_weights(mine.get_weights())
        close(kerasish.tree.flatten(model(x)), expected)
    assert plain(again.get_config()) == plain(mine.get_config())
    if name != "functions":  # where ops have other names
        assert plain(from_keras.get_config()) == plain(mine.get_config())
    kerasish.tree.assert_same_structure(from_keras.output, mine.output)


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "clone": kerasish.models.clone_model,
    "json": lambda model: kerasish.models.model_from_json(model.to_json()),
    "from_config": lambda model: type(model).from_config(model.get_config()),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", IDS)
def test_copies_are_equal_and_independent(models, name, how, close):
    model = models[name][1]
    other = COPIES[how](model)
    x = data(model)
    before = kerasish.tree.flatten(model(x))
    assert type(other) is type(model) and other.name == model.name
    if how in ("deepcopy", "pickle"):
        close(other.get_weights(), model.get_weights())
        assert [v.path for v in other.weights] == [v.path for v in model.weights]
    other.set_weights([w * 0 + 0.5 for w in other.get_weights()])
    close(kerasish.tree.flatten(model(x)), before)
    assert not {id(v) for v in other.variables} & {id(v) for v in model.variables}
    other.set_weights(model.get_weights())
    close(kerasish.tree.flatten(other(x)), before)
    assert shapes(other.output) == shapes(model.output)


@pytest.mark.parametrize("name", IDS)
def test_models_can_be_called_on_new_symbols(models, name):
    model = models[name][1]
    inputs = kerasish.tree.map_structure(
        lambda t: kerasish.Input(batch_shape=(7, *t.shape[1:]), dtype=t.dtype),
        model.input,
    )
    outputs = model(inputs)
    cut = {2} if name == "functions" else set()  # by `slice`
    assert {t.shape[0] for t in kerasish.tree.flatten(outputs)} == {7} | cut
    kerasish.tree.assert_same_structure(outputs, model.output)
    assert model.compute_output_shape(model.input_shape) == shapes(model.output)


# --- functional models ---------------------------------------------------------------


def test_inputs_may_be_given_by_name_or_in_order(models, close):
    model = models["shared"][1]
    a, b = X, 2 * X
    expected = model([a, b])
    for given in ((a, b), {"a": a, "b": b}, {"b": b, "a": a, "more": X}):
        close(model(given), expected)


@pytest.mark.parametrize(
    "given, text",
    [
        ([X], r"`m` expects 2 input\(s\) named \['a', 'b'\], but it got 1"),
        ({"a": X, "bb": X}, r"missing are \['b'\].*'bb'"),
        ([X, X[:, :2]], r"Input `b` of model `m` expects shape \(None, 3\).*\(4, 2\)"),
    ],
)
def test_wrong_inputs_are_named(models, given, text):
    for call in (lambda m: m(given), lambda m: m.predict(given, verbose=0)):
        with pytest.raises(ValueError, match=text):
            call(models["shared"][1])


def test_a_model_may_begin_in_the_middle_of_a_graph(close):
    x = kerasish.Input((3,))
    middle = layers.Dense(4, "relu", name="first")(x)
    end = layers.Dense(2, name="second")(middle)
    whole, head = kerasish.Model(x, end), kerasish.Model(middle, end)
    features = kerasish.Model(x, [middle, end])
    hidden, out = features(X)
    close(out, whole(X))
    close(head(hidden), out)
    assert [layer.name for layer in head.layers][1:] == ["second"]
    assert head.layers[-1] is whole.layers[-1]


def test_ranks_and_types_are_conformed(close):
    x = kerasish.Input((1,), name="x")
    model = kerasish.Model(x, layers.Dense(2)(x))
    column = np.arange(3.0)[:, None]
    for given in (column[:, 0], column.astype("float64"), column.astype("int64"),
                  [[0.0], [1.0], [2.0]]):  # fmt: skip
        close(model(np.asarray(given)), model(column))


def test_training_reaches_layers_of_a_graph():
    x = kerasish.Input((100,))
    model = kerasish.Model(x, layers.Dropout(0.5, seed=1)(x))
    ones = np.ones((1, 100), "float32")
    assert (np.asarray(model(ones, training=True)) == 0).any()
    assert (np.asarray(model(ones)) == 1).all()
    always = kerasish.Model(x, layers.Dropout(0.5, seed=1)(x, training=True))
    for options in ({}, {"training": True}, {"training": False}):
        assert (np.asarray(always(ones, **options)) == 0).any()
    inner = kerasish.Model(x, layers.Dropout(0.5, seed=1)(x))
    never = kerasish.Model(x, inner(x, training=False))  # as in transfer learning
    assert (np.asarray(never(ones, training=True)) == 1).all()


def test_dropout_of_models_from_keras_is_trained():
    """Keras writes the default `training=False` into configs."""
    x = keras.Input((100,))
    theirs = keras.Model(x, keras.layers.Dropout(0.5, name="d")(x))
    config = plain(theirs.get_config())
    assert config["layers"][1]["inbound_nodes"][0]["kwargs"] == {"training": False}
    model = kerasish.Model.from_config(config)
    ones = np.ones((1, 100), "float32")
    assert (np.asarray(model(ones, training=True)) == 0).any()
    assert (np.asarray(model(ones)) == 1).all()


def test_deep_models_can_be_made_copied_and_pickled():
    x = start = kerasish.Input((2,))
    for _ in range(400):
        x = layers.Identity()(x)
    model = kerasish.Model(start, x)
    for other in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert len(other.layers) == 401
        assert np.asarray(other(np.ones((1, 2)))).tolist() == [[1, 1]]
    assert kerasish.Model.from_config(model.get_config()).output_shape == (None, 2)


def test_subclass_of_a_functional_model(close):
    class Custom(kerasish.Model):
        def __init__(self, units=2, name=None):
            x = kerasish.Input((3,), name="x")
            super().__init__(x, layers.Dense(units, name="d")(x), name=name)
            self.units = units

    model = Custom(4, name="mine")
    assert model.output_shape == (None, 4) and model.name == "mine"
    again = Custom.from_config(model.get_config())
    assert again.units == 4 and type(copy.deepcopy(model)) is Custom
    again.set_weights(model.get_weights())
    close(again(X), model(X))


GRAPH_MISTAKES = [
    (lambda: kerasish.Model(X, X), TypeError, "takes keyword arguments only"),
    (lambda: kerasish.Model(inputs=X, outputs=X), ValueError,
     "(?s)All `inputs` of a model must be symbolic tensors.*ndarray"),
    (lambda: kerasish.Model(kerasish.Input((2,)), kerasish.Input((2,), name="loose")),
     ValueError, "loose"),
    (lambda: kerasish.Input(), ValueError, "`input_layer` needs a `shape`"),
    (lambda: kerasish.Input((2,), batch_shape=(1, 2)), ValueError, "`batch_shape`, or"),
    (lambda: kerasish.Input((-1,)), ValueError, r"non-negative integers.*\(None, -1\)"),
    (lambda: kerasish.Sequential([3]), ValueError, "Only layers.*`sequential`.*3"),
    (lambda: kerasish.Sequential([layers.ReLU(name="a"), layers.ReLU(name="a")]),
     ValueError, "names of their own: `a` is taken"),
    (lambda: kerasish.Sequential([layers.Dense(1), kerasish.Input((2,))]), ValueError,
     "begins with `dense`; an Input can only come first"),
    (lambda: kerasish.Sequential()(X), ValueError, "`sequential` has no layers"),
    (lambda: kerasish.Sequential([layers.Dense(1)]).build(), ValueError, "`build\\("),
    (lambda: kerasish.Sequential([layers.Dense(1)]).output, AttributeError,
     "`sequential` has no `output`.*not built yet"),
    (lambda: kerasish.Model()(X), NotImplementedError, "Model must define `call"),
    (lambda: kerasish.Sequential(nam="x"), ValueError, "'nam'.*mean `name`"),
    (lambda: sequential(kerasish).get_layer("bb"), ValueError, r"'bb'.*\['a', 'n'"),
    (lambda: sequential(kerasish).get_layer(index=3), ValueError, "no layer 3.*3 lay"),
    (lambda: sequential(kerasish).get_layer(), ValueError, "either a `name` or an"),
    (lambda: kerasish.models.clone_model(3), ValueError, "`model` must be a Model.*3"),
]  # fmt: skip


@pytest.mark.parametrize("call, kind, text", GRAPH_MISTAKES)
def test_mistakes_are_named(call, kind, text):
    kerasish.utils.clear_session()
    with pytest.raises(kind, match=text):
        call()


def test_layers_of_one_name_in_a_graph_are_refused():
    x = kerasish.Input((2,))
    y = layers.Dense(1, name="same")(layers.Dense(2, name="same")(x))
    with pytest.raises(ValueError, match="2 are called 'same'"):
        kerasish.Model(x, y)


# --- Sequential ----------------------------------------------------------------------


def test_sequential_grows_shrinks_and_builds():
    facts = []
    for k in BOTH:
        k.utils.clear_session()
        model = k.Sequential(name="s")
        log = [model.built]
        model.add(k.layers.Dense(4, name="a"))
        model.add(k.layers.Dense(2, name="b"))
        log += [model.built, [x.name for x in model.layers], len(model.weights)]
        model.build((None, 3))
        log += [model.built, model.input_shape, model.output_shape, len(model.weights)]
        log.append(model.pop().name)
        model.add(k.layers.Dense(5, name="c"))
        log += [model.output_shape, model.get_layer("c").units]
        log += [model.get_layer(index=0).name, tuple(model(X).shape)]
        facts.append(log)
    assert facts[0] == facts[1]


def test_sequential_is_built_by_its_first_data():
    for build in (
        lambda m: m(X),
        lambda m: m.predict(X, verbose=0),
        lambda m: m.build((4, 3)),
        lambda m: (m.compile("sgd", "mse"), m.fit(X, X[:, :2], verbose=0)),
    ):
        model = kerasish.Sequential([layers.Dense(2)])
        build(model)
        assert model.built and model.count_params() == 8


def test_sequential_takes_what_scripts_put_in():
    with_shape = kerasish.Sequential([layers.Dense(2, input_shape=(3,))])
    with_dim = kerasish.Sequential([layers.Dense(2, input_dim=3)])
    around = kerasish.Sequential([sequential(kerasish), layers.Dense(2)])
    assert with_shape.built and with_dim.built and around.built
    assert with_shape.count_params() == with_dim.count_params() == 8
    assert around.output_shape == (None, 2)
    ids = kerasish.Sequential([layers.Embedding(5, 2), layers.Flatten()])
    assert ids(np.array([[1, 2]])).shape == (1, 4)


# --- subclassed ----------------------------------------------------------------------


class Twin(kerasish.Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.left, self.right = layers.Dense(units), [layers.Dense(units)]
        self.drop = layers.Dropout(0.5)

    def call(self, inputs, training=None):
        a, b = inputs["a"], inputs["b"]
        return {"sum": self.left(a) + self.right[0](b), "drop": self.drop(a)}


def test_subclassed_models(close):
    model = Twin(name="twin")
    assert [x.name for x in model.layers] == ["dense", "dense_1", "dropout"]
    given = {"a": X, "b": 2 * X}
    out = model(given)
    assert sorted(out) == ["drop", "sum"] and out["sum"].shape == (4, 2)
    close(model.predict(given, verbose=0, batch_size=3), out)
    assert model.compute_output_shape({"a": (None, 3), "b": (None, 3)}) == {
        "sum": (None, 2), "drop": (None, 3)}  # fmt: skip
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        close(other(given), out)
    again = Twin.from_config(model.get_config())
    again.build({"a": (None, 3), "b": (None, 3)})
    again.set_weights(model.get_weights())
    close(again(given), out)
    assert model.inputs is None and model.output_names is None
    with pytest.raises(AttributeError, match="`twin` has no `output`"):
        _ = model.output
    inputs = {"a": kerasish.Input((3,)), "b": kerasish.Input((3,))}
    wrapped = kerasish.Model(inputs, model(inputs))
    close(wrapped(given), out)


def test_a_subclassed_model_names_its_weights_as_keras_does():
    paths = []
    for k in BOTH:
        k.utils.clear_session()

        class Net(k.Model):
            def __init__(self, k=k):
                super().__init__(name="net")
                self.a = k.layers.Dense(2, name="a")
                self.b = k.Sequential([k.layers.Dense(2, name="x")], name="b")

            def call(self, x):
                return self.b(self.a(x))

        model = Net()
        model(X)
        paths.append([v.path for v in model.weights])
    assert paths[0] == paths[1]


# --- cloning and functions -----------------------------------------------------------


def test_clone_functions(models):
    def wider(layer):
        config = layer.get_config()
        if config.get("units"):
            config["units"] += 1
        return type(layer).from_config(config)

    made = kerasish.models.clone_model(chain(kerasish), clone_function=wider)
    assert made.output_shape == (None, 3)
    calls = []

    def call(layer, *args, **kwargs):
        calls.append(layer.name)
        return layer(*args, **kwargs)

    kerasish.models.clone_model(models["shared"][1], call_function=call)
    assert calls == ["dense", "dense", "dense", "sum"]
    tensors = kerasish.Input((3,), name="new")
    made = kerasish.models.clone_model(chain(kerasish), input_tensors=tensors)
    assert made.inputs[0] is tensors or made.input_names == ["new"]
    deep = kerasish.models.clone_model(
        nested(kerasish), clone_function=wider, recursive=True
    )
    assert deep.output_shape == (None, 3)


def test_function_runs_a_piece_of_a_graph(close):
    model = chain(kerasish)
    f = kerasish.Function(model.inputs, [model.output, ops.sum(model.output)])
    out, total = f([X])
    close(out, model(X))
    np.testing.assert_allclose(total, np.asarray(out).sum(), rtol=1e-5)


# --- summaries -----------------------------------------------------------------------


def text_of(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines)


@pytest.mark.parametrize("name", IDS)
def test_summary_states_the_facts(models, name):
    model = models[name][1]
    text = text_of(model, line_length=120)
    assert f'Model: "{model.name}"' in text
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer) and name in ("chain", "masked"):
            continue  # the input of a chain is not in the table
        row = next(line for line in text.splitlines() if f" {layer.name} (" in line)
        assert type(layer).__name__ in row and f" {layer.count_params():,} " in row
    assert f"Total params: {model.count_params():,}" in text
    trained = sum(v.size for v in model.trainable_weights)
    assert f"Trainable params: {trained:,}" in text
    assert f"Non-trainable params: {model.count_params() - trained:,}" in text
    assert len({len(line) for line in text.splitlines() if line[:1] in "┃│┏┡├└"}) == 1
    assert "\x1b" not in text


@pytest.mark.parametrize("name", [name for name in IDS if name != "functions"])
def test_summary_holds_what_that_of_keras_holds(models, name):
    """Every name, shape and count in Keras's table is in ours."""
    theirs, mine = (text_of(m, line_length=150) for m in models[name])
    # ours leaves the input of a chain out of the table
    lines = [row for row in theirs.splitlines() if "(InputLayer)" not in row]
    words = {w for w in " ".join(lines).split() if any(c.isalnum() for c in w)}
    assert not {w for w in words if w.strip("(),") not in mine}


def test_summary_options(models):
    model = nested(kerasish)
    model.get_layer("tower").trainable = False
    text = text_of(model, expand_nested=True, show_trainable=True, line_length=150)
    assert "└ d (Dense)" in text and "└ t (Dense)" in text and "Connected to" in text
    row = next(line for line in text.splitlines() if " tower (" in line)
    assert row.rstrip(" │").endswith("N")
    assert "Non-trainable params: 8" in text
    part = text_of(sequential(kerasish), layer_range=("a", "n"))
    assert " a (Dense)" in part and " b (Dense)" not in part
    with pytest.raises(ValueError, match="no layer matches 'zz' in model `stack`"):
        text_of(sequential(kerasish), layer_range=("zz", "n"))
    narrow = text_of(shared(kerasish), line_length=50)
    assert max(map(len, narrow.splitlines())) <= 70
    wide = text_of(chain(kerasish), line_length=100, positions=[0.5, 0.8, 1.0])
    assert max(map(len, wide.splitlines())) <= 101


def test_summary_of_models_that_are_not_built_and_in_the_notebook(capsys):
    model = kerasish.Sequential([layers.Dense(2, name="<a>")], name="s & t")
    model.summary()
    out = capsys.readouterr().out
    assert "0 (unbuilt)" in out and "not built yet" in out
    page = model._repr_html_()
    assert "<b>&lt;a&gt;</b>" in page and "(Dense)" in page
    assert "s &amp; t" in page and "<table>" in page
    model.build((None, 3))
    assert '>(None, 2)</td><td style="text-align:right">8</td>' in model._repr_html_()
    twin = Twin()
    twin({"a": X, "b": X})
    assert "dense (Dense)" in text_of(twin)
