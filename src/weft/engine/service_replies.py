"""Replies of model servers on disk: each is written as it comes, found by what was asked, and paid once.

A process appends to a segment of its own and reads those of the others, as with the ledger: nothing is locked, so any
number of processes on any shared file system write at once, and what a killed one leaves is whole up to its last
record. An index beside a closed segment is mapped, not loaded: memory does not grow with the replies.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

FOLDER = "replies"
COMPACT_ABOVE = 8
LARGE = 256 << 20
"""Bytes from which a segment is left as it is when small ones are put together."""
_HEAD = struct.Struct("<2sB16sII")
_MAGIC = b"wR"
_PLAIN, _ZSTD = 0, 1
_WORTH = 160
"""Bytes from which a reply is compressed."""
_ALSO = b"also"
Index = npt.NDArray[np.uint64]


def key_of(identity: dict[str, str], body: Any) -> bytes:
    """What a reply is found by: 16 bytes, of what decides answers and of the request.

    A cryptographic hash: with another a document could be written that gets the reply of a better one.
    """
    text = json.dumps([identity, body], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()


def folder_of(identity: dict[str, str]) -> str:
    """Folder below `replies` for the answers of one model, whatever the name of its service."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", identity["model"] or identity["protocol"]).strip("-.")[:60]
    return f"{slug}-{key_of(identity, None).hex()[:12]}"


@dataclass(frozen=True)
class Reply:
    """An answer as it is kept, and the ids of the documents that it is about."""

    ids: tuple[str, ...]
    body: bytes


class Replies:
    """The replies of one model, in one folder. Not for several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._name = f"segment-{os.getpid()}-{secrets.token_hex(6)}"
        self._own: int | None = None
        self._size = 0
        self._places: dict[bytes, tuple[str, int]] = {}
        self._indexes: dict[str, Index] = {}
        self._read: dict[str, int] = {}
        self._handles: dict[str, int] = {}
        self._compress = zstandard.ZstdCompressor(level=3)
        self._expand = zstandard.ZstdDecompressor()
        self.unsaved = False
        self.segment = folder / f"{self._name}.replies"
        """The file that `put` writes to."""
        self.refresh()

    def refresh(self) -> None:
        """Take in what other processes have written since the last look."""
        names = set(os.listdir(self.folder))
        for name in sorted(name for name in names if name.endswith(".replies")):
            stem = name.removesuffix(".replies")
            if stem == self._name or stem in self._indexes:
                continue
            index = f"{stem}.index.npy"
            if stem not in self._read and index in names:
                with contextlib.suppress(OSError, ValueError):
                    self._indexes[stem] = np.load(self.folder / index, mmap_mode="r")
                    continue
            with contextlib.suppress(FileNotFoundError):  # another process has put it together with others
                for key, at, end in scan(self.folder / name, self._read.get(stem, 0)):
                    self._places.setdefault(key, (stem, at))
                    self._read[stem] = end

    def get(self, key: bytes) -> Reply | None:
        """The reply to what has this key; None when nobody has asked it, or when the record is damaged."""
        for stem, at in self._found(key):
            try:
                with_head = os.pread(self._handle(stem), _HEAD.size, at)
                _, form, held, size, check = _HEAD.unpack(with_head)
                payload = os.pread(self._handle(stem), size, at + _HEAD.size)
            except (OSError, struct.error):
                continue
            if held == key and len(payload) == size and zlib.crc32(payload) == check:
                return self._opened(form, payload)
        return None

    def _found(self, key: bytes) -> Iterator[tuple[str, int]]:
        if key in self._places:
            yield self._places[key]
        high, low = np.frombuffer(key, ">u8")
        for stem, index in self._indexes.items():
            place = int(np.searchsorted(index[:, 0], high))
            while place < len(index) and index[place, 0] == high:
                if index[place, 1] == low:
                    yield stem, int(index[place, 2])
                place += 1

    def _opened(self, form: int, payload: bytes) -> Reply:
        payload = self._expand.decompress(payload) if form == _ZSTD else payload
        about, _, body = payload.partition(b"\0")
        return Reply(tuple(json.loads(about)), body)

    def put(self, key: bytes, ids: Sequence[str], body: bytes) -> None:
        """Write a reply. It outlives this process from now on, and a crash of the machine from the next `sync` on."""
        if self._own is None:
            self._own = os.open(self.segment, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o666)
            self._handles[self._name] = self._own
        payload = json.dumps(list(ids)).encode() + b"\0" + body
        form = _PLAIN
        if len(payload) >= _WORTH:
            packed = self._compress.compress(payload)
            if len(packed) < len(payload):
                payload, form = packed, _ZSTD
        record = _HEAD.pack(_MAGIC, form, key, len(payload), zlib.crc32(payload)) + payload
        written = 0
        try:
            while written < len(record):
                written += os.write(self._own, record[written:])
        except OSError:
            os.ftruncate(self._own, self._size)  # half a record would hide those that follow
            raise
        self._places[key] = (self._name, self._size)
        self._size += len(record)
        self.unsaved = True

    def also(self, key: bytes, reply: Reply, identifier: str) -> None:
        """Note that a reply is about another document as well, so that it is found when that one is withdrawn."""
        if identifier in reply.ids:
            return
        mark = hashlib.blake2b(_ALSO + key + identifier.encode(), digest_size=16).digest()
        if next(self._found(mark), None) is None:
            self.put(mark, (identifier,), _ALSO + key)

    def sync(self) -> None:
        """Let what was written outlive a crash of the machine."""
        if self._own is not None and self.unsaved:
            self.unsaved = False  # first, as more may be written meanwhile
            os.fsync(self._own)

    def secure(self) -> None:
        """Let what was written outlive this machine, where others are to find it."""
        self.sync()

    def close(self) -> None:
        """Sync, and leave an index beside the own segment."""
        if self._own is not None:
            self.sync()
            _write_index(self.folder, self._name, scan(self.segment, 0))
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()
        self._own = None

    def _handle(self, stem: str) -> int:
        if stem not in self._handles:
            self._handles[stem] = os.open(self.folder / f"{stem}.replies", os.O_RDONLY)
        return self._handles[stem]


def scan(path: Path, start: int) -> Iterator[tuple[bytes, int, int]]:
    """Key, begin and end of every whole record from `start` on."""
    with open(path, "rb") as source:
        total = os.fstat(source.fileno()).st_size
        source.seek(start)
        while start + _HEAD.size <= total:
            magic, _, key, size, _ = _HEAD.unpack(source.read(_HEAD.size))
            end = start + _HEAD.size + size
            if magic != _MAGIC or end > total:
                return
            yield key, start, end
            source.seek(size, os.SEEK_CUR)
            start = end


def _write_index(folder: Path, stem: str, found: Iterator[tuple[bytes, int, int]]) -> None:
    rows = [(*np.frombuffer(key, ">u8").tolist(), at) for key, at, _ in found]
    index = np.array(rows, np.uint64).reshape(-1, 3)
    index = index[np.argsort(index[:, 0], kind="stable")]
    attempt = folder / f"attempt-{secrets.token_hex(6)}"
    with open(attempt, "wb") as sink:
        np.save(sink, index)
        sink.flush()
        os.fsync(sink.fileno())
    os.replace(attempt, folder / f"{stem}.index.npy")


def compact(root: Path) -> None:
    """Put small segments of every model together; nobody else writes to the build at that time."""
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        for left in folder.glob("attempt-*"):
            left.unlink(missing_ok=True)
        segments = [path for path in sorted(folder.glob("*.replies")) if path.stat().st_size < LARGE]
        if len(segments) > COMPACT_ABOVE:
            _joined(folder, segments)


def _joined(folder: Path, segments: list[Path]) -> None:
    stem = f"joined-{secrets.token_hex(8)}"
    attempt = folder / f"attempt-{secrets.token_hex(6)}"
    seen: set[bytes] = set()
    with open(attempt, "wb") as sink:
        for path in segments:
            with open(path, "rb") as source:
                for key, at, end in scan(path, 0):
                    if key not in seen:
                        seen.add(key)
                        source.seek(at)
                        sink.write(source.read(end - at))
        sink.flush()
        os.fsync(sink.fileno())
    os.replace(attempt, folder / f"{stem}.replies")
    _write_index(folder, stem, scan(folder / f"{stem}.replies", 0))
    for path in segments:  # after a kill in between some replies are there twice, which does no harm
        path.unlink(missing_ok=True)
        path.with_name(f"{path.stem}.index.npy").unlink(missing_ok=True)


def holding(folder: Path, ids: set[str]) -> dict[str, list[bytes]]:
    """Keys of the replies of one model that are about these documents, by id."""
    held, found = Replies(folder), dict[str, list[bytes]]()
    for path in sorted(folder.glob("*.replies")):
        for key, _, _ in scan(path, 0):
            reply = held.get(key)
            for identifier in ids & set(reply.ids if reply is not None else ()):
                assert reply is not None
                told = reply.body.removeprefix(_ALSO) if reply.body.startswith(_ALSO) else key
                found.setdefault(identifier, []).append(told)
    held.close()
    return found
