"""Kind `norms`: a choice that is asked with more and more context, and what is lost without it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.kinds import choice
from weft.evaluate.kinds.contract import Kind

if TYPE_CHECKING:
    from weft.evaluate.suite import Task

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_. -]*)\}")


def _faults(task: Task) -> Iterator[str]:
    if len(task.contexts) < 2:
        yield "norms: expected two contexts or more, such as {country: 'In {Country}.', rule: '{Rule-of-Thumb}'}"
    if "{context}" not in task.prompt:
        yield "prompt has no {context}; expected it where the context of a condition stands"
    for name in task.gap:
        if name not in task.contexts:
            yield f"gap: no context {name}; expected two of {', '.join(task.contexts)}"
    yield from choice.KIND.faults(task)


def _columns(task: Task, language: str, direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    template, at, parts = task.contexts[direction], 0, list[pl.Expr]()
    for match in _PLACE.finditer(template):
        parts += [pl.lit(template[at : match.start()]), pl.col(match[1]).cast(pl.String)]
        at = match.end()
    context = pl.concat_str([*parts, pl.lit(template[at:])])
    of_choice = choice.KIND.columns(task, language, direction, frame)
    # An empty context is one, a context whose column is empty is none.
    there = pl.when(context.is_not_null()).then(pl.lit(value=True)).alias("told")
    return [*of_choice, context.alias("context"), there, pl.lit(direction).alias("direction")]


def _reads(task: Task) -> list[str]:
    return list(dict.fromkeys(name for text in task.contexts.values() for name in _PLACE.findall(text)))


def _directions(task: Task) -> Sequence[str]:
    return tuple(task.contexts)


KIND = Kind(
    name="norms",
    metrics=("accuracy",),
    columns=_columns,
    needed=("right", "told"),
    score=choice.KIND.score,
    faults=_faults,
    kept=("choices", "right", "direction"),
    places=("language", "choices", "context"),
    noisy=(),
    directions=_directions,
    likely=choice.likely,
    chance=choice.KIND.chance,
    signed=choice.KIND.signed,
    reads=_reads,
)
