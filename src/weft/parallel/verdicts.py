"""What label.pair_rules computes: pairs of a batch by their languages, judged by the rules of these."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.parallel.rule_file import load, of_pair
from weft.parallel.rule_profiles import PROFILES, profile
from weft.parallel.rules import Bound, Judged, Rules, judge
from weft.text.pair_signals import Texts, texts
from weft.text.sides import sides

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
        frame = _paired(batch, depth_field)
        found = [_judged(part, find, answered) for part in frame.partition_by("first", "language")]
        return _column(found, batch.num_rows, kind)

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


def _paired(batch: pa.Table, depth_field: str | None) -> pl.DataFrame:
    """A row for each side but the first of each pair: row, languages, texts and depth."""
    apart = sides(batch).with_columns(number=pl.int_range(pl.len()).over("row"))
    first = apart.filter(pl.col("number") == 0).select("row", first="language", source="text")
    later = apart.filter(pl.col("number") > 0).join(first, on="row", maintain_order="left")
    depth = pl.lit(None, pl.Float32)
    if depth_field is not None:
        meta: Any = pl.from_arrow(batch["meta"])
        steps = meta.cast(pl.String).str.json_path_match(f"$.{depth_field}").cast(pl.Float32, strict=False)
        depth = pl.lit(steps).gather(pl.col("row"))
    return later.with_columns(depth.alias("depth"))


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


def _column(found: list[pl.DataFrame], rows: int, kind: pa.StructType) -> pa.Array:
    """One struct for each row of a batch; null where it is no pair."""
    if not found:
        return pa.nulls(rows, kind)
    every = pl.concat(found)
    worst = every.with_columns(pl.col("reasons").list.len().fill_null(0).alias("count"))
    worst = worst.sort("row", "count", "number", descending=[False, True, False])
    merged = (
        every.sort("row", "number")
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("keep").drop_nulls().all().alias("keep"),
            pl.col("keep").is_not_null().any().alias("known"),
            pl.col("reasons").drop_nulls().list.explode().unique(maintain_order=True).alias("reasons"),
        )
    )
    known = pl.col("known")
    merged = merged.select(
        "row", pl.when(known).then("keep").alias("keep"), pl.when(known).then("reasons").alias("reasons")
    )
    one = worst.unique("row", keep="first", maintain_order=True).drop("keep", "reasons").join(merged, on="row")
    whole = pl.DataFrame({"row": pl.arange(rows, dtype=pl.UInt32, eager=True)}).join(one, on="row", how="left")
    whole = whole.sort("row")
    parts = [whole[field.name].to_arrow().cast(field.type) for field in kind]
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=whole["source"].is_null().to_arrow())
