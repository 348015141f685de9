"""What a card says of a mixture: for each language what there is, how often it is read, and what that gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from weft.construct.mixture import summary
from weft.construct.mixture_settings import LANGUAGE, Mixture

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class Mixed:
    """A planned mixture, its settings, and the unit that it is measured in."""

    plan: pl.DataFrame
    settings: Mixture
    unit: str


def sentences(mixed: Mixed) -> list[str]:
    """How the shares were chosen, and what a reader of the files has to know."""
    held = mixed.settings
    what = "language" if held.by == LANGUAGE else f"`{held.by}`"
    how = {
        "natural": "in proportion to what there is",
        "temperature": f"in proportion to its size to the power {held.temperature:g}",
        "unimax": "evenly, as far as the cap of epochs goes (UniMax)",
        "weights": "by the weights that the recipe gives",
    }[held.method]
    said = [f"Train is a mixture: each {what} is drawn {how}, measured in {mixed.unit}."]
    if held.epochs is not None:
        said.append(f"Nothing is read more than {held.epochs:g} times on average.")
    if held.rehydrate is not None:
        said.append("Documents weigh by the size of their cluster, as far as such text passes the rules.")
    if held.written == "copies":
        said.append("A document that is read several times is as many rows (`copy` of `repeats`), an epoch apart.")
    else:
        said.append("Every document is one row; `repeats` says how often to read it, which loaders do not do alone.")
    said.append("Validation and test hold every document once.")
    return said


def head(mixed: Mixed) -> tuple[str, ...]:
    """Titles of the columns of `rows`."""
    first = "language" if mixed.settings.by == LANGUAGE else mixed.settings.by
    return first, "documents", f"available ({mixed.unit})", "epochs", "rows", f"sampled ({mixed.unit})", "share"


def rows(mixed: Mixed, names: Mapping[str, str]) -> Rows:
    """The table of the mixture, a row for each language (or value of the facet that is shared over), then all."""
    table = summary(mixed.plan, ["group"])
    whole = pl.DataFrame(mixed.plan.with_columns(pl.lit("all").alias("group")))
    every = [*table.iter_rows(named=True), *summary(whole, ["group"]).iter_rows(named=True)]
    return [_cells(row, _named(str(row["group"]), names)) for row in every if len(every) > 1]


def quota_rows(mixed: Mixed) -> dict[str, Rows]:
    """For each facet with quotas the same table over its values: what was asked for may not be there everywhere."""
    found: dict[str, Rows] = {}
    for place, facet in enumerate(mixed.settings.quotas):
        table = summary(mixed.plan, [f"quota_{place}"])
        found[facet] = [_cells(row, str(row[f"quota_{place}"]) or "all others") for row in table.iter_rows(named=True)]
    return found


def _named(group: str, names: Mapping[str, str]) -> str:
    return f"{group} {names[group]}" if names.get(group, group) != group else group


def _cells(row: Mapping[str, object], first: str) -> tuple[str, ...]:
    return (
        first,
        f"{row['documents']:,}",
        f"{row['available']:,}",
        f"{row['epochs']:.3g}",
        f"{row['rows']:,}",
        f"{row['sampled']:,}",
        f"{row['share']:.2%}",
    )
