"""What runs on the NumPy backend, found by trying; the list of what does not.

    python tests/numpy_coverage.py          # writes the list and the guide's table anew
    python tests/numpy_coverage.py FILE     # writes the outcomes, for the test

Each case of the catalogues is called and differentiated; one case of each op and layer
is called on symbolic tensors too, and the slopes of one of each layer are measured.
Neither Keras nor JAX is needed for that.
"""

import inspect
import operator
import pickle
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import layers_catalogue
import numpy as np
import ops_catalogue
from layers_features import HOST

import kerasish
from kerasish import backend, ops, tree
from kerasish.graph import any_symbolic

EXCEPTIONS = Path(__file__).with_name("numpy_exceptions.txt")
PAGE = Path(__file__).parents[1] / "docs" / "guide" / "backends.md"
START, END = "<!-- not on NumPy -->\n", "<!-- end of not on NumPy -->\n"
# Cases whose slopes are no differences; most are compared with those of JAX.
UNMEASURED = {
    *("ops.nan_to_num-1", "ops.take-4", "ops.take-5"),  # values that are not finite
    "ops.full-2",  # in half precision
    "ops.eigh-1",  # of matrices that are no longer symmetric
    *("ops.convert_to_numpy-1", "layers.BatchNormalization-7"),  # cut on purpose
}


@dataclass
class Case:
    """A call to try.

    Attributes:
        call: takes arrays in place of `values`, or of the first of them.
        values: arguments, then trainable weights.
        symbols: shapes and dtypes of the arguments with unknown axes, if to be tried.
        measured: the slopes are compared with differences.
        random: other numbers come from other backends.
        images: a layer that prepares images, which takes long to compile.
    """

    label: str
    call: Callable[[Any], Any]
    values: list[Any] = field(default_factory=list)
    symbols: list[Any] | None = None
    measured: bool = False
    random: bool = False
    images: bool = False


def is_array(x):
    return isinstance(x, np.ndarray)


def is_float(x):
    return is_array(x) and x.dtype.name == kerasish.config.floatx()


def widened(x):
    return x.astype("float64") if is_array(x) and x.dtype == "float32" else x


def text_of(x):
    return f"{x.dtype}{list(x.shape)}" if is_array(x) else repr(x)


def op_case(row, first=False):
    given = (row.args, row.kwargs)

    def call(values):
        rest = iter(values)
        args, kwargs = tree.map_structure(
            lambda x: next(rest) if is_array(x) else x, given
        )
        return operator.attrgetter(row.name)(ops)(*args, **kwargs)

    values = [x for x in tree.flatten(given) if is_array(x)]
    texts = [text_of(x) for x in row.args]
    texts += [f"{key}={text_of(x)}" for key, x in row.kwargs.items()]
    symbols = [
        ((None, *x.shape[1:]) if x.shape[:1] == (2,) else x.shape, x) for x in values
    ]
    tried = first and row.symbolic and row.batch and values
    return Case(
        f"ops.{row.name}({', '.join(texts)})",
        call,
        values,
        symbols if tried else None,
        measured=not row.grad,
        random="seed" in row.kwargs,
    )


def layer_case(row, symbolic=False, measured=False):
    arguments = {k: layers_catalogue.made(kerasish, v) for k, v in row.kwargs.items()}
    layer = getattr(kerasish.layers, row.name)(**arguments)
    if not layer.built:
        layer.build(*row.arguments(row.shapes))
    images = ".preprocessing." in type(layer).__module__
    generator = np.random.RandomState(3)
    layer.set_weights([generator.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    options = {"training": True} if row.disturbed else {}
    if row.mask and "mask" in inspect.signature(layer.call).parameters:
        options["mask"] = row.masks()
    several = isinstance(row.shapes, list)
    inputs = row.inputs() if several else [row.inputs()]
    rest = [v.value for v in layer.non_trainable_variables]

    def call(values):
        x, weights = values[: len(inputs)], values[len(inputs) :]
        x = row.arguments(list(x) if several else x[0])
        if any_symbolic(x):
            return layer(*x)
        return layer.stateless_call(weights, rest, *x, **options)[0]

    def unknown(x):
        # A layer within another is called step by step.
        free = 1 if row.name == "TimeDistributed" else row.free
        return (None,) * free + x.shape[free:], x

    return Case(
        f"layers.{row}",
        call,
        [*inputs, *(np.asarray(v.value) for v in layer.trainable_variables)],
        [unknown(x) for x in inputs] if symbolic else None,
        measured and not images,  # which are of bytes, and computed in float32
        random="Random" in row.name or "seed" in str(row),
        images=images,
    )


def host_case(row):
    def call(values):
        layer = getattr(kerasish.layers, row.name)(**row.kwargs)
        return layer(values if isinstance(row.inputs, list) else values[0])

    values = row.inputs if isinstance(row.inputs, list) else [row.inputs]
    return Case(f"layers.{row}", call, values)


# What the catalogues have no rows of.
X = ops_catalogue.F
OTHERS: dict[str, Callable[[Any], Any]] = {
    "ops.associative_scan": lambda x: ops.associative_scan(lambda a, b: a * b, x),
    "ops.cond": lambda x: ops.cond(True, lambda: x, lambda: -x),
    "ops.custom_gradient": lambda x: ops.custom_gradient(
        lambda a: (a * a, lambda upstream: 2 * a * upstream)
    )(x),
    "ops.dot_product_attention(flash_attention=True)": lambda x: (
        ops.dot_product_attention(*[x[None, :, None]] * 3, flash_attention=True)
    ),
    "ops.fori_loop": lambda x: ops.fori_loop(0, 2, lambda i, c: c * 2 + i, x),
    "ops.jvp": lambda x: ops.jvp(ops.sin, [x], [x]),
    "ops.map": lambda x: ops.map(ops.exp, x),
    "ops.scan": lambda x: ops.scan(lambda c, a: (c + a, c * a), x[0], x),
    "ops.switch": lambda x: ops.switch(1, [ops.sin, ops.cos], x),
    "ops.vectorize": lambda x: ops.vectorize(lambda a: a * a)(x),
    "ops.vectorized_map": lambda x: ops.vectorized_map(ops.exp, x),
    "ops.while_loop": lambda x: ops.while_loop(
        lambda i, a: i < 2, lambda i, a: (i + 1, a * 2), (0, x)
    ),
    "layers.JaxLayer": lambda x: kerasish.layers.JaxLayer(
        lambda params, inputs: inputs * params, params=np.ones(1)
    )(x),
    "layers.Lambda": lambda x: kerasish.layers.Lambda(ops.sin)(x),
}


def other_case(label):
    return Case(label, lambda values: OTHERS[label](values[0]), [X], measured=True)


def cases():
    """Yield the name of each case, such as `"ops.sum-2"`, and what makes it."""
    last = {row.name: row for row in layers_catalogue.ROWS}
    freest: dict[str, Any] = {}
    for row in layers_catalogue.ROWS:
        if row.name not in freest or row.free > freest[row.name].free:
            freest[row.name] = row
    counts: dict[str, int] = {}

    def numbered(name):
        counts[name] = counts.get(name, 0) + 1
        return f"{name}-{counts[name]}"

    for row in ops_catalogue.ROWS:
        name = numbered(f"ops.{row.name}")
        yield name, row, lambda r=row, n=name: op_case(r, n.endswith("-1"))
    for row in layers_catalogue.ROWS:
        found = row is freest[row.name], row is last[row.name]
        name = numbered(f"layers.{row.name}")
        yield name, row, lambda r=row, f=found: layer_case(r, *f)
    for row in HOST:
        yield numbered(f"layers.{row.name}"), row, lambda r=row: host_case(r)
    for label in OTHERS:
        yield numbered(label), None, lambda x=label: other_case(x)


# --- trying ---------------------------------------------------------------------------


def weighted(outputs):
    """One number that depends on each float in the outputs, on each differently."""
    total = 0.0
    for output in tree.flatten(outputs):
        kind = backend.dtype_name(output) if hasattr(output, "dtype") else ""
        if kind.startswith(("float", "bfloat")):
            weights = np.cos(np.arange(int(np.prod(output.shape)), dtype="float32"))
            total = total + backend.xp.sum(output * weights.reshape(output.shape))
    return total


def call(case):
    outputs = tree.flatten(case.call(case.values))
    return [np.asarray(x) if hasattr(x, "dtype") else x for x in outputs]


def loss(case):
    """The function of the floats among the values that gradients are taken of."""

    def compute(chosen):
        rest = iter(chosen)
        values = [next(rest) if is_float(x) else x for x in case.values]
        return weighted(case.call(values)), ()

    return compute, [backend.asarray(x) for x in case.values if is_float(x)]


def gradient(case):
    function, chosen = loss(case)
    if not chosen:
        return None
    return [np.asarray(g) for g in backend.value_and_grad(function)(chosen)[1]]


def symbolic(case):
    if case.symbols is None:
        return None
    symbols = [
        kerasish.KerasTensor(shape, backend.dtype_name(backend.asarray(x)))
        for shape, x in case.symbols
    ]
    outputs = tree.flatten(case.call(symbols))
    return [(x.shape, x.dtype) for x in outputs]


def slopes(case):
    """The derivative in one direction, and the difference that it should be."""
    function, chosen = loss(case)
    if not case.measured or not chosen:
        return None
    generator = np.random.default_rng(5)
    ways = [generator.normal(size=x.shape) for x in chosen]
    found = backend.value_and_grad(function)(chosen)[1]
    step = 1e-6
    up, down = (
        float(function([x + s * way for x, way in zip(chosen, ways)])[0])
        for s in (step, -step)
    )
    slope = sum(float(np.nansum(g * way)) for g, way in zip(found, ways))
    return slope, (up - down) / (2 * step)


def tried(fn, *args):
    """Return what `fn` does and "", or None and why it does not run."""
    kerasish.utils.set_random_seed(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fn(*args), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}".splitlines()[0]


def outcomes():
    """Return `{name: {way: (result, error)}}` of all cases, on the active backend."""
    found = {}
    for name, _, make in cases():
        case, error = tried(make)
        if error:
            found[name] = {"call": (None, error)}
            continue
        found[name] = {"call": tried(call, case)}
        if not found[name]["call"][1]:
            found[name]["gradient"] = tried(gradient, case)
            found[name]["symbolic"] = tried(symbolic, case)
    kerasish.config.set_floatx("float64")
    for name, _, make in cases():
        case, _ = tried(make)
        runs = not found[name].get("gradient", (None, "no"))[1]
        if runs and case.measured and name not in UNMEASURED:
            case.values = [*map(widened, case.values)]
            found[name]["slopes"] = tried(slopes, case)
    kerasish.config.set_floatx("float32")
    return found


# --- what does not run ----------------------------------------------------------------


def failures(found):
    """Return `{what: why}` of what did not run, but does on JAX, the active backend."""
    why = {}
    for name, _, make in cases():
        for way, (_, error) in found[name].items():
            if error and runs_abstractly(make, way):
                label = tried(make)[0].label
                why[label if way == "call" else f"{label}, {way}"] = error
    return why


def runs_abstractly(make, way):
    if way != "gradient":
        return True
    function, chosen = loss(make())
    specs = [backend.Spec(x.shape, "float32") for x in chosen]
    slope = backend.value_and_grad(function)
    return not tried(backend.infer, lambda *x: slope(list(x))[1], specs)[1]


def listing(why):
    """The text of numpy_exceptions.txt: reasons, and below each what it speaks of."""
    lines = []
    for reason in sorted(set(why.values())):
        lines += [
            reason,
            *(f"    {what}" for what in sorted(why) if why[what] == reason),
        ]
    return "".join(f"{line}\n" for line in lines)


def table(text):
    """The table of the guide."""
    rows, reason = [], ""
    for line in text.splitlines():
        if line.startswith(" "):
            rows.append(f"| `{line.strip()}` | {reason} |\n")
        else:
            reason = re.split("[.:;] |[.]$", line.partition(": ")[2])[0]
    return "\n| What | Why |\n| --- | --- |\n" + "".join(rows) + "\n"


if __name__ == "__main__":
    kerasish.config.set_backend("numpy")
    all_outcomes = outcomes()
    if sys.argv[1:]:
        Path(sys.argv[1]).write_bytes(pickle.dumps(all_outcomes))
    else:
        kerasish.config.set_backend("jax")
        EXCEPTIONS.write_text(listing(failures(all_outcomes)), encoding="utf-8")
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        rows = table(EXCEPTIONS.read_text(encoding="utf-8"))
        after = rest.partition(END)[2]
        PAGE.write_text(before + START + rows + END + after, encoding="utf-8")
