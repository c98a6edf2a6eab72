"""Predict and evaluate with 64-128-128-10: one row, and 20,000 rows by 32."""

import numpy as np

from ..measure import Job, Workload, often, timed
from ..peers.keras_api import both, compiled
from . import perceptrons

SIZES = [64, 128, 128, 10]
BATCH = 32
JOB = Job(
    lambda rows: perceptrons.table(rows, SIZES[0], 10),
    rows=20_000,
    batch=BATCH,
    epochs=1,
    accuracy=True,
    small={"rows": 70},
)


def keras_script(keras, quick):
    job = JOB.of("", quick)
    x, y = job.arrays()
    model = compiled(keras, job, lambda keras: perceptrons.keras_net(keras, SIZES))
    row, calls = x[:1], 5 if quick else 200
    given = {"batch_size": BATCH, "verbose": 0}
    model.predict(x, **given), model.evaluate(x, y, **given)
    return {
        "predict one row": often(lambda: model.predict(row, verbose=0), calls),
        "call the model": often(lambda: np.asarray(model(row)), calls),
        "predict all": timed(lambda: model.predict(x, **given), job.repeats),
        "evaluate": timed(lambda: model.evaluate(x, y, **given), job.repeats),
    }


def by_calls(forward, score, quick):
    """For those who write the loop: `forward(x)` and `score(x, y)` return NumPy's."""
    job = JOB.of("", quick)
    x, y = job.arrays()
    row, calls = x[:1], 5 if quick else 200
    starts = range(0, len(x), BATCH)

    def predict():
        return np.concatenate([forward(x[i : i + BATCH]) for i in starts])

    def evaluate():
        scores = [score(x[i : i + BATCH], y[i : i + BATCH]) for i in starts]
        return np.mean(np.asarray(scores), axis=0)

    predict(), evaluate()
    return {
        "predict one row": often(lambda: forward(row), calls),
        "call the model": often(lambda: forward(row), calls),
        "predict all": timed(predict, job.repeats),
        "evaluate": timed(evaluate, job.repeats),
    }


def by_hand():
    """Parameters, the output, and loss and accuracy of a batch."""
    import jax

    from ..peers import by_hand as hand

    net = hand.Net(
        lambda draw: perceptrons.by_hand_init(draw, SIZES), perceptrons.by_hand
    )

    def forward(params, x):
        return net.apply(jax, params, x, None)

    def score(params, x, y):
        output = forward(params, x)
        return hand.crossentropy(output, y), hand.correct(output, y) / len(x)

    return jax, jax.device_put(hand.initial(net)), forward, score


def jax_step(quick):
    jax, params, forward, score = by_hand()
    forward, score = jax.jit(forward), jax.jit(score)
    return by_calls(
        lambda x: np.asarray(forward(params, x)),
        lambda x, y: score(params, x, y),
        quick,
    )


def jax_scan(quick):
    """All batches in one program; 20,000 rows leave no rest."""
    jax, params, forward, score = by_hand()
    job = JOB.of("", quick)
    x, y = job.arrays()
    whole = len(x) // BATCH * BATCH
    x, y = x[:whole].reshape(-1, BATCH, SIZES[0]), y[:whole].reshape(-1, BATCH)
    predict = jax.jit(lambda p, x: jax.lax.map(lambda own: forward(p, own), x))
    score_all = jax.jit(lambda p, x, y: jax.lax.map(lambda own: score(p, *own), (x, y)))

    def evaluate():
        return np.mean(np.asarray(score_all(params, x, y)), axis=1)

    def predict_all():
        return np.asarray(predict(params, x)).reshape(-1, SIZES[-1])

    predict_all(), evaluate()
    return {
        "predict all": timed(predict_all, job.repeats),
        "evaluate": timed(evaluate, job.repeats),
    }


def torch(quick):
    import torch

    functional = torch.nn.functional
    model = perceptrons.torch_net(torch.nn, SIZES).eval()

    def score(x, y):
        output, y = model(torch.from_numpy(x)), torch.from_numpy(y).long()
        right = (output.argmax(-1) == y).float().mean()
        return functional.cross_entropy(output, y).item(), right.item()

    with torch.no_grad():
        return by_calls(lambda x: model(torch.from_numpy(x)).numpy(), score, quick)


def flax(quick):
    import jax.numpy as jnp
    from flax import nnx

    from ..peers import by_hand as hand

    model = perceptrons.flax_net(nnx, nnx.Rngs(0), SIZES)
    forward = nnx.jit(lambda model, x: model(x))

    @nnx.jit
    def score(model, x, y):
        output = model(x)
        return hand.crossentropy(output, y), jnp.mean(jnp.argmax(output, -1) == y)

    return by_calls(
        lambda x: np.asarray(forward(model, x)),
        lambda x, y: score(model, x, y),
        quick,
    )


def sklearn(quick):
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.filterwarnings("ignore")  # that one epoch is few
    x, y = JOB.data(300)
    model = MLPClassifier(tuple(SIZES[1:-1]), max_iter=1).fit(x, y)
    return by_calls(
        model.predict_proba,
        lambda x, y: (model.score(x, y), 0.0),
        quick,
    )


WORKLOADS = {
    "predict": Workload(
        "64-128-128-10, 20,000 rows by 32",
        {
            **both(keras_script),
            "jax step": jax_step,
            "jax scan": jax_scan,
            "torch": torch,
            "flax": flax,
            "sklearn": sklearn,
        },
    )
}
