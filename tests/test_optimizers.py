"""Optimizers: each a row of one table, each law a test over the rows."""

import copy
import functools
import inspect
import pickle

import jax
import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend
from kerasish.variable import functional

# Real Keras's `Variable.numpy` with NumPy 2.4.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning"),
    pytest.mark.usefixtures("quick_compilation"),
]

SHAPES = {
    "scalar": (),
    "vector": (3,),
    "embedding_table": (4, 3),
    "kernel": (2, 1, 3, 2),
}
PLAIN = (
    *("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "Nadam"),
    *("Ftrl", "Lion", "Lamb", "Adafactor", "Muon", "ScheduleFreeAdamW"),
)
ROWS = [(name, {}) for name in PLAIN] + [
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "name": "mine"}),
    ("SGD", {"weight_decay": 0.1}),
    ("SGD", {"clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.5}),
    ("SGD", {"global_clipnorm": 0.5}),
    ("SGD", {"loss_scale_factor": 4.0}),
    ("RMSprop", {"momentum": 0.5}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adam", {"amsgrad": True, "clipnorm": 1.0}),
    ("Adam", {"use_ema": True, "gradient_accumulation_steps": 2}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": 3, "ema_momentum": 0.5}),
    ("AdamW", {"gradient_accumulation_steps": 4, "global_clipnorm": 1.0}),
    ("Nadam", {"gradient_accumulation_steps": 3}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "beta": 0.2}),
    (
        "Ftrl",
        {
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.1,
            "learning_rate_power": -0.3,
        },
    ),
    ("Adafactor", {"clip_threshold": 0.5, "learning_rate": 2.0}),
    ("Muon", {"nesterov": False, "rms_rate": None, "exclude_layers": ["kern"]}),
    ("Muon", {"exclude_embeddings": False, "adam_lr_ratio": 0.1}),
    ("ScheduleFreeAdamW", {"warmup_steps": 5, "weight_decay": 0.01}),
]
# Those that Keras does not have.
OURS = [
    ("Rprop", {}),
    ("Rprop", {"variant": "irprop-", "shrink": 0.3, "weight_decay": 0.1}),
    ("Rprop", {"variant": "sag", "step_max": 0.1}),
    ("LBFGS", {"memory": 2, "gradient_accumulation_steps": 2}),
]


def ids(rows):
    return [f"{name} {'_'.join(kwargs)}" for name, kwargs in rows]


each = pytest.mark.parametrize(("name", "kwargs"), ROWS, ids=ids(ROWS))
each_class = pytest.mark.parametrize("name", [*PLAIN, "Rprop", "LBFGS"])
compiled_only = pytest.mark.skipif(
    kerasish.config.backend() == "numpy", reason="the NumPy backend compiles nothing"
)


@pytest.fixture(autouse=True)
def names_from_zero():
    kerasish.registry.reset_names()


@functools.cache
def problem(steps=10):
    """First values, and gradients for some steps."""
    rng = np.random.default_rng(0)

    def draw():
        return [np.float32(rng.normal(size=shape)) for shape in SHAPES.values()]

    return draw(), [draw() for _ in range(steps)]


def parameters(library):
    start, _ = problem()
    return [library.Variable(x, name=n) for x, n in zip(start, SHAPES)]


def make(library, name, kwargs):
    kwargs = {"learning_rate": 0.03, **kwargs}
    return getattr(library.optimizers, name)(**kwargs)


def run_keras(optimizer):
    """Ten steps in one compiled loop."""
    variables = parameters(keras)
    optimizer.build(variables)
    gradients = [np.stack(column) for column in zip(*problem()[1])]

    def body(carry, step_gradients):
        new = optimizer.stateless_apply(carry[1], step_gradients, carry[0])
        return tuple(map(list, new)), None

    start = [v.value for v in variables], [v.value for v in optimizer.variables]
    return jax.jit(lambda s, g: jax.lax.scan(body, s, g)[0])(start, gradients)


def run(optimizer, variables):
    """Ten steps of ordinary code, made pure and compiled."""
    optimizer.build(variables)
    everything = [*variables, *optimizer.variables]
    step = backend.jit(functional(lambda g: optimizer.apply(g), everything))
    values = [v.value for v in everything]
    for gradients in problem()[1]:
        _, values = step(values, [backend.asarray(g) for g in gradients])
    return values[: len(variables)], values[len(variables) :]


# --- laws over the table -------------------------------------------------------------


@each
def test_ten_steps_config_and_variables_equal_keras(name, kwargs, close):
    theirs, ours = make(keras, name, kwargs), make(kerasish, name, kwargs)
    expected, expected_slots = run_keras(theirs)
    values, slots = run(ours, parameters(kerasish))
    close(values, expected, rtol=2e-5, atol=3e-6)
    close(slots, expected_slots, rtol=1e-4, atol=1e-4)

    def described(optimizer, skip=("variable", "u_product")):
        listed = [(v.path, v.name, v.shape, v.dtype) for v in optimizer.variables]
        return [x for x in listed if x[1] not in skip]

    assert described(ours) == described(theirs)
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize(("name", "kwargs"), ROWS + OURS, ids=ids(ROWS + OURS))
def test_config_round_trip(name, kwargs):
    optimizer = make(kerasish, name, kwargs)
    config = kerasish.optimizers.serialize(optimizer)
    again = kerasish.optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert config["module"] == "keras.optimizers"


@each_class
def test_eager_compiled_and_stateless_agree(name, close):
    start, gradients = problem()
    start, gradients = [start[2]], [[g[2]] for g in gradients[:2]]
    eager = make(kerasish, name, {})
    variable = kerasish.Variable(start[0])
    for g in gradients:
        eager.apply(g, [variable])

    stateless = make(kerasish, name, {})
    stateless.build([kerasish.Variable(start[0])])
    values, own = start, [v.value for v in stateless.variables]
    for g in gradients:
        values, own = stateless.stateless_apply(own, g, values)

    compiled = make(kerasish, name, {})
    parameter = kerasish.Variable(start[0])
    compiled.build([parameter])
    everything = [parameter, *compiled.variables]
    step = backend.jit(functional(lambda g: compiled.apply(g), everything))
    state = [v.value for v in everything]
    for g in gradients:
        _, state = step(state, [backend.asarray(x) for x in g])

    close(values, [variable.value])
    close(own, [v.value for v in eager.variables])
    close(state, [*values, *own])
    assert int(eager.iterations) == 2


@each_class
def test_bfloat16_parameters_follow_float32_ones(name, close):
    start, gradients = problem()
    results = []
    for dtype in ("float32", "bfloat16"):
        variable = kerasish.Variable(start[2], dtype=dtype, name="v")
        optimizer = make(kerasish, name, {"learning_rate": 0.1})
        for g in gradients[:2]:
            optimizer.apply([kerasish.ops.cast(g[2], dtype)], [variable])
        assert variable.dtype == dtype
        results.append(np.asarray(kerasish.ops.cast(variable, "float32")))
    close(results[1], results[0], rtol=0.05, atol=0.08)


# --- names, configs, signatures ------------------------------------------------------


def public_names(library):
    names = vars(keras.optimizers)
    return [n for n in names if n[0] != "_" and n not in ("legacy", "schedules")]


@pytest.mark.parametrize("name", public_names(keras))
def test_signature_is_that_of_keras(name):
    theirs, ours = (getattr(lib.optimizers, name) for lib in (keras, kerasish))
    assert ours.__doc__
    if inspect.isclass(theirs):
        theirs, ours = theirs.__init__, ours.__init__
    expected = inspect.signature(theirs).parameters
    found = inspect.signature(ours).parameters
    assert list(found) == list(expected)
    for key, parameter in expected.items():
        assert found[key].default == parameter.default, key
        assert found[key].kind == parameter.kind, key


def test_every_public_method_of_keras_is_there():
    for name, member in inspect.getmembers(keras.optimizers.Optimizer):
        if name[0] == "_" or not (
            inspect.isfunction(member) or inspect.ismethod(member)
        ):
            continue
        mine = getattr(kerasish.optimizers.Optimizer, name)
        expected = list(inspect.signature(member).parameters)
        assert list(inspect.signature(mine).parameters) == expected, name


@pytest.mark.parametrize(
    "name", [*PLAIN, "adam", "RMSPROP", "ScheduleFreeAdamw", "lbfgs", "rprop"]
)
def test_get_by_name(name):
    found = kerasish.optimizers.get(name)
    assert type(found).__name__.lower() == name.lower()
    assert kerasish.optimizers.get(found) is found


def test_get_by_config_class_and_none():
    optimizers = kerasish.optimizers
    config = {"class_name": "adam", "config": {"learning_rate": 0.5}}
    assert float(optimizers.get(config).learning_rate) == 0.5
    assert isinstance(optimizers.get(optimizers.Lion), optimizers.Lion)
    assert optimizers.get(None) is None
    with pytest.raises(ValueError, match="Did you mean `adam`"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match="Could not interpret optimizer"):
        optimizers.get(3)
    with pytest.raises(ValueError, match="is no optimizer"):
        optimizers.get(len)


def test_configs_of_older_kerases_are_understood():
    sgd = kerasish.optimizers.SGD.from_config(
        {"lr": 0.5, "decay": 0.25, "momentum": 0.0, "is_legacy_optimizer": True}
    )
    assert float(sgd._learning_rate(4)) == 0.25
    adam = kerasish.optimizers.Adam.from_config(
        {"learning_rate": 0.5, "decay": 0.0, "jit_compile": True}
    )
    assert float(adam.learning_rate) == 0.5


def test_a_schedule_in_the_config():
    schedule = kerasish.optimizers.schedules.ExponentialDecay(0.5, 10, 0.5)
    theirs = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.5)
    config = kerasish.optimizers.Adam(schedule).get_config()
    assert config == keras.optimizers.Adam(theirs).get_config()
    again = kerasish.optimizers.Adam.from_config(config)
    assert again.get_config()["learning_rate"] == config["learning_rate"]


def test_legacy_names_refuse():
    with pytest.raises(ImportError, match="is not supported in Keras 3"):
        kerasish.optimizers.legacy.Adam(0.1)


# --- learning rate -------------------------------------------------------------------


@compiled_only
def test_a_new_learning_rate_compiles_nothing():
    traces = []
    v = kerasish.Variable([1.0, 2.0])
    optimizer = kerasish.optimizers.SGD(0.5)
    optimizer.build([v])
    everything = [v, *optimizer.variables]

    def step(g):
        traces.append(1)
        optimizer.apply([g])

    compiled = backend.jit(functional(step, everything))
    for rate in (0.5, 0.25, 0.125):
        optimizer.learning_rate = rate
        _, values = compiled([x.value for x in everything], backend.asarray([1.0, 1.0]))
        for variable, value in zip(everything, values):
            variable.assign(value)
    assert len(traces) == 1
    assert v.numpy().tolist() == [0.125, 1.125]


def test_a_schedule_sees_every_call_and_replaces_a_number(close):
    v = kerasish.Variable([1.0])
    schedule = kerasish.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25])
    optimizer = kerasish.optimizers.SGD(schedule)
    for _ in range(2):
        optimizer.apply([np.ones(1)], [v])
    close(v.value, [0.25])
    assert [x.name for x in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="cannot be set to the number"):
        optimizer.learning_rate = 0.1
    optimizer = kerasish.optimizers.SGD(1.0)
    optimizer.learning_rate = schedule
    assert [x.name for x in optimizer.variables] == ["iteration"]
    close(optimizer.learning_rate, 0.5)


def test_a_function_as_learning_rate():
    v = kerasish.Variable([1.0])
    kerasish.optimizers.SGD(lambda: 0.5).apply([np.ones(1)], [v])
    assert v.numpy().tolist() == [0.5]


# --- the base ------------------------------------------------------------------------


def custom(library):
    ops = library.ops

    class Heavy(library.optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, momentum=0.5, **kwargs):
            super().__init__(learning_rate=learning_rate, **kwargs)
            self.momentum = momentum

        def build(self, variables):
            super().build(variables)
            self.momentums = []
            for variable in variables:
                self.momentums.append(
                    self.add_variable_from_reference(
                        reference_variable=variable, name="momentum"
                    )
                )
            self.count = self.add_variable(shape=(), name="count")

        def update_step(self, gradient, variable, learning_rate):
            learning_rate = ops.cast(learning_rate, variable.dtype)
            m = self.momentums[self._get_variable_index(variable)]
            self.assign(m, m * self.momentum - gradient * learning_rate)
            self.assign_add(variable, m)
            self.assign_add(self.count, 1.0)

        def get_config(self):
            return {**super().get_config(), "momentum": self.momentum}

    return Heavy


@pytest.mark.parametrize(
    "kwargs", [{}, {"gradient_accumulation_steps": 2, "use_ema": True, "clipnorm": 1.0}]
)
def test_an_optimizer_of_the_user_as_in_keras(kwargs, close):
    theirs, ours = custom(keras)(**kwargs), custom(kerasish)(**kwargs)
    expected = run_keras(theirs)
    close(list(run(ours, parameters(kerasish))), list(expected))
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert ours.get_config() == theirs.get_config()
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()


def test_a_subclass_may_call_the_update_of_its_parent():
    class Half(kerasish.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient / 2, variable, learning_rate)

    v = kerasish.Variable([1.0])
    Half(1.0).apply([np.ones(1)], [v])
    assert v.numpy().tolist() == [0.5]


@pytest.mark.parametrize("library", [keras, kerasish])
def test_exclusions_from_weight_decay(library):
    a, b, c = (library.Variable([1.0], name=n) for n in ("a", "b_bias", "c"))
    optimizer = library.optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[a], var_names=["bias", "nothing"])
    optimizer.apply([np.zeros(1)] * 3, [a, b, c])
    assert [v.numpy().tolist() for v in (a, b, c)] == [[1.0], [1.0], [0.75]]


@pytest.mark.parametrize("library", [keras, kerasish])
def test_constraints_and_gradients_that_overwrite(library, close):
    free, bound, scale = (library.Variable([1.0, 1.0], name=n) for n in "abc")
    bound.constraint = lambda w: w * 0.5
    scale.overwrite_with_gradient = True
    optimizer = library.optimizers.Adam(0.5, use_ema=True)
    optimizer.build([free, bound, scale])
    assert len(optimizer.variables) == 2 + 2 + 4
    optimizer.apply([np.ones(2), np.ones(2), np.full(2, 7.0)])
    close(free.numpy(), [0.5, 0.5])
    close(bound.numpy(), [0.25, 0.25])
    close(scale.numpy(), [7.0, 7.0])


def test_overwriting_gradients_accumulate_by_their_maximum(close):
    plain, scale = (kerasish.Variable([1.0], name=n) for n in "ab")
    scale.overwrite_with_gradient = True
    optimizer = kerasish.optimizers.SGD(1.0, gradient_accumulation_steps=2)
    seen = []
    for value in (5.0, 3.0, 2.0):
        gradients = [np.array([value]), np.array([value])]
        optimizer.apply(gradients, [plain, scale])
        seen.append([float(plain.numpy()[0]), float(scale.numpy()[0])])
    close(seen, [[1.0, 1.0], [-3.0, 5.0], [-3.0, 5.0]])
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("library", [keras, kerasish])
def test_missing_gradients_warn_and_leave_the_variable(library):
    a, b = library.Variable([1.0], name="a"), library.Variable([1.0], name="b")
    optimizer = library.optimizers.SGD(0.5)
    with pytest.warns(
        UserWarning, match=r"Gradients do not exist for variables \['a'\]"
    ):
        optimizer.apply([None, np.ones(1)], [a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (1.0, 0.5)
    assert optimizer.apply([]) is None
    assert int(optimizer.apply_gradients([(np.ones(1), a)])) == 2


def test_averages_are_put_in_place_at_the_end():
    v = kerasish.Variable([0.0])
    optimizer = kerasish.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([-np.ones(1)], [v])
    assert v.numpy().tolist() == [2.0]
    optimizer.finalize_variable_values([v])
    assert v.numpy().tolist() == [1.5]
    with pytest.raises(ValueError, match="keeps averages of 1 variables, got 2"):
        optimizer.finalize_variable_values([v, v])


def test_state_is_saved_loaded_copied_and_set(close):
    variables, (_, gradients) = parameters(kerasish), problem()
    optimizer = kerasish.optimizers.Adam()
    optimizer.apply(gradients[0], variables)
    store = {}
    optimizer.save_own_variables(store)
    assert list(store) == [str(i) for i in range(2 + 2 * len(variables))]
    other = kerasish.optimizers.Adam()
    with pytest.warns(UserWarning, match="Skipping variable loading"):
        other.load_own_variables(store)
    other.build(variables)
    other.load_own_variables(store)
    copied, copies = copy.deepcopy((optimizer, variables))
    pickled, pickles = pickle.loads(pickle.dumps((optimizer, variables)))
    other.set_weights([v.numpy() for v in optimizer.variables])
    for twin, its in ((copied, copies), (pickled, pickles)):
        twin.apply(gradients[1], its)
    optimizer.apply(gradients[1])
    for its in (copies, pickles):
        close([v.numpy() for v in its], [v.numpy() for v in variables])


def test_scale_loss():
    assert kerasish.optimizers.SGD(loss_scale_factor=4.0).scale_loss(2.0) == 8.0
    assert kerasish.optimizers.SGD().scale_loss(2.0) == 2.0


def test_adafactor_without_relative_step_keeps_its_rate(close):
    v = kerasish.Variable([1.0, 1.0])
    optimizer = kerasish.optimizers.Adafactor(2.0, relative_step=False)
    optimizer.apply([np.ones(2)], [v])
    close(v.numpy(), [-1.0, -1.0])


# --- errors --------------------------------------------------------------------------


def pair(name):
    return kerasish.Variable([1.0, 2.0], name=name)


def built():
    optimizer = kerasish.optimizers.SGD(name="sgd")
    optimizer.build([pair("v")])
    return optimizer


ERRORS = {
    "misspelt": (lambda o: o.Adam(beta1=0.1), "Did you mean `beta_1`"),
    "two clips": (lambda o: o.Adam(clipnorm=1, clipvalue=2), "Only one of `clipnorm`"),
    "negative clip": (lambda o: o.Adam(clipnorm=-1), "`clipnorm` must be a positive"),
    "ema": (lambda o: o.Adam(use_ema=True, ema_momentum=2), "`ema_momentum` must be"),
    "ema steps": (
        lambda o: o.Adam(use_ema=True, ema_overwrite_frequency=1.5),
        "`ema_overwrite_frequency` must be an integer >= 1 or None",
    ),
    "accumulation": (
        lambda o: o.Adam(gradient_accumulation_steps=1),
        "`gradient_accumulation_steps` must be an integer >= 2",
    ),
    "rate": (lambda o: o.Adam("fast"), "`learning_rate` must be a number"),
    "momentum": (lambda o: o.SGD(momentum=2), "`momentum` must be a float between"),
    "decay": (lambda o: o.AdamW(weight_decay=None), "`weight_decay` must be a float"),
    "lion": (lambda o: o.Lion(beta_1=0), "`beta_1` must be in the range"),
    "ftrl power": (
        lambda o: o.Ftrl(learning_rate_power=1),
        "`learning_rate_power` must",
    ),
    "ftrl start": (lambda o: o.Ftrl(initial_accumulator_value=-1), "positive or zero"),
    "unbuilt": (lambda o: o.SGD().apply([1.0]), "before it was built"),
    "count": (
        lambda o: built().apply([1.0, 2.0]),
        r"2 gradients for 1 variables \['v'\]",
    ),
    "unknown": (
        lambda o: built().apply([[1.0, 1.0]], [pair("w")]),
        "Unknown variable: `w`",
    ),
    "none": (lambda o: built().apply([None]), "No gradients provided for any"),
    "shape": (lambda o: built().apply([np.ones(3)]), r"`v` of shape \(2,\) has shape"),
    "stateless": (lambda o: o.SGD().stateless_apply([], [], []), "must be built"),
    "stateless count": (
        lambda o: built().stateless_apply([], [], []),
        "`optimizer_variables` must hold 2 arrays",
    ),
    "set unbuilt": (lambda o: o.SGD().set_weights([]), "must be built"),
    "set count": (lambda o: built().set_weights([1]), "has 2 variables"),
    "initializers": (
        lambda o: built().add_optimizer_variables([pair("v")], ["a", "b"], ["zeros"]),
        "2 names",
    ),
}


@pytest.mark.parametrize(("act", "text"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(act, text):
    with pytest.raises(ValueError, match=text):
        act(kerasish.optimizers)


def test_errors_of_other_kinds():
    with pytest.raises(NotImplementedError, match="must override `update_step"):
        kerasish.optimizers.Optimizer(0.1).apply([np.ones(2)], [pair("v")])

    class Hasty(kerasish.optimizers.Optimizer):
        def __init__(self):
            self.momentum = 0.5

    with pytest.raises(RuntimeError, match=r"call `super\(\).__init__"):
        Hasty()


# --- loss scaling --------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [False, True])
def test_loss_scaling_equals_keras(compiled, close):
    gradients = [[8.0], [np.inf], [2.0], [2.0], [np.nan], [4.0]]
    theirs, v = keras.optimizers.LossScaleOptimizer, keras.Variable([1.0], name="v")
    expected = theirs(keras.optimizers.Adam(0.5), 8.0, dynamic_growth_steps=2)
    expected.build([v])
    ours, w = kerasish.optimizers.LossScaleOptimizer, kerasish.Variable([1.0], name="v")
    optimizer = ours(kerasish.optimizers.Adam(0.5), 8.0, dynamic_growth_steps=2)
    optimizer.build([w])
    names = [x.path for x in expected.variables]
    assert [x.path for x in optimizer.variables] == names
    everything = [w, *optimizer.variables]
    step = functional(lambda g: optimizer.apply([g]), everything)
    step = backend.jit(step) if compiled else step
    reference = jax.jit(expected.stateless_apply)
    state = [x.value for x in everything]
    values, own = [v.value], [x.value for x in expected.variables]
    for g in gradients:
        values, own = reference(own, [np.float32(g)], values)
        _, state = step(state, backend.asarray(g, "float32"))
        close(state, [*values, *own])


def test_loss_scale_configs_properties_and_errors():
    inner = kerasish.optimizers.Adam(0.5, loss_scale_factor=2.0)
    optimizer = kerasish.optimizers.LossScaleOptimizer(inner, 16.0)
    theirs = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.5), 16.0)
    config = kerasish.optimizers.serialize(optimizer)
    assert config == keras.optimizers.serialize(theirs)
    again = kerasish.optimizers.deserialize(config)
    assert again.get_config() == optimizer.get_config()
    assert optimizer.scale_loss(2.0) == 32.0
    optimizer.build([pair("v")])
    assert float(optimizer.scale_loss(2.0)) == 32.0
    optimizer.learning_rate = 0.25
    assert float(inner.learning_rate) == float(optimizer.learning_rate) == 0.25
    assert int(optimizer.iterations) == 0
    with pytest.raises(ValueError, match="does not support `clipnorm`"):
        kerasish.optimizers.LossScaleOptimizer(inner, clipnorm=1.0)
    with pytest.raises(ValueError, match="`dynamic=False` is gone"):
        kerasish.optimizers.LossScaleOptimizer(inner, dynamic=False)
    with pytest.raises(TypeError, match="`inner_optimizer` must be an optimizer"):
        kerasish.optimizers.LossScaleOptimizer("adam")


# --- several optimizers --------------------------------------------------------------


def several(library):
    optimizers = library.optimizers
    table = optimizers.OptimizerMap(
        optimizers.Adam(0.1), {"vec.*": optimizers.SGD(0.5)}
    )
    table["scalar"] = optimizers.RMSprop(0.1)
    return optimizers.MultiOptimizer(table)


def test_several_optimizers_equal_keras(close):
    theirs, ours = several(keras), several(kerasish)
    expected = run_keras(theirs)
    close(list(run(ours, parameters(kerasish))), list(expected))
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    config = kerasish.optimizers.serialize(ours)
    assert config["config"] == keras.optimizers.serialize(theirs)["config"]
    again = kerasish.optimizers.deserialize(config)
    assert again.get_config() == ours.get_config()
    with pytest.raises(AttributeError, match="has no learning rate"):
        _ = ours.learning_rate
    with pytest.raises(AttributeError, match="has no learning rate"):
        ours.learning_rate = 0.1


def test_several_optimizers_by_a_function():
    slow, fast = (
        kerasish.optimizers.SGD(0.25),
        kerasish.optimizers.SGD(1.0, use_ema=True),
    )
    a, b = kerasish.Variable([1.0], name="a"), kerasish.Variable([1.0], name="b")
    optimizer = kerasish.optimizers.MultiOptimizer(
        lambda v: slow if v.name == "a" else fast, loss_scale_factor=2.0
    )
    optimizer.apply([np.ones(1), np.ones(1)], [a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (0.875, 0.5)
    assert optimizer.optimizers == [slow, fast]
    optimizer.loss_scale_factor = None
    assert slow.loss_scale_factor is None
    optimizer.finalize_variable_values([a, b])
    optimizer.set_weights([v.numpy() for v in optimizer.variables])
    assert int(optimizer.iterations) == 1


def test_optimizer_map_errors():
    optimizers = kerasish.optimizers
    table = optimizers.OptimizerMap(optimizers.SGD(), {"a.*": optimizers.SGD()})
    with pytest.raises(ValueError, match="already exists"):
        table["a.*"] = optimizers.SGD()
    with pytest.raises(ValueError, match="must be a Keras Optimizer"):
        table["b"] = "sgd"
    with pytest.raises(ValueError, match="A key must be a string"):
        table[1] = optimizers.SGD()
    with pytest.raises(ValueError, match="cannot be LossScaleOptimizer"):
        table["b"] = optimizers.LossScaleOptimizer(optimizers.SGD())
    table["ab"] = optimizers.Adam()
    table[".b.*"] = optimizers.Lion()
    assert type(table["ab"]).__name__ == "Adam"
    with pytest.raises(ValueError, match="Multiple optimizers assigned"):
        table["abc"]
    del table["ab"]
    assert (len(table), list(table)) == (2, ["a.*", ".b.*"])
    with pytest.raises(TypeError, match="`default_optimizer` must be"):
        optimizers.OptimizerMap("sgd")
    with pytest.raises(TypeError, match="`optimizer_map` must be a dict"):
        optimizers.OptimizerMap(optimizers.SGD(), [1])
    with pytest.raises(ValueError, match="for variable `v` must be"):
        optimizers.MultiOptimizer(lambda v: None).build([pair("v")])
