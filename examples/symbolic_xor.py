"""XOR by a 2-3-1 network of sigmoids without biases: 60,000 steps on the formula."""

import numpy as np

from kerasish import ops
from kerasish import symbolic as S

data = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
targets = np.array([[0], [1], [1], [0]], "float32")

random = np.random.default_rng(0)
x, y = S.matrix("x"), S.matrix("y")
w = S.shared(random.normal(size=(2, 3)), "w", dtype="float32")
v = S.shared(random.normal(size=(3, 1)), "v", dtype="float32")
output = ops.sigmoid(ops.matmul(ops.sigmoid(ops.matmul(x, w)), v))
cost = ops.sum((y - output) ** 2)
by_w, by_v = S.grad(cost, [w, v])
step = S.function([x, y], cost, updates=[(w, w - 0.1 * by_w), (v, v - 0.1 * by_v)])

error = step.repeat(60_000, data, targets)
answers = S.function([x], output)(data)
print(f"squared error {error:.4f}, answers {answers.ravel().round(2)}")
print("W:", *w.get_value().round(1))
print("v:", v.get_value().ravel().round(1))
