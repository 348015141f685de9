"""Word alignment, projection of spans and induced word lists against what people made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from weft.parallel import induction, projection
from weft.parallel.word_alignment import Aligned, Settings, align

from . import aligned_words as measured

HIGHEST = {"eng_Latn": 0.565, "lat_Latn": 0.425, "por_Latn": 0.56}
"""Alignment error rate, at most."""
EFLOMAL = {"eng_Latn": 0.614, "lat_Latn": 0.444, "por_Latn": 0.616}
"""That of eflomal 2.0.0 on the same pairs, the best of four ways and three runs (`benchmarks/word_alignment.py`)."""
PROJECTED = {"eng_Latn": 0.50, "lat_Latn": 0.70, "por_Latn": 0.51}
"""F1 of the characters of spans, at least."""
WORDS = {"pes_Arab": (0.43, 0.67), "gaz_Latn": (0.22, 0.6)}
"""Share of head words whose first translation is right, and of those of confidence .5 or more."""


@pytest.fixture(scope="module")
def gold(data_dir: Path) -> dict[str, list[measured.Gold]]:
    return measured.gold(data_dir)


def _aligned(rows: list[measured.Gold], settings: Settings) -> Aligned:
    return align([row.source for row in rows], [row.target for row in rows], settings)


@pytest.mark.parametrize("language", sorted(HIGHEST))
def test_links_of_words(
    gold: dict[str, list[measured.Gold]], language: str, record_property: Callable[[str, object], None]
) -> None:
    rows = gold[language]
    links = measured.links_of(_aligned(rows, Settings(division="space")))
    kept = measured.untuned(rows, links)
    rate, (low, high) = measured.error_rate(*kept), measured.interval(*kept)
    record_property("pairs", len(kept[0]))
    record_property("aer", f"{rate:.3f} ({low:.3f}-{high:.3f})")
    assert rate <= HIGHEST[language]
    assert rate < EFLOMAL[language]


@pytest.mark.parametrize("language", sorted(PROJECTED))
def test_projected_spans(
    gold: dict[str, list[measured.Gold]], language: str, record_property: Callable[[str, object], None]
) -> None:
    rows = gold[language]
    aligned = _aligned(rows, Settings())
    exact = overlap = kept = wanted = 0.0
    pairs = projection.together(aligned, [row.source for row in rows], [row.target for row in rows])
    spans = [[] if row.tuned else measured.spans(row) for row in rows]
    found = projection.project(pairs, [[span for span, _ in drawn] for drawn in spans])
    for drawn, made in zip(spans, found, strict=True):
        for one, (_, (begin, end)) in zip(made, drawn, strict=True):
            wanted += 1
            if one.reason is None:
                kept += 1
                exact += (one.begin, one.end) == (begin, end)
                shared = max(0, min(one.end, end) - max(one.begin, begin))
                overlap += 2 * shared / (one.end - one.begin + end - begin)
    record_property("spans", f"{kept:.0f} of {wanted:.0f}")
    record_property("exact", round(2 * exact / (kept + wanted), 3))
    record_property("overlap", round(2 * overlap / (kept + wanted), 3))
    assert 2 * overlap / (kept + wanted) >= PROJECTED[language]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_induced_words(data_dir: Path, language: str, record_property: Callable[[str, object], None]) -> None:
    pairs = pl.read_csv(data_dir / "parallel/tico19.tsv.gz", separator="\t", quote_char=None)
    pairs = pairs.filter(pl.col("lang") == language).drop_nulls()
    words = pl.read_csv(data_dir / "lexicon/gatitos.tsv.gz", separator="\t", quote_char=None)
    aligned = align(pairs["english"], pairs["translation"], Settings())
    found = measured.judged(aligned, induction.induced(aligned), words.filter(pl.col("lang") == language))
    sure = found.confidence >= 0.5
    record_property("coverage", round(len(found.right) / found.heads, 3))
    record_property("p@1", round(float(found.right.sum()) / found.heads, 3))
    record_property("confident", f"{sure.sum()}: {found.right[sure].mean():.3f}")
    assert found.right.sum() / found.heads >= WORDS[language][0]
    assert found.right[sure].mean() >= WORDS[language][1]
