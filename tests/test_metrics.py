"""Metrics against those of Keras: values, state, configs, names; and their laws."""

import inspect
import warnings

import keras
import numpy as np
import pytest

import kerasish.utils
from kerasish import KerasTensor, backend, metrics, ops, registry
from kerasish.graph import infer_call
from kerasish.variable import functional

pytestmark = pytest.mark.usefixtures("quick_compilation")

N, C = 8, 4


def batches():
    """Two batches of each kind of targets and predictions, and of weights."""
    rng = np.random.default_rng(7)
    for _ in range(2):
        scores = rng.uniform(0.02, 0.98, (N, C)).astype("float32")
        labels = rng.integers(0, C, N).astype("int32")
        yield (
            {
                "classes": (np.eye(C, dtype="float32")[labels], softmax(scores * 5)),
                "labels": (labels, softmax(scores * 5)),
                "column": (labels[:, None], softmax(scores * 5)),
                "bits": (rng.integers(0, 2, (N, C)).astype("float32"), scores),
                "flat": (rng.integers(0, 2, N).astype("float32"), scores[:, 0]),
                "logits": (
                    rng.integers(0, 2, (N, C)).astype("float32"),
                    scores * 6 - 3,
                ),
                "numbers": (normal(rng), normal(rng)),
                "positive": (scores, rng.uniform(0.1, 2, (N, C)).astype("float32")),
                "steps": (rng.integers(0, C, (N, 3)), uniform(rng, (N, 3, C))),
                "ids": (labels, rng.permuted(np.tile(np.arange(C), (N, 1)), axis=1)),
                "classes first": (labels.reshape(2, 4), uniform(rng, (2, C, 4))),
                "pairs": (labels, rng.integers(0, C, N).astype("int32")),
            },
            rng.integers(0, 4, N).astype("float32"),
        )


def normal(rng):
    return rng.normal(0, 1, (N, C)).astype("float32")


def uniform(rng, shape):
    return rng.uniform(0, 1, shape).astype("float32")


def softmax(x):
    e = np.exp(x)
    return (e / e.sum(-1, keepdims=True)).astype("float32")


BATCHES = list(batches())
# class, arguments, kind of data
CASES = [
    ("Accuracy", {}, "pairs"),
    ("BinaryAccuracy", {}, "bits"),
    ("BinaryAccuracy", {"threshold": 0.3}, "flat"),
    ("CategoricalAccuracy", {}, "classes"),
    ("SparseCategoricalAccuracy", {}, "labels"),
    ("SparseCategoricalAccuracy", {}, "column"),
    ("SparseCategoricalAccuracy", {}, "steps"),
    ("TopKCategoricalAccuracy", {"k": 2}, "classes"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels"),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, "steps"),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, "ids"),
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "positive"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "flat"),
    ("LogCoshError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("CosineSimilarity", {"axis": 1}, "numbers"),
    ("Hinge", {}, "bits"),
    ("SquaredHinge", {}, "bits"),
    ("CategoricalHinge", {}, "classes"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, "numbers"),
    ("R2Score", {"num_regressors": 2}, "numbers"),
    ("KLDivergence", {}, "classes"),
    ("Poisson", {}, "positive"),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, "bits"),
    ("BinaryCrossentropy", {"from_logits": True}, "logits"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "classes"),
    ("CategoricalCrossentropy", {"from_logits": True}, "classes"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "steps"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels"),
    ("PearsonCorrelation", {}, "numbers"),
    ("ConcordanceCorrelation", {"axis": 1}, "numbers"),
    ("TruePositives", {}, "bits"),
    ("FalsePositives", {"thresholds": [0.7, 0.1, 0.4]}, "bits"),
    ("TrueNegatives", {"thresholds": 0.3}, "flat"),
    ("FalseNegatives", {"thresholds": [0.2, 0.6]}, "flat"),
    ("Precision", {}, "bits"),
    ("Precision", {"thresholds": [0.3, 0.9]}, "flat"),
    ("Precision", {"top_k": 2}, "bits"),
    ("Precision", {"class_id": 1, "thresholds": 0.4}, "bits"),
    ("Recall", {}, "bits"),
    ("Recall", {"top_k": 3, "class_id": 2}, "bits"),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, "bits"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "class_id": 0}, "bits"),
    ("PrecisionAtRecall", {"recall": 0.3, "num_thresholds": 20}, "flat"),
    ("PrecisionAtRecall", {"recall": 0.3, "num_thresholds": 1}, "flat"),
    ("RecallAtPrecision", {"precision": 0.6}, "bits"),
    ("AUC", {}, "flat"),
    ("AUC", {"curve": "PR"}, "bits"),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 30}, "bits"),
    ("AUC", {"curve": "pr", "summation_method": "majoring"}, "bits"),
    ("AUC", {"summation_method": "minoring"}, "bits"),
    ("AUC", {"thresholds": [0.8, 0.25, 0.3]}, "bits"),
    ("AUC", {"from_logits": True}, "logits"),
    ("AUC", {"multi_label": True}, "bits"),
    ("AUC", {"multi_label": True, "num_labels": C, "curve": "PR"}, "bits"),
    ("AUC", {"label_weights": [1.0, 0.5, 2.0, 0.0]}, "bits"),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 0.5, 2.0, 0.0]}, "bits"),
    ("FBetaScore", {"beta": 2.0, "threshold": 0.4}, "bits"),
    ("FBetaScore", {"average": "weighted"}, "classes"),
    ("F1Score", {}, "classes"),
    ("F1Score", {"average": "micro"}, "classes"),
    ("F1Score", {"average": "macro", "threshold": 0.5}, "bits"),
    ("IoU", {"num_classes": C, "target_class_ids": [0, 2]}, "pairs"),
    ("IoU", {"num_classes": 3, "target_class_ids": [1]}, "pairs"),
    ("BinaryIoU", {"threshold": 0.4}, "bits"),
    ("BinaryIoU", {"target_class_ids": (1,)}, "flat"),
    ("MeanIoU", {"num_classes": C, "ignore_class": 1}, "pairs"),
    ("MeanIoU", {"num_classes": C, "sparse_y_pred": False}, "labels"),
    ("OneHotIoU", {"num_classes": C, "target_class_ids": [3]}, "classes"),
    ("OneHotMeanIoU", {"num_classes": C}, "classes"),
]
VALUES = [("Mean", {}), ("Sum", {}), ("Mean", {"dtype": "float16"})]
EVERY = [*CASES, *((name, kwargs, None) for name, kwargs in VALUES)]


def label(case):
    name, kwargs, kind = case
    return f"{name}({', '.join(f'{k}={v}' for k, v in kwargs.items())})-{kind}"


def arguments(name, kind, weighted, batch):
    """`(y_true, y_pred)` or `(values,)`, and weights; for IoU one for each element."""
    data, weights = BATCHES[batch]
    y = (data["numbers"][0],) if kind is None else data[kind]
    if weighted and "IoU" in name:
        rank = 1 if "OneHot" in name else y[0].ndim
        column = weights.reshape(-1, *(1,) * (rank - 1)).astype("int32")
        weights = np.broadcast_to(column, y[0].shape[:rank])
    return y, weights if weighted else None


def feed(metric, name, kind, weighted):
    for batch in range(2):
        y, weights = arguments(name, kind, weighted, batch)
        metric.update_state(*y, sample_weight=weights)


def state(metric):
    return [np.array(v.value) for v in metric.variables]


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # Keras's IoU
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", EVERY, ids=label)
def test_equals_keras(case, weighted, close):
    name, kwargs, kind = case
    ours, theirs = (getattr(m, name)(**kwargs) for m in (metrics, keras.metrics))
    feed(ours, name, kind, weighted)
    feed(theirs, name, kind, weighted)
    assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert [v.dtype for v in ours.variables] == [v.dtype for v in theirs.variables]
    close(state(ours), state(theirs))
    close(ours.result(), theirs.result())
    assert backend.dtype_name(ours.result()) == str(theirs.result().dtype)
    ours.reset_state()
    assert not any(v.numpy().any() for v in ours.variables)


# One case of each class: compiling takes the longest.
ONE_EACH = {case[0]: case for case in EVERY}.values()


@pytest.mark.parametrize("case", ONE_EACH, ids=label)
def test_compiled_equals_eager_and_stateless_leaves_the_state(case, close):
    name, kwargs, kind = case
    metric = getattr(metrics, name)(**kwargs)
    feed(metric, name, kind, True)  # makes the variables that come late
    start = state(metric)
    y, weights = arguments(name, kind, True, 0)

    def step(values, y, weights):
        values = metric.stateless_update_state(values, *y, sample_weight=weights)
        return values, metric.stateless_result(values)

    values, result = backend.jit(step)(
        [v.value for v in metric.variables],
        tuple(map(backend.asarray, y)),
        backend.asarray(weights),
    )
    close(state(metric), start)
    metric.update_state(*y, sample_weight=weights)
    close(values, state(metric))
    close(result, metric.result())
    zeros = metric.stateless_reset_state()
    assert not any(np.asarray(z).any() for z in zeros)
    assert [np.shape(z) for z in zeros] == [v.shape for v in metric.variables]


@pytest.mark.parametrize("case", EVERY, ids=label)
def test_an_abstract_batch_makes_the_state_and_leaves_it_zero(case):
    name, kwargs, kind = case
    y, weights = arguments(name, kind, True, 0)
    symbolic = [
        KerasTensor((None, *v.shape[1:]), backend.dtype_name(v)) for v in (*y, weights)
    ]
    metric = getattr(metrics, name)(**kwargs)

    def update(*y, sample_weight):
        metric.update_state(*y, sample_weight=sample_weight)
        return metric.current_value()

    result = infer_call(update, tuple(symbolic[:-1]), {"sample_weight": symbolic[-1]})
    assert metric.variables and not any(v.any() for v in state(metric))
    assert result.shape == np.shape(metric.result())


# What our configs hold besides Keras's, which forgets it when a metric is loaded.
MORE = {"CosineSimilarity": {"axis": 1}}


@pytest.mark.parametrize("case", EVERY, ids=label)
def test_config_equals_keras_and_comes_back(case, close):
    name, kwargs, kind = case
    ours, theirs = (getattr(m, name)(**kwargs) for m in (metrics, keras.metrics))
    expected = theirs.get_config()
    if expected.get("label_weights") is not None:
        expected["label_weights"] = np.asarray(expected["label_weights"]).tolist()
    if "axis" in kwargs:
        expected |= MORE.get(name, {})
    assert ours.get_config() == expected
    assert repr(ours) == repr(theirs)
    assert ours._direction == getattr(theirs, "_direction", None)
    saved = metrics.serialize(ours)
    assert saved["module"] == "keras.metrics" and saved["class_name"] == name
    again = metrics.deserialize(saved)
    assert type(again) is type(ours) and again.get_config() == ours.get_config()
    y, _ = arguments(name, kind, False, 0)
    again.update_state(*y)
    ours.update_state(*y)
    close(again.result(), ours.result())


FUNCTIONS = [
    ("binary_accuracy", {"threshold": 0.3}, "bits"),
    ("categorical_accuracy", {}, "classes"),
    ("sparse_categorical_accuracy", {}, "labels"),
    ("sparse_categorical_accuracy", {}, "column"),
    ("top_k_categorical_accuracy", {"k": 2}, "classes"),
    ("sparse_top_k_categorical_accuracy", {"k": 2}, "steps"),
    ("sparse_top_k_categorical_accuracy", {"k": 2, "from_sorted_ids": True}, "ids"),
    ("pearson_correlation", {}, "numbers"),
    ("concordance_correlation", {"axis": 0}, "numbers"),
]


@pytest.mark.parametrize("case", FUNCTIONS, ids=label)
def test_functions_equal_keras(case, close):
    name, kwargs, kind = case
    y = BATCHES[0][0][kind]
    ours = getattr(metrics, name)(*y, **kwargs)
    theirs = getattr(keras.metrics, name)(*y, **kwargs)
    close(ours, theirs)
    assert backend.dtype_name(ours) == str(theirs.dtype)
    symbolic = [KerasTensor((None, *v.shape[1:]), str(v.dtype)) for v in y]
    batch = () if kwargs.get("axis") == 0 else (None,)
    expected = (*batch, *np.shape(ours)[len(batch) :])
    assert getattr(metrics, name)(*symbolic, **kwargs).shape == expected


def test_class_numbers_are_compared_exactly_though_scores_have_16_bits():
    scores = np.zeros((1, 300), "float32")
    scores[0, 257] = 1
    scores = ops.cast(scores, "bfloat16")
    assert float(metrics.sparse_categorical_accuracy([257], scores)[0]) == 1
    assert float(metrics.sparse_categorical_accuracy([256], scores)[0]) == 0


def public(module):
    return {
        name: getattr(module, name)
        for name in dir(module)
        if name[0] != "_" and callable(getattr(module, name))
    }


def test_every_public_name_with_its_signature():
    for name, theirs in public(keras.metrics).items():
        mine = inspect.signature(getattr(metrics, name))
        other = inspect.signature(theirs)
        ours = [(p.name, p.kind, p.default) for p in mine.parameters.values()]
        assert ours == [(p.name, p.kind, p.default) for p in other.parameters.values()]


def test_every_class_has_a_case():
    classes = {n for n, c in public(keras.metrics).items() if inspect.isclass(c)}
    assert classes - {name for name, *_ in EVERY} == {"Metric", "MeanMetricWrapper"}


NAMES = """mse MSE mae MAE mape MAPE msle MSLE bce BCE mean sum auc AUC f1_score F1Score
    f_beta_score accuracy Accuracy precision Recall r2_score kl_divergence poisson hinge
    cosine_similarity log_cosh_error true_positives binary_accuracy squared_hinge
    categorical_crossentropy sparse_categorical_accuracy top_k_categorical_accuracy
    pearson_correlation root_mean_squared_error categorical_hinge""".split()


@pytest.mark.parametrize("name", NAMES)
def test_get_knows_the_names_that_keras_knows(name):
    ours, theirs = metrics.get(name), keras.metrics.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.name == theirs.name


def test_get_takes_all_kinds_of_identifiers():
    assert metrics.get(None) is None
    assert isinstance(metrics.get(metrics.Mean), metrics.Mean)
    assert metrics.get(metrics.binary_accuracy) is metrics.binary_accuracy
    mean = metrics.Mean()
    assert metrics.get(mean) is mean
    found = metrics.get({"class_name": "Mean", "config": {"name": "m"}})
    assert isinstance(found, metrics.Mean) and found.name == "m"
    assert isinstance(metrics.get("kld"), metrics.KLDivergence)
    assert isinstance(metrics.get("logcosh"), metrics.LogCoshError)
    with pytest.raises(ValueError, match="Did you mean `precision`"):
        metrics.get("precison")
    with pytest.raises(ValueError, match="metric identifier"):
        metrics.get(3)


def test_automatic_names_count():
    for space in (metrics, keras.metrics):
        assert [space.AUC().name for _ in range(3)] == ["auc", "auc_1", "auc_2"]
        assert [space.BinaryIoU().name for _ in range(2)] == [
            "binary_io_u",
            "binary_io_u_1",
        ]
        assert space.MeanSquaredError().name == "mean_squared_error"
        assert space.MeanSquaredError().name == "mean_squared_error"
        assert space.MeanMetricWrapper(space.mean_squared_error).name == (
            "mean_metric_wrapper"
        )


SHAPES = {"batch": (N,), "column": (N, 1), "steps": (N, 3), "number": ()}


def sequence_state(space, name, weights, mask):
    """State after a batch of sequences with a mask on the predictions."""
    ours = space is metrics
    y_true, y_pred = BATCHES[0][0]["steps"]
    if name == "MeanAbsoluteError":
        y_true = np.eye(C, dtype="float32")[y_true]
    tensor = (ops if ours else keras.ops).convert_to_tensor
    y_pred = tensor(y_pred)
    if mask is not None:
        attach = kerasish.masks.set_mask if ours else keras.src.backend.set_keras_mask
        attach(y_pred, tensor(mask))
    metric = getattr(space, name)()
    metric.update_state(y_true, y_pred, sample_weight=weights)
    return state(metric)


@pytest.mark.parametrize("weights", [None, *SHAPES])
@pytest.mark.parametrize("masked", [False, True], ids=["open", "masked"])
@pytest.mark.parametrize("name", ["MeanAbsoluteError", "SparseCategoricalAccuracy"])
def test_masks_and_weights_of_sequences(name, masked, weights, close):
    rng = np.random.default_rng(3)
    mask = rng.integers(0, 2, (N, 3)).astype(bool) if masked else None
    given = None if weights is None else uniform(rng, SHAPES[weights])
    ours = sequence_state(metrics, name, given, mask)
    if masked and weights == "batch":  # Keras refuses this shape beside a mask
        given = given[:, None]
    close(ours, sequence_state(keras.metrics, name, given, mask))


def test_masked_padding_counts_nothing():
    y_true, y_pred = BATCHES[0][0]["steps"]
    padded = np.concatenate([y_pred, np.zeros((N, 2, C), "float32")], axis=1)
    targets = np.concatenate([y_true, np.zeros((N, 2), y_true.dtype)], axis=1)
    scores = ops.convert_to_tensor(padded)
    kerasish.masks.set_mask(scores, np.arange(5)[None] < np.full((N, 1), 3))
    whole = metrics.SparseCategoricalAccuracy()(targets, scores)
    plain = metrics.SparseCategoricalAccuracy()(y_true, y_pred)
    np.testing.assert_allclose(whole, plain, rtol=1e-6)


def test_counts_take_weights_for_samples_and_for_elements(close):
    y_true, y_pred = BATCHES[0][0]["bits"]
    rng = np.random.default_rng(5)
    for shape in [(), (N,), (N, 1), (N, C)]:
        weights = uniform(rng, shape)
        ours = metrics.Precision()(y_true, y_pred, weights)
        close(ours, keras.metrics.Precision()(y_true, y_pred, weights))
    # Keras fails here: own thresholds, labels apart and weights
    auc = metrics.AUC(thresholds=[0.3, 0.5], multi_label=True)
    whole = auc(y_true, y_pred, sample_weight=np.arange(N) % 2)
    auc.reset_state()
    close(whole, auc(y_true[1::2], y_pred[1::2]))


def test_thresholds_are_exceeded_strictly_and_nan_exceeds_none():
    scores = np.array([0.3, 0.5, 0.7, np.nan], "float32")
    metric = metrics.TruePositives(thresholds=[0.7, 0.3, 0.5])
    metric.update_state(np.ones(4), scores)
    assert np.asarray(metric.result()).tolist() == [0, 2, 1]


def test_auc_is_the_chance_of_a_right_order():
    rng = np.random.default_rng(2)
    y_true = rng.integers(0, 2, 200)
    y_pred = np.clip(rng.normal(0.4 + 0.2 * y_true, 0.1), 0, 1)
    right = y_pred[y_true == 1][:, None] > y_pred[y_true == 0][None]
    auc = metrics.AUC()(y_true, y_pred)
    assert abs(float(auc) - right.mean()) < 3e-3


def test_empty_metrics_are_zero():
    for name in ("Mean", "Sum", "AUC", "Precision", "Recall", "TruePositives"):
        assert float(getattr(metrics, name)().result()) == 0


def test_adjusted_r2_needs_more_values_than_regressors():
    y_true, y_pred = (v[:2, :1] for v in BATCHES[0][0]["numbers"])
    plain = metrics.R2Score()(y_true, y_pred)
    assert float(metrics.R2Score(num_regressors=1)(y_true, y_pred)) == float(plain)


class Largest(metrics.Metric):
    """A user's metric: own state, own reset, a list and a metric inside."""

    def __init__(self, factor=1.0, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.factor = factor
        self.top = self.add_weight(name="top", initializer="zeros")
        self.mean = metrics.Mean(name="inner")
        self.more = [metrics.Sum(name="first"), metrics.Sum(name="second")]
        self.steps = self.add_variable((2,), "ones", dtype="int32", name="steps")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.top.assign(ops.maximum(self.top, ops.max(y_pred) * self.factor))
        self.mean.update_state(y_pred)
        for metric in self.more:
            metric.update_state(y_true)
        self.steps.assign(self.steps + 1)

    def result(self):
        return {"top": self.top, "mean": self.mean.result()}

    def reset_state(self):
        super().reset_state()
        self.steps.assign([1, 1])


def test_a_metric_of_ones_own():
    metric = Largest(factor=2.0)
    names = ["top", "steps", "total", "count", "total", "total"]
    assert [v.name for v in metric.variables] == names
    assert metric.variables[0].path == "largest/top"
    result = metric([1.0, 2.0], [3.0, 4.0])
    assert float(result["top"]) == 8 and float(result["mean"]) == 3.5
    assert metric.steps.numpy().tolist() == [2, 2]

    values = [v.value for v in metric.variables]
    update = backend.jit(functional(metric.update_state, metric.variables))
    _, values = update(values, backend.asarray([1.0]), backend.asarray([9.0]))
    assert float(metric.stateless_result(values)["top"]) == 18
    assert float(metric.more[0].result()) == 3
    metric.reset_state()
    assert metric.steps.numpy().tolist() == [1, 1] and float(metric.top) == 0

    config = metric.get_config()
    assert config == {"factor": 2.0, "name": "largest", "dtype": "float32"}
    with registry.CustomObjectScope({"Largest": Largest}):
        again = metrics.deserialize(metrics.serialize(metric))
    assert isinstance(again, Largest) and again.factor == 2.0


def test_a_wrapped_function_comes_back_with_its_arguments():
    metric = metrics.MeanMetricWrapper(metrics.huber, name="h", delta=0.5)
    theirs = keras.metrics.MeanMetricWrapper(keras.losses.huber, name="h", delta=0.5)
    assert metric.get_config() == theirs.get_config()
    again = metrics.deserialize(metrics.serialize(metric))
    y = BATCHES[0][0]["numbers"]
    np.testing.assert_allclose(again(*y), theirs(*y), rtol=1e-5)
    assert again._direction == "down"


def test_dtype_may_be_a_policy():
    assert metrics.Mean(dtype="mixed_bfloat16").dtype == "bfloat16"
    assert metrics.Mean(dtype=kerasish.DTypePolicy("float16")).dtype == "float16"
    assert metrics.IoU(2, [0]).dtype == "int32"


def test_iou_warns_that_it_cuts_fractions_of_weights():
    with pytest.warns(UserWarning, match="Give the metric dtype='float32'"):
        metrics.MeanIoU(2)([0, 1], [1, 1], sample_weight=np.array([0.5, 2.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metric = metrics.MeanIoU(2, dtype="float32")
        metric.update_state([0, 1], [1, 1], sample_weight=np.array([0.5, 2.0]))
    assert float(metric.total_cm.numpy().sum()) == 2.5


BITS = np.ones((3, 2)), np.full((3, 2), 0.6)
ERRORS = [
    (lambda: metrics.AUC(curve="rok"), "`curve` of AUC must be one of .* got 'rok'"),
    (lambda: metrics.AUC(num_thresholds=1), "`num_thresholds` must be an integer > 1"),
    (lambda: metrics.AUC(num_labels=2), "`num_labels` is needed only"),
    (lambda: metrics.AUC(thresholds=[1.5]), r"must be in \[0, 1\], got \[1.5\]"),
    (lambda: metrics.AUC(multi_label=True)(BITS[0][0], BITS[1][0]), r"\(batch, labels"),
    (
        lambda: metrics.AUC(multi_label=True, num_labels=3)(*BITS),
        "counts 3 labels, got `y_pred` of shape",
    ),
    (lambda: metrics.Precision(thresholds=-0.1), r"must be in \[0, 1\]"),
    (lambda: metrics.Precision(class_id=2)(*BITS), "`class_id=2` of metric"),
    (
        lambda: metrics.Precision()(BITS[0], BITS[1][:, :1]),
        r"y_true \(3, 2\) and y_pred",
    ),
    (
        lambda: metrics.Recall()(*BITS, np.ones(2)),
        "`sample_weight` .*of metric `recall`",
    ),
    (lambda: metrics.PrecisionAtRecall(2), r"`recall` must be in \[0, 1\], got 2"),
    (lambda: metrics.PrecisionAtRecall(0.5, 0), "`num_thresholds` must be"),
    (lambda: metrics.R2Score("mean"), "`class_aggregation` must be one of"),
    (lambda: metrics.R2Score(num_regressors=-1), "`num_regressors` must be >= 0"),
    (lambda: metrics.R2Score()(BITS[0][0], BITS[0][0]), "expects 2D inputs"),
    (lambda: metrics.FBetaScore(beta=1), "`beta` must be a Python float > 0"),
    (lambda: metrics.F1Score("mean"), "`average` must be one of"),
    (lambda: metrics.F1Score(threshold=1), "`threshold` must be None or"),
    (lambda: metrics.F1Score()(BITS[0], BITS[0][:, :1]), "of the same shape"),
    (lambda: metrics.IoU(2, [2]), r"must be in \[0, 2\), got \[2\]"),
    (lambda: metrics.MeanIoU(2)([0, 1], [0]), "2 in y_true and 1 in y_pred"),
    (lambda: metrics.Mean()([1.0, 2.0], [1.0, 2.0, 3.0]), r"`mean` has shape \(3,\)"),
    (lambda: metrics.Mean().stateless_result([1.0]), r"2 variables .*\(total, count\)"),
]


@pytest.mark.parametrize("act, message", ERRORS)
def test_errors_say_what_is_wrong(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_a_subclass_that_forgets_is_told():
    class Empty(metrics.Metric):
        def __init__(self):
            self.add_weight(name="x")

    with pytest.raises(RuntimeError, match=r"must call `super\(\).__init__\(\)`"):
        Empty()
    with pytest.raises(NotImplementedError, match="must define `update_state`"):
        metrics.Metric()(1)
    with pytest.raises(NotImplementedError, match="must define `result`"):
        metrics.Metric().result()
