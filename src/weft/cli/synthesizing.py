"""The command `weft synthesize`: records from the text of a language, each judged before it is released."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Force, Json, KeepFree, Quiet
from weft.cli.watching import LogLevel, LogTo, MetricsHost, MetricsPort, Watch
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.build import RunResult
    from weft.recipe import Recipe
    from weft.recipe.synthesis import Budget


def synthesize(
    recipe: Annotated[Path, typer.Argument(help="A recipe file with synthesize: in it.")],
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="DIR|URL", help="Build folder; default: synthetic/ beside the recipe."),
    ] = None,
    runner: Annotated[str, typer.Option("--runner", help="Where tasks run: local, or ray.")] = "local",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: all usable cores.")
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option("--ray-address", metavar="auto|HOST:PORT", help="A Ray cluster.")
    ] = None,
    only: Annotated[str | None, typer.Option("--only", metavar="STAGE", help="Stop after this stage.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="a.b=c", help="Replace a value of the recipe.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is cached and what would run.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what would be asked and what it would cost; ask nobody.")
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=1, help="Documents that --estimate looks at, of each step.")
    ] = 200,
    force: Force = False,
    keep_free: KeepFree = None,
    log: LogTo = None,
    log_level: LogLevel = "info",
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make records with models, lexicons and rules, judge each, and release those that pass; nothing is paid twice."""
    from weft.cli import building
    from weft.recipe import load

    checked = load(recipe, set_ or [])
    if not checked.synthesize:
        raise WeftError(f"{recipe}: has no synthesize; expected steps there, or weft run {recipe}")
    target: str | Path = into if into is not None else recipe.parent / "synthetic"
    if not isinstance(target, Path) and "://" not in target:
        target = Path(target)
    if estimate:
        return _estimate(checked, target, sample, as_json, quiet)
    chosen = building.runner_of(runner, target, workers, ray_address)
    given = {"workers": workers, "runner": chosen, "only": only, "room": building.room(force, keep_free)}
    watch = Watch(log, log_level, metrics_port, metrics_host)
    return _run(checked, target, watch, given, dry_run, as_json, quiet)


def _run(
    checked: Recipe, target: str | Path, watch: Watch, given: dict[str, Any], dry_run: bool, as_json: bool, quiet: bool
) -> int:
    from weft.cli import building
    from weft.engine.build import run

    currency = next((s.price.currency for s in checked.services.values() if s.price), "")
    live = partial(_paid, target, currency) if checked.services and isinstance(target, Path) else None
    watcher = watch.opened(target, quiet=quiet or as_json or dry_run, dry=dry_run, live=live)
    began = time.monotonic()
    try:
        result = run(checked, target, dry_run=dry_run, listener=watcher, **given)
    finally:
        watcher.close()
    if dry_run:
        return building.planned(result, as_json)
    return _told(result, target, given["only"], time.monotonic() - began, as_json)


def _paid(target: Path, currency: str) -> str:
    """Calls, tokens and cost of all runs so far."""
    from weft.engine.service_budget import spent

    held = spent(target)
    cost = f"  {held.cost:,.4f} {currency}" if currency else ""
    return f"{held.calls:,} calls  {held.tokens_in + held.tokens_out:,} tokens{cost}"


def _told(result: RunResult, target: str | Path, only: str | None, seconds: float, as_json: bool) -> int:
    from weft.cli import synthesis_told
    from weft.engine.synthesis import summary_of
    from weft.report.synthesis_page import write

    held = summary_of(target) if only is None and result.status == 0 else None
    page = str(write(target, held)) if held is not None else None
    if as_json:
        show.as_json(result.to_json() | {"seconds": round(seconds, 2), "summary": held, "report": page})
        return result.status
    if held is not None:
        synthesis_told.funnel(held)
    for failure in result.tally.failures:
        show.say(f"failed: {failure.task.node} on shard {failure.task.shard}: {failure.failure}")
    ran, found = sum(result.tally.ran.values()), sum(result.tally.cached.values())
    if ran or result.tally.failures:
        show.say(f"{show.counted(ran, 'task')} run, {found:,} found done, in {seconds:.1f} s.")
    else:
        show.say(f"Nothing to do: {found:,} tasks are done already.")
    if held is not None:
        synthesis_told.remarks(held, _lost(target), target)
        show.say(f"records  {target}/records")
        show.say(f"report   {page}")
    return result.status


def _lost(target: str | Path) -> int:
    """Files and records of the sources that gave no document."""
    from weft.engine.reading import Build, rows_of_stage

    parsed = rows_of_stage("parse", Build.open(target).state)
    return int(parsed["errors"] + sum(parsed["rejected"].values()))


def _estimate(checked: Recipe, target: str | Path, sample: int, as_json: bool, quiet: bool) -> int:
    from weft.cli import synthesis_told
    from weft.engine.synthesis_estimate import estimate
    from weft.sample.fake_answers import answer

    watcher = Watch().opened(target, quiet=quiet or as_json)
    try:
        held = estimate(checked, target, sample, lambda body: answer(body, {})[0], watcher)
    finally:
        watcher.close()
    over = _over(checked.synthesis.budget, target, held)
    if as_json:
        budget = {name: {"estimated": taken, "left": left} for name, (taken, left) in over.items()}
        show.as_json(held | {"over_budget": budget})
        return 0
    synthesis_told.estimated(held, sample, over)
    return 0


def _over(budget: Budget, target: str | Path, held: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """What the estimate takes and what is left, of each part of the budget that is too small."""
    from weft.engine.service_budget import spent

    taken = {name: held[name] for name in ("cost", "calls")}
    taken["tokens"] = sum(step["tokens_in"] + step["tokens_out"] for step in held["steps"])
    used = dict.fromkeys(taken, 0.0)
    if isinstance(target, Path):
        found = spent(target)
        used = {"cost": found.cost, "calls": found.calls, "tokens": found.tokens_in + found.tokens_out}
    limits = {name: limit for name, limit in budget.model_dump().items() if limit is not None}
    left = {name: max(limit - used[name], 0) for name, limit in limits.items()}
    return {name: (taken[name], left[name]) for name in left if taken[name] is not None and taken[name] > left[name]}
