"""Reads the logs of a build: its runs, their lines as they come, and their failures with messages and traces."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.engine.storage import Storage
from weft.engine.watching.log import FOLDER
from weft.errors import WeftError, nearest

KEPT = 10
"""Runs whose logs `weft clean` leaves."""
_FAILED = ("task_failed", "task_retried")


@dataclass(frozen=True)
class Run:
    """A run that has a log: its name and the parts of the log, older one first."""

    name: str
    parts: tuple[Path, ...]


def runs(storage: Storage) -> list[Run]:
    """All runs with a log, newest first."""
    names = {Path(path).name for path in storage.below(FOLDER)}
    found = sorted((name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl")), reverse=True)
    plain = [name for name in found if not name.endswith((".earlier", ".messages"))]
    return [Run(name, _parts(storage, names, name)) for name in plain]


def _parts(storage: Storage, names: set[str], run: str) -> tuple[Path, ...]:
    wanted = [name for name in (f"{run}.earlier.jsonl", f"{run}.jsonl") if name in names]
    return tuple(storage.path(f"{FOLDER}/{name}") for name in wanted)


def chosen(storage: Storage, name: str | None) -> Run:
    """The run whose name begins with `name`, else the newest; raises WeftError when there is none, or several."""
    every = runs(storage)
    if not every:
        raise WeftError(f"{storage.place}: has no logs; expected a folder that `weft run` or `weft worker` built")
    if name is None:
        return every[0]
    found = [run for run in every if run.name.startswith(name)]
    if len(found) != 1:
        names = [run.name for run in every]
        many = f"{len(found)} runs begin with it" if found else f"no run of this name{nearest(name, names)}"
        raise WeftError(f"--run {name}: {many}; expected one of {', '.join(names[:5])}{', …' * (len(names) > 5)}")
    return found[0]


def lines(run: Run) -> Iterator[dict[str, Any]]:
    """The lines of a run. A line that a kill cut short is left out."""
    for part in run.parts:
        # A part that turns is not there for an instant.
        with contextlib.suppress(FileNotFoundError), open(part, "rb") as source:
            for content in source:
                if (held := _line(content)) is not None:
                    yield held


def _line(content: bytes) -> dict[str, Any] | None:
    if not content.endswith(b"\n"):
        return None
    try:
        held = json.loads(content)
    except ValueError:
        return None
    return held if isinstance(held, dict) else None


def follow(run: Run, wait: Callable[[], None] = lambda: time.sleep(0.5)) -> Iterator[dict[str, Any]]:
    """The lines of a run, and those that come, until it ends; `wait` is called when there is nothing new."""
    path, held = run.parts[-1], b""
    yield from lines(Run(run.name, run.parts[:-1]))
    source = open(path, "rb")  # noqa: SIM115 - another one is opened when the log turns
    try:
        while True:
            turned = _turned(source.fileno(), path)  # before reading: what was written up to then is in this part
            content = source.read()
            held += content
            whole, _, held = held.rpartition(b"\n")
            for one in whole.splitlines(keepends=True):
                told = _line(one if one.endswith(b"\n") else one + b"\n")
                if told is None:
                    continue
                yield told
                if told.get("event") == "run_ended":
                    return
            if not content:
                if turned:
                    source.close()
                    source = open(path, "rb")  # noqa: SIM115 - as above
                else:
                    wait()
    finally:
        source.close()


def _turned(handle: int, path: Path) -> bool:
    """Whether the log has a new part by now."""
    try:
        return os.fstat(handle).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return False


def outline(run: Run) -> dict[str, Any]:
    """When a run began and how it ended, from the first and the last lines of its log."""
    first = next(lines(run), {})
    last = next((held for part in reversed(run.parts) if (held := _last(part)) is not None), {})
    ended = last if last.get("event") == "run_ended" else {}
    told = {name: ended.get(name) for name in ("state", "ran", "cached", "failed", "seconds")}
    begun = {name: first.get(name) for name in ("role", "runner", "host", "pid", "recipe")}
    return {"run": run.name, "began": first.get("time"), "last": last.get("time"), **begun, **told}


def _last(part: Path) -> dict[str, Any] | None:
    """The last whole line of a part; None when it has none, as a new one at first."""
    try:
        with open(part, "rb") as source:
            source.seek(max(source.seek(0, os.SEEK_END) - 4096, 0))
            tail = source.read().splitlines(keepends=True)
    except FileNotFoundError:
        return None
    return next((held for held in map(_line, reversed(tail)) if held is not None), None)


def failures(storage: Storage, run: Run) -> list[dict[str, Any]]:
    """Lines of attempts that failed, newest first, each with its whole message and trace where they were kept."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    messages = f"{FOLDER}/{run.name}.messages.jsonl"
    for held in lines(Run(run.name, (storage.path(messages),))) if storage.exists(messages) else ():
        kept[_place(held)] = {"message": held.get("message"), "traceback": held.get("trace")}
    found = {_place(held): held for held in lines(run) if held.get("event") in _FAILED}
    return [held | kept.get(place, {}) for place, held in reversed(found.items())]


def _place(held: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(held.get(name) for name in ("node", "shard", "key", "attempt"))


def old(storage: Storage) -> list[str]:
    """Files of logs of all but the newest runs, relative to the build."""
    gone = {run.name for run in runs(storage)[KEPT:]}
    return [path for path in storage.below(FOLDER) if Path(path).name.partition(".")[0] in gone] if gone else []
