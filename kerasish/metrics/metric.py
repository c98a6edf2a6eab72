"""The base of all metrics, and the two that most others are made of: Sum and Mean."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import backend, config, initializers, losses, ops, registry, tree
from ..losses.loss import same_rank
from ..masks import get_mask
from ..variable import Variable, functional, setting, state

__all__ = ["Mean", "MeanMetricWrapper", "Metric", "Sum"]


class Metric(registry.Configurable):
    """A quantity that is gathered over many batches: state, update, result.

    Subclasses create their state with `add_weight` in `__init__`, change it in
    `update_state` and compute the value in `result`. All three may be compiled, so
    they use `keras.ops` and no Python branch on values.

    Args:
        dtype: dtype name or policy of the computation; default `floatx()`.
        name: default: the class's name in snake_case, numbered if taken.

    Example:
        >>> class Largest(keras.metrics.Metric):
        ...     def __init__(self, name="largest"):
        ...         super().__init__(name=name)
        ...         self.top = self.add_weight(initializer="zeros", name="top")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.top.assign(keras.ops.maximum(self.top, keras.ops.max(y_pred)))
        ...     def result(self):
        ...         return self.top.value
        >>> float(Largest()([0.0], [3.0]))
        3.0
    """

    # "up" if larger is better, "down" if smaller is: callbacks choose by it.
    _direction: str | None = None
    # Arguments that are in the config only where they differ from the default.
    _sparing: tuple[str, ...] = ()

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or registry.unique_name(type(self).__name__)
        self._dtype = _compute_dtype(dtype)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The name of the dtype in which values are gathered."""
        return self._dtype

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Create a piece of state.

        Args:
            shape: its shape.
            initializer: its first value; zeros if None.
            dtype: default `floatx()`.
            aggregation: how replicas on several devices are combined.
            name: its name within the metric.
        """
        self._check_super_called()
        with setting(path=(*state.path, self.name)):
            variable = Variable(
                initializers.get("zeros" if initializer is None else initializer),
                shape=tuple(shape),
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                name=name,
            )
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Create a piece of state; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state: own variables, then those of metrics held as attributes."""
        own: dict[int, Variable] = {}
        inner: dict[int, Variable] = {}
        held = [x for key, x in vars(self).items() if key != "_arguments"]
        for leaf in tree.flatten(held):
            if isinstance(leaf, Variable):
                own[id(leaf)] = leaf
            elif isinstance(leaf, Metric):
                inner |= {id(v): v for v in leaf.variables}
        return list((own | inner).values())

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch; `(y_true, y_pred, sample_weight=None)` in most metrics."""
        raise NotImplementedError(f"{type(self).__name__} must define `update_state`.")

    def result(self) -> Any:
        """Return the value over all batches since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must define `result`.")

    def reset_state(self) -> None:
        """Forget all batches: set each variable to zero."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch and return the value so far."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.current_value()

    def current_value(self) -> Any:
        """Return `result()` as arrays: what it returns may hold variables."""
        return tree.map_structure(
            lambda x: x.value if isinstance(x, Variable) else x, self.result()
        )

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """Return what `metric_variables` become by a batch; nothing is changed.

        Args:
            metric_variables: values, one for each of `variables`.
            *args: what `update_state` takes.
            **kwargs: what `update_state` takes.

        Example:
            >>> m = keras.metrics.Mean()
            >>> [float(v) for v in m.stateless_update_state([10.0, 2.0], [5.0])]
            [15.0, 3.0]
        """
        return self._pure(self.update_state, metric_variables, *args, **kwargs)[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Return the value that belongs to these values of `variables`."""
        return self._pure(self.current_value, metric_variables)[0]

    def stateless_reset_state(self) -> list[Any]:
        """Return the values that `reset_state` would give to `variables`."""
        return self._pure(self.reset_state, [v.value for v in self.variables])[1]

    def _pure(
        self, method: Callable[..., Any], values: Sequence[Any], *args: Any, **kw: Any
    ) -> tuple[Any, list[Any]]:
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"`metric_variables` must hold one value for each of the "
                f"{len(variables)} variables of metric `{self.name}` "
                f"({', '.join(v.name for v in variables)}), got {len(values)}."
            )
        return functional(method, variables)(values, *args, **kw)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, from which `from_config` rebuilds it."""
        settings = super().get_config()
        arguments = inspect.signature(type(self)).parameters
        for key in self._sparing:
            if key in arguments and settings.get(key) == arguments[key].default:
                settings.pop(key, None)
        actual = {"name": self.name, "dtype": self.dtype}
        return settings | {k: v for k, v in actual.items() if k in settings}

    def _check_super_called(self) -> None:
        if "_variables" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call `super().__init__()` "
                "before anything else."
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _compute_dtype(dtype: Any) -> str:
    if isinstance(dtype, str) and dtype.startswith("mixed_"):
        dtype = config.DTypePolicy(dtype)
    return backend.standardize_dtype(getattr(dtype, "compute_dtype", dtype))


def per_sample(
    values: Any, sample_weight: Any, reduce: Callable[..., Any], metric: Metric
) -> tuple[Any, Any]:
    """Weigh `values` and reduce all axes but the first of values and weights.

    The weights may have fewer axes than the values, which are then reduced first.

    Args:
        values: `(batch, ...)` or a single number.
        sample_weight: None, a number or a shape that broadcasts to the values' first
            axes.
        reduce: `ops.mean` or `ops.sum`.
        metric: whose dtype is used, and whose name stands in errors.

    Returns:
        values `(batch,)` and weights `(batch,)` (or single numbers, or None).
    """
    mask = get_mask(values)
    values = ops.cast(values, metric.dtype)
    if sample_weight is not None:
        weights = masked(ops.cast(sample_weight, metric.dtype), mask, metric.dtype)
        values, weights = same_rank(values, weights)
        rank = len(weights.shape)
        values = _reduce_from(rank, values, reduce)
        sample_weight = broadcast_weights(weights, values.shape, metric)
        values = values * sample_weight
        sample_weight = _reduce_from(1, sample_weight, reduce)
    return _reduce_from(1, values, reduce), sample_weight


def masked(weights: Any, mask: Any, dtype: str) -> Any:
    """Return weights that are 0 where the mask is; None for neither."""
    if mask is None:
        return weights
    mask = ops.cast(mask, dtype)
    if weights is None:
        return mask
    weights, mask = same_rank(ops.cast(weights, dtype), mask)
    if weights.shape:  # one for each sample: for all of its steps
        missing = len(mask.shape) - len(weights.shape)
        weights = ops.reshape(weights, (*weights.shape, *(1,) * missing))
    return weights * mask


def _reduce_from(axis: int, x: Any, reduce: Callable[..., Any]) -> Any:
    axes = tuple(range(axis, len(x.shape)))
    return reduce(x, axis=axes) if axes else x


def broadcast_weights(weights: Any, shape: Sequence[int], metric: Metric) -> Any:
    """Stretch weights to `shape`, or say whose weights do not fit."""
    try:
        return ops.broadcast_to(weights, shape)
    except (TypeError, ValueError):
        raise ValueError(
            f"`sample_weight` (or the mask) of metric `{metric.name}` has shape "
            f"{tuple(weights.shape)}, which does not broadcast to the shape "
            f"{tuple(shape)} of the values that it weighs."
        ) from None


def check_same_shape(y_true: Any, y_pred: Any, metric: Metric) -> None:
    """Raise unless targets and predictions have one shape."""
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"Metric `{metric.name}` needs `y_true` and `y_pred` of the same shape, "
            f"got y_true {tuple(y_true.shape)} and y_pred {tuple(y_pred.shape)}."
        )


class Sum(Metric):
    """The weighted sum of all values: Σ wᵢ·xᵢ.

    Args:
        name: name of the metric.
        dtype: dtype of the sum; default `floatx()`.

    Example:
        >>> m = keras.metrics.Sum()
        >>> m.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1, 1, 0, 0])
        >>> float(m.result())
        4.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of any shape, with weights that broadcast to it."""
        values, _ = per_sample(values, sample_weight, ops.sum, self)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Any:
        """Return the sum of all values since the last reset."""
        return self.total.value


class Mean(Metric):
    """The weighted mean of all values: Σ wᵢ·xᵢ / Σ wᵢ, and 0 of none.

    A value with several axes is averaged over all but the first.

    Args:
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.

    Example:
        >>> m = keras.metrics.Mean()
        >>> m.update_state([1.0, 3.0, 5.0, 7.0])
        >>> float(m.result())
        4.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")
        self.count = self.add_variable((), "zeros", self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of any shape, with weights that broadcast to it."""
        values, weights = per_sample(values, sample_weight, ops.mean, self)
        if weights is None:
            weights = ops.ones_like(values)
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(ops.sum(weights))

    def result(self) -> Any:
        """Return the mean of all values since the last reset."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function of targets and predictions: Σ wᵢ·f(yᵢ, ŷᵢ) / Σ wᵢ.

    A mask that the predictions carry counts as weights of 0 and 1.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, a value for each sample (or for each
            element: the further axes are averaged).
        name: name of the metric.
        dtype: dtype of the mean; default `floatx()`.
        **kwargs: handed to `fn`.

    Example:
        >>> m = keras.metrics.MeanMetricWrapper(keras.losses.huber, delta=0.5)
        >>> float(m([[0.0], [0.0]], [[0.5], [1.0]]))
        0.25
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.fn, self._fn_kwargs = fn, kwargs
        if _is_loss(fn):
            self._direction = "down"

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch of targets and predictions."""
        if getattr(self.fn, "elementwise", False):
            pair = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
            check_same_shape(*same_rank(*pair), self)
        values = self.fn(y_true, y_pred, **self._fn_kwargs)
        weights = masked(sample_weight, get_mask(y_pred), self.dtype)
        super().update_state(values, sample_weight=weights)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, those for `fn` among them."""
        if type(self).__init__ is not MeanMetricWrapper.__init__:
            return super().get_config()
        return {
            **super().get_config(),
            **registry.serialize_keras_object(self._fn_kwargs),
        }


def _is_loss(fn: Any) -> bool:
    return isinstance(fn, losses.Loss) or fn in vars(losses).values()
