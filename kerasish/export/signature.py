"""What a function that is exported takes and returns: shapes, dtypes, names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import config, dtypes, tree
from ..layers.input_spec import InputSpec

__all__ = ["Leaf", "leaves", "model_signature", "named", "open_sizes"]


@dataclass(frozen=True)
class Leaf:
    """An input: its name, its sizes (None: any), its dtype."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def _leaf(spec: Any, name: str) -> Leaf:
    """Read a spec: what has a shape and a dtype."""
    shape = getattr(spec, "shape", None)
    if shape is None:
        raise ValueError(
            "`input_signature` needs the shape of each input: "
            '`[keras.InputSpec("float32", (None, 4))]`, or symbolic tensors or arrays; '
            f"got {spec!r}."
        )
    dtype = getattr(spec, "dtype", None)
    dtype = dtypes.standardize_dtype(config.floatx() if dtype is None else dtype)
    if dtype == "string":
        raise ValueError(f"The input {spec!r} is text, which cannot be exported.")
    own = getattr(spec, "name", None)
    return Leaf(str(own or name), tuple(shape), dtype)


def leaves(signature: Sequence[Any], names: Sequence[str] = ()) -> list[Any]:
    """Return the signature with a `Leaf` for each spec.

    Args:
        signature: a nest of specs for each argument.
        names: of the arguments, for inputs without a name.
    """
    found = []
    for place, argument in enumerate(signature):
        head = names[place] if place < len(names) else f"input_{place}"
        flat = [
            _leaf(spec, "_".join(map(str, (head, *path))))
            for path, spec in tree.flatten_with_path(argument)
        ]
        found.append(tree.pack_sequence_as(argument, flat))
    return found


def open_sizes(inputs: Sequence[Leaf], shared: bool) -> list[tuple[Any, str]]:
    """Return shapes and dtypes with a name for each size that is left open.

    Args:
        inputs: of the function.
        shared: whether inputs are as long as each other along an axis.
    """
    specs = []
    for number, leaf in enumerate(inputs):
        word = "axis" if shared else re.sub(r"\W", "_", f"{leaf.name}_{number}")
        names = ("batch" if i == 0 else f"d_{word}_{i}" for i in range(len(leaf.shape)))
        shape = [name if n is None else n for n, name in zip(leaf.shape, names)]
        specs.append((tuple(shape), leaf.dtype))
    return specs


def named(results: Any, known: Sequence[str] | None) -> list[str]:
    """Return a name for each output: those that are known, or by their places."""
    paths = [path for path, _ in tree.flatten_with_path(results)]
    if known is not None and len(known) == len(paths) and not isinstance(results, dict):
        return list(known)
    numbered = not isinstance(results, dict)
    return ["_".join(map(str, ("output", *p) if numbered else p)) for p in paths]


def model_signature(model: Any, given: Any) -> list[Any]:
    """Return the specs of a model's arguments: those given, or those it knows.

    Raises:
        ValueError: if the model has no weights yet, or nobody knows its inputs.
    """
    if not model.built:
        raise ValueError(
            f"Model `{model.name}` cannot be exported yet: it was not built. Call it "
            "on data, give it an `Input`, or call its `build(input_shape)`."
        )
    graph = getattr(model, "_graph", None)
    if given is not None:
        flat = tree.flatten(given)
        if graph is not None and len(flat) == len(graph.inputs):
            return [tree.pack_sequence_as(graph.inputs_struct, flat)]
        return list(given) if isinstance(given, (list, tuple)) else [given]
    if graph is not None:
        return [graph.inputs_struct]
    shapes = model.get_build_config() or {}
    if set(shapes) != {"input_shape"}:
        raise ValueError(
            f"Nobody knows what model `{model.name}` takes. Pass `input_signature=`, "
            'such as `[keras.InputSpec("float32", (None, 4))]`.'
        )

    def spec(shape: tuple[Any, ...]) -> InputSpec:
        return InputSpec(model.input_dtype, (None, *shape[1:]))

    return [tree.map_shape_structure(spec, shapes["input_shape"])]
