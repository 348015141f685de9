"""Where a build lies: a folder, or a URL of object storage; what is opened here behaves alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from weft.engine import crew
from weft.engine.leases import Seen
from weft.engine.ledger import Entry, Ledger, LedgerWriter
from weft.engine.storage import Storage, is_url
from weft.errors import WeftError


class Segment(Protocol):
    """Where a worker leaves the entries of what it finished."""

    def append(self, entries: list[Entry]) -> None: ...

    def close(self) -> None: ...


def in_objects(place: str | Path) -> bool:
    """Whether a build lies in object storage."""
    return is_url(str(place))


def open_storage(place: str | Path) -> Storage:
    """The storage of a build. Raises WeftError for a URL that cannot hold one."""
    if not in_objects(place):
        return Storage(place)
    from weft.engine.object_storage import ObjectStorage

    return ObjectStorage(str(place))


def open_ledger(storage: Storage, *, read_only: bool = False) -> Ledger:
    """All entries of a build; in object storage, who builds alone commits by it as well, unless `read_only`."""
    if not in_objects(storage.place):
        return Ledger(storage.path("ledger"))
    from weft.engine.object_ledger import ObjectLedger
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    return ObjectLedger(storage, read_only=read_only)


def open_segment(storage: Storage) -> Segment:
    """What a worker of a run commits by; in object storage its driver does it."""
    if not in_objects(storage.place):
        return LedgerWriter(storage.path("ledger"))
    from weft.engine.object_ledger import Handed

    return Handed()


@contextlib.contextmanager
def building(storage: Storage, *, dry_run: bool) -> Iterator[None]:
    """Build as the only one. Raises WeftError while others do."""
    if in_objects(storage.place):
        with contextlib.nullcontext() if dry_run else _leased(storage):
            yield
        return
    storage.path("ledger").mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(storage.path(crew.LOCK), timeout=0)
        with lock, contextlib.nullcontext() if dry_run else crew.alone(storage):
            yield
    except Timeout:
        raise WeftError(f"{storage.place}: {crew.BUSY}") from None


@contextlib.contextmanager
def locked(storage: Storage) -> Iterator[None]:
    """Change a build that nobody writes meanwhile. Raises WeftError while somebody does."""
    if in_objects(storage.place):
        with _leased(storage):
            yield
        return
    try:
        with FileLock(storage.path(crew.LOCK), timeout=0):
            crew.check_idle(storage)
            yield
    except Timeout:
        raise WeftError(f"{storage.place}: a run is writing this build; wait until it has ended") from None


def builders(storage: Storage) -> dict[str, Any]:
    """Workers and leases that are alive; in object storage no workers build."""
    if not in_objects(storage.place):
        return crew.status(storage)
    return {"workers": [], "leases": [], "tasks_per_minute": 0.0}


def members(storage: Storage) -> list[Seen]:
    """Runs and workers that were heard from in time."""
    if not in_objects(storage.place):
        return [*crew.present(storage, "run"), *crew.present(storage, "worker")]
    from weft.engine import object_lease
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    held = object_lease.holder(storage.objects)
    return [] if held is None else [Seen("run", {**held, "role": "run"}, 0.0)]


def left_behind(storage: Storage) -> Iterator[tuple[str, int]]:
    """Files of the ledger that a killed run left and nobody reads, with their sizes."""
    if in_objects(storage.place):
        from weft.engine.object_ledger import leftovers
        from weft.engine.object_storage import ObjectStorage

        assert isinstance(storage, ObjectStorage)
        yield from leftovers(storage.objects)
        return
    yield from ((path, size) for path, size in storage.below("ledger").items() if "/attempt-" in path)


@contextlib.contextmanager
def _leased(storage: Storage) -> Iterator[None]:
    from weft.engine import object_lease
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    with object_lease.alone(storage):
        yield


@contextlib.contextmanager
def release_folder(place: str | Path) -> Iterator[Path]:
    """A local folder with the release of a build: the build itself, or copies of its `construct/`, gone in the end."""
    if not in_objects(place):
        yield Path(place)
        return
    storage = open_storage(str(place).rstrip("/").removesuffix("/construct"))
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    with storage.checked_out("construct") as top:
        if not any(top.iterdir()):
            raise WeftError(f"{place}: no release here; expected a build whose run came to its end")
        try:
            yield top
        except WeftError as error:  # the place of the copies tells nobody anything
            raise WeftError(str(error).replace(str(top), str(place))) from error
