"""Metrics against those of Keras on drawn cases: options, shapes, dtypes, weights."""

import inspect
import itertools

import keras
import numpy as np
import pytest

import kerasish
from kerasish import metrics

pytestmark = pytest.mark.usefixtures("quick_compilation")

N, C = 6, 3  # rows of a batch, classes: the same in all cases, so that programs are
DRAWN = 5  # cases of a class, beside one for each value of each option


def softmax(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


def data(kind, draw):
    """Targets and predictions of a kind, in one of the dtypes that users have."""
    labels = draw.integers(0, C, N)
    scores = draw.uniform(0.01, 0.99, (N, C))
    if kind == "bits" or kind == "logits":
        y = draw.integers(0, 2, (N, C)), scores * 6 - 3 if kind == "logits" else scores
    elif kind == "flat":
        y = draw.integers(0, 2, N), scores[:, 0]
    elif kind == "grid":
        y = draw.integers(0, 2, (N, 2, C)), draw.uniform(0.01, 0.99, (N, 2, C))
    elif kind == "classes":
        y = np.eye(C)[labels], softmax(3 * scores)
    elif kind == "labels":
        y = labels, softmax(3 * scores)
    elif kind == "label column":
        y = labels[:, None], softmax(3 * scores)
    elif kind == "steps":
        y = draw.integers(0, C, (N, 2)), softmax(draw.normal(size=(N, 2, C)))
    elif kind == "one hot and labels":
        y = np.eye(C)[labels], draw.integers(0, C, N)
    elif kind == "one hot first":
        y = np.eye(C)[labels].T, softmax(3 * scores).T
    elif kind == "one hot steps":
        y = np.eye(C)[draw.integers(0, C, (N, 2))], softmax(draw.normal(size=(N, 2, C)))
    elif kind == "ids":
        y = labels, draw.permuted(np.tile(np.arange(C), (N, 1)), axis=1)
    elif kind == "pairs":
        y = labels, draw.integers(0, C, N)
    elif kind == "pairs of rows":
        y = draw.integers(0, C, (N, 2)), draw.integers(0, C, (N, 2))
    elif kind == "numbers":
        y = draw.normal(size=(N, C)), draw.normal(size=(N, C))
    elif kind == "cubes":
        y = draw.normal(size=(N, 2, C)), draw.normal(size=(N, 2, C))
    elif kind == "positive":
        y = draw.uniform(0.1, 2, (N, C)), draw.uniform(0.1, 2, (N, C))
    elif kind == "values":
        return (draw.normal(size=(N, C)).astype("float32"),)
    true, pred = y
    whole = [t for t in ("int32", "uint8", "float32") if kind != "numbers"]
    if true.dtype.kind == "i":
        true = true.astype(draw.choice(whole))
    elif true.dtype.kind == "f":
        true = true.astype("float32")
    return true, pred.astype("int32" if pred.dtype.kind == "i" else "float32")


BITS = ("bits", "flat", "grid")
THRESHOLDS = [None, 0.3, [0.9, 0.4, 0.6]]
AT = {"num_thresholds": [200, 7, 1], "class_id": [None, 1]}
AVERAGE = {"average": [None, "micro", "macro", "weighted"], "threshold": [None, 0.4]}
IOU = {
    "num_classes": [C],
    "ignore_class": [None, 1],
    "sparse_y_pred": [True, False],
    "axis": [-1, 0],
}
TRUE = {"sparse_y_true": [True, False]}
SOME = {"target_class_ids": [[0], [2, 0]]}
PAIRS = ["pairs", "pairs of rows", "labels", "steps"]
HOT = ["classes", "one hot first", "one hot and labels"]
CROSS = {"from_logits": [False, True], "label_smoothing": [0, 0.2], "axis": [-1]}

# class -> options, kinds of data
SPACES = {
    "Mean": ({}, ["values"]),
    "Sum": ({}, ["values"]),
    "Accuracy": ({}, ["pairs", "pairs of rows"]),
    "BinaryAccuracy": ({"threshold": [0.5, 0.1, 0.75]}, BITS),
    "CategoricalAccuracy": ({}, ["classes", "one hot steps"]),
    "SparseCategoricalAccuracy": ({}, ["labels", "label column", "steps"]),
    "TopKCategoricalAccuracy": ({"k": [1, 2, 5]}, ["classes", "one hot steps"]),
    "SparseTopKCategoricalAccuracy": (
        {"k": [1, 2, 5], "from_sorted_ids": [False, True]},
        ["labels", "steps", "ids"],
    ),
    **{
        name: ({}, ["numbers", "cubes", "positive"])
        for name in (
            *("MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError"),
            *("LogCoshError", "MeanAbsolutePercentageError"),
        )
    },
    "MeanSquaredLogarithmicError": ({}, ["positive", "bits"]),
    "Poisson": ({}, ["positive", "bits"]),
    "KLDivergence": ({}, ["classes", "positive"]),
    "CosineSimilarity": ({"axis": [-1, 1]}, ["numbers", "cubes"]),
    "PearsonCorrelation": ({"axis": [-1, 1]}, ["numbers", "cubes"]),
    "ConcordanceCorrelation": ({"axis": [-1, 1]}, ["numbers", "cubes"]),
    "Hinge": ({}, ["bits", "numbers"]),
    "SquaredHinge": ({}, ["bits", "numbers"]),
    "CategoricalHinge": ({}, ["classes", "one hot steps"]),
    "R2Score": (
        {
            "class_aggregation": ["uniform_average", "variance_weighted_average", None],
            "num_regressors": [0, 1],
        },
        ["numbers", "positive"],
    ),
    "BinaryCrossentropy": (
        {"from_logits": [False, True], "label_smoothing": [0, 0.2]},
        ["bits", "grid", "logits"],
    ),
    "CategoricalCrossentropy": (CROSS, ["classes", "one hot steps"]),
    "SparseCategoricalCrossentropy": (
        {"from_logits": [False, True], "ignore_class": [None, 1], "axis": [-1]},
        ["labels", "label column", "steps"],
    ),
    **{
        name: ({"thresholds": THRESHOLDS}, BITS)
        for name in (
            *("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"),
        )
    },
    **{
        name: (
            {"thresholds": THRESHOLDS, "top_k": [None, 2], "class_id": [None, 0]},
            ["bits", "classes", "grid"],
        )
        for name in ("Precision", "Recall")
    },
    "SensitivityAtSpecificity": ({"specificity": [0.3, 0.9], **AT}, ["bits", "flat"]),
    "SpecificityAtSensitivity": ({"sensitivity": [0.3, 0.9], **AT}, ["bits", "flat"]),
    "PrecisionAtRecall": ({"recall": [0.3, 0.9], **AT}, ["bits", "flat"]),
    "RecallAtPrecision": ({"precision": [0.3, 0.9], **AT}, ["bits", "flat"]),
    "AUC": (
        {
            "num_thresholds": [200, 11],
            "curve": ["ROC", "PR", "PRGAIN"],
            "summation_method": ["interpolation", "minoring", "majoring"],
            "thresholds": [None, [0.2, 0.7, 0.5]],
            "multi_label": [False, True],
            "num_labels": [None, C],
            "label_weights": [None, [1.0, 0.0, 0.5]],
            "from_logits": [False, True],
        },
        ["bits", "logits", "flat"],
    ),
    "F1Score": (AVERAGE, ["classes", "bits"]),
    "FBetaScore": ({"beta": [1.0, 0.5], **AVERAGE}, ["classes", "bits"]),
    "BinaryIoU": (
        {"target_class_ids": [(0, 1), (1,)], "threshold": [0.5, 0.2]},
        BITS,
    ),
    "IoU": ({**IOU, **TRUE, **SOME}, [*PAIRS, *HOT, "one hot steps"]),
    "MeanIoU": ({**IOU, **TRUE}, [*PAIRS, *HOT, "one hot steps"]),
    "OneHotIoU": ({**IOU, **SOME}, HOT),
    "OneHotMeanIoU": (IOU, HOT),
}


def fits(name, options, kind):
    """Say whether data of a kind are what a metric with these options is for."""
    get = options.get
    if name == "AUC":
        apart, several = get("multi_label"), kind != "flat"
        fine = several or not (apart or get("label_weights"))
        fine = fine and (apart or get("num_labels") is None)
        return fine and get("from_logits") == (kind == "logits")
    if name == "BinaryCrossentropy":
        return get("from_logits") == (kind == "logits")
    if name == "SparseTopKCategoricalAccuracy":
        return get("from_sorted_ids") == (kind == "ids")
    if "class_id" in options and kind == "flat":
        return get("class_id") is None
    if "num_classes" in options:
        hot = "hot" in kind or kind == "classes"
        labels = "pairs" in kind or kind == "one hot and labels"
        fine = get("sparse_y_pred") == labels and get("sparse_y_true", False) != hot
        return fine and (get("axis") == 0) == (kind == "one hot first")
    return True


def cases(name):
    """One case for each value of each option, and some drawn ones: (options, kind)."""
    space, kinds = SPACES[name]
    every = [
        (options, kind)
        for values in itertools.product(*space.values())
        for options in [dict(zip(space, values))]
        for kind in kinds
        if fits(name, options, kind)
    ]
    draw = np.random.default_rng(sum(map(ord, name)))
    order = [every[i] for i in draw.permutation(len(every))]
    found, seen = [], set()
    for options, kind in order:
        new = {("kind", kind), *((k, repr(v)) for k, v in options.items())} - seen
        if new or len(found) < DRAWN:
            found.append((options, kind))
            seen |= new
    missing = {(k, repr(v)) for k, values in space.items() for v in values} - seen
    assert not missing and {("kind", kind) for kind in kinds} <= seen
    return found


def weights_of(name, kind, y, draw, number):
    """Weights of the rows, or of the elements where Keras needs those; or None."""
    if number % 3 == 0:
        return None
    if "IoU" in name:  # one for each pair of labels
        shape = (N, 2) if "steps" in kind or kind == "pairs of rows" else (N,)
        shape = y[0].shape if name == "BinaryIoU" else shape
        return draw.integers(0, 3, shape).astype("int32")
    shape = (N, 2) if name == "SparseCategoricalCrossentropy" and kind == "steps" else N
    if kind == "grid" and "thresholds" in SPACES[name][0]:
        shape = (N, 2, 1)
    weights = draw.uniform(0, 2, shape).astype("float32")
    weights[0] = 0
    return weights


def config_of(metric):
    """The config as plain values; Keras keeps arrays in some."""
    config = metric.get_config()
    return {k: np.asarray(v).tolist() if k != "fn" else v for k, v in config.items()}


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # Keras's IoU
@pytest.mark.parametrize("name", SPACES)
def test_drawn_cases_equal_keras(name, close):
    for number, (options, kind) in enumerate(cases(name)):
        draw = np.random.default_rng(number)
        ours, theirs = (getattr(m, name)(**options) for m in (metrics, keras.metrics))
        results = []
        for _ in range(2):
            y = data(kind, draw)
            weights = weights_of(name, kind, y, draw, number)
            for metric in (ours, theirs):
                metric.update_state(*y, sample_weight=weights)
            results.append(ours.result())
            close(results[-1], theirs.result())
        mine = config_of(ours)
        assert {k: mine[k] for k in config_of(theirs)} == config_of(theirs)
        again = type(ours).from_config(ours.get_config())
        assert again.get_config() == ours.get_config()
        ours.reset_state()
        assert not any(v.numpy().any() for v in ours.variables)
        ours.update_state(*y, sample_weight=weights)
        again.update_state(*y, sample_weight=weights)
        close(again.result(), ours.result(), 0, 0)


def test_every_metric_is_drawn_with_all_its_options():
    named = {n: c for n, c in vars(keras.metrics).items() if inspect.isclass(c)}
    assert set(named) - set(SPACES) == {"Metric", "MeanMetricWrapper"}
    for name, (space, _) in SPACES.items():
        options = set(inspect.signature(named[name]).parameters)
        # `name` and `dtype`; the order of top-k in 16 bits has tests of its own
        assert options - set(space) <= {"name", "dtype", "num_classes"}, name


FUNCTIONS = sorted(
    name
    for name, thing in vars(keras.metrics).items()
    if inspect.isfunction(thing) and name not in ("get", "serialize", "deserialize")
)


def test_functions_equal_keras_on_the_cases_of_their_classes(close):
    classes = {kerasish.registry.to_snake_case(name): name for name in SPACES}
    drawn = [name for name in FUNCTIONS if not hasattr(keras.losses, name)]
    assert len(drawn) == 7
    for name in drawn:
        for options, kind in cases(classes[name]):
            y = data(kind, np.random.default_rng(0))
            theirs = getattr(keras.metrics, name)(*y, **options)
            close(getattr(metrics, name)(*y, **options), theirs)
    for name in set(FUNCTIONS) - set(drawn):  # the losses are compared as such
        assert getattr(metrics, name) is getattr(kerasish.losses, name)


# --- in training ----------------------------------------------------------------------

BATCH = 4  # the last one of the rows is short


class Largest(metrics.Metric):
    """A metric of one's own: state that is not a mean."""

    def __init__(self, name="largest"):
        super().__init__(name=name)
        self.top = self.add_variable((), "zeros", name="top")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.top.assign(kerasish.ops.maximum(self.top, kerasish.ops.max(y_pred)))

    def result(self):
        return self.top


def gap(y_true, y_pred):
    return kerasish.ops.max(kerasish.ops.abs(y_true - y_pred), axis=-1)


# What is measured on the outputs of one model: all but what wants labels or elements.
OUTPUTS = {"classes": ("classes", "bits"), "numbers": ("numbers",)}
OTHERS = ("IoU", "MeanIoU", "BinaryIoU")
NEEDED = ("specificity", "sensitivity", "recall", "precision", "num_classes")
PLAIN = ("AUC", "BinaryAccuracy", "F1Score", "MeanSquaredError", "R2Score")


def made(output, weighted):
    """A metric of each class that suits an output; fewer without weights."""
    found = []
    for name, (space, kinds) in SPACES.items():
        fit = set(OUTPUTS[output]) & set(kinds) and name not in OTHERS
        if fit and (weighted or name in PLAIN):
            options = {k: v[0] for k, v in space.items() if k in NEEDED}
            if "num_thresholds" in space:
                options["num_thresholds"] = 7
            if "IoU" in name:  # or it would cut off fractions of weights
                options["dtype"] = "float32"
            if name == "OneHotIoU":
                options["target_class_ids"] = [0, 2]
            named = {**options, "name": f"{name}_{weighted}"}
            found.append(getattr(metrics, name)(**named))
    more = Largest(), metrics.MeanMetricWrapper(gap, name="gap")
    return found + [*more] * weighted


def test_metrics_in_one_training_are_those_that_stand_alone(close):
    draw = np.random.default_rng(1)
    whole = kerasish.Input((4,))
    dense = kerasish.layers.Dense
    outputs = {
        "classes": dense(C, "softmax", name="classes")(whole),
        "numbers": dense(C, name="numbers")(whole),
    }
    model = kerasish.Model(whole, outputs)
    x = draw.normal(size=(N, 4))
    y = {
        "classes": np.eye(C)[draw.integers(0, C, N)].astype("float32"),
        "numbers": draw.normal(size=(N, C)).astype("float32"),
    }
    weights = {name: draw.uniform(0, 2, N).astype("float32") for name in y}
    model.compile(
        kerasish.optimizers.SGD(0.0),
        {"classes": "mse", "numbers": "mse"},
        metrics={output: made(output, False) for output in OUTPUTS},
        weighted_metrics={output: made(output, True) for output in OUTPUTS},
    )
    logs = model.fit(x, y, BATCH, sample_weight=weights, verbose=0).history
    said = model.predict(x, verbose=0)
    count = 0
    for output, weighted in itertools.product(OUTPUTS, (False, True)):
        given = weights[output] if weighted else None
        for metric in made(output, weighted):
            metric.update_state(y[output], said[output], sample_weight=given)
            close(logs[f"{output}_{metric.name}"][0], metric.result(), 1e-4)
            count += 1
    assert count > 40


def test_masks_and_weights_count_in_evaluation(close):
    kerasish.utils.set_random_seed(1)
    words = kerasish.Input((2,), dtype="int32")
    given = kerasish.layers.Embedding(4, 4, mask_zero=True)(words)
    scores = kerasish.layers.Dense(C, "softmax")(given)
    model = kerasish.Model(words, scores)
    kinds = metrics.SparseCategoricalAccuracy, metrics.SparseCategoricalCrossentropy
    plain = [kind() for kind in kinds]
    heavy = [kind(name=f"weighted_{kind.__name__}") for kind in kinds]
    model.compile(None, None, metrics=plain, weighted_metrics=heavy)
    draw = np.random.default_rng(2)
    x, y = draw.integers(0, 4, (N, 2)), draw.integers(0, C, (N, 2))
    weights = draw.uniform(0, 2, N).astype("float32")
    logs = model.evaluate(x, y, BATCH, 0, weights, return_dict=True)
    said, mask = model.predict(x, verbose=0), (x != 0).astype("float32")
    assert 0 < mask.sum() < mask.size
    for metric in plain + heavy:
        metric.reset_state()
        factor = weights[:, None] if metric in heavy else 1
        metric.update_state(y, said, mask * factor)
        close(logs[metric.name], metric.result())
