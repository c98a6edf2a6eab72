"""Layers that turn tokens into their numbers in a vocabulary, and back."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import dtypes, registry
from .category_encoding import check_mode, counted, encoded_shape
from .hashing import hashed, salt_of
from .text_arrays import HostLayer, batches
from .vocabulary import (
    ASSET,
    Counts,
    Vocabulary,
    given_tokens,
    read_tokens,
    write_tokens,
)

__all__ = ["IntegerLookup", "Lookup", "StringLookup", "refuse_path"]

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
OOV_METHODS = ("floormod", "farmhash")


def refuse_path(config: dict[str, Any], layer: str) -> None:
    """Refuse a config that names a file: a model must not read this machine's files.

    Raises:
        ValueError: if the vocabulary is a path.
    """
    if isinstance(config.get("vocabulary"), (str, bytes, os.PathLike)):
        raise ValueError(
            f"The config of {layer} names the file {config['vocabulary']!r} as its "
            "vocabulary. A model that is loaded may not read files of this machine. "
            "Read the tokens yourself, and put a list of them into the config."
        )


class Lookup(HostLayer):
    """What `StringLookup` and `IntegerLookup` have in common.

    Numbers go first to the mask token (output mode "int" only), then to tokens out of
    the vocabulary, then to the tokens of the vocabulary.
    """

    token_kind: type = str
    encoding = "utf-8"
    max_tokens: int | None
    num_oov_indices: int
    mask_token: Any
    oov_token: Any
    invert: bool
    output_mode: str
    pad_to_max_tokens: bool
    oov_method: str
    salt: Any
    _stated_size: int | None

    def _set_up(self, given: dict[str, Any]) -> None:
        """Take the constructor's arguments, all but the layer's common ones."""
        given = dict(given)
        vocabulary, weights = given.pop("vocabulary"), given.pop("idf_weights")
        check_mode(
            type(self).__name__, given["output_mode"], MODES, given.pop("sparse")
        )
        self.sparse = False
        self.__dict__.update(given)
        self._check()
        self.salt = salt_of(self.salt, self.name)
        self._vocabulary: Vocabulary | None = None
        self._counts: Counts | None = None
        self._in_config = vocabulary is not None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, weights)
        elif weights is not None:
            raise ValueError(
                f"`idf_weights` of layer `{self.name}` go with a `vocabulary`."
            )
        self.built = True

    def _check(self) -> None:
        wrong = ""
        if self.max_tokens is not None and self.max_tokens < 2:
            wrong = f"`max_tokens` must be at least 2, got {self.max_tokens!r}"
        elif self.num_oov_indices < 0:
            wrong = f"`num_oov_indices` must be at least 0, got {self.num_oov_indices}"
        elif self.pad_to_max_tokens and self.max_tokens is None:
            wrong = "`pad_to_max_tokens=True` needs `max_tokens`"
        elif self.invert and self.output_mode != "int":
            wrong = f"`invert=True` needs output_mode='int', got {self.output_mode!r}"
        elif self.oov_method not in OOV_METHODS:
            wrong = f"`oov_method` must be one of {OOV_METHODS}, got {self.oov_method}"
        if wrong:
            raise ValueError(f"Layer `{self.name}`: {wrong}.")

    # --- the vocabulary ---------------------------------------------------------------

    @property
    def _special(self) -> list[Any]:
        masked = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masked + [self.oov_token] * self.num_oov_indices

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the tokens.

        Args:
            vocabulary: array or list of tokens, each once, or the path of a file with
                one in each line. It may begin with the special tokens.
            idf_weights: for output mode "tf_idf": the weight of each token.

        Raises:
            ValueError: if a token is there twice, there are too many, or the weights
                do not fit.
        """
        tokens = given_tokens(vocabulary, self.token_kind, self.name)
        special = self._special
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
        seen: set[Any] = set()
        for token in tokens:
            if token in seen or (
                token == self.mask_token and self.mask_token in tokens
            ):
                what = "twice" if token in seen else "though it is the mask token"
                raise ValueError(
                    f"The vocabulary of layer `{self.name}` has {token!r} {what}: each "
                    f"token may stand there once, special ones ({special}) at the "
                    "beginning or not at all."
                )
            seen.add(token)
        size = len(tokens) + len(special)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"The vocabulary of layer `{self.name}` has {size} tokens with the "
                f"special ones, but max_tokens={self.max_tokens}."
            )
        self._vocabulary = Vocabulary(
            tokens, len(special), self._checked(tokens, idf_weights)
        )

    def _checked(self, tokens: list[Any], weights: Any) -> Any:
        if self.output_mode != "tf_idf":
            if weights is not None:
                raise ValueError(
                    f"`idf_weights` of layer `{self.name}` are for "
                    f"output_mode='tf_idf', but it has {self.output_mode!r}."
                )
            return None
        count = None if weights is None else len(weights)
        if count != len(tokens):
            raise ValueError(
                f"Layer `{self.name}` with output_mode='tf_idf' needs `idf_weights`, "
                f"one for each of the {len(tokens)} tokens, got {count}."
            )
        return weights

    @property
    def vocabulary(self) -> list[Any] | None:
        """The tokens that were given, None if `adapt` finds them."""
        return self.get_vocabulary(False) if self._in_config else None

    @property
    def idf_weights(self) -> list[float] | None:
        """The weights that were given with the tokens."""
        return self._known().weights if self._in_config else None

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens in the order of their numbers.

        Args:
            include_special_tokens: whether mask and unknown tokens are among them.
        """
        tokens = [] if self._vocabulary is None else self._vocabulary.tokens
        return [*(self._special if include_special_tokens else []), *tokens]

    def vocabulary_size(self) -> int:
        """Return how many numbers there are, those of special tokens counted."""
        if self._vocabulary is None and self._stated_size is not None:
            return self._stated_size
        return len(self.get_vocabulary())

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take the most frequent tokens of data for a vocabulary.

        Args:
            data: array, list, or an iterable of batches.
            steps: how many batches; default: all.
        """
        self.reset_state()
        for batch in batches(data, self.name, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch; each of its rows is a document."""
        array = self._convert_nest(data)
        rows = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
        self._count(rows.tolist())

    def _count(self, documents: list[list[Any]]) -> None:
        if self._in_config:
            raise ValueError(
                f"Layer `{self.name}` was given a `vocabulary`, so it cannot adapt to "
                "data. Leave the vocabulary out."
            )
        if self._counts is None:
            self._counts = Counts()
        self._counts.add(documents)

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        if self._counts is None:
            return
        special = self._special
        room = None if self.max_tokens is None else self.max_tokens - len(special)
        tokens = self._counts.most(room, (self.mask_token, self.oov_token))
        tf_idf = self.output_mode == "tf_idf"
        weights = self._counts.weights(tokens) if tf_idf else None
        self._vocabulary = Vocabulary(tokens, len(special), weights)
        self._counts = None

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._counts = None
        if not self._in_config:
            self._vocabulary = None

    # --- calling ----------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """Return the numbers of tokens, or for `invert=True` the tokens of numbers.

        Args:
            inputs: array of tokens (or numbers), of any shape.
        """
        if self.invert:
            return self._result(self._tokens(inputs))
        numbers = self._numbers(inputs)
        if self.output_mode == "int":
            return self._result(numbers)
        shape = encoded_shape(inputs.shape, self.output_mode, self._depth)
        if self.output_mode == "one_hot":
            rows = np.arange(numbers.size)
        else:
            width = inputs.shape[-1] if inputs.ndim else 1
            rows = np.arange(numbers.size) // max(width, 1)
        return self._vectors(rows, numbers.ravel(), shape)

    def _vectors(self, rows: Any, numbers: Any, shape: Any) -> Any:
        """What the numbers of each row make, for the output modes but "int"."""
        height = int(np.prod(shape[:-1]))
        found = counted(rows, numbers, (height, self._depth))
        if self.output_mode == "multi_hot":
            found = np.minimum(found, 1)
        if self.output_mode == "tf_idf":
            found = found * self._idf()
        return self._result(found.reshape(shape))

    def _idf(self) -> np.ndarray:
        weights = self._known().weights or [0.0]
        unknown = [float(np.mean(weights))] * len(self._special)
        known = np.array([*unknown, *weights], "float32")[: self._depth]
        return np.pad(known, (0, self._depth - len(known)))

    def _known(self) -> Vocabulary:
        if self._vocabulary is None:
            raise ValueError(
                f"Layer `{self.name}` has no vocabulary yet: call `adapt(data)` or "
                "`set_vocabulary(tokens)`, or pass `vocabulary=`."
            )
        return self._vocabulary

    def _numbers(self, tokens: np.ndarray) -> np.ndarray:
        """Numbers of tokens; -1 for masked ones where these are left out."""
        known, unknown = self._known().numbers, self._unknown(tokens)
        counts = self.output_mode == "int"
        masked = 0 if counts else -1
        flat = tokens.ravel().tolist()
        mask = self.mask_token
        found = [
            masked if mask is not None and t == mask else known.get(t, u)
            for t, u in zip(flat, unknown)
        ]
        return np.array(found, np.int64).reshape(tokens.shape)

    def _unknown(self, tokens: np.ndarray) -> list[int]:
        """What number each token has if it is not in the vocabulary."""
        count = self.num_oov_indices
        first = len(self._special) - count
        if count == 1:
            return [first] * tokens.size
        known = {*self._known().numbers, self.mask_token}
        flat = tokens.ravel()
        strange = np.array([token not in known for token in flat.tolist()], bool)
        found = np.zeros(tokens.size, np.int64)
        if not count and strange.any():
            raise ValueError(
                f"Layer `{self.name}` has num_oov_indices=0, but it was called on "
                f"{flat[strange][:5].tolist()}, which its vocabulary has not. Set "
                "`num_oov_indices=1`."
            )
        if strange.any():
            rest = flat[strange]
            by_rest = self.token_kind is int and self.oov_method == "floormod"
            found[strange] = rest % count if by_rest else hashed(rest, count, self.salt)
        return (found + first).tolist()

    def _tokens(self, numbers: np.ndarray) -> np.ndarray:
        tokens = self.get_vocabulary() if self._known() else []
        known = np.empty(len(tokens) + 1, object if self.token_kind is str else "int64")
        known[:] = [*tokens, self.oov_token]
        inside = (numbers >= 0) & (numbers < len(tokens))
        return known[np.where(inside, numbers, len(tokens)).astype("int64")]

    @property
    def _depth(self) -> int:
        padded = self.max_tokens if self.pad_to_max_tokens else None
        return self.vocabulary_size() if padded is None else padded

    @property
    def output_dtype(self) -> str:
        """dtype of the outputs."""
        if self.invert and self.token_kind is str:
            return "string"
        if self.output_mode == "int":
            return dtypes.canonical("int64")
        return super().output_dtype

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs."""
        return encoded_shape(input_shape, self.output_mode, self._depth)

    # --- files ------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; an adapted vocabulary is apart."""
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size(),
            "oov_method": self.oov_method,
            "salt": self.salt and list(self.salt),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the layer that `get_config` described; files are not read."""
        refuse_path(config, cls.__name__)
        return cls(**registry.deserialize_keras_object(config))

    def save_own_variables(self, store: Any) -> None:
        """Store the weights of tokens, those of special tokens before them."""
        if self._vocabulary is not None and self.output_mode == "tf_idf":
            store["idf_weights"] = self._idf()[: self.vocabulary_size()]

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the stored weights; `load_assets` puts the tokens to them."""
        stored = self.output_mode == "tf_idf" and not self._in_config
        if stored and "idf_weights" in [*store.keys()]:
            weights = np.asarray(store["idf_weights"], "float32").ravel()
            first, tokens = len(self._special), self.get_vocabulary(False)
            tokens = tokens if len(tokens) == len(weights) - first else []
            self._vocabulary = Vocabulary(tokens, first, weights[first:].tolist())

    def save_assets(self, dir_path: Any) -> None:
        """Write an adapted vocabulary to a folder, as `vocabulary.txt`."""
        if not self._in_config and self._vocabulary is not None:
            write_tokens(dir_path, self.get_vocabulary(), self.encoding)

    def load_assets(self, dir_path: Any) -> None:
        """Read what `save_assets` wrote."""
        path = os.path.join(dir_path, ASSET)
        if self._in_config or not os.path.exists(path):
            return
        tokens = read_tokens(path, self.token_kind, self.encoding)
        weights = None if self._vocabulary is None else self._vocabulary.weights
        special = self._special
        if len(tokens) > len(special):
            self.set_vocabulary(tokens, weights)
        else:
            self._vocabulary = Vocabulary([], len(special), weights)


class StringLookup(Lookup):
    """Turn texts into their numbers in a vocabulary, or numbers into texts.

    Args:
        max_tokens: how many tokens at most, special ones counted.
        num_oov_indices: how many numbers stand for texts that the vocabulary has not;
            if several, the text's hash chooses. With 0 such texts are an error.
        mask_token: the text that gets number 0; default: none does. In the other
            output modes it counts nothing.
        oov_token: what `invert` gives for numbers of unknown texts.
        vocabulary: texts, or the path of a file with one in each line; default: what
            `adapt` finds.
        idf_weights: weights of the texts, for `output_mode="tf_idf"`.
        invert: whether to go from numbers to texts.
        output_mode: `"int"`: numbers; `"one_hot"`, `"multi_hot"`, `"count"`: vectors,
            see `CategoryEncoding`; `"tf_idf"`: counts times inverse document frequency.
        pad_to_max_tokens: whether vectors have `max_tokens` entries in any case.
        sparse: must be False.
        encoding: of the vocabulary's file.
        name: default `"string_lookup"` ...
        salt: chooses the hash of unknown texts; an integer or two.
        oov_method: for Keras's sake; texts are always hashed.

    Outputs are integers of 32 bits, or floats for vectors.

    Raises:
        ValueError: if arguments do not fit each other.

    Example:
        >>> layer = keras.layers.StringLookup(vocabulary=["a", "b", "c", "d"])
        >>> print(layer([["a", "c", "d"], ["d", "z", "b"]]))
        [[1 3 4]
         [4 0 2]]
        >>> layer = keras.layers.StringLookup()
        >>> layer.adapt([["a", "c", "d"], ["d", "c", "d"]])
        >>> layer.get_vocabulary()
        ['[UNK]', 'd', 'c', 'a']
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        given = dict(locals())
        given = {k: v for k, v in given.items() if k not in _COMMON}
        given["oov_method"] = kwargs.pop("oov_method", "floormod")
        self._stated_size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        self._set_up(given)


_COMMON = ("self", "name", "kwargs", "__class__")


class IntegerLookup(Lookup):
    """Turn integers into their numbers in a vocabulary, or back.

    Args:
        max_tokens: how many tokens at most, special ones counted.
        num_oov_indices: how many numbers stand for integers that the vocabulary has
            not; if several, the rest of a division (or the hash) chooses.
        mask_token: the integer that gets number 0; default: none does.
        oov_token: what `invert` gives for numbers of unknown integers.
        vocabulary: integers, or the path of a file with one in each line; default: what
            `adapt` finds.
        vocabulary_dtype: `"int64"` or `"int32"`.
        idf_weights, invert, output_mode, sparse, pad_to_max_tokens: see `StringLookup`.
        oov_method: `"floormod"` or `"farmhash"`.
        salt: chooses the hash of unknown integers; an integer or two.
        name: default `"integer_lookup"` ...

    Raises:
        ValueError: if arguments do not fit each other.

    Example:
        >>> layer = keras.layers.IntegerLookup(vocabulary=[12, 36, 1138, 42])
        >>> print(layer([[12, 1138, 42], [42, 1000, 36]]))
        [[1 3 4]
         [4 0 2]]
    """

    token_kind = int

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        given = {k: v for k, v in locals().items() if k not in _COMMON}
        self._stated_size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        if vocabulary_dtype not in ("int32", "int64"):
            raise ValueError(
                f"`vocabulary_dtype` of layer `{self.name}` must be 'int64' or "
                f"'int32', got {vocabulary_dtype!r}."
            )
        self._set_up(given)
