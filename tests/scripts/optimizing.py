"""Optimizers, schedules, what is trained, in which precision."""

import numpy as np

from .data import LABELS, X, Y, trained


def _line(keras, same, optimizer, **options):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(optimizer, "mse")
    return same(model)


def _trained(keras, same, optimizer, epochs=3):
    model = _line(keras, same, optimizer)
    history = model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, shuffle=False)
    return {"history": history.history, "weights": model.get_weights()}


def by_name(keras):
    """All common optimizers by their names: five steps on the same gradients."""
    names = "sgd rmsprop adagrad adadelta adam adamw adamax nadam ftrl lion adafactor"
    found = {}
    for name in names.split():
        optimizer = keras.optimizers.get(name)
        variable = keras.Variable(np.linspace(-1, 1, 6, dtype="float32"), name="w")
        optimizer.build([variable])
        for step in range(5):
            gradient = np.cos(np.arange(6) + step).astype("float32")
            optimizer.apply_gradients([(gradient, variable)])
        found[name] = [np.asarray(variable.value), len(optimizer.variables)]
    return found


def momentum(keras, same):
    """SGD with Nesterov's momentum, and a norm that gradients may not exceed."""
    return _trained(
        keras,
        same,
        keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, global_clipnorm=0.5),
    )


def adam_with_all(keras, same):
    """AMSGrad, decay of the weights, clipped values, an exponential average."""
    optimizer = keras.optimizers.Adam(
        learning_rate=0.02,
        beta_1=0.8,
        amsgrad=True,
        weight_decay=0.01,
        clipvalue=0.2,
        use_ema=True,
        ema_momentum=0.9,
    )
    return _trained(keras, same, optimizer)


def adamw_without_biases(keras, same):
    """Biases do not decay."""
    optimizer = keras.optimizers.AdamW(0.02, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return _trained(keras, same, optimizer)


def accumulated_gradients(keras, same):
    """The weights move at every second batch."""
    optimizer = keras.optimizers.SGD(0.3, gradient_accumulation_steps=2)
    return _trained(keras, same, optimizer)


def decaying_rate(keras, same):
    """A schedule in place of a learning rate; RMSprop with momentum, centred."""
    schedule = keras.optimizers.schedules.ExponentialDecay(
        0.02, decay_steps=2, decay_rate=0.6, staircase=True
    )
    optimizer = keras.optimizers.RMSprop(schedule, momentum=0.5, centered=True)
    return _trained(keras, same, optimizer)


def warm_cosine(keras, same):
    """Warm-up, then a cosine; the rate can be looked at."""
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=4, alpha=0.1, warmup_target=0.4, warmup_steps=2
    )
    optimizer = keras.optimizers.Adam(schedule)
    found = _trained(keras, same, optimizer)
    return found | {"rate": float(optimizer.learning_rate)}


def schedules(keras):
    """Each schedule's curve, and one of our own."""
    made = keras.optimizers.schedules

    class Own(made.LearningRateSchedule):
        def __call__(self, step):
            return 0.1 / (1.0 + keras.ops.cast(step, "float32"))

    curves = {
        "exponential": made.ExponentialDecay(0.1, 3, 0.5),
        "piecewise": made.PiecewiseConstantDecay([2, 5], [1.0, 0.5, 0.1]),
        "polynomial": made.PolynomialDecay(0.1, 6, 0.01, power=2.0, cycle=True),
        "inverse": made.InverseTimeDecay(0.1, 2, 0.5, staircase=True),
        "restarts": made.CosineDecayRestarts(0.1, 3, t_mul=2.0, m_mul=0.8),
        "own": Own(),
    }
    return {
        name: [float(curve(step)) for step in range(9)]
        for name, curve in curves.items()
    }


def rate_changed_by_hand(keras, same):
    """`optimizer.learning_rate = ...` between trainings."""
    model = _line(keras, same, "sgd")
    losses = []
    for rate in (0.1, 0.01, 0.5):
        model.optimizer.learning_rate = rate
        history = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        losses += history.history["loss"]
    return {"losses": losses, "rate": float(model.optimizer.learning_rate.value)}


def freezing(keras, same):
    """A layer is frozen, the model compiled again; then it is thawed."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, activation="tanh", name="body"),
            keras.layers.Dense(3, name="head"),
        ]
    )
    model.get_layer("body").trainable = False
    model.compile(keras.optimizers.Adam(0.01), "mse")
    same(model)
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    before = model.get_layer("body").get_weights()
    frozen = model.fit(X, Y, **options).history
    kept = model.get_layer("body").get_weights()
    for layer in model.layers:
        layer.trainable = True
    model.compile(keras.optimizers.Adam(0.001), "mse")
    thawed = model.fit(X, Y, **options).history
    return {
        "histories": [frozen, thawed],
        "kept": [np.array_equal(a, b) for a, b in zip(before, kept, strict=True)],
        "trainable": [len(model.trainable_weights), len(model.weights)],
        "weights": model.get_weights(),
    }


def batch_norm_tuning(keras, same):
    """Batch statistics: moved in training, used afterwards, frozen at last."""
    norm = keras.layers.BatchNormalization(momentum=0.7, epsilon=1e-2)
    model = keras.Sequential([keras.Input((4,)), norm, keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    same(model)
    options = {"epochs": 2, "batch_size": 16, "verbose": 0, "shuffle": False}
    first = model.fit(X * 2 + 1, Y, **options).history
    moved = norm.get_weights()
    norm.trainable = False
    model.compile("sgd", "mse")
    second = model.fit(X - 1, Y, **options).history
    return {
        "histories": [first, second],
        "moved": moved,
        "frozen": norm.get_weights(),
        "predict": model.predict(X, verbose=0),
    }


def mixed_precision(keras, same):
    """bfloat16 inside, float32 for weights and the output."""
    before = keras.config.dtype_policy().name
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((4,))
        hidden = keras.layers.Dense(4, activation="relu")
        x = hidden(inputs)
        model = keras.Model(inputs, keras.layers.Dense(3, dtype="float32")(x))
    finally:
        keras.mixed_precision.set_global_policy(before)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    dtypes = [hidden.compute_dtype, hidden.variable_dtype, hidden.dtype_policy.name]
    dtypes += [hidden.kernel.dtype, str(model.predict(X, verbose=0).dtype), x.dtype]
    return {"history": history.history, "dtypes": dtypes}


def scaled_losses(keras, same):
    """mixed_float16: `compile` wraps the optimizer so that small gradients live."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, dtype="mixed_float16"),
            keras.layers.Activation("softmax", dtype="float32"),
        ]
    )
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), initial_scale=256.0, dynamic_growth_steps=2
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    same(model)
    history = model.fit(X, LABELS, epochs=3, verbose=0, shuffle=False)
    return {
        "history": history.history,
        "scale": float(np.asarray(optimizer.dynamic_scale.value)),
    }


def regularized(keras, same):
    """Penalties and constraints on kernels and biases."""

    def most(weights):
        return keras.ops.minimum(weights, 0.5)

    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(
                5,
                kernel_regularizer=keras.regularizers.L1L2(l1=0.01, l2=0.02),
                bias_regularizer="l2",
                kernel_constraint=keras.constraints.MaxNorm(0.8),
            ),
            keras.layers.Dense(
                3,
                kernel_regularizer=lambda w: 0.01 * keras.ops.sum(keras.ops.abs(w)),
                kernel_constraint=most,
                bias_constraint="non_neg",
            ),
        ]
    )
    model.compile(keras.optimizers.SGD(0.2), "mse", metrics=["mse"])
    same(model)
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    found = trained(model, history, X)
    return found | {"weights": model.get_weights()}
