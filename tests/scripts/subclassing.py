"""Models and layers as classes of one's own."""

import numpy as np

from .data import BINARY, LABELS, WORDS, X, Y, results, trained


def training_flag(keras, same):
    """Dropout by hand's flag; batch normalization; layers in attributes."""

    class Net(keras.Model):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.hidden = keras.layers.Dense(units, activation="relu")
            self.norm = keras.layers.BatchNormalization()
            self.dropout = keras.layers.Dropout(0.4, seed=1)
            self.out = keras.layers.Dense(3, activation="softmax")

        def call(self, inputs, training=False):
            x = self.norm(self.hidden(inputs), training=training)
            if training:
                x = self.dropout(x, training=training)
            return self.out(x)

    model = Net(5, name="net")
    model(keras.Input((4,)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model)
    history = model.fit(X, LABELS, batch_size=16, epochs=3, verbose=0, shuffle=False)
    found = results(model, history, X, LABELS)
    return found | {"weights": model.get_weights(), "name": model.name}


def nested_in_lists(keras, same):
    """Blocks are layers of layers, kept in a list and a dict."""

    class Block(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.steps = [keras.layers.Dense(units), keras.layers.LeakyReLU(0.1)]

        def call(self, x):
            for step in self.steps:
                x = step(x)
            return x

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(5) for _ in range(3)]
            self.heads = {"value": keras.layers.Dense(3)}

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.heads["value"](x)

    model = Net()
    model(np.zeros((1, 4)))
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    counts = [len(model.layers), len(model.trainable_variables), model.count_params()]
    return trained(model, history, X) | {"counts": counts}


def own_build(keras, same):
    """A model whose `build` makes its layers and weights for the data's shape."""

    class Net(keras.Model):
        def build(self, input_shape):
            self.dense = keras.layers.Dense(input_shape[-1])
            self.dense.build(input_shape)
            self.gain = self.add_weight(
                shape=(input_shape[-1],), initializer="ones", name="gain"
            )
            self.head = keras.layers.Dense(3)
            self.head.build(input_shape)

        def call(self, x):
            return self.head(keras.ops.tanh(self.dense(x)) * self.gain)

    model = Net()
    model.build((None, 4))
    model.compile("adam", "mse")
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X) | {"gain": np.asarray(model.gain)}


def several_inputs(keras, same):
    """`call` unpacks a tuple, or reads a dict; outputs come as a dict."""

    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = keras.layers.Dense(3), keras.layers.Dense(3)

        def call(self, inputs):
            a, b = inputs
            return {"sum": self.left(a) + self.right(b), "left": self.left(a)}

    class Named(keras.Model):
        def __init__(self):
            super().__init__()
            self.pair = Pair()
            self.embed = keras.layers.Embedding(9, 2)

        def call(self, inputs):
            words = keras.ops.mean(self.embed(inputs["words"]), axis=1)
            pair = self.pair((inputs["numbers"], words))
            return {"out": pair["sum"], "side": pair["left"]}

    data = {"numbers": X, "words": WORDS}
    model = Named()
    words = keras.Input((5,), dtype="int32")
    model({"numbers": keras.Input((4,)), "words": words})
    model.compile("sgd", loss={"out": "mse", "side": "mae"}, metrics={"out": ["mae"]})
    same(model)
    y = {"out": Y, "side": Y}
    history = model.fit(data, y, epochs=3, verbose=0, shuffle=False)
    return results(model, history, data, y)


def custom_dense(keras, same):
    """The layer of the guide: `build`, `add_weight`, `call`, `get_config`."""

    class Linear(keras.layers.Layer):
        def __init__(self, units=32, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.activation = keras.activations.get(activation)

        def build(self, input_shape):
            self.w = self.add_weight(
                name="w",
                shape=(input_shape[-1], self.units),
                initializer="glorot_uniform",
                regularizer=keras.regularizers.L2(0.01),
                trainable=True,
            )
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

        def call(self, inputs):
            return self.activation(keras.ops.matmul(inputs, self.w) + self.b)

        def get_config(self):
            config = super().get_config()
            activation = keras.activations.serialize(self.activation)
            return {**config, "units": self.units, "activation": activation}

    model = keras.Sequential(
        [keras.Input((4,)), Linear(5, "tanh", name="one"), Linear(3, name="two")]
    )
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    config = model.layers[0].get_config()
    twin = Linear.from_config(config)
    return trained(model, history, X) | {
        "config": {key: config[key] for key in ("name", "units", "activation")},
        "twin": [twin.units, twin.name, twin.activation.__name__],
        "losses": [float(loss) for loss in model.losses],
    }


def activity_loss(keras, same):
    """Losses of layers: `add_loss` in `call`, and an activity regularizer."""

    class Sparse(keras.layers.Layer):
        def __init__(self, rate=0.05):
            super().__init__()
            self.rate = rate

        def call(self, inputs):
            self.add_loss(self.rate * keras.ops.mean(keras.ops.abs(inputs)))
            return inputs

    inputs = keras.Input((4,))
    x = keras.layers.Dense(5, activity_regularizer=keras.regularizers.L1(0.01))(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(Sparse()(x)))
    model.compile("sgd", "mse", metrics=["mse"])
    same(model)
    history = model.fit(X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X)


def variational(keras, same):
    """A variational autoencoder: sampling with a seed, the KL term."""

    class Sampling(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.seed_generator = keras.random.SeedGenerator(1337)

        def call(self, inputs):
            mean, log_var = inputs
            noise = keras.random.normal(keras.ops.shape(mean), seed=self.seed_generator)
            return mean + keras.ops.exp(0.5 * log_var) * noise

    class Variational(keras.Model):
        def __init__(self):
            super().__init__()
            self.encode = keras.layers.Dense(4, activation="tanh")
            self.mean, self.log_var = keras.layers.Dense(2), keras.layers.Dense(2)
            self.sampling = Sampling()
            self.decode = keras.layers.Dense(4)

        def call(self, inputs):
            x = self.encode(inputs)
            mean, log_var = self.mean(x), self.log_var(x)
            kl = -0.5 * keras.ops.mean(
                1 + log_var - keras.ops.square(mean) - keras.ops.exp(log_var)
            )
            self.add_loss(0.1 * kl)
            return self.decode(self.sampling((mean, log_var)))

    model = Variational()
    model(keras.Input((4,)))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    same(model)
    history = model.fit(X, X, batch_size=16, epochs=3, verbose=0, shuffle=False)
    return {"history": history.history}


def running_state(keras, same):
    """Weights that are not trained: a counter and a moving maximum."""

    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.most = self.add_weight(
                shape=(), initializer="ones", trainable=False, name="most"
            )
            self.calls = self.add_weight(
                shape=(), initializer="zeros", dtype="int32", trainable=False
            )

        def call(self, inputs, training=False):
            if training:
                most = keras.ops.max(keras.ops.abs(inputs))
                self.most.assign(keras.ops.maximum(self.most, most))
                self.calls.assign_add(1)
            return inputs / self.most

    scale = Scale()
    model = keras.Sequential([keras.Input((4,)), scale, keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, shuffle=False)
    found = trained(model, history, X)
    return found | {"most": float(scale.most.value), "calls": int(scale.calls.value)}


def custom_mask(keras, same):
    """A layer that makes a mask and one that uses it."""

    class Words(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.embed = keras.layers.Embedding(9, 3)

        def call(self, inputs):
            return self.embed(inputs)

        def compute_mask(self, inputs, mask=None):
            return keras.ops.not_equal(inputs, 0)

    class MeanOverWords(keras.layers.Layer):
        supports_masking = True

        def call(self, inputs, mask=None):
            weights = keras.ops.cast(mask, inputs.dtype)[..., None]
            total = keras.ops.sum(inputs * weights, axis=1)
            return total / keras.ops.sum(weights, axis=1)

        def compute_mask(self, inputs, mask=None):
            return None

    words = Words()
    words.supports_masking = True
    inputs = keras.Input((5,), dtype="int32")
    outputs = keras.layers.Dense(1, activation="sigmoid")(
        MeanOverWords()(words(inputs))
    )
    model = keras.Model(inputs, outputs)
    model.compile("adam", "binary_crossentropy")
    same(model)
    history = model.fit(WORDS, BINARY, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, WORDS)


def functional_subclass(keras, same):
    """A class that hands inputs and outputs to `super().__init__`."""

    class Tiny(keras.Model):
        def __init__(self, units=3, **kwargs):
            inputs = keras.Input((4,))
            x = keras.layers.Dense(units, activation="relu")(inputs)
            super().__init__(inputs=inputs, outputs=keras.layers.Dense(3)(x), **kwargs)
            self.units = units

    model = Tiny(units=5)
    model.compile("rmsprop", "mse", metrics=["mae"])
    same(model)
    history = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    found = trained(model, history, X)
    return found | {"units": model.units, "layers": len(model.layers)}


def layers_alone(keras, same):
    """Layers without a model: called on arrays, with weights and losses to look at."""
    dense = keras.layers.Dense(3, kernel_regularizer="l2", name="alone")
    dense.build((None, 4))
    same(dense)
    y = dense(X)
    spec = dense.compute_output_shape((None, 4))
    dropout = keras.layers.Dropout(0.5, seed=3)
    dense.trainable = False
    return {
        "y": np.asarray(y),
        "loss": float(sum(dense.losses)),
        "shape": list(spec),
        "counts": [len(dense.trainable_weights), len(dense.weights)],
        "still": np.asarray(dropout(X)),
        "dropped": np.asarray(dropout(X, training=True)),
        "again": np.asarray(dropout(X, training=True)),
        "paths": [weight.path for weight in dense.weights],
    }
