"""The files of a release: what kinds, languages and splits it has, and their rows, a row group at a time."""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from weft.errors import WeftError
from weft.model.languages import normalise

KINDS = ("ct", "sft", "dpo", "pairs")
"""Text to read on; conversations; a preferred and another answer; translations of one another."""
SPLITS = ("train", "validation", "test")
_FILE = re.compile(r"(\w+)-\d{5,}\.(parquet|jsonl\.zst)")
_CODE = r"[a-z]{3}_[A-Z][a-z]{3}"
_BLOCK = 4 << 20
"""Bytes of JSON lines that are read at once, as much as a row group of a release has."""

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
COLUMNS: dict[str, dict[str, Any]] = {
    "ct": {"text": pl.String},
    "sft": {"messages": MESSAGES},
    "dpo": {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES},
    "pairs": {},
}
"""Columns of each kind that its rows must have; pairs have `translation`, a text for each language of their folder."""
ALL = {"id": pl.String, "source": pl.String, "license": pl.String}
MORE = {
    "meta": pl.String,
    "redistribute": pl.Boolean,
    "repeats": pl.Int32,
    "copy": pl.Int32,
    "phase": pl.String,
}
"""Columns that rows may have."""


@dataclass(frozen=True)
class Part:
    """One split of one language, or of texts in several languages, of one kind: its files in their order."""

    kind: str
    folder: str
    split: str
    files: tuple[Path, ...]

    def languages(self) -> list[str]:
        """Codes that the folder names: one, or those of a pair."""
        return re.findall(_CODE, self.folder) if self.kind == "pairs" else [self.folder]

    def schema(self) -> dict[str, Any]:
        """Columns that every row has."""
        if self.kind == "pairs":
            return ALL | {"translation": pl.Struct(dict.fromkeys(self.languages(), pl.String))}
        return ALL | COLUMNS[self.kind]


@dataclass(frozen=True)
class Release:
    """A folder with a release; `told` is what its release.json says, empty where it has none."""

    folder: Path
    parts: tuple[Part, ...]
    told: Mapping[str, Any]

    def identity(self) -> dict[str, Any]:
        """Name, version, content hash and number of documents, null where the release does not say."""
        return {name: self.told.get(name) for name in ("name", "version", "content", "documents")}


def open_release(path: Path) -> Release:
    """The release in a build folder, in its `construct/`, or in a folder on its own.

    Raises WeftError where there is none, and where a file is not as long as release.json says.
    """
    for top in (path / "construct", path):
        parts = [part for kind in KINDS for part in _parts(top, kind)]
        if parts:
            told = _told(top)
            _check_whole(top, parts, told)
            return Release(top, tuple(parts), told)
        if _told(top).get("documents") == 0:
            raise WeftError(f"{path}: its corpus is empty; expected a release with documents: the report says why")
    what = "no release here" if path.is_dir() else "no such folder"
    raise WeftError(
        f"{path}: {what}; expected a build whose run came to its end, or a folder with {', '.join(KINDS)} of a release"
    )


def _parts(top: Path, kind: str) -> Iterator[Part]:
    for folder in sorted((top / kind).iterdir()) if (top / kind).is_dir() else ():
        found: dict[tuple[str, str], list[Path]] = {}
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if match := _FILE.fullmatch(file.name):
                found.setdefault((match[1], match[2]), []).append(file)
        for split in sorted({split for split, _ in found}, key=_place):
            yield Part(kind, folder.name, split, tuple(found.get((split, "parquet")) or found[split, "jsonl.zst"]))


def _place(split: str) -> tuple[int, str]:
    return (SPLITS.index(split) if split in SPLITS else len(SPLITS), split)


def _told(top: Path) -> dict[str, Any]:
    file = top / "release.json"
    if not file.is_file():
        return {}
    try:
        held = json.loads(file.read_bytes())
        return held if isinstance(held, dict) else {}
    except (OSError, ValueError) as error:
        raise WeftError(f"{file}: cannot be read: {error}; expected what the run wrote") from None


def _check_whole(top: Path, parts: Sequence[Part], told: Mapping[str, Any]) -> None:
    """Raise WeftError for a file that is listed and absent, or has another size: a copy or a run broke off."""
    ours = {f"{part.kind}/{part.folder}/": part.files[0].suffix for part in parts}
    for record in told.get("files", ()):
        file = top / record["path"]
        if ours.get(record["path"].rpartition("/")[0] + "/") != file.suffix:
            continue
        size = file.stat().st_size if file.is_file() else None
        if size != record["bytes"]:
            held = "is absent" if size is None else f"has {size:,} bytes"
            raise WeftError(
                f"{file}: {held}, where release.json says {record['bytes']:,}; expected a whole release: run the "
                "recipe, or copy the release, again"
            )


def select(
    release: Release, kinds: Sequence[str] = (), languages: Sequence[str] = (), splits: Sequence[str] = ()
) -> list[Part]:
    """The parts that are asked for: by default all kinds and languages, and train and validation.

    A pair is taken when one of its languages is named, or its folder is (`eng_Latn-swh_Latn`). Raises WeftError for
    what the release does not have.
    """
    parts = list(release.parts)
    if kinds:
        _check_names("--kinds", kinds, [kind for kind in KINDS if any(part.kind == kind for part in parts)])
        parts = [part for part in parts if part.kind in kinds]
    if languages:
        known = sorted({name for part in parts for name in (part.folder, *part.languages())})
        asked = {name if name in known else _code(name, known) for name in languages}
        parts = [part for part in parts if part.folder in asked or asked & set(part.languages())]
    has = sorted({part.split for part in parts}, key=_place)
    if splits:
        _check_names("--splits", splits, has)
    wanted = splits or SPLITS[:2]
    chosen = [part for part in parts if part.split in wanted]
    if not chosen:
        raise WeftError(f"{release.folder}: has no {' or '.join(wanted)}; expected --splits {','.join(has)}")
    return chosen


def _check_names(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            more = f"; did you mean {near[0]}?" if near else ""
            raise WeftError(f"{option} {name}: the release has {', '.join(known)}{more}")


def _code(name: str, known: Sequence[str]) -> str:
    try:
        code = normalise(name)
    except ValueError as error:
        raise WeftError(f"--languages {name}: {error}") from None
    if code not in known:
        near = difflib.get_close_matches(code, known, n=3, cutoff=0.3)
        shown = ", ".join(near or known[:5])
        raise WeftError(f"--languages {name}: the release has nothing in {code}; it has {shown} and others")
    return code


def count(part: Part) -> int:
    """How many rows a part has."""
    return sum(_rows_in(file) for file in part.files)


def _rows_in(file: Path) -> int:
    with _reading(file):
        if file.suffix == ".parquet":
            return int(pq.read_metadata(file).num_rows)
        with _unpacked(file) as stream:
            return sum(1 for _ in stream)


def rows_of(part: Part, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Rows with these columns and, where the files have them, those of MORE.

    A table is a row group of a file, or a block of lines: memory is one of them. Raises WeftError for a file that
    cannot be read or has not the columns.
    """
    for file in part.files:
        read = _parquet if file.suffix == ".parquet" else _lines
        with _reading(file):
            yield from read(file, part, columns)


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turns what goes wrong with a file into a message that names it."""
    try:
        yield
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (pa.ArrowException, pl.exceptions.PolarsError, zstandard.ZstdError) as error:
        raise WeftError(f"{file}: cannot be read: {(str(error) or 'it is cut').splitlines()[0]}") from None


def _unpacked(file: Path) -> io.BufferedReader:
    return io.BufferedReader(cast(Any, zstandard.open(file, "rb")))


def _parquet(file: Path, part: Part, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(file) as source:
        names = source.schema_arrow.names
        _check_columns(file, part, columns, names)
        more = [name for name in MORE if name in names]
        for group in range(source.num_row_groups):
            table = source.read_row_group(group, columns=[*columns, *more], use_threads=False)
            frame = pl.DataFrame(pl.from_arrow(table))
            yield _cast(frame, file, part, columns)


def _lines(file: Path, part: Part, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    schema = {name: kind for name, kind in part.schema().items() if name in columns} | MORE
    with _unpacked(file) as stream:
        first = True
        while block := stream.readlines(_BLOCK):
            if first:
                held = pl.read_ndjson(io.BytesIO(block[0])).columns
                _check_columns(file, part, columns, held)
                schema = {name: kind for name, kind in schema.items() if name in held}
                first = False
            content = b"".join(block)
            yield pl.read_ndjson(io.BytesIO(content), schema=schema).select(list(schema))


def _check_columns(file: Path, part: Part, columns: Sequence[str], has: Sequence[str]) -> None:
    for name in columns:
        if name not in has:
            raise WeftError(f"{file}: no column {name!r}; expected a file of {part.kind}, with {', '.join(columns)}")


def _cast(frame: pl.DataFrame, file: Path, part: Part, columns: Sequence[str]) -> pl.DataFrame:
    schema = {name: kind for name, kind in (part.schema() | MORE).items() if name in frame.columns}
    for name in columns:
        if not _fits(frame.schema[name], schema[name]):
            raise WeftError(f"{file}: column {name} is {frame.schema[name]}; expected {schema[name]}")
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _fits(held: Any, wanted: Any) -> bool:
    """Whether a type is what is wanted; structs have the same fields, in any order, as others would be lost unseen."""
    if isinstance(wanted, pl.List):
        return isinstance(held, pl.List) and _fits(held.inner, wanted.inner)
    if isinstance(wanted, pl.Struct):
        has, needed = held.to_schema() if isinstance(held, pl.Struct) else {}, wanted.to_schema()
        return has.keys() == needed.keys() and all(_fits(has[name], kind) for name, kind in needed.items())
    return bool(held == wanted)
