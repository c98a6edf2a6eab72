"""One layer, applied to each step of a sequence."""

from typing import Any

from .. import backend, ops, tree
from ..graph import Tensor, infer_call
from ..masks import get_mask, set_mask
from ..variable import Redirect, redirected
from .signature import call_signature
from .wrappers import Wrapper

__all__ = ["TimeDistributed"]


class TimeDistributed(Wrapper):
    """Apply a layer to each step of time, with the same weights: ``y[t] = f(x[t])``.

    All steps are computed at once, unless the layer changes variables of its own
    (statistics of a batch, seeds of dropout): then one after the other.

    Args:
        layer: what is applied to each step, as to a batch of its own.

    Call arguments:
        inputs: `(batch, time, ...)`.
        training: passed on to the layer, if it takes it.
        mask: `(batch, time, ...)`, of which each step is passed on to the layer, if it
            takes a mask. A mask of whole steps, `(batch, time)`, counts for all that
            the step holds.

    Returns:
        `(batch, time, ...)`; a structure if the layer returns one. Its mask is what the
        layer says of each step; else a step counts if anything in it does.

    Raises:
        ValueError: the input has fewer than 3 axes; the mask does not fit.

    Example:
        >>> frames = np.ones((2, 5, 8, 8, 3))
        >>> keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3))(frames).shape
        (2, 5, 6, 6, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        if any(isinstance(n, (list, tuple)) for n in input_shape) or (
            len(input_shape) < 3
        ):
            raise ValueError(
                f"The input of layer `{self.name}` must be one tensor of at least 3 "
                f"axes, (batch, time, ...), but its shape is {input_shape}."
            )
        super().build((input_shape[0], *input_shape[2:]))

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Any = None
    ) -> Any:
        takes = call_signature(type(self.layer))
        options = {"training": training} if takes.has_training else {}
        mask = self._mask_of_steps(inputs, mask)
        known = takes.has_mask or self.layer.supports_masking

        def step(now: Any) -> Any:
            x, keep = now
            if known:
                set_mask(x, keep)
            outputs, losses = self._step(x, options)
            return outputs, losses, tree.map_structure(get_mask, outputs)

        steps = tree.map_structure(
            lambda x: ops.swapaxes(x, 0, 1), (inputs, mask), none_is_leaf=False
        )
        # What is assigned would differ from step to step: then it is for a loop.
        with redirected(Redirect({}, capture=True)) as redirect:
            outputs, losses, masks = backend.vmap(step)(steps)
        if redirect.assigned:
            _, (outputs, losses, masks) = ops.scan(lambda _, x: (0, step(x)), 0, steps)
        self.add_loss([ops.sum(loss) for loss in losses])
        outputs = tree.map_structure(lambda x: ops.swapaxes(x, 0, 1), outputs)
        outputs = self._in_own_type(outputs)
        if mask is not None:
            mask = ops.any(mask, axis=tuple(range(2, mask.ndim)))
        for x, keep in zip(tree.flatten(outputs), tree.flatten(masks)):
            set_mask(x, mask if keep is None else ops.swapaxes(keep, 0, 1))
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            outputs = self._run(*args, **kwargs)
            return outputs, tree.map_structure(get_mask, outputs)

        outputs, masks = infer_call(run, args, kwargs)
        tree.map_structure(set_mask, outputs, masks)
        return outputs

    def _step(self, x: Tensor, options: dict[str, Any]) -> tuple[Any, list[Any]]:
        """The outputs of one step, and the losses that were added in it."""
        layers = self.layer._flatten_layers()
        before = [[*layer._losses] for layer in layers]
        outputs = self.layer(x, **options)
        added = []
        for layer, old in zip(layers, before):
            added += layer._losses[len(old) :]
            layer._losses[:] = old
        return outputs, added

    def _mask_of_steps(self, inputs: Tensor, mask: Any) -> Any:
        if mask is None:
            return None
        if tuple(mask.shape[:2]) != tuple(inputs.shape[:2]):
            raise ValueError(
                f"`mask` of layer `{self.name}` has the shape {tuple(mask.shape)}; its "
                "first two axes must be those of the input: "
                f"{tuple(inputs.shape[:2])}."
            )
        if mask.ndim == 2 and inputs.ndim > 3:
            mask = ops.reshape(mask, (*mask.shape, *(1,) * (inputs.ndim - 3)))
            mask = ops.broadcast_to(mask, inputs.shape[:-1])
        return mask
