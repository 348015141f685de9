"""A coverage matrix in a terminal: numbered languages, blocks of columns that fit, counts of four characters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weft.model.languages import name
from weft.parallel.coverage import Coverage

_CELL = 5


def lines(found: Coverage, width: int) -> Iterator[str]:
    """The languages, those with most groups first, then the groups of each two of them."""
    own = np.diagonal(found.matrix)
    order = sorted(range(len(found.languages)), key=lambda n: (-own[n], found.languages[n]))
    matrix = found.matrix[np.ix_(order, order)]
    yield f"{found.groups:,} groups in {len(order)} languages"
    yield ""
    yield from _languages(found, order)
    yield ""
    yield "groups with both (k: thousand, M: million, .: none; columns are languages by number)"
    label = max(len(code) for code in found.languages) + 4
    each = max((width - label) // _CELL, 2)
    for first in range(0, len(order), each):
        last = min(first + each, len(order))
        yield ""
        yield " " * label + "".join(f"{n + 1:>{_CELL}}" for n in range(first, last))
        for row in range(first, len(order)):
            cells = "".join(f"{short(int(matrix[row, n])):>{_CELL}}" for n in range(first, min(last, row + 1)))
            yield f"{row + 1:>3} {found.languages[order[row]]:<{label - 4}}{cells}"


def _languages(found: Coverage, order: list[int]) -> Iterator[str]:
    """Of each language its groups, the languages that it meets, and how many languages its groups have."""
    span = np.arange(1, len(order) + 1)
    yield f"{'':>3} {'language':<9} {'groups':>11} {'with':>5}  languages in its groups: least, median, most"
    for row, n in enumerate(order):
        sizes = np.repeat(span, found.sizes[n])
        met = int((found.matrix[n] > 0).sum()) - 1
        spread = f"{sizes[0]}, {sizes[(len(sizes) - 1) // 2]}, {sizes[-1]}"
        code = found.languages[n]
        yield f"{row + 1:>3} {code:<9} {found.matrix[n, n]:>11,} {met:>5}  {spread:<12} {name(code)}"


def short(count: int) -> str:
    """A count in four characters at most."""
    if not count:
        return "."
    for unit in ("", "k", "M"):
        if count < 1000:
            return f"{count:.1f}{unit}" if unit and count < 9.95 else f"{count:.0f}{unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.0f}G"
