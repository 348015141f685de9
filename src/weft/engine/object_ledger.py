"""The ledger of a build in object storage: numbered objects of one writer, without appending and without listing.

`ledger/head.json` names the blocks (Parquet) that hold older entries and the number that comes next. From there on the
entries lie in `ledger/log/<number>.jsonl`, each made where there was none: a number is written once, by one run.
"""

from __future__ import annotations

import itertools
import json
import queue
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weft.engine.entries import Entries
from weft.engine.ledger import TOGETHER, Entry, Ledger
from weft.engine.object_lease import Lease
from weft.engine.object_storage import MISSING, ObjectStorage
from weft.engine.objects import Objects
from weft.errors import WeftError

HEAD = "ledger/head.json"
EVERY = 0.5
"""Seconds between two objects of the log: what a killed run loses, beside the tasks that had not ended."""
AT_ONCE = 1000
"""Entries in one object of the log."""
FOLD = 64
"""Objects of the log that become one block."""
_AHEAD = 8
_BLOCK = pa.schema({"line": pa.string()})


@dataclass
class Head:
    """What `ledger/head.json` says, and its tag (None: there is none yet)."""

    blocks: list[str] = field(default_factory=list)
    next: int = 1
    tag: str | None = None


class Handed:
    """In place of a worker's own segment: entries go back to the driver, which commits them."""

    def append(self, entries: list[Entry]) -> None:
        pass

    def close(self) -> None:
        pass


class ObjectLedger(Ledger):
    """All entries of a build; with a lease, what is added is committed by a thread, several entries at a time."""

    def __init__(self, storage: ObjectStorage, *, read_only: bool = False) -> None:
        super().__init__(Path(storage.root, "none"))  # nothing of it lies in a folder
        self._objects = storage.objects
        self.unfolded: dict[str, list[str]] = {}
        """Objects of the log since the last block, with their lines."""
        self.read_all()
        self._writer: _Writer | None = None
        if storage.lease is not None and not read_only:
            self._writer = _Writer(self, storage.objects, storage.lease)
            self._writer.claim()
            storage.closing.append(self._writer.close)
        self._forget_missing()

    def read_all(self) -> None:
        """Take in everything that is committed."""
        while True:
            self._head = read_head(self._objects)
            self.unfolded = {}
            self.entries = Entries()  # what was taken out while it was read stays out
            with ThreadPoolExecutor(_AHEAD) as pool:
                for content in pool.map(self._objects.read, self._head.blocks):
                    if content is not None:
                        for batch in pq.ParquetFile(pa.BufferReader(content)).iter_batches(TOGETHER, columns=["line"]):
                            self._take(batch.column(0).to_pylist())
                self._take_log(pool)
            if read_head(self._objects).tag == self._head.tag:
                return  # else its objects were folded while they were read

    def _take_log(self, pool: ThreadPoolExecutor) -> None:
        ahead = 1
        while True:
            start = self._head.next + len(self.unfolded)
            names = [log_name(number) for number in range(start, start + ahead)]
            ahead = min(2 * ahead, _AHEAD)
            for name, content in zip(names, pool.map(self._objects.read, names), strict=True):
                if content is None:
                    return
                self.unfolded[name] = content.decode().splitlines()[1:]
                self._take(self.unfolded[name])

    def _take(self, lines: Iterable[str]) -> None:
        """Take in lines: entries, and names of entries whose files are gone."""
        for line in lines:
            held = json.loads(line)
            if "forget" in held:
                for key in held["forget"]:
                    super().forget(key)
            else:
                super().add([Entry(**held)])

    def _forget_missing(self) -> None:
        """Outputs that a task looked for in vain: their tasks run again."""
        self._marks = [path for path, _ in self._objects.below(MISSING)]
        if not self._marks:
            self._lost: list[str] = []
            return
        gone = {(self._objects.read(mark) or b"").decode() for mark in self._marks}
        self._lost = [e.key for e in self.all() if any(file["path"] in gone for file in e.files)]
        for key in self._lost:
            super().forget(key)

    def refresh(self) -> None:
        """One run writes at a time, and it knows what it wrote."""

    def add(self, entries: Iterable[Entry]) -> list[Entry]:
        """Remember entries; who builds commits them soon. Raises WeftError when another run has taken over."""
        kept = super().add(entries)
        if self._writer is not None:
            self._writer.put([entry.to_json() for entry in kept])
        return kept

    def compact(self, *, always: bool = False) -> None:
        """Commit what was added, and fold it: into one block of its own, or all into one when there are many.

        `always`: into one that holds what is here and nothing else.
        """
        if self._writer is not None:
            self._writer.finish(always=always)

    @property
    def head(self) -> Head:
        return self._head

    def lost(self) -> tuple[list[str], list[str]]:
        """Keys whose files were missing when the ledger was read, and the marks that said so."""
        return self._lost, self._marks


class _Writer:
    """The one thread that writes the log. It claims the log before the first entry, and stops when another does."""

    def __init__(self, ledger: ObjectLedger, objects: Objects, lease: Lease) -> None:
        self._ledger, self._objects, self._lease = ledger, objects, lease
        self._lines: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self._failure: Exception | None = None
        self._owner = secrets.token_hex(8)
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, lines: list[str]) -> None:
        self._lease.check()
        if self._failure is not None:
            raise self._failure
        self._lines.put(lines)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                with self._guard:
                    self._write()
                    if len(self._ledger.unfolded) >= FOLD:
                        self._fold()
            except (OSError, WeftError) as error:  # told to the run with its next entry
                self._failure = error
                return

    def close(self) -> None:
        """Commit what is waiting; after a failure or a lost lease nothing more is written."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._failure is None and self._lease.lost is None:
            with self._guard:
                self._write()

    def finish(self, *, always: bool) -> None:
        with self._guard:
            if self._failure is not None:
                raise self._failure
            self._lease.check()
            if always:
                while self._drain():
                    pass
                self._fold(whole=True)
                return
            self._write()
            if any(self._ledger.unfolded.values()) or len(self._ledger.unfolded) > _AHEAD:
                self._fold(whole=len(self._ledger.head.blocks) >= _AHEAD)

    def _drain(self) -> list[str]:
        lines: list[str] = []
        while not self._lines.empty() and len(lines) < AT_ONCE:
            lines += self._lines.get()
        return lines

    def _write(self) -> None:
        lost, marks = self._ledger.lost()
        if lost or marks:
            self._append([json.dumps({"forget": lost})])
            self._objects.delete(marks)
            lost.clear()
            marks.clear()
        while lines := self._drain():
            self._append(lines)

    def _append(self, lines: list[str]) -> None:
        content = group(self._owner, lines)
        name = self._next()
        if self._objects.create(name, content) is None:
            raise WeftError(f"{self._objects.url}: another run has taken over this build; this run has stopped")
        self._ledger.unfolded[name] = lines

    def _next(self) -> str:
        return log_name(self._ledger.head.next + len(self._ledger.unfolded))

    def claim(self) -> None:
        """Take the next number, and the head: whoever wrote before meets both with its next request, and stops."""
        while True:
            name = self._next()
            if self._objects.create(name, group(self._owner, [])) is not None:
                self._ledger.unfolded[name] = []
                if self._put_head():
                    return
            # A run that was then alive has written, or folded, since the ledger was read.
            self._ledger.read_all()

    def _put_head(self) -> bool:
        return put_head(self._objects, self._ledger.head, self._owner)

    def _fold(self, *, whole: bool = False) -> None:
        """One block of the log's objects, or of all entries; then the head, then the objects that it replaces go."""
        head, unfolded = self._ledger.head, self._ledger.unfolded
        after, old = head.next + len(unfolded), list(unfolded)
        every = (entry.to_json() for entry in self._ledger.entries.by_key())
        lines = every if whole else itertools.chain.from_iterable(unfolded.values())
        name = block_name(after - 1)
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, _BLOCK, compression="zstd") as writer:
            while part := list(itertools.islice(lines, TOGETHER)):
                writer.write_table(pa.table({"line": part}, _BLOCK))
        self._objects.write(name, sink.getvalue().to_pybytes())
        if whole:
            old += head.blocks
            head.blocks = [name]
        else:
            head.blocks = [*head.blocks, name]
        head.next = after
        if not self._put_head():
            raise WeftError(f"{self._objects.url}: another run has taken over this build; this run has stopped")
        unfolded.clear()
        self._objects.delete(old)


def group(owner: str, lines: list[str]) -> bytes:
    """An object of the log: who made it, and some lines."""
    # Like no other, so that a request that was answered twice is known as one's own.
    told = json.dumps({"owner": owner, "nonce": secrets.token_hex(8), "at": round(time.time(), 3)})
    return "".join(line + "\n" for line in (told, *lines)).encode()


def log_name(number: int) -> str:
    """The object of the log with this number."""
    return f"ledger/log/{number:08d}.jsonl"


def block_name(last: int) -> str:
    """A new block of the objects up to and with this number."""
    return f"ledger/blocks/{last:08d}-{secrets.token_hex(4)}.parquet"


def read_head(objects: Objects) -> Head:
    """The head as it is now; an empty one where there is none."""
    held = objects.read_with(HEAD)
    if held is None:
        return Head()
    told: dict[str, Any] = json.loads(held[0])
    return Head(list(told["blocks"]), int(told["next"]), held[1].tag)


def put_head(objects: Objects, head: Head, owner: str) -> bool:
    """Whether the head was put in the place of that with its tag, which is then the new one's."""
    told = {"blocks": head.blocks, "next": head.next, "owner": owner, "nonce": secrets.token_hex(8)}
    content = json.dumps(told, sort_keys=True).encode()
    tag = objects.create(HEAD, content) if head.tag is None else objects.replace(HEAD, content, head.tag)
    if tag is not None:
        head.tag = tag
    return tag is not None


def leftovers(objects: Objects) -> Iterator[tuple[str, int]]:
    """Objects of the log and blocks that the head does not name: of a run that was killed while it folded."""
    head = read_head(objects)
    named = set(head.blocks)
    for path, size in objects.below("ledger/blocks"):
        if path not in named:
            yield path, size
    for path, size in objects.below("ledger/log"):
        if path < log_name(head.next):
            yield path, size
