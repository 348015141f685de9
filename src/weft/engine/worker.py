"""A worker: a process that shares a plan with any number of others, and takes what is ready by lease.

It runs the scheduler of `weft run`. What others finish comes to it as outcomes, out of the ledger, as its own do.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import random
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from weft.engine import known, leases, object_guard
from weft.engine.build import RECIPE, RunResult, built_at, check_folder, prepare, prepare_known
from weft.engine.crew import TASKS, fingerprint
from weft.engine.graph import State
from weft.engine.intermediate import revive
from weft.engine.leases import SECONDS
from weft.engine.ledger import Ledger
from weft.engine.local import LocalRunner, open_worker, run_task, thread_of
from weft.engine.places import Crew, open_crew, open_storage
from weft.engine.progress import Silent
from weft.engine.scheduler import Listener, Scheduler
from weft.engine.service_keys import check_keys
from weft.engine.service_lane import TOGETHER
from weft.engine.storage import Storage
from weft.engine.watching.events import Ending, Several
from weft.engine.watching.kept import kept
from weft.engine.work import SERVED, Outcome, Task, rooms_registry
from weft.errors import ShardError, WeftError
from weft.recipe import Recipe, from_json

SHORTEST, LONGEST = 0.2, 5.0
"""Seconds between two looks of a worker that has nothing to do."""
OWNERS = 10
"""Workers that may die on one task: of killed ones few meet the same task, one that kills them would end them all."""
_WINDOW = 32
"""Tasks among which a worker draws, so that workers that look at the same time seldom want the same."""


@dataclass(frozen=True)
class WorkResult:
    """What became of the build while a worker took part, and how many of the tasks were its own."""

    run: RunResult
    own: int


def work(
    recipe: Recipe | None,
    into: str | Path,
    *,
    workers: int = 1,
    seconds: float = SECONDS,
    listener: Listener | None = None,
    at_end: Callable[[], None] | None = None,
) -> WorkResult:
    """Take tasks of a build until its plan is done, with other workers or without; `at_end` is called by one at a time.

    Without a recipe: the one that the build was made with. `seconds` is how long a lease lasts that is not renewed.
    Raises WeftError for a folder that a run is writing, and for another recipe than that of workers that are alive.
    """
    storage = open_storage(into)
    given = recipe or stored_recipe(storage)
    check_folder(storage)
    check_keys(given, storage)
    crew = open_crew(storage, f"worker-{secrets.token_hex(6)}", seconds)
    open_things: list[_Closed] = [_Committed(storage), crew]
    before = None
    try:
        with crew.joining() as others:
            mark = fingerprint(given)
            crew.agree(others, mark)
            if not others:
                crew.begin()
            crew.enter(mark)
            prepared = None if others or recipe is None else prepare(given, storage, save=True)
        before = _on_end(open_things)
        plan, state = prepared or prepare_known(given, storage, as_made=False)
        revive(plan, lambda: State(state.ledger, list(plan.shards)))
        runner = LeasingRunner(storage, state.ledger, crew, workers)
        watched = kept(storage, given, plan, listener or Silent(), role="worker", runner="worker", workers=workers)
        with contextlib.closing(runner), watched as told:
            open_things.append(_Said(told))
            tally = Scheduler(plan, state, runner, _Telling(told, crew)).run()
        state.ledger.commit()
        result = WorkResult(RunResult(built_at(storage), tally), runner.done)
        with crew.joining() as others:
            known.save(storage, known.gathered(given, rooms_registry(), state))
            if at_end is not None and result.run.status == 0:
                at_end()
            if all(other.name == crew.name for other in others):
                state.ledger.refresh()
                state.ledger.compact()
        return result
    finally:
        for one in open_things[:2]:
            one.close()
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def stored_recipe(storage: Storage) -> Recipe:
    """The recipe that a build was made with; raises WeftError when the folder is no build."""
    content = storage.content(RECIPE)
    if content is None:
        raise WeftError(f"{storage.place}: is not a build folder (no {RECIPE} in it); expected one, or a recipe file")
    held = json.loads(content)
    return from_json(held["recipe"], base=Path(held["base"]))


class _Closed(Protocol):
    def close(self) -> None: ...


@dataclass
class _Committed:
    """What has to be committed before others take over."""

    storage: Storage

    def close(self) -> None:
        for close in getattr(self.storage, "closing", ()):
            with contextlib.suppress(OSError, WeftError):  # a worker that came to its end has committed already
                close()


@dataclass
class _Said:
    """The last words of a worker that is told to end."""

    told: Several

    def close(self) -> None:
        self.told.ended(Ending("interrupted", "SIGTERM, as a batch system sends it when time is up"))


def _on_end(held: list[_Closed]) -> Any:
    """When a batch system says that time is up: leases go back at once, and who runs a task cannot commit it.

    The answer is what was done at SIGTERM before; None where a thread that is not the main one may not say it.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for one in held:
            one.close()
        os._exit(128 + number)

    with contextlib.suppress(ValueError):  # signals are the main thread's
        return signal.signal(signal.SIGTERM, end) or signal.SIG_DFL
    return None


def run_leased(owner: str, root: str, task: Task) -> Outcome:
    """Run a task that commits nothing once its lease is another's: what slept too long does not wake to write."""
    storage = open_worker(root, thread_of(task)).context.storage
    folder = storage.path(TASKS)

    def check() -> None:
        if not leases.owns(folder, task.key, owner):
            raise ShardError("the lease of the task was taken away")

    storage.may_commit = check
    return run_task(root, task)


def run_guarded(guard: Path, root: str, task: Task) -> Outcome:
    """The same in object storage, where it is not asked: a file of this machine says until when the worker counts."""
    open_worker(root, thread_of(task)).context.storage.may_commit = functools.partial(object_guard.check, guard)
    return run_task(root, task)


class LeasingRunner:
    """Runs what nobody else runs, in processes of its own, and tells what others have finished or given up."""

    def __init__(self, storage: Storage, ledger: Ledger, crew: Crew, workers: int) -> None:
        self._storage = storage
        self._ledger = ledger
        self._crew = crew
        self._room = workers
        call: Callable[[str, Task], Outcome] = functools.partial(run_leased, crew.name)
        if crew.guard is not None:
            call = functools.partial(run_guarded, crew.guard)
        self._local = LocalRunner(storage.place, workers, call)
        self._open: dict[str, tuple[Task, list[str]]] = {}
        self._running: dict[str, Task] = {}
        self._services: set[str] = set()
        self._draw = random.Random(crew.name)
        self._missing: dict[str, list[str]] = {}
        self.done = 0
        """Tasks that this worker ran to their end."""

    def submit(self, task: Task) -> None:
        names = list(task.keys.values()) or [task.key]
        # At the first time: on a second try another worker may have come first, and the scheduler knows of none of it.
        missing = self._missing.setdefault(task.key, [name for name in names if self._ledger.get(name) is None])
        self._open[task.key] = (task, missing)
        if task.run == SERVED:
            self._services.add(task.key)

    @property
    def begun(self) -> Callable[[Task], None]:
        return self._local.begun

    @begun.setter
    def begun(self, listener: Callable[[Task], None]) -> None:
        self._local.begun = listener

    @property
    def busy(self) -> int:
        return len(self._running)

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        pause = SHORTEST
        while True:
            told = self._known()
            if not told:
                if begin:
                    self._take_some()
                told = self._known()
            if not self._running:
                self._ledger.commit()  # others may wait for what this worker has done
            for outcome in told:
                self._open.pop(outcome.task.key)
                yield outcome
            ended = 0
            for outcome in self._ended(0.0 if told else pause * self._draw.uniform(0.7, 1.3)):
                ended += 1
                yield outcome
            if told or ended:
                return
            if not self._crew.alive:
                raise WeftError(
                    f"{self._storage.place}: nothing was heard of this worker for {self._crew.seconds:.0f} s, and "
                    "others went on without it; start another"
                )
            pause = min(pause * 1.5, LONGEST)

    def close(self) -> None:
        self._local.close()

    def _known(self) -> list[Outcome]:
        """Open tasks that the ledger has by now, or that failed for good somewhere."""
        self._ledger.refresh()
        failed = self._crew.failures()
        found: list[Outcome] = []
        for key, (task, missing) in self._open.items():
            if key in self._running:
                continue
            entries = [entry for name in missing if (entry := self._ledger.get(name)) is not None]
            if len(entries) == len(missing):
                self._crew.release(key)
                found.append(Outcome(task, tuple(entries), elsewhere=True))
            elif key in failed:
                self._crew.release(key)
                found.append(Outcome(task, failure=failed[key], elsewhere=True))
        return found

    def _take_some(self) -> None:
        served = sum(task.run == SERVED for task in self._running.values())
        # Tasks of services have room of their own: they take no core.
        self._take_of(False, self._room - (len(self._running) - served))
        if self._services:
            self._take_of(True, TOGETHER - served)

    def _take_of(self, services: bool, room: int) -> None:
        """Take up to `room` tasks that ask services, or that ask none."""
        if room <= 0:
            return
        waiting = [key for key in self._open if key not in self._running and (key in self._services) == services]
        taken = self._crew.taken() if waiting else set()
        # Leases of others are judged when nothing is free: of hundreds of workers they are hundreds of files.
        free = [key for key in waiting if key not in taken] or waiting
        most = len(self._running) + self._crew.room(room, len(free))
        drawn = self._drawn(free)
        while (left := most - len(self._running)) > 0 and (some := list(itertools.islice(drawn, left))):
            won = self._crew.claim([self._open[key][0] for key in some])
            if won:
                self._ledger.catch_up()  # some may have been finished between the last look and the lease
            for task in won:
                self._begin(task)

    def _begin(self, task: Task) -> None:
        if all(self._ledger.get(name) is not None for name in self._open[task.key][1]):
            return
        if self._crew.attempt(task.key) > OWNERS:
            reason = f"{OWNERS} workers ended while they ran it (out of memory, or killed)"
            self._crew.fail(task.key, reason)
            return
        self._running[task.key] = task
        self._local.submit(task)

    def _drawn(self, free: list[str]) -> Iterator[str]:
        for start in range(0, len(free), _WINDOW):
            window = free[start : start + _WINDOW]
            self._draw.shuffle(window)
            yield from window

    def _ended(self, wait: float) -> Iterator[Outcome]:
        """Tasks of this worker that ended, for up to `wait` seconds; one whose lease was lost is open again."""
        if not self._running:
            time.sleep(wait)
            return
        for outcome in self._local.outcomes(wait):
            key = outcome.task.key
            self._running.pop(key)
            lost = outcome.failure is not None and not self._crew.mine(key)
            self._ledger.add(outcome.entries)  # in object storage a task is given back once they are committed
            self._crew.release(key)
            if lost:
                continue
            if outcome.failure is None:
                self.done += 1
                self._crew.tell(self.done)
            self._open.pop(key)
            yield outcome


class _Telling:
    """A listener that lets all workers know of what failed for good."""

    def __init__(self, listener: Listener, crew: Crew) -> None:
        self._listener = listener
        self._crew = crew
        self.planned = listener.planned
        self.started = listener.started
        self.took = listener.took
        self.finished = listener.finished

    def failed(self, task: Task, reason: str, again: bool) -> None:
        if not again:
            self._crew.fail(task.key, reason)
        self._listener.failed(task, reason, again)
