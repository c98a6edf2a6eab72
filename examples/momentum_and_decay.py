"""Momentum goes along a ravine; a falling learning rate ends the wobble."""

import numpy as np

import kerasish as keras
from kerasish.optimizers import schedules

CURVATURES = np.array([1.0, 25.0])  # of the loss (a² + 25 b²) / 2
START = np.array([10.0, 1.0])
TRUTH, STEPS = 3.0, 1000  # a mean to be learnt, and from how many samples


def walk(optimizer, steps=100):
    """Go down the ravine from `START`; return the points."""
    place = keras.Variable(START)
    path = [START]
    for _ in range(steps):
        optimizer.apply([CURVATURES * path[-1]], [place])
        path.append(place.numpy())
    return np.array(path)


def ravine():
    """Compare plain descent and momentum, each with its best rate."""
    low, high = np.sqrt(CURVATURES)
    momentum = ((high - low) / (high + low)) ** 2
    ways = {
        "plain": keras.optimizers.SGD(2 / sum(CURVATURES)),
        "momentum": keras.optimizers.SGD((2 / (low + high)) ** 2, momentum=momentum),
    }
    factors = {
        "plain": (high**2 - low**2) / (high**2 + low**2),
        "momentum": np.sqrt(momentum),
    }
    print("down the ravine:")
    paths = {}
    for name, optimizer in ways.items():
        path = paths[name] = walk(optimizer)
        steps = int(np.argmax(np.hypot(*path.T) < 0.01))
        print(
            f"  {name:8} rate {float(optimizer.learning_rate):.4f}: the distance × "
            f"{factors[name]:.4f} a step in the long run; below 0.01 after {steps}"
        )
    return paths


def learn_means(schedule, samples):
    """Learn the mean of each column online; return answers and squared errors."""
    w, errors = np.zeros(samples.shape[1]), []
    for rate, y in zip(np.asarray(schedule(np.arange(STEPS))), samples):
        w = w - rate * (w - y)  # descends (w − y)² / 2
        errors.append(np.mean((w - TRUTH) ** 2))
    return w, errors


def decay():
    """Learn 100 means, all 3, at once, with rates that stay and rates that fall."""
    samples = np.random.default_rng(0).normal(TRUTH, size=(STEPS, 100))
    ways = {
        "0.2": schedules.ExponentialDecay(0.2, 1, 1.0),
        "0.02": schedules.ExponentialDecay(0.02, 1, 1.0),
        "0.2, halved every 150 steps": schedules.ExponentialDecay(0.2, 150, 0.5),
        "1 / step": schedules.InverseTimeDecay(1.0, 1, 1.0),
    }
    print(f"the squared error of a mean, learnt from {STEPS} samples, one at a time:")
    curves = {}
    for name, rate in ways.items():
        answers, curves[name] = learn_means(rate, samples)
        told = ", ".join(f"{curves[name][step - 1]:.4f}" for step in (10, 100, STEPS))
        print(f"  rate {name:28} after 10, 100, {STEPS}: {told}")
    difference = np.abs(answers - samples.mean(axis=0)).max()
    print(f"  1 / step differs from the mean of the samples by {difference:.6f}")
    return curves


def plot(paths, curves, path="momentum_and_decay.png"):
    """Draw both comparisons into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    _, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4))
    for name, points in paths.items():
        left.semilogy(np.hypot(*points.T), label=name)
    left.set(xlabel="step", ylabel="distance", title="down a ravine")
    left.legend()
    for name, errors in curves.items():
        right.loglog(range(1, STEPS + 1), errors, label=f"rate {name}")
    right.set(xlabel="step", ylabel="squared error", title="learning a mean online")
    right.legend()
    pyplot.tight_layout()
    pyplot.savefig(path, dpi=100)
    pyplot.close()


def main():
    """Compare; return the paths in the ravine and the errors of the means."""
    paths, curves = ravine(), decay()
    plot(paths, curves)
    return paths, curves


if __name__ == "__main__":
    main()
