"""Masks: a padded batch gives the numbers of the samples without padding."""

import functools
import warnings

import keras
import numpy as np
import pytest

import kerasish
from kerasish.masks import get_mask, set_mask

L = kerasish.layers
pytestmark = pytest.mark.usefixtures("quick_compilation")

# Padding after, before and between.
TOKENS = np.array([[3, 1, 4, 0, 0], [0, 1, 5, 0, 9], [6, 5, 0, 0, 0]])
LAYERS = [
    ("SimpleRNN", {"units": 3}),
    ("LSTM", {"units": 3}),
    ("GRU", {"units": 3}),
    ("GlobalAveragePooling1D", {}),
]


def model_of(library, name, kwargs, dtype="float32"):
    layers = library.layers
    stack = [
        layers.Embedding(10, 4, mask_zero=True, dtype=dtype),
        layers.Dropout(0.1, dtype=dtype),
        layers.Dense(4, activation="tanh", dtype=dtype),
        getattr(layers, name)(**kwargs, dtype=dtype),
    ]
    return library.Sequential([library.Input((None,), dtype="int32"), *stack])


def drawn(model):
    """Other numbers than zeros in all weights."""
    random = np.random.RandomState(0)
    model.set_weights([random.uniform(0.1, 1, w.shape) for w in model.weights])
    return model


def check_law(model, close, tokens=TOKENS, rough=1e-5):
    """Each row gives what it gives alone and without its zeros."""
    padded = np.asarray(model(tokens), "float32")
    for row, expected in zip(tokens, padded):
        alone = np.asarray(model(row[None, row != 0]), "float32")[0]
        steps = expected.shape[:1] == row.shape and alone.shape != expected.shape
        expected = expected[row != 0] if steps else expected
        close(alone, expected, atol=rough, rtol=rough)
    return padded


@pytest.mark.parametrize("name, kwargs", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padding_changes_nothing(name, kwargs, dtype, close):
    ours, theirs = (model_of(lib, name, kwargs, dtype) for lib in (kerasish, keras))
    drawn(theirs)
    ours.set_weights(theirs.get_weights())
    rough = 1e-5 if dtype == "float32" else 0.03
    padded = check_law(ours, close, rough=rough)
    close(padded, np.asarray(theirs(TOKENS), "float32"), atol=rough, rtol=rough)


# --- layer by layer -------------------------------------------------------------------


def attention(make, **options):
    """Of a sequence to itself, and what is made of the result by its mask."""

    def build(x):
        y = make()([L.Dense(4, activation="tanh")(x), x], **options)
        return L.Add()([y, L.RepeatVector(1)(L.GlobalAveragePooling1D()(y))])

    return build


def heads(make, **options):
    def build(x):
        y = make()(x, x, **options)
        return L.Add()([y, L.RepeatVector(1)(L.GlobalAveragePooling1D()(y))])

    return build


def both_directions(x):
    joined = []
    for mode in ("mul", None):  # the others: tests/test_recurrent.py
        inner = L.SimpleRNN(2, return_sequences=True)
        joined += kerasish.tree.flatten(L.Bidirectional(inner, merge_mode=mode)(x))
    return L.GlobalAveragePooling1D()(L.Concatenate()(joined))


def merged(x):
    y = L.Dense(4)(x)
    names = "Add Subtract Multiply Average Maximum Minimum Concatenate".split()
    parts = [getattr(L, name)()([x, y]) for name in names]
    return L.GlobalAveragePooling1D()(L.Concatenate()(parts))


def step_by_step(x):
    """Layers that work on each step alone hand the mask on."""
    for layer in (
        L.BatchNormalization(),
        L.LayerNormalization(),
        L.UnitNormalization(),
        L.Activation("softmax"),
        L.PReLU(shared_axes=[1]),
        L.SpatialDropout1D(0.5),
        L.GaussianNoise(0.5),
        L.TimeDistributed(L.Dense(3)),
        kerasish.Sequential([L.Dense(2)]),
        kerasish.Sequential([kerasish.Input((None, 2)), L.Identity()]),
        Doubles(),
    ):
        x = layer(x)
    return L.SimpleRNN(3)(x)


class Doubles(kerasish.Model):
    def call(self, x):
        return L.Average()([x, x])


CASES = {
    "attention": attention(L.Attention),
    "attention, causal": attention(L.Attention, use_causal_mask=True),
    "attention of sums": attention(L.AdditiveAttention),
    "attention of sums, causal": attention(L.AdditiveAttention, use_causal_mask=True),
    "heads": heads(lambda: L.MultiHeadAttention(2, 3)),
    "heads, causal": heads(lambda: L.MultiHeadAttention(2, 3), use_causal_mask=True),
    "groups": heads(lambda: L.GroupQueryAttention(3, 2, 1)),
    "groups, causal": heads(
        lambda: L.GroupQueryAttention(3, 2, 1), use_causal_mask=True
    ),
    "both directions": both_directions,
    "merged": merged,
    "step by step": step_by_step,
}


@pytest.mark.parametrize("case", CASES)
def test_layers_keep_the_law(case, close):
    ids = kerasish.Input((None,), dtype="int32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing says that a mask ends
        x = L.Embedding(10, 4, mask_zero=True)(ids)
        model = drawn(kerasish.Model(ids, CASES[case](x)))
        check_law(model, close, TOKENS[:2])  # of one length: fewer programs


def test_shares_among_what_counts(close):
    scores = np.random.normal(size=(3, 5)).astype("float32")
    shares = np.asarray(L.Softmax()(scores, mask=TOKENS != 0))
    for row, some, found in zip(TOKENS, scores, shares):
        close(found[row != 0], np.asarray(L.Softmax()(some[row != 0])))
        assert not found[row == 0].any()


def test_the_mean_of_nothing_is_zero():
    x, mask = np.ones((2, 2, 1)), np.array([[True, False], [False, False]])
    assert np.asarray(L.GlobalAveragePooling1D()(x, mask=mask)).tolist() == [[1], [0]]


# --- masks within masks ---------------------------------------------------------------

DOCUMENTS = np.array(
    [
        [[3, 1, 0], [0, 2, 5], [0, 0, 0]],
        [[1, 0, 5], [0, 0, 0], [0, 0, 0]],
    ]
)


def of_steps(*layers):
    inner = layers[0] if len(layers) == 1 else kerasish.Sequential(list(layers))
    return L.TimeDistributed(inner)


def embedding():
    return L.Embedding(10, 3, mask_zero=True)


# Layers that make a vector of each sentence of a document.
SENTENCES = {
    "mask around": lambda: [embedding(), of_steps(L.SimpleRNN(2))],
    "mask within": lambda: [of_steps(embedding()), of_steps(L.SimpleRNN(2))],
    "sequences": lambda: [
        embedding(),
        # noise is drawn step by step, and too little to be seen
        of_steps(L.GaussianNoise(1e-9), L.SimpleRNN(2, return_sequences=True)),
        of_steps(L.GlobalAveragePooling1D()),
    ],
}


@pytest.mark.parametrize(
    "case, training", [*((case, False) for case in SENTENCES), ("sequences", True)]
)
def test_sentences_of_documents(case, training, close):
    """Keras loses masks that are made within, and those of the sentences."""
    ids = kerasish.Input((None, None), dtype="int32")
    vectors = ids
    for layer in SENTENCES[case]():
        vectors = layer(vectors)
    mean = L.GlobalAveragePooling1D()(vectors)
    model = drawn(kerasish.Model(ids, mean))
    alone = kerasish.Model(ids, vectors)
    whole = np.asarray(model(DOCUMENTS, training=training))
    for document, found in zip(DOCUMENTS, whole):
        sentences = [sentence[sentence != 0] for sentence in document]
        rows = [np.asarray(alone(s[None, None]))[0, 0] for s in sentences if len(s)]
        close(found, np.mean(rows, axis=0))


@pytest.mark.parametrize("functional", [False, True])
def test_a_mask_that_a_model_is_called_with(functional, close):
    layers = [kerasish.Input((None, 2)), L.Dense(2), L.SimpleRNN(2)]
    model = kerasish.Sequential(layers)
    if functional:
        model = kerasish.Model(model.inputs[0], model.outputs[0])
    x = kerasish.ops.convert_to_tensor(np.random.normal(size=(1, 3, 2)), "float32")
    bare = np.asarray(model(x))
    found = np.asarray(model(x, mask=np.array([[True, True, False]])))
    close(found, np.asarray(model(x[:, :2])))
    assert get_mask(x) is None and (np.asarray(model(x)) == bare).all()


# --- losses and metrics ---------------------------------------------------------------

RANDOM = np.random.RandomState(1)
TARGETS = {
    "steps": (RANDOM.uniform(size=(3, 5, 1)) > 0.5).astype("float32"),
    "whole": RANDOM.normal(size=(3, 2)).astype("float32"),
}
WEIGHTS = {"steps": RANDOM.uniform(size=(3, 5)), "whole": np.array([1.0, 2.0, 0.5])}


def functional(library):
    layers = library.layers
    ids = library.Input((None,), dtype="int32")
    x = layers.Embedding(10, 3, mask_zero=True)(ids)
    y = layers.LSTM(2, return_sequences=True)(x)
    steps = layers.Dense(1, "sigmoid", name="steps")(y)
    return library.Model(
        ids, {"steps": steps, "whole": layers.LSTM(2, name="whole")(y)}
    )


def subclassed(library):
    class Own(library.Model):
        def __init__(self):
            super().__init__()
            self.body = library.Sequential(
                [
                    library.Input((None,), dtype="int32"),
                    library.layers.Embedding(10, 3, mask_zero=True),
                    library.layers.LSTM(2, return_sequences=True),
                ]
            )
            self.steps = library.layers.Dense(1, "sigmoid")
            self.whole = library.layers.LSTM(2)

        def call(self, ids):
            y = self.body(ids)
            return {"steps": self.steps(y), "whole": self.whole(y)}

    model = Own()
    model(TOKENS)
    return model


def MeanGap(y_true, y_pred):
    """A metric that is a function; its name is spelt as Keras spells it."""
    return abs(y_true - y_pred)


def trained(model, library):
    """Logs of an evaluation and of a step of training, and the weights after it."""
    losses = {"steps": "binary_crossentropy", "whole": "mse"}
    metrics = library.metrics
    model.compile(
        library.optimizers.SGD(0.5),
        losses,
        metrics={
            "steps": ["accuracy", metrics.Precision(name="p")],
            "whole": ["mae", MeanGap],
        },
        weighted_metrics={"steps": ["accuracy", "mae"], "whole": "mae"},
    )
    data = {"sample_weight": WEIGHTS, "verbose": 0, "batch_size": 3}
    tested = model.evaluate(TOKENS, TARGETS, return_dict=True, **data)
    logs = model.fit(TOKENS, TARGETS, **data).history
    return tested, {k: v[0] for k, v in logs.items()}, model.get_weights()


@functools.cache
def expected():
    model = drawn(functional(keras))
    start = model.get_weights()
    return start, trained(model, keras)


@pytest.mark.parametrize("make", [functional, subclassed])
def test_losses_and_metrics_of_masked_outputs_equal_keras(make, close):
    start, (tested, logs, weights) = expected()
    model = make(kerasish)
    model.set_weights(start)
    mine = trained(model, kerasish)
    close(mine[0], tested, rtol=1e-4)
    # Metrics count what is masked in one batch of training as in evaluation, with the
    # same weights; Keras forgets masks on JAX when it trains.
    close(mine[1], tested, rtol=1e-4)
    close(logs["loss"], tested["loss"], rtol=1e-4)
    close(mine[2], weights, rtol=1e-4)


def test_what_masks_fit_is_said():
    y_pred = kerasish.ops.ones((2, 3, 1))
    set_mask(y_pred, kerasish.ops.ones((2, 3), "bool"))
    with pytest.raises(ValueError, match="last axis, which targets of steps need"):
        kerasish.losses.MeanSquaredError()(np.ones((2, 3)), y_pred)
