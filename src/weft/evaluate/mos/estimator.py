"""An estimator of the quality of translations: of each pair of languages what it learnt, and what it says of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.evaluate.mos import guards, shape
from weft.evaluate.mos.calibration import Calibration
from weft.evaluate.mos.heads import BITS, Head, Seen
from weft.evaluate.mos.ratings import ITEM
from weft.evaluate.mos.shape import Known
from weft.evaluate.mos.vectors import PairEmbed
from weft.parallel.evidence import strings
from weft.parallel.lexicon import MOST_TOKENS
from weft.text.buffers import string_buffers
from weft.text.hashed_grams import Rows, rows, scaled
from weft.text.tokens import tokens

Floats = npt.NDArray[np.float32]
Tell = Callable[[str, int, int | None], None]
TEXT, PARALLEL, GLASS, VECTORS = "text", "parallel", "model_score", "encoder"
"""What a head looks at: the two texts, external parallel text, the score of the model that translated, vectors."""
_AT_ONCE = 4096
_CHARACTERS, _WORDS = 4, 2


@dataclass(frozen=True)
class Trained:
    """A head, what makes ratings of its values, and what it looks at beside the texts."""

    head: Head
    calibration: Calibration
    looks_at: tuple[str, ...]


@dataclass(frozen=True)
class PairModel:
    """Of two languages: what was learnt of words and characters, how rare n-grams are, and heads by name.

    `floor` is what a translation gets that is none; `taken_for` are languages that the identifier takes good
    translations for.
    """

    languages: tuple[str, str]
    known: Known
    external: Known | None
    rarity: tuple[Floats, Floats]
    heads: Mapping[str, Trained]
    floor: float
    taken_for: tuple[str, ...] = ()

    def head(self, given: frozenset[str]) -> Trained:
        """The head that looks at the most of what is given."""
        usable = [held for held in self.heads.values() if set(held.looks_at) <= given | {PARALLEL}]
        return max(usable, key=lambda held: (VECTORS in held.looks_at, len(held.looks_at)))

    def seen(
        self, trained: Trained, source: Sequence[str], target: Sequence[str], more: Mapping[str, Any] | None = None
    ) -> Seen:
        """What a head sees of pairs; `more` are `model_score` and `encoder` where it looks at them."""
        held = shape.columns(self.known, source, target)
        if PARALLEL in trained.looks_at and self.external is not None:
            held = np.concatenate([held, shape.parallel(self.external, source, target)], axis=1)
        given = more or {}
        if GLASS in trained.looks_at:
            held = np.concatenate([held, np.asarray(given[GLASS], np.float32)[:, None]], axis=1)
        grams = tuple(scaled(grams_of(side), rare) for side, rare in zip((source, target), self.rarity, strict=True))
        vectors = None
        if VECTORS in trained.looks_at:
            vectors = np.asarray(given[VECTORS], np.float32)
            held = np.concatenate([held, vectors[:, -1:]], axis=1)  # the cosine, with what waves are made of
        return Seen((grams[0], grams[1]), held, vectors)


def grams_of(texts: Sequence[str]) -> Rows:
    """Counts of the n-grams of texts."""
    held = string_buffers(strings(texts))
    return rows(held, tokens(held, fold_marks=True, prefix=0, most=MOST_TOKENS), BITS, _CHARACTERS, _WORDS)


@dataclass(frozen=True)
class Estimator:
    """Models by pair of languages; `kind` is that of the ratings, `card` what it was made from and how good it is."""

    pairs: Mapping[tuple[str, str], PairModel]
    kind: str
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        return str(self.card["signature"])

    def score(self, frame: pl.DataFrame, embed: PairEmbed | None = None, tell: Tell | None = None) -> pl.DataFrame:
        """`score`, `low`, `high` and `reason` of each row of a table with ITEM, and `domain` and `model_score` if any.

        A pair of languages that it was not trained on, and a row without a source, gets a reason and no score. A
        translation that is none (`guards`) gets the lowest score of its pair, no interval, and the reason.
        """
        out = [self._block(part, embed, tell, frame.height) for part in _blocks(frame)]
        empty = {"row": pl.UInt32, "score": pl.Float64, "low": pl.Float64, "high": pl.Float64, "reason": pl.String}
        made = pl.concat(out) if out else pl.DataFrame(schema=empty)
        return made.sort("row").drop("row")

    def _block(self, part: pl.DataFrame, embed: PairEmbed | None, tell: Tell | None, whole: int) -> pl.DataFrame:
        languages = (part[ITEM[0]][0], part[ITEM[1]][0])
        count = part.height
        scores = np.full((3, count), np.nan)
        why: list[str | None] = [guards.UNSUPPORTED] * count
        if languages in self.pairs:
            model = self.pairs[languages]
            source, target = part["source"].to_list(), part["translation"].to_list()
            why = guards.reasons(source, target, languages, model.taken_for)
            scores[0] = np.where([reason in guards.REASONS[2:] for reason in why], model.floor, np.nan)
            good = np.flatnonzero([reason is None for reason in why])
            if len(good):
                scores[:, good] = _scores(model, part[good], embed)
        if tell is not None:
            tell("score", int(part["row"].max()) + 1, whole)  # type: ignore[arg-type]
        made = {name: pl.Series(values).fill_nan(None) for name, values in
                zip(("score", "low", "high"), scores, strict=True)}  # fmt: skip
        return pl.DataFrame({"row": part["row"], **made, "reason": pl.Series(why, dtype=pl.String)})


def _scores(model: PairModel, part: pl.DataFrame, embed: PairEmbed | None) -> npt.NDArray[np.float64]:
    """Score, low and high (3, rows); rows with the score of a model and rows without go to different heads."""
    known = part[GLASS].is_finite().fill_null(value=False).to_numpy() if GLASS in part.columns else None
    if known is None or not known.any():
        return _alike(model, part, embed, glass=False)
    found = np.empty((3, part.height))
    for glass in (True, False):
        rows = np.flatnonzero(known == glass)
        if len(rows):
            found[:, rows] = _alike(model, part[rows], embed, glass=glass)
    return found


def _alike(model: PairModel, part: pl.DataFrame, embed: PairEmbed | None, *, glass: bool) -> npt.NDArray[np.float64]:
    source, target = part["source"].to_list(), part["translation"].to_list()
    there = {GLASS} if glass else set()
    trained = model.head(frozenset(there if embed is None else {*there, VECTORS}))
    given: dict[str, Any] = {GLASS: part[GLASS].to_numpy()} if GLASS in trained.looks_at else {}
    if VECTORS in trained.looks_at and embed is not None:
        given[VECTORS] = embed(source, target)
    values = trained.head.values(model.seen(trained, source, target, given))
    domains = part["domain"].to_list() if "domain" in part.columns else None
    return np.stack(trained.calibration.scores(values, domains))


def _blocks(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows of one pair of languages, so many at once, with their numbers."""
    held = frame.with_row_index("row").with_columns(pl.col("source", "translation").cast(pl.String).fill_null(""))
    if "model_score" in held.columns:
        held = held.with_columns(pl.col("model_score").cast(pl.Float64, strict=False))
    parts = held.partition_by(*ITEM[:2], maintain_order=True)
    return [part[at : at + _AT_ONCE] for part in parts for at in range(0, part.height, _AT_ONCE)]
