"""Gates as symbolic neurons: a step by hand, AND learnt, AND and OR at once."""

import numpy as np

from kerasish import ops
from kerasish import symbolic as S

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
AND = INPUTS.all(axis=1, keepdims=True).astype("float32")
OR = INPUTS.any(axis=1, keepdims=True).astype("float32")


def step_neuron():
    """Return AND as a neuron with a step: 1 where w x + b > 0, else 0."""
    x = S.vector("x")
    w, b = np.array([1.0, 1.0], "float32"), -1.5
    return S.function([x], S.ifelse(ops.dot(w, x) + b > 0, 1.0, 0.0))


def learn(targets, iterations=30_000, rate=0.01):
    """Train sigmoid neurons from zero; return weights, biases and costs on the way."""
    x, t = S.matrix("x"), S.matrix("t")
    w = S.shared(np.zeros((2, targets.shape[1]), "float32"), "w")
    b = S.shared(np.zeros(targets.shape[1], "float32"), "b")
    o = ops.sigmoid(ops.matmul(x, w) + b)
    cost = -ops.sum(t * ops.log(o) + (1 - t) * ops.log(1 - o))
    by_w, by_b = S.grad(cost, [w, b])
    step = S.function(
        [x, t], [cost, o], updates=[(w, w - rate * by_w), (b, b - rate * by_b)]
    )
    costs = []
    for _ in range(30):  # each is one program of a thousand steps
        cost, answers = step.repeat(iterations // 30, INPUTS, targets)
        costs.append(float(cost))
    return w.get_value(), b.get_value(), costs, answers


def show(names, targets, answers):
    """Print what was learnt beside what is right."""
    print("  a b  " + "  ".join(f"{name:>3} learnt" for name in names))
    for row, right, answer in zip(INPUTS, targets, answers):
        cells = "  ".join(f"{t:3.0f} {o:6.3f}" for t, o in zip(right, answer))
        print(f"  {row[0]:.0f} {row[1]:.0f}  {cells}")


def main():
    """Make and learn the gates; return the numbers."""
    step = step_neuron()
    print("AND by a step, w = (1, 1), b = -1.5:", [int(step(row)) for row in INPUTS])
    found = {}
    for names, targets in ((["AND"], AND), (["AND", "OR"], np.hstack([AND, OR]))):
        w, b, costs, answers = found[" ".join(names)] = learn(targets)
        print(f"{' and '.join(names)} learnt in 30,000 steps; cost after 1,000, 2,000,")
        print("  5,000, 30,000:", *(f"{costs[k - 1]:.4f}" for k in (1, 2, 5, 30)))
        show(names, targets, answers)
        for name, weights, bias in zip(names, w.T, b):
            told = ", ".join(f"{weight:.3f}" for weight in weights)
            print(f"  {name}: w = ({told}), b = {bias:.3f}")
    return [float(step(row)) for row in INPUTS], found


if __name__ == "__main__":
    main()
