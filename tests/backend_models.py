"""Models of every family, to be trained on one backend and loaded on the other.

    python tests/backend_models.py FOLDER BACKEND OTHER   # reads FOLDER/OTHER

Each is built, takes one training step, predicts, and is saved in each kind of file.
The command leaves what `play` returned in FOLDER/found.
"""

import pickle
import sys
from pathlib import Path

import numpy as np

import kerasish
from kerasish import Input, Model, Sequential, backend, layers, optimizers, tree

draw = np.random.default_rng(3)
ROWS = 6


def floats(*shape):
    return draw.normal(size=(ROWS, *shape)).astype("float32")


def mlp():
    stack = [
        layers.Dense(5, "relu", kernel_regularizer="l2"),
        layers.Dropout(0.5, seed=1),
        layers.Dense(2, "tanh"),
    ]
    return Sequential([Input((4,)), *stack]), floats(4), floats(2)


def cnn():
    stack = [
        layers.Conv2D(3, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2),
    ]
    return Sequential([Input((6, 6, 2)), *stack]), floats(6, 6, 2), floats(2)


def recurrent():
    stack = [layers.LSTM(3, return_sequences=True), layers.GRU(2)]
    return (
        Sequential([Input((4, 2)), layers.Masking(), *stack]),
        floats(4, 2),
        floats(2),
    )


def bidirectional():
    both = layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True))
    stack = [both, layers.TimeDistributed(layers.Dense(1))]
    return Sequential([Input((3, 2)), *stack]), floats(3, 2), floats(3, 1)


def transformer():
    x = tokens = Input((3, 4))
    attended = layers.MultiHeadAttention(2, 2)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(layers.Add()([x, attended]))
    x = layers.Add()([x, layers.Dense(4, "gelu")(x)])
    return Model(tokens, x), floats(3, 4), floats(3, 4)


def embedding():
    words = draw.integers(0, 7, (ROWS, 4)).astype("int32")
    stack = [
        layers.Embedding(7, 3, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2),
    ]
    return Sequential([Input((4,), dtype="int32"), *stack]), words, floats(2)


def convolutions():
    stack = [
        layers.SeparableConv2D(3, 2, padding="same"),
        layers.DepthwiseConv2D(2, strides=2),
        layers.PReLU(shared_axes=[1, 2]),
        layers.Conv2DTranspose(2, 3, strides=2),
        layers.AveragePooling2D(2),
    ]
    return Sequential([Input((5, 5, 2)), *stack]), floats(5, 5, 2), floats(2, 2, 2)


def preprocessing():
    x = floats(3) * 4 + 2
    normal = layers.Normalization()
    normal.adapt(x)
    stack = [normal, layers.Rescaling(0.5), layers.Dense(2)]
    return Sequential([Input((3,)), *stack]), x, floats(2)


def several_inputs():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    joined = layers.Concatenate()([layers.Dense(3, "elu")(a), b])
    outputs = [layers.Dense(1)(joined), layers.Dot(axes=1)([b, b])]
    return Model([a, b], outputs), [floats(3), floats(2)], [floats(1), floats(1)]


@kerasish.saving.register_keras_serializable("tests")
class Residual(Model):
    """A subclassed model with a weight of its own."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units, "sigmoid")

    def build(self, shape):
        self.dense.build(shape)
        self.scale = self.add_weight((), "ones", name="scale")

    def call(self, x):
        return x + self.scale * self.dense(x)


def subclassed():
    model = Residual()
    model.build((None, 3))
    return model, floats(3), floats(3)


MODELS = {
    make.__name__: make
    for make in (
        *(mlp, cnn, recurrent, bidirectional, transformer, embedding, convolutions),
        *(preprocessing, several_inputs, subclassed),
    )
}
KINDS = ("keras", "weights.h5", "h5")


def kinds(name):
    """Suffixes of its files: `.h5` holds no subclassed models."""
    return KINDS[:2] if name == "subclassed" else KINDS


def built():
    """Yield `(name, model, x, y)` of each, the same numbers each time."""
    for number, (name, make) in enumerate(MODELS.items()):
        global draw
        draw = np.random.default_rng(number)
        kerasish.utils.set_random_seed(number)
        yield name, *make()


# --- losses, metrics, optimizers ------------------------------------------------------

# Arguments without defaults.
ARGUMENTS: dict[str, dict[str, object]] = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
# Bases and wrappers; what takes other things than classes, and has tests of its own.
NOT_PARTS = """Loss LossFunctionWrapper CTC Metric MeanMetricWrapper Optimizer Optax
    OptimizerMap MultiOptimizer LossScaleOptimizer LBFGS""".split()
SPARSE = ("Sparse", "Circle", "CategoricalGen", "IoU", "MeanIoU")  # classes by number


def made(space):
    """One object of each class of a namespace."""
    members = vars(getattr(kerasish, space))
    return {
        name: members[name](**ARGUMENTS.get(name, {}))
        for name in sorted(kerasish.registry.namespace(space))
        if isinstance(members.get(name), type) and name not in NOT_PARTS
    }


def parts():
    """What each loss, metric and optimizer makes of the same numbers, by its name.

    Returns:
        For losses the value and the gradient, for metrics the result, for optimizers
        weights and state after two steps.
    """
    numbers = np.random.default_rng(0)
    scores = numbers.uniform(0.1, 1, (ROWS, 3)).astype("float32")
    classes = np.array([0, 1, 2, 2, 1, 0], "int32")
    targets, scores = (
        np.eye(3, dtype="float32")[classes],
        scores / scores.sum(1)[:, None],
    )
    losses, metrics, steps = (made(n) for n in ("losses", "metrics", "optimizers"))
    for name in "F1Score", "FBetaScore", "R2Score":  # made when the shapes are known
        metrics[name].update_state(targets, scores)
        metrics[name].reset_state()
    for optimizer in steps.values():
        optimizer.build([kerasish.Variable(targets), kerasish.Variable(targets[0])])

    def run(scores):
        found = {}
        for name, loss in losses.items():
            y = classes if name.startswith(SPARSE) else targets

            def value(given, y=y, loss=loss):
                return loss(y, given[0]), ()

            (total, _), slopes = backend.value_and_grad(value)([scores])
            found[f"losses.{name}"] = [total, *slopes]
        for name, metric in metrics.items():
            y, p = (classes if name.startswith(SPARSE) else targets), scores
            p = classes[::-1].copy() if name in ("IoU", "MeanIoU") else p
            given = [p] if name in ("Mean", "Sum") else [y, p]
            state = [v.value for v in metric.variables]
            state = metric.stateless_update_state(state, *given)
            found[f"metrics.{name}"] = tree.flatten(metric.stateless_result(state))
        for name, optimizer in steps.items():
            weights, state = [scores, scores[0]], [v.value for v in optimizer.variables]
            for _ in range(2):
                slopes = [w * w - 0.1 for w in weights]
                weights, state = optimizer.stateless_apply(state, slopes, weights)
            found[f"optimizers.{name}"] = [*weights, *state]
        return found

    found = backend.jit(run)(backend.asarray(scores))
    return {name: [np.asarray(x) for x in values] for name, values in found.items()}


# --- playing --------------------------------------------------------------------------


def answers(model, x):
    found = model(x, training=False)
    return [np.asarray(y) for y in (found if isinstance(found, list) else [found])]


def save(folder, name, model):
    for kind in kinds(name):
        file = folder / f"{name}.{kind}"
        (model.save_weights if kind == "weights.h5" else model.save)(file)


def load(folder, name, kind, fresh):
    """Return the model in that file; one of weights is read into `fresh`."""
    file = folder / f"{name}.{kind}"
    if kind != "weights.h5":
        return kerasish.models.load_model(file)
    fresh.load_weights(file)
    return fresh


def play(folder, other=None):
    """Train, predict and save all models; then predict with the files of `other`.

    Returns:
        `{name: {"start" and "trained": weights, "state": of the optimizer, "loss",
        "answers", and for each kind of the other's files: answers and weights},
        "parts": what `parts` returns}`.
    """
    found = {}
    for name, model, x, y in built():
        mine = found[name] = {"start": model.get_weights()}
        model.compile(optimizers.SGD(0.1, momentum=0.9, nesterov=True), "mse")
        mine["loss"] = [model.train_on_batch(x, y)]
        mine["trained"] = model.get_weights()
        mine["state"] = [np.asarray(v) for v in model.optimizer.variables]
        mine["answers"] = answers(model, x)
        save(folder, name, model)
    found["parts"] = parts()
    for name, fresh, x, _ in built() if other else ():
        for kind in kinds(name):
            loaded = load(other, name, kind, fresh)
            found[name][kind] = answers(loaded, x) + loaded.get_weights()
    return found


if __name__ == "__main__":
    home, backend_name = Path(sys.argv[1]), sys.argv[2]
    kerasish.config.set_backend(backend_name)
    mine, theirs = home / backend_name, home / sys.argv[3]
    (home / "found").write_bytes(pickle.dumps(play(mine, theirs)))
