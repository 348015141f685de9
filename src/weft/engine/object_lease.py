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
_COARSE = 2.0
"""Seconds that the times of objects may be off: storages tell whole seconds."""


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
    def take(cls, objects: Objects) -> Lease:
        """The lease of the build. Raises WeftError while another run holds it."""
        told = {**_self(), "nonce": secrets.token_hex(8), "seconds": SECONDS, "released": False}
        tag = objects.create(LEASE, _text(told))
        if tag is None:
            held = objects.read_with(LEASE)
            if held is not None and _alive(objects, *held):
                raise WeftError(f"{objects.url}: {BUSY} ({_told(held[0])})")
            tag = objects.replace(LEASE, _text(told), held[1].tag) if held is not None else None
        if tag is None:  # another was quicker
            raise WeftError(f"{objects.url}: {BUSY}")
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
    told = _parsed(held[0])
    late = time.time() - held[1].changed > float(told.get("seconds", SECONDS)) + _COARSE
    return None if not told or told.get("released") or late or _dead_here(told) else told


def _alive(objects: Objects, content: bytes, found: Found) -> bool:
    told = _parsed(content)
    if told.get("released") or _dead_here(told):
        return False
    objects.write(CLOCK, secrets.token_hex(8).encode())
    now = objects.look(CLOCK)
    age = (now.changed if now is not None else time.time()) - found.changed
    return age <= float(told.get("seconds", SECONDS)) + _COARSE


def _dead_here(told: dict[str, Any]) -> bool:
    """Whether the owner was a process of this very system that has ended: then nobody has to wait."""
    mine = _self()
    if not mine["system"] or told.get("system") != mine["system"] or told.get("host") != mine["host"]:
        return False
    return _began(int(told.get("pid", 0))) != told.get("began")


def _self() -> dict[str, Any]:
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


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(content)
    except ValueError:
        return {}
    return told


def _told(content: bytes) -> str:
    told = _parsed(content)
    return f"{told.get('host')}:{told.get('pid')}"


def _text(told: dict[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True).encode()
