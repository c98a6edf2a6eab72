"""Logic gates: one neuron learns AND, OR and NAND; XOR needs a hidden layer.

At the end one network with two outputs learns AND and OR at once.
Run `python examples/logic_gates.py [seed]`.
"""

import sys

import numpy as np

import kerasish as keras

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
GATES = {
    "AND": np.array([0, 0, 0, 1], "float32"),
    "OR": np.array([0, 1, 1, 1], "float32"),
    "NAND": np.array([1, 1, 1, 0], "float32"),
    "XOR": np.array([0, 1, 1, 0], "float32"),
}


def network(hidden, outputs=1):
    """A layer of sigmoid neurons, on top of `hidden` tanh neurons if there are any."""
    layers = [keras.Input((2,))]
    if hidden:
        layers.append(keras.layers.Dense(hidden, activation="tanh"))
    layers.append(keras.layers.Dense(outputs, activation="sigmoid"))
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(learning_rate=0.1), "binary_crossentropy")
    return model


def train(model, targets, epochs=1000):
    """Train on the four rows of the truth table; return the cost of each epoch."""
    return model.fit(INPUTS, targets, epochs=epochs, verbose=0).history["loss"]


def show_table(names, model, targets):
    """Print what the network says beside what is right."""
    answers = model.predict(INPUTS, verbose=0).reshape(4, -1)
    targets = np.reshape(targets, (4, -1))
    print("  a b | " + "  ".join(f"{name:>4} learned" for name in names))
    for row, answer, target in zip(INPUTS, answers, targets):
        cells = "  ".join(f"{t:4.0f} {a:7.3f}" for t, a in zip(target, answer))
        print(f"  {row[0]:.0f} {row[1]:.0f} | {cells}")


def show_weights(model):
    """Print the weights and the bias of each neuron."""
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        for unit in range(kernel.shape[1]):
            weights = ", ".join(f"{w:6.2f}" for w in kernel[:, unit])
            print(
                f"  {layer.name} neuron {unit}: w = ({weights}), b = {bias[unit]:.2f}"
            )


def show_curve(costs, width=60):
    """Print the cost curve as a line of blocks, first epoch to last."""
    picked = np.interp(np.linspace(0, len(costs) - 1, width), range(len(costs)), costs)
    heights = (8 * picked / max(picked)).round().astype(int)
    print(f"  cost {costs[0]:.3f} " + "".join(" ▁▂▃▄▅▆▇█"[h] for h in heights), end="")
    print(f" {costs[-1]:.4f}")


def plot(curves, path="logic_gates.png"):
    """Draw all cost curves into a file, if matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get the curves as a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    for name, costs in curves.items():
        pyplot.plot(costs, label=name)
    pyplot.xlabel("epoch")
    pyplot.ylabel("binary cross-entropy")
    pyplot.yscale("log")
    pyplot.legend()
    pyplot.savefig(path, dpi=120)
    pyplot.close()
    print(f"Cost curves are in {path}.")


def main(seed=0):
    """Learn all gates; return name -> costs."""
    keras.utils.set_random_seed(seed)
    curves = {}
    for name, targets in GATES.items():
        model = network(hidden=8 if name == "XOR" else 0)
        curves[name] = train(model, targets)
        print(name)
        show_table([name], model, targets)
        show_weights(model)
        show_curve(curves[name])
    print("AND and OR at once, two output neurons")
    both = np.stack([GATES["AND"], GATES["OR"]], axis=1)
    model = network(hidden=0, outputs=2)
    curves["AND + OR"] = train(model, both)
    show_table(["AND", "OR"], model, both)
    show_weights(model)
    show_curve(curves["AND + OR"])
    return curves


if __name__ == "__main__":
    plot(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
