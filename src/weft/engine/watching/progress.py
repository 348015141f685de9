"""The file by which any process that sees a build knows how far its run is: small, and replaced as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from weft.engine.storage import Storage, is_url
from weft.engine.watching.events import About, Ending, Quiet
from weft.engine.watching.standing import Standing
from weft.errors import WeftError

PROGRESS = "ledger/progress.json"
VERSION = 1
CHANGED, UNCHANGED = 1.0, 5.0
"""Seconds between two writes: of a run in which something happens, and of one in which nothing does."""
_LAST = 10.0
"""Seconds for a write that is under way when the run ends."""


class Progress(Quiet):
    """Writes how far a run is from a thread of its own; of many workers whoever finds the file old writes it."""

    def __init__(self, storage: Storage, standing: Standing, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._standing = standing
        self._clock = clock
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._about: dict[str, Any] = {}
        self._shared = False
        self._written = (-1, 0.0)

    def began(self, about: About) -> None:
        self._shared = about.role == "worker"
        shown = ("run", "role", "runner", "workers", "host", "pid", "recipe", "digest", "shards", "command", "folder")
        self._about = {name: getattr(about, name) for name in shown} | {"began": self._clock()}
        if not (self._shared and not self._old()):
            self._write("running")
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def ended(self, ending: Ending) -> None:
        self.close()
        self._write(ending.state, ending.reason)

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            # A signal may come while who tells the counts holds them, for which that thread would wait for ever.
            self._thread.join(_LAST)

    def _renew(self) -> None:
        # Each object is a request that is paid for.
        while not self._ended.wait(UNCHANGED if is_url(self._storage.place) else CHANGED):
            changes, then = self._written
            age = time.monotonic() - then
            if self._shared and not self._old():
                continue
            if age >= UNCHANGED or (self._standing.changes != changes and not self._shared):
                self._write("running")

    def _old(self) -> bool:
        if is_url(self._storage.place):
            # By the clock of who wrote it: where clocks differ by more, several write.
            held = read(self._storage)
            return held is None or abs(time.time() - float(held["written"])) >= UNCHANGED
        try:
            return abs(time.time() - self._storage.path(PROGRESS).stat().st_mtime) >= UNCHANGED
        except OSError:
            return True

    def _write(self, state: str, reason: str | None = None) -> None:
        self._written = (self._standing.changes, time.monotonic())
        held = {"version": VERSION, **self._about, "state": state, "reason": reason, "written": self._clock()}
        # A full disk or a folder that is gone is for the tasks to tell.
        with contextlib.suppress(OSError, WeftError):
            content = json.dumps(held | self._standing.told(), separators=(",", ":")).encode()
            if not (state == "running" and self._ended.is_set()):
                publish(self._storage, PROGRESS, content)


def publish(storage: Storage, relative: str, content: bytes) -> None:
    """A file of a build replaced as a whole, not waiting until it is on the disk: it is soon replaced again."""
    if is_url(storage.place):
        storage.write_bytes(relative, content)
        return
    target = storage.path(relative)
    attempt = target.with_name(f".{target.name}.{os.getpid()}")
    attempt.write_bytes(content)
    os.replace(attempt, target)


def read(storage: Storage) -> dict[str, Any] | None:
    """What the last run wrote; None when there is nothing that this version can read."""
    try:
        held = json.loads(storage.content(PROGRESS) or b"")
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) and held.get("version") == VERSION else None
