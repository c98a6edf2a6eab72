"""All variables of a model as a tree of arrays, by their paths."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import registry

__all__ = ["get_state_tree", "set_state_tree"]

FORMATS = ("backend_tensor", "numpy_array")


def _groups(model: Any) -> dict[str, list[Any]]:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and model.built and not optimizer.built:
        optimizer.build(model.trainable_variables)
    return {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": optimizer.variables if optimizer is not None else [],
        "metrics_variables": model.metrics_variables,
    }


def get_state_tree(model: Any, value_format: str) -> dict[str, Any]:
    """Return nested dictionaries, of the parts of the variables' paths."""
    if value_format not in FORMATS:
        raise ValueError(
            f"`value_format` must be one of {FORMATS}, not {value_format!r}."
        )

    def value(variable: Any) -> Any:
        value = variable.value
        return np.asarray(value) if value_format == FORMATS[1] else value

    return {
        group: nested((v.path, value(v)) for v in variables)
        for group, variables in _groups(model).items()
    }


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return nested dictionaries of values, given by their paths."""
    found: dict[str, Any] = {}
    for path, value in pairs:
        *places, name = path.split("/")
        node = found
        for place in places:
            node = node.setdefault(place, {})
        node[name] = value
    return found


def set_state_tree(model: Any, state_tree: dict[str, Any]) -> None:
    """Assign what the tree holds; it may be a part. Nothing is changed on an error."""
    groups, pairs = _groups(model), []
    for group, part in state_tree.items():
        if group not in groups:
            raise ValueError(
                f"A state tree has the parts {list(groups)}, not {group!r}."
                + registry.did_you_mean(str(group), list(groups))
            )
        known = {_key(group, variable.path): variable for variable in groups[group]}
        for place, value in leaves(part):
            path = _key(group, place)
            if path not in known:
                # Metrics that were not used yet; they begin anew in any case.
                if group == "metrics_variables":
                    continue
                raise ValueError(
                    f"Model `{model.name}` has no variable `{path}` among its {group}: "
                    f"it has {sorted(known)}." + registry.did_you_mean(path, [*known])
                )
            if np.shape(value) != tuple(known[path].shape):
                raise ValueError(
                    f"Variable `{path}` of model `{model.name}` has the shape "
                    f"{tuple(known[path].shape)}, the state tree {np.shape(value)}."
                )
            pairs.append((known[path], value))
    for variable, value in pairs:
        variable.assign(value)


def _key(group: str, path: str) -> str:
    """What two models of one kind have in common: optimizers' names are numbered."""
    return path.partition("/")[2] if group == "optimizer_variables" else path


def leaves(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return what `nested` was given."""
    if not isinstance(node, dict):
        return [(path, node)]
    found = []
    for name, below in node.items():
        found += leaves(below, f"{path}/{name}" if path else name)
    return found
