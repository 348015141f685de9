"""Files of pairs joined into multi-way groups, and groups as files of pairs: what lies on disk while that is done."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.acquire.sides import joined_consents, strictest
from weft.errors import WeftError
from weft.parallel.multiway import TERMS, Rule, joined, pairs_of, sides_of, units_of_groups
from weft.parallel.multiway_files import Given, json_object, json_text, languages_in, read_units
from weft.tokenizer.unreadable import Unreadable

ENDINGS = (".jsonl", ".parquet")
_PART = 64 << 20
"""Bytes of input that are joined at once: texts take several times as much while they are."""
BESIDE = ("id", "license", "consent", "redistribute", "group_id", "meta")
Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Join:
    """What is joined, and how; `apart`: what the files call a group (a document) keeps nothing together."""

    files: tuple[Given, ...]
    into: Path
    rule: Rule
    apart: bool = False
    parts: int | None = None


@dataclass
class _Read:
    """What was read: rows, rows without the pivot or without another text, languages, and names of groups."""

    rows: int = 0
    unpaired: int = 0
    languages: set[str] = field(default_factory=set)
    stated: list[pl.DataFrame] = field(default_factory=list)


def join_files(job: Join, tell: Tell, left: Unreadable | None = None) -> dict[str, Any]:
    """Write the groups of all files and return counts. The same bytes for the same files in the same order.

    In memory are one file, or one part of all. `left` takes rows that cannot be read. Raises WeftError for what a
    person can mend.
    """
    _check(job.into)
    size = sum(one.file.stat().st_size for one in job.files if one.file.is_file())
    parts = job.parts or 1 + size // _PART
    with _beside(job.into) as folder:
        read = _apart(job, parts, folder, tell, left)
        languages = sorted(read.languages)
        if len(languages) < 2:
            raise WeftError(
                f"no row of {len(job.files)} files has {job.rule.pivot} and another language; nothing joined"
            )
        units = _units(read, job)
        counts: Counter[str] = Counter()
        for n in range(parts):
            tell("join", n, parts)
            _joined_part(n, parts, folder, job.rule, languages, read.rows, units, counts)
        largest: Counter[int] = Counter()
        with Writer(job.into, languages) as writer:
            for n in range(parts):
                tell("write", n, parts)
                files = sorted(folder.glob(f"rows-{n:05d}-*.parquet"))
                if files:
                    frame = pl.concat([pl.read_parquet(file) for file in files]).sort("place", "id")
                    largest.update(frame.select(_members(languages)).to_series().to_list())
                    writer.write(_laid_out(frame, languages, job.rule))
    return {
        "files": len(job.files),
        "rows": read.rows,
        "rows_without_pair": read.unpaired,
        "languages": languages,
        **{name: counts[name] for name in ("pivots", "repeated", "several", "left_out")},
        "groups": writer.rows,
        "sizes": {str(size): count for size, count in sorted(largest.items())},
        "units": int(units["unit"].n_unique()) if units.height else None,
        "match": job.rule.match,
        "into": str(job.into),
    }


def _members(languages: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(pl.col(code).is_not_null().cast(pl.Int64) for code in languages)


def _apart(job: Join, parts: int, folder: Path, tell: Tell, left: Unreadable | None) -> _Read:
    """The sides of all files, in parts by the hash of the pivot text; rows are numbered over all files."""
    read = _Read()
    for number, one in enumerate(job.files):
        tell("read", number, len(job.files))
        units = read_units(one, left)
        if job.rule.pivot not in languages_in(units):
            held = ", ".join(languages_in(units))
            raise WeftError(f"{one.file}: no text in the pivot {job.rule.pivot}; it has {held}")
        sides = sides_of(units, one.file.name, read.rows, job.rule)
        read.rows += units.height
        read.unpaired += units.height - sides["place"].n_unique()
        read.languages |= set(sides["language"].unique())
        if not job.apart:
            read.stated.append(sides.select("id", "group").drop_nulls().unique())
        split = sides.with_columns(part=pl.col("id").str.slice(0, 8).str.to_integer(base=16) % parts)
        for (n,), rows in split.group_by("part"):
            rows.drop("part").write_parquet(folder / f"sides-{n:05d}-{number:05d}.parquet", compression="lz4")
    return read


def _units(read: _Read, job: Join) -> pl.DataFrame:
    stated = pl.concat(read.stated) if read.stated else pl.DataFrame(schema={"id": pl.String, "group": pl.String})
    return units_of_groups(stated["id"], stated["group"])


def _joined_part(
    n: int, parts: int, folder: Path, rule: Rule, languages: Sequence[str], rows: int, units: pl.DataFrame,
    counts: Counter[str],
) -> None:  # fmt: skip
    """Groups of one part, laid in files by where they come in the order of all."""
    files = sorted(folder.glob(f"sides-{n:05d}-*.parquet"))
    if not files:
        return
    made = joined(pl.concat([pl.read_parquet(file) for file in files]), languages, rule)
    for file in files:
        file.unlink()
    counts.update(pivots=made.pivots, repeated=made.repeated, several=made.several, left_out=made.left_out)
    own = pl.col("id").str.slice(0, 32)
    frame = made.groups.with_columns(pivot_id=own).join(
        units, left_on="pivot_id", right_on="id", how="left", maintain_order="left"
    )
    frame = frame.with_columns(group_id=pl.coalesce("unit", "pivot_id")).drop("unit", "pivot_id", "group")
    split = frame.with_columns(part=pl.col("place") * parts // max(rows, 1))
    for (place,), part in split.group_by("part", maintain_order=True):
        part.drop("part").write_parquet(folder / f"rows-{place:05d}-{n:05d}.parquet", compression="lz4")


def _laid_out(frame: pl.DataFrame, languages: Sequence[str], rule: Rule) -> pl.DataFrame:
    facts = {"match": json_text(pl.lit(rule.match)), "pivot": json_text(pl.lit(rule.pivot)), "sides": pl.col("sides")}
    return with_terms(frame).select(
        pl.struct(languages).alias("translation"),
        *(pl.col(name) if name != "meta" else json_object(facts).alias("meta") for name in BESIDE),
    )


def with_terms(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists of what sides state as one value each, the stricter of all."""
    index = frame.select(pl.col(term).fill_null(pl.lit([], pl.List(pl.String))) for term in TERMS)
    different = index.unique(maintain_order=True)
    rows = []
    for row in different.iter_rows(named=True):
        each = zip(*(row[term] for term in TERMS), strict=True)
        stated = [{"license": a, "consent": b, "redistribute": None if c is None else c == "true"} for a, b, c in each]
        found = strictest(stated)
        may = found["redistribute"]
        rows.append((found["license"], joined_consents([found["consent"]]), None if may is None else str(may).lower()))
    names = [f"{term}_of_all" for term in TERMS]
    told = pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")
    answer = index.join(different.hstack(told), on=list(TERMS), how="left", nulls_equal=True, maintain_order="left")
    return frame.with_columns(answer[name].alias(term) for name, term in zip(names, TERMS, strict=True))


class Writer:
    """Rows of groups or of pairs into JSON lines or Parquet; the file takes its name when it is whole."""

    def __init__(self, into: Path, languages: Sequence[str]) -> None:
        self.rows = 0
        self._into, self._part = into, into.with_name(f".{into.name}.part")
        self._languages = list(languages)
        sides = pa.struct([(code, pa.large_string()) for code in self._languages])
        self._schema = pa.schema([("translation", sides), *((name, pa.large_string()) for name in BESIDE)])

    def __enter__(self) -> Writer:
        try:
            self._stream = self._part.open("wb")
        except OSError as error:
            raise WeftError(f"{self._into}: cannot be written: {error.strerror or error}") from error
        self._table = None
        if self._into.suffix == ".parquet":
            self._table = pq.ParquetWriter(self._stream, self._schema, compression="zstd", write_statistics=False)
        return self

    def write(self, rows: pl.DataFrame) -> None:
        """`rows` have `translation` and BESIDE, all text."""
        self.rows += rows.height
        if self._table is not None:
            self._table.write_table(rows.to_arrow().cast(self._schema))
            return
        code = {code: json_text(pl.col("translation").struct.field(code)) for code in self._languages}
        fields = {"translation": json_object(code)}
        fields |= {
            name: pl.col(name) if name in ("redistribute", "meta") else json_text(pl.col(name)) for name in BESIDE
        }
        for part in rows.iter_slices(1 << 16):
            lines = part.select(json_object(fields).alias("line"))["line"]
            self._stream.write("".join(f"{line}\n" for line in lines.to_list()).encode())

    def __exit__(self, kind: object, *_: object) -> None:
        if self._table is not None:
            self._table.close()
        self._stream.close()
        if kind is None:
            self._part.replace(self._into)
        else:
            self._part.unlink(missing_ok=True)


def expand_file(
    one: Given, into: Path, ending: str, languages: Sequence[str] | None, source: str | None, tell: Tell,
    left: Unreadable | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write a file for every pair of the languages of a file of groups (`source`: only pairs with it) into a folder.

    `left` takes rows that cannot be read. Raises WeftError for what a person can mend.
    """
    groups = read_units(one, left)
    known = languages_in(groups)
    for code in [*(languages or ()), *([source] if source else ())]:
        if code not in known:
            raise WeftError(f"{one.file}: no texts in {code}; it has {', '.join(known)}")
    codes = [code for code in known if languages is None or code in languages or code == source]
    pairs = [(a, b) for n, a in enumerate(codes) for b in codes[n + 1 :] if source is None or source in (a, b)]
    if not pairs:
        raise WeftError(f"--languages {','.join(codes)}: expected two languages or more")
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeftError(f"{into}: cannot be made: {error.strerror or error}") from error
    groups = _named(groups, one.file.name)
    counts = {}
    for n, (a, b) in enumerate(pairs):
        tell("pairs", n, len(pairs))
        rows = with_terms(pairs_of(groups, a, b)).select("translation", *BESIDE)
        if rows.height:
            with Writer(into / f"{a}-{b}{ending}", (a, b)) as writer:
                writer.write(rows)
            counts[f"{a}-{b}"] = rows.height
    return {"groups": groups.height, "pairs": counts, "rows": sum(counts.values()), "into": str(into)}


def _named(groups: pl.DataFrame, file: str) -> pl.DataFrame:
    """Groups without an id of their own are named by their file and row."""
    row = pl.format("{}#{}", pl.lit(file), pl.int_range(1, pl.len() + 1))
    return groups.with_columns(id=pl.coalesce("id", row), meta=pl.col("meta").fill_null("{}"))


def _check(into: Path) -> None:
    if into.suffix not in ENDINGS:
        raise WeftError(f"--into {into}: expected a file named {' or '.join(ENDINGS)}")
    if not into.resolve().parent.is_dir():
        raise WeftError(f"--into {into}: its folder does not exist")


@contextmanager
def _beside(into: Path) -> Iterator[Path]:
    """A folder beside the output that is gone afterwards."""
    folder = into.with_name(f".{into.name}.parts")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
        yield folder
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
