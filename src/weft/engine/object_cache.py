"""Copies of objects on this machine's disk: bounded, shared by processes, never taken away while they are in use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from weft.errors import WeftError

FOLDER, SIZE = "WEFT_CACHE", "WEFT_CACHE_GB"
DEFAULT_GB = 20.0
_RESTING = 4_000_000_000.0
"""The time of use of a process that uses nothing: later than any file's."""
BRIEFLY = 300.0
"""Seconds within which such a process opens what it was given."""
_TICK = 0.05
_AMPLE = 0.9
_SWEEPS = 16


def cache_folder() -> Path:
    """$WEFT_CACHE, or `weft/objects` in the user's cache folder."""
    if chosen := os.environ.get(FOLDER):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weft" / "objects"


def cache_bytes() -> int:
    """$WEFT_CACHE_GB in bytes. Raises WeftError when it is no number of gigabytes."""
    given = os.environ.get(SIZE, "")
    try:
        most = float(given) if given else DEFAULT_GB
    except ValueError:
        most = -1.0
    if not most >= 0:
        raise WeftError(f"{SIZE}={given}: expected a number of gigabytes, such as 20")
    return int(most * 1e9)


class Cache:
    """Files by name below one folder. What a process was given stays there until the process ends, or rests.

    Each process has a file whose lock says that it lives and whose time says since when it uses something; a file that
    was given to somebody later than the earliest of these times is never taken away. `briefly` is for processes that
    open what they are given at once: what is open can be read to its end although it has been taken away.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._files, self._users = folder / "files", folder / "users"
        self._most = most
        self._added = most  # the first file finds out how much other processes have left
        self._name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._work = folder / "work" / self._name
        try:
            for place in (self._files, self._users):
                place.mkdir(parents=True, exist_ok=True)
            self._user = _owned(self._users / self._name)
            self._work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WeftError(f"{folder}: cannot be written: {error.strerror}; expected a folder, see {FOLDER}") from None
        self._since = 0.0
        self.briefly = False
        self.rest()

    @property
    def work(self) -> Path:
        """A folder of this process alone, removed when it has ended and somebody needs the room."""
        return self._work

    def rest(self) -> None:
        """Nothing that this process was given is in use any more."""
        if self._since != _RESTING:
            os.utime(self._user, (_RESTING, _RESTING))
            self._since = _RESTING

    def _use(self) -> None:
        # A little early: the clock of files goes by ticks of some milliseconds.
        now = time.time() - _TICK
        if self._since == _RESTING or (self.briefly and self._since < now - 2 * BRIEFLY):
            self._since = now if self._since == _RESTING else now - BRIEFLY
            os.utime(self._user, (self._since, self._since))

    def held(self, name: str) -> Path | None:
        """The file of this name, if it is here; it counts as used now."""
        self._use()
        path = self._files / name
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def attempt(self) -> Path:
        """A place for a file that has no name yet."""
        return self._work / secrets.token_hex(8)

    def add(self, attempt: Path, name: str) -> Path:
        """Give a file its name, over one of the same; others may go to make room."""
        self._use()
        path = self._files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._added += attempt.stat().st_size
        os.utime(attempt)
        os.replace(attempt, path)
        if self._added > self._most // _SWEEPS:
            self._added = 0
            self.sweep()
        return path

    def remove(self, name: str) -> None:
        (self._files / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Take away what was used longest ago until the rest fits, and what dead processes have left."""
        with self._alone() as mine:
            if not mine:
                return
            since = self._earliest_use()
            found = sorted(_below(self._files))
            held = sum(size for _, size, _ in found)
            for used, size, path in found if held > self._most else ():
                if held <= _AMPLE * self._most or used >= since:
                    break
                with contextlib.suppress(OSError):
                    if os.stat(path).st_mtime == used:  # nobody has asked for it since it was looked at
                        os.unlink(path)
                        held -= size

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        handle = os.open(self._users.parent / "sweep", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            yield _locked(handle)
        finally:
            os.close(handle)

    def _earliest_use(self) -> float:
        since = _RESTING
        for name in os.listdir(self._users):
            with contextlib.suppress(OSError):
                handle = os.open(self._users / name, os.O_RDWR)
                try:
                    if name != self._name and _locked(handle):
                        os.unlink(self._users / name)
                        shutil.rmtree(self._work.parent / name, ignore_errors=True)
                    else:
                        since = min(since, os.fstat(handle).st_mtime)
                finally:
                    os.close(handle)
        return since


def _owned(path: Path) -> int:
    """A new file, open and locked."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever swept before it was locked has taken it for that of a dead process.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(handle)):
                return handle
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _below(folder: Path) -> Iterator[tuple[float, int, str]]:
    for top, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                status = os.stat(path := os.path.join(top, name))
                yield status.st_mtime, status.st_size, path
