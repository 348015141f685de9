"""Append-only record of finished tasks: what has an entry never runs again."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

COMPACT_ABOVE = 8
"""Segments of finished runs that are kept before they are folded into one Parquet file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished output. `files` are `{path, bytes, rows}`; `counts` what the stage conserved."""

    key: str
    node: str
    shard: int
    files: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    taken: list[str] = field(default_factory=list)
    """Files that `weft clean --intermediate` took away; the task is done as long as nobody has to read them."""

    def to_json(self) -> str:
        held = {name: getattr(self, name) for name in self.__slots__ if name != "taken" or self.taken}
        return json.dumps(held, sort_keys=True, separators=(",", ":"))

    def shared(self) -> Entry:
        """The same with names that all entries share: a text or a worker gives each its own, which is half of it."""
        files = [{sys.intern(name): value for name, value in file.items()} for file in self.files]
        return replace(self, node=sys.intern(self.node), files=files, counts=_shared(self.counts))


def _shared(counts: dict[str, Any]) -> dict[str, Any]:
    return {sys.intern(name): _shared(value) if isinstance(value, dict) else value for name, value in counts.items()}


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
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            yield Entry(**json.loads(line)).shared()


class Ledger:
    """All entries of a build, by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries: dict[str, Entry] = {}
        self._read: dict[str, int] = {}
        for entry in self._unread():
            self._entries[entry.key] = entry

    def refresh(self) -> None:
        """Take in what other processes have committed since the last look; of one key the first entry stays."""
        for entry in self._unread():
            self._entries.setdefault(entry.key, entry)

    def _unread(self) -> Iterator[Entry]:
        """Entries that were not read before: compacted files as a whole, segments from where the last look ended."""
        names = sorted(os.listdir(self.folder)) if self.folder.exists() else []
        for name in names:
            if name.startswith("compacted-") and name.endswith(".parquet") and name not in self._read:
                self._read[name] = 0
                yield from _entries(pq.read_table(self.folder / name)["entry"].to_pylist())
        for name in names:
            if name.startswith("segment-") and name.endswith(".jsonl"):
                with contextlib.suppress(FileNotFoundError), open(self.folder / name, "rb") as source:
                    source.seek(self._read.get(name, 0))
                    content = source.read()
                    # A killed worker may leave half a line: what has no line end was never committed.
                    end = content.rfind(b"\n") + 1
                    self._read[name] = self._read.get(name, 0) + end
                    yield from _entries(content[:end].splitlines())

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def add(self, entries: Iterable[Entry]) -> list[Entry]:
        """Remember entries that a worker has already written to its segment, and give them as they are kept."""
        kept = [entry.shared() for entry in entries]
        self._entries |= {entry.key: entry for entry in kept}
        return kept

    def all(self) -> list[Entry]:
        """Every entry, in no order."""
        return list(self._entries.values())

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)

    def any_taken(self) -> bool:
        """Whether files of some entry were taken away on purpose."""
        return any(entry.taken for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def compact(self, *, always: bool = False) -> None:
        """Fold segments into one Parquet file; the caller holds the build's lock and no worker is alive.

        Few segments stay as they are, unless `always`.
        """
        old = [*self.folder.glob("compacted-*.parquet"), *self.folder.glob("segment-*.jsonl")]
        if len(old) <= COMPACT_ABOVE and not always:
            return
        lines = [self._entries[key].to_json() for key in sorted(self._entries)]
        attempt = self.folder / f"attempt-{secrets.token_hex(6)}"
        with open(attempt, "wb") as sink:
            pq.write_table(pa.table({"entry": lines}), sink, compression="zstd")
            sink.flush()
            os.fsync(sink.fileno())  # the segments go: what replaces them has to be on the disk
        os.replace(attempt, self.folder / f"compacted-{secrets.token_hex(8)}.parquet")
        for path in old:
            path.unlink(missing_ok=True)
