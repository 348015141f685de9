"""Arrow string columns as flat arrays, without copying the text."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


_UNFINISHED = np.array([0xF0, 0xE0, 0xC0], np.uint8)
"""From these on, the last three bytes begin a character that has no end."""


class Strings(NamedTuple):
    """UTF-8 of all values end to end; value `i` is `data[offsets[i]:offsets[i + 1]]`, valid where `valid[i]` is 1."""

    data: Bytes
    offsets: Longs
    valid: Bytes


def combined(column: Any) -> pa.Array:
    """One array of a column that may be chunked."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def large(column: Any) -> pa.Array:
    """One array of a column that may be chunked; strings of any Arrow kind as large_string, which all kernels take."""
    array = combined(column)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if array.type != pa.large_string() and kind in (pa.string(), pa.large_string(), pa.string_view(), pa.null()):
        array = array.cast(pa.large_string())
    return array


def string_buffers(column: Any) -> Strings:
    """Views of a column of strings of any Arrow kind, sliced or chunked; nulls have zero length.

    Kernels may read past the last byte of a text that ends within a character: its data is copied then.
    """
    array = large(column)
    if not (pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)):
        raise TypeError(f"expected a string column, got {array.type}")
    valid = array.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8)
    data, offsets = _flat(array)
    if array.null_count and np.diff(offsets)[valid == 0].any():
        data, offsets = _flat(array.fill_null(""))  # the format allows bytes behind a null
    return Strings(data, offsets, valid)


def _flat(array: pa.Array) -> tuple[Bytes, Longs]:
    _, offset_buffer, data_buffer = array.buffers()
    if len(array) == 0 or offset_buffer is None:
        return np.empty(0, np.uint8), np.zeros(len(array) + 1, np.int64)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    last = data[-3:]
    if (last >= _UNFINISHED[3 - len(last) :]).any():
        data = np.append(data, np.zeros(3, np.uint8))
    return data, np.frombuffer(offset_buffer, np.int64, len(array) + 1, array.offset * 8)


def large_strings(data: Bytes, offsets: Longs, valid: Bytes | None = None) -> pa.Array:
    """A large_string array over the given buffers; the caller vouches for valid UTF-8."""
    mask, nulls = None, 0
    if valid is not None and not valid.all():
        mask = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
        nulls = int(len(valid) - valid.sum())
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data), mask, nulls, 0)


def int_lists(values: npt.NDArray[np.int32], offsets: Longs) -> pa.Array:
    """A list<int32> array; raises OverflowError when the batch holds over 2^31 values."""
    if offsets[-1] > np.iinfo(np.int32).max:
        raise OverflowError("more than 2^31 list values in one batch; use smaller batches")
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(values))


def list_buffers(column: Any) -> tuple[npt.NDArray[np.int32], Longs]:
    """Values and offsets of a list<int32> column; a null is an empty list."""
    array = combined(column)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    values = array.values.to_numpy(zero_copy_only=False) if len(array.values) else np.empty(0, np.int32)
    offsets = array.offsets.to_numpy().astype(np.int64)
    if array.null_count:
        lengths = np.diff(offsets) * array.is_valid().to_numpy(zero_copy_only=False)
        if lengths.sum() != offsets[-1] - offsets[0]:
            return list_buffers(pa.array(array.fill_null([]).to_pylist(), array.type))
    return np.ascontiguousarray(values, np.int32), offsets
