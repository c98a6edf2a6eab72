"""Attention against a plain computation: padding, causality."""

import numpy as np
import pytest

import kerasish

L = kerasish.layers
pytestmark = pytest.mark.usefixtures("quick_compilation")

DRAWN = np.random.RandomState(0)
QUERY = DRAWN.normal(size=(2, 4, 3)).astype("float32")
VALUE = DRAWN.normal(size=(2, 4, 3)).astype("float32")
KEEP = np.array([[True, True, False, False], [True, True, True, False]])


def attended(scores, value, keep, causal):
    """Softmax over the keys that count, times the values."""
    keep = np.broadcast_to(keep[:, None], scores.shape)
    if causal:
        keep = keep & np.tril(np.ones(scores.shape[-2:], bool))
    weights = np.where(keep, np.exp(scores), 0)
    return weights / weights.sum(-1, keepdims=True) @ value


@pytest.mark.parametrize("causal", [False, True])
def test_padding_and_causality_of_dot_products(causal, close):
    scores = QUERY @ VALUE.transpose(0, 2, 1)
    found = L.Attention()([QUERY, VALUE], mask=[None, KEEP], use_causal_mask=causal)
    close(np.asarray(found), attended(scores, VALUE, KEEP, causal), rtol=1e-4)


@pytest.mark.parametrize("causal", [False, True])
def test_padding_and_causality_of_sums(causal, close):
    layer = L.AdditiveAttention(use_scale=False)
    scores = np.tanh(QUERY[:, :, None] + VALUE[:, None]).sum(-1)
    found = layer([QUERY, VALUE], mask=[None, KEEP], use_causal_mask=causal)
    close(np.asarray(found), attended(scores, VALUE, KEEP, causal), rtol=1e-4)


@pytest.mark.parametrize("causal", [False, True])
def test_padding_and_causality_of_many_heads(causal, close):
    layer = L.MultiHeadAttention(num_heads=2, key_dim=3)
    options = {"value_mask": KEEP, "use_causal_mask": causal}
    found = np.asarray(layer(QUERY, VALUE, **options))
    options["key_mask"] = options.pop("value_mask")
    close(found, np.asarray(layer(QUERY, VALUE, **options)))
    (q, qb), (k, kb), (v, vb), (o, ob) = zip(*[iter(layer.get_weights())] * 2)
    expected = ob
    for head in range(2):
        queries = QUERY @ q[:, head] + qb[head]
        keys, values = VALUE @ k[:, head] + kb[head], VALUE @ v[:, head] + vb[head]
        scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(3)
        expected = expected + attended(scores, values, KEEP, causal) @ o[head]
    close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("grouped", [False, True])
def test_padded_samples_are_as_unpadded_ones(grouped, close):
    layer = L.MultiHeadAttention(2, 3)
    if grouped:
        layer = L.GroupQueryAttention(3, 4, 2)
    x = np.where(KEEP[..., None], QUERY, 99.0).astype("float32")
    found = np.asarray(layer(x, x, query_mask=KEEP, value_mask=KEEP))
    for i, n in enumerate(KEEP.sum(1)):
        alone = QUERY[i : i + 1, :n]
        close(found[i, :n], np.asarray(layer(alone, alone))[0], rtol=1e-4, atol=1e-5)
