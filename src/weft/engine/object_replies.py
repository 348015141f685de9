"""Replies of model servers in object storage: written to files here, and sent up a second later at the most.

Each object holds whole records of one process, in the form of a segment in a folder, and never changes.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import Objects
from weft.engine.service_budget import FOLDER as SPENT
from weft.engine.service_replies import COMPACT_ABOVE, FOLDER, LARGE, Replies, compact, scan
from weft.errors import WeftError

EVERY = 1.0
"""Seconds between two looks at what came: what a kill costs, beside what is under way."""
_PART = 8 << 20
"""Bytes of one object, but for a record that is larger."""
_TOGETHER = 64
"""Objects of one segment that become one."""
_FRESH = 5.0
"""Seconds for which nobody looks again at what other processes have sent."""
_AT_ONCE = 16


class ObjectReplies:
    """The replies of a build as this process has them: in files below `root`, which come from the storage and go there.

    For several threads, but for the `Replies` that it opens. Raises OutOfReach where the storage does not answer.
    """

    def __init__(self, storage: ObjectStorage) -> None:
        self._objects = storage.objects
        self.root = storage.cache.attempt()
        self._fetching, self._sending = threading.Lock(), threading.Lock()
        self._looked: dict[str, float] = {}
        self._seen: set[str] = set()
        self._own: dict[Path, _Segment] = {}
        self._accounts: dict[str, int] = {}
        self._with_accounts = False
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def open(self, folder: str) -> Replies:
        """The replies of one model; what is put there is sent."""
        made = _Sent(self, self.root / folder)
        self._own[made.segment] = _Segment(self._objects, made.segment, f"{FOLDER}/{folder}")
        return made

    def fetch(self, folder: str) -> None:
        """Bring here what other processes have sent, unless that was just done."""
        with self._fetching:
            if time.monotonic() - self._looked.get(folder, float("-inf")) < _FRESH:
                return
            while not self._fetched(folder):
                pass
            self._looked[folder] = time.monotonic()

    def _fetched(self, folder: str) -> bool:
        """Whether all was there; what has gone since it was listed is in an object that came since."""
        listed = [path for path, _ in self._objects.below(f"{FOLDER}/{folder}")]
        known = self._seen.union(*(segment.made.copy() for segment in list(self._own.values())))
        names = [path for path in listed if path not in known]
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            there = list(pool.map(self._fetch, names))
        self._seen |= {name for name, came in zip(names, there, strict=True) if came}
        return all(there)

    def _fetch(self, name: str) -> bool:
        target = self.root / name.removeprefix(f"{FOLDER}/")
        attempt = target.with_suffix(".fetched")
        if self._objects.fetch(name, attempt) is None:
            attempt.unlink(missing_ok=True)
            return False
        os.replace(attempt, target)
        return True

    def accounts(self) -> Path:
        """The folder of accounts of what was spent, with those that others have sent; a new one in it is sent."""
        folder = self.root / SPENT
        folder.mkdir(parents=True, exist_ok=True)
        with self._fetching:
            if not self._with_accounts:
                found = [path for path, _ in self._objects.below(SPENT)]
                for path in found:
                    self._objects.fetch(path, self.root / path)
                self._accounts = {file.name: file.stat().st_size for file in folder.iterdir()}
                self._with_accounts = True
        return folder

    def check(self) -> None:
        """Raises what the last sending failed with: what is asked then may be paid in vain."""
        if self._failure is not None:
            raise self._failure

    def send(self) -> None:
        """Let all that was put so far outlive this machine."""
        with self._sending:
            for segment in list(self._own.values()):
                segment.send()
            self._send_accounts()

    def _send_accounts(self) -> None:
        for file in (self.root / SPENT).glob("*.log") if self._with_accounts else ():
            size = file.stat().st_size
            if self._accounts.get(file.name) != size:
                self._objects.write(f"{SPENT}/{file.name}", file.read_bytes()[:size])
                self._accounts[file.name] = size

    def close(self) -> None:
        """Send what is left."""
        self._ended.set()
        self._thread.join()
        self.send()

    def _work(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                self.send()
                self._failure = None
            except (OSError, WeftError) as error:
                self._failure = error


class _Sent(Replies):
    """Replies of one model whose own segment is sent by another thread."""

    def __init__(self, place: ObjectReplies, folder: Path) -> None:
        super().__init__(folder)
        self._place = place

    def sync(self) -> None:
        self._place.check()
        self.unsaved = False

    def secure(self) -> None:
        self.sync()
        self._place.send()


class _Segment:
    """What was sent of a file that grows, as objects with whole records; many small ones become one."""

    def __init__(self, objects: Objects, path: Path, folder: str) -> None:
        self._objects, self._path, self._folder = objects, path, folder
        self._ends = [0]
        self._number = itertools.count(1)
        self._small: list[str] = []
        self.made: set[str] = set()

    def send(self) -> None:
        for end in self._whole():
            self._small.append(self._put(self._ends[-1], end))
            self._ends.append(end)
        if len(self._small) >= _TOGETHER:
            self._put(self._ends[-1 - len(self._small)], self._ends[-1])
            self._objects.delete(self._small)
            self._small.clear()

    def _whole(self) -> Iterator[int]:
        """Where whole records end, so that what lies between is of a good size."""
        start = end = self._ends[-1]
        if not self._path.exists():
            return
        for _, _, after in scan(self._path, start):
            if after - start > _PART and end > start:
                yield end
                start = end
            end = after
        if end > start:
            yield end

    def _put(self, start: int, end: int) -> str:
        with open(self._path, "rb") as source:
            source.seek(start)
            content = source.read(end - start)
        name = f"{self._folder}/{self._path.stem}-{next(self._number):06d}.replies"
        self.made.add(name)
        self._objects.write(name, content)
        return name


def compact_objects(storage: ObjectStorage) -> None:
    """Put small objects of every model together; nobody else writes to the build at that time."""
    models: dict[str, list[str]] = {}
    for path, size in storage.objects.below(FOLDER):
        if size < LARGE:
            models.setdefault(path.split("/")[1], []).append(path)
    for model, names in models.items():
        if len(names) <= COMPACT_ABOVE:
            continue
        with tempfile.TemporaryDirectory(dir=storage.disk) as top:
            folder = Path(top, model)
            folder.mkdir()
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                places = [folder / name.rpartition("/")[2] for name in names]
                list(pool.map(storage.objects.fetch, names, places))
            compact(Path(top))
            joined = list(folder.glob("joined-*.replies"))
            for made in joined:
                storage.objects.write(f"{FOLDER}/{model}/{made.name}", made)
            if joined:
                kept = {f"{FOLDER}/{model}/{made.name}" for made in joined}
                storage.objects.delete([name for name in names if name not in kept])
