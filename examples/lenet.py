"""LeNet: a convolutional network, and a plain one, recognise handwritten digits.

The plain network sees 64 numbers. LeCun's LeNet-5 (1998) sees a picture: it looks for
the same small pattern everywhere.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import kerasish as keras
from kerasish import layers


def plain():
    """A multilayer perceptron."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="plain",
    )


def lenet():
    """Two convolutions, each with pooling, as in LeNet-5, for 8 × 8 points."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(84, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="lenet",
    )


def main(seed=0):
    """Train both; return their accuracies on unseen digits, as they are and moved."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0).reshape(-1, 8, 8, 1).astype("float32")
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.25, random_state=seed, stratify=y
    )
    accuracies = {}
    for build in (plain, lenet):
        keras.utils.set_random_seed(seed)
        model = build()
        model.compile(
            keras.optimizers.Adam(0.003),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        model.fit(x_train, y_train, batch_size=64, epochs=30, verbose=0)
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        _, moved = model.evaluate(np.roll(x_test, 1, axis=2), y_test, verbose=0)
        print(
            f"{model.name:6} {model.count_params():6,} parameters: accuracy",
            f"{accuracy:.1%}, of pictures moved by one point {moved:.1%}",
        )
        accuracies[model.name] = accuracy, moved
    return accuracies


if __name__ == "__main__":
    main()
