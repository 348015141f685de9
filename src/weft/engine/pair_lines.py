"""Lines of a block of pairs with something said of each, and blocks worked on side by side: no loop over rows."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.pair_blocks import Layout, blocks
from weft.text.fields import gathered

T = TypeVar("T")
Rows = npt.NDArray[np.int64]
_ENDS, _BLANKS = (0x0A, 0x0D), (0x0A, 0x0D, 0x20, 0x09)
_NOTHING = pa.scalar(b"", pa.large_binary())


def in_order(held: Layout, call: Callable[[Any], T], workers: int) -> Iterator[tuple[T, int]]:
    """What `call` makes of each block, in their order, with the bytes read so far; two ahead for each worker."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[Future[T], int]] = deque()
        for block, size in blocks(held):
            waiting.append((pool.submit(call, block), size))
            if len(waiting) > 2 * workers:
                first, before = waiting.popleft()
                yield first.result(), before
        while waiting:
            first, before = waiting.popleft()
            yield first.result(), before


def table_lines(block: bytes, starts: Rows, rows: Rows, said: pa.Array) -> bytes:
    """Some lines of a block, each followed by what is said of it (binary); a line end after that."""
    data = np.frombuffer(block, np.uint8)
    begins, ends = starts[:-1][rows], _shortened(data, starts[:-1][rows], starts[1:][rows], _ENDS)
    return _together(_binary(data, begins, ends), said, pa.scalar(b"\n", pa.large_binary()))


def json_lines(block: bytes, starts: Rows, rows: Rows, said: pa.Array, unreadable: npt.NDArray[np.bool_]) -> bytes:
    """Some lines of a block, with what is said of each (binary, an object without its end) as their first fields.

    A line that is no object is a string under `line`.
    """
    data = np.frombuffer(block, np.uint8)
    begins, ends = starts[:-1][rows], _shortened(data, starts[:-1][rows], starts[1:][rows], _BLANKS)
    begins = _advanced(data, begins, ends) + ~unreadable  # an object goes on behind its brace
    lines = _binary(data, begins, ends)
    if unreadable.any():
        told = [_string(line) if wrong else line for line, wrong in zip(lines.to_pylist(), unreadable, strict=True)]
        lines = pa.array(told, pa.large_binary())
    return _together(said, pa.scalar(b",", pa.large_binary()), lines, pa.scalar(b"\n", pa.large_binary()))


def _string(line: bytes) -> bytes:
    return f'"line":{json.dumps(line.decode("utf-8", "replace"), ensure_ascii=False)}}}'.encode()


def _shortened(data: Any, begins: Rows, ends: Rows, marks: tuple[int, ...]) -> Rows:
    """Ends of lines before the white space that closes them."""
    while True:
        over = (ends > begins) & np.isin(data[np.maximum(ends - 1, 0)], marks)
        if not over.any():
            return ends
        ends = ends - over


def _advanced(data: Any, begins: Rows, ends: Rows) -> Rows:
    while True:
        before = (begins < ends) & np.isin(data[np.minimum(begins, len(data) - 1)], _BLANKS)
        if not before.any():
            return begins
        begins = begins + before


def _binary(data: Any, begins: Rows, ends: Rows) -> pa.Array:
    lines, offsets = gathered(data, begins, ends)
    held = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(lines))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(begins), held)


def _together(*parts: Any) -> bytes:
    lines = pc.binary_join_element_wise(*parts, _NOTHING)
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)
    return bytes(memoryview(data)[ends[lines.offset] : ends[lines.offset + len(lines)]]) if len(lines) else b""
