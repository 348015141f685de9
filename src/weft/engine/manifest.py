"""Which files a build reads and how they are cut into shards: once placed, a row never moves."""

from __future__ import annotations

import glob as globbing
import json
import os
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import fsspec
import xxhash

from weft.acquire import formats
from weft.engine.storage import Storage, is_url
from weft.errors import WeftError

PATH = "manifest.json"
SMALLEST_SHARD = 1 << 17
FULL_SHARD = 8 << 20
"""Bytes as they are stored from which a task takes a second or so, beside which its start is little."""
_WHOLE_DIGEST = 64 << 20
_SLICES = 16


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source as the listing found it."""

    path: str
    name: str
    size: int
    stamp: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A file, or a byte range of one, that a documents task reads."""

    path: str
    name: str
    reader: str
    start: int
    stop: int
    size: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Shard:
    """The units of one documents task; the number is its place in `Manifest.shards`."""

    source: str
    units: tuple[Unit, ...]


@dataclass
class Manifest:
    """All shards that a build ever planned, in order, and the files they came from."""

    shards: list[Shard] = field(default_factory=list)
    files: dict[str, dict[str, SourceFile]] = field(default_factory=dict)

    @classmethod
    def load(cls, storage: Storage) -> Manifest:
        held = storage.content(PATH)
        if held is None:
            return cls()
        content = json.loads(held)
        shards = [Shard(s["source"], tuple(Unit(**u) for u in s["units"])) for s in content["shards"]]
        files = {
            source: {name: SourceFile(**values) for name, values in listing.items()}
            for source, listing in content["files"].items()
        }
        return cls(shards, files)

    def save(self, storage: Storage) -> None:
        content = {
            "shards": [{"source": s.source, "units": [asdict(u) for u in s.units]} for s in self.shards],
            "files": {k: {n: asdict(f) for n, f in listing.items()} for k, listing in self.files.items()},
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if storage.content(PATH) != text.encode("utf-8"):
            storage.write_bytes(PATH, text.encode("utf-8"))

    def update(self, source: str, path: str, reader: str, *, base: Path, build: Path, shard_bytes: int) -> None:
        """Bring one source up to date: new files append shards, vanished and changed files leave theirs.

        A file counts as changed when its content or the format of its source did.

        Raises WeftError when `path` names nothing.
        """
        known = self.files.get(source, {})
        found = {file.name: file for file in _together(list_files(path, base, known, build), reader)}
        if not found:
            raise WeftError(f"source {source}: no files at {path}; expected a file, a folder with files, or a pattern")
        stale = {n for n, file in known.items() if n not in found or found[n].fingerprint != file.fingerprint}
        units = (unit for shard in self.shards if shard.source == source for unit in shard.units)
        stale |= {unit.name for unit in units if unit.reader != _reader(unit.name, reader)}  # the format was changed
        fresh = [file for name, file in sorted(found.items()) if name not in known or name in stale]
        if stale:
            self.shards = [
                replace(s, units=tuple(u for u in s.units if u.name not in stale)) if s.source == source else s
                for s in self.shards
            ]
        paths = {name: file.path for name, file in found.items()}
        self.shards = [_moved(s, paths) if s.source == source else s for s in self.shards]
        self.files[source] = found
        self.shards += [Shard(source, units) for units in pack(fresh, reader, shard_bytes)]

    def active(self, sources: Iterable[str]) -> list[int]:
        """Numbers of the shards that hold something from `sources`."""
        wanted = set(sources)
        return [n for n, shard in enumerate(self.shards) if shard.source in wanted and shard.units]


def _together(files: list[SourceFile], reader: str) -> list[SourceFile]:
    """The files as they are, or, where one is read with others, each changed whenever any of them has."""
    if reader not in formats.TOGETHER:
        return files
    # A file that has not changed comes with the fingerprint that it got here the last time.
    alone = [file.fingerprint.partition("+")[0] for file in files]
    joint = xxhash.xxh3_64_hexdigest("\n".join(sorted(alone)).encode())
    return [replace(file, fingerprint=f"{own}+{joint}") for file, own in zip(files, alone, strict=True)]


def _moved(shard: Shard, paths: dict[str, str]) -> Shard:
    return replace(shard, units=tuple(replace(u, path=paths.get(u.name, u.path)) for u in shard.units))


def _reader(name: str, stated: str) -> str:
    """The reader of a file: the source's format, or by the file's ending; `unknown` when it says nothing."""
    return stated if stated != "auto" else (formats.reader_for(name) or "unknown")


def shard_target(total: float, shard_bytes: int) -> int:
    """Bytes as stored of a shard where so many are cut: a small corpus still gets several, for several cores."""
    return int(min(shard_bytes, max(SMALLEST_SHARD, total // 16, min(FULL_SHARD, total // 4))))


def pack(files: list[SourceFile], reader: str, shard_bytes: int) -> list[tuple[Unit, ...]]:
    """Cut files into units and fill shards in order; a function of names and sizes alone."""
    target = shard_target(sum(file.size for file in files), shard_bytes)
    shards: list[tuple[Unit, ...]] = []
    pending: list[Unit] = []
    held = 0
    for file in files:
        kind = _reader(file.name, reader)
        ranges = formats.splits(file.name, kind, file.size, target) if kind != "unknown" else [(0, file.size)]
        for start, stop in ranges:
            if pending and held + (stop - start) > target:
                shards.append(tuple(pending))
                pending, held = [], 0
            pending.append(Unit(file.path, file.name, kind, start, stop, file.size, file.fingerprint))
            held += stop - start
    if pending:
        shards.append(tuple(pending))
    return shards


def list_files(path: str, base: Path, known: dict[str, SourceFile], build: Path) -> list[SourceFile]:
    """Files behind a path, pattern or folder, by name; digests are reused while size and time agree.

    Files of the build folder are left out when it lies within the source.
    """
    if is_url(path):
        return _list_remote(path)
    root = base / path
    if root.is_dir():
        # A link that leads nowhere is a file that cannot be read: it gets its row among the errors.
        paths = sorted(p for p in root.rglob("*") if (p.is_file() or p.is_symlink()) and not _hidden(p, root))
        top = root
    elif root.exists():
        paths, top = [root], root.parent
    else:
        paths = sorted(Path(p) for p in globbing.glob(str(root), recursive=True) if os.path.isfile(p))
        top = _pattern_root(root)
    return [_local_file(p, p.relative_to(top).as_posix(), known) for p in _without(build, paths, top)]


def _without(build: Path, paths: list[Path], top: Path) -> list[Path]:
    """The paths below `top` that are not below the build folder: a build that read itself would grow with each run."""
    try:
        own = build.resolve().relative_to(top.resolve()).parts
    except ValueError:
        return paths
    return [path for path in paths if path.relative_to(top).parts[: len(own)] != own]


def _pattern_root(pattern: Path) -> Path:
    fixed: list[str] = []
    for part in pattern.parts[:-1]:
        if any(mark in part for mark in "*?["):
            break
        fixed.append(part)
    return Path(*fixed) if fixed else Path()


def _local_file(path: Path, name: str, known: dict[str, SourceFile]) -> SourceFile:
    if not _is_unicode(str(path)):
        # Tables hold Unicode: a name in an old encoding gets its row among the errors, as a file that nobody finds.
        shown, name = (os.fsencode(part).decode("utf-8", "backslashreplace") for part in (str(path), name))
        return SourceFile(shown, name, 1, "unreadable", "1:unreadable")
    try:
        status = path.stat()
    except OSError:
        return SourceFile(str(path), name, 1, "unreadable", "1:unreadable")
    stamp = f"{status.st_size}:{status.st_mtime_ns}"
    before = known.get(name)
    if before is not None and before.stamp == stamp:
        return replace(before, path=str(path))
    try:
        fingerprint = content_fingerprint(status.st_size, lambda: path.open("rb"))
    except OSError:
        fingerprint = f"{status.st_size}:unreadable"
    return SourceFile(str(path), name, status.st_size, stamp, fingerprint)


def _hidden(path: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(top).parts)


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _chained(path: str, name: str) -> str:
    """The address of one file of a chained URL (`zip://*.txt::s3://…`): its first part with a path names the files."""
    parts = path.split("::")
    place = next(number for number, part in enumerate(parts) if "://" in part)
    parts[place] = f"{parts[place].partition('://')[0]}://{name}"
    return "::".join(parts)


def _list_remote(path: str) -> list[SourceFile]:
    try:
        fs, inner = fsspec.core.url_to_fs(path)
        if any(mark in inner for mark in "*?["):
            names = sorted(fs.glob(inner))
        else:
            names = sorted(fs.find(inner)) if fs.isdir(inner) else [inner]
        infos: list[tuple[str, dict[str, Any]]] = [(n, fs.info(n)) for n in names]
    except (OSError, ImportError, ValueError) as error:
        raise WeftError(f"{path}: cannot be listed: {error}") from error
    files = [(n, i) for n, i in infos if i.get("type", "file") == "file"]
    top = posixpath.commonpath([posixpath.dirname(n) for n, _ in files]) if files else ""
    result = []
    for name, info in files:
        size = int(info.get("size") or 0)
        mark = str(info.get("ETag") or info.get("etag") or info.get("md5Hash") or fs.ukey(name))
        fingerprint = f"{size}:{xxhash.xxh3_128_hexdigest(mark.encode())}"
        address = _chained(path, name) if "::" in path else fs.unstrip_protocol(name)
        result.append(SourceFile(address, name[len(top) :].lstrip("/"), size, mark, fingerprint))
    return result


def content_fingerprint(size: int, opener: Callable[[], Any]) -> str:
    """Size and hash of the content; above 64 MB, of sixteen slices of 1 MB spread over it."""
    state = xxhash.xxh3_128()
    with opener() as source:
        if size <= _WHOLE_DIGEST:
            while block := source.read(1 << 20):
                state.update(block)
        else:
            for n in range(_SLICES):
                source.seek((size - (1 << 20)) * n // (_SLICES - 1))
                state.update(source.read(1 << 20))
    return f"{size}:{state.hexdigest()}"
