"""The base of all losses: masks, sample weights and reduction; functions as losses."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .. import dtype_policies, ops, registry, tree
from ..config import epsilon, floatx
from ..graph import Tensor, op
from ..masks import get_mask

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none")

Function = TypeVar("Function", bound=Callable[..., Any])


class Loss(registry.Configurable):
    """Base of all losses: how far predictions are from targets, as one number.

    Subclasses define `call(y_true, y_pred)`, which returns one value for each sample
    (or each time step ...). Calling the loss multiplies them by the sample weights,
    leaves out masked ones, and reduces:

    - `"sum_over_batch_size"`, `"mean"`: sum divided by the number of values;
    - `"sum"`: sum;
    - `"mean_with_sample_weight"`: sum divided by the sum of the weights;
    - `"none"`, None: the values as they are.

    Args:
        name: default from the class.
        reduction: one of the above.
        dtype: dtype name or policy in which the loss is computed; None: `floatx()`.

    Raises:
        ValueError: for an unknown reduction.

    Example:
        >>> class Cubic(keras.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return keras.ops.mean(abs(y_true - y_pred) ** 3, axis=-1)
        >>> float(Cubic()([[0.0, 0.0]], [[1.0, 2.0]], sample_weight=[10.0]))
        45.0
    """

    # Arguments, and their defaults, that Keras never writes into a config, so that they
    # are lost on loading. Here they are written where they differ from the default.
    _unwritten: dict[str, Any] = {}

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        if reduction is not None and reduction not in REDUCTIONS:
            raise ValueError(
                "Invalid value for argument `reduction`: expected one of "
                f"{', '.join(map(repr, REDUCTIONS))} or None, got {reduction!r}."
                + registry.did_you_mean(reduction, REDUCTIONS)
            )
        self.name = name or registry.unique_name(type(self).__name__)
        self.reduction = reduction
        self._dtype = floatx()
        if dtype is not None:
            self._dtype = dtype_policies.get(dtype).compute_dtype

    @property
    def dtype(self) -> str:
        """Name of the dtype in which the loss is computed."""
        return self._dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss values, one for each sample, unreduced."""
        raise NotImplementedError(
            f"Loss `{type(self).__name__}` must define `call(self, y_true, y_pred)`."
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the reduced loss.

        Args:
            y_true: targets, converted to the loss's dtype.
            y_pred: predictions, converted likewise. A mask that travels with them, or
                with the values that `call` returns, leaves values out.
            sample_weight: None, a number, or weights of shape `(batch,)`,
                `(batch, 1)` or that of the loss values.

        Returns:
            A scalar, or the weighted values if `reduction` is None.

        Raises:
            ValueError: for weights that do not fit the values.
        """
        return _evaluate(self, y_true, y_pred, sample_weight, get_mask(y_pred))

    def converted(self, structure: Any) -> Any:
        """Return a tensor of the loss's dtype, or a nest of them.

        Lists of plain numbers are one array.
        """

        def convert(x: Any) -> Any:
            return x if x is None else ops.convert_to_tensor(x, dtype=self.dtype)

        if not tree.is_nested(structure):
            return convert(structure)
        leaves = tree.flatten(structure)
        if isinstance(structure, dict) or any(hasattr(x, "shape") for x in leaves):
            return tree.map_structure(convert, structure)
        return convert(structure)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        usual = {"dtype": floatx(), **self._unwritten}
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in usual or v != usual[k]}


@op
def _evaluate(
    loss: Loss, y_true: Any, y_pred: Any, sample_weight: Tensor | None, mask: Any
) -> Tensor:
    """Run a loss: one node of the graph, whatever it is made of."""
    values = loss.call(loss.converted(y_true), loss.converted(y_pred))
    if values is None:
        raise ValueError(
            f"The loss `{loss.name}` returned None; it must return a tensor of values. "
            "Is there a `return`?"
        )
    counted = get_mask(values)
    if mask is None or counted is None:
        mask = counted if mask is None else mask
    else:
        mask = ops.logical_and(mask, counted)
    return reduce_values(values, sample_weight, mask, loss.reduction, loss.dtype)


class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Args:
        fn: `fn(y_true, y_pred, **options)` -> loss values, one for each sample.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
        **options: kept as attributes and passed to `fn`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.fn = fn
        self._options = tuple(options)
        vars(self).update(options)

    def _option_values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._options}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the function's values."""
        if not (tree.is_nested(y_true) or tree.is_nested(y_pred)):
            y_true, y_pred = same_rank(y_true, y_pred)
            if getattr(self.fn, "elementwise", False):
                check_shapes(self.name, y_true.shape, y_pred.shape)
        return self.fn(y_true, y_pred, **self._option_values())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        config = super().get_config()
        if "fn" in config:  # not of a subclass, which names its options itself
            config.update(registry.serialize_keras_object(self._option_values()))
        return config


def elementwise(fn: Function) -> Function:
    """Mark a function that compares targets and predictions element by element.

    Loss objects then refuse shapes that would broadcast against each other: a silent
    and frequent mistake. The bare function broadcasts, as in Keras.
    """
    fn.elementwise = True  # type: ignore[attr-defined]
    return fn


def check_shapes(name: str, true: Sequence[Any], pred: Sequence[Any]) -> None:
    """Raise a ValueError unless both shapes are the same, as far as they are known."""
    same = len(true) == len(pred) and all(
        t == p or t is None or p is None for t, p in zip(true, pred)
    )
    if same or not len(true) or not len(pred):
        return
    if pred[-1] != 1 and (len(true) < len(pred) or true[-1] == 1):
        advice = (
            "If the targets are class numbers, use a sparse loss such as "
            "'sparse_categorical_crossentropy', or `keras.utils.to_categorical`; "
            "else give the last layer as many units as there are targets."
        )
    elif len(true) == len(pred) and pred[-1] == 1:
        advice = f"Give the last layer {true[-1]} units, or one target per sample."
    else:
        advice = "Reshape the targets, or change the last layer."
    raise ValueError(
        f"Loss `{name}` compares element by element, but `y_true` has shape "
        f"{tuple(true)} and `y_pred` has shape {tuple(pred)}. {advice}"
    )


def same_rank(first: Any, second: Any) -> tuple[Any, Any]:
    """Drop or add a last axis of size one, so that both tensors have the same rank."""
    surplus = len(first.shape) - len(second.shape)
    if surplus == -1:
        second, first = same_rank(second, first)
    elif surplus == 1 and first.shape[-1] == 1:
        if len(second.shape) == 1:
            return first, ops.expand_dims(second, -1)
        return ops.squeeze(first, -1), second
    return first, second


def pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Return both as tensors of the dtype of `y_pred` and of the same rank."""
    y_pred = ops.convert_to_tensor(y_pred)
    return same_rank(ops.cast(y_true, y_pred.dtype), y_pred)


@op
def reduce_values(
    values: Tensor,
    sample_weight: Tensor | None,
    mask: Tensor | None,
    reduction: str | None,
    dtype: str,
) -> Tensor:
    """Weigh and reduce loss values.

    Args:
        values: tensor `(batch, ...)`.
        sample_weight: None, or a tensor that fits, see `Loss`.
        mask: None, or a tensor that fits: values where it is False do not count.
        reduction: see `Loss`.
        dtype: name of the result's dtype.
    """
    values = ops.convert_to_tensor(values, dtype=dtype)
    weights = None
    if mask is not None:
        weights = ops.cast(mask, dtype)
        if reduction in ("mean", "sum_over_batch_size"):
            # the mean is over what counts, though it divides by the number of all
            weights = weights * (weights.size / (ops.sum(weights) + epsilon()))
        values, weights = _fit(values, weights, "The mask")
    if sample_weight is not None:
        given = ops.convert_to_tensor(sample_weight, dtype=dtype)
        values, given = _fit(values, given, "`sample_weight`")
        weights = given if weights is None else weights * given
    if weights is not None:
        values = values * weights
    if reduction in (None, "none") or not len(values.shape):
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(
            total, ops.sum(ops.broadcast_to(weights, values.shape))
        )
    return total / max(values.size, 1)


def _fit(values: Any, weights: Any, what: str) -> tuple[Any, Any]:
    """Return both so that the weights broadcast to the values, samples to samples."""
    values, weights = same_rank(values, weights)
    shape = tuple(weights.shape)
    if shape and shape[0] == values.shape[0]:
        for _ in range(len(values.shape) - len(shape)):
            weights = ops.expand_dims(weights, -1)
    sizes = zip(weights.shape[::-1], values.shape[::-1])
    if len(shape) > len(values.shape) or any(w not in (1, v) for w, v in sizes):
        raise ValueError(
            f"{what} of shape {shape} does not fit loss values of shape "
            f"{tuple(values.shape)}. Expected one number for each sample, shape "
            f"({values.shape[0] if len(values.shape) else ''},), or one for each loss "
            "value: loss functions average over the last axis, which targets of steps "
            "need, too, if only of size 1."
        )
    return values, weights
