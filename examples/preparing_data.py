"""Preparing data: one-hot targets, normalised and standardised inputs, and why."""

import numpy as np

import kerasish as keras

NAMES = np.array(["setosa", "versicolor", "virginica"])


def one_hot(labels, classes):
    """A row for each label: 1 at the place of its class, 0 elsewhere."""
    return (labels[:, None] == np.arange(classes)).astype("float32")


def normalised(x):
    """Each column moved and scaled into [0, 1]."""
    low, high = x.min(axis=0), x.max(axis=0)
    return (x - low) / (high - low)


def standardised(x):
    """Each column with mean 0 and standard deviation 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def condition(x):
    """Return the largest curvature of the squared error, and how many times the least.

    For a neuron w x + c, the mean squared error curves as 2 AᵀA / n, with A = [x 1].
    """
    a = np.column_stack([x, np.ones(len(x))])
    curvatures = np.linalg.eigvalsh(2 * a.T @ a / len(a))
    return curvatures[-1], curvatures[-1] / curvatures[0]


def learn(x, y, steps):
    """Train a linear neuron on all rows at once with the rate 1 / largest curvature."""
    model = keras.Sequential(
        [keras.Input((x.shape[1],)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile(keras.optimizers.SGD(1 / condition(x)[0]), "mse")
    history = model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0)
    return history.history["loss"]


def main():
    """Prepare the iris data in each way; return what is left of the error."""
    (x, labels), _ = keras.datasets.iris.load_data(test_split=0.0)
    some = np.array([0, 2, 1])
    print("one-hot:")
    for name, row in zip(NAMES[some], one_hot(some, 3)):
        print(f"  {name:10} {row}")
    assert (one_hot(labels, 3) == keras.utils.to_categorical(labels, 3)).all()

    layer = keras.layers.Normalization()
    layer.adapt(x)
    assert np.allclose(layer(x), standardised(x), atol=1e-5)
    ways = {"raw": x, "normalised": normalised(x), "standardised": standardised(x)}
    for name, data in ways.items():
        print(f"{name}: from, to, mean, standard deviation of each column")
        for row in (data.min(0), data.max(0), data.mean(0), data.std(0)):
            print("  " + " ".join(f"{number:6.2f}" for number in row + 0.0))

    print("the width of petals from the other three, by a linear neuron:")
    curves, left = {}, {}
    for name, data in ways.items():
        data, width = data[:, :3], standardised(x)[:, 3]
        line = np.column_stack([data, np.ones(len(data))])
        least = np.linalg.lstsq(line, width)[1][0] / len(data)
        losses = learn(data, width, 300)
        excess = np.array(losses) - least
        curves[f"{name}: excess loss"] = np.where(excess > 1e-6, excess, np.nan)
        left[name] = max(0.0, float(losses[-1] / least - 1))
        print(
            f"  {name:12} curvatures differ {condition(data)[1]:5.0f} times;",
            f"after 300 steps {left[name]:6.2%} above the least error",
        )
    picture = keras.visualization.plot_history(curves, log=True)
    picture.save("preparing_data.svg")
    return left


if __name__ == "__main__":
    main()
