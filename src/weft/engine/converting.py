"""Files of translations from one format into another, unit by unit: readers of `acquire`, writers of `parallel`."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from weft.acquire import formats
from weft.engine import inspection
from weft.engine.work import Context, rooms_registry
from weft.errors import WeftError, nearest
from weft.operators.registry import validate
from weft.parallel.formats.translation import Translation, Writer

NAMES = ("tmx", "xliff", "po", "xces", "moses", "tsv", "csv", "jsonl", "parquet")
_ENDINGS = {
    **{".tmx": "tmx", ".xlf": "xliff", ".xliff": "xliff", ".po": "po", ".xml": "xces"},
    **{".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"},
}
_READERS = {"tsv": "table", "csv": "table"}
_TWO = ("xliff", "po", "xces")
"""Formats with a source and a target."""
_FIELDS = {"id_field": "id", "license_field": "license", "group_field": "group_id", "meta_fields": ["meta", "consent"]}
"""How what our own writers, and releases, say beside the texts is read again."""
_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
_KEPT = 100


@dataclass(frozen=True)
class Asked:
    """What to convert; `sides` names the language of columns or suffixes, `options` parameters of the reader."""

    files: tuple[str, ...]
    out: str
    from_format: str | None = None
    to_format: str | None = None
    sides: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Made:
    """What came of it: counts by name, problems by reason, the first of them, the files and their languages."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    shown: list[dict[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    languages: tuple[str, ...] = ()
    damaged: bool = False

    def to_json(self) -> dict[str, Any]:
        counts = {name: count for name, count in sorted(self.counts.items()) if count and name != "written"}
        return {
            "written": self.counts["written"],
            "counts": counts,
            "not_read": dict(sorted(self.problems.items())),
            "problems": self.shown,
            "languages": list(self.languages),
            "files": self.files,
        }


def convert(asked: Asked, tell: Callable[[int], None]) -> Made:
    """Write all translations of the files into `asked.out`; the same input gives the same bytes.

    Files appear whole or not at all. In memory are a batch of units and, of OPUS, four documents. Without
    `asked.languages` the input is read twice, first for its languages, unless the format has no columns. Raises
    WeftError for files that are not there or exist already, and where nothing can be written.
    """
    kind = _target(asked)
    sources = list(_sources(asked))
    codes = asked.languages
    if not codes and kind not in ("tmx", "jsonl"):
        codes = tuple(sorted({code for one in _translations(sources, None) for code in one.texts}))
    if not codes and kind not in ("tmx", "jsonl"):
        raise WeftError(_nothing(asked, sources))
    if len(codes) != 2 and kind in _TWO:
        raise WeftError(
            f"{kind} has two languages, a source and a target; the input has {', '.join(codes)}: say --languages"
        )
    if len(codes) == 1:
        raise WeftError(f"--languages {codes[0]}: expected two languages or more")
    made, sinks = Made(languages=codes), _Sinks()
    try:
        writer = _writer(kind, asked.out, codes, sinks)
        found: set[str] = set()
        for number, one in enumerate(_translations(sources, made), 1):
            kept = {code: one.texts[code] for code in asked.languages if code in one.texts} if codes else one.texts
            if asked.languages and len(kept) < 2:
                made.counts["no_side"] += 1
                continue
            found |= kept.keys() if asked.languages else one.texts.keys()
            writer.add(_with(one, kept) if asked.languages else one)
            if number % 1000 == 0:
                tell(number)
        writer.close()
        made.counts += writer.counts
        if not made.counts["written"]:
            raise WeftError(_nothing(asked, sources, made))
        made.files = sinks.put()
        made.languages = codes or tuple(sorted(found))
    finally:
        sinks.abandon()
    return made


def _with(one: Translation, texts: Mapping[str, str]) -> Translation:
    return Translation(texts, one.license, one.consent, one.group, one.meta)


def _nothing(asked: Asked, sources: list[tuple[Path, str, dict[str, Any]]], made: Made | None = None) -> str:
    if made is None:
        made = Made()
        for _ in _translations(sources, made):
            pass
    told = [f"{reason} {count:,}" for reason, count in sorted((made.problems + made.counts).items()) if count]
    first = f"; the first: {made.shown[0]['locator']}: {made.shown[0]['detail']}" if made.shown else ""
    return f"{', '.join(asked.files)}: no translation could be read; {', '.join(told) or 'there is none'}{first}"


def _target(asked: Asked) -> str:
    return _format("--to", asked.to_format) or _by_ending(asked.out) or "moses"


def _format(option: str, given: str | None) -> str | None:
    if given is not None and given not in NAMES:
        raise WeftError(f"{option} {given}: expected one of {', '.join(NAMES)}{nearest(given, NAMES)}")
    return given


def _by_ending(name: str) -> str | None:
    bare = name.lower().removesuffix(".gz").removesuffix(".zst").removesuffix(".bz2").removesuffix(".xz")
    return next((kind for ending, kind in _ENDINGS.items() if bare.endswith(ending)), None)


Source = tuple[Path, str, dict[str, Any]]


def _sources(asked: Asked) -> Iterator[Source]:
    """Each file with its reader and the reader's parameters."""
    stated = _format("--from", asked.from_format)
    paths = [Path(name) for name in asked.files]
    if stated == "moses" or (stated is None and not any(_by_ending(p.name) or p.is_dir() for p in paths)):
        yield _moses(paths, asked)
        return
    for path in paths:
        for file in _of_release(path) if path.is_dir() else [path]:
            kind = stated or _by_ending(file.name)
            if kind is None:
                raise WeftError(f"{file}: its ending says no format; expected --from {', '.join(NAMES)}")
            inspection.reader_of(file)
            yield file, _READERS.get(kind, kind), _checked(kind, file, asked)


def _of_release(folder: Path) -> list[Path]:
    from weft.trainers.release import open_release, select

    return [file for part in select(open_release(folder), ["pairs"]) for file in part.files]


def _moses(paths: list[Path], asked: Asked) -> Source:
    from weft.acquire.moses import suffix_of

    for path in paths:
        inspection.reader_of(path)
    sides = dict(asked.sides)
    if not sides and len(paths) > 1:
        bare = [Path(re.sub(r"\.(gz|zst|bz2|xz)$", "", path.name)).suffix[1:] for path in paths]
        sides = {suffix: suffix for suffix in bare if suffix}
    found = [suffix_of(str(path), sides) for path in paths]
    if len(sides) < 2 or None in found or len({one[0] for one in found if one}) > 1:
        named = ", ".join(path.name for path in paths)
        raise WeftError(
            f"{named}: not known which languages these are; expected files such as corpus.en and corpus.sw, or "
            "--side en=eng_Latn --side sw=swh_Latn, or --from"
        )
    # The reader begins with the file of the first suffix, and finds the others beside it.
    first = next(iter(sides))
    stem = next(one[0] for one in found if one)
    near = [path for path, one in zip(paths, found, strict=True) if one and one[1] == first]
    near += [Path(f"{stem}{first}{end}") for end in ("", ".gz", ".zst", ".bz2", ".xz")]
    whole = next((path for path in near if path.is_file()), paths[0])
    return whole, "moses", _validated("moses", {"suffixes": sides}, asked)


def _checked(kind: str, file: Path, asked: Asked) -> dict[str, Any]:
    reader = _READERS.get(kind, kind)
    options: dict[str, Any] = {}
    if reader in ("table", "jsonl", "parquet"):
        options |= {"kind": "pair", **_FIELDS}
        sides = dict(asked.sides) or (_columns(kind, file) if reader == "table" else {})
        if sides:
            options["sides"] = sides
        if reader == "table":
            options["delimiter"] = "\t" if kind == "tsv" else ","
    elif asked.sides:
        raise WeftError(f"--side: {kind} says its languages itself; expected it for moses, tsv, csv, jsonl or parquet")
    return _validated(reader, options, asked)


def _validated(reader: str, options: dict[str, Any], asked: Asked) -> dict[str, Any]:
    given = {name: _value(value) for name, value in asked.options.items()}
    kind = {"kind": "pair"} if reader in formats.PAIRED else {}
    spec = rooms_registry().get(f"acquire.{reader}")
    try:
        checked = validate(spec, options | kind | given)
        spec.build(**checked)
    except (WeftError, ValueError) as error:
        raise WeftError(f"{reader}: {error}") from None
    return checked


def _value(given: str) -> Any:
    try:
        return json.loads(given)
    except ValueError:
        return given


def _columns(kind: str, file: Path) -> dict[str, str]:
    """The columns of a table that are named by the code of their language."""
    from weft.acquire.compression import chunks, compression_of

    with file.open("rb") as stream:
        head = next(chunks(stream, compression_of(file.name)), b"").partition(b"\n")[0]
    names = [
        name.strip().strip('"') for name in head.decode("utf-8-sig", "replace").split("\t" if kind == "tsv" else ",")
    ]
    found = {name: name for name in names if _CODE.fullmatch(name)}
    if len(found) < 2:
        raise WeftError(
            f"{file}: its columns are {', '.join(names)[:200]}; expected some named by a code such as swh_Latn, or "
            "--side english=eng_Latn --side swahili=swh_Latn"
        )
    return found


def _translations(sources: list[Source], made: Made | None) -> Iterator[Translation]:
    """All translations; problems are told in `made`."""
    context = Context(None, rooms_registry())  # type: ignore[arg-type]  # nothing is stored
    for file, reader, options in sources:
        for batch in inspection.records(file, reader, context, options):
            for row in batch.to_pylist():
                if row["problem"] is None:
                    yield Translation.of_row(row)
                elif made is not None:
                    made.problems[row["problem"]["reason"]] += 1
                    made.damaged = made.damaged or row["problem"]["kind"] == "error"
                    if len(made.shown) < _KEPT:
                        made.shown.append({"locator": row["locator"], **row["problem"]})


def _writer(kind: str, out: str, codes: tuple[str, ...], sinks: _Sinks) -> Writer:
    from weft.parallel.formats import gettext, lines, markup

    if kind == "moses":
        packed = ".gz" if out.endswith(".gz") else ""
        return lines.Moses(sinks.open, out.removesuffix(".gz"), codes, packed)
    makers: dict[str, Callable[[Any, str, tuple[str, ...]], Writer]] = {
        **{"tmx": markup.Tmx, "xliff": markup.Xliff, "xces": markup.Xces, "po": gettext.Po},
        **{"tsv": lines.Tsv, "csv": lines.Csv, "jsonl": lines.Jsonl, "parquet": lines.Parquet},
    }
    return makers[kind](sinks.open, out, codes)


class _Sinks:
    """New files that take their places together, or not at all."""

    def __init__(self) -> None:
        self._made: list[tuple[Path, Path]] = []
        self._open: list[BinaryIO] = []

    def open(self, name: str) -> BinaryIO:
        """A file by its name, packed where it ends in .gz. Raises WeftError for one that is there already."""
        place = Path(name)
        if place.exists():
            raise WeftError(f"{place}: exists already; expected the name of a new file")
        if name.endswith((".zst", ".bz2", ".xz")):
            raise WeftError(f"{place}: is not packed in that way; expected no ending of compression, or .gz")
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        self._made.append((part, place))
        raw = part.open("wb")
        self._open.append(raw)
        if not name.endswith(".gz"):
            return cast(BinaryIO, raw)
        return cast(BinaryIO, io.BufferedWriter(_Packed(raw)))

    def put(self) -> list[str]:
        """Move all to their places, once their writers have closed them."""
        for part, place in self._made:
            os.replace(part, place)
        made, self._made = [str(place) for _, place in self._made], []
        return made

    def abandon(self) -> None:
        for stream in self._open:
            stream.close()
        for part, _ in self._made:
            part.unlink(missing_ok=True)


class _Packed(gzip.GzipFile):
    """A gzip member without name and time, so that the same content gives the same bytes; it closes its file."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(filename="", mode="wb", fileobj=raw, mtime=0)
        self._raw_file = raw

    def close(self) -> None:
        super().close()
        self._raw_file.close()
