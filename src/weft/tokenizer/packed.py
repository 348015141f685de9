"""Packed sequences as Parquet shards: read, tokenized, planned and written, with counts of what came out."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.errors import WeftError
from weft.own_folder import check_free, working
from weft.tokenizer.documents import Documents, Integers, plain, special, tokenize
from weft.tokenizer.loaded import Loaded
from weft.tokenizer.packing import (
    Interleave,
    Method,
    Order,
    Pieces,
    Reading,
    check_conserved,
    fitted,
    in_order,
    stream,
)
from weft.tokenizer.related import alternating, by_strand, drawn, moved, strands
from weft.tokenizer.texts import Columns

SEQUENCE = pa.schema(
    [
        ("input_ids", pa.list_(pa.int32())),
        ("position_ids", pa.list_(pa.int32())),
        ("seq_lengths", pa.list_(pa.int32())),
        ("languages", pa.list_(pa.string())),
        ("ids", pa.list_(pa.string())),
        ("starts", pa.list_(pa.int32())),
        ("padding", pa.int32()),
    ]
)
"""A packed sequence.

`seq_lengths` are tokens of each piece of a document, and last the padding where there is some: they sum to the length
of `input_ids`. `position_ids` start at 0 in each. `languages`, `ids` and `starts` (the piece's first token in its
document) have an entry for each piece, `padding` none.
"""
MANIFEST = "packing.json"
_WORK = ".packing"
ORDER = "order"
"""Column of a release that states the order of its train."""
SHARD_TOKENS, GROUP_TOKENS = 1 << 26, 1 << 20
"""Tokens of a file, and of a row group, which is what writing holds in memory."""
Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Plan:
    """How to pack; `separator` and `padding` are pieces, `none`, or null for the tokenizer's own.

    `phase` names the only phase that is read; `leave_out` a Parquet file of ids (and copies) that are not.
    """

    length: int
    method: Method = "stream"
    order: Order = "release"
    by: str | None = None
    seed: int = 1
    splits: tuple[str, ...] = ("train",)
    separator: str | None = None
    padding: str | None = None
    keep_last: bool = False
    shard_tokens: int = SHARD_TOKENS
    interleave: Interleave = "none"
    phase: str | None = None
    leave_out: Path | None = None

    @property
    def column(self) -> str | None:
        """The column that a curriculum is sorted by."""
        return (self.by or ORDER) if self.order == "curriculum" else None


def pack(given: Sequence[str], held: Loaded, plan: Plan, into: Path, columns: Columns, tell: Tell) -> dict[str, Any]:
    """Write the shards and packing.json below `into`; returns what that file holds: settings, counts, files.

    The same texts, plan and tokenizer give the same bytes. Tokens lie in a file below `into` meanwhile, four bytes
    each; in memory are one input file, hundreds of bytes by document, and one row group. Raises WeftError for a folder
    with other files in it, texts that cannot be read, a tokenizer without the special piece, and texts too short for
    one sequence.
    """
    _check_plan(plan)
    more = ("id", "copy", "repeats", *(name for name in (plan.column, "phase" if plan.phase else None) if name))
    columns = Columns(columns.text, columns.language, None, more)
    separator = special(held, "--separator", "eos_token", plan.separator)
    fills = plan.method == "best-fit"
    padding = special(held, "--padding", "pad_token", plan.padding) if fills else None
    check_free(into, MANIFEST, _WORK)
    with working(into, _WORK) as work:
        with (work / "tokens").open("wb") as sink:
            documents = tokenize(
                given,
                plain(held),
                sink,
                columns,
                splits=plan.splits,
                separator=separator[1] if separator else None,
                by=plan.column,
                phase=plan.phase,
                leave_out=plan.leave_out,
                tell=tell,
            )
        reading, pieces, told = _planned(documents, plan)
        tokens = np.memmap(work / "tokens", "<i4", "r")
        writer = _Writer(documents, reading, pieces, tokens, plan.length, padding[1] if padding else None)
        files: list[dict[str, Any]] = []
        for start, stop in _shards(pieces.sequences, plan):
            name = f"{'-'.join(plan.splits)}-{len(files):05d}.parquet"
            writer.write(work / name, start, stop, lambda done: tell("write", done, pieces.sequences))
            files.append({"path": name, "sequences": stop - start})
        del tokens, writer
        settings = {
            "method": plan.method,
            "length": plan.length,
            "order": plan.order,
            "by": plan.column,
            "interleave": plan.interleave,
            "phase": plan.phase,
            "leave_out_sha256": None if plan.leave_out is None else _digest(plan.leave_out),
            "seed": plan.seed if plan.order == "shuffle" else None,
            "splits": list(plan.splits),
            "separator": _piece(separator),
            "padding": _piece(padding),
            "tokenizer_sha256": _digest(held.file),
        }
        counts = _counts(documents, reading, pieces, plan.length)
        made = settings | counts | told | {"files": files}
        _put(work, into, made)
    return made


def _check_plan(plan: Plan) -> None:
    """Raise WeftError for settings that do not go together: none is passed over in silence."""
    if plan.by is not None and plan.order != "curriculum":
        raise WeftError(f"--by {plan.by}: is for --order curriculum; expected both, or no --by")
    if plan.method == "stream" and plan.padding is not None:
        raise WeftError("--padding: a stream has no padding; expected --method best-fit, or no --padding")
    if plan.method == "best-fit" and plan.keep_last:
        raise WeftError("--keep-last: best-fit drops nothing; expected --method stream, or no --keep-last")
    for split in plan.splits:
        if not re.fullmatch(r"\w+", split):
            raise WeftError(f"--split {split}: expected the name of a split, such as train")


def _planned(documents: Documents, plan: Plan) -> tuple[Reading, Pieces, dict[str, Any]]:
    """The readings, their pieces, and what is told of strands."""
    reading = in_order(
        documents.repeats,
        documents.copies,
        plan.order,
        ids=documents.ids,
        seed=plan.seed,
        values=documents.values,
        languages=documents.languages if plan.by is None else None,
    )
    told: dict[str, Any] = {}
    if plan.interleave == "related":
        reading, pieces, told = _interleaved(documents, reading, plan)
    else:
        pieces = _fit(documents.lengths[reading.document], reading.copy, plan)
    lengths = documents.lengths[reading.document]
    if not pieces.sequences:
        raise WeftError(
            f"all documents have {int(lengths.sum()):,} tokens, fewer than one sequence of {plan.length:,}; expected "
            "more text, a smaller --length, or --keep-last"
        )
    check_conserved(pieces, lengths, plan.length)
    return reading, pieces, told | {"sequences_of_several_languages": _mixed(documents, reading, pieces)}


def _fit(lengths: Integers, copies: Integers, plan: Plan) -> Pieces:
    if plan.method == "best-fit":
        return fitted(lengths, copies, plan.length)
    return stream(lengths, plan.length, keep_last=plan.keep_last)


def _interleaved(documents: Documents, reading: Reading, plan: Plan) -> tuple[Reading, Pieces, dict[str, Any]]:
    """Related languages in the same sequences: strand after strand, then sequences in the order that was asked for."""
    languages, lengths = documents.languages.gather(reading.document), documents.lengths[reading.document]
    tokens = pl.DataFrame({"language": languages, "tokens": lengths}).group_by("language").agg(pl.col("tokens").sum())
    of = strands(dict(tokens.iter_rows()), plan.length)
    by_value = plan.order == "curriculum"
    reading, strand, names = alternating(reading, languages, lengths, of, by_value=by_value)
    lengths = documents.lengths[reading.document]
    if plan.method == "best-fit":
        numbers = documents.languages.rank("dense").cast(pl.Int64).to_numpy()[reading.document]
        pieces = by_strand(partial(_fit, plan=plan), lengths, reading.copy, strand, numbers)
    else:
        pieces = _fit(lengths, reading.copy, plan)
    last_stays = plan.method == "stream" and plan.keep_last and pieces.sequences > 0
    if plan.order == "shuffle":
        pieces = moved(pieces, drawn(pieces, reading, documents.ids, plan.seed), last_stays=last_stays)
    elif reading.value is not None:
        first = np.searchsorted(pieces.sequence, np.arange(pieces.sequences))
        pieces = moved(pieces, reading.value[pieces.reading[first]], last_stays=last_stays)
    size = np.bincount(strand, lengths, len(names)).astype(np.int64).tolist()
    told = {
        name: {"tokens": size[number], "languages": sorted(code for code, own in of.items() if own == name)}
        for number, name in enumerate(names)
    }
    return reading, pieces, {"strands": told}


def _mixed(documents: Documents, reading: Reading, pieces: Pieces) -> int:
    """Sequences that hold documents of two languages or more."""
    language = documents.languages.gather(reading.document[pieces.reading])
    rows = pl.DataFrame({"sequence": pieces.sequence, "language": language})
    return rows.group_by("sequence").agg(pl.col("language").n_unique()).filter(pl.col("language") > 1).height


def _shards(sequences: int, plan: Plan) -> Iterator[tuple[int, int]]:
    step = max(plan.shard_tokens // plan.length, 1)
    return ((start, min(start + step, sequences)) for start in range(0, sequences, step))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _piece(found: tuple[str, int] | None) -> dict[str, Any] | None:
    return None if found is None else {"piece": found[0], "id": found[1]}


def _counts(documents: Documents, reading: Reading, pieces: Pieces, length: int) -> dict[str, Any]:
    """What came out; `unfilled` are places of sequences without a document's token, whether padded or not."""
    size = documents.lengths[reading.document]
    packed = int(pieces.length.sum())
    places = pieces.sequences * length
    rows = pl.DataFrame({"language": documents.languages.gather(reading.document), "tokens": size})
    languages = rows.group_by("language").agg(pl.len().alias("documents"), pl.col("tokens").sum()).sort("language")
    return {
        "documents": int(size.size),
        "documents_cut": pieces.cut,
        "documents_empty": documents.empty,
        "documents_left_out": documents.left_out,
        "tokens": int(size.sum()),
        "tokens_packed": packed,
        "tokens_dropped": pieces.dropped,
        "sequences": pieces.sequences,
        "unfilled": places - packed,
        "unfilled_share": (places - packed) / places,
        "languages": {row.pop("language"): row for row in languages.iter_rows(named=True)},
    }


class _Writer:
    """Writes sequences of a plan from the file of tokens."""

    def __init__(
        self,
        documents: Documents,
        reading: Reading,
        pieces: Pieces,
        tokens: npt.NDArray[np.int32],
        length: int,
        padding: int | None,
    ) -> None:
        self._documents, self._reading, self._pieces = documents, reading, pieces
        self._tokens, self._length, self._padding = tokens, length, padding
        self._bounds = np.searchsorted(pieces.sequence, np.arange(pieces.sequences + 1))

    def write(self, file: Path, start: int, stop: int, tell: Callable[[int], None]) -> None:
        """One shard: sequences `start` to `stop`."""
        step = max(GROUP_TOKENS // self._length, 1)
        with pq.ParquetWriter(file, SEQUENCE, compression="zstd", compression_level=1) as writer:
            for first in range(start, stop, step):
                last = min(first + step, stop)
                writer.write_table(self._rows(first, last), row_group_size=last - first)
                tell(last)

    def _rows(self, first: int, last: int) -> pa.Table:
        bounds = self._bounds[first : last + 1]
        part = slice(int(bounds[0]), int(bounds[-1]))
        ends = bounds - bounds[0]
        length, document = self._pieces.length[part], self._reading.document[self._pieces.reading[part]]
        begin = self._pieces.start[part]
        source = self._documents.starts[document] + begin
        used = np.add.reduceat(length, ends[:-1])
        room = self._length - used if self._padding is not None else np.zeros_like(used)
        # Padding is one more piece at the end of its sequence, and so needs no case of its own below.
        filled = np.flatnonzero(room)
        length_all = np.insert(length, ends[1:][filled], room[filled])
        source_all = np.insert(source, ends[1:][filled], -1)
        ends_all = ends + np.concatenate([[0], np.cumsum(room > 0)])
        position = np.arange(int(length_all.sum())) - np.repeat(np.cumsum(length_all) - length_all, length_all)
        whence = np.repeat(source_all, length_all)
        numbers = self._tokens[np.where(whence < 0, 0, whence + position)]
        if self._padding is not None:
            numbers = np.where(whence < 0, np.int32(self._padding), numbers)
        places = np.concatenate([[0], np.cumsum(used + room)])
        columns = [
            _lists(places, pa.array(numbers, pa.int32())),
            _lists(places, pa.array(position, pa.int32())),
            _lists(ends_all, pa.array(length_all, pa.int32())),
            _lists(ends, self._documents.languages.gather(document).to_arrow().cast(pa.string())),
            _lists(ends, self._documents.ids.gather(document).to_arrow().cast(pa.string())),
            _lists(ends, pa.array(begin, pa.int32())),
            pa.array(room, pa.int32()),
        ]
        return pa.Table.from_arrays(columns, schema=SEQUENCE)


def _lists(bounds: npt.NDArray[np.int64], values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), values)


def _put(work: Path, into: Path, made: dict[str, Any]) -> None:
    """Move the finished files to their place, those of an earlier packing being removed first."""
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        for file in json.loads((into / MANIFEST).read_bytes())["files"]:
            (into / Path(file["path"]).name).unlink(missing_ok=True)
    for file in made["files"]:
        os.replace(work / file["path"], into / file["path"])
    (work / MANIFEST).write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(work / MANIFEST, into / MANIFEST)
