"""Spans of many pairs projected: by the links of words, or by translations of marked texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from weft.parallel import lexicon, marked, projection
from weft.parallel.word_alignment import Aligned, Settings, align

_TOGETHER = 10_000
"""Pairs whose spans are carried over at once."""
_MARKED = 200
"""The same by marks: each span has some hundred places that it could be."""


def rows(
    given: Sequence[dict[str, Any]],
    others: tuple[Any, Any] | None = None,
    translated: Sequence[Sequence[str]] | None = None,
    *,
    gap: int = projection.MOST_GAP,
    least: float = 0.0,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """Each row ({source, target, spans}) with `target_spans` and `rejected_spans`.

    `others` are more pairs to learn from; `translated` has, of each span, the translation of its marked source
    (`marked.marked`), and is used instead of links where it is given.
    """
    source, target = [row["source"] for row in given], [row["target"] for row in given]
    whole = [pl.Series(source, dtype=pl.String), pl.Series(target, dtype=pl.String)]
    if others is not None:
        whole = [pl.concat([mine, more]) for mine, more in zip(whole, others, strict=True)]
    aligned = align(whole[0], whole[1], Settings(seed=seed))
    if translated is None:
        found: Iterable[list[projection.Found]] = linked(aligned, source, target, given, least, gap)
    else:
        learnt = lexicon.train(whole[0], whole[1], ("source", "target"))
        found = by_marks(list(projection.pairs_of(aligned, source, target)), given, translated, learnt, least)
    return [projection.row_with(row, one) for row, one in zip(given, found, strict=True)]


def linked(
    aligned: Aligned,
    source: list[str],
    target: list[str],
    given: Sequence[dict[str, Any]],
    least: float = 0.0,
    gap: int = projection.MOST_GAP,
) -> Iterator[list[projection.Found]]:
    """What becomes of the `spans` of each row by the links of the first pairs, which have these texts."""
    for first in range(0, len(given), _TOGETHER):
        part = slice(first, first + _TOGETHER)
        pairs = projection.together(aligned, source[part], target[part], first)
        yield from projection.project(pairs, [row["spans"] for row in given[part]], least, gap)


def by_marks(
    pairs: list[projection.Pair],
    given: Sequence[dict[str, Any]],
    translated: Sequence[Sequence[str]],
    learnt: lexicon.Lexicon,
    least: float = 0.0,
) -> Iterator[list[projection.Found]]:
    """What becomes of the `spans` of each row by translations of marked texts."""
    for first in range(0, len(given), _MARKED):
        part = slice(first, first + _MARKED)
        yield from marked.project(pairs[part], [row["spans"] for row in given[part]], translated[part], learnt, least)


def translated_rows(given: Sequence[dict[str, Any]], translate: marked.Translate) -> list[list[str]]:
    """The translations of all marked texts by row and span; `translate` is asked once, for all of them."""
    asked = [marked.marked(row["source"], span) for row in given for span in row["spans"]]
    answers = iter(translate(asked))
    return [[next(answers) for _ in row["spans"]] for row in given]
