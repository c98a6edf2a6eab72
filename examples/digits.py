"""Digits: handwritten figures of 8 × 8 points, recognised by a small network.

The whole job: define, compile, fit, evaluate, predict, save, load.
"""

import tempfile
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import kerasish as keras


def main(seed=0, verbose="auto"):
    """Train; return the accuracy on digits that were not trained on."""
    keras.utils.set_random_seed(seed)
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x / 16.0, y, test_size=0.2, random_state=seed, stratify=y
    )
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.summary()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=40, verbose=verbose)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.3f}, test accuracy {accuracy:.1%}")

    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "digits.h5")
        loaded = keras.models.load_model(Path(folder) / "digits.h5")
    probabilities = loaded.predict(x_test[:10], verbose=0)
    print("saved, loaded; the first ten are", probabilities.argmax(axis=1).tolist())
    print("                    and really are", y_test[:10].tolist())
    return accuracy


if __name__ == "__main__":
    main()
