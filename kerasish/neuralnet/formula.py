"""What `y ~ a + b` means for a table: columns of covariates and of responses."""

import re
from typing import Any, NamedTuple

import numpy as np

from ..names import did_you_mean

__all__ = ["Frame", "covariates_of", "frame"]

_TOKEN = re.compile(
    r"""\s*(?: `(?P<quoted>[^`]+)` | (?P<name>[^\W\d][\w.]*) | (?P<dot>\.)
    | (?P<sign>==|[-+~]) | "(?P<double>[^"]*)" | '(?P<single>[^']*)' )""",
    re.VERBOSE,
)


class Frame(NamedTuple):
    """The numbers of a formula: float64 matrices and the names of their columns."""

    covariate: np.ndarray
    response: np.ndarray
    covariate_names: list[str]
    response_names: list[str]


class _Term(NamedTuple):
    """A column; with `value` it is the question whether the column is that."""

    name: str
    value: str | None = None
    minus: bool = False


def frame(formula: str, data: Any) -> Frame:
    """Return the covariates and responses that a formula picks from a table.

    Args:
        formula: see `neuralnet`.
        data: see `neuralnet`.

    Raises:
        ValueError: if the formula cannot be read, or a column is not there, has values
            missing, or holds no numbers where they are needed.
        TypeError: if `data` is no table.
    """
    known = _names(data)
    left, right = (_terms(part, formula) for part in _sides(formula))
    if any(term.minus or term.name == "." for term in left):
        raise ValueError(
            f"Left of `~` the formula {formula!r} must name the responses, with `+` "
            "between them; `.` and `-` are for the right."
        )
    names = _chosen(right, [term.name for term in left], known, formula)
    for term in left:
        _column(data, known, term.name)
    covariate = covariates_of(data, names)
    parts = [_response(data, known, term) for term in left]
    response = np.concatenate([values for values, _ in parts], axis=1)
    return Frame(covariate, response, names, [n for _, some in parts for n in some])


def _sides(formula: Any) -> list[str]:
    if not isinstance(formula, str) or formula.count("~") != 1:
        raise ValueError(
            "`formula` must be a text such as 'y ~ a + b', with one `~` between "
            f"responses and covariates; got {formula!r}."
        )
    return formula.split("~")


def _terms(text: str, formula: str) -> list[_Term]:
    """Read one side: terms with a plus or minus between them."""
    tokens: list[tuple[str, str]] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise ValueError(
                f"The formula {formula!r} cannot be read from {text[place:].strip()!r} "
                'on: it may have names, `.`, `+`, `-` and `name == "value"`; a name '
                "with other signs stands in `backticks`. Compute further columns "
                "before, in the data."
            )
        tokens.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    terms: list[_Term] = []
    while tokens:
        minus = tokens[0] == ("sign", "-")
        if minus or (terms and tokens[0] == ("sign", "+")):
            tokens.pop(0)
        elif terms:
            raise _misplaced(tokens[0][1], formula)
        terms.append(_term(tokens, minus, formula))
    if not terms:
        raise ValueError(f"One side of the formula {formula!r} is empty.")
    return terms


def _term(tokens: list[tuple[str, str]], minus: bool, formula: str) -> _Term:
    kind, name = tokens.pop(0) if tokens else ("end", "its end")
    if kind not in ("name", "quoted", "dot"):
        raise _misplaced(name, formula)
    if not tokens or tokens[0] != ("sign", "=="):
        return _Term(name, None, minus)
    kind, value = tokens[1] if len(tokens) > 1 else ("end", "its end")
    if kind not in ("double", "single", "name"):
        raise _misplaced(value, formula)
    del tokens[:2]
    return _Term(name, value, minus)


def _misplaced(what: str, formula: str) -> ValueError:
    return ValueError(
        f"The formula {formula!r} has {what!r} where a name or sign was expected."
    )


def _chosen(
    terms: list[_Term], responses: list[str], known: dict[str, Any], formula: str
) -> list[str]:
    """The names of the covariates, in order."""
    names: list[str] = []
    if terms[0].minus:
        names = [n for n in known if n not in responses]
    for term in terms:
        if term.value is not None:
            raise _misplaced("==", formula)
        if term.name != "." and term.name not in known:
            raise _unknown(term.name, known)
        some = [n for n in known if n not in responses]
        some = some if term.name == "." else [term.name]
        if term.minus:
            names = [n for n in names if n not in some]
        else:
            names += [n for n in some if n not in names]
    if not names:
        raise ValueError(f"The formula {formula!r} leaves no covariate.")
    return names


def _names(data: Any) -> dict[str, Any]:
    """The names of the columns of a table, and by what each is got."""
    if isinstance(data, np.ndarray):
        found = data.dtype.names
    else:
        found = getattr(data, "columns", None)
        found = data.keys() if found is None and hasattr(data, "keys") else found
    if found is None:
        raise TypeError(
            "`data` must be a table whose columns have names: a dict of arrays, a "
            f"DataFrame or a structured array. Got {type(data).__name__}."
        )
    return {str(key): key for key in found}


def _unknown(name: str, known: dict[str, Any]) -> ValueError:
    hint = did_you_mean(name, known)
    return ValueError(f"The data has no column `{name}`.{hint} It has {list(known)}.")


def _column(data: Any, known: dict[str, Any], name: str) -> np.ndarray:
    """A column as an array without missing values."""
    if name not in known:
        raise _unknown(name, known)
    values = np.asarray(data[known[name]])
    if values.ndim != 1:
        raise ValueError(
            f"Column `{name}` must have one axis; its shape is {values.shape}."
        )
    # not a number differs from itself; of what else may be missing one cannot tell
    missing = np.array([x is None or (x != x) is not False for x in values.tolist()])
    if missing.any():
        raise ValueError(
            f"Column `{name}` has {missing.sum()} missing values, the first in row "
            f"{int(missing.argmax())}. Leave out such rows, or fill them."
        )
    return values


def covariates_of(data: Any, names: list[str]) -> np.ndarray:
    """Return the named columns as a matrix of float64.

    Args:
        data: a table with these columns; or a matrix with as many columns, in order.
        names: of the covariates.

    Raises:
        ValueError: if they are not there, differ in length, or are no numbers.
    """
    if (
        not hasattr(data, "keys")
        and getattr(data, "dtype", np.dtype(int)).names is None
    ):
        matrix = np.asarray(data, "float64")
        if matrix.ndim != 2 or matrix.shape[1] != len(names):
            raise ValueError(
                f"A matrix of covariates must have {len(names)} columns, for {names}; "
                f"got the shape {matrix.shape}."
            )
        return matrix
    known, columns = _names(data), []
    for name in names:
        values = _column(data, known, name)
        if values.dtype.kind not in "biuf":
            raise ValueError(
                f"Covariate `{name}` must hold numbers; it holds {values.dtype} such "
                f"as {values[:1].tolist()}. Make a column of 0 and 1 for each class."
            )
        columns.append(values.astype("float64"))
    lengths = {name: len(column) for name, column in zip(names, columns)}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"The columns differ in length: {lengths}.")
    return np.stack(columns, axis=1)


def _response(
    data: Any, known: dict[str, Any], term: _Term
) -> tuple[np.ndarray, list[str]]:
    """The columns of one response, and their names: one for each class."""
    values = _column(data, known, term.name)
    if term.value is not None:
        same = np.array([str(x) == term.value for x in values.tolist()])
        if not same.any():
            classes = sorted({str(x) for x in values.tolist()})
            hint = did_you_mean(term.value, classes)
            raise ValueError(f"No row of `{term.name}` is {term.value!r}.{hint}")
        return same[:, None].astype("float64"), [f"{term.name} == {term.value}"]
    if values.dtype.kind in "iuf":
        return values[:, None].astype("float64"), [term.name]
    listed = getattr(getattr(data[known[term.name]], "cat", None), "categories", None)
    levels = np.unique(values) if listed is None else np.asarray(listed)
    return (values[:, None] == levels).astype("float64"), [str(c) for c in levels]
