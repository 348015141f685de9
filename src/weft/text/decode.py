"""The parts of kernels that read UTF-8 and look code points up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import cgutils
from numba.core import types as kinds
from numba.core.imputils import impl_ret_untracked
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

from weft.text.jit import part


def _item(_: Any, array: Any, at: Any) -> Any:
    """`array[at]` for 0 <= at < len(array): numba's own indexing tests each index for being negative."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, given[0])
        place = context.cast(builder, given[1], signature.args[1], kinds.intp)
        value = builder.load(builder.gep(held.data, [place]))
        return impl_ret_untracked(context, builder, signature.return_type, value)

    return array.dtype(array, at), generate


def _word(_: Any, data: Any, at: Any) -> Any:
    """The eight bytes of `data` from `at` on as one number, the first one lowest."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, given[0])
        place = context.cast(builder, given[1], signature.args[1], kinds.intp)
        wide = builder.bitcast(builder.gep(held.data, [place]), cgutils.ir.IntType(64).as_pointer())
        return builder.load(wide, align=1)

    return kinds.uint64(data, at), generate


def _put(_: Any, array: Any, at: Any, value: Any) -> Any:
    """`array[at] = value` for 0 <= at < len(array)."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, given[0])
        place = context.cast(builder, given[1], signature.args[1], kinds.intp)
        kept = context.cast(builder, given[2], signature.args[2], signature.args[0].dtype)
        builder.store(kept, builder.gep(held.data, [place]))
        return context.get_dummy_value()

    return kinds.void(array, at, value), generate


def _put_word(_: Any, data: Any, at: Any, value: Any) -> Any:
    """Eight bytes into `data` from `at` on, the lowest first."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, given[0])
        place = context.cast(builder, given[1], signature.args[1], kinds.intp)
        wide = builder.bitcast(builder.gep(held.data, [place]), cgutils.ir.IntType(64).as_pointer())
        builder.store(given[2], wide, align=1)
        return context.get_dummy_value()

    return kinds.void(data, at, kinds.uint64), generate


item: Any = intrinsic(_item)
put: Any = intrinsic(_put)
word: Any = intrinsic(_word)
put_word: Any = intrinsic(_put_word)


HIGH = np.uint64(0x8080808080808080)
"""The top bit of each of eight bytes; where none is set, all of them are ASCII."""
_EACH = np.uint64(0x0101010101010101)
_CASE = _EACH * np.uint64(0x20)
_FROM_A, _PAST_Z = _EACH * np.uint64(0x80 - 0x61), _EACH * np.uint64(0x80 - 0x7B)
_FROM_0, _PAST_9 = _EACH * np.uint64(0x80 - 0x30), _EACH * np.uint64(0x80 - 0x3A)
_BYTE, _ALL = np.uint64(56), np.uint64(0xFFFFFFFFFFFFFFFF)


@part
def letters_among(ascii: Any) -> Any:
    """The top bit of each of eight ASCII bytes that is a letter: adding moves letters, and no others, past 0x7F."""
    lower = ascii | _CASE
    return (lower + _FROM_A) & ~(lower + _PAST_Z) & HIGH


@part
def other_than_words(eight: Any) -> Any:
    """The top bit of each of eight bytes that is no ASCII letter or digit."""
    ascii = eight & ~HIGH
    digits = (ascii + _FROM_0) & ~(ascii + _PAST_9)
    return (eight | ~(letters_among(ascii) | digits)) & HIGH


@part
def marked(tops: Any) -> Any:
    """How many of eight top bits are set."""
    return np.int64(((tops >> np.uint64(7)) * _EACH) >> _BYTE)


@part
def before_first(tops: Any) -> Any:
    """How many bytes stand before the first one whose top bit is set; some is."""
    return np.int64(trailing_zeros(tops)) >> 3


@part
def first_bytes(eight: Any, size: int) -> Any:
    """The first `size` of eight bytes, 1 to 8; the others are 0."""
    return eight & (_ALL >> np.uint64(64 - 8 * size))


@part
def code_point(data: Any, at: int) -> tuple[int, int]:
    """Code point at a byte position of valid UTF-8, and the number of its bytes; of other bytes, some code point."""
    first = item(data, at)
    if first < 0x80:
        return int(first), 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (item(data, at + 1) & 0x3F), 2
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((item(data, at + 1) & 0x3F) << 6) | (item(data, at + 2) & 0x3F), 3
    high = ((first & 0x07) << 18) | ((item(data, at + 1) & 0x3F) << 12)
    # Tables end with the last code point: what is no UTF-8 may not reach beyond.
    return min(high | ((item(data, at + 2) & 0x3F) << 6) | (item(data, at + 3) & 0x3F), 0x10FFFF), 4


@part
def look_up(index: Any, blocks: Any, point: int) -> Any:
    """Value of a code point in a two-stage table."""
    return item(blocks, item(index, point >> 8) * 256 + (point & 255))
