"""Lines of a log: JSON objects of a stated version, the same as sentences, and failures without text of documents."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

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
_FRAME = re.compile(r'^\s*File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<name>\S+)$')
_TYPE = re.compile(r"^(?P<type>[A-Za-z_][\w.]*?)(?::|$)")
_NUMBER = re.compile(r"\[Errno \d+\]")
_FRAMES = "Traceback (most recent call last)"


def line(run: str, event: str, seconds: float, fields: dict[str, Any]) -> dict[str, Any]:
    """One event at a time in seconds since 1970."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")
    head = {"v": VERSION, "time": moment.replace("+00:00", "Z"), "level": EVENTS[event], "event": event, "run": run}
    return head | fields


def as_text(held: dict[str, Any]) -> str:
    """The JSON of a line, with its line end."""
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


def told_of(failure: str, trace: str | None) -> dict[str, Any]:
    """What a log says of a failure: the type and the place of an error and its frames, and nothing of its message.

    A message may quote a document. What the engine itself says, such as that a process died, has no frames and stays.
    """
    if trace is None or _FRAMES not in trace:
        return {"error": None, "reason": failure}
    frames: list[str] = []
    errors: list[str] = []
    for one in trace.splitlines():
        if found := _FRAME.match(one):
            frames.append(f"{_short(found['file'])}:{found['line']} in {found['name']}")
        elif frames and (kind := _TYPE.match(one)) and one[:1].isalpha():
            errors.append(kind["type"])
    # Messages of several lines may look like a type: the last that ends in a usual way is that of the error.
    kinds = [name for name in errors if re.search(r"(Error|Exception|Interrupt|Exit|Warning|Full)$", name)]
    error = (kinds or ["Exception"])[-1].rpartition(".")[2]
    ours = [frame for frame in frames if frame.startswith("weft/")]
    number = _NUMBER.search(failure)
    what = f"{error} {number.group()}" if number else error
    place = f" at {(ours or frames)[-1]}" if frames else ""
    return {"error": error, "reason": what + place, "trace": frames}


def _short(file: str) -> str:
    """The path below the folder of packages; of other files the name."""
    for mark in ("/site-packages/", "/src/"):
        if mark in file:
            return file.rpartition(mark)[2]
    return file.rpartition("/")[2]


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
