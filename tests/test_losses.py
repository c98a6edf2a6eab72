"""Losses: equal to Keras in values, gradients and configs; masks, weights, errors."""

import inspect

import jax
import keras
import numpy as np
import pytest

import kerasish
from kerasish import losses, ops

pytestmark = pytest.mark.usefixtures("quick_compilation")

rng = np.random.default_rng(0)


def numbers(*shape):
    return rng.normal(size=shape).astype("float32")


def probabilities(*shape):
    p = rng.uniform(0.05, 0.95, shape).astype("float32")
    return p / p.sum(-1, keepdims=True)


X, Y = numbers(4, 3), numbers(4, 3)
P, Q = probabilities(4, 3), probabilities(4, 3)
HOT = np.eye(3, dtype="float32")[[0, 2, 1, 2]]
BITS = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0]], "float32")
ODDS = rng.uniform(0.05, 0.95, (4, 3)).astype("float32")
LABELS = np.array([0, 2, 1, 2])
UNIT = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype("float32")
IMAGES = rng.uniform(0, 1, (2, 2, 2, 1)).astype("float32")
STEPS, WORDS = numbers(2, 5, 4), np.array([[1, 2, 0], [3, 3, 1]])

# function, its options, y_true, y_pred
CASES = [
    ("mean_squared_error", {}, Y, X),
    ("mean_absolute_error", {}, Y, X),
    ("mean_absolute_percentage_error", {}, Y, X),
    ("mean_absolute_percentage_error", {}, BITS, X),
    ("mean_squared_logarithmic_error", {}, Y, X),
    ("huber", {}, Y, X),
    ("huber", {"delta": 0.3}, Y, X),
    ("log_cosh", {}, Y, X),
    ("log_cosh", {}, Y, 50 * X),
    ("cosine_similarity", {}, Y, X),
    ("cosine_similarity", {"axis": 0}, Y, X),
    ("binary_crossentropy", {}, BITS, ODDS),
    ("binary_crossentropy", {"from_logits": True}, BITS, X),
    ("binary_crossentropy", {"label_smoothing": 0.2, "axis": 0}, BITS, ODDS),
    ("binary_crossentropy", {}, BITS, BITS),
    ("binary_focal_crossentropy", {}, BITS, ODDS),
    ("binary_focal_crossentropy", {"from_logits": True, "gamma": 1.5}, BITS, X),
    (
        "binary_focal_crossentropy",
        {"apply_class_balancing": True, "alpha": 0.4, "label_smoothing": 0.1},
        BITS,
        ODDS,
    ),
    ("categorical_crossentropy", {}, HOT, P),
    ("categorical_crossentropy", {}, HOT, ODDS),
    ("categorical_crossentropy", {"from_logits": True}, HOT, X),
    ("categorical_crossentropy", {"label_smoothing": 0.3}, HOT, P),
    ("categorical_crossentropy", {"axis": 0}, HOT, ODDS),
    ("categorical_focal_crossentropy", {}, HOT, P),
    ("categorical_focal_crossentropy", {"from_logits": True, "gamma": 1.0}, HOT, X),
    ("categorical_focal_crossentropy", {"alpha": np.float32([1, 2, 3])}, HOT, P),
    ("categorical_focal_crossentropy", {"label_smoothing": 0.2, "alpha": 1.0}, HOT, P),
    ("sparse_categorical_crossentropy", {}, LABELS, P),
    ("sparse_categorical_crossentropy", {}, LABELS[:, None], ODDS),
    ("sparse_categorical_crossentropy", {"from_logits": True}, LABELS, X),
    ("sparse_categorical_crossentropy", {"ignore_class": 2}, LABELS, P),
    (
        "sparse_categorical_crossentropy",
        {"ignore_class": -1, "from_logits": True},
        np.array([0, -1, 1, -1]),
        X,
    ),
    ("categorical_generalized_cross_entropy", {"q": 0.5}, LABELS, P),
    ("categorical_generalized_cross_entropy", {"q": 0.9}, LABELS, P),
    ("kl_divergence", {}, P, Q),
    ("kl_divergence", {}, BITS, Q),
    ("poisson", {}, BITS, ODDS),
    ("hinge", {}, BITS, X),
    ("hinge", {}, 2 * BITS - 1, X),
    ("hinge", {}, Y, X),
    ("squared_hinge", {}, BITS, X),
    ("categorical_hinge", {}, HOT, X),
    ("circle", {}, np.array([0, 0, 1, 1]), UNIT),
    ("circle", {"remove_diagonal": False, "gamma": 2, "margin": 0.2}, LABELS, UNIT),
    (
        "circle",
        {"ref_labels": np.array([0, 1, 2]), "ref_embeddings": UNIT[:3]},
        LABELS,
        UNIT,
    ),
    ("circle", {"gamma": 8.0}, LABELS, UNIT),
    ("dice", {}, BITS, ODDS),
    ("dice", {"axis": (1, 2, 3)}, IMAGES.round(), IMAGES),
    ("tversky", {}, BITS, ODDS),
    ("tversky", {"alpha": 0.2, "beta": 0.7, "axis": 1}, BITS, ODDS),
    ("ctc", {}, WORDS, STEPS),
]
IDS = [f"{name}-{'-'.join(options)}-{i}" for i, (name, options, *_) in enumerate(CASES)]

# class, its options, the function's row that it takes its data from
CLASSES = [
    ("MeanSquaredError", {}, (Y, X)),
    ("MeanAbsoluteError", {}, (Y, X)),
    ("MeanAbsolutePercentageError", {}, (Y, X)),
    ("MeanSquaredLogarithmicError", {}, (Y, X)),
    ("Huber", {"delta": 0.3}, (Y, X)),
    ("LogCosh", {}, (Y, X)),
    ("CosineSimilarity", {"axis": 0}, (Y, X)),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, (BITS, X)),
    ("BinaryFocalCrossentropy", {"alpha": 0.3, "gamma": 1.0}, (BITS, ODDS)),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, (HOT, P)),
    ("CategoricalFocalCrossentropy", {"gamma": 3.0}, (HOT, P)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, (LABELS, P)),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, (LABELS, P)),
    ("KLDivergence", {}, (P, Q)),
    ("Poisson", {}, (BITS, ODDS)),
    ("Hinge", {}, (BITS, X)),
    ("SquaredHinge", {}, (BITS, X)),
    ("CategoricalHinge", {}, (HOT, X)),
    ("Circle", {"gamma": 8.0}, (LABELS, UNIT)),
    ("Dice", {"axis": (1, 2, 3)}, (IMAGES.round(), IMAGES)),
    ("Tversky", {"alpha": 0.2, "beta": 0.7}, (BITS, ODDS)),
    ("CTC", {}, (WORDS, STEPS)),
]
# What Keras leaves out of its configs, so that it is lost on loading.
LOST = {"Huber": {"delta": 0.3}, "CosineSimilarity": {"axis": 0}}
PUBLIC = [name for name in dir(keras.losses) if name[0] != "_"]


def total(module, ops, rows):
    """`(y_preds, y_trues) -> sum of all loss values, the values of each row`."""

    def run(y_preds, y_trues):
        values = [
            getattr(module, name)(y_true, y_pred, **options)
            for (name, options, *_), y_true, y_pred in zip(rows, y_trues, y_preds)
        ]
        return sum(ops.sum(v) for v in values), values

    return run


def values_and_gradients(rows):
    """Of our functions, on the backend in use, in one program."""
    trues, preds = ([kerasish.backend.asarray(row[i]) for row in rows] for i in (2, 3))
    fn = total(losses, ops, rows)

    def run(preds, trues):
        return kerasish.backend.value_and_grad(lambda p: fn(p, trues))(preds)

    (_, values), gradients = kerasish.backend.jit(run)(preds, trues)
    return values, gradients


@pytest.fixture(scope="module")
def computed():
    fn = jax.value_and_grad(total(keras.losses, keras.ops, CASES), has_aux=True)
    trues, preds = ([row[i] for row in CASES] for i in (2, 3))
    (_, expected), slopes = jax.jit(fn)(preds, trues)
    return *values_and_gradients(CASES), expected, slopes


@pytest.mark.parametrize("i", range(len(CASES)), ids=IDS)
def test_values_and_gradients_equal_keras(i, computed, close):
    values, gradients, expected, slopes = (part[i] for part in computed)
    assert kerasish.backend.dtype_name(values) == "float32"
    steep = CASES[i][0] == "circle"  # values of some hundred, gradients likewise
    close(values, expected, rtol=1e-5, atol=1e-4 if steep else 1e-6)
    close(gradients, slopes, rtol=2e-5, atol=1e-3 if steep else 2e-6)


@pytest.mark.parametrize(("name", "options", "y_true", "y_pred"), CASES, ids=IDS)
def test_symbolic_shape_is_the_real_shape(name, options, y_true, y_pred):
    if name == "circle" and "ref_labels" in options:
        return
    fn = getattr(losses, name)
    true = kerasish.KerasTensor((None, *y_true.shape[1:]), str(y_true.dtype))
    pred = kerasish.KerasTensor((None, *y_pred.shape[1:]))
    symbolic = fn(true, pred, **options)
    real = fn(y_true, y_pred, **options)
    assert symbolic.dtype == "float32"
    assert len(symbolic.shape) == len(real.shape)
    assert all(s in (None, r) for s, r in zip(symbolic.shape, real.shape, strict=True))


REDUCTIONS = ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight")


def reduced(module, data, weights):
    return [
        getattr(module, name)(reduction=reduction, **options)(*pair, weight)
        for (name, options, _), pair, weight in zip(CLASSES, data, weights)
        for reduction in REDUCTIONS
    ]


@pytest.mark.parametrize("weighted", [False, True])
def test_classes_equal_keras(weighted, close):
    data = [row[2] for row in CLASSES]
    weights: list = [None] * len(data)
    if weighted:  # one value for all samples takes no weights of samples
        some = np.array([1.0, 0.0, 2.0, 0.5], "float32")
        single = [n == "Tversky" or o.get("axis") == 0 for n, o, _ in CLASSES]
        weights = [None if s else some[: len(d[0])] for s, d in zip(single, data)]
    ours = kerasish.backend.jit(lambda d, w: reduced(losses, d, w))(data, weights)
    theirs = jax.jit(lambda d, w: reduced(keras.losses, d, w))(data, weights)
    close(ours, theirs, rtol=1e-5)
    for (name, options, _), value in zip(CLASSES, ours[:: len(REDUCTIONS)]):
        assert kerasish.backend.dtype_name(value) == "float32", name
        for option, chosen in options.items():
            assert getattr(getattr(losses, name)(**options), option) == chosen


@pytest.mark.parametrize(("name", "options", "data"), CLASSES)
def test_config_equals_keras_and_round_trips(name, options, data):
    loss = getattr(losses, name)(reduction="sum", name="mine", **options)
    theirs = getattr(keras.losses, name)(reduction="sum", name="mine", **options)
    assert loss.get_config() == theirs.get_config() | LOST.get(name, {})
    default = getattr(losses, name)().get_config()
    assert default == getattr(keras.losses, name)().get_config()
    config = losses.serialize(loss)
    assert config | {"config": 0} == keras.losses.serialize(theirs) | {"config": 0}
    again = losses.deserialize(config)
    assert type(again) is type(loss) and again.get_config() == loss.get_config()
    if name != "CategoricalGeneralizedCrossEntropy":  # Keras cannot load its own
        theirs = keras.losses.deserialize(config)  # but what we write of the others
        assert type(theirs).__name__ == name and theirs.reduction == "sum"


def test_dtype_is_kept_in_the_config():
    loss = losses.MeanSquaredError(dtype="float16")
    assert loss.dtype == "float16" and loss.get_config()["dtype"] == "float16"
    assert kerasish.backend.dtype_name(loss(Y, X)) == "float16"
    assert losses.MeanSquaredError(dtype="mixed_float16").dtype == "float16"


def test_every_class_and_function_has_a_row():
    functions = {n for n in PUBLIC if inspect.isfunction(getattr(keras.losses, n))}
    assert functions - {name for name, *_ in CASES} == {
        "get",
        "serialize",
        "deserialize",
    }
    classes = {n for n in PUBLIC if inspect.isclass(getattr(keras.losses, n))}
    assert classes - {name for name, *_ in CLASSES} == {"Loss"}


@pytest.mark.parametrize("name", PUBLIC)
def test_signature_equals_keras(name):
    def arguments(thing):
        parameters = inspect.signature(thing).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    assert arguments(ours) == arguments(theirs)
    assert ours.__doc__ and ours.__name__ == theirs.__name__


def test_names_mean_what_they_mean_in_keras():
    for name in [*losses._NAMES, "mse", "MSE", "bce", "BCE"]:
        ours = None if name == "LossFunctionWrapper" else losses.get(name)
        try:
            theirs = keras.losses.get(name)
        except (ValueError, TypeError):
            continue  # the wrapper, and names of Keras 2
        if inspect.isfunction(theirs):
            assert ours.__name__ == theirs.__name__
        else:
            assert type(ours).__name__ == type(theirs).__name__
    assert losses.get(None) is None
    assert losses.get("logcosh") is losses.log_cosh
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get(losses.serialize(losses.huber)) is losses.huber
    assert losses.deserialize("kld") is losses.kl_divergence


def test_configs_of_older_files_name_no_module():
    config = {"class_name": "Poisson", "config": {}}
    assert isinstance(losses.deserialize(config), losses.Poisson)
    assert isinstance(kerasish.metrics.deserialize(config), kerasish.metrics.Poisson)


SEQUENCES = numbers(4, 3, 2), numbers(4, 3, 2)
WEIGHTS = [
    None,
    2.0,
    np.float32([1, 0, 2, 3]),
    np.float32([[1], [0], [2], [3]]),
    rng.uniform(0, 1, (4, 3)).astype("float32"),
]
MASK = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]], bool)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weight", range(len(WEIGHTS)))
@pytest.mark.parametrize(
    "reduction", ["sum", "mean", "sum_over_batch_size", "mean_with_sample_weight", None]
)
def test_reduction_of_sequences(reduction, weight, masked, close):
    weight = WEIGHTS[weight]
    y_true, y_pred = SEQUENCES
    ours = losses.MeanSquaredError(reduction=reduction)
    theirs = keras.losses.MeanSquaredError(reduction=reduction)
    mine, other = kerasish.backend.asarray(y_pred), keras.ops.convert_to_tensor(y_pred)
    if masked:
        kerasish.masks.set_mask(mine, kerasish.backend.asarray(MASK))
        keras.src.backend.set_keras_mask(other, keras.ops.convert_to_tensor(MASK))
    given = weight
    if isinstance(weight, np.ndarray) and weight.ndim == 1:
        given = weight[:, None]  # Keras refuses these shapes
    if reduction == "mean_with_sample_weight" and weight is not None:
        # Keras divides by the sum before it is broadcast: 2.0 counts once, not 12 times
        given = np.broadcast_to(given, (4, 3))
    close(
        ours(y_true, mine, sample_weight=weight),
        theirs(y_true, other, sample_weight=given),
        rtol=1e-5,
    )


def test_weights_belong_to_samples_even_if_steps_are_as_many(close):
    y_true, y_pred = numbers(3, 3, 2), numbers(3, 3, 2)
    weights = np.float32([1, 2, 3])
    loss = losses.MeanSquaredError(reduction=None)
    close(loss(y_true, y_pred, weights), loss(y_true, y_pred) * weights[:, None])


@pytest.mark.parametrize("swap", [False, True])
def test_a_last_axis_of_one_is_matched(swap, close):
    data = (Y[:, 0], X[:, :1]) if not swap else (Y[:, :1], X[:, 0])
    ours, theirs = losses.MeanSquaredError(), keras.losses.MeanSquaredError()
    close(ours(*data), theirs(*data))
    close(losses.mean_squared_error(*data), keras.losses.mean_squared_error(*data))
    weights = np.float32([1, 2, 3, 4])
    for w in (weights, weights[:, None]):
        close(ours(*data, w), theirs(*data, w), rtol=1e-5)


def test_ignored_and_masked_values_do_not_count(close):
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    y_true = np.array([0, -1, 1, -1])
    close(loss(y_true, P), losses.SparseCategoricalCrossentropy()(y_true[::2], P[::2]))
    y_pred = kerasish.backend.asarray(P)
    kerasish.masks.set_mask(y_pred, np.array([False, True, True, True]))
    close(loss(y_true, y_pred), losses.SparseCategoricalCrossentropy()([1], P[2:3]))


def test_gradient_of_an_ignored_class_is_zero(close):
    y_true = np.array([0, -1])
    y_pred = np.float32([[0.5, 0.5], [0.0, 0.0]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    given = kerasish.backend.value_and_grad(lambda p: (loss(y_true, p[0]), ()))
    given = given([kerasish.backend.asarray(y_pred)])[1][0]
    assert np.isfinite(np.asarray(given)).all()
    close(given[1], np.zeros(2))


def test_symbolic_loss_is_one_node_and_computes(close):
    true = kerasish.KerasTensor((None,), "int32")
    pred = kerasish.KerasTensor((None, 3))
    loss = losses.SparseCategoricalCrossentropy(ignore_class=2)
    output = loss(true, pred)
    assert output.shape == () and len(kerasish.graph.toposort([output])) == 1
    values = {id(true): LABELS, id(pred): P}
    kerasish.graph.evaluate(kerasish.graph.toposort([output]), values)
    close(values[id(output)], loss(LABELS, P))


def test_own_losses_need_only_call(close):
    class Weighted(losses.Loss):
        def __init__(self, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, y_true, y_pred):
            return self.factor * ops.mean(ops.abs(y_true["a"] - y_pred["a"]), axis=-1)

    loss = Weighted(3.0, reduction="sum")
    close(loss({"a": Y}, {"a": X}), 3 * np.abs(Y - X).mean(-1).sum(), rtol=1e-5)
    assert loss.name == "weighted" and Weighted().name == "weighted_1"
    config = loss.get_config()
    assert config == {"factor": 3.0, "name": loss.name, "reduction": "sum"}
    with kerasish.saving.custom_object_scope({"Weighted": Weighted}):
        assert losses.deserialize(losses.serialize(loss)).factor == 3.0
    assert losses.get(loss) is loss


def test_a_function_as_loss(close):
    def cubic(y_true, y_pred, power):
        return ops.mean(ops.abs(y_true - y_pred) ** power, axis=-1)

    loss = losses.LossFunctionWrapper(cubic, name="cubic", power=3)
    close(loss(Y, X), (np.abs(Y - X) ** 3).mean(), rtol=1e-5)
    with kerasish.saving.custom_object_scope({"cubic": cubic}):
        again = losses.deserialize(losses.serialize(loss))
    assert again.fn is cubic and again.power == 3


def test_lists_and_empty_batches(close):
    close(losses.MeanSquaredError()([0, 1], [[0.5], [0.5]]), 0.25)
    close(losses.MeanSquaredError()([[0, 1]], [[1, 1]]), 0.5)
    empty = np.zeros((0, 2), "float32")
    close(losses.MeanSquaredError(reduction="sum")(empty, empty), 0.0)
    close(losses.MeanSquaredError(reduction=None)(empty, empty), np.zeros(0))


def test_class_numbers_as_a_column_are_not_broadcast(close):
    loss = losses.CategoricalGeneralizedCrossEntropy()
    close(loss(LABELS[:, None], P), loss(LABELS, P))


def test_smoothing_uses_the_axis_of_the_classes(close):
    smooth = losses.categorical_crossentropy
    close(
        smooth(HOT.T, P.T, label_smoothing=0.3, axis=0),
        smooth(HOT, P, label_smoothing=0.3),
    )


ERRORS = [
    (lambda: losses.MeanSquaredError()(Y, X[:, :1]), r"\(4, 3\).*\(4, 1\).*3 units"),
    (lambda: losses.MeanSquaredError()(LABELS, X), r"\(4,\).*\(4, 3\).*sparse"),
    (
        lambda: losses.CategoricalCrossentropy()(LABELS[:, None], P),
        r"`categorical_crossentropy` compares.*sparse_categorical_crossentropy",
    ),
    (lambda: losses.Huber()(numbers(4, 2), X), r"\(4, 2\).*Reshape the targets"),
    (lambda: losses.Loss(reduction="summ"), "`reduction`.*'summ'.*Did you mean `sum`"),
    (lambda: losses.get("mean_square_error"), "Did you mean `mean_squared_error`"),
    (lambda: losses.get(5), "Could not interpret loss identifier: 5"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), "`q`.*q=1.0"),
    (lambda: losses.ctc(LABELS, STEPS), r"`ctc`.*y_true.shape=\(4,\)"),
    (
        lambda: losses.MeanSquaredError()(Y, X, sample_weight=np.ones(3)),
        r"`sample_weight` of shape \(3,\).*\(4,\)",
    ),
    (
        lambda: losses.MeanSquaredError()(Y, X, sample_weight=np.ones((4, 4))),
        r"`sample_weight` of shape \(4, 4\)",
    ),
]


@pytest.mark.parametrize(("call", "text"), ERRORS, ids=[text for _, text in ERRORS])
def test_errors(call, text):
    with pytest.raises(ValueError, match=f"(?s){text}"):
        call()


def test_a_loss_without_call_says_so():
    with pytest.raises(NotImplementedError, match="must define `call"):
        losses.Loss()(Y, X)


def test_one_class_is_warned_of():
    for name in ("categorical_crossentropy", "categorical_focal_crossentropy"):
        with pytest.warns(SyntaxWarning, match="only one.*binary_crossentropy"):
            getattr(losses, name)(Y[:, :1], ODDS[:, :1])
