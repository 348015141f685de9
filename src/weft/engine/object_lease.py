"""Who builds in object storage: one run at a time, by an object that only one can make and that its owner renews.

The lease saves work and tells a second run at once. What keeps a build right is the ledger: its objects are numbered
and made with a condition, so of two that believe they are alone the second to write stops (`object_ledger`).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weft.engine.crew import BUSY
from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import Found, Objects, OutOfReach
from weft.errors import WeftError

LEASE, CLOCK = "ledger/lease.json", "ledger/clock"
SECONDS = 60.0
"""How long a lease lasts that nobody renews."""
_RENEWALS = 4
COARSE = 2.0
"""Seconds that the times of objects may be off: storages tell whole seconds."""


class Busy(WeftError):
    """Another holds the lease; `told` is what it says of itself, as far as that was read."""

    def __init__(self, message: str, told: dict[str, Any]) -> None:
        super().__init__(message)
        self.told = told


class Lease:
    """A lease that is held; a thread renews it until `release`."""

    def __init__(self, objects: Objects, told: dict[str, Any], tag: str) -> None:
        self.lost: str | None = None
        """Why it is no longer held."""
        self._objects, self._told, self._tag = objects, told, tag
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    @classmethod
    def take(cls, objects: Objects, role: str = "run") -> Lease:
        """The lease of the build. Raises Busy while another holds it.

        A run holds it to its end; a worker (role `worker`) while it joins, and while it settles what workers leave.
        """
        told = {**about_self(), "role": role, "nonce": secrets.token_hex(8), "seconds": SECONDS, "released": False}
        tag = objects.create(LEASE, _text(told))
        if tag is None:
            held = objects.read_with(LEASE)
            if held is not None and _alive(objects, *held):
                raise Busy(f"{objects.url}: {BUSY} ({_told(held[0])})", parsed(held[0]))
            tag = objects.replace(LEASE, _text(told), held[1].tag) if held is not None else None
        if tag is None:  # another was quicker
            raise Busy(f"{objects.url}: {BUSY}", {"role": role})
        lease = cls(objects, told, tag)
        try:
            lease._check_conditions()
        except BaseException:
            lease.release()
            raise
        return lease

    def check(self) -> None:
        """Raises WeftError when the lease is lost: whoever has it now builds instead."""
        if self.lost is not None:
            raise WeftError(f"{self._objects.url}: {self.lost}; this run has stopped, and what it made is kept")

    def release(self) -> None:
        """Give it back; nothing of another's is touched."""
        self._ended.set()
        self._thread.join()
        if self.lost is None:
            with contextlib.suppress(OutOfReach):  # then it runs out
                self._say(released=True)

    def _check_conditions(self) -> None:
        # A storage that does not know conditions obeys without a word, and two runs would believe to be alone.
        # The content is that of the lease, so that nothing is lost where it does obey.
        other = _text({**self._told, "checked": secrets.token_hex(4)})
        nobody = f'"{"0" * 32}"'
        ignored = "If-None-Match" if self._objects.create(LEASE, other) is not None else None
        ignored = ignored or ("If-Match" if self._objects.replace(LEASE, other, nobody) is not None else None)
        if ignored is not None:
            raise WeftError(
                f"{self._objects.url}: the storage ignores conditions of requests ({ignored}); expected one that "
                "knows them: without, two runs could write one build"
            )

    def _say(self, **more: Any) -> None:
        told = {**self._told, **more, "nonce": secrets.token_hex(8)}
        tag = self._objects.replace(LEASE, _text(told), self._tag)
        if tag is None:
            self.lost = "another run has taken over this build"
        else:
            self._tag = tag

    def _renew(self) -> None:
        seconds = float(self._told["seconds"])
        heard = time.monotonic()
        while not self._ended.wait(seconds / _RENEWALS) and self.lost is None:
            try:
                self._say()
                heard = time.monotonic()
            except (OutOfReach, WeftError) as error:
                if time.monotonic() - heard > seconds:
                    self.lost = f"the lease could not be renewed for {seconds:.0f} s ({error})"


@contextlib.contextmanager
def alone(storage: ObjectStorage) -> Iterator[Lease]:
    """Build, or clean, as the only one. Raises WeftError while another run does."""
    lease = Lease.take(storage.objects)
    storage.lease = lease
    try:
        yield lease
    finally:
        try:
            for close in storage.closing:
                close()
        finally:
            storage.closing.clear()
            storage.lease = None
            lease.release()


def holder(objects: Objects) -> dict[str, Any] | None:
    """Who builds now, as far as it can be told by reading alone: by this machine's clock."""
    held = objects.read_with(LEASE)
    if held is None:
        return None
    told = parsed(held[0])
    late = time.time() - held[1].changed > float(told.get("seconds", SECONDS)) + COARSE
    return None if not told or told.get("released") or late or dead_here(told) else told


def _alive(objects: Objects, content: bytes, found: Found) -> bool:
    told = parsed(content)
    if told.get("released") or dead_here(told):
        return False
    objects.write(CLOCK, secrets.token_hex(8).encode())
    now = objects.look(CLOCK)
    age = (now.changed if now is not None else time.time()) - found.changed
    return age <= float(told.get("seconds", SECONDS)) + COARSE


def dead_here(told: dict[str, Any]) -> bool:
    """Whether the owner was a process of this very system that has ended: then nobody has to wait."""
    mine = about_self()
    if not mine["system"] or told.get("system") != mine["system"] or told.get("host") != mine["host"]:
        return False
    return _began(int(told.get("pid", 0))) != told.get("began")


def about_self() -> dict[str, Any]:
    """This process, so that others on this machine know when it has ended."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "system": _system(), "began": _began(pid)}


def _system() -> str:
    """This boot of this machine and its space of process numbers; empty where the system does not tell."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _began(pid: int) -> str:
    """When a process began, in ticks since the boot; empty when there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] == "Z" else after_name[19]


def parsed(content: bytes) -> dict[str, Any]:
    """What a lease says; nothing where it is no JSON."""
    try:
        told: dict[str, Any] = json.loads(content)
    except ValueError:
        return {}
    return told


def _told(content: bytes) -> str:
    told = parsed(content)
    return f"{told.get('host')}:{told.get('pid')}"


def _text(told: dict[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True).encode()
