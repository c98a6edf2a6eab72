"""Nested structures: lists, tuples, named tuples, deques and dictionaries of leaves.

Everything else, None and subclasses of these types included, is a leaf. Dictionaries
are walked in the order of their sorted keys, `OrderedDict` in its own order.
"""

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

MAPPINGS = (dict, OrderedDict, defaultdict)


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put None there."""


def _keys(mapping: Any) -> list[Any]:
    if type(mapping) is OrderedDict:
        return list(mapping)
    try:
        return sorted(mapping)
    except TypeError:  # keys of several types
        return sorted(mapping, key=lambda key: (type(key).__qualname__, key))


def _children(node: Any) -> Iterable[Any] | None:
    """Return the values below `node` in walking order, None if it is a leaf."""
    kind = type(node)
    if kind is list or kind is tuple or kind is deque:
        return node
    if kind in MAPPINGS:
        return [node[key] for key in _keys(node)]
    return node if isinstance(node, tuple) and hasattr(kind, "_fields") else None


def _rebuild(node: Any, values: list[Any]) -> Any:
    """Return a node like `node` over other values, given in walking order."""
    kind = type(node)
    if kind is list:
        return values
    if kind is tuple:
        return tuple(values)
    if kind is deque:
        return deque(values, node.maxlen)
    if kind in MAPPINGS:
        new = node.copy()
        new.update(zip(_keys(node), values, strict=True))
        return new
    return kind(*values)


def is_nested(structure: Any) -> bool:
    """Say whether `structure` is a container, not a leaf; empty containers count.

    Example:
        >>> keras.tree.is_nested([]), keras.tree.is_nested("ab")
        (True, False)
    """
    return _children(structure) is not None


def flatten(structure: Any) -> list[Any]:
    """Return the leaves in order; a leaf gives a list of one.

    Example:
        >>> keras.tree.flatten({"b": [2, 3], "a": 1})
        [1, 2, 3]
    """
    leaves: list[Any] = []
    _collect(structure, leaves)
    return leaves


def _collect(structure: Any, leaves: list[Any]) -> None:
    children = _children(structure)
    if children is None:
        leaves.append(structure)
    else:
        for child in children:
            _collect(child, leaves)


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return pairs of path and leaf; a path is the tuple of the keys that lead there.

    Example:
        >>> keras.tree.flatten_with_path([1, {"a": 2}])
        [((0,), 1), ((1, 'a'), 2)]
    """
    children = _children(structure)
    if children is None:
        return [((), structure)]
    keys = _keys(structure) if type(structure) in MAPPINGS else range(len(structure))
    return [
        ((key, *path), leaf)
        for key, child in zip(keys, children, strict=True)
        for path, leaf in flatten_with_path(child)
    ]


def map_structure(
    func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True
) -> Any:
    """Return the structure of `func` applied to the leaves of equal structures.

    Args:
        func: called with one leaf of each structure.
        *structures: nested structures of the same kind.
        none_is_leaf: if False, a None is kept and `func` is not called for it.

    Raises:
        ValueError: if the structures differ, or none is given.

    Example:
        >>> keras.tree.map_structure(lambda x, y: x + y, {"a": 1}, {"a": 2})
        {'a': 3}
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable, not {func!r}.")
    if not structures:
        raise ValueError("`map_structure` needs at least one structure.")
    first, *rest = structures
    if rest:
        return _map_many(func, first, rest, none_is_leaf)
    return _map_one(func, first, none_is_leaf)


def _map_one(func: Callable[..., Any], node: Any, none_is_leaf: bool) -> Any:
    children = _children(node)
    if children is not None:
        return _rebuild(node, [_map_one(func, c, none_is_leaf) for c in children])
    return func(node) if none_is_leaf or node is not None else None


def _map_many(
    func: Callable[..., Any], node: Any, rest: list[Any], none_is_leaf: bool
) -> Any:
    children = _children(node)
    if children is None:
        skip = node is None and not none_is_leaf
        for other in rest:
            if _children(other) is not None or (skip and other is not None):
                raise _different(node, other)
        return None if skip else func(node, *rest)
    columns = zip(children, *(_matching(node, other) for other in rest), strict=True)
    new = [_map_many(func, child, list(r), none_is_leaf) for child, *r in columns]
    return _rebuild(node, new)


def _matching(node: Any, other: Any) -> Iterable[Any]:
    """Return the children of `other` in `node`'s order, if it is such a node."""
    if type(node) in MAPPINGS:
        if type(other) in MAPPINGS and node.keys() == other.keys():
            return [other[key] for key in _keys(node)]
    elif type(node) is type(other) and len(node) == len(other):
        return other
    raise _different(node, other)


def _different(node: Any, other: Any) -> ValueError:
    return ValueError(
        "The structures don't have the same nested structure: where one has "
        f"{node!r}, another has {other!r}. Use the same containers, of the same "
        "length and with the same keys, in both."
    )


def map_structure_up_to(
    shallow_structure: Any, func: Callable[..., Any], *structures: Any
) -> Any:
    """Map over what stands in `structures` where `shallow_structure` has its leaves.

    Raises:
        ValueError: if a structure ends or differs above those leaves.

    Example:
        >>> keras.tree.map_structure_up_to([0, 0], len, [[1, 2], [3]])
        [2, 1]
    """
    if not structures:
        raise ValueError("`map_structure_up_to` needs at least one structure.")
    children = _children(shallow_structure)
    if children is None:
        return func(*structures)
    columns = zip(children, *(_matching(shallow_structure, s) for s in structures))
    new = [map_structure_up_to(child, func, *rest) for child, *rest in columns]
    return _rebuild(shallow_structure, new)


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """Return `structure` with its leaves replaced in order: `flatten`'s inverse.

    Raises:
        ValueError: if the number of leaves differs.

    Example:
        >>> keras.tree.pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
        {'a': 1, 'b': (2, 3)}
    """
    if isinstance(flat_sequence, (str, bytes)) or not hasattr(
        flat_sequence, "__iter__"
    ):
        raise TypeError(
            f"`flat_sequence` must be a sequence of leaves, not {flat_sequence!r}."
        )
    leaves = list(flat_sequence)
    remaining: Iterator[Any] = iter(leaves)
    expected = len(flatten(structure))
    if len(leaves) != expected:
        raise ValueError(
            f"`structure` has {expected} leaves, but `flat_sequence` has {len(leaves)}."
        )
    return _map_one(lambda _: next(remaining), structure, True)


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raise a ValueError unless both have the same containers in the same places.

    All kinds of dictionary with the same keys count as the same.
    """
    if check_types is not None:
        warnings.warn(
            "`check_types` is deprecated and has no effect: containers must always be "
            "of the same type. `assert_same_paths` compares more loosely.",
            DeprecationWarning,
            stacklevel=2,
        )
    _map_many(lambda *_: None, a, [b], True)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise a ValueError unless both have leaves under the same paths.

    Example:
        >>> keras.tree.assert_same_paths([1, 2], (3, 4))
    """
    paths_a = {path for path, _ in flatten_with_path(a)}
    paths_b = {path for path, _ in flatten_with_path(b)}
    if paths_a != paths_b:
        only_a, only_b = paths_a - paths_b or "none", paths_b - paths_a or "none"
        raise ValueError(
            "`a` and `b` don't have the same paths: only in `a`: "
            f"{only_a}; only in `b`: {only_b}."
        )


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Replace parts of a structure, containers included.

    Args:
        func: given each container and leaf; returns its replacement, None to keep it
            (and to go on inside), or `MAP_TO_NONE` to put None there.
        structure: any structure.
        top_down: whether a container is visited before what it holds (a replaced one
            is not entered then) or after.

    Example:
        >>> keras.tree.traverse(lambda x: -x if x == 2 else None, [1, (2,)])
        [1, (-2,)]
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable, not {func!r}.")
    if top_down:
        new = func(structure)
        if new is not None:
            return None if new is MAP_TO_NONE else new
    children = _children(structure)
    if children is not None:
        new_children = [traverse(func, child, top_down) for child in children]
        structure = _rebuild(structure, new_children)
    if top_down:
        return structure
    new = func(structure)
    return structure if new is None else None if new is MAP_TO_NONE else new


def lists_to_tuples(structure: Any) -> Any:
    """Return the structure with every list made a tuple.

    Example:
        >>> keras.tree.lists_to_tuples([1, {"a": [2]}])
        (1, {'a': (2,)})
    """
    return traverse(
        lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False
    )


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Map over a structure whose leaves are shapes: tuples or lists of sizes or None.

    Example:
        >>> keras.tree.map_shape_structure(len, {"a": (None, 3)})
        {'a': 2}
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable, not {func!r}.")
    children = _children(structure)
    if children is None or (
        isinstance(structure, (list, tuple))
        and all(size is None or isinstance(size, int) for size in structure)
    ):
        return func(structure)
    new = [map_shape_structure(func, child) for child in children]
    return _rebuild(structure, new)
