"""Export: which rows each file of a place gets, and the files of a place, or one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft.construct import content, kinds
from weft.construct.copies import copies, schema_of
from weft.construct.export import EXPORT, LanguageWriter, row_sizes
from weft.engine import exchange, holders
from weft.engine.ledger import Entry
from weft.engine.storage import record_to_json
from weft.engine.tasks import ordering
from weft.engine.work import Context, Task, entry
from weft.errors import ShardError


def files(task: Task, context: Context) -> list[Entry]:
    """Places that fill more than one file: of each file its split, its number, its shards and where the first begins.

    A row belongs to the file in which its first byte falls when those of its place and split are numbered in corpus
    order. `parts` of the entry holds, by number of the place, (split, file, first shard, end of shards, bytes before
    the first shard).
    """
    limit, splits = int(task.arguments["limit"]), int(task.arguments["splits"])
    ends: dict[int, list[tuple[int, int]]] = {}
    totals: dict[int, int] = {}
    for shard, path in enumerate(task.arguments["sizes"]):
        table = context.storage.read_table(path)
        for destination, size in zip(table["destination"].to_pylist(), table["bytes"].to_pylist(), strict=True):
            totals[destination] = totals.get(destination, 0) + size
            ends.setdefault(destination, []).append((shard, totals[destination]))
    large = sorted({destination // splits for destination, total in totals.items() if total > limit})
    parts: dict[str, list[list[int]]] = {}
    for place in large:
        held = [(split, ends.get(place * splits + split, [])) for split in range(splits)]
        parts[str(place)] = [part for split, found in held for part in _divided(split, found, limit)]
    return [entry(task, task.key, [], {"parts": parts})]


def _divided(split: int, ends: list[tuple[int, int]], limit: int) -> Iterator[list[int]]:
    """The files of one split; `ends` are (shard, bytes up to its end) of the shards with rows."""
    if not ends:
        return
    shards, stops = (np.array(column, np.int64) for column in zip(*ends, strict=True))
    starts = np.concatenate([[0], stops[:-1]])
    for file in range(-(-int(stops[-1]) // limit)):
        first = int(np.searchsorted(stops, file * limit, side="right"))
        last = int(np.searchsorted(starts, (file + 1) * limit, side="left"))
        yield [split, file, int(shards[first]), int(shards[last - 1]) + 1, int(starts[first])]


def _of_file(tables: Iterable[pa.Table], file: int, limit: int, start: int) -> Iterator[pa.Table]:
    """The rows of one file; `start` bytes lie before the first row of `tables`."""
    for table in tables:
        stops = start + np.cumsum(row_sizes(table))
        starts = np.concatenate([[start], stops[:-1]])
        first, last = (int(place) for place in np.searchsorted(starts, [file * limit, (file + 1) * limit]))
        if last > first:
            yield table.slice(first, last - first)
        start = int(stops[-1])
        if start >= (file + 1) * limit:
            return


def export(task: Task, context: Context) -> list[Entry]:
    """The files of one place, in corpus order, train of plain text in the recipe's order if it has one; or one file."""
    given, place = task.arguments, task.arguments["language"]
    folder, language = kinds.divided(place)
    written_as = given.get("written") if folder == "ct" else None
    ordered = "order" in given and folder == "ct"
    part = given.get("part")
    claimed: set[str] = set()

    def opened(path: str) -> BinaryIO:
        _claim(context, f"construct/{path}", task.key, claimed)
        return context.storage.open_sink(f"construct/{path}")

    def read() -> Iterator[pa.Table]:
        rows = exchange.stream(context.storage, given["files"], *given["destinations"])
        return rows if part is None else _of_file(rows, part["file"], part["limit"], part["begin"])

    def rows_to_write() -> Iterator[pa.Table]:
        if ordered:
            return ordering.arranged(task, context, read, written_as)
        return copies(read, written_as) if written_as else iter(read())

    writer = _writer(task, opened)
    path = f"construct/rows/{place}/{'rows' if part is None else part['name']}.parquet"
    _claim(context, path, task.key, claimed)
    made = _Rows(place, folder, writer, written_as)
    row_list = record_to_json(context.storage.write_table(path, made.listed(rows_to_write()), content.ROW))
    records = writer.close()
    written = sum(record.rows for record in records if record.format == given["formats"][0])
    if made.due != written:
        raise ShardError(f"export of {language}: {made.rows} rows in, to be written as {made.due}, {written} written")
    out = [{"path": f"construct/{r.path}", "bytes": r.bytes, "rows": r.rows} for r in records]
    if made.rows:
        out.append(row_list)
    else:
        context.storage.remove([path])  # all were copies of other languages: the release has no file of this one
    for settled in sorted(claimed):
        holders.settle(context.storage, settled, task.key)
    counts = {"rows_in": made.rows, "rows_out": written, "records": [r.to_json() for r in records]}
    listed = {"listed": path} if made.rows else {}
    return [entry(task, task.key, out, counts | listed | {"content": list(content.together(made.digests))})]


def _claim(context: Context, path: str, key: str, claimed: set[str]) -> None:
    """Claim the place of a file once: its formats share one."""
    if holders.place_of(path) not in map(holders.place_of, claimed):
        holders.claim(context.storage, path, key)
        claimed.add(path)


def _writer(task: Task, opened: Callable[[str], BinaryIO]) -> LanguageWriter:
    given = task.arguments
    folder, language = kinds.divided(given["language"])
    if folder == "ct":
        schema = schema_of(given["written"]) if given.get("written") else EXPORT
        schema = ordering.schema_of(task, schema) if "order" in given else schema
    else:
        schema = kinds.record_schema(folder, tuple(language.split("-")))
    formats = tuple(given["formats"])
    if "part" not in given:
        return LanguageWriter(opened, language, formats, bytes_per_file=given["limit"], schema=schema, folder=folder)
    # What falls into the file is decided: its last row may reach over the bound.
    first, bound = given["part"]["file"], 1 << 62
    return LanguageWriter(opened, language, formats, bytes_per_file=bound, schema=schema, folder=folder, first=first)


class _Rows:
    """What an export writes: `rows` documents, `due` rows of its files, and digests of the documents."""

    def __init__(self, place: str, folder: str, writer: LanguageWriter, written_as: str | None) -> None:
        self._place, self._folder, self._writer, self._written_as = place, folder, writer, written_as
        self.rows = self.due = 0
        self.digests: list[content.Digest] = []

    def listed(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The row list, while the writer gets the rows."""
        sides = tuple(kinds.divided(self._place)[1].split("-"))
        for table in tables:
            self._writer.add(table if self._folder == "ct" else kinds.records(table, self._folder, sides))
            if self._written_as != "copies" or table["copy"][0].as_py() == 1:
                self.rows += table.num_rows
                self.due += pc.sum(table["repeats"]).as_py() if self._written_as == "copies" else table.num_rows
                held = content.rows_of(kinds.at(table, self._place))
                self.digests.append(content.digest(held))
                yield held
