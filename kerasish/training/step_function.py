"""The step functions that programs repeat: the model's own, or the user's."""

import inspect
from collections.abc import Callable
from typing import Any

from .. import tree
from ..data import pack_x_y_sample_weight

__all__ = ["step_function", "takes_state"]


def takes_state(method: Callable[..., Any]) -> bool:
    """Say whether a step has Keras's form for JAX, `step(self, state, data)`."""
    return len(inspect.signature(method).parameters) == 2


def step_function(model: Any, kind: str) -> Callable[[Any], Any]:
    """Return `step(batch) -> logs`, which reads and assigns the model's variables.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
    """
    method = getattr(model, f"{kind}_step")
    own = not is_default(model, f"{kind}_step")

    def step(batch: Any) -> Any:
        model._clear_losses()
        try:
            x, y, weight = batch if kind != "predict" else (batch[0], None, None)
            data = pack_x_y_sample_weight(x, y, weight if y is not None else None)
            if takes_state(method):
                result = _with_state(model, method, kind, data)
            else:
                result = method(data)
            if kind != "predict" and not isinstance(result, dict):
                raise ValueError(
                    f"`{kind}_step` of {type(model).__name__} must return a dict of "
                    f"logs, name -> number, got {result!r}."
                )
            return result
        except (AttributeError, NameError, TypeError) as error:
            if own:
                _explain_foreign(error, kind)
            raise
        finally:
            model._clear_losses()

    return step


def is_default(model: Any, name: str) -> bool:
    """Say whether a method is the one of our own classes."""
    method = getattr(model, name)
    return getattr(method, "__module__", "").startswith("kerasish.")


def _with_state(model: Any, method: Any, kind: str, data: Any) -> Any:
    """Run a step that takes and returns lists of values."""
    groups = model._state_groups(kind)
    state = tuple([v.value for v in group] for group in groups)
    result, state = method(state, data)
    flat = tree.flatten(list(state)) if kind != "predict" else list(state)
    variables = [v for group in groups for v in group]
    if kind == "predict":
        variables = list(groups[-1])
    if len(flat) != len(variables):
        raise ValueError(
            f"`{kind}_step` must return its results and the state with as many values "
            f"as it was given, {len(variables)}; got {len(flat)}."
        )
    for variable, value in zip(variables, flat):
        variable.assign(value)
    return result


def _explain_foreign(error: Exception, kind: str) -> None:
    text = f"{error} {getattr(error, 'name', '')}"
    foreign = ("GradientTape", "backward", "zero_grad", "requires_grad", "tensorflow")
    if any(word in text for word in foreign):
        error.add_note(
            f"This `{kind}_step` is written for TensorFlow or torch. Here it is either "
            "`train_step(self, data)`: compute with `self(x, training=True)` and "
            "`self.compute_loss(...)` in a function, differentiate it by "
            "`loss, gradients = self.value_and_gradients(fn)`, then "
            "`self.optimizer.apply(gradients, self.trainable_variables)` and return a "
            "dict of logs; or Keras's form for JAX, `train_step(self, state, data)`."
        )
