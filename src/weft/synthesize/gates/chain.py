"""The chain of gates: what each says of every part of a record, until one refuses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.model.records import VERDICT
from weft.synthesize.gates import measures
from weft.synthesize.gates.calibration import Calibration
from weft.synthesize.gates.finishing import unfinished, wrong
from weft.synthesize.gates.held_out import HeldOut, contained
from weft.synthesize.gates.pieces import JUDGED, pieces
from weft.synthesize.gates.settings import GATES, GateSettings

VERSIONS = {name: 1 for name in GATES} | {"ending": 2, "numbers": 2}
"""Of each gate; raised when its answers change."""
_VERDICT = {
    "row": pl.Int64,
    "gate": pl.String,
    "version": pl.Int32,
    "part": pl.Int32,
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
    "detail": pl.String,
}
_MEASURES: dict[str, Callable[[pl.DataFrame, Calibration, GateSettings], measures.Measured]] = {
    "script": measures.script,
    "language": measures.language,
    "length": measures.length,
    "ending": measures.ending,
    "repetition": measures.repetition,
    "copy": measures.copy,
    "numbers": measures.numbers,
    "lexical": measures.lexical,
    "near_source": measures.near_source,
}


@dataclass
class _Alive:
    """Parts of records that no gate has refused yet, and what was said so far."""

    frame: pl.DataFrame
    told: list[pl.DataFrame]

    def hear(self, verdicts: pl.DataFrame) -> None:
        """Keep what a gate says; a record that it refuses goes no further, and what it says behind that is dropped."""
        failed = verdicts.filter(pl.col("verdict") == "fail")
        first = failed.group_by("row").agg(pl.col("part").min().fill_null(-1).alias("first"))
        kept = verdicts.join(first, on="row", how="left", maintain_order="left").filter(
            pl.col("first").is_null() | (pl.col("part").fill_null(-1) <= pl.col("first"))
        )
        self.told.append(kept.select(*_VERDICT))
        self.frame = self.frame.join(failed.select("row").unique(), on="row", how="anti", maintain_order="left")


def judge(
    records: pa.Table, calibration: Calibration, settings: GateSettings, held_out: HeldOut | None = None
) -> pa.Array:
    """What the gates say of each row of `records` (RECORD): list<VERDICT>, in the order of the chain.

    A list ends with its first `fail`; a row with a problem has an empty one. Each row is judged by itself, whatever
    else is in the batch. `held_out` are items that no record may hold; null: `contamination` does not judge.
    """
    alive = _Alive(pieces(records), [])
    for gate in GATES:
        if not settings.judges(gate) or alive.frame.is_empty():
            continue
        if gate == "finish":
            alive.hear(_finish(records, alive.frame))
        elif gate == "contamination":
            if held_out is not None:
                alive.hear(_contamination(alive.frame, held_out, settings.held_out_near))
        else:
            frame = alive.frame.filter(pl.col("relation").is_in(JUDGED) & pl.col("text").is_not_null())
            if frame.height:
                measured = _MEASURES[gate](frame, calibration, settings)
                alive.hear(_within(gate, measured))
    return _lists(alive.told, records.num_rows)


def _within(gate: str, measured: measures.Measured) -> pl.DataFrame:
    """Verdicts by bands: of the measures of a part, the first that is outside its band, else the first that is known.

    A part that the gate says nothing of has no verdict; one that nothing trusted tells of is unjudged.
    """
    frame, names = measured.frame, measured.names
    parts = []
    for number, name in enumerate(names):
        band = measured.bands.filter((pl.col("gate") == gate) & (pl.col("measure") == name))
        key = ["language", "other", "size"]
        held = frame.select("row", "part", *key, score=pl.col(name).cast(pl.Float64)).join(
            band.select(*key, "low", "high"), on=key, how="left", maintain_order="left"
        )
        known = pl.col("score").is_not_null() & (pl.col("low").is_not_null() | pl.col("high").is_not_null())
        outside = (pl.col("score") < pl.col("low")).fill_null(False) | (pl.col("score") > pl.col("high")).fill_null(
            False
        )
        verdict = pl.when(known & outside).then(0).when(known).then(1).otherwise(2)
        parts.append(held.with_columns(rank=verdict, number=pl.lit(number), detail=pl.lit(name)))
    best = (
        pl.concat(parts)
        .sort("row", "part", "rank", "number")
        .unique(["row", "part"], keep="first", maintain_order=True)
    )
    if measured.silent:
        best = best.filter(pl.col("rank") < 2)
    unknown = pl.col("rank") == 2
    return best.select(
        "row",
        "part",
        gate=pl.lit(gate),
        version=pl.lit(VERSIONS[gate], pl.Int32),
        score=pl.when(unknown).then(None).otherwise("score"),
        low=pl.when(unknown).then(None).otherwise("low"),
        high=pl.when(unknown).then(None).otherwise("high"),
        verdict=pl.col("rank").replace_strict({0: "fail", 1: "pass", 2: "unjudged"}, return_dtype=pl.String),
        detail=pl.when(unknown).then(pl.lit(measured.why)).otherwise("detail"),
    ).select(pl.col(name).cast(kind) for name, kind in _VERDICT.items())


def _finish(records: pa.Table, frame: pl.DataFrame) -> pl.DataFrame:
    """One verdict for calls that did not end by themselves, one for each part that a machine made."""
    cut = unfinished(records).join(frame.select("row").unique(), on="row", how="semi", maintain_order="left")
    whole = cut.select("row", detail=pl.format("finish {}", "finish"), part=pl.lit(None, pl.Int32), bad=pl.lit(True))
    made = frame.with_columns(wrong(frame)).filter(pl.col("relation") != "human")
    each = made.select("row", detail="wrong", part="part", bad=pl.col("wrong").is_not_null())
    told = pl.concat([whole, each], how="diagonal_relaxed")
    return _stated(told, "finish")


def _contamination(frame: pl.DataFrame, held: HeldOut, near: float) -> pl.DataFrame:
    """Of all parts, also those that people wrote."""
    found = frame.with_columns(contained(held, frame.with_columns(pl.col("text").fill_null("")), near).get_columns())
    told = found.select(
        "row", "part", score=pl.col("share").fill_null(0.0), detail="item", bad=pl.col("share").is_not_null()
    )
    return _stated(told, "contamination").with_columns(high=pl.lit(near))


def _stated(told: pl.DataFrame, gate: str) -> pl.DataFrame:
    verdict = pl.when(pl.col("bad")).then(pl.lit("fail")).otherwise(pl.lit("pass"))
    columns: dict[str, Any] = {
        "gate": pl.lit(gate),
        "version": pl.lit(VERSIONS[gate]),
        "verdict": verdict,
        "low": pl.lit(None),
        "high": pl.lit(None),
    }
    if "score" not in told.columns:
        columns["score"] = pl.lit(None)
    made = told.with_columns(**columns)
    return made.select(pl.col(name).cast(kind) for name, kind in _VERDICT.items())


def _lists(told: list[pl.DataFrame], rows: int) -> pa.Array:
    """A list of verdicts for each row: gates in their order, parts in theirs, the whole record before them."""
    joined = pl.concat([pl.DataFrame(schema=_VERDICT), *told])
    joined = joined.with_columns(place=pl.col("gate").replace_strict(list(GATES), list(range(len(GATES)))))
    joined = joined.sort("row", "place", "part", nulls_last=False, maintain_order=True)
    counts = np.bincount(joined["row"].to_numpy(), minlength=rows)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    columns = [joined[entry.name].to_arrow().cast(entry.type) for entry in VERDICT]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, fields=list(VERDICT)))
