"""100 XOR networks of different seeds, 10,000 steps each."""

from ..measure import Workload, timed
from ..peers.keras_api import LOSSES
from . import gates

COPIES, STEPS, REPEATS = 100, 10_000, 2
RATE = 0.1
X, Y = gates.INPUTS, gates.TARGETS["xor"]
ALL, ONE = "100 networks", "one network"


def compiled(keras, model):
    model.compile(keras.optimizers.SGD(RATE), LOSSES["mse"])
    return model


def fit(model, steps):
    return model.fit(X, Y, batch_size=4, epochs=steps, verbose=0)


def timed_fit(model, steps, repeats, part=1.0):
    fit(model, steps)
    return timed(lambda: fit(model, steps), repeats, part)


def kerasish(quick):
    import kerasish as keras

    copies, steps = (3, 20) if quick else (COPIES, STEPS)
    one = compiled(keras, gates.keras_net(keras, 1))
    many = compiled(keras, keras.Replicas(gates.keras_net(keras, 1), copies))
    return {ALL: timed_fit(many, steps, REPEATS), ONE: timed_fit(one, steps, REPEATS)}


def keras(quick):
    """One network for fewer steps, scaled; without the compilation of each."""
    import keras

    steps = 20 if quick else 1_000
    model = compiled(keras, gates.keras_net(keras, 1))
    part = steps / STEPS
    return {
        ALL: timed_fit(model, steps, REPEATS, part / COPIES),
        ONE: timed_fit(model, steps, REPEATS, part),
    }


def jax(quick):
    """`vmap` of a step in a scan."""
    import jax
    import jax.numpy as jnp

    from ..peers import by_hand

    copies, steps = (3, 20) if quick else (COPIES, STEPS)

    def loss(params):
        return by_hand.mse(gates.by_hand(jax, params, X, None), Y)

    def step(params, _):
        value, gradients = jax.value_and_grad(loss)(params)
        return by_hand.SGD.update(RATE, params, (), gradients)[0], value

    net = by_hand.Net(lambda draw: gates.by_hand_init(draw, 1), gates.by_hand)
    each = [by_hand.initial(net, seed) for seed in range(copies)]
    params = jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)

    def trained(params):
        return jax.lax.scan(step, params, None, length=steps)

    many, one = jax.jit(jax.vmap(trained)), jax.jit(trained)

    def run(function, params):
        jax.block_until_ready(function(params))
        return timed(lambda: jax.block_until_ready(function(params)), REPEATS)

    return {ALL: run(many, params), ONE: run(one, each[0])}


WORKLOADS = {
    "replicas": Workload(
        "XOR, 10,000 steps", {"kerasish": kerasish, "keras": keras, "jax": jax}
    )
}
