"""Small samples of a recipe's files, alike in all but size: the same places of the same files, in as many tasks."""

from __future__ import annotations

import contextlib
import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft.acquire import formats
from weft.acquire.parquet import groups_in
from weft.engine.manifest import Manifest, Shard, Unit
from weft.engine.storage import SourceFetcher
from weft.recipe import Recipe

TASKS = 8
"""Shards of a sample, whatever its size: what the larger one costs more is then the cost of text."""
PLACES = 32
"""Places of the files that a sample has a piece of."""
QUARTERS = 4
"""Of each place the smaller sample has the first quarter, of what cannot be cut every fourth place."""
_LARGEST_PIECE = 1 << 27
"""A file that can be read only as a whole is in a sample up to this size."""

_CODECS = ("snappy", "gzip", "brotli", "zstd", "lz4")


@dataclass(frozen=True)
class Place:
    """Files, or a range of one, that a sample reads a part of; `held` bytes as stored are there."""

    source: str
    units: tuple[Unit, ...]
    held: int


@dataclass(frozen=True)
class Sample:
    """What a plan is compiled from, and how many bytes of the files, as stored, it stands for."""

    manifest: Manifest
    stored: int
    sizes: tuple[int, ...]
    """Of that, what each shard stands for."""
    largest_group: int
    """Bytes as stored of the largest row group that it has a part of."""


def listed(recipe: Recipe, folder: Path, piece: int) -> Manifest:
    """The recipe's files in shards of about `piece` bytes."""
    manifest = Manifest()
    for source in recipe.acquire:
        manifest.update(
            source.name, source.path, source.format, base=Path(recipe.base), build=folder, shard_bytes=piece
        )
    return manifest


def stored_bytes(manifest: Manifest) -> int:
    """Bytes of all shards as they are stored."""
    return sum(map(_range, manifest.shards))


def places(manifest: Manifest, wanted: int) -> list[Place]:
    """Places for a sample of about `wanted` bytes: of each source its part, evenly spaced, in order."""
    sources: dict[str, list[Shard]] = defaultdict(list)
    for shard in manifest.shards:
        sources[shard.source].append(shard)
    every = max(stored_bytes(manifest), 1)
    found: list[Place] = []
    for shards in sources.values():
        share = sum(map(_range, shards)) / every
        found += _spaced(shards, max(1, round(PLACES * share)), max(1, int(wanted * share)))
    return found


def _spaced(shards: list[Shard], most: int, wanted: int) -> list[Place]:
    """Up to `most` places; one that holds nothing, or too much to be read as a whole, gives way to the next."""
    fit = [shard for shard in shards if _range(shard) <= _LARGEST_PIECE or _divided(shard)]
    taken: dict[int, Place] = {}

    def find(first: int) -> bool:
        for number in (*range(first, len(fit)), *range(first)):
            if number not in taken and (held := _held(fit[number])):
                taken[number] = Place(fit[number].source, fit[number].units, held)
                return True
        return False

    if not fit or not find(len(fit) // 2):
        smallest = min(shards, key=_range)
        return [Place(smallest.source, smallest.units, _range(smallest))]
    probe = next(iter(taken.values()))
    # Of what cannot be cut a place takes all, so that there are fewer.
    size = 1 if _divided(Shard(probe.source, probe.units)) else max(probe.held, sum(map(_range, fit)) // len(fit))
    count = min(len(fit), most, max(1, round(wanted / size)))
    taken.clear()
    for place in range(count):
        if not find((2 * place + 1) * len(fit) // (2 * count)):
            break
    return [taken[number] for number in sorted(taken)]


def _range(shard: Shard) -> int:
    return sum(unit.stop - unit.start for unit in shard.units)


def _divided(shard: Shard) -> bool:
    """Whether less than a whole unit can be read."""
    return any(_divisible(unit) for unit in shard.units)


def _divisible(unit: Unit) -> bool:
    return unit.reader != "unknown" and len(formats.splits(unit.name, unit.reader, unit.size, unit.size // 2)) > 1


def _held(shard: Shard) -> int:
    """Bytes that a shard reads: of a Parquet file those of whole row groups, whatever part of it is asked for."""
    found = 0
    for unit in shard.units:
        found += unit.stop - unit.start
        if unit.reader == "parquet" and unit.stop - unit.start < unit.size:
            with contextlib.suppress(OSError, pa.ArrowException), SourceFetcher().open(unit.path) as stream:
                groups = groups_in(pq.read_metadata(stream), unit.start, unit.stop)
                found += sum(size for _, size in groups) - (unit.stop - unit.start)
    return found


def cut(found: list[Place], wanted: int, quarters: int, folder: Path, files: Manifest, tasks: int = TASKS) -> Sample:
    """About `wanted` bytes, or so many quarters of them: of each place its first part, in so many shards.

    The first rows of Parquet row groups are written to `folder`, for a reader takes row groups whole.
    """
    by_source: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        by_source[place.source].append(place)
    share = min(1.0, wanted / max(sum(place.held for place in found), 1))
    shards: list[Shard] = []
    sizes: list[int] = []
    largest = 0
    for source, held in by_source.items():
        parts = [_part(place, share, quarters, number, folder) for number, place in enumerate(held)]
        largest = max([largest, *(part.group for part in parts)])
        count = max(1, min(len(parts), round(tasks * len(parts) / len(found))))
        bounds = [len(parts) * n // count for n in range(count + 1)]
        for first, stop in itertools.pairwise(bounds):
            shards.append(Shard(source, tuple(unit for part in parts[first:stop] for unit in part.units)))
            sizes.append(sum(part.stored for part in parts[first:stop]))
    return Sample(Manifest(shards, files.files), sum(sizes), tuple(sizes), largest)


@dataclass(frozen=True)
class _Part:
    units: tuple[Unit, ...]
    stored: int
    group: int = 0


def _part(place: Place, share: float, quarters: int, number: int, folder: Path) -> _Part:
    """The first part of a place. What cannot be cut is there as a whole, in a smaller sample once in four places."""
    if len(place.units) == 1 and not _divisible(place.units[0]):
        whole = quarters == QUARTERS or number % QUARTERS == 0
        return _Part(place.units, place.held) if whole else _Part((), 0)
    budget, parts = share * place.held * quarters / QUARTERS, list[_Part]()
    for unit in place.units:
        if budget <= 0:
            break
        part = _Part((unit,), unit.stop - unit.start)
        # A range of a Parquet file holds row groups that may be larger than it.
        grouped = unit.reader == "parquet" and unit.stop - unit.start < unit.size
        if _divisible(unit) and (grouped or budget < part.stored):
            part = _cut_unit(unit, budget, folder)
        budget -= part.stored
        parts.append(part)
    units = tuple(unit for part in parts for unit in part.units)
    return _Part(units, sum(part.stored for part in parts), max((part.group for part in parts), default=0))


def _cut_unit(unit: Unit, budget: float, folder: Path) -> _Part:
    if unit.reader != "parquet":
        stop = unit.start + min(unit.stop - unit.start, max(1, int(budget)))
        return _Part((replace(unit, stop=stop),), stop - unit.start)
    try:
        return _first_rows(unit, budget, folder)
    except (OSError, pa.ArrowException):
        # A damaged file is an error row of the sample, as of the build.
        return _Part((unit,), unit.stop - unit.start)


def _first_rows(unit: Unit, budget: float, folder: Path) -> _Part:
    """The first rows of the row groups of a unit, as files of their own."""
    units: list[Unit] = []
    stored = largest = 0
    with SourceFetcher().open(unit.path) as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        for number, size in groups_in(file.metadata, unit.start, unit.stop):
            group = file.metadata.row_group(number)
            rows = min(group.num_rows, max(1, int(group.num_rows * (budget - stored) / max(size, 1))))
            if stored >= budget or not group.num_rows:
                break
            name = f"{unit.fingerprint.replace(':', '-')}-{number}-{rows}.parquet"
            batch = next(file.iter_batches(rows, row_groups=[number], use_threads=False))
            packed = str(group.column(0).compression).lower()
            codec = packed if packed in _CODECS else "none"
            pq.write_table(pa.Table.from_batches([batch]), folder / name, compression=codec)
            held = (folder / name).stat().st_size
            shown = f"{unit.name.rpartition('.')[0]}-{number}.parquet"
            units.append(Unit(str(folder / name), shown, unit.reader, 0, held, held, f"{unit.fingerprint}-{name}"))
            stored, largest = stored + size * rows // group.num_rows, max(largest, size)
    return _Part(tuple(units), stored, largest)
