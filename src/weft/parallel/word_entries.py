"""Dictionary entries for the rare words of a text: by the word as it stands, or by a form of it."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from weft.errors import WeftError
from weft.text.buffers import string_buffers
from weft.text.segment import token_arrays
from weft.text.tokens import DENSE, DIGIT, KIND, POINT, SPACED, folded_letters

LEAST_SHARED = 4
"""Letters that two forms of a word share at least."""


class Entry(NamedTuple):
    """A word of a text, the headword it was found by, and its translations by language."""

    word: str
    head: str
    translations: tuple[tuple[str, tuple[str, ...]], ...]


class Entries:
    """Headwords of one language with their translations into others, and how frequent words are."""

    def __init__(self, files: Sequence[Path], source: str, languages: Sequence[str], frequencies: Path | None) -> None:
        """`files` have a column for each language, named by its code; `frequencies` columns `word` and `count`.

        Raises WeftError for a file without the column `source` or any other that is asked for.
        """
        self._languages = tuple(languages)
        self._held: dict[str, tuple[str, dict[str, list[str]]]] = {}
        for file in files:
            self._read(file, source)
        missing = set(languages) - {code for _, own in self._held.values() for code in own}
        if missing:
            raise WeftError(f"{files[0]}: no entry from {source} into {', '.join(sorted(missing))}")
        self._heads = sorted(self._held)
        self._backwards = sorted(head[::-1] for head in self._held)
        self._counts = {} if frequencies is None else _counts(frequencies)
        self._ranks = {word: n for n, word in enumerate(sorted(self._counts, key=lambda w: (-self._counts[w], w)))}

    def _read(self, file: Path, source: str) -> None:
        table = _table(file)
        if source not in table.columns:
            raise WeftError(f"{file}: no column {source}; it has {', '.join(table.columns)[:200]}")
        named = [code for code in self._languages if code in table.columns]
        for row in table.select(source, *named).iter_rows(named=True):
            head = (row[source] or "").strip()
            key = fold(head)
            if not key:
                continue
            own = self._held.setdefault(key, (head, {}))[1]
            for code in named:
                said = (row[code] or "").strip()
                if said and said not in own.setdefault(code, []):
                    own[code].append(said)
        self._held = {key: own for key, own in self._held.items() if own[1]}

    def of(self, text: str, *, frequent: int, shared: float, most: int, each: int) -> list[Entry]:
        """Entries of the rare words of a text, in its order, `most` of them: those of the rarest words.

        Words among the `frequent` most frequent are left out. A word that is no headword is looked up by the headword
        with the longest beginning or end in common: at least LEAST_SHARED letters and the share `shared` of the longer
        of both. `each` bounds the translations of an entry into a language.
        """
        found: dict[str, tuple[int, int, Entry]] = {}
        for place, word in enumerate(words_of(text)):
            key = fold(word)
            if not key or key in found or self._ranks.get(key, frequent) < frequent:
                continue
            head = self._head(key, shared)
            if head is None:
                continue
            shown, own = self._held[head]
            told = tuple((code, tuple(own[code][:each])) for code in self._languages if own.get(code))
            found[key] = (self._counts.get(key, 0), place, Entry(word, shown, told))
        rarest = sorted(found.values(), key=lambda held: held[:2])[:most]
        return [entry for _, _, entry in sorted(rarest, key=lambda held: held[1])]

    def _head(self, key: str, shared: float) -> str | None:
        if key in self._held:
            return key
        if shared >= 1:
            return None
        near = [(*_nearest(self._heads, key), 0), (*_nearest(self._backwards, key[::-1]), 1)]
        near = [held for held in near if held[0] >= LEAST_SHARED and held[0] >= shared * max(len(key), len(held[1]))]
        if not near:
            return None
        _, head, turned = max(near, key=lambda held: (held[0], -len(held[1]), -held[2]))
        return head[::-1] if turned else head


def _nearest(heads: Sequence[str], key: str) -> tuple[int, str]:
    """How many letters a headword shares with the beginning of a key at most, and which: of several the shortest."""
    at = bisect.bisect_left(heads, key)
    best = max((_shared(heads[n], key) for n in (at - 1, at) if 0 <= n < len(heads)), default=0)
    if best < LEAST_SHARED:
        return 0, ""
    # Headwords with this beginning stand together; the first one is the shortest or has other letters next.
    first = bisect.bisect_left(heads, key[:best])
    return best, min((head for head in heads[first : at + 1] if head[:best] == key[:best]), key=lambda h: (len(h), h))


def _shared(one: str, other: str) -> int:
    size = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        size += 1
    return size


def fold(word: str) -> str:
    """A word as it is compared: case, width, digits and the marks of Latin, Greek, Cyrillic are folded."""
    table = folded_letters(True)
    held = [int(table[ord(char)]) for char in word]
    return "".join(chr(one & int(POINT)) for one in held if one >> int(KIND) in (SPACED, DENSE, DIGIT))


def words_of(text: str) -> list[str]:
    """Words of a text, of scripts without spaces as ICU divides them."""
    strings = string_buffers(pa.array([text], pa.large_string()))
    bounds = token_arrays(strings)[0].tolist()
    data = text.encode("utf-8", "replace")
    return [data[begin:end].decode("utf-8", "replace") for begin, end in zip(bounds[::2], bounds[1::2], strict=True)]


def _table(file: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected a table of words") from None
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: no table of words: {str(error).splitlines()[0]}") from None


def _counts(file: Path) -> dict[str, int]:
    table = _table(file)
    if not {"word", "count"} <= set(table.columns):
        raise WeftError(f"{file}: columns {', '.join(table.columns)[:200]}; expected word and count")
    counts = table["count"].cast(pl.Int64, strict=False)
    if counts.null_count():
        line = int((counts.is_null()).arg_true()[0]) + 2
        raise WeftError(f"{file}: line {line}: expected a whole number in count")
    found: dict[str, int] = {}
    for word, count in zip(table["word"].fill_null(""), counts, strict=True):
        if key := fold(word):
            found[key] = found.get(key, 0) + count
    return found
