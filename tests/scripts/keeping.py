"""Files, configs, copies, names, settings."""

import copy
import json
import pickle

import numpy as np

from .data import LABELS, X, Y


def _functional(keras):
    inputs = keras.Input((4,), name="inputs")
    x = keras.layers.Dense(5, activation="relu", name="hidden")(inputs)
    x = keras.layers.Dropout(0.2, seed=1)(x)
    x = keras.ops.concatenate([x * 2.0, inputs], axis=-1)
    outputs = keras.layers.Dense(3, activation="softmax", name="out")(x)
    return keras.Model(inputs, outputs, name="kept")


def model_file(keras, same, tmp_path):
    """The whole model in an `.h5` file: predictions, compilation, optimizer."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, activation="relu", kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.02),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    same(model)
    model.fit(X, LABELS, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "model.h5")
    loaded = keras.models.load_model(tmp_path / "model.h5")
    return {
        "loaded": loaded.evaluate(X, LABELS, verbose=0, return_dict=True),
        "same": bool(
            np.allclose(
                model.predict(X, verbose=0), loaded.predict(X, verbose=0), atol=1e-6
            )
        ),
        "rate": float(loaded.optimizer.learning_rate.value),
        "names": [weight.path for weight in loaded.weights],
    }


def weights_file(keras, same, tmp_path):
    """Weights alone, into a twin; and old-style `.h5` of a functional model."""
    model, twin = same(_functional(keras)), _functional(keras)
    model.save_weights(tmp_path / "w.weights.h5")
    twin.load_weights(tmp_path / "w.weights.h5")
    first = twin.predict(X, verbose=0)
    twin.set_weights([weight * 0 for weight in twin.get_weights()])
    flat = twin.predict(X[:2], verbose=0)
    twin.set_weights(model.get_weights())
    equal = np.allclose(first, twin.predict(X, verbose=0))
    return {"first": first, "flat": flat, "equal": bool(equal)}


def custom_objects(keras, same, tmp_path):
    """A registered layer and a custom loss in a file."""
    custom_package = "scripts"

    @keras.saving.register_keras_serializable(package=custom_package)
    class Scaled(keras.layers.Layer):
        def __init__(self, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return x * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    def cubic(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** 3, axis=-1)

    model = keras.Sequential([keras.Input((4,)), Scaled(0.5), keras.layers.Dense(3)])
    model.compile("sgd", cubic)
    same(model)
    score = model.evaluate(X, Y, verbose=0)
    model.save(tmp_path / "custom.h5")
    objects = {"cubic": cubic}
    loaded = keras.models.load_model(tmp_path / "custom.h5", custom_objects=objects)
    with keras.utils.custom_object_scope(objects):
        again = keras.models.load_model(tmp_path / "custom.h5")
    return {
        "scores": [
            score,
            loaded.evaluate(X, Y, verbose=0),
            again.evaluate(X, Y, verbose=0),
        ],
        "factor": loaded.layers[0].factor,
        "registered": keras.saving.get_registered_name(Scaled),
    }


def configs(keras, same):
    """`get_config`, `from_config`, `to_json`: the same network again."""
    model = same(_functional(keras))
    twin = keras.Model.from_config(model.get_config())
    parsed = keras.models.model_from_json(model.to_json())
    for other in (twin, parsed):
        other.set_weights(model.get_weights())
    described = json.loads(model.to_json())
    stack = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="d")])
    return {
        "twin": twin.predict(X, verbose=0),
        "parsed": parsed.predict(X, verbose=0),
        "class": described["class_name"],
        "names": [layer["name"] for layer in described["config"]["layers"]],
        "stack": keras.Sequential.from_config(stack.get_config()).count_params(),
        "dense": sorted(stack.get_layer("d").get_config()),
        "optimizer": sorted(keras.optimizers.Adam(0.5).get_config().items()),
        "loss": sorted(keras.losses.LogCosh().get_config().items()),
    }


def clones(keras, same):
    """`clone_model`: the same layers anew, or others in their place."""
    model = same(_functional(keras))

    def wider(layer):
        config = layer.get_config()
        if layer.name == "hidden":
            config["units"] = 7
        return layer.__class__.from_config(config)

    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    big = keras.models.clone_model(model, clone_function=wider)
    fresh = keras.Input((4,))
    moved = keras.models.clone_model(model, input_tensors=fresh)
    return {
        "clone": clone.predict(X, verbose=0),
        "shares": clone.get_layer("out").kernel is model.get_layer("out").kernel,
        "big": big.count_params(),
        "moved": moved.count_params(),
        "name": clone.name,
    }


def copies(keras, same):
    """Deep copies and pickles, trained on."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    same(model)
    model.fit(X, Y, epochs=1, verbose=0, shuffle=False)
    twin = copy.deepcopy(model)
    sent = pickle.loads(pickle.dumps(model))
    first = twin.predict(X, verbose=0)
    model.set_weights([weight * 0 for weight in model.get_weights()])
    return {
        "first": first,
        "kept": twin.predict(X, verbose=0),
        "sent": sent.predict(X, verbose=0),
        "zero": model.predict(X[:2], verbose=0),
    }


def settings(keras):
    """`keras.config` and what remains of `keras.backend`."""
    before = keras.config.floatx(), keras.config.epsilon()
    keras.config.set_floatx("float16")
    keras.config.set_epsilon(1e-3)
    try:
        inside = [keras.config.floatx(), keras.backend.floatx(), keras.config.epsilon()]
        inside += [keras.layers.Dense(1).compute_dtype]
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_epsilon(before[1])
    keras.backend.clear_session()
    names = [keras.layers.Dense(1).name for _ in range(2)]
    return {
        "before": [before[0], before[1] * 1e6],
        "inside": inside,
        "names": names,
        "format": keras.backend.image_data_format(),
        "backend": keras.backend.backend(),
        "configured": keras.config.backend(),
        "epsilon": keras.backend.epsilon() * 1e6,
        "is_tensor": [keras.backend.is_keras_tensor(keras.Input((2,)))],
        "uid": [keras.backend.get_uid("thing") for _ in range(2)],
        "result": keras.backend.result_type("int32", "float32"),
    }


def utilities(keras):
    """One-hot vectors, padded sequences, norms, seeds."""
    utils = keras.utils
    padded = utils.pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="post")
    draws = []
    for _ in range(2):
        utils.set_random_seed(5)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        noise = np.asarray(keras.random.normal((3,), seed=1))
        draws.append([layer.get_weights()[0], np.random.rand(2), noise])
    same = [np.array_equal(a, b) for a, b in zip(*draws, strict=True)]
    return {
        "one_hot": utils.to_categorical([0, 2, 1]),
        "wide": utils.to_categorical([[0], [2]], num_classes=4),
        "padded": padded,
        "normalized": utils.normalize(X[:2]),
        "repeatable": same,
        "noise": draws[0][2],
        "version": isinstance(keras.__version__, str),
    }


def numbers_with_ops(keras):
    """`keras.ops` and `keras.random` as a numerical library."""
    ops = keras.ops
    x = ops.convert_to_tensor(X)
    q, _ = ops.qr(ops.transpose(x) @ x)
    total = ops.fori_loop(0, 4, lambda i, s: s + ops.sum(x[i]), 0.0)
    _, sums = ops.scan(lambda s, row: (s + row, s), ops.zeros(4), x)
    values, places = ops.top_k(x, 2)
    return {
        "numpy": ops.convert_to_numpy(ops.logsumexp(x, axis=1)),
        "identity": np.asarray(q @ ops.transpose(q)),
        "loop": float(total),
        "sums": np.asarray(sums),
        "top": [np.asarray(values), np.asarray(places)],
        "mapped": np.asarray(ops.vectorized_map(ops.max, x)),
        "choice": np.asarray(ops.cond(ops.sum(x) > 0, lambda: x + 1, lambda: x - 1)),
        "shape": list(ops.shape(x)),
        "segments": np.asarray(ops.segment_sum(x, ops.arange(32) // 8, 4)),
        "uniform": np.asarray(keras.random.uniform((3,), seed=9)),
        "shuffled": np.sort(np.asarray(keras.random.shuffle(ops.arange(5), seed=1))),
    }
