"""Texts in another script of their language: by rules for letters, or as learnt from text in both scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.model.languages import CODE
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, Part, licences_of, parents
from weft.synthesize.rewriting import Pieces, rewritten, strings_of

NAME, VERSION = "synthesize.other_script", 2
_PUNCTUATION = str.maketrans("،؛؟۔।॥።፣፤٪", ",;?..|.,;%")
"""Marks that only some scripts write, and what others write for them."""


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", files_in=("pairs", "table"))
def other_script(
    *,
    script: Annotated[str, Field(pattern="^[A-Z][a-z]{3}$")],
    pairs: str | None = None,
    pairs_license: FileLicense = None,
    table: str | None = None,
    table_license: FileLicense = None,
    least_share: Annotated[float, Field(gt=0, le=1)] = 0.95,
) -> BatchFunction:
    """Write a text in another script, such as `Latn`; its language is then that of the text with this script.

    `pairs` is a tab-separated file with a column for each language and script, such as `kas_Arab` and `kas_Deva`, whose
    rows are the same words or sentences in both: words that were seen are written as there, others by rules for letters
    that are learnt from them (of sentences with equally many words those that stand in the same place are pairs).
    `table` has the columns `from` and `to`: letters, and what they become, the longest first. Without both, and for
    `Latn` alone, letters are romanised without marks: after Unicode's names of letters for Indic scripts, Ethiopic,
    kana, Cherokee and Hangul, after common tables for Cyrillic, Greek, Georgian, Arabic and Hebrew (whose short vowels
    are not written, so they are missing). Addresses, tags, placeholders and code stay. A text in which less than
    `least_share` of the words that are not in the script yet can be written gives no record.
    """
    if pairs is not None and table is not None:
        raise WeftError(f"{NAME}: pairs and table; expected one of them, or neither")
    if pairs is None and table is None and script != "Latn":
        raise WeftError(f"{NAME}: script {script} without pairs or table; weft's own rules are for Latn")
    licences = licences_of(pairs=(pairs, pairs_license), table=(table, table_license))
    learnt = None if pairs is None else _Learnt(Path(pairs))
    letters = None if table is None else _letters(Path(table))

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        given: list[tuple[Parent, str]] = []
        for parent in parents(batch):
            code = parent.language or ""
            target = f"{code[:3]}_{script}"
            if parent.kind != "text":
                making.none(parent.row, "not_plain_text", f"a document of kind {parent.kind}; expected text")
            elif not CODE.fullmatch(code) or code == target:
                making.none(
                    parent.row, "language_or_script", f"{code or 'no language'}; expected one in another script"
                )
            elif learnt is not None and not learnt.has(code, target):
                making.none(
                    parent.row, "no_rule", f"no pairs of {code} and {target}; columns {', '.join(learnt.codes)}"
                )
            else:
                given.append((parent, target))
        if given:
            _write(making, given, _Writer(learnt, letters), least_share)
        return making.table()

    return make


class _Learnt:
    """Rules by language and script on both sides, each learnt when it is first needed."""

    def __init__(self, file: Path) -> None:
        self._table = _read(file)
        self.codes = [name for name in self._table.columns if CODE.fullmatch(name)]
        if len(self.codes) < 2:
            raise WeftError(f"{file}: columns {', '.join(self._table.columns)[:200]}; expected two such as kas_Arab")
        self._file, self._rules = file, {}  # type: tuple[Path, dict[tuple[str, str], Any]]

    def has(self, source: str, target: str) -> bool:
        return source in self.codes and target in self.codes

    def rules(self, source: str, target: str) -> Any:
        from weft.text.transliterated import learn

        if (source, target) not in self._rules:
            rows = self._table.select(source, target).drop_nulls().rows()
            sides = [_words([row[n] for row in rows]) for n in range(2)]
            words = [
                (one, other)
                for left, right in zip(*sides, strict=True)
                if len(left) == len(right)
                for one, other in zip(left, right, strict=True)
            ]
            try:
                self._rules[source, target] = learn(words)
            except ValueError as error:
                raise WeftError(f"{self._file}: {source} and {target}: {error}") from None
        return self._rules[source, target]


def _words(texts: list[str]) -> list[list[str]]:
    """Words of each text."""
    from weft.text.replaced import WORD, find

    strings = strings_of(texts)
    found = find(strings, np.full(len(texts), -1, np.int32), np.empty(0, np.uint64), most=1, spaces=False)
    words: list[list[str]] = [[] for _ in texts]
    data = strings.data.tobytes()
    word = np.flatnonzero(found.bits & WORD)
    for row, begin, end in zip(
        found.row[word].tolist(), found.begin[word].tolist(), found.end[word].tolist(), strict=True
    ):
        words[row].append(data[begin:end].decode("utf-8", "replace"))
    return words


class _Writer(NamedTuple):
    learnt: _Learnt | None
    letters: tuple[tuple[str, str], ...] | None

    def written(self, word: str, source: str, target: str) -> str | None:
        from weft.text.transliterated import romanised, transliterated

        if self.learnt is not None:
            return transliterated(word, self.learnt.rules(source, target))
        if self.letters is None:
            return romanised(word)
        out, at = [], 0
        while at < len(word):
            for one, other in self.letters:
                if word.startswith(one, at):
                    out.append(other)
                    at += len(one)
                    break
            else:
                return None
        return "".join(out)


def _write(making: Making, given: list[tuple[Parent, str]], writer: _Writer, least_share: float) -> None:
    from weft.text.replaced import GUARDED, WORD, find

    plain = [
        parent.text.translate(_PUNCTUATION) if target.endswith("Latn") else parent.text for parent, target in given
    ]
    strings = strings_of(plain)
    found = find(strings, np.full(len(given), -1, np.int32), np.empty(0, np.uint64), most=1, spaces=False)
    token = np.flatnonzero((found.bits & WORD != 0) & (found.bits & GUARDED == 0))
    rows, begins, ends = (array[token].tolist() for array in (found.row, found.begin, found.end))
    data, pool, held = strings.data.tobytes(), bytearray(), {}  # type: ignore[var-annotated]
    first, last, known = [], [], []
    for row, begin, end in zip(rows, begins, ends, strict=True):
        source, target = given[row][0].language or "", given[row][1]
        word = data[begin:end]
        place = held.get((word, source))
        if place is None:
            text = word.decode("utf-8", "replace")
            form = text if _in_script(text, target) else writer.written(text, source, target)
            start = len(pool)
            pool += word if form is None else form.encode()
            place = held[word, source] = (start, len(pool), form is not None)
        first.append(place[0])
        last.append(place[1])
        known.append(place[2])
    row = np.array(rows, np.int64)
    pieces = Pieces(row, found.begin[token], found.end[token], np.array(first, np.int64), np.array(last, np.int64))
    new = rewritten(strings, np.arange(len(given)), pieces, np.frombuffer(bytes(pool), np.uint8))
    words = np.bincount(row, minlength=len(given))
    share = np.bincount(row, np.array(known, np.float64), len(given)) / np.maximum(words, 1)
    for n, (parent, target) in enumerate(given):
        if not words[n] or share[n] < least_share or new.texts[n] == parent.text:
            told = f"{share[n]:.2f} of {words[n]} words; expected {least_share} or more, and another text"
            making.none(parent.row, "no_rule", told)
            continue
        part = Part("text", new.texts[n], target, "other_script", of=parent.text, of_language=parent.language)
        kind: Literal["pairs", "table", "rules"] = (
            "pairs" if writer.learnt is not None else "rules" if writer.letters is None else "table"
        )
        note = {"by": kind, "share": round(float(share[n]), 4)}
        making.record(parent.row, "text", [part], language=target, skill="other_script", note=note)


def _in_script(word: str, target: str) -> bool:
    """Whether a word is in Latin letters already, where that is wanted."""
    return target.endswith("Latn") and word.isascii()


def _read(file: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected a table") from None
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: not a table: {str(error).splitlines()[0]}") from None


def _letters(file: Path) -> tuple[tuple[str, str], ...]:
    """Letters and what they become, the longest first."""
    table = _read(file)
    if missing := [name for name in ("from", "to") if name not in table.columns]:
        raise WeftError(f"{file}: no column {' or '.join(missing)}; it has {', '.join(table.columns)[:200]}")
    rows = [(one, other or "") for one, other in table.select("from", "to").iter_rows() if one]
    return tuple(sorted(rows, key=lambda row: (-len(row[0]), row[0])))
