"""Professional translations by language, cut into stretches, and the noise that rules can see planted in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

SETS = {"tico19": 2_000, "oldi_seed": 2_000, "nusax": 500}
"""Pairs that rules are learnt from; they are tested on the others."""
ALIGNED = {("oldi_seed", "mni_Beng"): 1_500}
"""Lines that are in order: of OLDI's Meitei, lines 1,550 and on hold other sentences, and some of them many times."""


@dataclass(frozen=True)
class PairSet:
    name: str
    languages: tuple[str, str]
    source: pl.Series
    target: pl.Series

    def folds(self) -> Iterator[tuple[pl.Series, pl.Series, pl.Series, pl.Series]]:
        """Sources and targets to learn from, and to test on: each line is tested once where sets are small."""
        size, seed = len(self.source), min(SETS[self.name], len(self.source) - len(self.source) // 6)
        if self.name == "tico19":
            yield self.source[:seed], self.target[:seed], self.source[seed:], self.target[seed:]
            return
        step = size - seed
        for begin in range(0, size, step):
            inside = np.zeros(size, np.bool_)
            inside[begin : begin + step] = True
            own = pl.Series(inside)
            yield self.source.filter(~own), self.target.filter(~own), self.source.filter(own), self.target.filter(own)


def pair_sets(data_dir: Path, wanted: tuple[str, ...] = tuple(SETS)) -> Iterator[PairSet]:
    """Each language of each collection with English, of NusaX with Indonesian, from which it was translated."""
    folder = data_dir / "parallel"

    def read(name: str) -> Any:
        frame: Any = pl.read_csv(folder / name, separator="\t", quote_char=None, infer_schema=False)
        return frame.with_columns(pl.all().fill_null(""))

    if "tico19" in wanted:
        for (code,), rows in read("tico19.tsv.gz").group_by("lang", maintain_order=True):
            yield PairSet("tico19", ("eng_Latn", code), rows["english"], rows["translation"])
    for name, file, key, pivot in (
        ("oldi_seed", "oldi_seed.tsv.gz", "line", "eng_Latn"),
        ("nusax", "nusax_train.tsv.gz", "row", "ind_Latn"),
    ):
        if name in wanted:
            frame = read(file)
            left = frame.filter(pl.col("lang") == pivot)
            for (code,), rows in frame.filter(pl.col("lang") != pivot).group_by("lang", maintain_order=True):
                both = left.join(rows, on=key, maintain_order="left").head(ALIGNED.get((name, code), 1 << 30))
                yield PairSet(name, (pivot, code), both["text"], both["text_right"])


def _numbers(source: list[str], target: list[str], random: np.random.Generator) -> list[str | None]:
    """One digit of a target changed, where the source has digits too."""
    made: list[str | None] = []
    for one, text in zip(source, target, strict=True):
        places = [n for n, c in enumerate(text) if c.isdecimal()]
        if not places or not any(c.isdecimal() for c in one):
            made.append(None)
            continue
        place = places[random.integers(len(places))]
        digit = chr(ord(text[place]) + (1 if int(text[place]) < 9 else -1))
        made.append(text[:place] + digit + text[place + 1 :])
    return made


def _mojibake(text: str) -> str | None:
    """UTF-8 read as Windows-1252, as browsers do it; None where that changes fewer than three characters."""
    raw = text.encode()
    if sum(byte > 0x7F for byte in raw) < 3:
        return None
    return "".join(bytes([b]).decode("cp1252") if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(b) for b in raw)


def planted(
    source: pl.Series, target: pl.Series, other: list[str], random: np.random.Generator
) -> dict[str, tuple[pl.Series, pl.Series]]:
    """Pairs with noise by its kind: other targets beside the same sources. `other` are texts of another language."""
    mine, theirs = source.to_list(), target.to_list()
    size = len(mine)
    made: dict[str, list[str | None]] = {
        "wrong number": _numbers(mine, theirs, random),
        "copy": [text for text in mine],
        "wrong language": [other[n % len(other)] for n in range(size)],
        "empty": [" " if n % 2 else "…" for n in range(size)],
        "too long": [" ".join(theirs[(n + k) % size] for k in range(6)) for n in range(size)],
        "mojibake": [_mojibake(text) for text in theirs],
        "half": [text[: len(text) // 2] for text in theirs],
    }
    found = {}
    for kind, texts in made.items():
        kept = pl.Series([text is not None for text in texts])
        found[kind] = (source.filter(kept), pl.Series(texts, dtype=pl.String).filter(kept))
    return found
