"""The language on which several identifiers agree: fewer answers, and more of them right."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator

Column = Annotated[str, Field(pattern=r"^lid(_[a-z0-9_]+)?$")]


@operator("label.lid_vote", version=1, reads=(), writes={"lid_vote": LID}, columns_in="identifiers")
def lid_vote(
    *,
    identifiers: Annotated[tuple[Column, ...], Field(min_length=2)] = ("lid", "lid_cld3", "lid_langid"),
    agree: Annotated[int, Field(ge=2)] | None = None,
) -> BatchFunction:
    """Language that at least `agree` (null: all) of the `identifiers` answer, in the form of label.lid.

    `identifiers` are columns of the form of label.lid that earlier steps write. The score is the mean of those that
    agree. Two languages with equally many votes are no agreement. Reasons of `und_<Script>`: disagree; the reason of
    the identifiers where all refuse for the same one. Null where every identifier is null.
    """
    if len(set(identifiers)) < len(identifiers) or "lid_vote" in identifiers:
        raise ValueError(
            f"identifiers are {', '.join(identifiers)}; expected different columns, lid_vote not among them"
        )
    least = agree or len(identifiers)
    if least > len(identifiers):
        raise ValueError(f"agree is {agree} of {len(identifiers)} identifiers; expected at most all")

    def label(batch: pa.Table) -> pa.Table:
        columns = [batch[name].combine_chunks() for name in identifiers]
        codes, scores = _answers(columns)
        votes = np.stack([((codes == one) & (one >= 0)).sum(axis=0) for one in codes])
        best = votes.argmax(axis=0)
        rows = np.arange(batch.num_rows)
        most, winner = votes[best, rows], codes[best, rows]
        tied = ((votes == most) & (codes != winner)).any(axis=0)
        agreed = pa.array((most >= least) & ~tied)
        mine = codes == winner
        score = np.divide((scores * mine).sum(axis=0), most, out=np.zeros(len(rows)), where=most > 0)
        script = pc.coalesce(*(pc.struct_field(column, "script") for column in columns), "Zyyy")
        language = _taken([pc.struct_field(column, "language") for column in columns], best)
        parts = [
            pc.if_else(agreed, language, pc.binary_join_element_wise("und", script, "_")),
            pc.if_else(agreed, pa.array(score, pa.float32()), pa.scalar(0, pa.float32())),
            script,
            pc.if_else(agreed, pa.scalar(None, pa.string()), _refusal(columns)),
        ]
        silent = np.logical_and.reduce([column.is_null().to_numpy(zero_copy_only=False) for column in columns])
        made = pa.StructArray.from_arrays(parts, fields=list(LID), mask=pa.array(silent))
        return batch.append_column("lid_vote", made)

    return label


def _answers(columns: list[pa.Array]) -> tuple[np.ndarray, np.ndarray]:
    """A number for each language that each identifier answers (-1: none) and its score, identifiers by rows."""
    frame = pl.DataFrame({str(n): pl.from_arrow(pc.struct_field(c, "language")) for n, c in enumerate(columns)})
    known = frame.select(pl.when(~pl.all().str.contains("^(und|zxx)_")).then(pl.all()))
    numbers = {
        code: n for n, code in enumerate(sorted(set().union(*(known[name].drop_nulls() for name in known.columns))))
    }
    codes = [
        known[name].replace_strict(numbers, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
        for name in known.columns
    ]
    scores = [
        pc.fill_null(pc.struct_field(column, "score"), 0).to_numpy(zero_copy_only=False).astype(np.float64)
        for column in columns
    ]
    return np.stack(codes), np.stack(scores)


def _taken(columns: list[pa.Array], which: np.ndarray) -> pa.Array:
    rows = len(which)
    return pa.concat_arrays(columns).take(pa.array(which * rows + np.arange(rows)))


def _refusal(columns: list[pa.Array]) -> pa.Array:
    """The reason that all identifiers give, else disagree."""
    reasons = [pc.fill_null(pc.struct_field(column, "reason"), "") for column in columns]
    same = pc.not_equal(reasons[0], "")
    for other in reasons[1:]:
        same = pc.and_(same, pc.equal(reasons[0], other))
    return pc.if_else(same, reasons[0], "disagree")
