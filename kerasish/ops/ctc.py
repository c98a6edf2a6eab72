"""Connectionist temporal classification: labels without alignment to the frames."""

from typing import Any

from .. import backend
from ..graph import Tensor, op
from .activation import log_softmax
from .conversion import as_float

__all__ = [
    "ctc_decode",
    "ctc_loss",
]  # fmt: skip

IMPOSSIBLE = -1e5  # logarithm of a probability of zero that still has gradients


@op
def ctc_loss(
    target: Tensor,
    output: Tensor,
    target_length: Tensor,
    output_length: Tensor,
    mask_index: int = 0,
) -> Tensor:
    """−log of the probability of the labels, over all alignments with the frames.

    An alignment says a label or the blank at each frame; repeated labels count once
    unless a blank stands between.

    Args:
        target: class indices of shape (batch, labels).
        output: scores (logits) of shape (batch, frames, classes).
        target_length, output_length: how many labels and frames count, shape (batch,).
        mask_index: class of the blank.

    Returns:
        Loss of shape (batch,).

    Reference:
        [Graves et al., 2006](https://www.cs.toronto.edu/~graves/icml_2006.pdf)

    Example:
        >>> labels, scores = np.array([[1, 2]]), np.zeros((1, 3, 3), "float32")
        >>> loss = keras.ops.ctc_loss(labels, scores, np.array([2]), np.array([3]))
        >>> print(np.round(np.asarray(loss), 3))
        [1.686]
    """
    xp = backend.xp
    target, scores = backend.asarray(target), log_softmax(as_float(output))
    batch, labels = target.shape
    frames, classes = scores.shape[1:]
    # the labels with blanks around and between: blank, a, blank, b, blank
    blank = xp.full((batch, labels, 1), mask_index % classes, dtype="int32")
    pairs = xp.concatenate([blank, backend.cast(target, "int32")[..., None]], axis=-1)
    path = xp.reshape(pairs, (batch, 2 * labels))
    path = xp.concatenate([path, blank[:, :1, 0]], axis=1)
    places = xp.broadcast_to(path[:, None, :], (batch, frames, path.shape[1]))
    emitted = xp.take_along_axis(scores, places, axis=-1)
    # a label may follow the one before without a blank, if it differs
    skip = xp.concatenate(
        [xp.zeros((batch, 2), dtype="bool"), path[:, 2:] != path[:, :-2]], axis=1
    )
    skip = skip & (path != mask_index % classes)
    floor = xp.full((batch, 2), IMPOSSIBLE, dtype=backend.dtype_name(scores))

    def step(alpha: Any, frame: Any) -> Any:
        now, emission = frame
        from_last = xp.concatenate([floor[:, :1], alpha[:, :-1]], axis=1)
        from_label = xp.concatenate([floor, alpha[:, :-2]], axis=1)
        from_label = xp.where(skip, from_label, IMPOSSIBLE)
        new = xp.logaddexp(xp.logaddexp(alpha, from_last), from_label) + emission
        counts = now < xp.reshape(output_length, (-1, 1))
        return xp.where(counts, new, alpha), None

    start = xp.full(
        (batch, path.shape[1]), IMPOSSIBLE, dtype=backend.dtype_name(scores)
    )
    start = xp.where(xp.arange(path.shape[1]) == 0, 0.0, start)
    over_time = (xp.arange(frames), xp.moveaxis(emitted, 1, 0))
    alpha, _ = backend.scan(step, start, over_time)
    end = 2 * xp.reshape(target_length, (-1, 1))
    on_blank = xp.take_along_axis(alpha, end, axis=1)
    on_label = xp.take_along_axis(alpha, xp.maximum(end - 1, 0), axis=1)
    on_label = xp.where(end > 0, on_label, IMPOSSIBLE)
    return -xp.logaddexp(on_blank, on_label)[:, 0]


@op
def ctc_decode(
    inputs: Tensor,
    sequence_lengths: Tensor,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Labels that scores say: the best class of each frame, without the blanks.

    Args:
        inputs: scores (logits) of shape (batch, frames, classes).
        sequence_lengths: how many frames count, shape (batch,).
        strategy: `"greedy"`; `"beam_search"` is not here yet.
        beam_width, top_paths: of the search; only its best path is returned.
        merge_repeated: repeated classes count once, unless a blank stands between.
        mask_index: class of the blank.

    Returns:
        Labels of shape (1, batch, frames), filled with -1, and the sums of the best
        scores with the sign changed, of shape (batch, 1).

    Raises:
        ValueError: the strategy is another one.

    Example:
        >>> scores = 9.0 * np.eye(3)[[[1, 1, 0, 2]]]
        >>> labels, score = keras.ops.ctc_decode(scores, [4])
        >>> print(labels[0], score)
        [[ 1  2 -1 -1]] [[-36.]]
    """
    if strategy != "greedy":
        raise ValueError(f"`strategy` must be 'greedy', got {strategy!r}.")
    xp, scores = backend.xp, as_float(inputs)
    frames, classes = scores.shape[1:]
    lengths = xp.reshape(backend.asarray(sequence_lengths), (-1, 1))
    counts = xp.arange(frames)[None] < lengths
    best = backend.cast(xp.argmax(scores, axis=-1), "int32")
    kept = counts & (best != mask_index % classes)
    if merge_repeated:
        same = xp.concatenate([kept[:, :1] & False, best[:, 1:] == best[:, :-1]], 1)
        kept = kept & ~same
    # those that are kept move to the front, in their order
    order = xp.argsort(xp.where(kept, 0, frames) + xp.arange(frames)[None], axis=1)
    labels = xp.take_along_axis(xp.where(kept, best, -1), order, axis=1)
    total = xp.sum(xp.where(counts, xp.max(scores, axis=-1), 0), axis=1, keepdims=True)
    return labels[None], -total
