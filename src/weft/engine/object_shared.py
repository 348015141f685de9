"""The ledger of a build in object storage as workers write it together: whoever makes the next number has it.

Nothing that was folded into a block is lost to a worker that slept: after each object that it made it reads the head,
and what it made under a number that had been used before is taken away and made again under a new one.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import random
import threading
import time
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from weft.engine import object_ledger
from weft.engine.ledger import TOGETHER, Entry
from weft.engine.object_crew import ObjectCrew
from weft.engine.object_ledger import AT_ONCE, Head, ObjectLedger, block_name, group, log_name, put_head, read_head
from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import OutOfReach
from weft.errors import WeftError

EVERY = 1.0
"""Seconds between two commits of a worker, and between two looks at what others committed."""
_WAIT, _LONGEST_WAIT = 0.05, 2.0
_BLOCKS = 8
"""Blocks that are made one at the end of the last worker."""
_LAST = 10.0
"""Seconds for the last commit of a worker that is told to end."""
_BLOCK = pa.schema({"line": pa.string(), "number": pa.int64()})


class SharedLedger(ObjectLedger):
    """All entries of a build; what is added is committed by a thread, what others commit comes with `refresh`."""

    def __init__(self, storage: ObjectStorage, crew: ObjectCrew) -> None:
        super().__init__(storage, read_only=True)
        self._crew = crew
        self._guard = threading.RLock()
        self._arrived: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self._looked = time.monotonic()
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        lost, marks = self.lost()
        if crew.first or lost or marks:
            # The first takes the next number, whatever it holds: a run that slept meets it, and stops.
            self._append(lambda: [json.dumps({"forget": lost})] if lost else [])
            self._objects.delete(marks)
        storage.closing.append(self.close)

    def add(self, entries: Iterable[Entry]) -> list[Entry]:
        """Remember entries, and commit soon those that the ledger has not. Raises WeftError when that has failed."""
        if self._failure is not None:
            raise self._failure
        given = list(entries)
        new = [entry for entry in given if self.get(entry.key) is None]
        for entry in new:
            self.entries.put(entry)
        if new:
            self._waiting.put([entry.to_json() for entry in new])
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return given

    def refresh(self) -> None:
        """Take in what others have committed, unless that was just done; of one key the first entry stays."""
        if time.monotonic() - self._looked > EVERY:
            self.catch_up()
        self._take_arrived()

    def catch_up(self) -> None:
        """Take in all that others have committed by now."""
        with self._guard:
            self._follow()
        self._looked = time.monotonic()
        self._take_arrived()

    def _take_arrived(self) -> None:
        while not self._arrived.empty():
            for line in self._arrived.get():
                held = json.loads(line)
                for key in held.get("forget", ()):
                    self.forget(key)
                if "forget" not in held:
                    entry = Entry(**held)
                    self.entries.setdefault(entry.key, entry)

    def compact(self, *, always: bool = False) -> None:
        """Commit what was added, and fold the log; no other worker is alive."""
        with self._guard:
            self.commit()
            self._follow()
            self._take_arrived()
            if any(self.unfolded.values()):
                self._fold(whole=len(self._head.blocks) >= _BLOCKS)

    def close(self) -> None:
        """Commit what was added; after a failure, or when others go on without this worker, nothing is written."""
        self._ended.set()
        if self._thread is not None:
            # A signal may come while the main thread holds what the other waits for: then the last second is lost.
            self._thread.join(_LAST)
        elif self._failure is None and self._crew.alive:
            self.commit()

    def _work(self) -> None:
        while True:
            ended = self._ended.wait(EVERY * random.uniform(0.7, 1.3))
            try:
                self.commit()
            except (OSError, WeftError) as error:  # told to the worker with its next entry
                self._failure = error
                return
            if ended:
                return

    def commit(self) -> None:
        """Commit what was added, and give back the tasks that are done with it."""
        with self._guard:
            settled = self._crew.settled()
            while not self._waiting.empty():
                self._append(self._drain)
            self._crew.give_back(settled)

    def _drain(self) -> list[str]:
        lines: list[str] = []
        while not self._waiting.empty() and len(lines) < AT_ONCE:
            lines += self._waiting.get()
        return lines

    def _append(self, more: Callable[[], list[str]]) -> None:
        """Make the next object of the log; what came meanwhile goes along when another was quicker."""
        lines, wait = more(), _WAIT
        with self._guard:
            while True:
                if not self._crew.alive:
                    raise WeftError(f"{self._objects.url}: nothing was heard of this worker; it commits nothing more")
                number = self._head.next + len(self.unfolded)
                if self._objects.create(log_name(number), group(self._crew.name, lines)) is not None:
                    head = read_head(self._objects)
                    if head.next <= number:
                        self.unfolded[log_name(number)] = lines
                        self._adopt(head)
                        break
                    self._objects.delete([log_name(number)])
                self._follow()
                time.sleep(random.uniform(0, wait))
                wait = min(2 * wait, _LONGEST_WAIT)
                if lines:
                    lines += more()
            if number % object_ledger.FOLD == 0:
                self._fold()

    def _follow(self) -> None:
        """Read on from the number that comes next, over blocks where objects were folded meanwhile."""
        while True:
            start = self._head.next + len(self.unfolded)
            found: list[list[str]] = []
            while (content := self._objects.read(log_name(start + len(found)))) is not None:
                found.append(content.decode().splitlines()[1:])
            head = read_head(self._objects)
            if head.next > start:
                for block in head.blocks:
                    if block not in self._head.blocks:
                        self._read_block(block, start)
            for number, lines in enumerate(found, start):
                # What the head counts is in a block. Under its number may since have stood what a worker that slept
                # made there and takes away again: that is not in this ledger until it is made under a new one.
                if number >= head.next:
                    self.unfolded[log_name(number)] = lines
                    self._arrived.put(lines)
            self._adopt(head)
            if head.next <= start + len(found):
                return

    def _adopt(self, head: Head) -> None:
        # Of the log only what the head does not count is unfolded.
        self.unfolded = {name: lines for name, lines in self.unfolded.items() if name >= log_name(head.next)}
        self._head = head

    def _read_block(self, block: str, after: int) -> None:
        content = self._objects.read(block)
        if content is None:  # folded once more
            return
        source = pq.ParquetFile(pa.BufferReader(content))
        numbered = "number" in source.schema_arrow.names
        for batch in source.iter_batches(TOGETHER):
            lines = batch.column("line").to_pylist()
            if numbered:
                lines = [line for line, n in zip(lines, batch.column("number").to_pylist(), strict=True) if n >= after]
            self._arrived.put(lines)

    def _fold(self, *, whole: bool = False) -> None:
        """One block of the log's objects, or of all entries. Of several that try, one replaces the head.

        What the others have written is taken away.
        """
        old, first, last = list(self.unfolded), self._head.next, self._head.next + len(self.unfolded) - 1
        rows = ((line, number) for number, name in enumerate(old, first) for line in self.unfolded[name])
        if whole:
            rows = ((entry.to_json(), last) for entry in self.entries.by_key())
        name, sink = block_name(last), pa.BufferOutputStream()
        with pq.ParquetWriter(sink, _BLOCK, compression="zstd") as writer:
            while part := list(itertools.islice(rows, TOGETHER)):
                lines, numbers = zip(*part, strict=True)
                writer.write_table(pa.table({"line": lines, "number": numbers}, _BLOCK))
        self._objects.write(name, sink.getvalue().to_pybytes())
        head = Head([name] if whole else [*self._head.blocks, name], last + 1, self._head.tag)
        gone = [*old, *self._head.blocks] if whole else old
        if put_head(self._objects, head, self._crew.name):
            self._adopt(head)
            with contextlib.suppress(OutOfReach):  # then `weft clean` takes them away
                self._objects.delete(gone)
        else:
            self._objects.delete([name])
            self._follow()
