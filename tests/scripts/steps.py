"""Steps and loops of one's own: overridden parts of `fit`, and plain JAX."""

import jax
import jax.numpy as jnp
import numpy as np

from .data import BINARY, LABELS, WEIGHTS, X, Y, results, trained


def _net(keras, **options):
    inputs = keras.Input((4,))
    x = keras.layers.Dense(5, activation="tanh")(inputs)
    x = keras.layers.BatchNormalization()(x)
    return inputs, keras.layers.Dense(3, **options)(x)


def train_step_with_state(keras, same):
    """Keras's form of `train_step` for JAX, metrics and all."""

    class Custom(keras.Model):
        def forward(self, trainable, non_trainable, x, y):
            y_pred, non_trainable = self.stateless_call(
                trainable, non_trainable, x, training=True
            )
            loss = self.compute_loss(x, y, y_pred)
            return loss, (y_pred, non_trainable)

        def train_step(self, state, data):
            trainable, non_trainable, slots, metrics_values = state
            x, y = data
            grad_fn = jax.value_and_grad(self.forward, has_aux=True)
            (loss, (y_pred, non_trainable)), grads = grad_fn(
                trainable, non_trainable, x, y
            )
            trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
            new_values, logs = [], {}
            for metric in self.metrics:
                count = len(metric.variables)
                values, metrics_values = metrics_values[:count], metrics_values[count:]
                if metric.name == "loss":
                    values = metric.stateless_update_state(values, loss)
                    logs["loss"] = metric.stateless_result(values)
                else:
                    values = metric.stateless_update_state(values, y, y_pred)
                    logs |= metric.stateless_result(values)
                new_values += values
            return logs, (trainable, non_trainable, slots, new_values)

    model = Custom(*_net(keras))
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    same(model)
    history = model.fit(X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False)
    return results(model, history, X, Y) | {"weights": model.get_weights()}


def own_metrics_and_test_step(keras, same):
    """A model without a compiled loss: own trackers, `test_step` too."""

    class Custom(keras.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.loss_mean = keras.metrics.Mean(name="loss")
            self.mae = keras.metrics.MeanAbsoluteError(name="mae")
            self.loss_fn = keras.losses.MeanSquaredError()

        @property
        def metrics(self):
            return [self.loss_mean, self.mae]

        def _forward(self, trainable, non_trainable, x, y, training):
            y_pred, non_trainable = self.stateless_call(
                trainable, non_trainable, x, training=training
            )
            return self.loss_fn(y, y_pred), (y_pred, non_trainable)

        def _track(self, values, loss, y, y_pred):
            count = len(self.loss_mean.variables)
            first = self.loss_mean.stateless_update_state(values[:count], loss)
            second = self.mae.stateless_update_state(values[count:], y, y_pred)
            logs = {
                "loss": self.loss_mean.stateless_result(first),
                "mae": self.mae.stateless_result(second),
            }
            return logs, first + second

        def train_step(self, state, data):
            trainable, non_trainable, slots, values = state
            x, y = data
            grad_fn = jax.value_and_grad(self._forward, has_aux=True)
            (loss, (y_pred, non_trainable)), grads = grad_fn(
                trainable, non_trainable, x, y, True
            )
            trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
            logs, values = self._track(values, loss, y, y_pred)
            return logs, (trainable, non_trainable, slots, values)

        def test_step(self, state, data):
            trainable, non_trainable, values = state
            x, y = data
            loss, (y_pred, _) = self._forward(trainable, non_trainable, x, y, False)
            logs, values = self._track(values, loss, y, y_pred)
            return logs, (trainable, non_trainable, values)

    model = Custom(*_net(keras))
    model.compile(optimizer=keras.optimizers.RMSprop(0.01))
    same(model)
    history = model.fit(
        X, Y, batch_size=16, epochs=3, validation_data=(X[:16], Y[:16]), verbose=0,
        shuffle=False,
    )  # fmt: skip
    found = model.evaluate(X, Y, batch_size=16, verbose=0, return_dict=True)
    return {"history": history.history, "evaluate": found}


def compute_loss(keras, same):
    """The loss of `compile` plus something, as a method."""

    class Custom(keras.Model):
        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ):
            loss = super().compute_loss(x, y, y_pred, sample_weight, training=training)
            smooth = keras.ops.mean(keras.ops.square(y_pred[1:] - y_pred[:-1]))
            return loss + 0.1 * smooth

    model = Custom(*_net(keras))
    model.compile("sgd", "mae")
    same(model)
    history = model.fit(X, Y, sample_weight=WEIGHTS, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X)


def loss_without_compile(keras, same):
    """No loss in `compile`: `compute_loss` makes it all."""

    class Contrast(keras.Model):
        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ):
            gram = keras.ops.matmul(y_pred, keras.ops.transpose(y_pred))
            return keras.ops.mean(keras.ops.square(gram - keras.ops.eye(len(x))))

    model = Contrast(*_net(keras))
    model.compile("sgd")
    same(model)
    history = model.fit(X, epochs=3, verbose=0, shuffle=False)
    return {"history": history.history, "predict": model.predict(X, verbose=0)}


def compute_metrics(keras, same):
    """Logs of one's own, made from the results of the metrics."""

    class Custom(keras.Model):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            found["error"] = 1.0 - found["accuracy"]
            found["spread"] = keras.ops.std(y_pred)
            return found

    model = Custom(*_net(keras, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model)
    history = model.fit(X, LABELS, batch_size=16, epochs=2, verbose=0, shuffle=False)
    found = model.evaluate(X, LABELS, verbose=0, return_dict=True)
    return {"history": history.history, "evaluate": found}


def jax_loop(keras, same):
    """The whole of training by hand: jitted, pure, then written back."""
    model = same(keras.Model(*_net(keras)))
    optimizer = keras.optimizers.Adam(learning_rate=0.02)
    optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.MeanSquaredError()
    metric = keras.metrics.MeanAbsoluteError()

    def forward(trainable, non_trainable, x, y):
        y_pred, non_trainable = model.stateless_call(
            trainable, non_trainable, x, training=True
        )
        return loss_fn(y, y_pred), (y_pred, non_trainable)

    @jax.jit
    def step(state, x, y):
        trainable, non_trainable, slots, totals = state
        grad_fn = jax.value_and_grad(forward, has_aux=True)
        (loss, (y_pred, non_trainable)), grads = grad_fn(trainable, non_trainable, x, y)
        trainable, slots = optimizer.stateless_apply(slots, grads, trainable)
        totals = metric.stateless_update_state(totals, y, y_pred)
        return loss, (trainable, non_trainable, slots, totals)

    state = tuple(
        [variable.value for variable in group]
        for group in (
            model.trainable_variables,
            model.non_trainable_variables,
            optimizer.variables,
            metric.variables,
        )
    )
    losses = []
    for _ in range(3):
        for start in range(0, 32, 16):
            loss, state = step(state, X[start : start + 16], Y[start : start + 16])
            losses.append(float(loss))
    for variable, value in zip(model.trainable_variables, state[0], strict=True):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_variables, state[1], strict=True):
        variable.assign(value)
    return {
        "losses": losses,
        "mae": float(metric.stateless_result(state[3])),
        "steps": int(state[2][0]),
        "weights": model.get_weights(),
        "predict": np.asarray(model(X)),
    }


def adversarial(keras, same):
    """Two networks, two optimizers, one against the other."""
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    critic = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(1)]
    )
    same(generator)
    same(critic)
    loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizers = [keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.05)]
    for optimizer, model in zip(optimizers, (critic, generator), strict=True):
        optimizer.build(model.trainable_variables)
    ones, zeros = jnp.ones((16, 1)), jnp.zeros((16, 1))

    def critic_loss(critic_values, made, real):
        on_real, _ = critic.stateless_call(critic_values, [], real)
        on_made, _ = critic.stateless_call(critic_values, [], made)
        return loss_fn(ones, on_real) + loss_fn(zeros, on_made)

    def generator_loss(values, critic_values, noise):
        made, _ = generator.stateless_call(values, [], noise)
        judged, _ = critic.stateless_call(critic_values, [], made)
        return loss_fn(ones, judged)

    @jax.jit
    def step(state, noise, real):
        critic_values, critic_slots, values, slots = state
        made, _ = generator.stateless_call(values, [], noise)
        one, grads = jax.value_and_grad(critic_loss)(critic_values, made, real)
        critic_values, critic_slots = optimizers[0].stateless_apply(
            critic_slots, grads, critic_values
        )
        two, grads = jax.value_and_grad(generator_loss)(values, critic_values, noise)
        values, slots = optimizers[1].stateless_apply(slots, grads, values)
        return (one, two), (critic_values, critic_slots, values, slots)

    state = tuple(
        [variable.value for variable in group]
        for group in (
            critic.trainable_variables,
            optimizers[0].variables,
            generator.trainable_variables,
            optimizers[1].variables,
        )
    )
    losses = []
    for start in (0, 16, 0, 16):
        pair, state = step(state, Y[start : start + 16, :2], X[start : start + 16])
        losses.append([float(loss) for loss in pair])
    return {"losses": losses, "generator": [np.asarray(v) for v in state[2]]}


def adversarial_model(keras, same):
    """The same as a model with two optimizers in its own `compile` and `train_step`."""

    class Game(keras.Model):
        def __init__(self, generator, critic):
            super().__init__()
            self.generator, self.critic = generator, critic
            self.mean = keras.metrics.Mean(name="critic_loss")
            self.built = True

        def compile(self, critic_optimizer, generator_optimizer, loss_fn):
            super().compile(optimizer=generator_optimizer)
            self.critic_optimizer = critic_optimizer
            self.critic_optimizer.build(self.critic.trainable_variables)
            self.loss_fn = loss_fn

        @property
        def metrics(self):
            return [self.mean]

        def train_step(self, state, data):
            trainable, non_trainable, slots, values = state
            count = len(self.generator.trainable_variables)
            maker = trainable[:count]
            judge = trainable[count:]

            def play(maker, judge):
                made, _ = self.generator.stateless_call(maker, [], data[:, :2])
                judged, _ = self.critic.stateless_call(judge, [], made)
                return self.loss_fn(jnp.ones_like(judged), judged)

            loss, grads = jax.value_and_grad(play)(maker, judge)
            zeros = [jnp.zeros_like(value) for value in judge]
            trainable, slots = self.optimizer.stateless_apply(
                slots, [*grads, *zeros], [*maker, *judge]
            )
            values = self.mean.stateless_update_state(values, loss)
            logs = {"critic_loss": self.mean.stateless_result(values)}
            return logs, (trainable, non_trainable, slots, values)

    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model = Game(generator, critic)
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.optimizers.SGD(0.1),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    same(model)
    history = model.fit(X, epochs=3, batch_size=16, verbose=0, shuffle=False)
    return {"history": history.history, "made": generator.predict(Y[:, :2], verbose=0)}


def saliency(keras, same):
    """Gradients with respect to the inputs, not the weights."""
    model = same(keras.Model(*_net(keras)))
    trainable = [variable.value for variable in model.trainable_variables]
    rest = [variable.value for variable in model.non_trainable_variables]

    def score(x):
        outputs, _ = model.stateless_call(trainable, rest, x, training=False)
        return jnp.sum(outputs[:, 1])

    return {"gradient": np.asarray(jax.jit(jax.grad(score))(X))}


def batch_by_batch(keras, same):
    """`train_on_batch`, `test_on_batch`, `predict_on_batch` in one's own loop."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    same(model)
    rows, halves = [], [slice(0, 16), slice(16, 32)]
    for _ in range(2):
        model.reset_metrics()
        rows += [model.train_on_batch(X[half], BINARY[half]) for half in halves]
    named = model.train_on_batch(X[:16], BINARY[:16], return_dict=True)
    balanced = model.train_on_batch(X[:16], BINARY[:16], class_weight={0: 2.0, 1: 1.0})
    model.reset_metrics()
    tests = [model.test_on_batch(X[half], BINARY[half]) for half in halves]
    return {
        "rows": rows,
        "named": named,
        "balanced": balanced,
        "tests": tests,
        "predict": model.predict_on_batch(X[:16]),
    }
