"""Online, batch and mini-batch learning: the same neuron, rate and data."""

import numpy as np

import kerasish as keras

ROWS, EPOCHS, RATE = 200, 60, 0.05
SIZES = {"online": 1, "mini-batch": 20, "batch": ROWS}


def measured():
    """Two inputs, and y = 2 a − 3 b + 1 with noise of standard deviation 0.5."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 2))
    y = x @ [2.0, -3.0] + 1 + random.normal(scale=0.5, size=ROWS)
    return x, y[:, None]


def learn(x, y, size):
    """Train a linear neuron from zero; return the loss after each epoch."""
    keras.utils.set_random_seed(0)  # the order of the rows
    neuron = keras.layers.Dense(1, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((2,)), neuron])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    # `loss` would be a mean over the weights on the way; this is after the epoch
    history = model.fit(
        *(x, y),
        batch_size=size,
        epochs=EPOCHS,
        validation_data=(x, y),
        validation_batch_size=ROWS,
        verbose=0,
    )
    return np.array(history.history["val_loss"])


def main():
    """Learn in each way; return the way -> loss above the least, after each epoch."""
    x, y = measured()
    line = np.column_stack([x, np.ones(ROWS)])
    least = np.linalg.lstsq(line, y)[1][0] / ROWS
    print(f"the least loss is {least:.4f}; what is above it, after epoch")
    print(f"{'':10}  rows  steps     1        10       {EPOCHS}    went up")
    above = {}
    for name, size in SIZES.items():
        losses = above[name] = learn(x, y, size) - least
        told = " ".join(f"{losses[epoch - 1]:8.5f}" for epoch in (1, 10, EPOCHS))
        steps, worse = EPOCHS * ROWS // size, int((np.diff(losses) > 0).sum())
        print(f"{name:10} {size:5} {steps:6} {told} {worse:5} times")
    expected = RATE * least * 3 / (1 - 5 * RATE)
    wobble = float(above["online"][9:].mean())
    print(f"online, mean from epoch 10 on: {wobble:.3f}; expected {expected:.3f}")
    logs = {f"{name}: excess loss": losses for name, losses in above.items()}
    keras.visualization.plot_history(logs, log=True).save("online_and_batch.svg")
    return above


if __name__ == "__main__":
    main()
