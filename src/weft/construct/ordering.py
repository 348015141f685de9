"""The order of train: from easy to hard by a number of each row, in phases; what a recipe says of it, and the ranks."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from weft.construct.draw import draw
from weft.construct.rules import RuleError, Rules
from weft.errors import WeftError

Integers = npt.NDArray[np.int64]
STREAM = 0x6F7264
"""Added to the seed: the draws of splits and mixtures are others."""
PHASE = pa.field("phase", pa.string())
"""Name of the phase in which a row of train is read; null in the other splits."""
ORDER = pa.field("order", pa.float64())
"""Number of the phase from 0, plus the share of the language's rows in this phase that come before; null outside of
train."""
_DIRECTION = re.compile(r"\s+(asc|desc)\s*$", re.IGNORECASE)

Sql = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
PhaseName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Phase(_Closed):
    """A stretch of training, and which rows of train are kept for it."""

    name: PhaseName = Field(description="What the column phase holds: lower-case letters, digits and _.")
    where: Sql | None = Field(None, description="SQL condition of the rows that it takes; null: any row.")
    share: float | None = Field(
        None, gt=0, le=1, description="Share of these rows, drawn by id; the others are for earlier phases; null: all."
    )


class Order(_Closed):
    """How the rows of train follow one another in the files of each language."""

    by: Sql | None = Field(
        None,
        description="SQL expression of the columns that gives a number, lowest first; with DESC at its end highest.",
    )
    buckets: int | None = Field(
        None, ge=2, description="Equal parts from low to high, each shuffled within; null: strictly by the number."
    )
    phases: tuple[Phase, ...] = Field(
        (), description="In the order of training; a row goes to the last phase that takes it, the first has the rest."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Order:
        if self.by is None and not self.phases:
            raise ValueError("neither by nor phases; expected by: signals.words, or phases")
        if self.buckets is not None and self.by is None:
            raise ValueError("buckets without by; expected by: signals.words beside it")
        names = [phase.name for phase in self.phases]
        if len(names) == 1 or len(set(names)) < len(names):
            raise ValueError(f"phases {', '.join(names)}; expected two or more, each with a name of its own")
        if self.phases and (self.phases[0].where is not None or self.phases[0].share is not None):
            raise ValueError(
                f"the first phase, {names[0]}, has where or share; expected neither: it has what later phases leave"
            )
        return self

    @property
    def expression(self) -> str | None:
        """`by` without its direction."""
        return None if self.by is None else _DIRECTION.sub("", self.by)

    @property
    def descending(self) -> bool:
        """Whether the highest number comes first."""
        found = None if self.by is None else _DIRECTION.search(self.by)
        return found is not None and found[1].lower() == "desc"

    def conditions(self, names: Collection[str] | None = None) -> Rules:
        """Conditions of the phases, or of those that are named. Raises RuleError."""
        named = {phase.name: phase.where for phase in self.phases if phase.where is not None}
        return Rules({name: sql for name, sql in named.items() if names is None or name in names})

    def number(self) -> Rules:
        """The expression of `by` under the name `by`. Raises RuleError."""
        return Rules({} if self.expression is None else {"by": self.expression})

    def columns(self) -> set[str]:
        """Top-level columns that are read."""
        return self.number().columns() | self.conditions().columns()

    def extended(self, before: pa.Schema) -> pa.Schema:
        """The schema of files with PHASE, if there are phases, and ORDER."""
        return (before.append(PHASE) if self.phases else before).append(ORDER)


def valued(frame: pl.DataFrame, order: Order, seed: int) -> pl.DataFrame:
    """`phase` (where there are phases) and `order` of rows with `id`, `split` and what the expressions read.

    `order` is the number that rows are to be sorted by, lowest first, null where there is none. Both are null
    outside of train. Raises WeftError for what cannot be computed.
    """
    try:
        return _valued(frame, order, seed)
    except RuleError as error:
        what = "construct.order.by" if error.rule == "by" else f"construct.order, phase {error.rule}"
        raise WeftError(str(error).replace(f"rule {error.rule}", what, 1)) from error


def _valued(frame: pl.DataFrame, order: Order, seed: int) -> pl.DataFrame:
    train = pl.col("split") == "train"
    number = order.number().numbers(frame)
    value = number["by"] if order.by is not None else pl.Series([None] * frame.height, dtype=pl.Float64)
    made = frame.select(pl.when(train).then(-value if order.descending else value).alias("order"))
    if not order.phases:
        return made
    passing = order.conditions().passing(frame)
    chosen = pl.lit(order.phases[0].name)
    taken = []
    for place, phase in enumerate(order.phases[1:], 1):
        takes = passing[phase.name] if phase.where is not None else pl.Series([True] * frame.height)
        if phase.share is not None:
            takes = takes & pl.Series(_drawn(frame["id"], seed + STREAM + place) < phase.share)
        taken.append(takes.alias(phase.name))
        chosen = pl.when(pl.col(phase.name)).then(pl.lit(phase.name)).otherwise(chosen)
    phases = pl.DataFrame([frame["split"].alias(" split"), *taken])
    return phases.select(pl.when(pl.col(" split") == "train").then(chosen).cast(pl.String).alias("phase")).hstack(made)


def _drawn(ids: pl.Series, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each id."""
    return (draw(ids, seed) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


class Ranks(NamedTuple):
    """Where rows belong: `rank` (rows,), from 0, and `segment` (rows,): 0 outside of train, else the phase from 1."""

    rank: Integers
    segment: Integers


def ranks(
    segment: Integers, value: npt.NDArray[np.float64], drawn: npt.NDArray[np.uint64], buckets: int | None
) -> Ranks:
    """Ranks of rows in corpus order: by segment, then `value`, those without one last, ties in corpus order.

    With `buckets` each segment but the first is cut into so many parts of equal numbers of rows, and within one rows
    come by `drawn`, a hash. All arrays are (rows,).
    """
    sorted_rows = np.lexsort((np.where(np.isnan(value), 0.0, value), np.isnan(value), segment))
    if buckets is not None and len(segment):
        held = segment[sorted_rows]
        starts = np.searchsorted(held, np.arange(held[-1] + 2))
        counts = np.diff(starts)[held]
        part = np.empty(len(segment), np.int64)
        part[sorted_rows] = (np.arange(len(held)) - starts[held]) * buckets // np.maximum(counts, 1)
        shuffled = np.where(segment > 0, drawn, np.uint64(0))
        sorted_rows = np.lexsort((shuffled, np.where(segment > 0, part, 0), segment))
    rank = np.empty(len(segment), np.int64)
    rank[sorted_rows] = np.arange(len(segment))
    return Ranks(rank, segment)


def bounds(found: Ranks, sizes: Integers, most: int) -> tuple[Integers, list[list[int]]]:
    """(bucket of each row, buckets of each segment): runs of ranks of about `most` bytes that span no two segments.

    `sizes` (rows,) in bytes. A bucket exceeds `most` by one row at most.
    """
    inverse = np.argsort(found.rank)
    size, segment = sizes[inverse], found.segment[inverse]
    before = np.cumsum(size) - size
    first = np.searchsorted(segment, segment)
    run = (before - before[first] if len(size) else before) // most
    new = np.ones(len(size), bool)
    new[1:] = (run[1:] != run[:-1]) | (segment[1:] != segment[:-1])
    number = np.cumsum(new) - 1
    place = np.empty(len(size), np.int64)
    place[inverse] = number
    segments = int(segment.max()) + 1 if len(size) else 0
    return place, [np.unique(number[segment == one]).tolist() for one in range(segments)]


def sentences(order: Order) -> list[str]:
    """What a card says of the order, for those who read the files."""
    said = []
    if order.by is not None:
        first = "highest" if order.descending else "lowest"
        said.append(f"Rows of train are sorted within each language by `{order.expression}`, {first} first.")
        if order.buckets is not None:
            said.append(f"They are in {order.buckets} equal parts by this number, and shuffled within each.")
    for number, phase in enumerate(order.phases):
        what = f"rows with `{phase.where}`" if phase.where is not None else "rows"
        if phase.share is not None:
            what = f"{phase.share:.4g} of {what}, drawn by id"
        took = "what the other phases leave" if number == 0 else what if phase.share is not None else f"all {what}"
        said.append(f"Phase {number + 1}, `{phase.name}`: {took}.")
    if len(order.phases) > 2:
        said.append("A row is in the last phase that takes it.")
    said.append(
        "Reading the files in the order of their names, without shuffling, keeps this order; `order` states it."
    )
    return said
