"""Replicas: each is what the model would have become alone, and the rest is as told."""

import pickle

import numpy as np
import pytest

import kerasish
from kerasish import Replicas
from kerasish.layers import BatchNormalization, Dense, Dropout, GaussianNoise

pytestmark = pytest.mark.usefixtures("quick_compilation")

SEEDS = [3, 14, 15]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(11, 3)).astype("float32"), RNG.integers(0, 2, (11, 1))
WEIGHTS = RNG.uniform(0.5, 2.0, 11).astype("float32")


def dense():
    hidden = Dense(4, "tanh", kernel_regularizer="l2", name="hidden")
    return kerasish.Sequential([kerasish.Input((3,)), hidden, Dense(1, "sigmoid")])


def functional():
    inputs = kerasish.Input((3,))
    hidden = Dropout(0.3, name="drop")(Dense(4, "relu")(inputs))
    hidden = GaussianNoise(0.1)(BatchNormalization()(hidden))
    return kerasish.Model(inputs, Dense(1, "sigmoid")(hidden))


def unbuilt():
    return kerasish.Sequential([Dense(4, "tanh"), Dense(1, "sigmoid")])


class Subclassed(kerasish.Model):
    def __init__(self):
        super().__init__()
        self.out = Dense(1, "sigmoid")

    def call(self, x):
        # Noise without a seed of its own comes from the process's generator.
        return self.out(x + 0.1 * kerasish.random.normal(x.shape))


class OwnStep(Subclassed):
    def train_step(self, data):
        return {**super().train_step(data), "twice": 2.0 * self.optimizer.iterations}


def alone(make, seed, replicas, optimizer="adam", **options):
    """The model and history of one ordinary training."""
    kerasish.utils.set_random_seed(seed)
    model = make()
    model._seed = replicas._seed
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model, model.fit(X, Y, verbose=0, **options).history


@pytest.mark.parametrize("make", [dense, functional, unbuilt, Subclassed, OwnStep])
def test_each_replica_is_the_model_trained_alone(make, close):
    options = {"epochs": 4, "batch_size": 4, "validation_split": 0.3}
    source = make() if make in (dense, functional) else make
    replicas = Replicas(source, 3, SEEDS)
    replicas.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = replicas.fit(X, Y, verbose=0, **options).history
    outputs = replicas.predict(X, verbose=0)
    for i, seed in enumerate(SEEDS):
        model, expected = alone(make, seed, replicas, **options)
        close(replicas.histories[i].history, expected)
        close(replicas.replica(i).get_weights(), model.get_weights())
        if make in (dense, functional, unbuilt):
            close(outputs[i], model.predict(X, verbose=0))
    assert np.ptp([h.history["loss"][-1] for h in replicas.histories]) > 1e-4
    np.testing.assert_allclose(
        history["loss"], np.mean(history["loss_each"], axis=1), rtol=1e-5
    )


FITS = {
    "many epochs at once": {"epochs": 40},
    "weights": {
        "class_weight": {0: 1.0, 1: 3.0},
        "sample_weight": WEIGHTS,
        "batch_size": 5,
    },
    "validation data": {
        "epochs": 3,
        "validation_data": (X, Y, WEIGHTS),
        "validation_freq": 2,
    },
    "in order": {"shuffle": False, "batch_size": 3, "steps_per_epoch": 2},
}


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
def test_fit_takes_what_a_model_takes(options, close):
    replicas = Replicas(dense(), 3, SEEDS)
    replicas.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    replicas.fit(X, Y, verbose=0, **options)
    _, expected = alone(dense, SEEDS[1], replicas, **options)
    close(replicas.histories[1].history, expected)
    assert replicas.histories[1].epoch == list(range(options.get("epochs", 1)))


def test_batches_from_a_generator():
    def batches():
        while True:
            yield X[:4], Y[:4]

    replicas = Replicas(dense(), 3, SEEDS)
    replicas.compile("sgd", "mse")
    replicas.fit(batches(), steps_per_epoch=3, epochs=2, verbose=0)
    before = np.array(replicas.histories[2].history["loss"])
    assert before.shape == (2,) and before[1] < before[0]
    assert replicas.train_on_batch(X, Y).shape == (3,)


DIFFERING = {
    "learning_rate": (dense, [0.1, 0.01, 0.5]),
    "momentum": (dense, [0.9, 0.5, 0.1]),
    "hidden.kernel_regularizer.l2": (dense, [0.0, 0.1, 0.5]),
    "drop.rate": (functional, [0.1, 0.5, 0.9]),
    "weight_decay": (dense, [0.1, 0.2, 0.3]),
}


def optimizer_with(name, value):
    given = {} if "." in name else {name: value}
    if name == "momentum":
        return kerasish.optimizers.SGD(0.1, **given)
    kinds = {"learning_rate": "SGD", "weight_decay": "AdamW"}
    return getattr(kerasish.optimizers, kinds.get(name, "Adam"))(**given)


def owner_of(model, name):
    *path, attribute = name.split(".")
    owner = model.get_layer(path[0]) if path else model.optimizer
    for part in path[1:]:
        owner = getattr(owner, part)
    return owner, attribute


@pytest.mark.parametrize("name", DIFFERING)
def test_hyperparameters_of_each_replica(name, close):
    make, values = DIFFERING[name]
    replicas = Replicas(make(), 3, SEEDS, {name: values})
    replicas.compile(optimizer_with(name, 0.3), "mse", metrics=["accuracy"])
    replicas.fit(X, Y, epochs=3, batch_size=4, verbose=0)
    for i, (seed, value) in enumerate(zip(SEEDS, values)):
        kerasish.utils.set_random_seed(seed)
        model = make()
        model._seed = replicas._seed
        if "." in name:
            setattr(*owner_of(model, name), value)
        model.compile(optimizer_with(name, value), "mse", metrics=["accuracy"])
        expected = model.fit(X, Y, epochs=3, batch_size=4, verbose=0).history
        close(replicas.histories[i].history, expected)
        # The model that comes out goes on as that one does.
        single = replicas.replica(i)
        assert float(getattr(*owner_of(single, name))) == pytest.approx(value)
        more = [m.fit(X, Y, batch_size=4, verbose=0) for m in (single, model)]
        close(more[0].history, more[1].history)


def fitted(**options):
    replicas = Replicas(dense(), 3, SEEDS, **options)
    replicas.compile("adam", "mse", metrics=["accuracy"])
    replicas.fit(X, Y, epochs=3, verbose=0, validation_split=0.2)
    return replicas


def test_evaluate_predict_and_ensemble(close):
    replicas = fitted()
    singles = [replicas.replica(i) for i in range(3)]
    loss, accuracy = replicas.evaluate(X, Y, batch_size=4, verbose=0)
    found = [m.evaluate(X, Y, batch_size=4, verbose=0) for m in singles]
    close([loss, accuracy], np.transpose(found).astype("float32"))
    named = replicas.evaluate(X, Y, verbose=0, return_dict=True)
    assert sorted(named) == ["accuracy", "loss"]
    outputs = np.stack([m.predict(X, verbose=0) for m in singles])
    close(replicas.predict(X, batch_size=3, verbose=0), outputs)
    close(replicas.predict_on_batch(X), outputs)
    mean, spread = replicas.ensemble(X, verbose=0)
    close([mean, spread], [outputs.mean(0), outputs.std(0)])
    close(replicas.test_on_batch(X, Y)[0], loss)


def test_best_is_an_ordinary_compiled_model(close):
    replicas = fitted()
    last = [h.history["val_loss"][-1] for h in replicas.histories]
    assert replicas.ranking() == np.argsort(last).tolist()
    by_accuracy = [h.history["accuracy"][-1] for h in replicas.histories]
    assert by_accuracy[replicas.ranking("accuracy")[0]] == max(by_accuracy)
    best = replicas.best()
    assert isinstance(best, kerasish.Sequential) and best.compiled
    assert best.history.history["val_loss"][-1] == min(last)
    assert int(best.optimizer.iterations) == 3
    close(best.evaluate(X[8:], Y[8:], verbose=0)[0], min(last))
    assert replicas.ranking("loss", "max") == replicas.ranking("loss", "min")[::-1]


def test_nan_is_never_best():
    replicas = Replicas(dense(), 3, SEEDS, {"learning_rate": [1e30, 0.1, 0.1]})
    replicas.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="loss is"):
        replicas.fit(X * 1e30, Y * 1e30, epochs=5, verbose=0)
    assert np.isnan(replicas.histories[0].history["loss"][-1])
    assert replicas.ranking()[-1] == 0


def test_outside_nothing_is_changed():
    model = dense()
    before = model.get_weights()
    kerasish.utils.set_random_seed(7)
    first = kerasish.random.normal((3,)), np.random.rand(), dense().get_weights()
    kerasish.utils.set_random_seed(7)
    Replicas(model, 2, [1, 2]).predict(X, verbose=0)
    again = kerasish.random.normal((3,)), np.random.rand(), dense().get_weights()
    for mine, other in zip(before, model.get_weights()):
        assert np.array_equal(mine, other)
    for a, b in zip(kerasish.tree.flatten(first), kerasish.tree.flatten(again)):
        assert np.array_equal(a, b)


def test_seeds_follow_set_random_seed():
    seeds = []
    for _ in range(2):
        kerasish.utils.set_random_seed(5)
        seeds.append(Replicas(dense(), 4).seeds)
    assert seeds[0] == seeds[1] and len(set(seeds[0])) == 4


@pytest.mark.parametrize("copied", ["file", "pickle"])
def test_saved_replicas_go_on_alike(copied, tmp_path, close):
    replicas = fitted(hyperparameters={"learning_rate": [0.1, 0.2, 0.3]})
    if copied == "file":
        replicas.save(tmp_path / "r.npz")
        with pytest.raises(FileExistsError):
            replicas.save(tmp_path / "r.npz", overwrite=False)
        other = Replicas.load(tmp_path / "r.npz")
        assert other.best().get_config() == replicas.best().get_config()
        close(other.histories[1].history, replicas.histories[1].history)
    else:
        other = pickle.loads(pickle.dumps(replicas))
    assert other.seeds == replicas.seeds
    close(other.get_weights(), replicas.get_weights())
    found = [r.fit(X, Y, epochs=2, verbose=0).history for r in (replicas, other)]
    close(found[0], found[1])


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "r.npz"
    fitted().save(path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "arr_0": arrays["arr_0"][:2]})
    with pytest.raises(ValueError, match="is damaged"):
        Replicas.load(path)


class Seen(kerasish.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.logs = dict(logs)


def test_callbacks_see_means_and_arrays(capsys):
    replicas = Replicas(dense(), 3, SEEDS)
    replicas.compile("sgd", "mse")
    seen = Seen()
    rates = kerasish.callbacks.LearningRateScheduler(lambda epoch: 0.0)
    replicas.fit(X, Y, epochs=2, callbacks=[seen, rates], verbose=2)
    assert seen.logs["loss_each"].shape == (3,)
    assert seen.logs["loss"] == pytest.approx(seen.logs["loss_each"].mean())
    assert "loss_each" not in capsys.readouterr().out
    # The rate that they have in common was set to 0: nothing was learnt.
    assert replicas.histories[0].history["learning_rate"] == [0.0, 0.0]
    assert np.ptp(replicas.histories[0].history["loss"]) < 1e-6
    stop = kerasish.callbacks.EarlyStopping("loss", restore_best_weights=True)
    history = replicas.fit(X, Y, epochs=50, callbacks=[stop], verbose=0)
    assert len(history.epoch) == 2


def test_rates_of_their_own_can_be_set():
    replicas = Replicas(dense(), 2, hyperparameters={"learning_rate": [0.1, 0.2]})
    replicas.compile("sgd", "mse")
    assert np.allclose(replicas.optimizer.learning_rate, [0.1, 0.2])
    replicas.optimizer.learning_rate = [0.0, 0.5]
    replicas.fit(X, Y, epochs=2, verbose=0)
    histories = [np.ptp(h.history["loss"]) for h in replicas.histories]
    assert histories[0] == 0.0 < histories[1]
    assert float(replicas.replica(1).optimizer.learning_rate) == 0.5


def test_frozen_layers_and_averages(close):
    replicas = Replicas(dense(), 2, [1, 2])
    optimizer = kerasish.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    replicas.compile(optimizer, "mse")
    replicas.model.layers[0].trainable = False
    before = replicas.get_weights()
    replicas.fit(X, Y, epochs=2, verbose=0)
    after = replicas.get_weights()
    close(after[:2], before[:2])
    kerasish.utils.set_random_seed(2)
    model = dense()
    model.layers[0].trainable = False
    model.compile(optimizer.from_config(optimizer.get_config()), "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    close([w[1] for w in after], model.get_weights())


def two_kinds():
    """Another model each time it is called."""
    two_kinds.units += 1
    return kerasish.Sequential([kerasish.Input((3,)), Dense(two_kinds.units)])


two_kinds.units = 0
RATES = {"learning_rate": [0.1, 0.2]}
MISTAKES = [
    (lambda: Replicas(dense(), 0), "`n` must be a positive integer, got 0"),
    (lambda: Replicas(dense(), True), "`n` must be a positive integer"),
    (lambda: Replicas("dense", 2), "`model` must be a model or a function"),
    (lambda: Replicas(lambda: 3, 2), "must make a Model, but made 3"),
    (lambda: Replicas(dense(), 2, [1]), "`seeds` has 1 entries, but there are 2"),
    (lambda: Replicas(dense(), 2, 1), "`seeds` must be a list, got 1"),
    (lambda: Replicas(dense(), 2, [-1, 1]), "integer from 0"),
    (lambda: Replicas(dense(), 3, None, RATES), "'learning_rate'\\]` has 2 entries"),
    (lambda: Replicas(dense(), 2).fit(X, Y), "must call `compile"),
    (lambda: Replicas(dense(), 2).best(), "no history yet"),
    (lambda: Replicas(unbuilt(), 2).replica(0), "no weights yet"),
    (lambda: Replicas(dense(), 2).replica(2), "no replica 2: there are 2"),
    (lambda: Replicas(two_kinds, 2).predict(X), "must make them all alike"),
    (lambda: fitted().best("los"), "`monitor` is 'los'.*'loss'"),
]


@pytest.mark.parametrize("make, text", MISTAKES)
def test_mistakes(make, text):
    with pytest.raises(ValueError, match=text):
        make()


HYPER_MISTAKES = {
    "moment": "not a number",
    "nowhere.rate": "not a number",
    "drop.nothing": "not a number",
    "global_clipnorm": "not a number",  # None: there is no clipping
    "beta_3": "not a number",
    "ema_momentum": "no training step reads",
    "clipnorm": "decides which code runs",
}


@pytest.mark.parametrize("name, text", HYPER_MISTAKES.items())
def test_hyperparameters_that_cannot_differ_are_refused(name, text):
    replicas = Replicas(functional(), 2, hyperparameters={name: [0.1, 0.2]})
    with pytest.raises(ValueError, match=text):
        replicas.compile(kerasish.optimizers.Adam(clipnorm=1.0), "mse")
        replicas.fit(X, Y, verbose=0)
