"""The command `weft logs`: what runs of a build said, and what failed."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import BuildFolder, Json
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.watching.read_log import Run

_SHOWN = 5
"""Failures that are shown without `--failed`."""


def logs(
    build: BuildFolder,
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="All lines of one run: its name, or the beginning of it.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed, with traces, of all runs.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Lines of the newest run as they come.")] = False,
    as_json: Json = False,
) -> int:
    """Runs of a build, newest first, and why tasks failed; one line for each event with --run or --follow."""
    from weft.engine.places import in_objects, open_storage
    from weft.engine.watching import read_log

    storage = open_storage(build)
    if follow and in_objects(build):
        raise WeftError(
            f"{build}: --follow reads a file as it grows; expected a folder, or --run ID, or weft status --watch"
        )
    if failed:
        asked = [read_log.chosen(storage, run)] if run else read_log.runs(storage) or [read_log.chosen(storage, None)]
        found = [one for each in asked for one in read_log.failures(storage, each)]
        return _failures(found, as_json)
    if run is not None or follow:
        wanted = read_log.chosen(storage, run)
        with contextlib.suppress(KeyboardInterrupt):  # the usual way to stop following
            for held in read_log.follow(wanted) if follow else read_log.lines(wanted):
                _line(held, as_json)
        return 0
    read_log.chosen(storage, None)
    return _outlines(storage, read_log.runs(storage), as_json)


def _line(held: dict[str, Any], as_json: bool) -> None:
    from weft.engine.watching.lines import sentence

    show.say(show.json_line(held).rstrip("\n") if as_json else sentence(held))
    sys.stdout.flush()


def _failures(found: list[dict[str, Any]], as_json: bool) -> int:
    for held in found:
        if as_json:
            _line(held, as_json)
        else:
            _failure(held)
    if not found and not as_json:
        show.say("nothing failed")
    return 0


def _failure(held: dict[str, Any]) -> None:
    """One failure: when, what, where, why, and its trace."""
    shard = f" on shard {held['shard']}" if held.get("shard", -1) >= 0 else ""
    what = "failed" if held["event"] == "task_failed" else "failed, and was tried again"
    show.say(f"{held['time']}  {held['node']}{shard} {what}, attempt {held['attempt']}, run {held['run']}")
    show.say(f"    {held.get('message') or held['reason']}")
    for line in (held.get("traceback") or "\n".join(held.get("trace") or ())).rstrip().splitlines():
        show.say(f"    | {line}")


def _end(told: dict[str, Any]) -> str:
    """How a run ended, or when it was last heard of."""
    return told["state"] or f"not ({str(told['last'])[11:19]})"


def _outlines(storage: Any, runs: list[Run], as_json: bool) -> int:
    from weft.engine.watching import read_log

    told = [read_log.outline(run) for run in runs]
    if as_json:
        for held in told:
            show.say(show.json_line(held).rstrip("\n"))
        return 0
    rows = [(one["run"], one["recipe"], _end(one), one["ran"], one["failed"], one["seconds"]) for one in told]
    names = ("run", "recipe", "ended", "tasks run", "failed", "seconds")
    show.table(names, rows, right=frozenset({3, 4, 5}), whole=frozenset({0, 2}))
    last: list[dict[str, Any]] = []
    for run in runs[: read_log.KEPT]:
        last += read_log.failures(storage, run)
        if len(last) >= _SHOWN:
            break
    for held in last[:_SHOWN]:
        _failure(held)
    if len(last) > _SHOWN:
        show.say(f"more failures: weft logs {storage.place} --failed")
    return 0
