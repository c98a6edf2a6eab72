"""A functional model with two inputs, a shared layer and two outputs.

Given two handwritten digits it says which the first is, and whether both are equal.
"""

import numpy as np
from sklearn.datasets import load_digits

import kerasish as keras


def pairs(x, y, count, generator):
    """Return `count` pairs of digits, half of them equal."""
    first = generator.integers(len(x), size=count)
    second = generator.integers(len(x), size=count)
    for i in range(0, count, 2):
        second[i] = generator.choice(np.flatnonzero(y == y[first[i]]))
    inputs = {"left": x[first], "right": x[second]}
    same = (y[first] == y[second]).astype("float32")
    return inputs, {"digit": y[first], "same": same}


def build():
    """Both images go through the same encoder."""
    left = keras.Input((64,), name="left")
    right = keras.Input((64,), name="right")
    encoder = keras.layers.Dense(64, activation="relu", name="encoder")
    a, b = encoder(left), encoder(right)
    digit = keras.layers.Dense(10, activation="softmax", name="digit")(a)
    both = keras.layers.Concatenate()([keras.ops.abs(a - b), a * b])
    both = keras.layers.Dense(64, activation="relu")(both)
    same = keras.layers.Dense(1, activation="sigmoid", name="same")(both)
    return keras.Model({"left": left, "right": right}, {"digit": digit, "same": same})


def main(seed=0):
    """Train; return the accuracies of both outputs on pairs of unseen digits."""
    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    x, y = load_digits(return_X_y=True)
    x = x / 16.0
    train = pairs(x[:1400], y[:1400], 8000, generator)
    test = pairs(x[1400:], y[1400:], 1000, generator)
    model = build()
    model.summary()
    model.compile(
        "adam",
        loss={
            "digit": "sparse_categorical_crossentropy",
            "same": "binary_crossentropy",
        },
        loss_weights={"digit": 0.5, "same": 1.0},
        metrics={"digit": ["accuracy"], "same": ["accuracy"]},
    )
    model.fit(*train, batch_size=64, epochs=15, verbose=2)
    found = model.evaluate(*test, verbose=0, return_dict=True)
    print({name: round(value, 3) for name, value in found.items()})
    return found["digit_accuracy"], found["same_accuracy"]


if __name__ == "__main__":
    main()
