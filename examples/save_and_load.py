"""Train, save to HDF5, load, go on training where it stopped."""

import os
import tempfile

import numpy as np
from sklearn.datasets import load_wine

import kerasish as keras


def main(folder=None):
    """Return the largest difference between the saved and the loaded model."""
    keras.utils.set_random_seed(0)
    x, y = load_wine(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=10, verbose=2)

    path = os.path.join(folder or tempfile.mkdtemp(), "wine.h5")
    model.save(path)
    loaded = keras.models.load_model(path)
    before, after = model.predict(x, verbose=0), loaded.predict(x, verbose=0)
    difference = float(np.abs(before - after).max())
    print(f"saved to {path}; predictions differ by {difference}")

    # The optimizer's state came along: both go on alike.
    model.fit(x, y, epochs=5, shuffle=False, verbose=0)
    loaded.fit(x, y, epochs=5, shuffle=False, verbose=0)
    before, after = model.predict(x, verbose=0), loaded.predict(x, verbose=0)
    difference = max(difference, float(np.abs(before - after).max()))
    print(f"after more training they differ by {difference}")
    return difference


if __name__ == "__main__":
    main()
