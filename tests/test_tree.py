"""`kerasish.tree` does what `keras.tree` does."""

import collections
import inspect

import keras
import pytest

from kerasish import tree

Pair = collections.namedtuple("Pair", "second first")


class OwnList(list):
    """A subclass of a container is a leaf."""


ORDERED = collections.OrderedDict([("b", 1), ("a", 2)])
DEFAULT = collections.defaultdict(list, {"z": 1, "y": 2})
STRUCTURES = [
    *(3, None, "ab", {1, 2}, [], (), {}, OwnList([1, 2])),
    *([1, 2], (1, 2), (1, [2]), [[1], 2], [None, 1], [[1], None], [1, 2, 3]),
    *({"b": 1, "a": 2}, {"b": 1, 2: 3}, {"a": [1, {"c": (2,)}], "b": None}),
    *(ORDERED, DEFAULT, {"y": [1], "z": 2}, {0: 1, 1: 2}, {"a": 1}, {"b": 1}),
    *(Pair(1, 2), Pair([1], {"a": 2}), Pair(second=Pair(1, 2), first=())),
    *(collections.deque([1, [2]], maxlen=3), [(1, None), {"a": (3, 4)}]),
]


def outcome(function, *arguments, **keywords):
    """The result and its exact types, or the type of the error."""
    try:
        result = function(*arguments, **keywords)
    except (TypeError, ValueError) as error:
        return type(error)
    return repr(result), type(result)


def test_public_names_and_signatures():
    for name in dir(keras.tree):
        if not name.startswith("_"):
            ours, theirs = getattr(tree, name), getattr(keras.tree, name)
            if inspect.isfunction(theirs):
                mine = list(inspect.signature(ours).parameters)
                assert mine == list(inspect.signature(theirs).parameters), name
            assert name in tree.__all__ and ours.__doc__


@pytest.mark.parametrize("structure", STRUCTURES, ids=repr)
def test_one_structure(structure):
    def grow(x):
        return x + 1 if isinstance(x, int) else x

    for name in "flatten", "flatten_with_path", "is_nested", "lists_to_tuples":
        expected = outcome(getattr(keras.tree, name), structure)
        assert outcome(getattr(tree, name), structure) == expected, name
    for flag in True, False:
        mine = outcome(tree.map_structure, grow, structure, none_is_leaf=flag)
        theirs = outcome(keras.tree.map_structure, grow, structure, none_is_leaf=flag)
        assert mine == theirs
    assert outcome(tree.map_shape_structure, repr, structure) == outcome(
        keras.tree.map_shape_structure, repr, structure
    )


@pytest.mark.parametrize("structure", STRUCTURES, ids=repr)
def test_pack_sequence_as(structure):
    leaves = list(range(len(tree.flatten(structure)) + 1))
    for flat in leaves[:-1], leaves, leaves[:-2], tuple(leaves[:-1]), 5, iter(leaves):
        if not hasattr(flat, "__next__"):
            expected = outcome(keras.tree.pack_sequence_as, structure, flat)
            assert outcome(tree.pack_sequence_as, structure, flat) == expected
    assert tree.pack_sequence_as(structure, tree.flatten(structure)) == structure


def test_two_structures():
    def pair(x, y):
        return (x, y)

    for a in STRUCTURES:
        for b in STRUCTURES:
            for name in "assert_same_structure", "assert_same_paths":
                expected = outcome(getattr(keras.tree, name), a, b)
                assert outcome(getattr(tree, name), a, b) == expected, (name, a, b)
            mine = outcome(tree.map_structure, pair, a, b)
            assert mine == outcome(keras.tree.map_structure, pair, a, b), (a, b)


@pytest.mark.parametrize(
    "shallow, deep",
    [
        ([0, 0], ([1], 2)),
        ([0, 0], [[1], {"a": 2}]),
        ([0, 0], [1]),
        ([0, 0], 3),
        ((0, [0]), (3, 4)),
        ({"b": 0, "a": 0}, {"a": [1], "b": 2}),
        ({"b": 0, "a": 0}, {"a": [1], "b": 2, "c": 4}),
        (Pair(0, [0]), Pair([1, 2], [(3,)])),
        (0, 7),
    ],
)
def test_map_structure_up_to(shallow, deep):
    for rest in (deep,), (deep, deep), ():
        expected = outcome(keras.tree.map_structure_up_to, shallow, repr, *rest)
        if len(rest) != 2:
            assert outcome(tree.map_structure_up_to, shallow, repr, *rest) == expected
        else:
            mine = outcome(tree.map_structure_up_to, shallow, lambda *x: x, *rest)
            theirs = outcome(
                keras.tree.map_structure_up_to, shallow, lambda *x: x, *rest
            )
            assert mine == theirs


@pytest.mark.parametrize("top_down", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES, ids=repr)
def test_traverse(structure, top_down):
    def replacer(module):
        def replace(x):
            if x == 1 and isinstance(x, int):
                return module.MAP_TO_NONE
            if isinstance(x, list):
                return (*x, "list")
            return x * 2 if isinstance(x, int) else None

        return replace

    mine = outcome(tree.traverse, replacer(tree), structure, top_down=top_down)
    theirs = outcome(
        keras.tree.traverse, replacer(keras.tree), structure, top_down=top_down
    )
    assert mine == theirs


def test_a_dictionary_is_walked_sorted_and_keeps_its_order():
    seen = []
    new = tree.map_structure(lambda x: seen.append(x) or -x, {"b": 1, "a": 2})
    assert seen == [2, 1]
    assert list(new.items()) == [("b", -1), ("a", -2)]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tree.map_structure(len), ValueError, "at least one structure"),
        (lambda: tree.map_structure(3, [1]), TypeError, "`func` must be callable"),
        (lambda: tree.map_structure(max, [1], (1,)), ValueError, "same nested"),
        (lambda: tree.pack_sequence_as([1, 2], [1]), ValueError, "2 leaves.* has 1"),
        (lambda: tree.assert_same_paths([1], [1, 2]), ValueError, r"only in `b`: {\(1"),
        (
            lambda: tree.assert_same_structure({"a": 1}, {"b": 1}),
            ValueError,
            "'a'.*'b'.*same keys",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_check_types_is_deprecated():
    with pytest.warns(DeprecationWarning, match="check_types"):
        tree.assert_same_structure([1], [1], check_types=False)
