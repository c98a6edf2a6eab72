"""An LSTM forecasts a chaotic series.

The Mackey-Glass equation (1977) describes how the number of blood cells goes up and
down: how many are made depends on how many there were some time ago. Small errors grow.
"""

import numpy as np

import kerasish as keras
from kerasish import layers

PAST = 60


def mackey_glass(count, delay=17, step=1.0, parts=10):
    """Return `count` values of dx/dt = 0.2 x(t−17) / (1 + x(t−17)^10) − 0.1 x(t)."""
    lag = int(delay * parts / step)
    x = np.full(lag + count * parts, 1.2)
    for t in range(lag, len(x) - 1):
        past = x[t - lag]
        x[t + 1] = x[t] + step / parts * (0.2 * past / (1 + past**10) - 0.1 * x[t])
    return x[lag::parts].astype("float32")


def windows(series):
    """Return stretches of `PAST` values and the value after each."""
    x = np.lib.stride_tricks.sliding_window_view(series, PAST)[:-1]
    return x[..., None], series[PAST:, None]


def continued(model, series, count):
    """Let the network go on alone: each forecast becomes an input of the next."""
    values = list(series)
    for _ in range(count):
        x = np.array(values[-PAST:], "float32")[None, :, None]
        values.append(model.predict(x, verbose=0)[0, 0])
    return np.array(values[len(series) :])


def plot(truth, alone, path="lstm_series.png"):
    """Draw the series and the forecast into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.figure(figsize=(8, 3))
    pyplot.plot(range(-PAST, len(alone)), truth, label="the series")
    pyplot.plot(range(len(alone)), alone, "--", label="the network alone")
    pyplot.axvline(0, color="grey", linewidth=0.8)
    pyplot.legend(loc="lower right")
    pyplot.tight_layout()
    pyplot.savefig(path, dpi=100)
    pyplot.close()
    print(f"The curves are in {path}.")


def main(seed=0):
    """Train; return the error of a step, as a share of "like the last value"."""
    keras.utils.set_random_seed(seed)
    series = mackey_glass(2500)[300:]
    series = (series - series.mean()) / series.std()
    x, y = windows(series)
    cut = 1700
    model = keras.Sequential(
        [keras.Input((PAST, 1)), layers.LSTM(32), layers.Dense(1)],
    )
    steps = 30 * -(-cut // 64)
    rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.fit(x[:cut], y[:cut], batch_size=64, epochs=30, verbose=0)

    forecast = model.predict(x[cut:], verbose=0)
    error = float(np.sqrt(np.mean((forecast - y[cut:]) ** 2)))
    naive = float(np.sqrt(np.mean((x[cut:, -1] - y[cut:]) ** 2)))
    print(f"one step ahead: error {error:.4f}, of the last value {naive:.4f}")
    alone = continued(model, series[: cut + PAST], 150)
    truth = series[cut : cut + PAST + 150]
    for count in (10, 50, 100, 150):
        error_alone = np.abs(alone - truth[PAST:])[:count].mean()
        print(f"{count:4} steps alone: mean error {error_alone:.3f}")
    plot(truth, alone)
    return error / naive


if __name__ == "__main__":
    main()
