"""Lines of a log: JSON objects of a stated version, the same as sentences, and failures without text of documents."""

from __future__ import annotations

import datetime
import json
from typing import Any

from weft.engine.work import Cause

VERSION = 1
LEVELS = ("debug", "info", "warning", "error")
EVENTS = {
    "run_begun": "info",
    "node_planned": "info",
    "task_started": "debug",
    "task_finished": "info",
    "task_retried": "warning",
    "task_failed": "error",
    "run_stopped": "warning",
    "run_ended": "info",
}
"""Every event, with its level."""
_BOUNDARY = "weft/engine/local.py:"


def line(run: str, event: str, seconds: float, fields: dict[str, Any]) -> dict[str, Any]:
    """One event at a time in seconds since 1970."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")
    head = {"v": VERSION, "time": moment.replace("+00:00", "Z"), "level": EVENTS[event], "event": event, "run": run}
    return head | fields


def as_text(held: dict[str, Any]) -> str:
    """The JSON of a line, with its line end."""
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


def told_of(failure: str, cause: Cause | None) -> dict[str, Any]:
    """What a log says of a failure: the type and the place of an error and its frames, and nothing of its message.

    A message may quote a document. What the engine itself says, such as that a process died, has no cause and stays.
    """
    if cause is None:
        return {"error": None, "reason": failure}
    # Every task is called from one place, which says nothing; a library's own lines say little.
    ours = [frame for frame in cause.frames if frame.startswith("weft/") and not frame.startswith(_BOUNDARY)]
    place = f" at {(ours or cause.frames)[-1]}" if cause.frames else ""
    what = cause.error if cause.number is None else f"{cause.error} [Errno {cause.number}]"
    return {"error": cause.error, "reason": what + place, "trace": list(cause.frames)}


def sentence(held: dict[str, Any]) -> str:
    """A line of a log for a person."""
    say = _SENTENCES.get(str(held.get("event")), lambda one: json.dumps(one, ensure_ascii=False))
    return f"{str(held.get('time', ''))[11:19]} {held.get('level', ''):<7} {say(held)}"


def _where(held: dict[str, Any]) -> str:
    shard = held.get("shard", -1)
    return f"{held.get('node')}" + (f" on shard {shard}" if shard >= 0 else "")


def _begun(held: dict[str, Any]) -> str:
    who = f"{held.get('host')}:{held.get('pid')}"
    build = f"{held.get('role')} of {held.get('recipe')} with weft {held.get('versions', {}).get('weft')}"
    return f"begun: {build} on {who}, runner {held.get('runner')}, {held.get('workers')} workers"


def _planned(held: dict[str, Any]) -> str:
    return f"planned: {held.get('node')}, {held.get('tasks'):,} tasks, {held.get('cached'):,} of them done before"


def _finished(held: dict[str, Any]) -> str:
    rows = f", {held['rows']:,} rows" if held.get("rows") else ""
    return f"finished: {_where(held)} in {held.get('seconds'):,.2f} s{rows}"


def _failed(held: dict[str, Any]) -> str:
    what = "trying again" if held.get("event") == "task_retried" else "failed"
    return f"{what}: {_where(held)}, attempt {held.get('attempt')}: {held.get('message') or held.get('reason')}"


def _ended(held: dict[str, Any]) -> str:
    done = f"{held.get('ran'):,} tasks run, {held.get('cached'):,} found done, {held.get('failed'):,} failed"
    return f"ended: {held.get('state')}; {done}, in {held.get('seconds'):,.1f} s"


_SENTENCES = {
    "run_begun": _begun,
    "node_planned": _planned,
    "task_started": lambda held: f"started: {_where(held)}",
    "task_finished": _finished,
    "task_retried": _failed,
    "task_failed": _failed,
    "run_stopped": lambda held: f"stopped ({held.get('state')}): {held.get('reason')}",
    "run_ended": _ended,
}
