"""Who builds a folder: one run, or any number of workers with one plan; never both."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from typing import Any

from filelock import FileLock, Timeout

from weft.engine import leases
from weft.engine.keys import digest, library_version, operator_identity
from weft.engine.leases import Seen
from weft.engine.storage import Storage
from weft.engine.work import rooms_registry
from weft.errors import WeftError
from weft.recipe import Recipe

WORKERS, TASKS, FAILED, LOCK = "ledger/workers", "ledger/leases", "ledger/failed", "ledger/lock"
BUSY = "another run is writing this build; wait for it, or choose another folder"
LONGEST_WAIT = 900.0
"""Seconds that a worker waits for another that compiles the plan."""


def fingerprint(recipe: Recipe) -> str:
    """What workers must agree on: the recipe, and the versions and files of all its operators."""
    registry = rooms_registry()
    steps = (*recipe.parse, *recipe.standardize, *recipe.label, *recipe.deduplicate)
    made = [operator_identity(registry.get(step.operator), step.params, step.where) for step in steps]
    return digest(library_version("weft"), recipe.answering(), made)


def present(storage: Storage, role: str) -> list[Seen]:
    """Those of a role (`worker`, `run`) who were heard from in time."""
    return [seen for seen in leases.every(storage.path(WORKERS)) if seen.alive and seen.about.get("role") == role]


def begin(storage: Storage) -> None:
    """Forget what dead workers left: leases, attempts, and failures, which deserve another try.

    The caller holds the build's lock, and no worker is alive.
    """
    leases.clear(storage.path(TASKS))
    leases.clear(storage.path(WORKERS), {seen.name for seen in _elsewhere(storage)})
    shutil.rmtree(storage.path(FAILED), ignore_errors=True)
    storage.clear_attempts()


def _elsewhere(storage: Storage) -> list[Seen]:
    """Runs of other hosts: those of this one hold the lock while they live, which not all file systems take far."""
    return [seen for seen in present(storage, "run") if seen.about.get("host") != socket.gethostname()]


def _refuse_runs(storage: Storage, runs: list[Seen]) -> None:
    if runs:
        raise WeftError(f"{storage.root}: {BUSY}")


def check_idle(storage: Storage) -> None:
    """Raises WeftError while workers are alive, or a run of another host; the caller holds the build's lock."""
    if workers := present(storage, "worker"):
        raise WeftError(
            f"{storage.root}: {told_of(workers)} building it; expected none: wait for them, or end them and try again "
            f"{max(float(seen.about['seconds']) for seen in workers):.0f} s later"
        )
    _refuse_runs(storage, _elsewhere(storage))


@contextlib.contextmanager
def alone(storage: Storage) -> Iterator[None]:
    """Build as the only one; the caller holds the build's lock. Raises WeftError while workers are alive."""
    check_idle(storage)
    begin(storage)
    with leases.held(storage.path(WORKERS), f"run-{secrets.token_hex(6)}", role="run"):
        yield


@contextlib.contextmanager
def joining(storage: Storage) -> Iterator[list[Seen]]:
    """The workers that are there already, while nobody else comes. Raises WeftError when a run builds the folder."""
    storage.path("ledger").mkdir(parents=True, exist_ok=True)
    lock = FileLock(storage.path(LOCK))
    until = time.monotonic() + LONGEST_WAIT
    while True:
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0.5)
            break
        _refuse_runs(storage, present(storage, "run"))
        if time.monotonic() > until:
            raise WeftError(f"{storage.root}: locked for {LONGEST_WAIT:.0f} s; expected a plan by then")
    try:
        _refuse_runs(storage, _elsewhere(storage))
        yield present(storage, "worker")
    finally:
        lock.release()


def agree_among(place: str, others: list[Seen], mark: str) -> None:
    """Raises WeftError when workers that are alive have another plan than `mark`."""
    for other in others:
        if other.about.get("plan") != mark:
            raise WeftError(
                f"{place}: {told_of(others)} building it by another recipe, or with other versions of weft or its "
                "libraries; expected the same for all: wait for them, or choose another folder"
            )


def told_of(workers: list[Seen]) -> str:
    """`2 workers are (host:pid, host:pid)`."""
    names = [f"{seen.about.get('host')}:{seen.about.get('pid')}" for seen in workers]
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} worker{'s are' if len(names) > 1 else ' is'} ({shown})"


def fail(storage: Storage, key: str, reason: str) -> None:
    """Tell all workers that a task failed for good."""
    storage.write_bytes(f"{FAILED}/{key}.json", json.dumps({"reason": reason}).encode())


def failures(storage: Storage) -> dict[str, str]:
    """Reasons of tasks that failed for good since the first worker came, by task key."""
    folder = storage.path(FAILED)
    paths = folder.glob("*.json") if folder.is_dir() else ()
    return {path.stem: str(json.loads(path.read_bytes())["reason"]) for path in paths}


def status(storage: Storage) -> dict[str, Any]:
    """Workers and leases that are alive, and tasks per minute of these workers."""
    folder = storage.path(WORKERS)
    workers = present(storage, "worker")
    now = leases.clock(folder) if workers else 0.0
    spent = {seen.name: max(now - float(seen.about.get("began", now)), 1.0) for seen in workers}
    return {
        "workers": [
            {"host": seen.about.get("host"), "pid": seen.about.get("pid"), "tasks": int(seen.about.get("tasks", 0)),
             "minutes": round(spent[seen.name] / 60, 2), "heard_from": round(seen.age, 1)}
            for seen in workers
        ],
        "leases": [
            {"node": seen.about.get("node"), "shard": seen.about.get("shard"), "host": seen.about.get("host"),
             "pid": seen.about.get("pid"), "attempt": seen.about.get("attempt"), "heard_from": round(seen.age, 1),
             "began": seen.about.get("began")}
            for seen in leases.every(storage.path(TASKS)) if seen.alive
        ],
        "tasks_per_minute": round(sum(60 * int(s.about.get("tasks", 0)) / spent[s.name] for s in workers), 2),
    }  # fmt: skip
