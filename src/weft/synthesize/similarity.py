"""How alike texts are, for the recipes that choose by it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa


def alike(texts: Sequence[str], references: Sequence[str]) -> list[float]:
    """chrF (`weft.text.chrf`) of each text with its reference, from 0 to 100."""
    if not texts:
        return []
    from weft.text.chrf import chrf

    sides = (pa.array(side, pa.large_string()) for side in (texts, references))
    return [float(score) for score in chrf(*sides)]


def least_risk(texts: Sequence[str]) -> tuple[int, float]:
    """The text that the others agree with most, and its mean chrF with them: of equal ones the first.

    Choosing by minimum Bayes risk (Eikema and Aziz 2020), every other text as a reference. One text agrees wholly.
    """
    if len(texts) == 1:
        return 0, 100.0
    places = [(one, other) for one in range(len(texts)) for other in range(len(texts)) if one != other]
    found = alike([texts[one] for one, _ in places], [texts[other] for _, other in places])
    size = len(texts) - 1
    means = [sum(found[place * size : (place + 1) * size]) / size for place in range(len(texts))]
    best = max(range(len(texts)), key=lambda place: (means[place], -place))
    return best, means[best]
