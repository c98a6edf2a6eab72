"""Graphs of layers: several inputs and outputs, sharing, nesting, maths."""

import numpy as np

from .data import BINARY, LABELS, WEIGHTS, WORDS, X, Y, results, trained


def residual(keras, same):
    """A block with a short cut, written with `+`."""
    inputs = keras.Input(shape=(4,))
    x = keras.layers.Dense(4, activation="relu")(inputs)
    x = keras.layers.Dense(4)(x)
    x = keras.layers.LayerNormalization()(x + inputs)
    outputs = keras.layers.Dense(3, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs, name="residual")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model)
    history = model.fit(X, LABELS, batch_size=16, epochs=3, verbose=0, shuffle=False)
    return results(model, history, X, LABELS)


def two_inputs(keras, same):
    """A list of inputs; a wide and a deep part."""
    wide, deep = keras.Input((2,), name="wide"), keras.Input((2,), name="deep")
    x = keras.layers.Dense(5, activation="tanh")(deep)
    x = keras.layers.concatenate([wide, x])
    model = keras.Model([wide, deep], keras.layers.Dense(1)(x))
    model.compile(loss="mse", optimizer="sgd", metrics=["mae"])
    same(model)
    data = [X[:, :2], X[:, 2:]]
    history = model.fit(data, BINARY, 16, 3, verbose=0, shuffle=False)
    return trained(model, history, data)


def dict_inputs(keras, same):
    """Inputs by name, of several dtypes; the data in another order."""
    inputs = {
        "number": keras.Input((4,), name="number"),
        "word": keras.Input((5,), dtype="int32", name="word"),
    }
    words = keras.layers.Embedding(9, 3)(inputs["word"])
    words = keras.layers.Flatten()(words)
    x = keras.layers.Concatenate()([inputs["number"], words])
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile("rmsprop", "binary_crossentropy")
    same(model)
    data = {"word": WORDS, "number": X}
    history = model.fit(data, BINARY, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, data)


def tuple_of_inputs(keras, same):
    """A tuple of inputs, a tuple of outputs."""
    first, second = keras.Input((4,)), keras.Input((4,))
    total = keras.layers.add([first, second])
    product = keras.layers.multiply([first, second])
    outputs = keras.layers.Dense(2)(total), keras.layers.Dense(1)(product)
    model = keras.Model((first, second), outputs)
    same(model)
    found = model.predict((X, X[::-1]), verbose=0, batch_size=32)
    return {"type": type(found).__name__, "outputs": [np.asarray(a) for a in found]}


def list_of_outputs(keras, same):
    """Losses, weights of losses and metrics as lists."""
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(5, activation="relu")(inputs)
    outputs = [
        keras.layers.Dense(3, name="value")(hidden),
        keras.layers.Dense(1, activation="sigmoid", name="flag")(hidden),
    ]
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer="sgd",
        loss=["mse", "binary_crossentropy"],
        loss_weights=[0.5, 2.0],
        metrics=[["mae"], ["accuracy"]],
    )
    same(model)
    history = model.fit(X, [Y, BINARY], epochs=3, verbose=0, shuffle=False)
    found = results(model, history, X, [Y, BINARY])
    return found | {"names": model.output_names}


def dict_of_outputs(keras, same):
    """Everything by the outputs' names, weights of the samples too."""
    inputs = keras.Input((4,))
    value = keras.layers.Dense(3, name="value")(inputs)
    flag = keras.layers.Dense(1, activation="sigmoid", name="flag")(inputs)
    model = keras.Model(inputs, {"value": value, "flag": flag})
    model.compile(
        optimizer="adam",
        loss={"value": "mae", "flag": keras.losses.BinaryCrossentropy()},
        loss_weights={"value": 1.0, "flag": 0.3},
        metrics={"flag": ["accuracy"]},
        weighted_metrics={"value": ["mse"]},
    )
    same(model)
    y = {"value": Y, "flag": BINARY}
    weights = {"value": WEIGHTS, "flag": WEIGHTS[::-1]}
    history = model.fit(X, y, sample_weight=weights, epochs=3, verbose=0, shuffle=False)
    evaluated = model.evaluate(X, y, sample_weight=weights, verbose=0, return_dict=True)
    found = model.predict(X, verbose=0)
    return {"history": history.history, "evaluate": evaluated, "predict": found}


def one_loss_for_two_outputs(keras, same):
    """Only one of the outputs is trained; the other one is looked at."""
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="code", activation="tanh")(inputs)
    outputs = [hidden, keras.layers.Dense(3, name="out")(hidden)]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss=[None, "mse"])
    same(model)
    history = model.fit(X, [Y, Y], epochs=2, verbose=0, shuffle=False)
    return {"history": history.history, "codes": model.predict(X, verbose=0)[0]}


def autoencoder(keras, same):
    """Encoder and decoder are models; the trained one is called as a layer."""
    inputs = keras.Input((4,))
    code = keras.layers.Dense(2, activation="tanh", name="code")(inputs)
    encoder = keras.Model(inputs, code, name="encoder")
    latent = keras.Input((2,))
    decoder = keras.Model(latent, keras.layers.Dense(4)(latent), name="decoder")
    model = keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder")
    model.compile(keras.optimizers.Adam(0.02), keras.losses.MeanSquaredError())
    same(model)
    history = model.fit(X, X, epochs=4, batch_size=16, verbose=0, shuffle=False)
    codes = encoder.predict(X, verbose=0)
    return {
        "history": history.history,
        "codes": codes,
        "again": decoder.predict(codes, verbose=0),
        "whole": model.predict(X, verbose=0),
        "layers": [layer.name for layer in model.layers[1:]],
    }


def siamese(keras, same):
    """One tower for both inputs; the distance by ops on symbolic tensors."""
    left, right = keras.Input((4,)), keras.Input((4,))
    tower = keras.Sequential(
        [keras.layers.Dense(5, "relu"), keras.layers.Dense(2)], name="tower"
    )
    a, b = tower(left), tower(right)
    squares = keras.ops.sum(keras.ops.square(a - b), axis=1, keepdims=True)
    distance = keras.ops.sqrt(keras.ops.maximum(squares, keras.config.epsilon()))
    model = keras.Model([left, right], distance)

    def contrastive(y_true, y_pred):
        far = keras.ops.square(keras.ops.maximum(1.0 - y_pred, 0.0))
        return keras.ops.mean(y_true * keras.ops.square(y_pred) + (1 - y_true) * far)

    model.compile(optimizer="adam", loss=contrastive)
    same(model)
    pair = [X, X[::-1]]
    history = model.fit(pair, BINARY, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, pair) | {"count": len(model.weights)}


def shared_layer(keras, same):
    """One Dense used twice learns from both uses."""
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(4, activation="tanh")
    outputs = keras.layers.Dense(3)(shared(shared(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("rmsprop", "mse")
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X) | {"parameters": model.count_params()}


def slices_and_arithmetic(keras, same):
    """Python's own operators on symbolic tensors."""
    inputs = keras.Input((4,))
    left, right = inputs[:, :2], inputs[:, 2:]
    x = (2.0 * left - right / 3.0) ** 2
    x = -x + keras.ops.abs(right) @ keras.ops.ones((2, 2))
    last = inputs[:, -1]
    x = keras.ops.concatenate([x, last[:, None], 1.0 - inputs[..., 0:1]], axis=-1)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    model.compile("sgd", "mse")
    same(model)
    history = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    return trained(model, history, X) | {"shape": list(x.shape)}


def ops_of_all_kinds(keras, same):
    """Reshaping, reductions, choices and einsum in a graph, with an unknown batch."""
    ops = keras.ops
    inputs = keras.Input((4,))
    x = ops.reshape(inputs, (-1, 2, 2))
    x = ops.transpose(x, (0, 2, 1)) + ops.expand_dims(ops.arange(2.0), 0)
    gram = ops.einsum("bij,bkj->bik", x, x)
    x = ops.where(gram > 0, gram, ops.exp(-ops.abs(gram)))
    x = ops.stack([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=1)
    x = ops.softmax(ops.squeeze(ops.split(x, 2, axis=1)[0], 1))
    x = ops.concatenate([x, ops.one_hot(ops.argmax(inputs, -1), 4)], axis=1)
    model = keras.Model(inputs, [x, keras.layers.Dense(2)(ops.clip(x, 0.1, 0.9))])
    same(model)
    one, two = model.predict(X, verbose=0)
    return {"shapes": [list(t.shape) for t in model.outputs], "one": one, "two": two}


def attention(keras, same):
    """Self-attention by hand on embedded words."""
    words = keras.Input((5,), dtype="int32")
    x = keras.layers.Embedding(9, 4)(words)
    query, key, value = (keras.layers.Dense(4, use_bias=False)(x) for _ in range(3))
    scores = keras.ops.matmul(query, keras.ops.transpose(key, (0, 2, 1))) / 2.0
    x = keras.layers.Softmax()(scores) @ value
    outputs = keras.layers.Dense(3, activation="softmax")(keras.ops.mean(x, axis=1))
    model = keras.Model(words, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model)
    history = model.fit(WORDS, LABELS, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, WORDS)


def feature_extractor(keras, same):
    """Look at the hidden layers of a trained model by a second model."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, activation="relu", name="first"),
            keras.layers.Dense(4, activation="relu", name="second"),
            keras.layers.Dense(3, name="last"),
        ]
    )
    model.compile("sgd", "mse")
    same(model)
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0, shuffle=False)
    one = keras.Model(model.inputs, model.get_layer("second").output)
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    return {
        "one": one.predict(X, verbose=0),
        "all": every.predict(X[:7], verbose=0),
        "symbolic": [list(layer.output.shape) for layer in model.layers],
    }


def transfer(keras, same):
    """The body of a model is frozen under a new head, then thawed."""
    inputs = keras.Input((4,))
    body = keras.Model(inputs, keras.layers.Dense(4, activation="relu")(inputs))
    body.trainable = False
    fresh = keras.Input((4,))
    model = keras.Model(fresh, keras.layers.Dense(3)(body(fresh, training=False)))
    model.compile("sgd", "mse")
    same(model)
    frozen = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    counts = [len(model.trainable_weights), len(model.non_trainable_weights)]
    body.trainable = True
    model.compile(keras.optimizers.SGD(0.001), "mse")
    thawed = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    counts += [len(model.trainable_weights), len(model.non_trainable_weights)]
    histories = [frozen.history, thawed.history]
    return {"histories": histories, "counts": counts, "weights": model.get_weights()}


def ensemble(keras, same):
    """Several models side by side, their outputs averaged by a layer."""
    inputs = keras.Input((4,))
    members = []
    for number in range(3):
        out = keras.layers.Dense(3, activation="softmax")(inputs)
        members.append(keras.Model(inputs, out, name=f"member_{number}"))
    average = keras.layers.Average()([member(inputs) for member in members])
    model = keras.Model(inputs, average)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model)
    history = model.fit(X, LABELS, epochs=2, verbose=0, shuffle=False)
    alone = np.mean([np.asarray(member(X)) for member in members], axis=0)
    return trained(model, history, X) | {"alone": alone}


def model_on_new_inputs(keras, same):
    """A model is a layer: call it on data, on other inputs, on other shapes."""
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.ops.tanh(inputs)))
    same(model)
    other = keras.Input((3, 4))
    longer = keras.Model(other, model(other) * 10.0)
    cube = np.stack([X[:6], X[6:12], X[12:18]], axis=1)
    return {
        "shape": list(longer.output.shape),
        "eager": np.asarray(model(cube)),
        "longer": longer.predict(cube, verbose=0),
        "same_weights": longer.weights[0] is model.weights[0],
    }


def tied_weights(keras, same):
    """Two models share a layer: training one changes the other."""
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(3, activation="tanh")
    one = keras.Model(inputs, keras.layers.Dense(3)(shared(inputs)))
    two = keras.Model(inputs, keras.layers.Dense(1)(shared(inputs)))
    same(one)
    same(two)
    before = two.predict(X, verbose=0)
    one.compile("sgd", "mse")
    one.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    return {"before": before, "after": two.predict(X, verbose=0)}
