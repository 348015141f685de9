"""Where a build lies: a folder, or a URL of object storage; what is opened here behaves alike."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from filelock import FileLock, Timeout

from weft.engine import crew, leases
from weft.engine.folder_crew import FolderCrew
from weft.engine.leases import Seen
from weft.engine.ledger import Entry, Ledger, LedgerWriter
from weft.engine.service_replies import FOLDER, compact
from weft.engine.storage import Storage, is_url
from weft.engine.work import Task
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.objects import Objects


class Segment(Protocol):
    """Where a worker leaves the entries of what it finished."""

    def append(self, entries: list[Entry]) -> None: ...

    def close(self) -> None: ...


class Crew(Protocol):
    """One worker's part in a build that several share: `FolderCrew` says what each of these does."""

    name: str
    seconds: float

    @property
    def guard(self) -> Path | None: ...

    def joining(self) -> AbstractContextManager[list[Seen]]: ...

    def begin(self) -> None: ...

    def agree(self, others: list[Seen], mark: str) -> None: ...

    def enter(self, mark: str) -> None: ...

    def tell(self, tasks: int) -> None: ...

    @property
    def alive(self) -> bool: ...

    def room(self, room: int, free: int) -> int: ...

    def taken(self) -> set[str]: ...

    def claim(self, tasks: Sequence[Task]) -> list[Task]: ...

    def attempt(self, key: str) -> int: ...

    def mine(self, key: str) -> bool: ...

    def release(self, key: str) -> None: ...

    def fail(self, key: str, reason: str) -> None: ...

    def failures(self) -> dict[str, str]: ...

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
    if storage.crew is not None and not read_only:
        from weft.engine.object_shared import SharedLedger

        return SharedLedger(storage, storage.crew)
    return ObjectLedger(storage, read_only=read_only)


def open_crew(storage: Storage, name: str, seconds: float) -> Crew:
    """A worker's part in a build; `seconds` is after how long without a word it is dead."""
    if not in_objects(storage.place):
        return FolderCrew(storage, name, seconds)
    from weft.engine.object_crew import ObjectCrew
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    storage.crew = ObjectCrew(storage, name, seconds)
    return storage.crew


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
    """Workers and leases that are alive."""
    if not in_objects(storage.place):
        return crew.status(storage)
    from weft.engine import object_crew

    return object_crew.status(_objects(storage))


def now(storage: Storage) -> float:
    """The time by which leases of workers tell when they began; in object storage this machine's is near enough."""
    return time.time() if in_objects(storage.place) else leases.clock(storage.path(crew.WORKERS))


def members(storage: Storage) -> list[Seen]:
    """Runs and workers that were heard from in time."""
    if not in_objects(storage.place):
        return [*crew.present(storage, "run"), *crew.present(storage, "worker")]
    from weft.engine import object_crew, object_lease

    held = object_lease.holder(_objects(storage))
    run = [] if held is None or held.get("role") == "worker" else [Seen("run", {**held, "role": "run"}, 0.0)]
    return [*run, *object_crew.present(_objects(storage), time.time())]


def compact_replies(storage: Storage) -> None:
    """Put small pieces of the replies of model servers together; the caller builds alone."""
    if not in_objects(storage.place):
        compact(storage.path(FOLDER))
        return
    from weft.engine.object_replies import compact_objects
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    compact_objects(storage)


def left_behind(storage: Storage) -> Iterator[tuple[str, int]]:
    """Files of the ledger that a killed run left and nobody reads, with their sizes."""
    if in_objects(storage.place):
        from weft.engine.object_ledger import leftovers

        yield from leftovers(_objects(storage))
        return
    yield from ((path, size) for path, size in storage.below("ledger").items() if "/attempt-" in path)


@contextlib.contextmanager
def _leased(storage: Storage) -> Iterator[None]:
    from weft.engine import object_crew, object_lease
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    with object_lease.alone(storage):
        object_crew.check_idle(storage.objects)
        object_crew.clear(storage.objects)
        yield


def _objects(storage: Storage) -> Objects:
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    return storage.objects


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
