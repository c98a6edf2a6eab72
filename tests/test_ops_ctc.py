"""Decoding of labels without alignment: what the rows of the catalogue cannot say."""

import itertools
from collections import defaultdict

import numpy as np
import pytest

import kerasish
from kerasish import backend, ops

pytestmark = pytest.mark.usefixtures("quick_compilation")


def all_labels(scores, blank):
    """Labels -> probability, over all alignments of (frames, classes)."""
    found = defaultdict(float)
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        labels = tuple(c for c, _ in itertools.groupby(path) if c != blank)
        found[labels] += np.prod([p[c] for p, c in zip(chances, path)])
    return sorted(found.items(), key=lambda item: -item[1])


def test_a_wide_beam_finds_the_most_probable_labels():
    scores = np.random.default_rng(0).normal(size=(3, 4, 3)).astype("float32")
    scores[2, 1, 0] = -np.inf
    lengths = np.array([4, 2, 3], "int32")

    def decode(scores, lengths):
        return ops.ctc_decode(scores, lengths, "beam_search", 31, 31, mask_index=-1)

    labels, chances = map(np.asarray, backend.jit(decode)(scores, lengths))
    for i, length in enumerate(lengths):
        expected = all_labels(scores[i, :length], blank=2)
        expected = [(path, p) for path, p in expected if p > 0]
        found = [tuple(row[row >= 0]) for row in labels[: len(expected), i]]
        assert found == [path for path, _ in expected]
        wanted = np.log([p for _, p in expected])
        np.testing.assert_allclose(chances[i, : len(expected)], wanted, rtol=1e-5)
        assert (labels[len(expected) :, i] == -1).all()
        assert np.isneginf(chances[i, len(expected) :]).all()
    arguments = kerasish.KerasTensor((None, None, 3)), kerasish.KerasTensor((None,))
    shapes = [x.shape for x in ops.ctc_decode(*arguments, "beam_search", 3, 2)]
    assert shapes == [(2, None, None), (None, 2)]


# What Keras finds with beams so narrow that they lose the way, and back to it.
FIRST = """-0.5645 -0.8673 -2.4416 -2.4136 -2.9401 -2.9863 -4.9533 -5.5836 -0.9781
    -1.4330 -1.6810 -2.0541 -3.7332 -4.0216 -3.5952 -6.3927"""
SECOND = """-1.3235 -1.8044 -2.5051 -3.2203 -3.3718 -3.1125 -4.9900 -5.6279 -1.3165
    -1.8645 -1.9772 -2.9270 -3.9791 -4.0852 -3.8811 -6.4013"""


def test_a_narrow_beam_equals_that_of_keras():
    scores = np.random.RandomState(1).normal(size=(16, 8, 5)).astype("float32")
    lengths = np.arange(16) % 8 + 1
    arguments = (scores, lengths, "beam_search", 3, 2)
    labels, chances = ops.ctc_decode(*arguments, mask_index=4)
    expected = np.array([x.split() for x in (FIRST, SECOND)], "float64")
    np.testing.assert_allclose(np.asarray(chances).T, expected, atol=1e-4)
    assert np.asarray(labels)[0, 7].tolist() == [3, 2, 0, 0, -1, -1, -1, -1]
    assert np.asarray(labels)[0, 15].tolist() == [1, 1, 2, 1, 2, -1, -1, -1]


@pytest.mark.parametrize(
    "options, text",
    [(("beam_search", 2, 3), "`top_paths` .* 2, got 3"), (("beam",), "got 'beam'")],
)
def test_errors(options, text):
    with pytest.raises(ValueError, match=text):
        ops.ctc_decode(np.zeros((1, 2, 3), "float32"), [2], *options)
