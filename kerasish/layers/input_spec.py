"""What a layer requires of its inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from .. import dtypes, registry, tree

__all__ = ["InputSpec", "check_inputs"]


class InputSpec(registry.Configurable):
    """Rank, dtype and sizes that a layer requires of one input.

    Args:
        dtype: dtype name.
        shape: tuple; None leaves an axis free.
        ndim: number of axes.
        max_ndim: most axes.
        min_ndim: fewest axes.
        axes: axis -> size.
        allow_last_axis_squeeze: let `(n,)` pass for `(n, 1)`.
        name: the input's name, where inputs are a dict.
        optional: whether None may be passed.

    Example:
        >>> keras.InputSpec(min_ndim=2, axes={-1: 4})
        InputSpec(min_ndim=2, axes={-1: 4})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else dtypes.standardize_dtype(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        try:
            self.axes = {int(k): v for k, v in dict(axes or {}).items()}
        except (TypeError, ValueError):
            raise TypeError(
                f"`axes` must map axis numbers to sizes, got {axes!r}."
            ) from None
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name, self.optional = name, optional

    def __repr__(self) -> str:
        given = {
            key: value
            for key, value in vars(self).items()
            if key != "_arguments" and value not in (None, False, {})
        }
        return f"InputSpec({', '.join(f'{k}={v!r}' for k, v in given.items())})"


def check_inputs(spec: Any, inputs: Any, layer_name: str) -> None:
    """Raise a ValueError if `inputs` break what `spec` (a nest of InputSpec) says."""
    specs = tree.flatten(spec)
    if isinstance(inputs, dict) and all(s.name is not None for s in specs):
        missing = [s.name for s in specs if s.name not in inputs and not s.optional]
        if missing:
            raise ValueError(
                f"Layer `{layer_name}` expects inputs named {[s.name for s in specs]}; "
                f"missing are {missing}, got {sorted(inputs)}."
            )
        found = [inputs.get(s.name) for s in specs]
    else:
        found = tree.flatten(inputs)
    if len(found) != len(specs):
        shapes = [getattr(x, "shape", x) for x in found]
        raise ValueError(
            f"Layer `{layer_name}` expects {len(specs)} input(s), but it got "
            f"{len(found)} input tensors, of shapes {shapes}."
        )
    for number, (x, each) in enumerate(zip(found, specs)):
        shape = getattr(x, "shape", None)
        if shape is None:
            continue
        wrong = _mistake(tuple(shape), x, each)
        if wrong:
            raise ValueError(
                f"Input {number} of layer `{layer_name}` is incompatible with the "
                f"layer: expected {wrong}, but received input with shape "
                f"{tuple(shape)}."
            )


def _mistake(shape: tuple[Any, ...], x: Any, spec: InputSpec) -> str:
    """What was expected and is not so; an empty string if all is well."""
    rank = len(shape)
    if spec.shape is not None and spec.allow_last_axis_squeeze:
        if spec.shape and spec.shape[-1] == 1 and rank == len(spec.shape) - 1:
            return ""
        if shape and shape[-1] == 1 and rank == len(spec.shape) + 1:
            return ""
    if spec.ndim is not None and rank != spec.ndim:
        return f"ndim={spec.ndim}, found ndim={rank}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"max_ndim={spec.max_ndim}, found ndim={rank}"
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f"min_ndim={spec.min_ndim}, found ndim={rank}"
    if spec.dtype is not None and dtypes.standardize_dtype(x.dtype) != spec.dtype:
        return f"dtype={spec.dtype}, found dtype={x.dtype}"
    for axis, size in spec.axes.items():
        if size is not None and shape[axis] not in (size, None):
            return f"axis {axis} of input shape to have value {size}"
    for size, actual in zip(spec.shape or (), shape):
        if size is not None and actual is not None and size != actual:
            return f"shape={spec.shape}"
    return ""
