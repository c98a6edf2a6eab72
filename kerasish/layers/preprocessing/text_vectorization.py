"""Texts to numbers of their words, or to vectors."""

import os
import re
import string
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import dtypes, registry
from .category_encoding import check_mode
from .lookup import MODES, StringLookup, refuse_path
from .text_arrays import HostLayer, batches
from .vocabulary import ASSET

__all__ = ["TextVectorization"]

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
STRIPPED = str.maketrans("", "", string.punctuation)
STANDARDIZATIONS: dict[str, Any] = {
    "lower_and_strip_punctuation": lambda t: t.translate(LOWER).translate(STRIPPED),
    "lower": lambda t: t.translate(LOWER),
    "strip_punctuation": lambda t: t.translate(STRIPPED),
}
# As TensorFlow does: other spaces of Unicode are part of words.
SPLITS: dict[str, Any] = {
    "whitespace": re.compile(r"[^ \t\n\r\f\v]+").findall,
    "character": list,
}


class TextVectorization(HostLayer):
    """Turn texts into the numbers of their words in a vocabulary, or into vectors.

    Each text is standardized, split into words, perhaps joined to n-grams, and looked
    up. It runs on the host; as the first part of a model its results go to what is
    compiled.

    Args:
        max_tokens: size of the vocabulary at most, special tokens counted.
        standardize: `"lower_and_strip_punctuation"` (of ASCII), `"lower"`,
            `"strip_punctuation"`, None, or a function from an array of texts to one.
        split: `"whitespace"`, `"character"`, None, or a function from an array of
            texts to a list of lists of words.
        ngrams: n for n-grams of up to n words, or a tuple of the lengths to make.
        output_mode: `"int"`: numbers, 0 after a text's end, 1 for unknown words;
            `"multi_hot"`, `"count"`, `"tf_idf"`: a vector for each text.
        output_sequence_length: the length to which numbers are cut or filled up;
            default: that of the longest text.
        pad_to_max_tokens: whether vectors have `max_tokens` entries in any case.
        vocabulary: words, or the path of a file with one in each line; default: what
            `adapt` finds.
        idf_weights: weights of the words, for `output_mode="tf_idf"`.
        sparse: must be False.
        ragged: must be False.
        encoding: of the vocabulary's file.
        name: default `"text_vectorization"` ...

    Shapes:
        Inputs (batch,) or (batch, 1). Outputs (batch, length), or (batch, size).

    Raises:
        ValueError: if arguments do not fit each other.

    Example:
        >>> words = ["earth", "wind", "and", "fire"]
        >>> layer = keras.layers.TextVectorization(vocabulary=words)
        >>> print(layer(["Earth, wind and fire", "Fire and... earth!"]))
        [[2 3 4 5]
         [5 4 2 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        check_mode(type(self).__name__, output_mode, MODES, sparse)
        self.max_tokens = max_tokens
        self.standardize = _known(
            self.name, "standardize", standardize, STANDARDIZATIONS
        )
        self.split = _known(self.name, "split", split, SPLITS)
        self.ngrams = tuple(ngrams) if isinstance(ngrams, list) else ngrams
        self._widths = _widths(self.name, ngrams)
        self.output_mode = output_mode
        self.output_sequence_length = _length(
            self.name, output_sequence_length, output_mode
        )
        self.pad_to_max_tokens = pad_to_max_tokens
        self.sparse = False
        if ragged:
            raise ValueError(f"`ragged=True` of layer `{self.name}` is not offered.")
        self.ragged = False
        self.encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=output_mode,
            encoding=encoding,
            vocabulary_size=size,
            dtype=self.dtype_policy,
        )
        self.built = True

    # --- the vocabulary ---------------------------------------------------------------

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the words: see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the words in the order of their numbers."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return how many numbers there are, those of special tokens counted."""
        return self._lookup_layer.vocabulary_size()

    @property
    def vocabulary(self) -> list[str] | None:
        """The words that were given, None if `adapt` finds them."""
        return self._lookup_layer.vocabulary

    @property
    def idf_weights(self) -> list[float] | None:
        """The weights that were given with the words."""
        return self._lookup_layer.idf_weights

    def adapt(
        self, data: Any, batch_size: int | None = None, steps: int | None = None
    ) -> None:
        """Take the most frequent words of texts for a vocabulary.

        Args:
            data: array, list, or an iterable of batches of texts.
            batch_size: for Keras's sake.
            steps: how many batches; default: all.
        """
        self.reset_state()
        for batch in batches(data, self.name, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the words of a batch of texts."""
        self._lookup_layer._count(self._words(self._convert_nest(data)))

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._lookup_layer.reset_state()

    # --- calling ----------------------------------------------------------------------

    def _words(self, inputs: np.ndarray) -> list[list[str]]:
        """Return the words, or n-grams, of each text."""
        flat = inputs[..., 0] if inputs.ndim > 1 and inputs.shape[-1] == 1 else inputs
        if self.split is not None and flat.ndim > 1:
            raise ValueError(
                f"Layer `{self.name}` splits texts, so its inputs must be of shape "
                f"(batch,) or (batch, 1), got {inputs.shape}. With `split=None` each "
                "row may hold several words."
            )
        flat = np.atleast_1d(flat)
        if callable(self.standardize):
            flat = np.asarray(self.standardize(flat), object)
        elif self.standardize is not None:
            standard = STANDARDIZATIONS[self.standardize]
            made = [standard(text) for text in flat.ravel().tolist()]
            flat = np.array(made, object).reshape(flat.shape)
        if callable(self.split):
            found = [list(words) for words in self.split(flat)]
        elif self.split is not None:
            found = [SPLITS[self.split](text) for text in flat.tolist()]
        else:
            found = flat.reshape(len(flat), -1).tolist()
        return [self._grams(words) for words in found]

    def _grams(self, words: list[str]) -> list[str]:
        if self._widths is None:
            return words
        return [
            " ".join(words[start : start + width])
            for width in self._widths
            for start in range(len(words) - width + 1)
        ]

    def call(self, inputs: Any) -> Any:
        """Return the numbers or vectors.

        Args:
            inputs: texts.
        """
        words, lookup = self._words(inputs), self._lookup_layer
        sizes = np.array([len(row) for row in words], np.int64)
        flat = np.array([word for row in words for word in row], object)
        numbers = lookup._numbers(flat)
        rows = np.repeat(np.arange(len(words)), sizes)
        if self.output_mode == "int":
            return self._result(self._padded(numbers, rows, sizes, inputs))
        kept = () if not inputs.ndim else (len(words),)
        if self.output_mode == "one_hot":
            return self._one_hot(numbers, rows, sizes, kept)
        return lookup._vectors(rows, numbers, (*kept, lookup._depth))

    def _padded(self, numbers: Any, rows: Any, sizes: Any, inputs: Any) -> np.ndarray:
        """One row for each text, zeros after its end."""
        length = self.output_sequence_length
        width = int(sizes.max(initial=0)) if length is None else length
        found = np.zeros((len(sizes), width), np.int64)
        columns = np.arange(len(numbers)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        inside = columns < width
        found[rows[inside], columns[inside]] = numbers[inside]
        if not inputs.ndim:
            return found[0]
        plain = self.split is None and self._widths is None and length is None
        return found[:, 0] if plain and inputs.ndim == 1 else found

    def _one_hot(self, numbers: Any, rows: Any, sizes: Any, kept: Any) -> Any:
        if len(set(sizes.tolist())) > 1:
            raise ValueError(
                f"Layer `{self.name}` with output_mode='one_hot' was called on texts "
                f"of {sizes.min()} to {sizes.max()} words: their vectors are no array. "
                "Take 'multi_hot', or 'int' with a CategoryEncoding behind."
            )
        lookup = self._lookup_layer
        shape = (*kept, int(sizes[0]), lookup._depth)
        return lookup._vectors(np.arange(len(numbers)), numbers, shape)

    @property
    def output_dtype(self) -> str:
        """dtype of the outputs."""
        whole = self.output_mode == "int"
        return dtypes.canonical("int64") if whole else self._lookup_layer.output_dtype

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs."""
        kept = tuple(input_shape[:1])
        if self.output_mode == "int":
            plain = self.split is None and self._widths is None
            if plain and self.output_sequence_length is None:
                return tuple(input_shape)
            return (*kept, self.output_sequence_length)
        depth = self._lookup_layer._depth
        return (*kept, None, depth) if self.output_mode == "one_hot" else (*kept, depth)

    # --- files ------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; an adapted vocabulary is apart."""
        return super().get_config() | {"vocabulary_size": self.vocabulary_size()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the layer that `get_config` described; files are not read."""
        refuse_path(config, cls.__name__)
        return cls(**registry.deserialize_keras_object(config))

    def save_own_variables(self, store: Any) -> None:
        """Store the weights of words."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the stored weights; `load_assets` puts the words to them."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: Any) -> None:
        """Write an adapted vocabulary to a folder, as `vocabulary.txt`."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: Any) -> None:
        """Read what `save_assets` wrote."""
        if os.path.exists(os.path.join(dir_path, ASSET)):
            self._lookup_layer.load_assets(dir_path)


def _known(layer: str, what: str, value: Any, names: dict[str, Any]) -> Any:
    if value is None or callable(value) or value in names:
        return value
    raise ValueError(
        f"`{what}` of layer `{layer}` must be one of {list(names)}, None or a "
        f"function, got {value!r}."
    )


def _widths(layer: str, ngrams: Any) -> tuple[int, ...] | None:
    if ngrams is None:
        return None
    widths = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
    if not isinstance(ngrams, (int, tuple, list)) or not widths or min(widths) < 1:
        raise ValueError(
            f"`ngrams` of layer `{layer}` must be None, a positive integer or a tuple "
            f"of these, got {ngrams!r}."
        )
    return tuple(widths)


def _length(layer: str, length: Any, mode: str) -> Any:
    if length is None:
        return None
    if mode != "int" or not isinstance(length, int) or length < 1:
        raise ValueError(
            f"`output_sequence_length` of layer `{layer}` must be a positive integer, "
            f"and is for output_mode='int'; got {length!r} with {mode!r}."
        )
    return length
