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
    place: Annotated[
        str, typer.Argument(metavar="RECIPE|BUILD", help="A recipe file, or a folder or URL of a build that has one.")
    ],
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="DIR|URL", help="Build of a recipe; default: build/ beside it."),
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
    """Take tasks of a build until all are done, beside other workers on any machine that sees it."""
    from weft.engine.places import in_objects
    from weft.engine.worker import work
    from weft.recipe import load

    recipe, target = None, _target(place)
    if not in_objects(place) and not Path(place).is_dir():
        recipe = load(Path(place), set_ or [])
        target = _target(into) if into is not None else Path(place).parent / "build"
    elif into is not None or set_:
        raise WeftError(f"{place}: is a build; expected a recipe file beside --into and --set")
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
        show.say(f"complete: {str(target).rstrip('/')}/construct")
    return done.run.status


def _target(place: str) -> Path | str:
    from weft.engine.places import in_objects

    return place if in_objects(place) else Path(place)


def _write_report(target: Path | str) -> None:
    """The report, unless another worker has written it since the release."""
    from weft.engine.places import open_storage
    from weft.engine.reading import open_build
    from weft.report import write
    from weft.report.page import PAGE

    storage = open_storage(target)
    page, release = storage.changed(PAGE), storage.changed("construct/release.json")
    if page is None or (release is not None and page < release):
        write(open_build(target))
