"""Projection by what other pairs taught: spans of pairs that were learnt from, that were not, and each side of that.

python benchmarks/learnt_alignment.py [DATA]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from weft.parallel import projection
from weft.parallel.word_alignment import align, learnt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.gates.aligned_words import Gold, gold, spans


def scores(rows: Sequence[Gold], found: Sequence[Sequence[projection.Found]]) -> tuple[np.ndarray, int, int]:
    """(rows, 2): twice the shares of characters in common, and spans kept and wanted; then the sums of spans."""
    held, kept, wanted = [], 0, 0
    for row, made in zip(rows, found, strict=True):
        shared, count = 0.0, 0
        for one, (_, (begin, end)) in zip(made, spans(row), strict=True):
            count += 1 + (one.reason is None)
            wanted, kept = wanted + 1, kept + (one.reason is None)
            both = max(0, min(one.end, end) - max(one.begin, begin)) if one.reason is None else 0
            shared += 2 * (2 * both / max(one.end - one.begin + end - begin, 1))
        held.append((shared, count))
    return np.array(held, float), kept, wanted


def told(rows: Sequence[Gold], found: Sequence[Sequence[projection.Found]]) -> str:
    """F1 of the characters of spans with its 95 % interval over pairs, and spans kept."""
    held, kept, wanted = scores(rows, found)
    drawn = held[np.random.default_rng(1).integers(0, len(held), (1000, len(held)))].sum(1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    whole = held.sum(0)
    return f"{whole[0] / whole[1]:.3f} ({low:.3f}-{high:.3f}), {kept} of {wanted}"


def main(data: Path) -> None:
    """Print a line for each language."""
    for language, rows in sorted(gold(data).items()):
        taught = [row for number, row in enumerate(rows) if number % 2 == 0]
        others = [row for number, row in enumerate(rows) if number % 2 and not row.tuned]
        asked = [[span for span, _ in spans(row)] for row in others]
        known = learnt([row.source for row in taught], [row.target for row in taught])
        began = time.process_time()
        single = [
            projection.project(projection.together(known.align(r.source, r.target), [r.source], [r.target]), [one])[0]
            for r, one in zip(others, asked, strict=True)
        ]
        spent = (time.process_time() - began) / len(others)
        whole = [*others, *taught]
        texts = [row.source for row in whole], [row.target for row in whole]
        joint = projection.project(projection.together(align(*texts), *(side[: len(others)] for side in texts)), asked)
        print(
            f"{language}: learnt from {len(taught)}: {told(others, single)}, {1000 * spent:.0f} ms a pair; "
            f"together, {len(whole)}: {told(others, joint)}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("WEFT_DATA", "../shared/data")))
