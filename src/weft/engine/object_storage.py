"""A build in object storage: an output is one PUT of a finished file, and is read from a copy on this machine."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from weft.engine.object_cache import Cache, cache_bytes, cache_folder
from weft.engine.objects import Objects
from weft.engine.storage import FileRecord, Storage
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.object_crew import ObjectCrew
    from weft.engine.object_lease import Lease

LASTING = ("documents/", "label/", "errors/", "deduplicate/", "selection/")
"""Folders of files that are named by their key: what has such a name never changes."""
_CHANGING = "selection/holders/"
_OWN = "tmp/"
"""Files of one task alone: they never leave this machine."""
MISSING = "ledger/missing"
_AT_ONCE, _SMALL_AT_ONCE = 8, 32


class MissingOutput(WeftError):
    """An output that the ledger names is not in the storage; its task runs again with the next run."""


class ObjectStorage(Storage):
    """A build below a URL. Raises WeftError for what a person can mend, and OutOfReach when nothing answers."""

    def __init__(self, url: str) -> None:
        self.objects = Objects(url)
        place = hashlib.sha256(f"{self.objects.endpoint}\n{self.objects.url}".encode()).hexdigest()[:24]
        # One for a process: what an opened build was given stays as long as the process, unless it is a worker's task.
        self.cache = _cache(str(cache_folder()), cache_bytes())
        self._copies = place
        self.lease: Lease | None = None
        """Held by who builds; without it nothing is committed to the ledger."""
        self.crew: ObjectCrew | None = None
        """A worker's part in a build that several share."""
        self.closing: list[Callable[[], None]] = []
        """What has to be committed before who builds alone lets go."""
        # The folder of what never leaves this machine; the rest of `Storage` finds its files by `path`.
        super().__init__(self.cache.work / place)

    @property
    def place(self) -> str:
        return self.objects.url

    @property
    def disk(self) -> Path:
        return self.cache.work

    def to_fill(self, needed: int) -> int:
        return min(needed, cache_bytes())

    def address(self, relative: str) -> str:
        return f"{self.objects.url}/{relative}"

    def path(self, relative: str) -> Path:
        """A copy of the object here; of an output that is there already, nothing is asked.

        Raises MissingOutput where the object of an output is gone, FileNotFoundError for others.
        """
        if relative.startswith(_OWN):
            return self.root / relative
        if _lasts(relative):
            held = self.cache.held(f"{self._copies}/{relative}")
            return held if held is not None else self._fetched(relative)
        found = self.objects.look(relative)
        if found is None:
            raise FileNotFoundError(self.address(relative))
        held = self.cache.held(self._name(relative, found.tag))
        return held if held is not None else self._fetched(relative)

    def _name(self, relative: str, tag: str) -> str:
        if _lasts(relative):
            return f"{self._copies}/{relative}"
        return f"{self._copies}/at-{hashlib.sha256(tag.encode()).hexdigest()[:16]}/{relative}"

    def _fetched(self, relative: str) -> Path:
        attempt = self.cache.attempt()
        try:
            found = self.objects.fetch(relative, attempt)
            if found is not None:
                return self.cache.add(attempt, self._name(relative, found.tag))
        finally:
            attempt.unlink(missing_ok=True)
        if not _lasts(relative):
            raise FileNotFoundError(self.address(relative))
        # The next run finds this mark with one listing, and no run has to ask for every file that it may never read.
        mark = hashlib.sha256(relative.encode()).hexdigest()[:32]
        self.objects.write(f"{MISSING}/{mark}", relative.encode())
        raise MissingOutput(
            f"{self.address(relative)}: is not in the storage any more; run the same command again: it is made again"
        )

    def rest(self) -> None:
        self.cache.rest()
        self.cache.briefly = True  # a process that says when a task ends runs tasks, which open what they ask for

    def ready(self, relatives: Iterable[str]) -> None:
        wanted = [name for name in relatives if self.cache.held(f"{self._copies}/{name}") is None]
        if len(wanted) > 1:
            self.fetch(wanted)

    def exists(self, relative: str) -> bool:
        return self.objects.look(relative) is not None

    def whole(self, relative: str, size: int) -> bool:
        """The ledger is believed: whether an output is there shows when it is read."""
        return True

    def content(self, relative: str) -> bytes | None:
        return self.objects.read(relative)

    def contents(self, relatives: Iterable[str]) -> dict[str, bytes | None]:
        names = list(relatives)
        with ThreadPoolExecutor(_SMALL_AT_ONCE) as pool:
            return dict(zip(names, pool.map(self.content, names), strict=True))

    def size(self, relative: str) -> int:
        path = self.path(relative)
        return path.stat().st_size

    def changed(self, relative: str) -> float | None:
        found = self.objects.look(relative)
        return found.changed if found is not None else None

    def below(self, folder: str) -> dict[str, int]:
        if f"{folder}/".startswith(_OWN):
            return {}
        return dict(self.objects.below(folder))

    def remove(self, paths: Iterable[str]) -> None:
        self.may_commit()
        gone = list(paths)
        self.objects.delete(gone)
        for relative in gone:
            if _lasts(relative):
                self.cache.remove(f"{self._copies}/{relative}")

    def keep_only(self, folder: str, wanted: set[str]) -> None:
        self.remove([path for path in self.below(folder) if path not in wanted])

    @contextlib.contextmanager
    def create(self, relative: str) -> Iterator[BinaryIO]:
        if relative.startswith(_OWN):
            with super().create(relative) as sink:
                yield sink
            return
        attempt = self.cache.attempt()
        try:
            with open(attempt, "wb") as sink:
                yield sink
            self._commit(attempt, relative)
        finally:
            attempt.unlink(missing_ok=True)

    def open_sink(self, relative: str) -> BinaryIO:
        attempt = self.cache.attempt()
        return cast(BinaryIO, _Uploading(attempt, functools.partial(self._commit, attempt, relative)))

    def _commit(self, attempt: Path, relative: str) -> None:
        self.may_commit()
        tag = self.objects.write(relative, attempt)
        self.cache.add(attempt, self._name(relative, tag))

    def write_bytes(self, relative: str, content: bytes) -> FileRecord:
        self.may_commit()
        if _lasts(relative) or len(content) > 1 << 20:
            return super().write_bytes(relative, content)
        self.objects.write(relative, content)
        return FileRecord(relative, len(content), 0)

    def clear_attempts(self) -> None:
        """Attempts never left the machines that made them, where they go with the cache."""

    def fetch(self, relatives: Sequence[str]) -> list[Path]:
        """Copies of several objects, several at a time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self.path, relatives))

    @contextlib.contextmanager
    def checked_out(self, folder: str) -> Iterator[Path]:
        """A folder with copies of all objects below `folder`, under the same names; gone in the end."""
        names = list(self.below(folder))
        top = self.cache.attempt()
        try:
            for relative, copy in zip(names, self.fetch(names), strict=True):
                target = top / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(copy, target)
            top.mkdir(parents=True, exist_ok=True)
            yield top
        finally:
            shutil.rmtree(top, ignore_errors=True)


class _Uploading(io.FileIO):
    """A file that becomes an object when it is closed; one that is never closed stays an attempt."""

    def __init__(self, attempt: Path, commit: Callable[[], None]) -> None:
        super().__init__(attempt, "wb")
        self._commit = commit

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._commit()

    def __del__(self) -> None:
        # A file object is closed when it is collected: after a failure that would commit half a file.
        super().close()


def _lasts(relative: str) -> bool:
    return relative.startswith(LASTING) and not relative.startswith(_CHANGING)


@functools.cache
def _cache(folder: str, most: int) -> Cache:
    return Cache(Path(folder), most)
