"""Plain files of which line n of each translates line n of the others, as Moses and its kin read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated, BinaryIO, Literal

import pyarrow as pa
from pydantic import Field

from weft.acquire.compression import ENDINGS, chunks, compression_of
from weft.acquire.lines import Line, unit_lines
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Rows, Unit, problem_row, rows_of
from weft.acquire.sides import Side, SideTerms, pair_row
from weft.model.languages import normalise
from weft.operators.contract import Fetcher, ReadFunction, operator

_ENDLESS = 1 << 62
_PACKED = ("", *ENDINGS)


@operator("acquire.moses", version=1, reads=READS, writes=WRITES, rows="make", accepts=("",))
def moses(
    *,
    suffixes: dict[str, str] | None = None,
    kind: Literal["pair"] = "pair",
    terms: dict[str, SideTerms] | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=256)] = 16,
) -> ReadFunction:
    """A row for each line of two or more files whose names differ in the suffix: `corpus.en` and `corpus.sw`.

    `suffixes` gives the language of each: `{en: eng_Latn, sw: swh_Latn}`. A file may be packed (`corpus.en.gz`). Lines
    end with a line feed and nothing else. Files with different numbers of lines are one problem, and nothing is read of
    them, as nobody knows where they part. A line that is blank in every file is passed over. The position is the number
    of the line, from 1.
    """
    given = suffixes or {}
    if len(given) == 1:
        raise ValueError("suffixes: expected two or more, such as {en: eng_Latn, sw: swh_Latn}")
    languages = {suffix: normalise(said) for suffix, said in given.items()}
    if len(set(languages.values())) < len(languages):
        raise ValueError("suffixes: two are the same language; expected a language for each")
    limit = max_record_mb * MEGABYTE

    def read(units: pa.Table, fetcher: Fetcher) -> Iterator[pa.Table]:
        rows = Rows()
        for values in units.select(list(READS)).to_pylist():
            unit = Unit(**values)

            def records(opened: Unit, stream: BinaryIO) -> Iterator[Row]:
                yield from _rows(opened, stream, fetcher, languages, terms or {}, limit)

            for row in rows_of(unit, fetcher, records):
                assert isinstance(row, Row)
                yield from rows.add(row)
        yield from rows.flush()

    return read


def suffix_of(name: str, suffixes: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Stem, suffix and compression ending of a file name; null when it has none of the suffixes."""
    packed = next((ending for ending in ENDINGS if name.lower().endswith(ending)), "")
    bare = name[: len(name) - len(packed)]
    found = next((s for s in sorted(suffixes, key=len, reverse=True) if bare.endswith(f".{s}")), None)
    return None if found is None else (bare[: len(bare) - len(found)], found, name[len(name) - len(packed) :])


def _rows(
    unit: Unit,
    stream: BinaryIO,
    fetcher: Fetcher,
    languages: Mapping[str, str],
    terms: Mapping[str, SideTerms],
    limit: int,
) -> Iterator[Row]:
    if not unit.first:
        return
    place = suffix_of(unit.path, languages)
    if place is None:
        expected = ", ".join(languages) or "options: suffixes, such as {en: eng_Latn, sw: swh_Latn}"
        detail = f"the file has none of the suffixes; expected {expected}"
        yield problem_row(unit, 0, "reject", "unknown_suffix", detail, locator=unit.name)
        return
    stem, own, _ = place
    with ExitStack() as held:
        streams: dict[str, tuple[str, BinaryIO]] = {}
        for suffix in languages:
            found = (unit.path, stream) if suffix == own else _sibling(fetcher, stem + suffix)
            if found is None:
                detail = f"there is no file with the suffix {suffix} beside it; expected one for each of the suffixes"
                yield problem_row(unit, 0, "error", "missing_side", detail, locator=unit.name)
                return
            if suffix != own:
                held.enter_context(found[1])
            streams[suffix] = found
        if own != next(iter(languages)):
            return  # the file of the first suffix is read together with this one
        counts = {suffix: _lines_in(path, opened) for suffix, (path, opened) in streams.items()}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{suffix} has {count:,}" for suffix, count in counts.items())
            detail = f"the files have different numbers of lines ({told}), so nobody knows which belong together"
            yield problem_row(unit, 0, "error", "different_lines", detail, locator=unit.name)
            return
        yield from _together(unit, streams, languages, terms, limit)


def _sibling(fetcher: Fetcher, path: str) -> tuple[str, BinaryIO] | None:
    for packed in _PACKED:
        try:
            return path + packed, fetcher.open(path + packed)
        except (FileNotFoundError, KeyError):
            continue
    return None


def _lines_in(path: str, stream: BinaryIO) -> int:
    count, last = 0, b"\n"
    stream.seek(0)
    for piece in chunks(stream, compression_of(path)):
        count += piece.count(b"\n")
        last = piece[-1:] or last
    stream.seek(0)
    return count + (last != b"\n")


def _together(
    unit: Unit,
    streams: Mapping[str, tuple[str, BinaryIO]],
    languages: Mapping[str, str],
    terms: Mapping[str, SideTerms],
    limit: int,
) -> Iterator[Row]:
    folder = unit.name.rpartition("/")[0]
    documents = {s: f"{folder}/{path.rpartition('/')[2]}".lstrip("/") for s, (path, _) in streams.items()}
    lines = [
        unit_lines(replace(unit, name=path, start=0, stop=_ENDLESS, size=_ENDLESS), opened, limit, "utf-8")
        for path, opened in streams.values()
    ]
    for number, row in enumerate(zip(*lines, strict=True), 1):
        texts = _texts(unit, number, row)
        if isinstance(texts, Row):
            yield texts
        elif any(text.strip() for text in texts):
            named = zip(languages.items(), texts, strict=True)
            sides = [Side(code, text, documents[suffix]) for (suffix, code), text in named]
            yield pair_row(unit, number, sides, terms)


def _texts(unit: Unit, number: int, lines: tuple[Line, ...]) -> list[str] | Row:
    if any(line.content is None for line in lines):
        return problem_row(unit, number, "reject", "too_large", "the line is too long")
    try:
        return [(line.content or b"").decode("utf-8") for line in lines]
    except UnicodeDecodeError as error:
        return problem_row(unit, number, "error", "invalid_utf8", f"line {number} is not UTF-8: {error.reason}")
