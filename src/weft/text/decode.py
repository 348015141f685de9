"""The parts of kernels that read UTF-8 and look code points up."""

from __future__ import annotations

from typing import Any

from weft.text.jit import part


@part
def code_point(data: Any, at: int) -> tuple[int, int]:
    """Code point at a byte position of valid UTF-8, and the number of its bytes."""
    first = data[at]
    if first < 0x80:
        return int(first), 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (data[at + 1] & 0x3F), 2
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F), 3
    high = ((first & 0x07) << 18) | ((data[at + 1] & 0x3F) << 12)
    return high | ((data[at + 2] & 0x3F) << 6) | (data[at + 3] & 0x3F), 4


@part
def look_up(index: Any, blocks: Any, point: int) -> Any:
    """Value of a code point in a two-stage table."""
    return blocks[index[point >> 8] * 256 + (point & 255)]
