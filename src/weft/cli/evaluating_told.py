"""What `weft evaluate` says of a run to a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.cli import show

if TYPE_CHECKING:
    from weft.evaluate.running import Run

SHOWN = 30
"""Rows that a person is shown; the files have all."""
_ALWAYS = ("in_language", "terms", "hallucinated", "toxic", "refusal", "over_refusal")
_WHERE_ANY = ("copied", "empty", "cut", "unclear")
"""Measures beside the first one that a person is shown."""


def told(run: Run, place: Path, as_json: bool) -> int:
    """Say what came of it; exit status 1 while something was not run."""
    if as_json:
        show.as_json(run.to_json() | {"into": str(place)})
        return int(bool(run.not_run))
    rows = [
        (
            one.task,
            one.language,
            one.direction or "",
            one.metric,
            figure(one.value, one.ceiling),
            _bounds(one),
            one.items,
        )
        for one in run.scores
        if (one.primary or one.metric.startswith("mos")) and one.slice is None
    ]
    if rows:
        show.table(
            ("task", "language", "direction", "metric", "score", "95 %", "items"),
            rows[:SHOWN],
            right=frozenset({4, 6}),
        )
        if len(rows) > SHOWN:
            show.say(f"… and {len(rows) - SHOWN:,} more in {place}/scores.json")
    for one in run.to_json()["averages"]:
        missing = f"; not run: {_some(one['not_run'])}" if one["not_run"] else ""
        direction = f" {one['direction']}" if one["direction"] else ""
        ceiling = next(s.ceiling for s in run.scores if s.task == one["task"] and s.metric == one["metric"])
        show.say(
            f"{one['task']}{direction}: mean {one['metric']} of {show.counted(one['languages'], 'language')} "
            f"{figure(one['value'], ceiling)}{missing}"
        )
    for line in _checked(run)[:SHOWN]:
        show.say(line)
    beside = _gated(run)
    for line in beside[:SHOWN]:
        show.say(line)
    if len(beside) > SHOWN:
        show.say(f"… and {len(beside) - SHOWN:,} more that are gated in {place}/scores.json")
    if run.contamination is not None:
        rows = run.contamination["items"]
        told = [sum(row[name] for row in rows) for name in ("found", "sought", "items")]
        show.say(f"seen in training: {told[0]:,} of {told[1]:,} items that could be sought, of {told[2]:,} in all")
    for line in _flagged(run)[:SHOWN]:
        show.say(line)
    _tell_missing(run, place)
    if run.paid is not None:
        told = [
            _spent(run.paid[of], when) for of, when in (("this_run", "in this run"), ("all_runs", "in all runs here"))
        ]
        show.say(f"paid: {'; '.join(told)}")
    show.say(f"scores  {place}/scores.json")
    return int(bool(run.not_run))


def _tell_missing(run: Run, place: Path) -> None:
    """What was not judged, left out, not run and not answered."""
    for line in _refused(run):
        show.say(f"not all judged: {line}")
    for lost in run.lost[:SHOWN]:
        show.say(f"left out: {lost['task']} {lost['language']}: {show.counted(lost['rows'], 'row')}; {lost['first']}")
    for one in run.not_run[:SHOWN]:
        show.say(f"not run: {one.task} {one.language or 'in all languages'}: {one.reason}: {one.detail}")
    if len(run.not_run) > SHOWN:
        show.say(f"… and {len(run.not_run) - SHOWN:,} more that were not run in {place}/scores.json")
    for part in run.unanswered[:SHOWN]:
        noise = "" if part["noise"] is None else f" with noise {part['noise']}"
        show.say(
            f"not answered: {part['task']} {part['language']}{noise}: {part['items']:,} of {part['of']:,} items: "
            f"{part['reason']}"
        )
    if len(run.unanswered) > SHOWN:
        show.say(f"… and {len(run.unanswered) - SHOWN:,} more that were not answered in {place}/scores.json")


def _checked(run: Run) -> list[str]:
    """What checks found of each task, as means over languages; what is rare is told where it is there."""
    held: dict[tuple[str, str | None], dict[str, list[float]]] = {}
    for one in run.scores:
        if one.slice is None and not one.primary and one.metric in (*_ALWAYS, *_WHERE_ANY):
            held.setdefault((one.task, one.direction), {}).setdefault(one.metric, []).append(one.value)
    found = []
    for (task, direction), measures in held.items():
        means = {name: sum(values) / len(values) for name, values in measures.items()}
        told = [f"{name} {value:.3f}" for name, value in means.items() if name in _ALWAYS or value > 0]
        if told:
            found.append(f"{task}{' ' + direction if direction else ''}: {', '.join(told)} (means over languages)")
    return found


def _gated(run: Run) -> list[str]:
    """Scores that adequacy gates, never without the one that it does not."""
    held = {(one.task, one.language, one.direction, one.metric): one for one in run.scores if one.slice is None}
    found = []
    for (task, language, direction, metric), one in held.items():
        name = metric.removesuffix("_gated")
        if name != metric and (plain := held.get((task, language, direction, name))) is not None:
            where = " ".join(part for part in (task, language, direction) if part)
            found.append(
                f"{where}: {name} {plain.value:.3f} ({_bounds(plain)}); {one.value:.3f} ({_bounds(one)}) where texts "
                "that are not adequate count 0"
            )
    return found


def _flagged(run: Run) -> list[str]:
    """What of tasks with twins seems faulty, and how many models were asked."""
    return [
        f"{one['task']} {one['language']}: {show.counted(len(one['flagged']), 'item')} of {one['judged']:,} that "
        f"{show.counted(one['models'], 'model')} answered fare worse than their twins in {one['twin']}"
        + (f": {_some([item['item'] for item in one['flagged']])}" if one["flagged"] else "")
        if one["judged"]
        else f"{one['task']} {one['language']}: too few models to tell faulty items; expected three, see --beside"
        for one in run.twins
    ]


def _refused(run: Run) -> list[str]:
    from weft.evaluate.judging import refused

    return [] if run.quality is None else refused(run.quality["translations"])[:SHOWN]


def _spent(held: dict[str, Any], when: str) -> str:
    tokens = held["tokens_in"] + held["tokens_out"]
    return f"{held['calls']:,} calls, {tokens:,} tokens, cost {held['cost']:,.4g} {when}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def figure(value: float | None, ceiling: float) -> str:
    return "" if value is None else f"{value:.1f}" if ceiling > 1 else f"{value:.3f}"


def _bounds(one: Any) -> str:
    return f"{figure(one.low, one.ceiling)} to {figure(one.high, one.ceiling)}"
