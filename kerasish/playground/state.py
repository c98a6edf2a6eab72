"""What a user of the playground may choose: a closed table, and what was chosen.

A state travels as text, in the page's address and in requests: `{"noise": "10"}`. Only
what stands in `FIELDS` is understood, so a state is bounded whoever sent it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..registry import did_you_mean

__all__ = ["FIELDS", "LOOKS", "RATES", "Field", "State", "choices", "parse"]

SIZES = tuple("12345678")
FEATURES = ("x1", "x2", "x1x1", "x2x2", "x1x2", "sinx1", "sinx2")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear", "leaky_relu", "gelu", "silu")
LEARNING_RATES = "0.00001 0.0001 0.001 0.003 0.01 0.03 0.1 0.3 1 3 10".split()
PENALTIES = tuple("0 0.0001 0.001 0.003 0.01 0.03 0.1 0.3 1 3 10".split())
SETS = ("circle", "xor", "gauss", "spiral", "plane", "bumps")
MOST_TEXT = 80  # characters of a field


class Field(NamedTuple):
    """What a field may be: items of `choices`, separated by commas."""

    default: str
    choices: tuple[str, ...] | range
    least: int = 1
    most: int = 1
    once: bool = False  # whether an item may stand there only once


FIELDS = {
    "data": Field("circle", SETS),
    "noise": Field("0", tuple(map(str, range(0, 55, 5)))),  # percent
    "train": Field("50", tuple(map(str, range(10, 100, 10)))),  # percent
    "batch": Field("10", tuple(map(str, range(1, 31)))),
    "features": Field("x1,x2", FEATURES, 1, len(FEATURES), True),
    "layers": Field("4,2", SIZES, 0, 6),
    "activation": Field("tanh", ACTIVATIONS),
    "optimizer": Field("sgd", ("sgd", "momentum", "rmsprop", "adam")),
    "rate": Field("0.03", tuple(LEARNING_RATES)),
    "penalty": Field("none", ("none", "l1", "l2")),
    "strength": Field("0.001", PENALTIES),
    "seed": Field("0", range(1_000_000)),
    "speed": Field("1", ("1", "3", "10", "30")),  # epochs for each picture
    "tests": Field("0", ("0", "1")),
    "discrete": Field("0", ("0", "1")),
}
# What can change while the network keeps its weights; the last three are only looks.
RATES = ("rate", "strength", "batch", *(LOOKS := ("speed", "tests", "discrete")))


class State(dict[str, str]):
    """All fields as texts; `numbers` and the properties read them."""

    @property
    def features(self) -> list[str]:
        """Names of the inputs."""
        return self["features"].split(",")

    @property
    def layers(self) -> list[int]:
        """Units of the hidden layers."""
        return [int(size) for size in self["layers"].split(",") if size]

    @property
    def classifies(self) -> bool:
        """Whether the targets are two classes, not numbers."""
        return self["data"] not in ("plane", "bumps")


def parse(given: Any) -> State:
    """Return the state that was given; what is left out has its default.

    Raises:
        ValueError: for anything that is not in the table; it names the field.

    Example:
        >>> from kerasish.playground.state import parse
        >>> parse({"layers": "3,2"}).layers, parse({})["rate"]
        ([3, 2], '0.03')
    """
    if not isinstance(given, Mapping):
        raise ValueError("A state is an object of texts, one for each field.")
    for name in given:
        if name not in FIELDS:
            raise ValueError(
                f"There is no field {str(name)[:MOST_TEXT]!r}."
                + did_you_mean(str(name)[:MOST_TEXT], FIELDS)
            )
    texts = {name: given.get(name, field.default) for name, field in FIELDS.items()}
    return State((name, _checked(name, text)) for name, text in texts.items())


def _checked(name: str, text: Any) -> str:
    field = FIELDS[name]
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise ValueError(f"`{name}` must be a text of at most {MOST_TEXT} characters.")
    items = text.split(",") if text else []
    if not field.least <= len(items) <= field.most:
        raise ValueError(
            f"`{name}` must have {field.least} to {field.most} items, got {text!r}."
        )
    for item in items:
        if not _is_choice(item, field.choices):
            raise ValueError(
                f"`{name}` must be one of {_shown(field.choices)}; got {item!r}."
            )
    if field.once and len(set(items)) < len(items):
        raise ValueError(f"`{name}` names something twice: {text!r}.")
    return text


def _is_choice(item: str, choices: tuple[str, ...] | range) -> bool:
    if isinstance(choices, range):
        digits = item.isascii() and item.isdecimal() and len(item) < 10
        return digits and str(int(item)) == item and int(item) in choices
    return item in choices


def _shown(choices: tuple[str, ...] | range) -> str:
    if isinstance(choices, range):
        return f"the integers from {choices[0]} to {choices[-1]}"
    return ", ".join(choices)


def choices() -> dict[str, list[str]]:
    """Return what the page offers for each field, in order."""
    return {
        name: list(field.choices)
        for name, field in FIELDS.items()
        if not isinstance(field.choices, range)
    }
