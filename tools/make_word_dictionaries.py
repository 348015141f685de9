"""Writes src/weft/text/word_dictionaries.npz: ICU's dictionaries of Thai, Lao, Burmese and Khmer as one double array.

Run with: python tools/make_word_dictionaries.py (needs icu4py, whose bundled ICU data hold them). The licences of the
word lists are in src/weft/text/LICENSE-word-dictionaries; the words are unchanged.

A cell is `base << 9 | final << 8 | symbol`: from a state with base b, symbol s leads to cell b + s if that cell holds
s. Symbols are `code point - start of the block + 1`. The four roots are kept apart.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np

BLOCKS = {"thai": 0x0E00, "lao": 0x0E80, "burmese": 0x1000, "khmer": 0x1780}
TARGET = Path(__file__).parent.parent / "src/weft/text/word_dictionaries.npz"


def icu_data() -> bytes:
    """ICU's data file, inside the library that icu4py bundles."""
    files = metadata.files("icu4py") or []
    found = [Path(str(f.locate())) for f in files if "icudata" in f.name.lower() or "icudt" in f.name.lower()]
    if len(found) != 1:
        sys.exit(f"expected one ICU data library among the files of icu4py, found {len(found)}")
    return found[0].read_bytes()


def item(library: bytes, name: str) -> bytes:
    """The content of one item: the table of contents lists (name offset, data offset) from its own start."""
    entry = library.index(b"\x00" + name.encode() + b"\x00") + 1
    start = library.index(b"CmnD") - 12
    contents = start + struct.unpack_from("<H", library, start)[0]
    count = struct.unpack_from("<I", library, contents)[0]
    for n in range(count):
        name_at, data_at = struct.unpack_from("<II", library, contents + 4 + 8 * n)
        if contents + name_at == entry:
            after = contents + 4 + 8 * (n + 1)
            stop = struct.unpack_from("<II", library, after)[1] if n + 1 < count else len(library) - contents
            return library[contents + data_at : contents + stop]
    sys.exit(f"{name} is not in the table of contents")


def words(content: bytes) -> Iterator[tuple[int, ...]]:
    """All entries of a `.dict` item that is a BytesTrie, as bytes of its alphabet."""
    at = struct.unpack_from("<H", content, 0)[0]
    indexes = struct.unpack_from("<8i", content, at)
    if indexes[4] & 7 != 0:
        sys.exit("expected a trie of bytes")
    trie = content[at + indexes[0] : at + indexes[3]]
    yield from walk(trie, 0, ())


def walk(trie: bytes, at: int, prefix: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Entries below a node (format: icu4c/source/common/unicode/bytestrie.h)."""
    while True:
        node = trie[at]
        at += 1
        if node >= 0x20:  # a value, final when the lowest bit is set
            yield prefix
            if node & 1:
                return
            at += value_size(node >> 1)
            continue
        if node >= 0x10:  # a run of bytes
            size = node - 0x10 + 1
            prefix += tuple(trie[at : at + size])
            at += size
            continue
        size = node or trie[at]
        at += node == 0
        yield from branch(trie, at, size + 1, prefix)
        return


def branch(trie: bytes, at: int, size: int, prefix: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    while size > 5:
        at += 1  # the byte that splits the list
        jump, after = delta(trie, at)
        yield from branch(trie, after + jump, size >> 1, prefix)
        size -= size >> 1
        at = after
    for _ in range(size - 1):
        byte, node = trie[at], trie[at + 1]
        step = value_size(node >> 1)
        if node & 1:
            yield (*prefix, byte)
        else:
            yield from walk(trie, at + 2 + step + value(trie, at + 1), (*prefix, byte))
        at += 2 + step
    yield from walk(trie, at + 1, (*prefix, trie[at]))


def value_size(lead: int) -> int:
    """Bytes after the lead byte of a value."""
    return 0 if lead < 0x51 else 1 if lead < 0x6C else 2 if lead < 0x7E else 3 if lead == 0x7E else 4


def value(trie: bytes, at: int) -> int:
    lead, rest = trie[at] >> 1, trie[at + 1 : at + 5]
    if lead < 0x51:
        return lead - 0x10
    if lead < 0x6C:
        return (lead - 0x51) << 8 | rest[0]
    if lead < 0x7E:
        return (lead - 0x6C) << 16 | rest[0] << 8 | rest[1]
    return int.from_bytes(rest[: lead - 0x7B], "big")


def delta(trie: bytes, at: int) -> tuple[int, int]:
    """A jump, and the position after it."""
    lead, rest = trie[at], trie[at + 1 : at + 5]
    if lead < 0xC0:
        return lead, at + 1
    if lead < 0xF0:
        return (lead - 0xC0) << 8 | rest[0], at + 2
    if lead < 0xFE:
        return (lead - 0xF0) << 16 | rest[0] << 8 | rest[1], at + 3
    size = 3 if lead == 0xFE else 4
    return int.from_bytes(rest[:size], "big"), at + 1 + size


class DoubleArray:
    """Places the children of every node where all their cells are free; no two nodes share a base."""

    def __init__(self) -> None:
        self.cells = [0] * (1 << 22)
        self.taken = bytearray(1 << 22)
        self.taken[0] = 1
        self.start = [1] * 256

    def place(self, symbols: list[int]) -> int:
        fan = len(symbols)
        base = self.start[fan]
        while self.taken[base] or any(self.cells[base + s] for s in symbols):
            base += 1
        self.taken[base] = 1
        if base - self.start[fan] > 200:  # the cells before are nearly full: search on from here
            self.start[fan] = base - 100
        return base

    def add(self, tree: dict[int, object]) -> int:
        """Base of a tree `{symbol: subtree}`, where the key 0 marks the end of a word."""
        symbols = sorted(s for s in tree if s)
        base = self.place(symbols)
        for symbol in symbols:
            self.cells[base + symbol] = symbol
        for symbol in symbols:
            below = tree[symbol]
            assert isinstance(below, dict)
            lower = self.add(below) if any(below) else 0
            self.cells[base + symbol] = lower << 9 | (0 in below) << 8 | symbol
        return base


def main() -> None:
    sys.setrecursionlimit(10_000)
    library, array, roots = icu_data(), DoubleArray(), []
    for name, start in BLOCKS.items():
        content = item(library, f"icudt{version(library)}l/brkitr/{name}dict.dict")
        at = struct.unpack_from("<H", content, 0)[0]
        shift = (struct.unpack_from("<8i", content, at)[5] & 0x1FFFFF) - start
        tree: dict[int, object] = {}
        count = 0
        for entry in words(content):
            node: dict[int, object] = tree
            for byte in entry:
                if byte >= 0xFE:
                    break  # a joiner: never inside a run of letters
                node = node.setdefault(byte + shift + 1, {})  # type: ignore[assignment]
            else:
                node[0] = {}
                count += 1
        roots.append(array.add(tree))
        print(name, count, "words")
    cells = np.array(array.cells, np.uint32)
    size = int(np.flatnonzero(cells)[-1]) + 1
    cells = cells[: size + 256]  # a symbol may be looked up past the last cell
    np.savez_compressed(TARGET, cells=cells, roots=np.array(roots, np.int64), icu=np.array(version(library)))
    print(TARGET.name, TARGET.stat().st_size, "bytes,", np.count_nonzero(cells), "of", size, "cells")


def version(library: bytes) -> str:
    at = library.index(b"l/brkitr/thaidict.dict")
    return library[at - 2 : at].decode()


if __name__ == "__main__":
    main()
