"""Leases: files that say who works on what, renewed while their owner lives and judged by the file system's clock.

A lease is a promise that saves work, no lock that keeps a build right: two owners of one task do the same twice, and
a file is committed only by who holds its task's lease still.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60.0
"""How long a lease lasts that nobody renews."""
_RENEWALS = 4
_WIDTH = 1024
"""Bytes of a lease: of one width, so that what is told anew replaces the old in one write."""


@dataclass(frozen=True)
class Seen:
    """What a lease file says, and how long ago it was renewed, in seconds of the file system's clock."""

    name: str
    about: dict[str, Any]
    age: float

    @property
    def alive(self) -> bool:
        # A clock that was set back makes leases of the future: their owners renew them, or they are dead as well.
        return abs(self.age) <= float(self.about.get("seconds", SECONDS))

    def same(self, other: Seen | None) -> bool:
        return other is not None and self.about.get("nonce") == other.about.get("nonce")


def clock(folder: Path) -> float:
    """The present time of the file system that holds `folder`: that of a file made just now.

    Who may only read the folder has this machine's clock, which is good enough to look.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return os.fstat(probe.fileno()).st_mtime
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return time.time()


def look(folder: Path, name: str, now: float | None = None) -> Seen | None:
    """What the lease of this name says; None when there is none."""
    try:
        # Opened and not only asked for: a network file system then fetches the time from its server.
        with open(folder / name, "rb") as held:
            content, changed = held.read(), os.fstat(held.fileno()).st_mtime
    except OSError:
        return None
    try:
        about = json.loads(content)
    except ValueError:
        about = {}  # its owner was killed between making and filling it, or is about to fill it
    return Seen(name, about, (clock(folder) if now is None else now) - changed)


def every(folder: Path) -> list[Seen]:
    """All leases of a folder, alive or not, by name."""
    if not folder.is_dir():
        return []
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    now = clock(folder) if names else 0.0
    return [seen for name in names if (seen := look(folder, name, now)) is not None]


def owns(folder: Path, name: str, owner: str) -> bool:
    """Whether the lease of this name is still this owner's."""
    seen = look(folder, name, 0.0)
    return seen is not None and seen.about.get("owner") == owner


class Leases:
    """The leases of one owner in one folder. A thread renews them until they are released or `close` is called."""

    def __init__(self, folder: Path, owner: str, seconds: float = SECONDS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.owner = owner
        self.seconds = seconds
        self._held: dict[str, tuple[int, dict[str, Any]]] = {}
        self._guard = threading.RLock()  # a signal may come while it is held
        self._ended = threading.Event()
        threading.Thread(target=self._renew, daemon=True).start()

    def take(self, name: str, **about: Any) -> bool:
        """Whether the lease is now this owner's: it was free, or its owner is dead. `attempt` counts the owners."""
        attempt = 1
        before = look(self.folder, name)
        if before is not None:
            if before.alive or not self._remove(before):
                return False
            attempt += int(before.about.get("attempt", 1))
        try:
            handle = os.open(self.folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except FileExistsError:
            return False
        told = about | {"attempt": attempt, "nonce": secrets.token_hex(8), "owner": self.owner}
        told |= {"host": socket.gethostname(), "pid": os.getpid(), "seconds": self.seconds}
        with self._guard:
            self._held[name] = (handle, told)
            _write(handle, told)
        return True

    def attempt(self, name: str) -> int:
        """How many owners a lease of this owner has had, with it."""
        return int(self._held[name][1]["attempt"])

    def tell(self, name: str, **about: Any) -> None:
        """Say something else, or more, in a lease that is held."""
        with self._guard:
            handle, told = self._held[name]
            told.update(about)
            with contextlib.suppress(OSError):  # it was taken away
                _write(handle, told)

    def mine(self, name: str) -> bool:
        """Whether a lease is still held: one that was not renewed in time may have been taken away."""
        return name in self._held and owns(self.folder, name, self.owner)

    def release(self, name: str) -> None:
        """Give a lease back; nothing of what others hold is touched."""
        mine = self.mine(name)
        with self._guard:
            held = self._held.pop(name, None)
        if held is not None:
            os.close(held[0])
            if mine:
                (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Give everything back."""
        self._ended.set()
        for name in list(self._held):
            self.release(name)

    def _remove(self, dead: Seen) -> bool:
        """Take a dead lease away; of several that try, one does."""
        aside = self.folder / f".{dead.name}.{secrets.token_hex(8)}"
        try:
            os.rename(self.folder / dead.name, aside)
        except FileNotFoundError:
            return False
        if not dead.same(look(self.folder, aside.name, 0.0)):
            # Another was quicker, and this is its new lease: it goes back, unless a third has come between.
            with contextlib.suppress(OSError):
                os.link(aside, self.folder / dead.name)
            aside.unlink(missing_ok=True)
            return False
        aside.unlink(missing_ok=True)
        return True

    def _renew(self) -> None:
        while not self._ended.wait(self.seconds / _RENEWALS):
            with self._guard:
                for handle, _ in self._held.values():
                    # By handle: whoever took the lease away has another file, which is not ours to renew.
                    with contextlib.suppress(OSError):
                        os.utime(handle)


def _write(handle: int, told: dict[str, Any]) -> None:
    os.pwrite(handle, json.dumps(told).encode().ljust(_WIDTH - 1) + b"\n", 0)


def clear(folder: Path, keep: Iterable[str] = ()) -> None:
    """Remove all leases but some: who held one may commit nothing any more."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in keep:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def held(folder: Path, name: str, **about: Any) -> Iterator[None]:
    """Hold one lease for the length of a block."""
    leases = Leases(folder, name)
    leases.take(name, **about)
    try:
        yield
    finally:
        leases.close()
