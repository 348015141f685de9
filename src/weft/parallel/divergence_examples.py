"""Documents that say partly the same, made of translations: what labels of divergence are learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from weft.parallel.negatives import shortened

SAME, INFERABLE, NEW = range(3)
LABELS = ("same", "inferable", "new")
"""Of a sentence: the other text says it; says a part of it; does not say it."""


class Rates(NamedTuple):
    """Shares of lines: whose sentence on one side is left out, is cut in half, is joined with the next one."""

    dropped: float = 0.3
    halved: float = 0.3
    merged: float = 0.1


class Comparable(NamedTuple):
    """Sentences of two documents, and the label of each."""

    texts: tuple[list[str], list[str]]
    labels: tuple[list[int], list[int]]


def comparable(
    source: Sequence[str], target: Sequence[str], random: np.random.Generator, rates: Rates | None = None
) -> Comparable:
    """Two documents of these lines in their order, in which either side lacks sentences and halves of sentences.

    A sentence whose translation is left out is NEW, one of whose translation a half is left is INFERABLE, whether that
    half stands alone or before the next sentence; all others are SAME, halves among them.
    """
    texts: tuple[list[str], list[str]] = ([], [])
    labels: tuple[list[int], list[int]] = ([], [])
    before = ["", ""]
    ends = np.cumsum(rates or Rates())
    for line in zip(source, target, strict=True):
        draw, less = random.random(), int(random.integers(2))
        own, told = list(line), [SAME, SAME]
        if draw < ends[0]:
            own[less], told[1 - less] = "", NEW
        elif draw < ends[1]:
            part = half(own[less], bool(random.integers(2)))
            if part is not None:
                own[less], told[1 - less] = part, INFERABLE
        joined = draw < ends[2] and own[less] != "" and (draw >= ends[1] or random.random() < 0.5)
        for side in range(2):
            text = f"{before[side]} {own[side]}".strip()
            carried, before[side] = before[side] != "", ""
            if joined and side == less:
                before[side] = text
            elif text:
                texts[side].append(text)
                # What was carried over is said on the other side: with it no sentence is wholly new.
                labels[side].append(INFERABLE if carried and told[side] == NEW else told[side])
    for side in range(2):
        if before[side]:
            texts[side].append(before[side])
            labels[side].append(SAME)
    return Comparable(texts, labels)


def half(text: str, end: bool) -> str | None:
    """The first half of a text or its `end`; none of a text that is too short."""
    first = shortened(text, 0.5)
    if first is None or not end:
        return first
    return text[len(first) :].strip() or None
