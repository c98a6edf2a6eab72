"""A deep network approximates the sine: universal approximation at work."""

import numpy as np

import kerasish as keras


def plot(x, y, path="sine.png"):
    """Draw the sine and the network's answer into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.plot(x, np.sin(x), label="sin x")
    pyplot.plot(x, y, "--", label="network")
    pyplot.legend()
    pyplot.savefig(path, dpi=120)
    pyplot.close()
    print(f"The curves are in {path}.")


def main(seed=0):
    """Train on noise-free points; return the largest error in between."""
    keras.utils.set_random_seed(seed)
    x = np.linspace(-np.pi, np.pi, 256)[:, None]
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(32, activation="tanh"),
            keras.layers.Dense(32, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(0.01, decay_steps=4000)
    model.compile(keras.optimizers.Adam(schedule), "mse")
    history = model.fit(x, np.sin(x), batch_size=64, epochs=1000, verbose=0)
    between = np.linspace(-np.pi, np.pi, 999)[:, None]
    answer = model.predict(between, verbose=0)
    error = float(np.abs(answer - np.sin(between)).max())
    print(f"mean squared error {history.history['loss'][-1]:.1e}, largest {error:.4f}")
    plot(between, answer)
    return error


if __name__ == "__main__":
    main()
