"""Connectionist temporal classification: labels without alignment to the frames."""

from typing import Any

from .. import backend
from ..graph import Tensor, op
from .activation import log_softmax
from .normalization import _wide

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
    target, scores = backend.asarray(target), log_softmax(_wide(output))
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
    """Labels that scores say, without the blanks.

    `"greedy"` takes the best class of each frame. `"beam_search"` adds up the
    probabilities of all alignments that say the same labels; after each frame it goes
    on with the `beam_width` beginnings that are the most probable.

    Args:
        inputs: scores (logits) of shape (batch, frames, classes).
        sequence_lengths: how many frames count, shape (batch,).
        strategy: `"greedy"` or `"beam_search"`.
        beam_width: how many beginnings the search keeps.
        top_paths: how many results of the search to return, at most `beam_width`.
        merge_repeated: (greedy only) repeated classes count once, unless a blank stands
            between; the search always sees it so.
        mask_index: class of the blank.

    Returns:
        Labels of shape (top_paths, batch, frames), filled with -1, the best ones first,
        and of shape (batch, top_paths) the logarithms of their probabilities. If greedy
        there is one path, and the sum of its scores with the sign changed.

    Raises:
        ValueError: an argument is not as described.

    References:
        [Graves et al., 2006](https://www.cs.toronto.edu/~graves/icml_2006.pdf),
        [Hannun et al., 2014](https://arxiv.org/abs/1408.2873)

    Example:
        >>> scores = 9.0 * np.eye(3)[[[1, 1, 0, 2]]]
        >>> labels, score = keras.ops.ctc_decode(scores, [4])
        >>> print(labels[0], score)
        [[ 1  2 -1 -1]] [[-36.]]
        >>> scores = np.log([[[0.6, 0.4], [0.6, 0.4]]])  # 0.36 for no label at all
        >>> labels, score = keras.ops.ctc_decode(scores, [2], "beam_search")
        >>> print(labels[0], np.round(np.exp(score), 2))
        [[ 1 -1]] [[0.64]]
    """
    if strategy == "beam_search":
        if not 1 <= top_paths <= beam_width:
            raise ValueError(
                f"`top_paths` must be from 1 to `beam_width`, {beam_width}, got "
                f"{top_paths}."
            )
        scores = log_softmax(_wide(inputs))
        blank = mask_index % scores.shape[-1]
        paths, totals = _beam_search(scores, sequence_lengths, beam_width, blank)
        return backend.xp.moveaxis(paths[:, :top_paths], 1, 0), totals[:, :top_paths]
    if strategy != "greedy":
        raise ValueError(
            f"`strategy` must be 'greedy' or 'beam_search', got {strategy!r}."
        )
    xp, scores = backend.xp, _wide(inputs)
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


def _beam_search(scores: Any, lengths: Any, width: int, blank: int) -> tuple[Any, Any]:
    """Labels (batch, width, frames) and their log probabilities, the best first.

    What is carried from frame to frame, for each beginning: its labels, how many they
    are, the probabilities of alignments that end in a blank and in the last label; and
    for each pair whether the first begins the second.
    """
    xp = backend.xp
    batch, frames, classes = scores.shape
    counts = xp.arange(frames) < xp.reshape(backend.asarray(lengths), (-1, 1))
    # frames that do not count are blanks for sure
    sure = xp.where(xp.arange(classes) == blank, 0.0, -xp.inf)
    dtype = backend.dtype_name(scores)
    scores = xp.where(counts[..., None], scores, backend.cast(sure, dtype))
    none = xp.full((batch, width), -xp.inf, dtype=dtype)
    first = xp.arange(width) == 0
    start = (
        xp.full((batch, width, frames), -1, dtype="int32"),
        xp.zeros((batch, width), dtype="int32"),
        xp.where(first, xp.zeros_like(none), none),
        none,
        xp.broadcast_to(first[:, None] & first, (batch, width, width)),
    )

    def step(carry: Any, frame: Any) -> tuple[Any, None]:
        return _longer(carry, *_candidates(carry, frame, blank), blank), None

    carry, _ = backend.scan(step, start, xp.moveaxis(scores, 1, 0))
    total = xp.logaddexp(carry[2], carry[3])
    return xp.where(total[..., None] > -xp.inf, carry[0], -1), total


def _candidates(carry: Any, frame: Any, blank: int) -> tuple[Any, Any, Any]:
    """Log probabilities after one more frame.

    Returns:
        Of each beginning and label that may follow (the blank: none), of shape (batch,
        width, classes); of the beginnings as they are, ending in a blank and not.
    """
    xp = backend.xp
    paths, sizes, on_blank, on_label, begins = carry
    total, classes = xp.logaddexp(on_blank, on_label), frame.shape[1]
    last = _at(paths, xp.maximum(sizes - 1, 0)[..., None])[..., 0]
    # a label follows itself only after a blank
    repeated = xp.arange(classes) == last[..., None]
    longer = xp.where(repeated, on_blank[..., None], total[..., None])
    longer = xp.reshape(longer + frame[:, None], (len(frame), -1))
    # a beginning that is there already takes over what would lead to it once more
    parents = begins & (sizes[:, None] == sizes[..., None] + 1)
    known = xp.any(parents, axis=1)
    # where nothing leads: the first blank, which is written over anyway
    place = xp.where(known, xp.argmax(parents, axis=1) * classes + last, blank)
    again = xp.where(known, _at(longer, place), -xp.inf)
    rows = xp.arange(len(frame))[:, None]
    longer = backend.index_update(longer, (rows, place), xp.full_like(again, -xp.inf))
    on_blank = total + frame[:, blank, None]
    on_label = xp.logaddexp(on_label + _at(frame, xp.maximum(last, 0)), again)
    same = xp.logaddexp(on_blank, on_label)[..., None]
    longer = xp.reshape(longer, (*total.shape, classes))
    return xp.where(xp.arange(classes) == blank, same, longer), on_blank, on_label


def _longer(
    carry: Any, candidates: Any, on_blank: Any, on_label: Any, blank: int
) -> Any:
    """Carry on with the most probable of the candidates."""
    xp = backend.xp
    paths, sizes, _, _, begins = carry
    classes = candidates.shape[2]
    flat = xp.reshape(candidates, (len(sizes), -1))
    total, chosen = backend.top_k(flat, sizes.shape[1])
    slot, label = chosen // classes, backend.cast(chosen % classes, "int32")
    stays, before = label == blank, _at(sizes, slot)
    at_end = (xp.arange(paths.shape[2]) == before[..., None]) & ~stays[..., None]
    paths = xp.take_along_axis(paths, slot[..., None], axis=1)
    paths = xp.where(at_end, label[..., None], paths)
    begins = xp.take_along_axis(begins, slot[..., None], axis=1)
    begins = _at(begins, slot[:, None])
    following = xp.swapaxes(_at(paths, before[:, None]), 1, 2)
    begins = begins & (stays[..., None] | (following == label[..., None]))
    begins = begins & (total > -xp.inf)[:, None]  # the impossible are no one's heirs
    on_blank = xp.where(stays, _at(on_blank, slot), -xp.inf)
    on_label = xp.where(stays, _at(on_label, slot), total)
    return paths, before + ~stays, on_blank, on_label, begins


def _at(x: Any, places: Any) -> Any:
    return backend.xp.take_along_axis(x, places, axis=-1)
