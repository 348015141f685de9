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
    from weft.engine.synthesis import summary_of
    from weft.report.synthesis_page import write

    held = summary_of(target) if only is None and result.status == 0 else None
    page = str(write(target, held)) if held is not None else None
    if as_json:
        show.as_json(result.to_json() | {"seconds": round(seconds, 2), "summary": held, "report": page})
        return result.status
    if held is not None:
        _funnel(held)
    for failure in result.tally.failures:
        show.say(f"failed: {failure.task.node} on shard {failure.task.shard}: {failure.failure}")
    ran, found = sum(result.tally.ran.values()), sum(result.tally.cached.values())
    if ran or result.tally.failures:
        show.say(f"{show.counted(ran, 'task')} run, {found:,} found done, in {seconds:.1f} s.")
    else:
        show.say(f"Nothing to do: {found:,} tasks are done already.")
    if held is not None:
        _remarks(held, target)
        show.say(f"records  {target}/records")
        show.say(f"report   {page}")
    return result.status


def _funnel(held: dict[str, Any]) -> None:
    """Parents, records, and what was released, by step."""
    currency = held["currency"] or ""
    rows = []
    for step in held["steps"]:
        cost = "unknown" if step["cost"] is None else f"{step['cost']:,.4f} {currency}".strip()
        cost = cost if step["calls"] else ""
        worst = sorted(step["rejected"].items(), key=lambda item: (-item[1], item[0]))[:3]
        told = ", ".join(f"{name} {count:,}" for name, count in worst)
        rows.append((_short(step), step["parents"], step["calls"], cost, step["made"], step["released"], told))
    names = ("step", "parents", "calls", "cost", "made", "released", "left out by")
    show.table(names, rows, right=frozenset({1, 2, 3, 4, 5}), whole=frozenset({0}))


def _short(step: dict[str, Any]) -> str:
    return str(step["recipe"]).removeprefix("synthesize.")


def _remarks(held: dict[str, Any], target: str | Path) -> None:
    """What the table does not show."""
    if unasked := held["unasked"]:
        show.say(
            f"The budget is spent: {unasked:,} documents were not asked about. With a larger one the same command "
            "goes on."
        )
    judges = held["judges"]
    if judges["calls"]:
        cost = (
            "at an unknown price" if judges["cost"] is None else f"for {judges['cost']:,.4f} {held['currency'] or ''}"
        )
        calls, unrated = show.counted(judges["calls"], "call"), judges["unrated"]
        show.say(f"Judges: {calls} {cost.rstrip()}; {unrated:,} parts got no rating.")
    if judges["unasked"]:
        show.say(
            f"The budget is spent: {judges['unasked']:,} records were not judged, and are left out until they are."
        )
    if held["denied"]:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(held["denied"].items()))
        show.say(f"Not used, as nobody allows it: {told}.")
    if held["errors"]:
        show.say(f"{held['errors']:,} errors: weft errors {target}")
    if held["stand_in"]:
        show.say("Some records are of the stand-in server (weft-fake): they are for trials and no training data.")
    if held["people"]["tasks"]:
        show.say(f"For people to rate: {held['people']['tasks']:,} tasks in {target}/people/tasks.jsonl")


def _estimate(checked: Recipe, target: str | Path, sample: int, as_json: bool, quiet: bool) -> int:
    from weft.engine.synthesis_estimate import estimate
    from weft.sample.fake_answers import answer

    watcher = Watch().opened(target, quiet=quiet or as_json)
    try:
        held = estimate(checked, target, sample, lambda body: answer(body, {})[0], watcher)
    finally:
        watcher.close()
    if as_json:
        show.as_json(held)
        return 0
    rows = []
    for step in held["steps"]:
        counts = [step[name] for name in ("documents", "calls", "answered", "tokens_in", "tokens_out")]
        costs = ["unknown" if step[name] is None else f"{step[name]:,.4f}" for name in ("cost", "most")]
        rows.append((_short(step), *counts, *costs))
    currency = held["currency"] or "cost"
    names = ("step", "documents", "calls", "answered", "tokens in", "tokens out", currency, f"{currency} at most")
    show.table(names, rows, right=frozenset(range(1, 8)), whole=frozenset({0}))
    show.say(
        f"From {sample:,} documents of each step at most, and likely answers: nobody was asked. Tokens are estimated."
    )
    return 0
