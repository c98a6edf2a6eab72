"""Layers of every kind in small networks."""

import numpy as np

from .data import BINARY, LABELS, WORDS, X, Y, results, trained


def embedding_with_mask(keras, same):
    """Padded words: the mask goes with the embedding, ops do the pooling."""
    words = keras.Input((5,), dtype="int32")
    x = keras.layers.Embedding(9, 4, mask_zero=True, name="embedding")(words)
    there = keras.ops.cast(keras.ops.not_equal(words, 0), "float32")[:, :, None]
    x = keras.ops.sum(x * there, axis=1) / keras.ops.sum(there, axis=1)
    model = keras.Model(words, keras.layers.Dense(3, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    same(model)
    history = model.fit(WORDS, LABELS, epochs=3, verbose=0, shuffle=False)
    mask = model.get_layer("embedding").compute_mask(WORDS)
    return trained(model, history, WORDS) | {"mask": np.asarray(mask)}


def loss_of_masked_steps(keras, same):
    """Masked steps of a sequence count neither in the loss nor in the metrics."""
    x = np.stack([X, X[::-1], X * 2], axis=1)
    x[::2, 2] = 0.0
    y = np.stack([Y, Y, -Y], axis=1)
    model = keras.Sequential(
        [
            keras.Input((3, 4)),
            keras.layers.Masking(mask_value=0.0),
            keras.layers.Dense(3),
        ]
    )
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    same(model)
    history = model.fit(x, y, epochs=3, verbose=0, shuffle=False)
    del history.history["mae"]  # on JAX Keras loses masks where it trains
    return results(model, history, x, y)


def random_layers(keras, same):
    """Seeds make the same masks and the same noise in training."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.GaussianNoise(0.2, seed=4),
            keras.layers.GaussianDropout(0.2, seed=5),
            keras.layers.AlphaDropout(0.1, seed=6),
            keras.layers.Reshape((2, 2)),
            keras.layers.SpatialDropout1D(0.3, seed=7),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X)


def activations(keras, same):
    """Activations as strings, functions and layers, with weights of their own."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(4, activation=keras.activations.swish),
            keras.layers.PReLU(),
            keras.layers.Dense(4, activation=lambda x: keras.ops.sin(x)),
            keras.layers.Activation(keras.ops.softplus),
            keras.layers.ELU(alpha=0.7),
            keras.layers.ReLU(max_value=2.0, negative_slope=0.1),
            keras.layers.Dense(3, activation="hard_sigmoid"),
            keras.layers.Softmax(),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    same(model)
    history = model.fit(X, LABELS, epochs=2, verbose=0, shuffle=False)
    return trained(model, history, X)


def shapes(keras, same):
    """Reshape, Permute, RepeatVector, Flatten and their output shapes."""
    inputs = keras.Input((4,))
    x = keras.layers.Reshape((2, -1))(inputs)
    x = keras.layers.Permute((2, 1))(x)
    x = keras.layers.EinsumDense("abc,cd->abd", output_shape=(2, 3))(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.RepeatVector(2)(x)
    y = keras.layers.Dense(1)(x)
    model = keras.Model(inputs, [x, y])
    same(model)
    found = model.predict(X, verbose=0)
    shapes = [list(layer.output.shape) for layer in model.layers]
    return {"shapes": shapes, "outputs": found}


def lambdas(keras, same):
    """Functions as layers, with arguments; ops too."""

    def scaled(x, factor=1.0):
        return x * factor

    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Lambda(lambda x: keras.ops.concatenate([x, x**2], axis=-1)),
            keras.layers.Lambda(scaled, arguments={"factor": 0.5}, name="scaled"),
            keras.layers.Dense(3),
            keras.layers.Lambda(keras.ops.tanh),
        ]
    )
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    return trained(model, history, X)


def merging(keras, same):
    """Every merging layer, as a class and as a function."""
    a, b = keras.Input((4,)), keras.Input((4,))
    made = [
        keras.layers.Add()([a, b]),
        keras.layers.Subtract()([a, b]),
        keras.layers.Multiply()([a, b]),
        keras.layers.average([a, b]),
        keras.layers.maximum([a, b]),
        keras.layers.Minimum()([a, b]),
        keras.layers.Dot(axes=1, normalize=True)([a, b]),
    ]
    model = keras.Model([a, b], keras.layers.Dense(1)(keras.layers.concatenate(made)))
    model.compile("sgd", "mse")
    same(model)
    data = [X, X[::-1]]
    history = model.fit(data, BINARY, epochs=2, verbose=0, shuffle=False)
    return trained(model, history, data)


def normalized(keras, same):
    """Layer, group and unit normalization."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.LayerNormalization(epsilon=1e-3),
            keras.layers.Dense(4),
            keras.layers.BatchNormalization(center=False),
            keras.layers.GroupNormalization(groups=2),
            keras.layers.UnitNormalization(),
            keras.layers.Dense(3),
        ]
    )
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, shuffle=False)
    return trained(model, history, X) | {"weights": model.get_weights()}


def initial_values(keras):
    """Initializers that hold no chance, and those of one's own."""

    def ramp(shape, dtype=None):
        return keras.ops.reshape(keras.ops.arange(float(np.prod(shape))), shape)

    class Checked(keras.initializers.Initializer):
        def __init__(self, value):
            self.value = value

        def __call__(self, shape, dtype=None, **kwargs):
            return keras.ops.full(shape, self.value, dtype=dtype)

        def get_config(self):
            return {"value": self.value}

    dense = keras.layers.Dense(3, kernel_initializer=ramp, bias_initializer=Checked(2))
    dense.build((None, 4))
    other = keras.layers.Dense(
        4,
        kernel_initializer=keras.initializers.Identity(0.5),
        bias_initializer=keras.initializers.Constant(0.25),
    )
    return {"ramp": np.asarray(dense(X)), "identity": np.asarray(other(X))}
