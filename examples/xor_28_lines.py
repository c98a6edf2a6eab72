"""XOR by a 2-3-1 network of sigmoids: 60,000 steps of plain gradient descent."""

import time

import numpy as np

import kerasish as keras

keras.utils.set_random_seed(1)
x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
y = np.array([[0], [1], [1], [0]], "float32")

weights = keras.initializers.RandomNormal(stddev=1.0)
model = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(3, activation="sigmoid", kernel_initializer=weights),
        keras.layers.Dense(1, activation="sigmoid", kernel_initializer=weights),
    ]
)
loss = keras.losses.MeanSquaredError(reduction="sum")  # (y - o)², summed
model.compile(keras.optimizers.SGD(learning_rate=0.01), loss)

start = time.perf_counter()
history = model.fit(x, y, epochs=60_000, verbose=0)
print(f"60,000 steps in {time.perf_counter() - start:.2f} s")
print(f"squared error {history.history['loss'][-1]:.4f}")
print(np.round(model.predict(x, verbose=0).ravel(), 2))
