"""Word alignment by people (Ancient Greek with three languages), and what is measured on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from weft.parallel.word_alignment import Aligned, pair_links
from weft.text.buffers import string_buffers
from weft.text.tokens import tokens

Pairs = set[tuple[int, int]]


class Gold(NamedTuple):
    """A pair whose words people linked; `sure` links are among the `possible` ones."""

    name: str
    source: str
    target: str
    sure: Pairs
    possible: Pairs

    @property
    def tuned(self) -> bool:
        """Whether it is of the fifth by which settings were chosen."""
        return int(self.name.split(":")[1]) % 5 == 0


def gold(data: Path) -> dict[str, list[Gold]]:
    """Pairs by language."""
    table = pl.read_csv(data / "align/ugarit_wordalign.tsv.gz", separator="\t", quote_char=None)
    found: dict[str, list[Gold]] = {}
    for row in table.iter_rows(named=True):
        links = [(tuple(int(place) for place in one[:-1].split("-")), one[-1]) for one in row["links"].split(" ")]
        possible = {(i, j) for (i, j), _ in links}
        sure = {(i, j) for (i, j), kind in links if kind == "S"}
        found.setdefault(row["lang_b"], []).append(Gold(row["id"], row["tokens_a"], row["tokens_b"], sure, possible))
    return found


def links_of(aligned: Aligned) -> list[Pairs]:
    return [{(i, j) for i, j in pair_links(aligned, n)[0].tolist()} for n in range(len(aligned.source))]


def error_rate(rows: Iterable[Gold], links: Iterable[Pairs]) -> float:
    """Alignment error rate: 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|) (Och and Ney 2003)."""
    counts = _counts(rows, links).sum(0)
    return float(1 - (counts[0] + counts[1]) / (counts[2] + counts[3]))


def _counts(rows: Iterable[Gold], links: Iterable[Pairs]) -> np.ndarray:
    held = [
        (len(one & row.sure), len(one & row.possible), len(one), len(row.sure))
        for row, one in zip(rows, links, strict=True)
    ]
    return np.array(held, float)


def interval(rows: Sequence[Gold], links: Sequence[Pairs], draws: int = 1000) -> tuple[float, float]:
    """95 % interval of the error rate, from pairs drawn with replacement."""
    held = _counts(rows, links)
    drawn = held[np.random.default_rng(1).integers(0, len(held), (draws, len(held)))].sum(1)
    low, high = np.quantile(1 - (drawn[:, 0] + drawn[:, 1]) / (drawn[:, 2] + drawn[:, 3]), (0.025, 0.975))
    return float(low), float(high)


def untuned(rows: Sequence[Gold], links: Sequence[Pairs]) -> tuple[list[Gold], list[Pairs]]:
    """What was not used to choose settings."""
    kept = [(row, one) for row, one in zip(rows, links, strict=True) if not row.tuned]
    return [row for row, _ in kept], [one for _, one in kept]


def places(text: str) -> list[tuple[int, int]]:
    """Places in characters of what stands between single spaces."""
    out, at = [], 0
    for word in text.split(" "):
        out.append((at, at + len(word)))
        at += len(word) + 1
    return out


def spans(row: Gold) -> list[tuple[dict[str, int], tuple[int, int]]]:
    """Runs of one to three words that people linked to words of the target without a gap, and where these are."""
    words, source, target = row.source.split(" "), places(row.source), places(row.target)
    found, at = [], 0
    while at < len(words):
        size = 1 + (at * 7 + len(words)) % 3
        inside = range(at, at + size)
        if at + size <= len(words) and all(any(one.isalpha() for one in words[k]) for k in inside):
            there = sorted({j for i, j in row.possible if i in inside})
            if {i for i, _ in row.possible} >= set(inside) and there[-1] - there[0] + 1 == len(there):
                span = {"begin": source[at][0], "end": source[at + size - 1][1]}
                found.append((span, (target[there[0]][0], target[there[-1]][1])))
        at += size + 2
    return found


def folded(texts: Sequence[str]) -> np.ndarray:
    """Hashes of single words without case and marks; 0 for what is more than one."""
    found = tokens(string_buffers(pl.Series(texts, dtype=pl.String).to_arrow()), fold_marks=True)
    one = np.diff(found.starts) == 1
    out = np.zeros(len(texts), np.uint64)
    out[one] = found.hashes[found.starts[:-1][one]]
    return out


class Induced(NamedTuple):
    """Head words that could be right, those with a translation, and whether the first one is right, by confidence."""

    heads: int
    right: np.ndarray
    confidence: np.ndarray


def judged(aligned: Aligned, table: pl.DataFrame, words: pl.DataFrame) -> Induced:
    """The first translations of a word list by those of people (`english`, `translation`).

    Only head words that stand in the pairs count, with a translation of one word that stands in them too.
    """
    known = pl.DataFrame({"word": folded(words["english"].to_list()), "right": folded(words["translation"].to_list())})
    forms = [folded(side.forms.to_pylist()) for side in (aligned.source, aligned.target)]
    known = known.filter(
        pl.col("word") != 0, pl.col("right") != 0,
        pl.col("word").is_in(pl.Series(forms[0]).implode()), pl.col("right").is_in(pl.Series(forms[1]).implode()),
    ).unique()  # fmt: skip
    first = table.filter(pl.col("rank") == 1)
    first = pl.DataFrame(
        {
            "word": folded(first["word"].to_list()),
            "right": folded(first["translation"].to_list()),
            "confidence": first["confidence"],
        }
    ).filter(pl.col("word").is_in(known["word"].implode()))
    told = first.join(known.with_columns(is_right=True), on=["word", "right"], how="left")
    return Induced(
        known["word"].n_unique(), told["is_right"].fill_null(False).to_numpy(), told["confidence"].to_numpy()
    )
