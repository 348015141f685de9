"""Append-only record of finished tasks: what has an entry never runs again."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft.engine.entries import Entries, Entry

__all__ = ["COMPACT_ABOVE", "Entry", "Ledger", "LedgerWriter"]

COMPACT_ABOVE = 8
"""Segments of finished runs that are kept before they are folded into one Parquet file."""
_COMPACTED = pa.schema({"entry": pa.string()})
TOGETHER = 1 << 14
"""Lines of a compacted ledger that are in memory at once."""


class LedgerWriter:
    """One process's segment. An entry is one line, flushed to disk after the files it names."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"segment-{os.getpid()}-{secrets.token_hex(6)}.jsonl"
        self._sink = open(self._path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the worker

    def append(self, entries: list[Entry]) -> None:
        self._sink.write("".join(entry.to_json() + "\n" for entry in entries).encode())
        os.fsync(self._sink.fileno())

    def close(self) -> None:
        self._sink.close()


def _entries(lines: Iterable[str | bytes]) -> Iterator[Entry]:
    for line in lines:
        # A torn line is an uncommitted task: it runs again.
        with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
            entry = Entry(**json.loads(line))
            if isinstance(entry.key, str) and isinstance(entry.counts, dict) and all(f["path"] for f in entry.files):
                yield entry


class Ledger:
    """All entries of a build, by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = Entries()
        self._read: dict[str, int] = {}
        for entry in self._unread():
            self.entries.put(entry)

    def refresh(self) -> None:
        """Take in what other processes have committed since the last look; of one key the first entry stays."""
        for entry in self._unread():
            self.entries.setdefault(entry.key, entry)

    def catch_up(self) -> None:
        """Like `refresh`, also where that was done a moment ago."""
        self.refresh()

    def _unread(self) -> Iterator[Entry]:
        """Entries that were not read before: compacted files as a whole, segments from where the last look ended."""
        names: list[str] | None = None
        # A run that ends folds what was listed here into a file that was not: then the new one is read as well.
        while names is None or not set(names) <= set(self._names()):
            names = self._names()
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    yield from self._unread_of(name)

    def _names(self) -> list[str]:
        """Compacted files, then segments."""
        found = os.listdir(self.folder) if self.folder.exists() else []
        return sorted(name for name in found if name.startswith(("compacted-", "segment-")))

    def _unread_of(self, name: str) -> Iterator[Entry]:
        if name.startswith("compacted-") and name.endswith(".parquet") and name not in self._read:
            with pq.ParquetFile(self.folder / name) as source:
                self._read[name] = 0
                for batch in source.iter_batches(TOGETHER, columns=["entry"]):
                    yield from _entries(batch.column(0).to_pylist())
        elif name.startswith("segment-") and name.endswith(".jsonl"):
            with open(self.folder / name, "rb") as source:
                source.seek(self._read.get(name, 0))
                for line in source:
                    # A killed worker may leave half a line: what has no line end was never committed.
                    if not line.endswith(b"\n"):
                        break
                    self._read[name] = self._read.get(name, 0) + len(line)
                    yield from _entries([line])

    def get(self, key: str) -> Entry | None:
        return self.entries.get(key)

    def add(self, entries: Iterable[Entry]) -> list[Entry]:
        """Remember entries that a worker has already written to its segment, and give them back."""
        kept = list(entries)
        for entry in kept:
            self.entries.put(entry)
        return kept

    def commit(self) -> None:
        """Let others see what was added: in a folder whoever ran a task has seen to it."""

    def all(self) -> Iterator[Entry]:
        """Every entry, in no order; each is made when its turn comes."""
        return self.entries.every()

    def forget(self, key: str) -> None:
        self.entries.pop(key, None)

    def any_taken(self) -> bool:
        """Whether files of some entry were taken away on purpose."""
        return self.entries.any_taken

    def __len__(self) -> int:
        return len(self.entries)

    def compact(self, *, always: bool = False) -> None:
        """Fold segments into one Parquet file; the caller holds the build's lock and no worker is alive.

        Few segments stay as they are, unless `always`.
        """
        old = [*self.folder.glob("compacted-*.parquet"), *self.folder.glob("segment-*.jsonl")]
        if len(old) <= COMPACT_ABOVE and not always:
            return
        attempt = self.folder / f"attempt-{secrets.token_hex(6)}"
        with open(attempt, "wb") as sink:
            with pq.ParquetWriter(sink, _COMPACTED, compression="zstd") as writer:
                lines = (entry.to_json() for entry in self.entries.by_key())
                while part := list(itertools.islice(lines, TOGETHER)):
                    writer.write_table(pa.table({"entry": part}, _COMPACTED))
            sink.flush()
            os.fsync(sink.fileno())  # the segments go: what replaces them has to be on the disk
        os.replace(attempt, self.folder / f"compacted-{secrets.token_hex(8)}.parquet")
        for path in old:
            path.unlink(missing_ok=True)
