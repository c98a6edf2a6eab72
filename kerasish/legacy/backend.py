"""The function-style backend of Keras 1, Keras 2 and tf.keras: `K.mean`, `K.function`.

`keras.backend` finds its functions here. Most are an op of today under another name
(`OPS`); the others have arguments or results that ops have no more. They take arrays,
variables and symbolic tensors, as ops do. What was only about TensorFlow's sessions is
an error that says what to use (`GONE`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, config, layers, ops, random, registry, tree
from ..graph import KerasTensor, is_symbolic
from ..layers.layer import _calls
from ..registry import get_uid as get_uid
from ..saving.eras import hard_sigmoid as hard_sigmoid
from ..variable import Variable, name_scope
from .graph import function, gradients

# Old name -> the op of today that takes the same arguments.
OPS = {
    **{
        name: name
        for name in (
            *("abs", "all", "any", "arange", "cast", "clip", "cos", "elu", "equal"),
            *("exp", "eye", "floor", "greater", "greater_equal", "less"),
            *("less_equal", "log", "logsumexp", "max", "maximum", "mean", "min"),
            *("minimum", "ndim", "not_equal", "ones", "ones_like", "one_hot", "prod"),
            *("reshape", "round", "shape", "sigmoid", "sign", "sin", "softmax"),
            *("softplus", "softsign", "square", "squeeze", "stack", "std", "sum"),
            *(
                "tanh",
                "tile",
                "transpose",
                "var",
                "where",
                "zeros",
                "zeros_like",
                "dot",
            ),
            *("binary_crossentropy", "categorical_crossentropy"),
            "sparse_categorical_crossentropy",
        )
    },
    "permute_dimensions": "transpose",
    "pow": "power",
    "repeat_elements": "repeat",
    "reverse": "flip",
}
# What is gone -> what to use.
GONE = {
    "get_session": "There are no sessions: operations compute at once.",
    "set_session": "There are no sessions; JAX reserves memory as `XLA_FLAGS` and "
    "`XLA_PYTHON_CLIENT_MEM_FRACTION` say.",
    "tf": "Use `keras.ops`.",
    "theano": "Use `keras.ops`.",
    "rnn": "Use `keras.layers.RNN` with a cell, or `keras.ops.scan`.",
    "manual_variable_initialization": "Variables have values from the beginning.",
}


# --- shapes, values, variables -------------------------------------------------------


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape as a tuple, None where it is unknown."""
    return tuple(x.shape)


def dtype(x: Any) -> str:
    """Return the name of the dtype."""
    return backend.standardize_dtype(x.dtype)


def count_params(x: Any) -> int:
    """Return the number of elements."""
    return int(np.prod(x.shape))


def placeholder(
    shape: Any = None, ndim: Any = None, dtype: Any = None, sparse: bool = False,
    name: str | None = None,
) -> KerasTensor:  # fmt: skip
    """Return a symbolic tensor, of shape `shape` or of `ndim` unknown axes."""
    shape = (None,) * ndim if shape is None and ndim else shape
    return layers.Input(batch_shape=tuple(shape), dtype=dtype, name=name)


def variable(
    value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """Return a `keras.Variable`."""
    made = Variable(np.asarray(value), dtype=dtype or config.floatx(), name=name)
    made.constraint = constraint
    return made


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = None
) -> Any:
    """Return an array."""
    made = ops.convert_to_tensor(value, dtype or config.floatx())
    return made if shape is None else ops.broadcast_to(made, shape)


def get_value(x: Any) -> np.ndarray:
    """Return the values of an array or a variable."""
    return ops.convert_to_numpy(x)


eval = get_value


def set_value(x: Variable, value: Any) -> None:
    """Assign to a variable."""
    x.assign(value)


def batch_get_value(xs: Sequence[Any]) -> list[np.ndarray]:
    """Return the values of several."""
    return [get_value(x) for x in xs]


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Assign to several variables."""
    for x, value in tuples:
        x.assign(value)


def update(x: Variable, new_x: Any) -> Any:
    """Assign to a variable; within a layer's `call`, that is part of the step."""
    return x.assign(new_x)


def update_add(x: Variable, increment: Any) -> Any:
    """Add to a variable."""
    return x.assign_add(increment)


def update_sub(x: Variable, decrement: Any) -> Any:
    """Subtract from a variable."""
    return x.assign_sub(decrement)


def moving_average_update(x: Variable, value: Any, momentum: float) -> Any:
    """Assign `momentum * x + (1 - momentum) * value`."""
    return x.assign(x * momentum + value * (1.0 - momentum))


# --- arrays --------------------------------------------------------------------------


def sqrt(x: Any) -> Any:
    """Return the square root; of negative numbers it is 0."""
    return ops.sqrt(ops.maximum(x, 0))


def argmax(x: Any, axis: int = -1) -> Any:
    """Return the indices of the largest values along an axis."""
    return ops.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Return the indices of the smallest values along an axis."""
    return ops.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    """Return the sums up to each place."""
    return ops.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """Return the products up to each place."""
    return ops.cumprod(x, axis)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Multiply sample by sample; `axes` are summed over, by default as in `matmul`."""
    if axes is None:
        axes = (len(x.shape) - 1, max(len(y.shape) - 2, 1))
    axes = (axes, axes) if isinstance(axes, int) else axes
    last = [len(t.shape) - 1 for t in (x, y)]
    product = layers.Dot([a % (n + 1) for a, n in zip(axes, last)])([x, y])
    return product


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Join tensors along an axis, the last by default."""
    return ops.concatenate(list(tensors), axis)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """Add an axis of size 1, the last by default."""
    return ops.expand_dims(x, axis)


def cast_to_floatx(x: Any) -> Any:
    """Return `x` in the dtype `floatx()`; of what is no tensor, a NumPy array."""
    if is_symbolic(x) or not isinstance(x, (np.ndarray, list, tuple, int, float)):
        return ops.cast(x, config.floatx())
    return np.asarray(x, dtype=config.floatx())


def gather(reference: Any, indices: Any) -> Any:
    """Return rows."""
    return ops.take(reference, ops.cast(indices, "int32"), axis=0)


def repeat(x: Any, n: int) -> Any:
    """Turn `(batch, features)` into `(batch, n, features)`."""
    return ops.repeat(ops.expand_dims(x, 1), n, axis=1)


def flatten(x: Any) -> Any:
    """Return all elements along one axis."""
    return ops.reshape(x, (-1,))


def batch_flatten(x: Any) -> Any:
    """Return the elements of each sample along one axis."""
    return ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str | None = None,
    interpolation: str = "nearest",
) -> Any:  # fmt: skip
    """Enlarge images by whole factors."""
    size = (height_factor, width_factor)
    return layers.UpSampling2D(size, data_format, interpolation)(x)


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Add zeros before and after sequences."""
    return layers.ZeroPadding1D(padding)(x)


def spatial_2d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Add zeros around images."""
    return layers.ZeroPadding2D(padding, data_format)(x)


def map_fn(
    fn: Callable[[Any], Any], elems: Any, name: Any = None, dtype: Any = None
) -> Any:
    """Apply a function to each row."""
    return ops.map(fn, elems)


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: Any = None
) -> Any:
    """Combine rows from the first to the last: `fn(so far, row)`."""
    if initializer is None:
        initializer, elems = elems[0], elems[1:]
    return ops.scan(lambda total, row: (fn(total, row), None), initializer, elems)[0]


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: Any = None
) -> Any:
    """Combine rows from the last to the first: `fn(so far, row)`."""
    return foldl(fn, ops.flip(elems, 0), initializer)


# --- networks ------------------------------------------------------------------------


def relu(
    x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """Return the rectifier, with a slope below `threshold` and a bound above."""
    return layers.ReLU(max_value, alpha, threshold)(x)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Divide by the Euclidean norm along an axis, by default of all elements."""
    total = ops.sum(ops.square(x), axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(total, config.epsilon()))


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Set a share `level` of the elements to 0."""
    return random.dropout(x, level, noise_shape, seed)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Say for each row whether the target is among the `k` largest."""
    return ops.in_top_k(targets, predictions, k)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Add one number for each channel."""
    first = (data_format or config.image_data_format()) == "channels_first"
    axes = (1,) * (len(x.shape) - 2) if first else ()
    return x + ops.reshape(bias, (-1, *axes))


def conv2d(
    x: Any, kernel: Any, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Convolve with a kernel of shape `(..., channels in, channels out)`."""
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


conv1d = conv3d = conv2d


def depthwise_conv2d(
    x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Any:  # fmt: skip
    """Convolve each channel with kernels of its own."""
    kernel = depthwise_kernel
    return ops.depthwise_conv(x, kernel, strides, padding, data_format, dilation_rate)


def pool2d(
    x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, pool_mode: str = "max",
) -> Any:  # fmt: skip
    """Return the largest (`"max"`) or the mean (`"avg"`) of windows."""
    pool = {"max": ops.max_pool, "avg": ops.average_pool}[pool_mode]
    return pool(x, pool_size, strides, padding, data_format)


def ctc_batch_cost(
    y_true: Any, y_pred: Any, input_length: Any, label_length: Any
) -> Any:
    """Return the loss of Connectionist Temporal Classification, `(batch, 1)`.

    Args:
        y_true: labels, `(batch, longest)`.
        y_pred: probabilities, `(batch, steps, classes)`; the last class is the blank.
        input_length, label_length: `(batch, 1)`.
    """
    lengths = [ops.reshape(n, (-1,)) for n in (label_length, input_length)]
    lengths = [ops.cast(n, "int32") for n in lengths]
    logits = ops.log(y_pred + config.epsilon())
    labels = ops.cast(y_true, "int32")
    loss = ops.ctc_loss(labels, logits, *lengths, mask_index=y_pred.shape[-1] - 1)
    return ops.expand_dims(loss, 1)


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100,
    top_paths: int = 1,
) -> Any:  # fmt: skip
    """Return `(list of labels, filled up with -1; their scores)`, as `ops.ctc_decode`.

    The last class is the blank.
    """
    logits = ops.log(ops.convert_to_tensor(y_pred) + config.epsilon())
    strategy = "greedy" if greedy else "beam_search"
    labels, scores = ops.ctc_decode(
        logits,
        ops.cast(input_length, "int32"),
        strategy,
        beam_width,
        top_paths,
        mask_index=y_pred.shape[-1] - 1,
    )
    return list(labels), scores


pool3d = pool2d


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:  # fmt: skip
    """Return `(x - mean) / sqrt(var + epsilon) * gamma + beta`."""
    return ops.batch_normalization(x, mean, var, axis, beta, gamma, epsilon)


# --- random numbers ------------------------------------------------------------------


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None,
    seed: Any = None,
) -> Any:  # fmt: skip
    """Draw from a uniform distribution."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None,
    seed: Any = None,
) -> Any:  # fmt: skip
    """Draw from a normal distribution."""
    return random.normal(shape, mean, stddev, dtype, seed)


truncated_normal = random.truncated_normal


def random_binomial(
    shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Draw 1 with probability `p`, else 0."""
    return random.binomial(shape, 1, p, dtype, seed)


random_bernoulli = random_binomial


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: Any = None,
    seed: Any = None,
) -> Variable:  # fmt: skip
    """Return a variable that begins uniformly distributed."""
    return variable(random.uniform(shape, low, high, dtype, seed), dtype, name)


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: Any = None,
    seed: Any = None,
) -> Variable:  # fmt: skip
    """Return a variable that begins normally distributed."""
    return variable(random.normal(shape, mean, scale, dtype, seed), dtype, name)


# --- choices -------------------------------------------------------------------------


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Choose by a condition, which may have fewer axes than what is chosen."""
    one, other = (x() if callable(x) else x for x in (then_expression, else_expression))
    more = len(one.shape) - len(getattr(condition, "shape", ()))
    condition = ops.cast(condition, "bool")
    for _ in range(more if condition.shape else 0):
        condition = ops.expand_dims(condition, -1)
    return ops.where(condition, one, other)


class Phase(int):
    """The learning phase: 1 while training, else 0; an input of `K.function`."""


_phase: list[int | None] = [None]


def learning_phase() -> Phase:
    """Return whether layers are called to be trained: 1 or 0."""
    set_by_hand = _phase[0]
    return Phase(_calls.training or 0 if set_by_hand is None else set_by_hand)


def set_learning_phase(value: int) -> None:
    """Fix what `learning_phase` returns; layers go by the argument `training`."""
    _phase[0] = int(value)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `x` while training, else `alt`; each may be a function."""
    training = learning_phase() if training is None else training
    chosen = x if training else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `alt` while training, else `x`."""
    return in_train_phase(alt, x, training)


def image_dim_ordering() -> str:
    """Return `"tf"` for channels that come last, `"th"` for first."""
    return "th" if config.image_data_format() == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set where channels are: `"tf"` last, `"th"` first."""
    names = {"th": "channels_first", "tf": "channels_last"}
    config.set_image_data_format(names[dim_ordering])


def stop_gradient(variables: Any) -> Any:
    """Return tensors that count as constants."""
    return tree.map_structure(ops.stop_gradient, variables)


def print_tensor(x: Any, message: str = "") -> Any:
    """Print and return `x`."""
    print(message, x)
    return x


def identity(x: Any, name: Any = None) -> Any:
    """Return `x`."""
    return x


def is_sparse(tensor: Any) -> bool:
    """Say that tensors are not sparse."""
    return False


def reset_uids() -> None:
    """Begin automatic names at zero."""
    registry.reset_names()


__all__ = ["GONE", "OPS", "function", "gradients", "name_scope"]


def __getattr__(name: str) -> Any:  # PEP 562: names that are not here
    if name in OPS:
        return getattr(ops, OPS[name])
    advice = f" It is gone. {GONE[name]}" if name in GONE else ""
    raise AttributeError(
        f"module 'kerasish.backend' has no attribute {name!r}."
        + (advice or registry.did_you_mean(name, __dir__()))
    )


def __dir__() -> list[str]:
    return sorted({*OPS, *(name for name in globals() if name[0] != "_")})
