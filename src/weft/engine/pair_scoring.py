"""A scorer over a file of pairs of any size: every row as it is, with what the scorer says of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from weft.engine.pair_blocks import Layout, pairs_of, places, strings_of
from weft.engine.pair_filter import UNREADABLE, without_vector
from weft.engine.pair_lines import in_order, json_lines, table_lines
from weft.engine.pair_writer import PairWriter
from weft.parallel.encoding import Embed
from weft.parallel.scorer import Scorer

ADDED = ("score", "probability", "reasons")
Advance = Callable[[int, int, int], None]
"""Told after each block: bytes of the file, pairs and pairs that pass so far."""


@dataclass(frozen=True)
class Scoring:
    """What is scored, by what, and where it goes; `turned`: the file has the model's languages the other way round.

    `embed` gives vectors to a scorer that was trained with an encoder.
    """

    held: Layout
    scorer: Scorer
    into: Path
    turned: bool = False
    workers: int = 1
    embed: Embed | None = None


class _Scored(NamedTuple):
    out: Any
    pairs: int
    kept: int
    reasons: Counter[str]
    bare: int


def score_pairs(job: Scoring, advance: Advance = lambda size, pairs, kept: None) -> dict[str, Any]:
    """Score a file; returns `read`, `pass`, and of each reason how many pairs do not pass because of it.

    With an encoder also `without_vector`: readable pairs of which a side has none.

    Blocks are scored by several threads and written in their order: the same bytes on any number of them. Raises
    WeftError for a file that cannot be read or written; then there is no output.
    """
    wanted = places(job.held) if job.held.format == "tsv" else ()
    started, pairs, kept, bare = time.monotonic(), 0, 0, 0
    reasons: Counter[str] = Counter()
    with PairWriter(job.into, job.held, ADDED) as writer:
        for made, size in in_order(job.held, lambda block: _scored(block, job, wanted), job.workers):
            writer.write(made.out)
            pairs, kept, bare = pairs + made.pairs, kept + made.kept, bare + made.bare
            reasons += made.reasons
            advance(size, pairs, kept)
        writer.done()
    seconds = time.monotonic() - started
    return {
        "read": pairs,
        "pass": kept,
        "reasons": dict(sorted(reasons.items())),
        **({} if job.embed is None else {"without_vector": bare}),
        "seconds": round(seconds, 3),
        "pairs_per_second": round(pairs / max(seconds, 1e-9)),
    }


def _scored(block: Any, job: Scoring, wanted: tuple[int, ...]) -> _Scored:
    pairs, starts = pairs_of(block, job.held, wanted)
    sides = (pairs.target, pairs.source) if job.turned else (pairs.source, pairs.target)
    scored = job.scorer.score(strings_of(sides[0]), strings_of(sides[1]), job.embed)
    bare = without_vector(scored, pairs)
    found = scored.select(
        pl.col("score").round(4), pl.col("probability").round(4), "reasons", unreadable=pl.Series(pairs.unreadable)
    )
    nothing = pl.when(~pl.col("unreadable"))
    found = found.select(
        nothing.then("score").alias("score"),
        nothing.then("probability").alias("probability"),
        nothing.then("reasons").otherwise(pl.lit([UNREADABLE])).alias("reasons"),
    )
    counts = found["reasons"].explode().drop_nulls().value_counts()
    reasons = Counter(dict(counts.iter_rows()))
    kept = int((found["reasons"].list.len() == 0).sum())
    if starts is None:
        out = block
        for name, column in zip(ADDED, found.to_arrow(compat_level=pl.CompatLevel.oldest()).columns, strict=True):
            out = out.append_column(name, column)
        return _Scored(out, found.height, kept, reasons, bare)
    rows = np.arange(found.height)
    if job.held.format == "jsonl":
        made = json_lines(block, starts, rows, _said(found, _fields()), pairs.unreadable)
    else:
        made = table_lines(block, starts, rows, _said(found, _cells()))
    return _Scored(made, found.height, kept, reasons, bare)


def _cells() -> pl.Expr:
    score, probability = (pl.col(name).cast(pl.String).fill_null("") for name in ADDED[:2])
    return pl.format("\t{}\t{}\t{}", score, probability, pl.col("reasons").list.join(","))


def _fields() -> pl.Expr:
    score, probability = (pl.col(name).cast(pl.String).fill_null("null") for name in ADDED[:2])
    reasons = pl.col("reasons").list.eval(pl.format('"{}"', pl.element())).list.join(",")
    parts = (pl.lit('{"score":'), score, pl.lit(',"probability":'), probability, pl.lit(',"reasons":['), reasons)
    return pl.concat_str(*parts, pl.lit("]"))


def _said(found: pl.DataFrame, what: pl.Expr) -> pa.Array:
    return found.select(what).to_series().to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_binary())
