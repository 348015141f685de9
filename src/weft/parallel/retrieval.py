"""Texts of a pool that are most like a text: BM25 over words or over runs of three characters, in a file-backed index.

BM25 with the rarity of Lucene, ln(1 + (n - d + 0.5) / (d + 0.5)) for a term in d of n texts (Robertson and Zaragoza
2009; Kamphuis and others 2020). What a term adds to a text is rounded to a 65,535th of the most that any adds.
"""

from __future__ import annotations

import functools
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError
from weft.own_folder import check_free, working
from weft.parallel.lexicon import buffers
from weft.text.buffers import Longs, Strings
from weft.text.diverse import alike
from weft.text.located import Places, located_in, places
from weft.text.postings import Impacts, Ints, Postings, Rooms, post, rooms_for, search, turned
from weft.text.tokens import PIECE, SIGN, WORD, tokens
from weft.text.word_grams import SHORTEST, word_grams

Units = Literal["words", "characters"]
SATURATION, LENGTHS = 1.2, 0.75
"""k1 and b of BM25."""
VERSION = 1
_MANIFEST = "index.json"
_BLOCK = 32_768
_STEPS = 65_535
Floats = npt.NDArray[np.float32]
Terms = tuple[Longs, npt.NDArray[np.uint64]]


@dataclass(frozen=True)
class Index:
    """Texts by their terms. `scale` is a score to an impact of one; arrays may lie in files."""

    units: Units
    vocabulary: npt.NDArray[np.uint64]
    by_term: Postings
    by_text: Postings
    maxima: Impacts
    scale: float

    def __len__(self) -> int:
        return len(self.by_text.starts) - 1

    @functools.cached_property
    def _own(self) -> threading.local:
        """What each thread writes to when it searches."""
        return threading.local()

    @functools.cached_property
    def _places(self) -> Places:
        return places(self.vocabulary)

    @functools.cached_property
    def rarity(self) -> Floats:
        """ln(1 + (n - d + 0.5) / (d + 0.5)) of each term."""
        return _rarity(len(self), np.diff(self.by_term.starts)).astype(np.float32)

    @classmethod
    def build(cls, texts: Any, units: Literal["words", "characters", "auto"] = "auto") -> Index:
        """The index of texts (any Arrow or Polars strings, or a list), numbered from 0; a null has no terms.

        `auto`: characters where most of the pool's tokens are words with spaces between them, else `words`, which are
        pairs of characters there. Words are found in a third of the time, and like texts by them are less alike.
        """
        held = buffers(texts)
        chosen: Units = (_usual_units(held) if len(held.offsets) > 1 else "characters") if units == "auto" else units
        blocks = [_block(held, first) for first in range(0, len(held.offsets) - 1, _BLOCK)]
        different = [np.unique(terms_of(block, chosen)[1]) for block in blocks]
        vocabulary = np.unique(np.concatenate(different)) if different else np.empty(0, np.uint64)
        known = places(vocabulary)
        numbered = [(own[0], located_in(known, own[1])) for own in (terms_of(one, chosen) for one in blocks)]
        sizes = np.concatenate([np.diff(starts) for starts, _ in numbered]) if numbered else np.empty(0, np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        numbers = np.concatenate([own for _, own in numbered]) if numbered else np.empty(0, np.int32)
        counted = post(starts, numbers, len(vocabulary))
        impacts, scale = _impacts(counted, sizes)
        by_term = Postings(counted.starts, counted.others, impacts)
        maxima = np.zeros(len(vocabulary), np.uint16)
        if len(vocabulary):
            maxima = np.maximum.reduceat(impacts, by_term.starts[:-1])
        return cls(chosen, vocabulary, by_term, turned(by_term, len(sizes)), maxima, scale)

    def terms(self, queries: Any) -> tuple[Longs, Ints]:
        """Numbers of the terms of texts, -1 of those that the pool has not; text `n` has `starts[n]` and on."""
        starts, hashes = terms_of(buffers(queries), self.units)
        return starts, located_in(self._places, hashes)

    def search(self, queries: Any, k: int) -> tuple[Ints, Floats]:
        """Numbers and scores of the `k` texts of each query with the highest BM25, (queries, k), best first.

        Of equal scores the lower number is first; -1 where no further text has a term of the query. Of a query the
        first 4,096 terms count. The answer to a query does not depend on the others.
        """
        ids, sums, _ = self.sums(*self.terms(queries), k)
        return ids, (sums * self.scale).astype(np.float32)

    def sums(self, starts: Longs, terms: Ints, k: int) -> tuple[Ints, Ints, int]:
        """As `text.postings.search`."""
        rooms: Rooms | None = getattr(self._own, "rooms", None)
        if rooms is None:
            rooms = self._own.rooms = rooms_for(len(self), len(self.vocabulary))
        return search(self.by_term, self.by_text, self.maxima, starts, terms, k, rooms)

    def alike(self, queries: Any, ids: Ints) -> Floats:
        """How alike each query is to the texts `ids` (queries, texts): the rarity of what both have over what either
        has, from 0 to 1."""
        return alike(self.by_text, self.rarity, *self.terms(queries), ids)

    def save(self, into: Path) -> None:
        """Write the index as a folder, all or nothing. Raises WeftError where it cannot be written."""
        check_free(into, _MANIFEST, ".part")
        with working(into, ".part") as part:
            for name, array in self._arrays().items():
                np.save(part / f"{name}.npy", array, allow_pickle=False)
            told = {"version": VERSION, "units": self.units, "scale": self.scale, "texts": len(self)}
            (part / _MANIFEST).write_text(json.dumps(told), "utf-8")
            (into / _MANIFEST).unlink(missing_ok=True)
            for file in sorted(part.iterdir(), key=lambda file: file.name == _MANIFEST):
                file.replace(into / file.name)  # the manifest last: without it there is no index

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        held: dict[str, npt.NDArray[Any]] = {"vocabulary": self.vocabulary, "maxima": self.maxima}
        for name, postings in (("term", self.by_term), ("text", self.by_text)):
            held |= {f"{name}_{field}": array for field, array in postings._asdict().items()}
        return held

    @classmethod
    def load(cls, folder: Path) -> Index:
        """The index of a folder; its arrays stay in the files. Raises WeftError for what is no index."""
        try:
            told = json.loads((folder / _MANIFEST).read_text("utf-8"))
            if told["version"] != VERSION:
                raise WeftError(f"{folder}: an index of version {told['version']}; expected {VERSION}: build it again")
            read = {name: _mapped(folder / f"{name}.npy", kind) for name, kind in _KINDS.items()}
            by = [Postings(*(read[f"{name}_{field}"] for field in Postings._fields)) for name in ("term", "text")]
            found = cls(told["units"], read["vocabulary"], by[0], by[1], read["maxima"], float(told["scale"]))
        except OSError as error:
            raise WeftError(
                f"{folder}: cannot be read: {error.strerror or error}; expected an index of shots"
            ) from None
        except (ValueError, KeyError, TypeError, EOFError) as error:
            raise WeftError(f"{folder}: is no index of shots: {error}") from None
        return found


_KINDS = {
    "vocabulary": np.uint64,
    "maxima": np.uint16,
    **{f"{name}_starts": np.int64 for name in ("term", "text")},
    **{f"{name}_others": np.int32 for name in ("term", "text")},
    **{f"{name}_impacts": np.uint16 for name in ("term", "text")},
}


def _mapped(file: Path, kind: Any) -> npt.NDArray[Any]:
    held = np.load(file, mmap_mode="r", allow_pickle=False)
    if held.dtype != kind or held.ndim != 1:
        raise ValueError(f"{file.name} has {held.dtype}; expected {np.dtype(kind)}")
    return np.asarray(held)


def terms_of(strings: Strings, units: Units) -> Terms:
    """Hashes of the terms of texts, with repeats; case, width, digits and marks are folded, signs do not count.

    Words of scripts without spaces are pairs of characters, as everywhere; their runs are of two and of three.
    """
    found = tokens(strings, fold_marks=True)
    if units == "characters":
        return word_grams(strings, found, True, SHORTEST)
    kept = found.kinds != SIGN
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return before[found.starts], found.hashes[kept]


def _usual_units(held: Strings) -> Units:
    kinds = tokens(_block(held, 0), fold_marks=True).kinds
    return "words" if int((kinds == PIECE).sum()) > int((kinds == WORD).sum()) else "characters"


def _block(held: Strings, first: int) -> Strings:
    return Strings(held.data, held.offsets[first : first + _BLOCK + 1], held.valid[first : first + _BLOCK])


def _rarity(texts: int, holding: Longs) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.log1p((texts - holding + 0.5) / (holding + 0.5))
    return found


def _impacts(counted: Postings, sizes: Longs) -> tuple[Impacts, float]:
    """What each term adds to each text, in steps, and how much a step is."""
    if not len(counted.others):
        return np.empty(0, np.uint16), 1.0
    share = np.float32(SATURATION) * (1 - LENGTHS + LENGTHS * sizes / max(sizes.mean(), 1e-9)).astype(np.float32)
    holding = np.diff(counted.starts)
    often = counted.impacts.astype(np.float32)
    rarity = np.repeat(_rarity(len(sizes), holding).astype(np.float32), holding)
    found = rarity * often * np.float32(SATURATION + 1) / (often + share[counted.others])
    scale = float(found.max()) / _STEPS
    return np.maximum(np.rint(found / np.float32(scale)), 1).astype(np.uint16), scale
