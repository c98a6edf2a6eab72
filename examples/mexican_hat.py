"""Gradient descent into the brim of a mexican hat, twice: in Python, and compiled."""

import numpy as np

from kerasish import ops
from kerasish import symbolic as S

X = np.arange(0.9, 1.1, 0.01)  # 21 numbers: rounding lets the 1.1 in


def hat(w, x):
    """(1 − (w x)²) exp(−(w x)²): a hill around 0 with a brim on both sides."""
    u = (w * x) ** 2
    return (1 - u) * ops.exp(-u)


def in_python(start=0.5, steps=400, rate=0.01):
    """Go down the mean slope in a loop; return w after each step."""
    w, x = S.scalar("w"), S.vector("x")
    slope = S.function([w, x], S.grad(ops.mean(hat(w, x)), w))
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * float(slope(path[-1], X)))
    return path


def compiled(start=0.5, steps=300, rate=0.001):
    """Go down the slope of the sum; the step is a part of the compiled function."""
    w, x = S.shared(start, "w"), S.vector("x")
    cost = ops.sum(hat(w, x))
    step = S.function([x], cost, updates=[(w, w - rate * S.grad(cost, w))])
    path = [start]
    for _ in range(steps):
        step(X)
        path.append(float(w.get_value()))
    return path


def plot(paths, path="mexican_hat.png"):
    """Draw the hat and the ways down into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def cost(w):
        u = np.square(np.multiply.outer(w, X))
        return ((1 - u) * np.exp(-u)).mean(axis=-1)

    _, (left, right) = pyplot.subplots(1, 2, figsize=(11, 3.6))
    w = np.linspace(-3, 3, 301)
    left.plot(w, cost(w), color="grey")
    for (name, way), side in zip(paths.items(), (0, 1)):
        some = np.array(way[:: len(way) // 15])
        left.plot(some, cost(some), "ox"[side], markersize=5, label=name)
        right.plot(way, label=f"{name}: {way[-1]:.4f}")
    left.set(xlabel="w", ylabel="mean over x", title="the hat")
    left.legend()
    right.axhline(np.sqrt(2), color="grey", linewidth=0.8, label="root of 2")
    right.set(xlabel="step", ylabel="w", title="the ways down")
    right.legend()
    pyplot.tight_layout()
    pyplot.savefig(path, dpi=100)
    pyplot.close()


def main():
    """Go down both ways; return the paths by way."""
    paths = {"loop, mean": in_python(), "updates, sum": compiled()}
    for name, path in paths.items():
        print(f"{name:12} from {path[0]} in {len(path) - 1} steps to {path[-1]:.4f}")
    plot(paths)
    return paths


if __name__ == "__main__":
    main()
