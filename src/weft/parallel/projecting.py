"""Spans of many pairs projected: by the links of words, or by translations of marked texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from weft.parallel import lexicon, marked, projection
from weft.parallel.word_alignment import Settings, align


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
    pairs = projection.pairs_of(aligned, source, target)
    if translated is None:
        found = (projection.project(pair, row["spans"], least, gap) for pair, row in zip(pairs, given, strict=True))
    else:
        learnt = lexicon.train(whole[0], whole[1], ("source", "target"))
        found = (
            marked.project(pair, row["spans"], texts, learnt, least)
            for pair, row, texts in zip(pairs, given, translated, strict=True)
        )
    return [projection.row_with(row, one) for row, one in zip(given, found, strict=True)]


def translated_rows(given: Sequence[dict[str, Any]], translate: marked.Translate) -> list[list[str]]:
    """The translations of all marked texts by row and span; `translate` is asked once, for all of them."""
    asked = [marked.marked(row["source"], span) for row in given for span in row["spans"]]
    answers = iter(translate(asked))
    return [[next(answers) for _ in row["spans"]] for row in given]
