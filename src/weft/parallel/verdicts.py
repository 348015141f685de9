"""What label.pair_rules computes: pairs of a batch by their languages, judged by the rules of these."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.parallel.pair_columns import column_of, paired
from weft.parallel.rule_file import load, of_pair
from weft.parallel.rule_profiles import PROFILES, profile
from weft.parallel.rules import Bound, Judged, Rules, judge
from weft.text.pair_signals import Texts, texts

Find = Callable[[tuple[str, str]], tuple[Rules, bool] | None]
"""Rules of two languages and whether they are for the other direction."""


def verdicts(
    rules: str | None,
    name: str | None,
    identify: bool,
    depth_field: str | None,
    most_depth: int | None,
    kind: pa.StructType,
) -> Callable[[pa.Table], pa.Array]:
    """Makes the column of a batch, of type `kind`. Raises ValueError for a profile that there is not."""
    if name is not None and name not in PROFILES:
        raise ValueError(f"profile is {name}; expected {' or '.join(PROFILES)}")
    find = _finder(rules, name, most_depth)
    answered = _identifier() if identify else None

    def column(batch: pa.Table) -> pa.Array:
        frame = paired(batch, depth_field)
        found = [_judged(part, find, answered) for part in frame.partition_by("first", "language")]
        return column_of(found, batch.num_rows, kind, _refusals())

    return column


def _finder(file: str | None, name: str | None, most_depth: int | None) -> Find:
    held = load(Path(file)) if file is not None else {}
    steps = () if most_depth is None else (Bound("translation_depth", "depth", high=most_depth),)

    def find(languages: tuple[str, str]) -> tuple[Rules, bool] | None:
        found = (profile(name, languages), False) if name is not None else of_pair(held, languages)
        if found is None:
            return (Rules(languages, steps), False) if steps else None
        given, turned = found
        return Rules(given.languages, (*given.bounds, *steps), given.expected, given.stop_words, given.answers), turned

    return functools.cache(find)


def _identifier() -> Callable[[Texts], Any]:
    from weft.language.model import packaged
    from weft.parallel.side_languages import labels

    return functools.partial(labels, packaged("default"))


def _judged(part: pl.DataFrame, find: Find, answered: Any) -> pl.DataFrame:
    """The struct's fields for the pairs of two languages."""
    languages = (part["first"][0], part["language"][0])
    found = find(languages)
    rules, turned = found if found is not None else (Rules(languages, ()), False)
    given = (texts(part["source"]), texts(part["text"]))
    depth = part["depth"].fill_null(float("nan")).to_numpy()
    judged = judge(rules, *(given[::-1] if turned else given), answered=answered, depth=depth)
    shown = languages[::-1] if turned else languages
    held = part.select("row", "number", source=pl.lit(shown[0]), target=pl.lit(shown[1]))
    return held.with_columns(*_said(judged, rules, found is not None), *_numbers(judged))


def _said(judged: Judged, rules: Rules, known: bool) -> list[pl.Series]:
    if not known:
        size = len(judged.masks)
        return [pl.Series("keep", [None] * size, pl.Boolean), pl.Series("reasons", [None] * size, pl.List(pl.String))]
    different, place = np.unique(judged.masks, return_inverse=True)
    listed = [[name for n, name in enumerate(rules.names) if mask >> n & 1] for mask in different.tolist()]
    reasons = pl.Series("reasons", listed, pl.List(pl.String)).gather(pl.Series(place, dtype=pl.UInt32))
    return [pl.Series("keep", judged.masks == 0), reasons]


def _numbers(judged: Judged) -> list[pl.Series]:
    return [pl.Series(name, value, pl.Float32).fill_nan(None) for name, value in judged.signals.items()]


def _refusals() -> pl.Expr:
    return pl.col("reasons").list.len().fill_null(0)
