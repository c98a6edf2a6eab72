"""Stacks of layers."""

import numpy as np

from .data import BINARY, LABELS, MULTI_HOT, ONE_HOT, X, Y, results, trained, wave


def xor(keras, same):
    """The beginner's network, from truth table to truth table."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
    y = np.array([[0], [1], [1], [0]], dtype="float32")
    model = keras.Sequential()
    model.add(keras.Input(shape=(2,)))
    model.add(keras.layers.Dense(4, activation="tanh"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
    same(model)
    model.optimizer.learning_rate = 0.5
    history = model.fit(x, y, epochs=50, verbose=0, shuffle=False)
    return results(model, history, x, y)


def input_shape_argument(keras, same):
    """The old way: the first layer says what comes in."""
    model = keras.models.Sequential(
        [
            keras.layers.Dense(5, input_shape=(4,), activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["acc"])
    same(model)
    history = model.fit(X, ONE_HOT, 16, 3, verbose=0, shuffle=False)
    found = results(model, history, X, ONE_HOT)
    return found | {"shapes": [model.input_shape[1:], model.output_shape[1:]]}


def deferred_build(keras):
    """No input shape: `fit` builds; the weights begin without any chance."""
    model = keras.Sequential(
        [
            keras.layers.Dense(5, activation="gelu", kernel_initializer=wave),
            keras.layers.Dense(3, kernel_initializer="ones", use_bias=False),
        ]
    )
    was_built = model.built
    model.compile("rmsprop", "mse")
    history = model.fit(X, Y, batch_size=20, epochs=3, verbose=0, shuffle=False)
    counts = [model.count_params(), len(model.weights)]
    return trained(model, history, X) | {"built": was_built, "counts": counts}


def add_and_pop(keras, same):
    """A head is taken off and another one put on."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "relu")])
    model.add(keras.layers.Dense(2))
    model.add(keras.layers.Activation("softmax"))
    model.pop()
    model.pop()
    model.add(keras.layers.Dense(1, activation="sigmoid", name="head"))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", "mse"])
    same(model)
    history = model.fit(X, BINARY, epochs=2, verbose=0, shuffle=False)
    names = [type(layer).__name__ for layer in model.layers]
    return trained(model, history, X) | {"layers": names}


def built_by_hand(keras, same):
    """`build` with a shape; layers and weights are found by place and by name."""
    model = keras.Sequential(name="tower")
    model.add(keras.layers.Dense(4, name="below"))
    model.add(keras.layers.Dense(3, name="above"))
    model.build((None, 4))
    same(model)
    below = model.get_layer("below")
    above = model.get_layer(index=1)
    before = model.predict(X, verbose=0)
    kernel, bias = below.get_weights()
    below.set_weights([kernel * 2, bias + 1])
    above.bias.assign([1.0, 2.0, 3.0])
    return {
        "before": before,
        "after": model.predict(X, verbose=0),
        "eager": np.asarray(model(X[:3])),
        "paths": [weight.path for weight in model.weights],
        "names": [weight.name for weight in model.weights],
        "shapes": [tuple(weight.shape) for weight in model.get_weights()],
    }


def nested(keras, same):
    """A stack within a stack, some of it dropped out in training only."""
    inner = keras.Sequential(
        [keras.layers.Dense(5, activation="elu"), keras.layers.Dropout(0.3, seed=5)]
    )
    model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD(0.1), "mae", metrics=["mse"])
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X)


def logits(keras, same):
    """Losses from logits, metrics that know of them."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.05),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.BinaryAccuracy(name="acc", threshold=0.0),
            keras.metrics.AUC(from_logits=True, num_thresholds=20),
        ],
    )
    same(model)
    history = model.fit(X, BINARY[:, 0], epochs=3, verbose=0, shuffle=False)
    return results(model, history, X, BINARY[:, 0])


def sparse_logits(keras, same):
    """Integer labels against logits, with top-k accuracy."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(
        optimizer="nadam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            "accuracy",
            keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2"),
        ],
    )
    same(model)
    history = model.fit(X, LABELS, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X)


def multi_hot(keras, same):
    """Several labels may be true at once."""
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="sigmoid")]
    )
    metrics = ["binary_accuracy", keras.metrics.Precision(), keras.metrics.Recall()]
    model.compile("adamax", "binary_crossentropy", metrics=metrics)
    same(model)
    history = model.fit(X, MULTI_HOT, 16, 3, verbose=0, shuffle=False)
    return results(model, history, X, MULTI_HOT)


def summary(keras):
    """The table that everybody prints: its facts, whatever the lines look like."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, name="hidden"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(3, name="out"),
        ],
        name="tiny",
    )
    model.get_layer("hidden").trainable = False
    lines = []
    model.summary(print_fn=lambda text, **kwargs: lines.append(text))
    text = "\n".join(lines)
    facts = ["tiny", "hidden (Dense)", "norm", "(None, 5)", "(None, 3)", "25", "20"]
    facts += ["Total params: 63", "Trainable params: 28", "Non-trainable params: 35"]
    return {"facts": [fact in text for fact in facts], "said": len(lines) > 0}
