"""What each cell of a mixture is to hold, exactly: a budget over languages, quotas within them, then weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import polars as pl

from weft.construct import allocate
from weft.construct.mixture_settings import LANGUAGE, Mixture, exact
from weft.errors import WeftError, nearest

MOST_GROUPS = 100_000


@dataclass(frozen=True)
class Cell:
    """Documents that are read alike: `key` is the group, then a value for each facet with quotas."""

    key: tuple[str, ...]
    weight: int
    documents: int
    size: int


def cells(table: pl.DataFrame, names: Sequence[str]) -> list[Cell]:
    """Cells of a table with the columns `names`, `weight`, `documents`, `units`, sorted."""
    grouped = table.group_by(*names, "weight").agg(pl.col("documents", "units").sum()).sort(*names, "weight")
    return [
        Cell(tuple(row[: len(names)]), *row[len(names) :])
        for row in grouped.select(*names, "weight", "documents", "units").iter_rows()
    ]


def parts(own: Sequence[Cell], everywhere: Sequence[Cell], targets: Sequence[Fraction]) -> list[Fraction]:
    """The part of each target that the own documents of a cell have of it, by size.

    Raises WeftError for a cell of which there is more than everywhere.
    """
    whole = {(cell.key, cell.weight): (cell, target) for cell, target in zip(everywhere, targets, strict=True)}
    made = []
    for cell in own:
        known, target = whole.get((cell.key, cell.weight), (None, Fraction(0)))
        if known is None or known.size < cell.size:
            raise WeftError(
                f"construct.mixture: of {' '.join(part for part in cell.key if part)} there is more here than the "
                "joint plan knows of; expected shares of this build, merged anew"
            )
        made.append(target * cell.size / known.size)
    return made


def check_values(seen: pl.DataFrame, mixture: Mixture) -> None:
    """Raise WeftError for a quota of a value that no document has. `seen` has `facet`, `value`."""
    for facet, shares in mixture.quotas.items():
        known = seen.filter(pl.col("facet") == facet)["value"].to_list()
        for name in shares:
            if name not in known:
                shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
                raise WeftError(
                    f"construct.mixture.quotas.{facet}: no document in train has {name}; "
                    f"expected some of {shown}{nearest(name, known)}"
                )


def targets(found: Sequence[Cell], mixture: Mixture, unit: str = "bytes") -> list[Fraction]:
    """Units that each cell is to hold, in the order of `found`; exact, and no cell above the cap.

    Raises WeftError for a budget that the cap does not allow, and for weights of groups that are not there.
    """
    groups = {name: list(members) for name, members in groupby(found, key=lambda cell: cell.key[0])}
    if len(groups) > MOST_GROUPS:
        raise WeftError(f"construct.mixture.by: {mixture.by} has {len(groups):,} values; expected {MOST_GROUPS:,}")
    parts = group_targets(groups, mixture, unit)
    made: list[Fraction] = []
    for name, members in groups.items():
        made += _within(parts[name], members, mixture, 1)
    return made


def group_targets(groups: Mapping[str, Sequence[Cell]], mixture: Mixture, unit: str) -> dict[str, Fraction]:
    """Units of each group. Caps are of the text that there is; weights of clusters do not widen them."""
    cap = mixture.cap
    sizes = {name: sum(cell.size for cell in members) for name, members in groups.items()}
    shares = _shares(groups, sizes, mixture)
    open_sizes = {name: size for name, size in sizes.items() if shares[name] > 0}
    if mixture.budget is not None:
        budget = Fraction(mixture.budget)
    elif mixture.method == "natural":
        budget = sum((_capped(cell.weight, cap) * cell.size for held in groups.values() for cell in held), Fraction(0))
    else:
        budget = Fraction(sum(open_sizes.values()))
    even = mixture.method == "unimax"
    limits = allocate.limits_of(sizes, cap)
    parts = allocate.unimax(sizes, budget, cap) if even else allocate.fill(budget, shares, limits)
    most = (cap or Fraction(1)) * sum(open_sizes.values())
    allocate.check_budget(budget, parts, most, unit, mixture.epochs)
    return parts


def _capped(weight: int, cap: Fraction | None) -> Fraction:
    return Fraction(weight) if cap is None else min(Fraction(weight), cap)


def _shares(groups: Mapping[str, Sequence[Cell]], sizes: Mapping[str, int], mixture: Mixture) -> Mapping[str, Fraction]:
    """What the budget is divided by: proportions that need not add up to anything."""
    if mixture.method == "weights":
        given = {name: exact(weight) for name, weight in mixture.coded_weights().items()}
        others = None if mixture.others is None else exact(mixture.others)
        what = "language" if mixture.by == LANGUAGE else mixture.by
        return allocate.named_weights(given, others, list(groups), what)
    if mixture.method == "temperature":
        return {name: allocate.power(size, mixture.temperature) for name, size in sizes.items()}
    if mixture.method == "natural":
        return {name: Fraction(sum(c.weight * c.size for c in members)) for name, members in groups.items()}
    return dict.fromkeys(sizes, Fraction(1))


def _within(total: Fraction, members: Sequence[Cell], mixture: Mixture, depth: int) -> list[Fraction]:
    """`total` over the cells of a group: the quotas of one facet after the other, then by weight."""
    cap = mixture.cap
    if depth > len(mixture.quotas):
        sizes = {str(cell.weight): cell.size for cell in members}
        shares = {str(cell.weight): Fraction(cell.weight * cell.size) for cell in members}
        parts = allocate.fill(total, shares, allocate.limits_of(sizes, cap))
        return [parts[str(cell.weight)] for cell in members]
    wanted = {name: exact(share) for name, share in list(mixture.quotas.values())[depth - 1].items()}
    values = {name: list(held) for name, held in groupby(members, key=lambda cell: cell.key[depth])}
    sizes = {name: sum(cell.size for cell in held) for name, held in values.items()}
    parts = allocate.quota(total, sizes, wanted, allocate.limits_of(sizes, cap))
    return [part for name, held in values.items() for part in _within(parts[name], held, mixture, depth + 1)]
