"""Until when a worker in object storage may commit: told to its processes by a file of this machine, without asking."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from pathlib import Path

from weft.errors import ShardError

_FORM = struct.Struct("<d")
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that all processes of a machine share, nobody sets, and that goes on while the machine sleeps."""


class Guard:
    """A moment of this machine's clock, written by a worker with each renewal and read by its processes.

    It counts from before the request that renewed: by the storage's clock the worker is alive for longer than by this.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        self._until = 0.0

    @staticmethod
    def now() -> float:
        """Seconds of that clock."""
        return time.clock_gettime(_CLOCK)

    @property
    def open(self) -> bool:
        return self.now() < self._until

    def extend(self, until: float) -> None:
        """Let commits pass until then."""
        self._until = until
        os.pwrite(self._handle, _FORM.pack(until), 0)

    def close(self) -> None:
        """Let nothing pass any more."""
        with contextlib.suppress(OSError):
            self.extend(0.0)


def check(path: Path) -> None:
    """Raises ShardError when the worker that this process belongs to may commit nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if len(content) != _FORM.size or Guard.now() >= _FORM.unpack(content)[0]:
        raise ShardError("the lease of the task was taken away")
