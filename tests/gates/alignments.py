"""Documents with known alignment, made from parallel lines, and how much of it is found again."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from weft.parallel.alignment import Weights, document
from weft.parallel.alignment_passes import How, Seed, aligned
from weft.parallel.lexicon import train

Pair = tuple[str, str]
Bead = tuple[int, int, int, int]
"""First sentence and sentences of the first side, then of the second."""


class Rates(NamedTuple):
    """Shares of lines to which each is done, on one side or the other; of insertions up to three lines at once."""

    merged: float
    split: float
    inserted: float
    deleted: float


LIGHT = Rates(0.06, 0.06, 0.04, 0.04)
HEAVY = Rates(0.15, 0.15, 0.10, 0.10)
_PLACE = re.compile(r"(?<=[,;:—–،؛、，፣፤።؟?!.။၊।])\s+|(?<=[、，။၊])")


class Made(NamedTuple):
    """Two documents and the beads of both, those that have sentences on both sides."""

    first: list[str]
    second: list[str]
    beads: list[Bead]


def halves(text: str) -> list[str] | None:
    """A text in two at the punctuation mark nearest its middle; none where it has none in the middle three fifths."""
    places = [m.start() for m in _PLACE.finditer(text) if 0.2 <= m.start() / len(text) <= 0.8]
    if not places:
        return None
    at = min(places, key=lambda place: abs(place - len(text) / 2))
    parts = [text[:at].strip(), text[at:].strip()]
    return parts if all(parts) else None


def made(pairs: list[Pair], spare: list[Pair], rates: Rates, draw: random.Random) -> Made:
    """Documents of these lines in their order; what is inserted comes from `spare`."""
    sides: tuple[list[str], list[str]] = ([], [])
    beads: list[Bead] = []
    ends = list(itertools.accumulate(rates))
    number = 0
    while number < len(pairs):
        kind, which = draw.random(), draw.randrange(2)
        own: list[list[str]] = [[pairs[number][0]], [pairs[number][1]]]
        number += 1
        if kind < ends[0] and number < len(pairs):
            for side in range(2):
                own[side].append(pairs[number][side])
            own[which] = [" ".join(own[which])]
            number += 1
        elif kind < ends[1]:
            own[which] = halves(own[which][0]) or own[which]
        elif kind < ends[2]:
            sides[which].extend(pair[which] for pair in draw.sample(spare, draw.randint(1, 3)))
        elif kind < ends[3]:
            own[which] = []
        if own[0] and own[1]:
            beads.append((len(sides[0]), len(own[0]), len(sides[1]), len(own[1])))
        for side in range(2):
            sides[side].extend(own[side])
    return Made(*sides, beads)


def strict(found: np.ndarray, wanted: list[Bead]) -> tuple[int, int, int]:
    """Beads with both sides that are found exactly, that are answered, that are wanted."""
    answered = {tuple(map(int, bead)) for bead in found if bead[1] and bead[3]}
    return len(answered & set(wanted)), len(answered), len(wanted)


def f1(counts: tuple[int, int, int]) -> float:
    right, answered, wanted = counts
    return 2 * right / max(answered + wanted, 1)


def interval(counts: list[tuple[int, int, int]], seed: int = 0) -> tuple[float, float]:
    """95 of 100 draws of documents, with replacement, have an F1 between these."""
    draw = np.random.default_rng(seed)
    held = np.array(counts)
    found = [f1(tuple(held[draw.integers(0, len(held), len(held))].sum(axis=0))) for _ in range(1000)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def lines(data: Path, source: str) -> dict[str, list[Pair]]:
    """Of each language its pairs with English (TICO-19, OLDI Seed) or Indonesian (NusaX), in the order of lines."""
    if source == "tico19":
        held = table(data / "parallel/tico19.tsv.gz").rename({"english": "a", "translation": "b"})
    else:
        file, key, pivot = {
            "oldi": ("parallel/oldi_seed.tsv.gz", "line", "eng_Latn"),
            "nusax": ("parallel/nusax_train.tsv.gz", "row", "ind_Latn"),
        }[source]
        held = table(data / file).rename({"text": "b"})
        own = held.filter(lang=pivot).unique(key, keep="first", maintain_order=True).select(key, a="b")
        held = held.filter(pl.col("lang") != pivot).join(own, on=key, maintain_order="left")
    held = held.filter(pl.all_horizontal(pl.col("a", "b").fill_null("").str.strip_chars() != ""))
    return {
        str(name): list(zip(rows["a"], rows["b"], strict=True))
        for (name,), rows in held.group_by("lang", maintain_order=True)
    }


def table(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)


def documents(pairs: list[Pair], source: str, rates: Rates, size: int = 100) -> tuple[list[Pair], list[Made]]:
    """Seed and documents of `size` lines: the first 2,000 lines of TICO-19 and half of the others are the seed, the
    documents are made of the rest, and what is inserted comes from another document."""
    seed = 2000 if source == "tico19" else len(pairs) // 2
    rest = pairs[seed:]
    count = max(len(rest) // size, 1)
    draw = random.Random(len(rest))
    bounds = [len(rest) * n // count for n in range(count + 1)]
    return pairs[:seed], [
        made(rest[low:high], rest[:low] + rest[high:], rates, draw) for low, high in itertools.pairwise(bounds)
    ]


def stories(data: Path, least: int = 12) -> dict[str, list[list[Pair]]]:
    """Of each language the pages of its stories with those in English, where there are so many stories."""
    held = pl.read_ndjson(data / "align/african_storybook.jsonl.gz").filter("same_pages", lang_a="eng_Latn")
    held = held.filter(pl.col("a").list.len() == pl.col("b").list.len())
    return {
        str(name): [list(zip(a, b, strict=True)) for a, b in rows.select("a", "b").iter_rows()]
        for (name,), rows in held.group_by("lang_b", maintain_order=True)
        if rows.height >= least
    }


def story_documents(pages: list[list[Pair]], rates: Rates) -> tuple[list[Pair], list[Made], list[Made]]:
    """Pages of the first half of the stories as a seed; a document of each story of the other half, in which pages are
    merged, split, inserted from another story, and left out; and such documents of the first half."""
    draw, half = random.Random(len(pages)), len(pages) // 2
    documents = [
        made(own, [page for other in pages if other is not own for page in other], rates, draw) for own in pages
    ]
    return [page for own in pages[:half] for page in own], documents[half:], documents[:half]


MODES = ("lengths", "no seed", "seed", "seed, one pass")


def counted(
    documents: list[Made], seed: list[Pair], mode: str, more: list[Made] | None = None
) -> list[tuple[int, int, int]]:
    """Of each document what `strict` gives: by lengths alone, without a seed, with one, with a lexicon that was learnt
    from it before, and without what is learnt from the documents. Where there is no seed `more` documents are there to
    learn from."""
    seeded, languages = mode.startswith("seed"), ("und_Zyyy", "und_Zyyz")
    sides = Seed(*(pl.Series([pair[n] for pair in seed]) for n in range(2)))
    how = How(
        languages,
        seed=sides if seeded else None,
        lexicon=train(*sides, languages) if mode == "lexicon" else None,
        passes=2 if mode in ("no seed", "seed", "lexicon") else 0,
        weights=Weights(length=1.0, words=0.0) if mode == "lengths" else Weights(),
    )
    held = documents + ([] if seeded or more is None else more)
    found = aligned([(document(own.first), document(own.second)) for own in held], how)
    return [strict(path.beads, own.beads) for path, own in zip(found, documents, strict=False)]
