"""Rows of layers of features, sound and texts.

`CASES`: name, arguments, shapes ... of those that Keras can make on JAX. `HOST`: those
that Keras makes with TensorFlow only, with the values that it gives there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["CASES", "HOST", "Host"]

X, SEQUENCE, SOUND = (4, 6), (3, 5, 4), (2, 12, 2)
MEANS = [0.5, -1.0, 0.0, 2.0, 1.5, 3.0]
SPREADS = [1.0, 4.0, 0.25, 9.0, 0.0, 2.0]
BOUNDS = {"bin_boundaries": [-0.5, 0.0, 0.75]}
WHOLE = {"dtype": "int32"}
FRAMES = {"frame_length": 6, "expand_dims": True}
FIRST = {"data_format": "channels_first"}
PIECES = {"fft_length": 16, "sequence_stride": 4, "num_mel_bins": 3}

CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    ("Normalization", {"mean": 0.5, "variance": 2.0}, X, {}),
    ("Normalization", {"mean": MEANS, "variance": SPREADS}, X, {}),
    (
        "Normalization",
        {"axis": (1,), "mean": 0.5, "variance": 2.0, "invert": True},
        SEQUENCE,
        {},
    ),
    ("Normalization", {"axis": None, "mean": 1.0, "variance": 0.5}, SEQUENCE, {}),
    ("Normalization", {"mean": 1.0, "variance": 3.0}, X, WHOLE),
    ("Discretization", BOUNDS, X, {"free": 2}),
    ("Discretization", BOUNDS | {"output_mode": "one_hot"}, X, {}),
    ("Discretization", BOUNDS | {"output_mode": "multi_hot"}, X, {}),
    ("Discretization", BOUNDS | {"output_mode": "count"}, X, {}),
    ("CategoryEncoding", {"num_tokens": 5}, X, WHOLE),
    ("CategoryEncoding", {"num_tokens": 6, "output_mode": "count"}, X, WHOLE),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot"}, X, WHOLE),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot"}, (4, 1), WHOLE),
    ("STFTSpectrogram", FRAMES | {"mode": "magnitude", "frame_step": 2}, SOUND, {}),
    ("STFTSpectrogram", {"frame_length": 6, "mode": "psd"}, SOUND, {"free": 2}),
    ("STFTSpectrogram", FRAMES | FIRST | {"mode": "real"}, (2, 2, 12), {}),
    ("STFTSpectrogram", FRAMES | {"mode": "imag", "fft_length": 16}, SOUND, {}),
    ("STFTSpectrogram", FRAMES | {"mode": "angle", "padding": "same"}, SOUND, {}),
    (
        "STFTSpectrogram",
        {"frame_length": 6, "mode": "stft", "window": "hamming", "scaling": "spectrum"}
        | {"padding": "same", **FIRST},
        (2, 2, 12),
        {},
    ),
    ("STFTSpectrogram", {"frame_length": 6, "periodic": True}, SOUND, {"free": 2}),
    (
        "MelSpectrogram",
        PIECES | {"top_db": 5.0, "min_power": 1.5, "ref_power": 2.0, "max_freq": 7e3},
        (2, 30),
        {"free": 2},
    ),
    (
        "MelSpectrogram",
        PIECES
        | {"power_to_db": False, "sequence_length": 10, "window": "hamming"}
        | {"mag_exp": 1.0},
        (30,),
        {"free": 0},
    ),
]


@dataclass(frozen=True)
class Host:
    """A layer that works on the host, and what Keras with TensorFlow makes of inputs.

    Attributes:
        inputs: array, or list of arrays.
        expected: the outputs.
        vocabulary: what `get_vocabulary()` returns, if the layer has it.
    """

    name: str
    kwargs: dict[str, Any]
    inputs: Any
    expected: Any
    vocabulary: Any = None

    def __str__(self) -> str:
        text = ",".join(f"{k}={v}" for k, v in self.kwargs.items())
        return f"{self.name}({text})".replace(" ", "")


ABCD = ["a", "b", "c", "d"]
TOKENS = np.array([["a", "c", "d"], ["d", "z", "b"]])
NUMBERS = np.array([[12, 1138, 42], [42, 1000, 36], [0, -7, -1]])
SOME = [12, 36, 1138, 42]
LETTERS = np.array([["A"], ["B"], ["C"], ["D"], ["E"]])
MASKED = np.array([["A"], ["B"], [""], ["C"], ["D"]])
PAIRS = np.array([["a", "b"], ["c", "a"]])
WORDS = ["earth", "wind", "and", "fire"]
TEXTS = np.array([["earth wind and fire"], ["Fire, and... earth michigan!"]])
INDEX = np.array([[0, 1, 2, 3, 4, 5, -1]])
CROSSED = [np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])]


def _strings(expected: Any, *special: str, inputs: Any = TOKENS, **kwargs: Any) -> Host:
    return Host(
        "StringLookup",
        {"vocabulary": ABCD} | kwargs,
        inputs,
        expected,
        [*special, *ABCD],
    )


def _integers(expected: Any, *special: int, **kwargs: Any) -> Host:
    kwargs = {"vocabulary": SOME} | kwargs
    return Host("IntegerLookup", kwargs, NUMBERS, expected, [*special, *SOME])


def _texts(expected: Any, inputs: Any = TEXTS, **kwargs: Any) -> Host:
    return Host("TextVectorization", {"vocabulary": WORDS} | kwargs, inputs, expected)


def _hashed(expected: Any, inputs: Any = LETTERS, **kwargs: Any) -> Host:
    return Host("Hashing", {"num_bins": 3} | kwargs, inputs, expected)


UNKNOWN = "[UNK]"
MULTI = [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]]
MULTI_TEXT = [[0, 1, 1, 1, 1], [1, 1, 0, 1, 1]]
HOST = [
    _strings([[1, 3, 4], [4, 0, 2]], UNKNOWN),
    _strings([[1, 3, 4], [4, 0, 2]], "zz", oov_token="zz"),
    _strings([[2, 4, 5], [5, 1, 3]], UNKNOWN, UNKNOWN, num_oov_indices=2),
    _strings([[3, 5, 6], [6, 1, 4]], *[UNKNOWN] * 3, num_oov_indices=3),
    _strings([[3, 5, 6], [6, 2, 4]], *[UNKNOWN] * 3, num_oov_indices=3, salt=5),
    _strings([[2, 4, 5], [5, 1, 3]], "", UNKNOWN, mask_token=""),
    _strings([[0, 2, 3]], inputs=TOKENS[:1], num_oov_indices=0),
    _strings(np.eye(5)[[[1, 3, 4], [4, 0, 2]]], UNKNOWN, output_mode="one_hot"),
    _strings(np.eye(5)[[1, 4]], UNKNOWN, output_mode="one_hot", inputs=TOKENS[:, :1]),
    _strings(MULTI, UNKNOWN, output_mode="multi_hot"),
    _strings(MULTI, UNKNOWN, output_mode="count"),
    _strings(
        [[0, 0, 1, 0, 1, 1], [0, 1, 0, 1, 0, 1]],
        UNKNOWN,
        UNKNOWN,
        output_mode="multi_hot",
        mask_token="",
        num_oov_indices=2,
    ),
    _strings(
        np.pad(MULTI, ((0, 0), (0, 5))),
        UNKNOWN,
        output_mode="count",
        max_tokens=10,
        pad_to_max_tokens=True,
    ),
    _strings(
        [[0, 0.25, 0, 0.75, 1], [0.625, 0, 0.5, 0, 1]],
        UNKNOWN,
        output_mode="tf_idf",
        idf_weights=[0.25, 0.5, 0.75, 1.0],
    ),
    _strings([[UNKNOWN, *ABCD, UNKNOWN, UNKNOWN]], UNKNOWN, invert=True, inputs=INDEX),
    _strings(
        [["", UNKNOWN, *ABCD]],
        "",
        UNKNOWN,
        invert=True,
        mask_token="",
        inputs=INDEX[:, :6],
    ),
    _integers([[1, 3, 4], [4, 0, 2], [0, 0, 0]], -1),
    _integers([[3, 5, 6], [6, 1, 4], [0, 2, 2]], *[-1] * 3, num_oov_indices=3),
    _integers(
        [[3, 5, 6], [6, 2, 4], [1, 2, 0]],
        *[-1] * 3,
        num_oov_indices=3,
        oov_method="farmhash",
    ),
    _integers(
        [[3, 5, 6], [6, 2, 4], [0, 1, 1]],
        *[-1] * 3,
        num_oov_indices=3,
        oov_method="farmhash",
        salt=5,
    ),
    _integers([[2, 4, 5], [5, 1, 3], [0, 1, 1]], 0, -1, mask_token=0),
    _integers([[2, 4, 5], [5, 1, 3], [0, 1, 1]], 0, 7, mask_token=0, oov_token=7),
    _integers([*MULTI, [1, 0, 0, 0, 0]], -1, output_mode="multi_hot"),
    Host(
        "IntegerLookup",
        {"vocabulary": [12, 36], "invert": True},
        INDEX[:, :4],
        [[-1, 12, 36, -1]],
    ),
    _hashed([[1], [0], [1], [1], [2]]),
    _hashed([[1], [1], [0], [2], [2]], MASKED, mask_value=""),
    _hashed([[1], [2], [1], [0], [2]], salt=[133, 137]),
    _hashed([[0], [0], [2], [1], [0]], salt=133),
    _hashed([138, 783], np.array(["abc", "defghijk"]), num_bins=1000, salt=[2**40, 7]),
    _hashed(
        [[5], [5], [2], [0], [5]], np.array([[1], [2], [3], [-5], [123456]]), num_bins=7
    ),
    _hashed([0, 2, 2, 2], np.arange(4), mask_value=0),
    _hashed(
        [[1, 0, 0], [0, 1, 0]], np.array([1, 2]), output_mode="one_hot", dtype="int32"
    ),
    _hashed([[0, 0, 1, 0]] * 2, PAIRS, num_bins=4, salt=3, output_mode="multi_hot"),
    _hashed([[0, 0, 2, 0]] * 2, PAIRS, num_bins=4, salt=3, output_mode="count"),
    Host("HashedCrossing", {"num_bins": 5}, CROSSED, [1, 4, 1, 1, 3]),
    Host(
        "HashedCrossing",
        {"num_bins": 5, "output_mode": "one_hot"},
        CROSSED,
        np.eye(5)[[1, 4, 1, 1, 3]],
    ),
    Host(
        "HashedCrossing",
        {"num_bins": 50},
        [np.array(x)[:, None] for x in (["A", "B"], [1, 2], ["x", "y"])],
        [[15], [5]],
    ),
    Host(
        "HashedCrossing",
        {"num_bins": 50},
        [np.array([3, -4]), np.array([1, 2])],
        [18, 11],
    ),
    Host(
        "HashedCrossing",
        {"num_bins": 2**30},
        [np.array(["a", "b"]), np.array(["", "xy"])],
        [308192030, 568456272],
    ),
    _texts([[2, 3, 4, 5], [5, 4, 2, 1]]),
    _texts([[2, 3, 4, 5], [5, 4, 2, 1]], TEXTS[:, 0]),
    _texts([[2, 3, 4], [5, 4, 2]], output_sequence_length=3),
    _texts([[2, 3, 4, 5, 0, 0], [5, 4, 2, 1, 0, 0]], output_sequence_length=6),
    _texts(MULTI_TEXT, output_mode="multi_hot"),
    _texts(
        [[0, 1, 0, 0, 1], [0, 0, 0, 0, 2]],
        np.array(["earth fire", "fire fire"]),
        output_mode="count",
    ),
    _texts(
        np.pad(MULTI_TEXT, ((0, 0), (0, 5))),
        output_mode="count",
        max_tokens=10,
        pad_to_max_tokens=True,
    ),
    _texts(
        [[0, 0.1, 0.2, 0.3, 0.4], [0.25, 0.1, 0, 0.3, 0.4]],
        output_mode="tf_idf",
        idf_weights=[0.1, 0.2, 0.3, 0.4],
    ),
    _texts([[2, 3, 4, 5, 1, 1, 1], [5, 4, 2, 1, 1, 1, 1]], ngrams=2),
    _texts([[1, 1, 1], [1, 1, 1]], ngrams=(2,)),
    _texts([[1] * 19 + [0] * 4, [1] * 23], split="character"),
    _texts([[1], [1]], split=None),
    _texts([[2, 5], [4, 1]], np.array([["earth", "fire"], ["and", "a"]]), split=None),
    _texts(
        [[2, 5, 6], [4, 1, 1]],
        np.array([["earth", "fire"], ["and", "a"]]),
        split=None,
        ngrams=2,
        vocabulary=[*WORDS, "earth fire"],
    ),
    _texts([[2, 3, 4, 5], [1, 1, 2, 1]], standardize=None),
    _texts([[2, 3, 4, 5], [1, 1, 2, 1]], standardize="lower"),
    _texts([[2, 3, 4, 5], [1, 4, 2, 1]], standardize="strip_punctuation"),
]
