"""The command `weft status`: how far a build is, once or for as long as it runs."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import BuildFolder, Json

_SHOWN = 12
"""Tasks that run which are shown."""
_SAID = {
    "planning": "a run has begun and makes its plan",
    "running": "running",
    "finishing": "all tasks are over; the run ends",
    "done": "the last run came to its end",
    "failed": "the last run came to its end; some tasks failed",
    "stopped": "the last run stopped in good order",
    "interrupted": "the last run was interrupted",
    "broken": "the last run ended with an error",
    "died": "the last run died: it was killed, or its machine went away",
    "unknown": "no run has told of itself",
}


def status(
    build: BuildFolder,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again and again until the run is over.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.2, help="Between two looks of --watch.")
    ] = 2.0,
    as_json: Json = False,
) -> int:
    """How far a build is, who builds it, on what, how fast, and what failed; exit status 1 while something is left."""
    from weft.engine.watching.status import status

    if watch:
        try:
            _watch(build, every, as_json)
        except KeyboardInterrupt:  # the usual way to stop looking
            return 1
    held = status(build)
    if as_json:
        _line(held) if watch else show.as_json(held)
    else:
        _page(held)
    return 0 if held["complete"] else 1


def _line(held: dict[str, Any]) -> None:
    show.say(show.json_line(held).rstrip("\n"))
    sys.stdout.flush()


def _watch(build: str, every: float, as_json: bool) -> None:
    """Show what a run tells until it is over; on a terminal in one place."""
    from weft.engine.watching.status import status

    screen = show.console()
    while (held := status(build, whole=False))["live"]:
        if as_json:
            _line(held)
        else:
            if screen.is_terminal:
                screen.clear()
            _page(held)
        time.sleep(every)


def _page(held: dict[str, Any]) -> None:
    show.say(_headline(held))
    if held["live"]:
        _live(held)
    else:
        rows = [(n["stage"], n["node"], n["done"], n["to_run"], _yes(n["complete"])) for n in held["nodes"]]
        show.table(("stage", "node", "done", "ready", "complete"), rows, right=frozenset({2, 3}))
    for failure in held["failures"][-3:]:
        what = "failed" if failure["final"] else "is tried again"
        show.say(f"{_place(failure)} {what}, attempt {failure['attempt']}: {failure['reason']}")
    if held["unfinished"]:
        left = [f"{_place(one)} for {duration(one['seconds'])}" for one in held["unfinished"][:_SHOWN]]
        show.say(f"ran at the end: {', '.join(left)}{', …' * (len(held['unfinished']) > _SHOWN)}")
    if held["failures"]:
        show.say(f"traces: weft logs {held['build']} --failed")
    show.say(f"{show.size(held['free_bytes'])} free on the disk of the build")
    if not held["live"]:
        show.say(_last(held))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _headline(held: dict[str, Any]) -> str:
    parts = [f"{held['build']}: {_SAID.get(held['state'], held['state'])}"]
    run = held["run"]
    if held["live"] and run is not None:
        parts = [f"{held['build']}: {held['state']} for {duration(run['seconds'])}"]
        if held["progress"] is not None:
            parts.append(f"{100 * held['progress']:.0f} % of the tasks")
        if held["eta_seconds"] is not None:
            later = len(held["nodes_not_begun"])
            more = f" for what has begun, and {later} steps after it" if later else ""
            parts.append(f"about {duration(held['eta_seconds'])} left{more}")
    elif run is not None:
        parts[0] += f", after {duration(run['seconds'])}" + (f": {run['reason']}" if run["reason"] else "")
    return "; ".join(parts)


def _live(held: dict[str, Any]) -> None:
    run = held["run"]
    if run is not None and run["role"] == "run":
        show.say(f"{run['host']}:{run['pid']}, runner {run['runner']}, heard from {run['heard_from']:.0f} s ago")
    rows = [
        (one["stage"], one["done"], one["tasks"], one["running"], one["failed"], f"{one['rows_per_second']:,.0f}",
         f"{one['bytes_per_second'] / 1e6:,.1f}")
        for one in held["stages"]
    ]  # fmt: skip
    if rows:
        head = ("stage", "done", "of", "running", "failed", "rows/s", "MB/s")
        show.table(head, rows, right=frozenset(range(1, len(head))))
    if held["workers"]:
        members = [(f"{w['host']}:{w['pid']}", w["tasks"], w["minutes"], w["heard_from"]) for w in held["workers"]]
        show.table(("worker", "tasks", "minutes", "heard from, s ago"), members, right=frozenset({1, 2, 3}))
        show.say(f"{held['tasks_per_minute']:,} tasks a minute")
    tried = {(one["node"], one["shard"]): one["attempt"] for one in held["leases"]}
    for one in held["running"][:_SHOWN]:
        who = f"{one['worker']} runs " if one["worker"] else "runs "
        again = tried.get((one["node"], one["shard"])) or 1
        more = f", worker number {again} on it" if again > 1 else ""
        show.say(f"{who}{_place(one)}, for {duration(one['seconds'])}{more}")
    if len(held["running"]) > _SHOWN:
        show.say(f"… and {len(held['running']) - _SHOWN} more")
    if held["slowest"]:
        longest = ", ".join(f"{_place(one)} {duration(one['seconds'])}" for one in held["slowest"][:3])
        show.say(f"longest so far: {longest}")


def _last(held: dict[str, Any]) -> str:
    if held["complete"]:
        return "complete"
    run = held["run"] or {}
    if run.get("command") is None:
        return "not complete: run the recipe again to go on"
    return f"not complete; to go on, in {run['folder']}: {run['command']}"


def _place(one: dict[str, Any]) -> str:
    return str(one["node"]) + (f" on shard {one['shard']}" if one["shard"] >= 0 else "")


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, as much of them as a person reads."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {left:02d} s"
