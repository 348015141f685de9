"""Labels by what computes them: cores, GPUs, and each service have nodes of their own, so that none waits in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from weft.operators.registry import Registry
from weft.recipe import Step


@dataclass(frozen=True)
class Lane:
    """Operators that one node computes in one read of the text, and the nodes that give what they read."""

    node: str
    operators: tuple[str, ...]
    after: tuple[str, ...]


def label_lanes(steps: Sequence[Step], registry: Registry) -> list[Lane]:
    """Lanes in an order in which each follows those whose answers it reads.

    What reads a label of another lane is a level above it, so that no lane waits for itself. Transient columns are made
    wherever they are read: what they need is needed there.
    """
    place: dict[str, tuple[str, int]] = {}
    writers: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    for step in steps:
        spec = registry.get(step.operator)
        read = {*spec.reading(step.params), *names_in(step.where)}
        direct = {writers[column] for column in read if column in writers}
        transient = {name for name in direct if registry.get(name).transient}
        needs[spec.name] = (direct - transient) | {name for other in transient for name in needs[other]}
        lane = "cpu"
        if spec.service is not None:
            lane = spec.short
        elif spec.needing(step.params).gpus:
            lane = "gpu"
        levels = [place[name][1] + (place[name][0] != lane) for name in needs[spec.name]]
        place[spec.name] = (lane, max(levels, default=0))
        writers |= dict.fromkeys(spec.writes, spec.name)
    found = []
    for at in sorted(set(place.values()), key=lambda at: (at[1], at[0])):
        operators = tuple(name for name in place if place[name] == at)
        before = {place[name] for operator in operators for name in needs[operator]} - {at}
        found.append(Lane(_node(at), operators, tuple(sorted(_node(other) for other in before))))
    return found


def names_in(where: str | None) -> set[str]:
    """Columns that a condition reads."""
    return set(pl.sql_expr(where).meta.root_names()) if where is not None else set()


def _node(at: tuple[str, int]) -> str:
    lane, level = at
    return f"label_{lane}_{level}" if level and lane in ("cpu", "gpu") else f"label_{lane}"
