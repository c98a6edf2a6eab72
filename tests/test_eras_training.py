"""How models were trained, from files of Keras 1, Keras 2 and tf.keras: it goes on."""

import keras
import numpy as np
import pytest
from eras import files

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

rng = np.random.default_rng(7)


def near(a, b, tolerance=2e-6):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# --- training ------------------------------------------------------------------------

ONE = {"name": "d", "units": 2, "batch_input_shape": [None, 3]}
STACK = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": ONE}]}
M, V = (rng.uniform(0.1, 1, (2, 3, 2)).astype("float32") for _ in range(2))
MB, VB = (rng.uniform(0.1, 1, (2, 2)).astype("float32") for _ in range(2))
STATES = {
    "keras2": {"training/Adam/Variable:0": M[0], "training/Adam/Variable_1:0": MB[0],
               "training/Adam/Variable_2:0": V[0], "training/Adam/Variable_3:0": VB[0],
               "training/Adam/Variable_4:0": np.zeros(1),
               "training/Adam/Variable_5:0": np.zeros(1)},
    "tf 2.0 to 2.10": {"Adam/d/kernel/m:0": M[0], "Adam/d/bias/m:0": MB[0],
                       "Adam/d/kernel/v:0": V[0], "Adam/d/bias/v:0": VB[0]},
    "tf 2.11 to 2.15": {"Adam/m/d/kernel:0": M[0], "Adam/v/d/kernel:0": V[0],
                        "Adam/m/d/bias:0": MB[0], "Adam/v/d/bias:0": VB[0]},
    "keras1": {"param_1": MB[0], "param_2": M[0], "param_3": VB[0], "param_4": V[0]},
    "keras 2.3": {"training/Adam/m_0:0": M[0], "training/Adam/m_1:0": MB[0],
                  "training/Adam/v_0:0": V[0], "training/Adam/v_1:0": VB[0],
                  "training/Adam/vhat_0:0": np.zeros(1),
                  "training/Adam/vhat_1:0": np.zeros(1)},
    "other order": {"Adam/d/bias/v:0": VB[0], "Adam/d/kernel/v:0": V[0],
                    "Adam/d/bias/m:0": MB[0], "Adam/d/kernel/m:0": M[0]},
}  # fmt: skip
STATES["tf 2.0"] = {f"training/{name}": x for name, x in STATES["other order"].items()}
COUNTERS = {"keras2": "Adam/iterations:0", "keras 2.3": "Adam/iterations:0",
            "keras1": "param_0", "tf 2.11 to 2.15": "iteration:0",
            "tf 2.0": "training/Adam/iter:0"}  # fmt: skip
ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}


def trained_by_keras():
    """Return real Keras's model after a step from the state above, and its data."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.optimizer.build(model.trainable_variables)
    kernel = rng.normal(size=(3, 2)).astype("float32")
    model.set_weights([kernel, np.zeros(2)])
    for variable, value in zip(model.optimizer.variables,
                               [5, 0.05, M[0], V[0], MB[0], VB[0]]):  # fmt: skip
        variable.assign(value)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    return kernel, x, y, model.get_weights()


@pytest.mark.parametrize("spelling", STATES)
def test_optimizer_states_of_each_era_go_on(spelling, tmp_path):
    kernel, x, y, expected = trained_by_keras()
    weights = {"d": {"d/kernel:0": kernel, "d/bias:0": np.zeros(2)}}
    rate = "lr" if spelling == "keras2" else "learning_rate"
    name = "Custom>Adam" if spelling == "tf 2.11 to 2.15" else "Adam"
    config = {**ADAM, rate: 0.05, "decay": 0.0}
    training = {"optimizer_config": {"class_name": name, "config": config},
                "loss": "mse", "metrics": ["mae"], "sample_weight_mode": None,
                "loss_weights": None}  # fmt: skip
    counter = COUNTERS.get(spelling, "Adam/iter:0")
    state = {counter: np.int64(5), **STATES[spelling]}
    path = files.h5(tmp_path / "m.h5", "keras2", STACK, weights, training, state)
    model = kerasish.saving.load_model(path)
    assert int(model.optimizer.iterations) == 5
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights(), expected):
        near(ours, theirs, 1e-5)


def names_of(kind, scale):
    """The state of an optimizer as tf.keras 2.11 named it, with slots by kind."""
    shapes = {"a/kernel": (2, 2), "b/kernel": (2, 2)}
    state = {"iteration:0": 3}
    for number, slot in enumerate(kind):
        for other, (name, shape) in enumerate(shapes.items()):
            state[f"{scale}{slot}/{name}:0"] = np.full(shape, 10.0 * number + other + 1)
    return state


@pytest.mark.parametrize(
    ("name", "config", "old", "today"),
    [
        ("Adadelta", {}, ("accumulated_grad", "accumulated_delta_var"), (0, 1)),
        ("Adadelta", {}, ("accumulated_delta_var", "accumulated_grad"), (1, 0)),
        ("RMSprop", {"momentum": 0.5}, ("velocity", "momentum"), (0, 1)),
        ("Adamax", {}, ("m", "u"), (0, 1)),
        ("Adam", {"use_ema": True}, ("average", "m", "v"), (0, 1, 2)),
        ("LossScaleOptimizer", {}, ("momentum",), (0,)),
    ],
)
def test_slots_of_one_shape_are_told_apart(name, config, old, today, tmp_path):
    stack = [{"class_name": "Dense", "config": {
        "name": n, "units": 2, "use_bias": False, "batch_input_shape": [None, 2]}}
        for n in "ab"]  # fmt: skip
    stack = {"class_name": "Sequential", "config": stack}
    weights = {n: {f"{n}/kernel:0": np.eye(2)} for n in "ab"}
    prefix = f"{name}/"
    if name == "LossScaleOptimizer":
        inner = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.9}}
        config, prefix = {"inner_optimizer": inner}, ""
    training = {
        "optimizer_config": {"class_name": name, "config": config},
        "loss": "mse",
    }
    state = names_of(old, prefix)
    path = files.h5(tmp_path / "m.h5", "tf2.12", stack, weights, training, state)
    optimizer = kerasish.saving.load_model(path).optimizer
    assert int(optimizer.iterations) == 3
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    slots = [v for v in optimizer.variables if v.shape == (2, 2)]
    values = {v.path.rsplit("/", 1)[-1]: int(v.numpy().mean()) for v in slots}
    expected = [10 * kind + other + 1 for kind in today for other in (0, 1)]
    assert sorted(values.values()) == sorted(expected)
    for own, value in values.items():
        kind = next(k for k in old if OURS.get(k, k) == own.split("_kernel_")[1])
        assert value == 10 * old.index(kind) + ("b_kernel" in own) + 1


OURS = {"m": "momentum", "v": "velocity", "u": "norm"}


def test_archives_of_tf_keras(tmp_path):
    kernel, x, y, expected = trained_by_keras()
    first = {"batch_input_shape": [None, 3], "dtype": "float32", "name": "d_input"}
    layers = [("InputLayer", first), ("Dense", ONE)]
    layers = [{"module": "keras.layers", "class_name": name, "config": config,
               "registered_name": None} for name, config in layers]  # fmt: skip
    adam = {"module": "keras.src.optimizers.adam", "registered_name": None,
            "class_name": "Adam", "config": {
                **ADAM, "learning_rate": 0.05, "jit_compile": False,
                "is_legacy_optimizer": False, "use_ema": False}}  # fmt: skip
    config = {
        "module": "keras.src.engine.sequential",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": layers},
        "registered_name": "Sequential",
        "build_config": {"input_shape": [None, 3]},
        "compile_config": {"optimizer": adam, "loss": "mse", "metrics": None,
                           "steps_per_execution": None, "jit_compile": None},
    }  # fmt: skip
    state = [5, M[0], V[0], MB[0], VB[0]]
    place = "_layer_checkpoint_dependencies/dense_2"
    weights = {place: [kernel, np.zeros(2)]}
    path = files.archive(tmp_path / "m.keras", config, weights, state)
    model = kerasish.saving.load_model(path)
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights(), expected):
        near(ours, theirs, 1e-5)


def rate_at(model, step):
    schedule = kerasish.optimizers.schedules.deserialize(
        model.optimizer.get_config()["learning_rate"]
    )
    return float(schedule(step))


EXPONENTIAL = {"class_name": "ExponentialDecay", "config": {
    "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5,
    "staircase": False, "name": None}}  # fmt: skip
SCALE = {"class_name": "DynamicLossScale", "config": {
    "initial_loss_scale": 1024.0, "increment_period": 7}}  # fmt: skip
SGD = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.0}}
OPTIMIZERS = [
    ("SGD", {"lr": 0.5, "decay": 0.1}, lambda m: (rate_at(m, 10), 0.25)),
    ("Adam", {"learning_rate": EXPONENTIAL}, lambda m: (rate_at(m, 10), 0.05)),
    ("RMSprop", {"lr": 0.25, "rho": 0.8, "epsilon": None},
     lambda m: (float(m.optimizer.learning_rate) + m.optimizer.rho, 1.05)),
    ("LossScaleOptimizer", {"inner_optimizer": SGD, "dynamic": True,
     "initial_scale": 64.0, "dynamic_growth_steps": 9},
     lambda m: (m.optimizer.initial_scale + m.optimizer.dynamic_growth_steps, 73)),
    ("LossScaleOptimizer", {"optimizer": SGD, "loss_scale": SCALE},
     lambda m: (m.optimizer.initial_scale + m.optimizer.dynamic_growth_steps, 1031)),
    ("LossScaleOptimizerV3", {"inner_optimizer": SGD, "dynamic": True,
     "initial_scale": 64.0, "dynamic_growth_steps": 9},
     lambda m: (float(m.optimizer.inner_optimizer.learning_rate), 0.5)),
]  # fmt: skip
WHOLE = {"d": {"d/kernel:0": np.ones((3, 2)), "d/bias:0": np.zeros(2)}}


def compiled(tmp_path, **training):
    training = {"optimizer_config": SGD, "loss": "mse", "metrics": None, **training}
    path = files.h5(tmp_path / "m.h5", "tf2", STACK, WHOLE, training)
    return kerasish.saving.load_model(path)


@pytest.mark.parametrize(("name", "config", "seen"), OPTIMIZERS)
def test_optimizer_configs_of_each_era(name, config, seen, tmp_path):
    optimizer = {"class_name": name, "config": config}
    model = compiled(tmp_path, optimizer_config=optimizer)
    found, expected = seen(model)
    assert found == pytest.approx(expected, rel=1e-5)
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)


CROSS = {"class_name": "CategoricalCrossentropy", "config": {
    "reduction": "auto", "name": "cc", "from_logits": True, "label_smoothing": 0.0,
    "fn": "categorical_crossentropy"}}  # fmt: skip
WRAPPED = {"class_name": "MeanMetricWrapper", "config": {
    "name": "my_mae", "dtype": "float32", "fn": "mean_absolute_error"}}  # fmt: skip
X2, Y2 = rng.normal(size=(4, 3)), np.eye(2)[[0, 1, 1, 0]]
LOSSES = [
    *(("mse", "mse"), ("mae", "mae"), ("kld", "kld"), (["mse"], "mse")),
    ({"d": "mae"}, "mae"),
    ("cosine_proximity", "cosine_similarity"),
    (CROSS, keras.losses.CategoricalCrossentropy(from_logits=True)),
]


@pytest.mark.parametrize(("old", "today"), LOSSES)
def test_losses_of_each_era(old, today, tmp_path):
    model = compiled(tmp_path, loss=old, metrics=[[WRAPPED]])
    values = model.evaluate(X2, Y2, verbose=0, return_dict=True)
    same = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    same.set_weights(list(WHOLE["d"].values()))
    same.compile("sgd", today, metrics=["mae"])
    expected = same.evaluate(X2, Y2, verbose=0, return_dict=True)
    near([values["loss"], values["my_mae"]], [expected["loss"], expected["mae"]], 1e-5)


@pytest.mark.parametrize(
    ("training", "match"),
    [
        ({"sample_weight_mode": "temporal"}, "`sample_weight_mode`='temporal'"),
        ({"loss": "no_such"}, "no_such"),
        ({"optimizer_config": {"class_name": "TFOptimizer", "config": {}}},
         "Unknown class 'TFOptimizer'"),
        ({"optimizer_config": {"class_name": "Nadam", "config": {"schedule_decay": 1}}},
         "Nadam of before tf.keras 2.11"),
        ({"optimizer_config": {"class_name": "SGD", "config": {"lr": 1.0, "luck": 7}}},
         "luck"),
    ],
)  # fmt: skip
def test_training_that_is_not_understood_leaves_the_model(training, match, tmp_path):
    with pytest.warns(UserWarning, match=f"not compiled.*{match}"):
        model = compiled(tmp_path, **training)
    assert not model.compiled
    near(model.predict(np.ones((1, 3)), verbose=0), [[3.0, 3.0]])


@pytest.mark.parametrize(("era", "together"), [("keras2", True), ("tf2", False)])
def test_standalone_keras_clipped_all_gradients_together(era, together, tmp_path):
    sgd = {"class_name": "SGD", "config": {"lr": 0.5, "clipnorm": 0.25}}
    training = {"optimizer_config": sgd, "loss": "mse"}
    path = files.h5(tmp_path / "m.h5", era, STACK, WHOLE, training)
    found = kerasish.saving.load_model(path).optimizer
    expected = (None, 0.25) if together else (0.25, None)
    assert (found.clipnorm, found.global_clipnorm) == expected


TF_SLOTS = ["iteration:0", "SGD/m/d/kernel:0", "SGD/m/d/bias:0"]


@pytest.mark.parametrize("names", [TF_SLOTS, ["param_0", "param_1", "param_2"]])
def test_slots_of_sgd_without_momentum_are_left(names, tmp_path):
    state = dict(zip(names, [np.int64(4), M[0], MB[0]]))
    training = {"optimizer_config": SGD, "loss": "mse"}
    path = files.h5(tmp_path / "m.h5", "tf2.12", STACK, WHOLE, training, state)
    assert int(kerasish.saving.load_model(path).optimizer.iterations) == 4


def test_an_order_in_doubt_is_refused(tmp_path):
    stack = [{"class_name": "Dense", "config": {
        "name": n, "output_dim": 2, "bias": False, "batch_input_shape": [None, 2]}}
        for n in "ab"]  # fmt: skip
    stack = {"class_name": "Sequential", "config": stack}
    weights = {n: {f"{n}_W": np.eye(2)} for n in "ab"}
    training = {"loss": "mse", "optimizer_config": {
        "class_name": "RMSprop", "config": {"lr": 0.5}}}  # fmt: skip
    state = {"param_0": np.ones((2, 2)), "param_1": np.zeros((2, 2))}
    path = files.h5(tmp_path / "m.h5", "keras1", stack, weights, training, state)
    with pytest.warns(UserWarning, match=r"not compiled[\s\S]*param_1"):
        assert not kerasish.saving.load_model(path).compiled


def test_states_that_do_not_fit_are_shown(tmp_path):
    training = {
        "optimizer_config": {"class_name": "Adam", "config": ADAM},
        "loss": "mse",
    }
    state = {"Adam/iter:0": 5, "Adam/d/kernel/m:0": M[0]}
    path = files.h5(tmp_path / "m.h5", "tf2", STACK, WHOLE, training, state)
    with pytest.warns(
        UserWarning, match=r"(?s)not compiled.*Adam/d/kernel/m:0 \(3, 2\)"
    ):
        assert not kerasish.saving.load_model(path).compiled
