"""Models as plain functions of their variables, for transformations of functions."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import registry
from ..variable import Variable
from .state_tree import leaves, nested

__all__ = ["as_function"]

GROUPS = ("trainable_variables", "non_trainable_variables")


def as_function(model: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return `(function, variables)`; see `Model.as_function`."""
    if not model.built:
        raise ValueError(
            f"Model `{model.name}` must be built before `as_function`: call it on data "
            "once, or `build(input_shape)` it."
        )
    groups = [list(getattr(model, group)) for group in GROUPS]
    for group in groups:
        _check_paths(model, [v.path for v in group])

    def function(
        variables: dict[str, Any],
        *args: Any,
        return_variables: bool = False,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        given = [
            _values(model, name, variables, group)
            for name, group in zip(GROUPS, groups)
        ]
        outputs, new, losses = model.stateless_call(
            *given, *args, **kwargs, return_losses=True
        )
        found = [outputs]
        if return_variables:
            pairs = zip([v.path for v in groups[1]], new)
            found.append({**variables, GROUPS[1]: nested(pairs)})
        if return_losses:
            found.append(losses)
        return tuple(found) if len(found) > 1 else outputs

    first = [nested((v.path, v.value) for v in group) for group in groups]
    return function, dict(zip(GROUPS, first))


def _check_paths(model: Any, paths: list[str]) -> None:
    for path in paths:
        others = [p for p in paths if p == path or p.startswith(f"{path}/")]
        if len(others) > 1:
            raise ValueError(
                f"`as_function` knows the variables of model `{model.name}` by their "
                f"paths, but several are called {path!r}. Give the layers names of "
                "their own."
            )


def _values(
    model: Any, name: str, variables: dict[str, Any], group: Sequence[Variable]
) -> list[Any]:
    """The values of a group of variables, in its order."""
    found = dict(leaves(variables.get(name, {})))
    paths = [v.path for v in group]
    if odd := found.keys() ^ set(paths):
        path = next(path for path in [*found, *paths] if path in odd)
        lacks = "has no place for" if path in found else "lacks"
        raise ValueError(
            f"The {name} given to the function of model `{model.name}` must be "
            f"{paths}; it {lacks} {path!r}."
            + registry.did_you_mean(path, paths if path in found else list(found))
        )
    return [found[path] for path in paths]
