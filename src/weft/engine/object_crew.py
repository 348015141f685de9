"""Workers that build in object storage together: who is alive, and who has which task, as objects made on a condition.

Each worker has one object that it renews; the object of a task only names its worker. So a renewal costs one request
however many tasks a worker has, and one listing tells all: who lives, by the storage's own times, and what is taken.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from weft.engine.crew import BUSY, LONGEST_WAIT, agree_among, told_of
from weft.engine.leases import Seen
from weft.engine.object_guard import Guard
from weft.engine.object_lease import COARSE, Busy, Lease, about_self, dead_here, parsed
from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import Found, Objects
from weft.engine.work import Task
from weft.errors import WeftError

TOP = "ledger/crew"
# One listing gives them in this order: who made a claim that it shows was a member when the members are listed.
_CLAIMS, _FAILED, _MEMBERS = f"{TOP}/claims/", f"{TOP}/failed/", f"{TOP}/members/"
LOOK = 2.0
"""Seconds for which a listing is good enough: a task that was taken since is refused by the condition."""
_RENEWALS = 4
_AT_ONCE = 16
_AHEAD = 4
"""Tasks in hand for each that runs, at most, where there are many: they are asked for together."""


class ObjectCrew:
    """One worker's part: its membership and its tasks. `lost` says that others may have gone on without it."""

    def __init__(self, storage: ObjectStorage, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        self.first = False
        """Whether nobody else was there when it came."""
        self._guard = Guard(storage.cache.attempt())
        self.ahead = 0.0
        """Seconds by which the storage's clock is ahead of this machine's."""
        self._storage, self._objects = storage, storage.objects
        self._told: dict[str, Any] = {}
        self._tag = ""
        self._gone = False
        self._held: dict[str, int] = {}
        self._released: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._sight = Sight(self._objects)
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._ended = threading.Event()
        self._renewing = threading.Lock()

    @contextlib.contextmanager
    def joining(self) -> Iterator[list[Seen]]:
        """The workers that are there already, while nobody else comes. Raises WeftError when a run builds there."""
        with _lease(self._objects):
            yield present(self._objects)

    def begin(self) -> None:
        """Forget what dead workers left; no worker is alive, and this one is about to be the first."""
        clear(self._objects)
        self.first = True

    def agree(self, others: list[Seen], mark: str) -> None:
        """Raises WeftError when workers that are alive have another plan."""
        agree_among(self._storage.place, others, mark)

    @property
    def guard(self) -> Path | None:
        """The file that tells the processes of this worker until when they may commit."""
        return self._guard.path

    def enter(self, mark: str) -> None:
        """Become a member, renewed by a thread from now on."""
        began = self._guard.now()
        self._told = {"role": "worker", "plan": mark, "tasks": 0, "host": socket.gethostname()}
        self._told |= {"process": about_self(), "pid": about_self()["pid"], "seconds": self.seconds}
        tag = self._objects.create(_MEMBERS + self.name, self._text())
        found = self._objects.look(_MEMBERS + self.name)
        assert tag is not None and found is not None
        self.ahead = found.changed - time.time()
        self._tag, self._told["began"] = tag, found.changed
        self._guard.extend(began + self.seconds)
        threading.Thread(target=self._renew, daemon=True).start()

    def tell(self, tasks: int) -> None:
        """Say with the next renewal how many tasks were done."""
        self._told["tasks"] = tasks

    @property
    def alive(self) -> bool:
        """Whether others count on this worker still: it was renewed in time."""
        return not self._gone and self._guard.open

    def room(self, room: int, free: int) -> int:
        """How many tasks to take where `room` could begin: more where many are free, as each asking takes a while."""
        others = max(1, len(self._sight.alive))
        return room + min(_AHEAD * room, free // (2 * others))

    def taken(self) -> set[str]:
        """Keys of tasks that somebody has, as of a moment ago."""
        self._sight.look()
        return set(self._sight.claims)

    def claim(self, tasks: Sequence[Task]) -> list[Task]:
        """Those of some tasks that are now this worker's: they were free, or their worker is dead."""
        if not self.alive:
            return []
        won = self._pool.map(self._claimed, tasks)
        return [task for task, mine in zip(tasks, won, strict=True) if mine]

    def _claimed(self, task: Task) -> bool:
        if task.key in self._held:
            return True
        told: dict[str, Any] = {
            "member": self.name,
            "node": task.node,
            "shard": task.shard,
            "host": socket.gethostname(),
        }
        told |= {"pid": self._told["pid"], "attempt": 1, "began": time.time() + self.ahead}
        path, seen = _CLAIMS + task.key, self._sight.claims.get(task.key)
        if seen is None:
            tag = self._objects.create(path, _text(told))
        elif (held := self._sight.told(path, seen)) is not None and held.get("member") not in self._sight.alive:
            told["attempt"] = int(held.get("attempt", 1)) + 1
            tag = self._objects.replace(path, _text(told), seen.tag)
        else:
            return False
        if tag is not None:
            self._held[task.key] = int(told["attempt"])
        return tag is not None

    def attempt(self, key: str) -> int:
        """How many workers have had a task of this worker, with it."""
        return self._held[key]

    def mine(self, key: str) -> bool:
        """Whether a task is still this worker's."""
        return key in self._held and self.alive

    def release(self, key: str) -> None:
        """Give a task back once what was added to the ledger before is committed."""
        if self._held.pop(key, None) is not None:
            self._released.put(key)

    def settled(self) -> list[str]:
        """Tasks to give back after the next commit: whoever commits asks before it takes what there is to commit."""
        released: list[str] = []
        while not self._released.empty():
            released.append(self._released.get())
        return released

    def give_back(self, keys: list[str]) -> None:
        """Let others have tasks; who is lost touches nothing."""
        if keys and self.alive:
            self._objects.delete([_CLAIMS + key for key in keys])

    def fail(self, key: str, reason: str) -> None:
        """Tell all workers that a task failed for good."""
        self._objects.write(f"{_FAILED}{key}", _text({"reason": reason}))
        self._sight.failures[key] = reason

    def failures(self) -> dict[str, str]:
        """Reasons of tasks that failed for good since the first worker came, as of a moment ago."""
        self._sight.look()
        return self._sight.failures

    def close(self) -> None:
        """Give everything back, and commit nothing more."""
        self._ended.set()
        self._guard.close()
        # A signal may come while the main thread claims: then what it has by now goes with this worker's name.
        if self._renewing.acquire(timeout=10):
            mine = [_CLAIMS + key for key in (*self._held, *self.settled())]
            with contextlib.suppress(WeftError):
                if self._tag and not self._gone:
                    self._objects.delete([*mine, _MEMBERS + self.name])
            self._gone = True
            self._renewing.release()

    def _text(self) -> bytes:
        return _text(self._told)

    def _renew(self) -> None:
        while not self._ended.wait(self.seconds / _RENEWALS) and not self._gone:
            with self._renewing, contextlib.suppress(WeftError):  # then it runs out
                began = self._guard.now()
                if self._ended.is_set():
                    return
                tag = self._objects.replace(_MEMBERS + self.name, self._text(), self._tag)
                if tag is None:
                    self._gone = True
                    self._guard.close()
                else:
                    self._tag = tag
                    self._guard.extend(began + self.seconds)


class Sight:
    """What one listing tells of a crew, and what its objects say, each read once."""

    def __init__(self, objects: Objects) -> None:
        self.claims: dict[str, Found] = {}
        self.failures: dict[str, str] = {}
        self.members: dict[str, Seen] = {}
        self._objects = objects
        self._contents: dict[str, tuple[str, dict[str, Any]]] = {}
        self._clock: tuple[float, float] | None = None
        self._at = float("-inf")

    @property
    def alive(self) -> set[str]:
        """Names of members that were heard from in time."""
        return {name for name, seen in self.members.items() if is_alive(seen)}

    def look(self, *, most: float = LOOK, now: float | None = None) -> None:
        """Take a new listing, unless the last is younger than `most` seconds.

        `now` is the storage's time; without it, it is that of the youngest thing that was ever seen here, and the
        seconds since: renewals keep it going, and one that is late makes the dead look alive a little longer.
        """
        if time.monotonic() - self._at < most:
            return
        listed = list(self._objects.listed(TOP))
        self._at = time.monotonic()
        for _, found in listed:
            if self._clock is None or found.changed > self._storage_time():
                self._clock = (found.changed, self._at)
        now = now if now is not None else self._storage_time()
        self.claims = {path.removeprefix(_CLAIMS): found for path, found in listed if path.startswith(_CLAIMS)}
        self.members = {}
        kept: dict[str, tuple[str, dict[str, Any]]] = {}
        for path, found in listed:
            if path.startswith(_MEMBERS):
                name = path.removeprefix(_MEMBERS)
                # Of a member that was seen before only the count of its tasks is new.
                told = self._contents[path][1] if path in self._contents else self.told(path, found) or {}
                self.members[name] = Seen(name, told, now - found.changed)
            elif path.startswith(_FAILED) and (key := path.removeprefix(_FAILED)) not in self.failures:
                self.failures[key] = str((self.told(path, found) or {}).get("reason"))
            if path in self._contents:
                kept[path] = self._contents[path]
        self._contents = kept

    def _storage_time(self) -> float:
        return self._clock[0] + self._at - self._clock[1] if self._clock is not None else time.time()

    def told(self, path: str, found: Found) -> dict[str, Any] | None:
        """What an object says; None when it has gone."""
        known = self._contents.get(path)
        if known is None or known[0] != found.tag:
            content = self._objects.read(path)
            if content is None:
                return None
            known = self._contents[path] = (found.tag, parsed(content))
        return known[1]


def is_alive(seen: Seen) -> bool:
    """Whether a member counts: renewed in time, and no process of this machine that has ended."""
    if seen.age > float(seen.about.get("seconds", 0.0)) + COARSE:
        return False
    return not dead_here(seen.about.get("process", {}))


def present(objects: Objects, now: float | None = None) -> list[Seen]:
    """Workers that were heard from in time: by the storage's clock, for which an object is written, or at `now`."""
    if not any(path.startswith(_MEMBERS) for path, _ in objects.listed(TOP)):
        return []
    if now is None:
        now = _now(objects)
    sight = Sight(objects)
    sight.look(now=now)
    return [seen for seen in sight.members.values() if is_alive(seen)]


def check_idle(objects: Objects) -> None:
    """Raises WeftError while workers are alive; the caller holds the lease of the build."""
    if workers := present(objects):
        seconds = max(float(seen.about["seconds"]) for seen in workers)
        raise WeftError(
            f"{objects.url}: {told_of(workers)} building it; expected none: wait for them, or end them and try again "
            f"{seconds:.0f} s later"
        )


def clear(objects: Objects) -> None:
    """Forget members, claims and failures: nobody that is alive has any."""
    objects.delete([path for path, _ in objects.below(TOP)])


def status(objects: Objects) -> dict[str, Any]:
    """Workers and claims that are alive, and tasks a minute: by this machine's clock, as asking the storage writes."""
    sight, now = Sight(objects), time.time()
    sight.look(now=now)
    workers = [seen for seen in sight.members.values() if is_alive(seen)]
    names = {seen.name: seen for seen in workers}
    spent = {seen.name: max(now - float(seen.about.get("began", now)), 1.0) for seen in workers}
    told = [sight.told(_CLAIMS + key, found) or {} for key, found in sight.claims.items()]
    return {
        "workers": [
            {"host": seen.about.get("host"), "pid": seen.about.get("pid"), "tasks": int(seen.about.get("tasks", 0)),
             "minutes": round(spent[seen.name] / 60, 2), "heard_from": round(max(seen.age, 0.0), 1)}
            for seen in workers
        ],
        "leases": [
            {name: one.get(name) for name in ("node", "shard", "host", "pid", "attempt", "began")}
            | {"heard_from": round(max(names[one["member"]].age, 0.0), 1)}
            for one in told if one.get("member") in names
        ],
        "tasks_per_minute": round(sum(60 * int(s.about.get("tasks", 0)) / spent[s.name] for s in workers), 2),
    }  # fmt: skip


@contextlib.contextmanager
def _lease(objects: Objects) -> Iterator[None]:
    until = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            lease = Lease.take(objects, "worker")
            break
        except Busy as busy:
            if busy.told.get("role") != "worker":
                raise
        if time.monotonic() > until:
            raise WeftError(f"{objects.url}: {BUSY}; another worker joined for {LONGEST_WAIT:.0f} s")
        time.sleep(random.uniform(0.3, 1.0))
    try:
        yield
    finally:
        lease.release()


def _now(objects: Objects) -> float:
    objects.write("ledger/clock", secrets.token_hex(8).encode())
    found = objects.look("ledger/clock")
    return found.changed if found is not None else time.time()


def _text(told: dict[str, Any]) -> bytes:
    # Like no other, so that a request that was answered twice is known as one's own.
    return json.dumps({**told, "nonce": secrets.token_hex(8)}, sort_keys=True).encode()
