"""Keyed hashes of numbers: SipHash-2-4 (Aumasson and Bernstein 2012), by which nobody without the key can try texts."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.jit import U64, U64_IN, kernel, part, types

Keys = npt.NDArray[np.uint64]

_S0, _S1 = np.uint64(0x736F6D6570736575), np.uint64(0x646F72616E646F6D)
_S2, _S3 = np.uint64(0x6C7967656E657261), np.uint64(0x7465646279746573)
_LENGTH = np.uint64(8 << 56)
_END = np.uint64(0xFF)


@part
def _left(value: Any, by: int) -> Any:
    return (value << np.uint64(by)) | (value >> np.uint64(64 - by))


@part
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
    v0 = v0 + v1
    v1 = _left(v1, 13) ^ v0
    v0 = _left(v0, 32)
    v2 = v2 + v3
    v3 = _left(v3, 16) ^ v2
    v0 = v0 + v3
    v3 = _left(v3, 21) ^ v0
    v2 = v2 + v1
    v1 = _left(v1, 17) ^ v2
    v2 = _left(v2, 32)
    return v0, v1, v2, v3


@kernel(types.void(U64_IN, types.uint64, types.uint64, U64))
def _hash(values: Any, low: Any, high: Any, out: Any) -> None:
    for n in range(len(values)):
        value = values[n]
        v0, v1, v2, v3 = low ^ _S0, high ^ _S1, low ^ _S2, high ^ _S3 ^ value
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v3 = v0 ^ value, v3 ^ _LENGTH
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v2 = v0 ^ _LENGTH, v2 ^ _END
        for _ in range(4):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        out[n] = v0 ^ v1 ^ v2 ^ v3


def siphash(values: Keys, key: bytes) -> Keys:
    """SipHash-2-4 of each number as eight bytes, least significant first; `key` has 16 bytes."""
    low, high = (int.from_bytes(key[at : at + 8], "little") for at in (0, 8))
    out = np.empty(len(values), np.uint64)
    _hash(np.ascontiguousarray(values), low, high, out)
    return out


class Keyed:
    """Keyed hashes of several kinds of numbers from one secret; equal numbers of two kinds have nothing in common."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.sha256(b"weft share\0" + secret).digest()

    def of(self, kind: str, values: Keys) -> Keys:
        """The keyed hashes of numbers of a kind."""
        return siphash(values, self._derived(kind, 16))

    def check(self) -> str:
        """By what two holders see that they have the same secret: 32 hex digits, from which it cannot be found."""
        return self._derived("check", 16).hex()

    def _derived(self, kind: str, size: int) -> bytes:
        return hashlib.blake2b(kind.encode("utf-8"), key=self._secret, digest_size=size).digest()
