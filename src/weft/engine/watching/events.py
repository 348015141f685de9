"""What listeners are told of a run as a whole: what it is when it begins, and how it ended."""

from __future__ import annotations

import os
import platform
import secrets
import shlex
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.engine.graph import Plan
from weft.engine.keys import digest, library_version
from weft.engine.progress import Silent
from weft.engine.storage import Storage, is_url
from weft.engine.work import Outcome, Task
from weft.recipe import Recipe

_LIBRARIES = ("polars", "pyarrow", "numpy", "numba")


@dataclass(frozen=True)
class About:
    """A run or a worker, and the plan that it follows."""

    run: str
    """Its name: the time at which it began, its role and a random part; newer ones sort later."""
    role: str
    runner: str
    workers: int
    build: str
    """The folder, or the URL in object storage."""
    recipe: str
    digest: str
    """Of the recipe with all defaults filled in."""
    host: str
    pid: int
    nodes: tuple[tuple[str, str, str], ...]
    """Name, stage and `each` of every node, in the order of the plan."""
    shards: int
    command: str | None
    """The command line that goes on where it was, where a command began it."""
    folder: str

    def versions(self) -> dict[str, str]:
        """Of weft, Python and the libraries on which answers depend."""
        libraries = {name: library_version(name) for name in _LIBRARIES}
        return {"weft": library_version("weft"), "python": platform.python_version(), **libraries}


@dataclass(frozen=True)
class Ending:
    """How a run ended: `done`, `failed` (some tasks), `stopped` (in good order), `interrupted` or `broken`."""

    state: str
    reason: str | None = None


class Quiet(Silent):
    """A listener that is also told how a run begins and ends; it does nothing, and others write what they need."""

    def began(self, about: About) -> None:
        """Nothing is kept."""

    def ended(self, ending: Ending) -> None:
        """Nothing is kept."""


class Several:
    """Tells everything to several listeners, in their order."""

    def __init__(self, listeners: Sequence[Any]) -> None:
        self._listeners = tuple(listeners)
        self._watchers = tuple(one for one in listeners if hasattr(one, "began"))
        self._over = False

    def began(self, about: About) -> None:
        for one in self._watchers:
            one.began(about)

    def ended(self, ending: Ending) -> None:
        """Tell it once: what comes after the end of a run, such as a signal, is no other end."""
        if self._over:
            return
        self._over = True
        for one in self._watchers:
            one.ended(ending)

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None:
        for one in self._listeners:
            one.planned(node, stage, tasks, cached, size)

    def started(self, task: Task) -> None:
        for one in self._listeners:
            one.started(task)

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        for one in self._listeners:
            one.took(outcome, attempt, again)

    def finished(self, task: Task, entries: Any) -> None:
        for one in self._listeners:
            one.finished(task, entries)

    def failed(self, task: Task, reason: str, again: bool) -> None:
        for one in self._listeners:
            one.failed(task, reason, again)

    def close(self) -> None:
        for one in self._listeners:
            if hasattr(one, "close"):
                one.close()


def about(recipe: Recipe, plan: Plan, storage: Storage, role: str, runner: str, workers: int) -> About:
    """What a run of this process is."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return About(
        run=f"{moment}-{role}-{secrets.token_hex(3)}",
        role=role,
        runner=runner,
        workers=workers,
        build=storage.place if is_url(storage.place) else str(storage.root.absolute()),
        recipe=recipe.name,
        digest=digest(recipe.to_json()),
        host=socket.gethostname(),
        pid=os.getpid(),
        nodes=tuple((node.name, node.stage, node.each) for node in plan.nodes),
        shards=len(plan.shards),
        command=_command(),
        folder=str(Path.cwd()),
    )


def _command() -> str | None:
    """The command line of this process, where it is one of weft's."""
    called = Path(sys.argv[0])
    ours = called.name == "weft" or called.parts[-2:] == ("weft", "__main__.py")
    return shlex.join(["weft", *sys.argv[1:]]) if ours else None
