"""fastText classifiers of a few words, written byte by byte in the layout of fastText 0.9; nothing is trained.

`python tests/label/fasttext_models.py` writes the one that the examples use.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

WORDS = {
    "__label__swh_Latn": "mtoto anasoma kitabu chake kila siku watu wote wamezaliwa huru hadhi na haki zao ni sawa",
    "__label__eng_Latn": "the child reads a book every day all people are born free and equal in dignity",
    "__label__zxx_Latn": "home login menu search cookies cart",
    "__label__rus_Cyrl": "ребёнок читает книгу каждый день все люди рождаются свободными и равными",
}
EXAMPLE = Path(__file__).parent.parent / "examples" / "label.lid_fasttext.bin"


def model(
    words: Mapping[str, str] = WORDS,
    *,
    kind: int = 3,
    ngrams: int = 1,
    strength: float = 4.0,
    quantised: bool = False,
    pruned: Sequence[tuple[int, int]] = (),
) -> bytes:
    """A model in which each word speaks for its label alone; `kind` 3 is a classifier, 2 word vectors."""
    labels = list(words)
    held = [(word, n) for n, label in enumerate(labels) for word in words[label].split()]
    dim = len(labels)
    head = struct.pack("<2i12id", 793712314, 12, dim, 5, 5, 1, 5, ngrams, 3, kind, 0, 0, 0, 100, 1e-4)
    size = struct.pack("<3i2q", len(held) + dim, len(held), dim, 100, len(pruned) if pruned else -1)
    names = [(word, 0) for word, _ in held] + [(label, 1) for label in labels]
    entries = b"".join(name.encode() + b"\0" + struct.pack("<qb", 10, kind) for name, kind in names)
    entries += b"".join(struct.pack("<2i", *pair) for pair in pruned)
    rows = [n for _, n in held] + [0] * len(pruned)
    given = _codes(rows, dim, strength) if quantised else _numbers(rows, dim, strength)
    return head + size + entries + struct.pack("<?", quantised) + given + b"\0" + _numbers(list(range(dim)), dim, 1.0)


def _numbers(rows: Sequence[int], dim: int, strength: float) -> bytes:
    values = [strength * (column == row) for row in rows for column in range(dim)]
    return struct.pack(f"<2q{len(values)}f", len(rows), dim, *values)


def _codes(rows: Sequence[int], dim: int, strength: float) -> bytes:
    centroids = [strength * (column == code) for code in range(256) for column in range(dim)]
    head = struct.pack("<?2qi", False, len(rows), dim, len(rows))
    return head + bytes(rows) + struct.pack(f"<4i{len(centroids)}f", dim, 1, dim, dim, *centroids)


if __name__ == "__main__":
    EXAMPLE.write_bytes(model())
