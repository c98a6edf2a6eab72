"""Hashes of byte strings: the same numbers on each machine and in each process."""

import struct

__all__ = ["crossed", "fingerprint", "siphash"]

MASK = 2**64 - 1
K0, K1, K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
# What crosses of features begin with, and the factor that joins two fingerprints.
CROSS_KEY, CROSS_FACTOR = 0xDECAFCAFFE, 0xC6A4A7935BD1E995
Pair = tuple[int, int]


def fingerprint(text: bytes) -> int:
    """Return the FarmHash fingerprint of 64 bits of a byte string.

    Example:
        >>> from kerasish.layers.preprocessing.hashing_functions import fingerprint
        >>> fingerprint(b"hello") % 2**62
        3786372426573024488
    """
    size = len(text)
    if size > 64:
        return _long(text)
    if size > 32:
        return _up_to_64(text)
    if size > 16:
        return _up_to_32(text)
    factor = K2 + 2 * size
    if size >= 8:
        a, b = _word(text, 0) + K2, _word(text, size - 8)
        c = _turn(b, 37) * factor + a
        d = (_turn(a, 25) + b) * factor
        return _joined(c, d, factor)
    if size >= 4:
        first, last = _half(text, 0), _half(text, size - 4)
        return _joined(size + (first << 3), last, factor)
    if size:
        y = text[0] + (text[size >> 1] << 8)
        z = size + (text[-1] << 2)
        return _mixed(y * K2 ^ z * K0) * K2 & MASK
    return K2


def _word(text: bytes, at: int) -> int:
    return int.from_bytes(text[at : at + 8], "little")


def _half(text: bytes, at: int) -> int:
    return int.from_bytes(text[at : at + 4], "little")


def _turn(x: int, bits: int) -> int:
    """Rotate to the right."""
    x &= MASK
    return (x >> bits | x << 64 - bits) & MASK


def _mixed(x: int) -> int:
    x &= MASK
    return x ^ x >> 47


def _joined(a: int, b: int, factor: int) -> int:
    x = _mixed((a ^ b) * factor)
    return _mixed((b ^ x) * factor) * factor & MASK


def _up_to_32(text: bytes) -> int:
    size = len(text)
    factor = K2 + 2 * size
    a, b = _word(text, 0) * K1, _word(text, 8)
    c, d = _word(text, size - 8) * factor, _word(text, size - 16) * K2
    x = _turn(a + b, 43) + _turn(c, 30) + d
    return _joined(x & MASK, a + _turn(b + K2, 18) + c & MASK, factor)


def _up_to_64(text: bytes) -> int:
    size = len(text)
    factor = K2 + 2 * size
    a, b = _word(text, 0) * K2, _word(text, 8)
    c, d = _word(text, size - 8) * factor, _word(text, size - 16) * K2
    y = _turn(a + b, 43) + _turn(c, 30) + d & MASK
    z = _joined(y, a + _turn(b + K2, 18) + c & MASK, factor)
    e, f = _word(text, 16) * factor, _word(text, 24)
    g = (y + _word(text, size - 32)) * factor
    h = (z + _word(text, size - 24)) * factor
    x = _turn(e + f, 43) + _turn(g, 30) + h & MASK
    return _joined(x, e + _turn(f + a, 18) + g & MASK, factor)


def _weak(text: bytes, at: int, a: int, b: int) -> Pair:
    """Two weak hashes of the 32 bytes at a place, from two seeds."""
    w, x, y, z = struct.unpack_from("<4Q", text, at)
    a += w
    b = _turn(b + a + z, 21)
    c = a
    a += x + y
    return a + z & MASK, b + _turn(a, 44) + c & MASK


def _round(
    text: bytes, at: int, state: tuple[int, int, int, Pair, Pair], factor: int, by: Pair
) -> tuple[int, int, int, Pair, Pair]:
    """Take 64 bytes in; `by` are the weights of the states that are added."""
    x, y, z, v, w = state
    x = _turn(x + y + v[0] + _word(text, at + 8), 37) * factor
    y = _turn(y + v[1] + _word(text, at + 48), 42) * factor
    x = (x ^ w[1] * by[0]) & MASK
    y = y + v[0] * by[1] + _word(text, at + 40) & MASK
    z = _turn(z + w[0], 33) * factor & MASK
    v = _weak(text, at, v[1] * factor, x + w[0])
    w = _weak(text, at + 32, z + w[1], y + _word(text, at + 16))
    return z, y, x, v, w


def _long(text: bytes) -> int:
    seed, last = 81, len(text) - 1
    y = seed * K1 + 113 & MASK
    z = _mixed(y * K2 + 113) * K2 & MASK
    state = (seed * K2 + _word(text, 0) & MASK, y, z, (0, 0), (0, 0))
    for at in range(0, last // 64 * 64, 64):
        state = _round(text, at, state, K1, (1, 1))
    x, y, z, v, w = state
    factor = K1 + ((z & 0xFF) << 1)
    w = (w[0] + (last & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    state = _round(text, len(text) - 64, (x, y, z, v, w), factor, (9, 9))
    z, y, x, v, w = state
    first = _joined(v[0], w[0], factor) + _mixed(y) * K0 + x
    return _joined(first & MASK, _joined(v[1], w[1], factor) + z & MASK, factor)


def siphash(text: bytes, key: Pair) -> int:
    """Return SipHash-2-4 of a byte string, of 64 bits, for a key of two integers.

    Example:
        >>> from kerasish.layers.preprocessing.hashing_functions import siphash
        >>> siphash(b"hello", (133, 137)) % 2**62
        1067426241479190957
    """
    k0, k1 = (part & MASK for part in key)
    state = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    padded = text + bytes(-(len(text) + 1) % 8) + bytes([len(text) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        state[3] ^= word
        _stir(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _stir(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _stir(state: list[int], rounds: int) -> None:
    a, b, c, d = state
    for _ in range(rounds):
        a = a + b & MASK
        b = _turn(b, 51) ^ a
        a = _turn(a, 32)
        c = c + d & MASK
        d = _turn(d, 48) ^ c
        a = a + d & MASK
        d = _turn(d, 43) ^ a
        c = c + b & MASK
        b = _turn(b, 47) ^ c
        c = _turn(c, 32)
    state[:] = a, b, c, d


def crossed(parts: list[int]) -> int:
    """Return one hash of several numbers (fingerprints of texts, integers as such).

    Example:
        >>> from kerasish.layers.preprocessing import hashing_functions as functions
        >>> functions.crossed([functions.fingerprint(b"A"), 101]) % 5
        1
    """
    found = CROSS_KEY
    for part in parts:
        found ^= CROSS_FACTOR ^ _mixed(part * CROSS_FACTOR) * CROSS_FACTOR & MASK
        found = _mixed(_mixed(found * CROSS_FACTOR) * CROSS_FACTOR)
    return found
