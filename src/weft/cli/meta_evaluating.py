"""The command `weft meta-evaluate`: how well metrics agree with people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json
from weft.errors import WeftError

_STATISTICS = ("pearson", "spearman", "kendall", "acc_eq", "spa", "pairwise_accuracy")
_SHOWN = 40


def meta_evaluate(
    table: Annotated[Path, typer.Argument(help="One row for each segment of a system: .tsv, .csv, .jsonl, .parquet.")],
    human: Annotated[str, typer.Option("--human", metavar="COLUMN", help="What people said.")] = "human",
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="COLUMN", help="A metric; repeatable; default: all other columns of numbers."),
    ] = None,
    lower: Annotated[
        list[str] | None, typer.Option("--lower", metavar="COLUMN", help="Less of this is better; repeatable.")
    ] = None,
    system: Annotated[str, typer.Option("--system", metavar="COLUMN", help="Which system translated.")] = "system",
    segment: Annotated[str, typer.Option("--segment", metavar="COLUMN", help="Which segment it is.")] = "segment",
    pair: Annotated[
        str | None, typer.Option("--pair", metavar="COLUMN", help="Pair of languages; each is told by itself.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="SYSTEM", help="Leave this one out, such as a human translation."),
    ] = None,
    tune: Annotated[
        float, typer.Option("--tune", min=0.05, max=0.95, help="Share of segments that choose the epsilon of ties.")
    ] = 0.5,
    samples: Annotated[
        int, typer.Option("--samples", min=100, max=1_000_000, help="Resamples of an interval.")
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Draws segments and resamples.")] = 0,
    into: Annotated[Path | None, typer.Option("--into", metavar="FILE", help="Write all figures as JSON.")] = None,
    as_json: Json = False,
) -> int:
    """How well metrics of translations agree with people, by segment and by system, and whether two metrics differ."""
    import json

    from weft.evaluate.metric_evaluation import Columns, evaluate_metrics, not_taken, read_scores
    from weft.own_file import check_unread, whole

    if into is not None:
        check_unread(into, table)
        _check_own(into)
    named = Columns(human, system, segment, pair, tuple(metric or ()), frozenset(lower or ()), frozenset(without or ()))
    if len(set(named.metrics)) < len(named.metrics):
        raise WeftError("--metric: a column is named twice; expected each once")
    found = evaluate_metrics(read_scores(table, named), tune, samples, seed) | {"not_taken": not_taken(table, named)}
    if into is not None:
        with whole(into) as place:
            place.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if as_json:
        show.as_json(found)
        return 0
    _told(found)
    if into is not None:
        show.say(f"all figures  {into}")
    return 0


def _check_own(into: Path) -> None:
    """Raise WeftError where a file would be overwritten that is none of ours."""
    import json

    if not into.exists():
        return
    try:
        held = json.loads(into.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        held = None
    if not isinstance(held, dict) or "comparisons" not in held:
        raise WeftError(f"{into}: exists, and is nothing that weft meta-evaluate wrote; expected a name that is free")


def _told(found: dict[str, Any]) -> None:
    for name, why in found["not_taken"].items():
        show.say(f"not taken for a metric: {name}: {why}")
    for one in found["pairs"]:
        show.say(
            f"{one['pair']}: {show.counted(one['systems'], 'system')}, {show.counted(one['segments'], 'segment')}, "
            f"{show.counted(one['rows'], 'row')}; {one['tuned_on']:,} segments chose the epsilons of ties; "
            f"figures of systems are of the {show.counted(one['system_segments'], 'segment')} that all systems have"
        )
        if one["lacking"]:
            named = ", ".join(f"{count:,} without {name}" for name, count in one["lacking"].items())
            show.say(f"{one['pair']}: rows left out for all metrics: {named}; --metric names those to compare")
        rows = [_row(held, name) for held in one["metrics"] for name in _STATISTICS]
        show.table(
            ("metric", "statistic", "value", "95 %", "beside"), rows, right=frozenset({2}), whole=frozenset({0, 1, 3})
        )
    rows = [
        (row["pair"], row["statistic"], row["first"], row["second"], *_figures(row), _p(row.get("holm")))
        for row in found["comparisons"]
    ]
    if rows:
        head = ("pair", "statistic", "first", "second", "difference", "95 %", "p (Holm)")
        show.table(head, rows[:_SHOWN], right=frozenset({4, 6}), whole=frozenset({1, 2, 3, 5}))
    if len(rows) > _SHOWN:
        show.say(f"… and {len(rows) - _SHOWN:,} more with --json")
    show.say(found["interval"])
    show.say(found["test"])


def _row(held: dict[str, Any], name: str) -> tuple[object, ...]:
    one = held[name]
    if one is None:
        return (held["metric"], name, "not run", "", "no two systems on a segment")
    if one["value"] is None:
        few = name in ("spa", "pairwise_accuracy")
        why = "too few segments that all systems have" if few else "the same score everywhere"
        return (held["metric"], name, "not run", "", why)
    beside = ""
    if name == "acc_eq":
        beside = f"all ties {one['all_ties']:.3f}, epsilon {one['epsilon']:.4g}"
    return (held["metric"], name, *_figures(one), beside)


def _figures(one: dict[str, Any]) -> tuple[str, str]:
    if one["value"] is None:
        return "not run", ""
    return f"{one['value']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
