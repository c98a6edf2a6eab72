"""The sigmoid neuron and its slopes; tanh and sine in the sigmoid's place."""

import numpy as np

from kerasish import ops
from kerasish import symbolic as S

ACTIVATIONS = {"sigmoid": ops.sigmoid, "tanh": ops.tanh, "sine": ops.sin}


def neuron():
    """Return a function (x, w, b) -> output, and its slopes by x, w and b."""
    x, w, b = S.scalars("x", "w", "b")
    output = ops.sigmoid(w * x + b)
    return S.function([x, w, b], [output, *S.grad(output, [x, w, b])])


def activations():
    """Return name -> function z -> (value, slope), for arrays of z."""
    z = S.vector("z")
    return {
        name: S.function([z], [f(z), S.grad(ops.sum(f(z)), z)])
        for name, f in ACTIVATIONS.items()
    }


def plot(functions, path="sigmoid_neuron.png"):
    """Draw values and slopes into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    z = np.linspace(-6, 6, 241)
    _, panels = pyplot.subplots(1, 3, figsize=(11, 3.2), sharey=True)
    for panel, (name, f) in zip(panels, functions.items()):
        value, slope = f(z)
        panel.plot(z, value, label="value")
        panel.plot(z, slope, "--", label="slope")
        panel.axhline(0, color="grey", linewidth=0.8)
        panel.axvline(0, color="grey", linewidth=0.8)
        panel.set(title=name, xlabel="z")
    panels[0].legend()
    pyplot.tight_layout()
    pyplot.savefig(path, dpi=100)
    pyplot.close()


def main():
    """Print outputs and slopes; return them."""
    found = neuron()(2.0, 0.5, -2.0)
    names = ["output", "by x", "by w", "by b"]
    told = ", ".join(f"{name} {value:.4f}" for name, value in zip(names, found))
    print(f"a neuron at x = 2, w = 0.5, b = -2: {told}")
    functions, z = activations(), np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    print("z                " + " ".join(f"{number:7.0f}" for number in z))
    table = {name: f(z) for name, f in functions.items()}
    for name, rows in table.items():
        for what, row in zip(("value", "slope"), rows):
            print(f"{name:8} {what:7} " + " ".join(f"{number:7.4f}" for number in row))
    plot(functions)
    return found, table


if __name__ == "__main__":
    main()
