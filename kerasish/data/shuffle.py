"""The order of the samples in each epoch, a function of seed and epoch alone."""

import numpy as np

__all__ = ["epoch_orders"]

GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio


def _mix(value: np.ndarray) -> np.ndarray:
    """Scramble 64-bit numbers one to one, in place: the finalizer of SplitMix64."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value


def epoch_orders(seed: int, first_epoch: int, epochs: int, rows: int) -> np.ndarray:
    """Return in which order each of several epochs takes its rows.

    Every row gets a hash of (seed, epoch, row); the order is that of the hashes. So an
    epoch's order does not depend on where training began.

    Args:
        seed: any integer; 64 bits of it count.
        first_epoch: number of the first epoch.
        epochs: how many epochs.
        rows: how many rows the data have, below 2**31.

    Returns:
        int32 array of shape `(epochs, rows)`; each row of it is a permutation.

    Reference:
        Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).

    Example:
        >>> from kerasish.data import epoch_orders
        >>> bool((epoch_orders(7, 0, 3, 5)[2] == epoch_orders(7, 2, 1, 5)[0]).all())
        True
    """
    golden = np.uint64(GOLDEN)
    start = _mix(np.array([seed % 2**64], np.uint64) + golden)
    numbers = np.arange(first_epoch, first_epoch + epochs, dtype=np.uint64)
    keys = _mix(start + numbers * golden)
    index = np.arange(rows, dtype=np.uint64)
    hashes = _mix(keys[:, None] + (index + np.uint64(1)) * golden)
    # The row's number replaces the lowest bits of its hash: one plain sort, several
    # times faster than argsort, and no ties.
    mask = np.uint64((1 << max(rows - 1, 1).bit_length()) - 1)
    hashes &= ~mask
    hashes |= index
    hashes.sort(axis=1)
    hashes &= mask
    return hashes.astype(np.int32)
