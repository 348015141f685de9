"""How a build is, read by any process that sees its folder: nothing is locked, nothing is written."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

from weft.engine import leases, places
from weft.engine.build import RECIPE
from weft.engine.leases import Seen
from weft.engine.room import free_bytes
from weft.engine.storage import Storage, is_url
from weft.engine.watching import progress
from weft.errors import WeftError

VERSION = 1
SILENT = 3 * progress.UNCHANGED
"""Seconds without a new progress file after which a process of this host that is gone counts as dead."""
ENDED_EARLY = ("died", "interrupted", "broken")
_SUMS = ("expected", "cached", "done", "failed", "running", "rows", "read_bytes", "written_bytes")


def status(build: str | Path, *, whole: bool = True) -> dict[str, Any]:
    """How far a build is, who works on it, on what, and how fast; `docs/operations.md` has the fields.

    While a run or a worker is alive it is what they tell of themselves, whose size does not depend on the tasks. Else
    it is what the ledger says, which takes time in proportion to the tasks; with `whole` false, what the last run told.
    Raises WeftError when the folder is no build.
    """
    storage = places.open_storage(build)
    members = places.members(storage)
    if not storage.exists(RECIPE) and not members:
        raise WeftError(f"{build}: is not a build folder (no {RECIPE} in it); expected the folder of `weft run --into`")
    held = progress.read(storage)
    quiet = _age(storage)
    alive = [seen for seen in members if not _gone(seen, quiet)]
    live = bool(alive)
    state = _state(held, alive, quiet)
    told = {"version": VERSION, "build": storage.place, "state": state, "live": live}
    if live or not whole:
        found = _told(held if state != "planning" else None, storage)
    else:
        found = _checked(build, held if state != "done" else None)
    found |= {"run": _run(held, quiet, live) if state != "planning" else None}
    if not live:
        found |= {"running": [], "eta_seconds": None, "workers": [], "leases": []}
    found["unfinished"] = _running(held, {"workers": []}, storage, 0.0) if state in ENDED_EARLY and held else []
    return told | found | {"free_bytes": free_bytes(storage.disk)}


def _age(storage: Storage) -> float:
    """Seconds since the progress file was written: by the clock of its file system; in object storage by that of who
    wrote it, as asking the storage for its time would write."""
    if is_url(storage.place):
        held = progress.read(storage)
        return float("inf") if held is None else max(time.time() - float(held["written"]), 0.0)
    path = storage.path(progress.PROGRESS)
    try:
        changed = path.stat().st_mtime
    except OSError:
        return float("inf")
    return max(leases.clock(path.parent) - changed, 0.0)


def _gone(seen: Seen, quiet: float) -> bool:
    """Whether a process of this host is no more, long before its lease ends.

    Containers may share a host's name and not its processes: what writes its progress is alive.
    """
    if seen.about.get("host") != socket.gethostname() or quiet < SILENT:
        return False
    try:
        os.kill(int(seen.about["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, KeyError, ValueError):
        return False
    return False


def _state(held: dict[str, Any] | None, alive: list[Seen], quiet: float) -> str:
    """`running`, `planning`, `finishing`; of what is over: `done`, `failed`, `stopped`, …, `died`, or `unknown`."""
    if alive:
        if any(seen.about.get("role") == "worker" for seen in alive):
            told = held is not None and held["role"] == "worker" and quiet < 2 * SILENT
            return "running" if told else "planning"
        ours = held is not None and any(
            (seen.about.get("host"), seen.about.get("pid")) == (held["host"], held["pid"]) for seen in alive
        )
        if held is None or not ours:
            return "planning"
        return "running" if held["state"] == "running" else "finishing"
    if held is None:
        return "unknown"
    return "died" if held["state"] == "running" else str(held["state"])


def _run(held: dict[str, Any] | None, quiet: float, live: bool) -> dict[str, Any] | None:
    if held is None:
        return None
    names = ("run", "role", "runner", "workers", "host", "pid", "recipe", "began", "reason", "command", "folder")
    spent = held["written"] - held["began"] + (quiet if live else 0.0)
    return {name: held[name] for name in names} | {"seconds": round(spent, 1), "heard_from": round(quiet, 1)}


def _told(held: dict[str, Any] | None, storage: Storage) -> dict[str, Any]:
    """What the run or the workers say of themselves."""
    nodes = held["nodes"] if held is not None else []
    workers = places.builders(storage)
    told = {
        "complete": bool(nodes) and all(_complete(node) for node in nodes),
        "shards": held["shards"] if held is not None else 0,
        "tasks_done": sum(node["cached"] + node["done"] for node in nodes),
        "tasks_to_run": sum(max(node["expected"] - _over(node), 0) for node in nodes),
        "nodes": [_node(node) for node in nodes],
        "stages": _stages(held),
        "running": _running(held, workers, storage, _age(storage)),
        **workers,
    }
    return told | _reported(held)


def _reported(held: dict[str, Any] | None) -> dict[str, Any]:
    if held is None:
        return {"progress": None, "eta_seconds": None, "nodes_not_begun": [], "slowest": [], "failures": []}
    names = ("progress", "eta_seconds", "nodes_not_begun", "slowest", "failures")
    return {name: held[name] for name in names}


def _over(node: dict[str, Any]) -> int:
    return int(node["cached"] + node["done"] + node["failed"])


def _complete(node: dict[str, Any]) -> bool:
    return not node["failed"] and _over(node) >= node["expected"]


def _node(node: dict[str, Any]) -> dict[str, Any]:
    names = ("node", "stage", "failed", "retried", "running", "rows", "read_bytes", "written_bytes", "expected")
    done, left = node["cached"] + node["done"], max(node["expected"] - _over(node), 0)
    times = {name: round(node[name], 2) for name in ("seconds", "cpu_seconds")}
    return {name: node[name] for name in names} | times | {"done": done, "to_run": left, "complete": _complete(node)}


def _stages(held: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Sums of each stage's nodes, and its rates over the last minute."""
    if held is None:
        return []
    sums: dict[str, Counter[str]] = {}
    for node in held["nodes"]:
        sums.setdefault(node["stage"], Counter()).update({name: node[name] for name in _SUMS})
    found = []
    for stage, one in sums.items():
        rate = held["rates"].get(stage, {})
        rates = {f"{name}_per_second": rate.get(name, 0.0) for name in ("tasks", "rows", "bytes")}
        counts = {name: one[name] for name in ("failed", "running", "rows", "read_bytes", "written_bytes")}
        done = one["cached"] + one["done"]
        found.append({"stage": stage, "tasks": one["expected"], "done": done, **counts, **rates})
    return found


def _running(
    held: dict[str, Any] | None, workers: dict[str, Any], storage: Storage, age: float
) -> list[dict[str, Any]]:
    """What runs now and for how long, oldest first: by the leases of workers, or as a run told `age` seconds ago."""
    if workers["workers"]:
        now = places.now(storage)
        found = [
            {"node": one["node"], "shard": one["shard"], "seconds": round(max(now - one["began"], 0.0), 1),
             "worker": f"{one['host']}:{one['pid']}"}
            for one in workers["leases"] if one["began"] is not None
        ]  # fmt: skip
        return sorted(found, key=lambda one: -float(one["seconds"]))
    if held is None:
        return []
    since = held["written"] + age
    return [
        {
            "node": one["node"],
            "shard": one["shard"],
            "seconds": round(max(since - one["began"], 0.0), 1),
            "worker": None,
        }
        for one in held["running"]
    ]


def _checked(build: str | Path, held: dict[str, Any] | None) -> dict[str, Any]:
    """What the recipe of the build still needs, by its ledger; and what the last run told where it did not finish."""
    from weft.engine.reading import Build

    found = Build.open(build).status()
    tasks = found["tasks_done"] + found["tasks_to_run"]
    more = _reported(held) | {"progress": 1.0 if found["complete"] else None, "stages": _stages(held)}
    if held is not None and not found["complete"] and tasks:
        more["progress"] = held["progress"]
    return found | more
