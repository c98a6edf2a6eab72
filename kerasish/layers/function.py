"""Any function as a layer, and the layer that does nothing."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import registry
from ..graph import Tensor, infer_call
from .layer import Layer

__all__ = ["Identity", "Lambda"]


class Identity(Layer):
    """Return the input as it is.

    Input and output: a tensor, or any nest of tensors.

    Example:
        >>> np.asarray(keras.layers.Identity()(np.array([1.0, 2.0]))).tolist()
        [1.0, 2.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        return inputs


class Lambda(Layer):
    """Apply a function: ``output = function(input, **arguments)``.

    To be saved, `function` must be registered by
    `keras.saving.register_keras_serializable()` (or be one of this package): files hold
    its name, never its code. A `Layer` of your own is the better way if it has weights.

    Args:
        function: takes the input, and if its signature has them `mask` and `training`.
        output_shape: shape of the output without the batch axis, or a function from
            the whole input shape to the whole output shape; inferred if not given.
        mask: mask of the output, or a function `(inputs, mask) -> mask`.
        arguments: more keyword arguments of `function`.

    Raises:
        TypeError: `function` cannot be called.
        ValueError: on saving, if the function could not be found again by its name.

    Example:
        >>> layer = keras.layers.Lambda(lambda x, by: x * by, arguments={"by": 3})
        >>> np.asarray(layer(np.array([1.0, 2.0]))).tolist()
        [3.0, 6.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int | None] | Callable[..., Any] | None = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(
                f"`function` of layer `{self.name}` must be callable, not {function!r}."
            )
        if output_shape is not None and not callable(output_shape):
            output_shape = tuple(output_shape)
        self.function = function
        self.output_shape = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None

    def call(
        self, inputs: Tensor, mask: Any = None, training: bool | None = None
    ) -> Tensor:
        accepted = inspect.signature(self.function).parameters
        context = {"mask": mask, "training": training}
        given = {name: x for name, x in context.items() if name in accepted}
        return self.function(inputs, **self.arguments | given)

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self.output_shape is None:
            return infer_call(self._run, args, kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self.output_shape):
            return self.output_shape(input_shape)
        nested = isinstance(input_shape[0], (list, tuple))
        return ((input_shape[0] if nested else input_shape)[0], *self.output_shape)

    def get_config(self) -> dict[str, Any]:
        for argument in ("function", "output_shape", "mask"):
            check_loadable(self, argument)
        config = super().get_config()
        config["function"] = registry.serialize_keras_object(self.function)
        return {
            name: value
            for name, value in config.items()
            if value is not None or name not in ("output_shape", "mask")
        }


def check_loadable(layer: Layer, argument: str) -> None:
    """Refuse functions that could not be found again by the name in the file."""
    fn = getattr(layer, argument)
    if not callable(fn):
        return
    name = registry.get_registered_name(fn)
    try:
        same = registry.deserialize_keras_object(registry.serialize_keras_object(fn))
    except ValueError:
        same = None
    if same is not fn:
        raise ValueError(
            f"Layer `{layer.name}` cannot be saved: its `{argument}` `{name}` could "
            "not be found again by name, and files never hold code. Decorate a "
            "named function with "
            "`@kerasish.saving.register_keras_serializable()`, or write a `Layer`."
        )
