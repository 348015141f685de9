"""`weft run --estimate`: what a recipe would cost, without building it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weft.cli import show
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.estimate import Estimate

EstimateOnly = Annotated[
    bool, typer.Option("--estimate", help="Build nothing: run a sample, and say what all of it would cost.")
]
ScaleBy = Annotated[
    float | None, typer.Option("--scale", min=0, metavar="N", help="With --estimate: of N times the files.")
]
Terabytes = Annotated[
    float | None, typer.Option("--terabytes", min=0, metavar="T", help="With --estimate: of T TB of files like these.")
]
PriceHour = Annotated[
    float | None, typer.Option("--price-hour", min=0, metavar="X", help="With --estimate: price of an hour of a core.")
]
PriceMonth = Annotated[
    float | None,
    typer.Option("--price-gb-month", min=0, metavar="Y", help="With --estimate: price of 1 GB of disk for a month."),
]


def wanted(estimate: bool, *others: float | None) -> bool:
    """Whether an estimate is asked for; raises WeftError for options that say something only with it."""
    if not estimate and any(other is not None for other in others):
        raise WeftError("--scale, --terabytes, --price-hour, --price-gb-month: expected --estimate beside them")
    return estimate


def estimate(
    recipe: Path,
    overrides: list[str],
    scale: float | None,
    terabytes: float | None,
    workers: int | None,
    price_hour: float | None,
    price_gb_month: float | None,
    *,
    as_json: bool,
) -> int:
    """Run the samples and print what all of the files would cost."""
    from weft.engine.estimate import Scale, measure, project
    from weft.recipe import load

    if scale is not None and terabytes is not None:
        raise WeftError("--scale, --terabytes: expected one of them")
    stored = None if terabytes is None else terabytes * 1e12
    asked = Scale(1.0 if scale is None else scale, stored, workers or 0, price_hour, price_gb_month)
    found = project(measure(load(recipe, overrides)), asked)
    if as_json:
        show.as_json(found.to_json())
    else:
        _said(found)
    return 0


def _said(found: Estimate) -> None:
    rows = []
    for stage in found.stages:
        kinds = {kind: stage[f"{kind}_bytes"] for kind in ("final", "kept", "intermediate")}
        disk = {kind: show.size(held) for kind, held in kinds.items() if held}
        times = (_hours(stage["cpu_hours"]), _hours(stage["wall_hours"]))
        written = ", ".join(f"{size} {name}" for name, size in disk.items())
        rows.append((stage["node"], *times, "one task" if stage["serial"] else "", written))
    head = ("step", "CPU", "wall", "", "writes")
    show.table(head, rows, right=frozenset({1, 2}), whole=frozenset({0, 1, 2, 3}))
    sizes = (show.size(found.stored_bytes), show.size(found.text_bytes))
    show.say(f"files      {sizes[0]}: {sizes[1]} of text, {found.rows:,} documents")
    many = "workers" if found.workers > 1 else "worker"
    show.say(f"CPU        {_hours(found.total('cpu_hours'))}{_between(found, 'cpu_hours')}")
    wall = f"{_hours(found.total('wall_hours'))}{_between(found, 'wall_hours')}"
    show.say(f"wall       {wall} on {found.workers:,} {many}")
    show.say(f"memory     {show.size(found.memory_bytes)} for a worker, at the most")
    for kind, name in (("final", "of corpus"), ("kept", "kept beside it"), ("intermediate", "intermediate")):
        first, total = "disk" if kind == "final" else "", f"{kind}_bytes"
        show.say(f"{first:<11}{show.size(found.total(total))}{_between(found, total)} {name}")
    for name, cost in found.money.items():
        show.say(f"price      {cost:,.2f} for {'CPU' if name == 'cpu' else 'a month of disk'}")
    if found.too_small:
        held = show.size(found.sample["stored_bytes"])
        show.say(f"caution    the sample is only {held}: half or twice as much is possible")
    share = found.sample["stored_bytes"] / max(found.stored_bytes, 1)
    show.say(f"sample     {show.size(found.sample['stored_bytes'])} ({share:.2g} of it)")
    _listed("taken for granted:", found.assumes)
    _listed("not known from it:", found.unknown)


def _listed(head: str, lines: Sequence[str]) -> None:
    show.say(f"           {head}")
    for line in lines:
        for number, part in enumerate(textwrap.wrap(line, 66)):
            show.say(f"           {' ' if number else '-'} {part}")


def _between(found: Estimate, name: str) -> str:
    """The range of a total, as ` (low to high)`."""
    told = _hours if name.endswith("_hours") else show.size
    return f" ({told(found.low[name])} to {told(found.high[name])})"


def _hours(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{hours * 60:.1f} min" if hours * 60 >= 1 else f"{hours * 3600:.1f} s"
