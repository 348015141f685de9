"""The command `worker`: one of any number of processes that build a folder together."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.watching import LogLevel, LogTo, MetricsHost, MetricsPort, Watch
from weft.errors import WeftError


def worker(
    place: Annotated[Path, typer.Argument(metavar="RECIPE|BUILD", help="A recipe file, or a folder that has one.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="Build folder of a recipe; default: build/ beside it.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Tasks at a time.")] = 1,
    lease: Annotated[
        float, typer.Option("--lease", min=1, metavar="SECONDS", help="A worker unheard of for so long is dead.")
    ] = 60,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="a.b=c", help="Replace a value of the recipe.")
    ] = None,
    log: LogTo = None,
    log_level: LogLevel = "info",
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Take tasks of a build until all are done, beside other workers on any machine that sees the folder."""
    from weft.engine.worker import work
    from weft.recipe import load

    recipe, target = None, place
    if not place.is_dir():
        recipe, target = load(place, set_ or []), into or place.parent / "build"
    elif into is not None or set_:
        raise WeftError(f"{place}: is a folder; expected a recipe file beside --into and --set")
    watcher = Watch(log, log_level, metrics_port, metrics_host).opened(target, quiet=quiet or as_json)
    began = time.monotonic()
    try:
        done = work(
            recipe, target, workers=workers, seconds=lease, listener=watcher, at_end=lambda: _write_report(target)
        )
    finally:
        watcher.close()
    seconds = time.monotonic() - began
    if as_json:
        show.as_json(done.run.to_json() | {"own": done.own, "seconds": round(seconds, 2)})
        return done.run.status
    for failure in done.run.tally.failures:
        show.say(f"failed: {failure.task.node} on shard {failure.task.shard}: {failure.failure}")
    others = sum(done.run.tally.ran.values()) - done.own
    found = sum(done.run.tally.cached.values())
    show.say(
        f"{show.counted(done.own, 'task')} run, {others} by other workers, {found} found done, in {seconds:.1f} s."
    )
    if not done.run.status:
        show.say(f"complete: {target / 'construct'}")
    return done.run.status


def _write_report(target: Path) -> None:
    """The report, unless another worker has written it since the release."""
    from weft.engine.reading import open_build
    from weft.report import write
    from weft.report.page import PAGE

    page, release = target / PAGE, target / "construct/release.json"
    if not page.exists() or page.stat().st_mtime < release.stat().st_mtime:
        write(open_build(target))
