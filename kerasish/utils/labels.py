"""Labels of classes, such as words, as numbers from 0 and back."""

from typing import Any

import numpy as np

from .. import registry

__all__ = ["LabelEncoder"]


class LabelEncoder(registry.Configurable):
    """Numbers classes from 0, in the order of the alphabet, and turns numbers back.

    Args:
        classes: the labels in the order of their numbers; None: `fit` finds them.

    Attributes:
        classes: list of the labels, None before `fit`.

    Example:
        >>> encoder = keras.utils.LabelEncoder()
        >>> encoder.fit_transform(["dog", "cat", "dog"]).tolist(), encoder.classes
        ([1, 0, 1], ['cat', 'dog'])
        >>> encoder.inverse_transform(np.array([[0.9, 0.1], [0.2, 0.8]])).tolist()
        ['cat', 'dog']
    """

    def __init__(self, classes: Any = None) -> None:
        self.classes: list[Any] | None = None
        if classes is not None:
            self.classes = _plain(classes, "classes").tolist()
            if len(set(self.classes)) < len(self.classes):
                raise ValueError(f"`classes` has a label twice: {self.classes}.")

    def __len__(self) -> int:
        return len(self.classes or ())

    def fit(self, labels: Any) -> "LabelEncoder":
        """Find the classes; return the encoder.

        Args:
            labels: array, list or series of strings or numbers, of any shape.
        """
        self.classes = np.unique(_plain(labels, "labels")).tolist()
        return self

    def fit_transform(self, labels: Any) -> np.ndarray:
        """Find the classes and return the labels' numbers."""
        return self.fit(labels).transform(labels)

    def transform(self, labels: Any) -> np.ndarray:
        """Return the numbers of labels: int32, of the same shape.

        Raises:
            ValueError: for a label that is none of the classes, with the nearest.
        """
        known, labels = self._known(), _plain(labels, "labels")
        names, places = np.unique(labels, return_inverse=True)
        numbers = {label: number for number, label in enumerate(known)}
        unknown = [name for name in names.tolist() if name not in numbers]
        if unknown:
            some = ", ".join(map(repr, known[:10])) + (
                " ..." if len(known) > 10 else ""
            )
            raise ValueError(
                f"`labels` has {unknown[0]!r}, which is none of the {len(known)} "
                f"classes: {some}."
                + registry.did_you_mean(str(unknown[0]), map(str, known))
            )
        found = np.array([numbers[name] for name in names.tolist()], "int32")
        return found[places].reshape(labels.shape)

    def inverse_transform(self, numbers: Any) -> np.ndarray:
        """Return labels for class numbers, or for what a model predicts.

        Args:
            numbers: integers from 0; or floats: rows of a probability (or logit) for
                each class, of which the largest counts; with two classes also a
                probability of the second, `(n,)` or `(n, 1)`, from 0.5 up.

        Raises:
            ValueError: for other numbers.
        """
        known, numbers = self._known(), np.asarray(numbers)
        if numbers.dtype.kind == "f":
            numbers = self._decided(numbers)
        if numbers.dtype.kind not in "iub":
            raise ValueError(f"`numbers` has dtype {numbers.dtype}: no class numbers.")
        wrong = numbers[(numbers < 0) | (numbers >= len(known))]
        if wrong.size:
            raise ValueError(
                f"`numbers` has {wrong.flat[0]}, but the {len(known)} classes are "
                f"numbered 0 to {len(known) - 1}."
            )
        return np.asarray(known)[numbers.astype("int64")]

    def _decided(self, scores: np.ndarray) -> np.ndarray:
        size = scores.shape[-1] if scores.ndim > 1 else 1
        if size == len(self):
            return scores.argmax(axis=-1)
        if size == 1 and len(self) == 2:
            scores = scores[..., 0] if scores.ndim > 1 else scores
            return (scores >= 0.5).astype("int64")
        raise ValueError(
            f"`numbers` has shape {scores.shape}; predictions for {len(self)} classes "
            f"have a last axis of {len(self)}" + (" or 1." if len(self) == 2 else ".")
        )

    def _known(self) -> list[Any]:
        if self.classes is None:
            raise ValueError("The LabelEncoder knows no classes: call `fit(labels)`.")
        return self.classes


def _plain(labels: Any, name: str) -> np.ndarray:
    """Return labels as an array of strings or of numbers."""
    array = np.asarray(labels)
    if array.dtype.kind == "O":
        kinds = sorted({type(label).__name__ for label in array.flat})
        if kinds != ["str"]:
            raise ValueError(
                f"`{name}` must hold strings, or numbers, but has {', '.join(kinds)}. "
                "Fill gaps and turn all into strings: `[str(x) for x in labels]`."
            )
        array = array.astype(str)
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        raise ValueError(f"`{name}` has NaN or infinite numbers: fill these gaps.")
    if array.dtype.kind not in "USiubf" or array.ndim == 0:
        raise ValueError(f"`{name}` must be a list or array of labels, not {labels!r}.")
    return array
