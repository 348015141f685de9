"""Noise in what a model is asked, to see how much of its score is left: the same for an item, wherever it stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate.counted import Doubles, checked_lengths
from weft.statistics.resampling import LEVEL, SAMPLES, Finish, Interval, bootstrap
from weft.synthesize.bilingual import Bilingual, built
from weft.synthesize.confusions import Kind
from weft.synthesize.noising import Settings, noised
from weft.synthesize.rewriting import Pieces, first_of_each, rewritten, strings_of
from weft.text.buffers import Longs, Strings

Noise = Literal["typos", "similar", "diacritics", "order", "spaces", "form", "terms", "mixed"]
NOISES: tuple[Noise, ...] = get_args(Noise)
Terms = Mapping[str, Sequence[tuple[str, str]]]
"""By language: a term, and a wrong one in its place."""
_OF_LETTERS: dict[str, tuple[Kind, ...]] = {
    "typos": ("characters",),
    "similar": ("keyboard", "ocr", "homophones"),
    "diacritics": ("diacritics",),
    "terms": ("spelling",),
    "mixed": ("spelling",),
}
_SPLIT, _SPLIT_DENSE = 4, 2
"""Letters of a word that is written as two; of one in a script without spaces."""


class Perturbed(NamedTuple):
    """A text with noise, and how many of its words changed."""

    text: str
    changes: int


def perturbed(
    texts: Sequence[str],
    ids: Sequence[str],
    languages: Sequence[str],
    noise: Noise,
    *,
    strength: float = 0.1,
    seed: int = 0,
    terms: Terms | None = None,
    lexicon: Bilingual | None = None,
) -> list[Perturbed | None]:
    """Each text with noise in the share `strength` of its words, one word at least; None where it cannot have any.

    `typos`: of a word one letter for another of the text, one more, one less, or two in turn. `similar`: a neighbour on
    the keyboard, a look-alike in print or a homophone, where the script has such. `diacritics`: marks that are left
    out. `order`: two words that follow one another in turn. `spaces`: a space left out, or one within a word of four
    letters or more (two in scripts without spaces, which have no other). `form`: the other form of Unicode, decomposed
    of a composed word and the other way round. `terms`: wrong terms, as `terms` has them for the language. `mixed`:
    words of another language, as `lexicon` translates them: the longest entry, and of several translations one by its
    weight. A letter moves with all that belongs to it; numbers, addresses, tags and code stay as they are. What is
    drawn depends on id, text, noise, seed and what it is drawn from alone. Raises WeftError for another noise, a
    strength that is no share, and missing terms or a missing lexicon.
    """
    checked_lengths("noise", texts=texts, ids=ids, languages=languages)
    if noise not in NOISES:
        raise WeftError(f"noise {noise}: expected one of {', '.join(NOISES)}{nearest(noise, NOISES)}")
    if not 0 < strength <= 1:
        raise WeftError(f"strength is {strength}; expected a share of the words, above 0 and at most 1")
    if noise == "terms" and not any((terms or {}).values()):
        raise WeftError("noise terms: no terms; expected pairs of a term and a wrong one for a language")
    if noise == "mixed" and lexicon is None:
        raise WeftError("noise mixed: no lexicon; expected one of words and what they are in another language")
    if not texts:
        return []
    from weft.text.draws import keys_of, mixed

    keys = mixed(keys_of(list(ids), seed), NOISES.index(noise))
    if noise in _OF_LETTERS:
        table = _table(terms or {}) if noise == "terms" else lexicon
        return _of_letters(texts, languages, keys, noise, strength, table)
    strings = strings_of(list(texts))
    words = _words(strings)
    pieces, pool = {"order": _order, "spaces": _spaces, "form": _form}[noise](strings, words, keys, strength)
    made = rewritten(strings, np.arange(len(texts)), pieces, pool)
    changes = np.bincount(pieces.number, minlength=len(texts))
    changes = changes // 2 if noise == "order" else changes
    return [
        Perturbed(new, int(count)) if count and new != text else None
        for text, new, count in zip(texts, made.texts, changes, strict=True)
    ]


def _of_letters(
    texts: Sequence[str], languages: Sequence[str], keys: Any, noise: Noise, strength: float, table: Bilingual | None
) -> list[Perturbed | None]:
    settings = Settings(_OF_LETTERS[noise], strength, strength, table, by_words=True, spaces=True)
    found = noised(list(texts), list(languages), keys, settings)
    return [None if one is None else Perturbed(one.text, one.changes) for one in found]


def _table(terms: Terms) -> Bilingual:
    spoken = tuple(sorted(terms))
    rows = [(n, right, wrong, 1.0) for n, name in enumerate(spoken) for right, wrong in terms[name] if right != wrong]
    schema = {"label": pl.Int32, "word": pl.String, "translation": pl.String, "weight": pl.Float64}
    return built(pl.DataFrame(rows, schema, orient="row"), spoken, "")


class _Words(NamedTuple):
    """Words end to end: their texts, bytes, whether they may change, are of a script without spaces; free ones of each
    text."""

    row: Longs
    begin: Longs
    end: Longs
    free: npt.NDArray[np.bool_]
    dense: npt.NDArray[np.bool_]
    whole: Longs


def _words(strings: Strings) -> _Words:
    from weft.text.replaced import DENSE, GUARDED, WORD, find

    texts = len(strings.offsets) - 1
    found = find(strings, np.full(texts, -1, np.int32), np.empty(0, np.uint64), most=1, spaces=False)
    word = found.bits & WORD != 0
    free, dense = found.bits[word] & GUARDED == 0, found.bits[word] & DENSE != 0
    row = found.row[word].astype(np.int64)
    return _Words(row, found.begin[word], found.end[word], free, dense, np.bincount(row[free], minlength=texts))


def _chosen(words: _Words, able: npt.NDArray[np.bool_], keys: Any, strength: float) -> Longs:
    """Of the words that can change the share `strength` of all words of their text, one at least."""
    from weft.text.draws import mixed

    place = np.flatnonzero(able & words.free)
    inside = place - np.searchsorted(words.row, words.row[place])
    wanted = np.maximum(np.rint(strength * words.whole), 1).astype(np.int64)
    return place[first_of_each(words.row[place], mixed(keys[words.row[place]], 1, inside), wanted)]


def _gaps(strings: Strings, words: _Words) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether the next word follows after one space, and whether it follows at once."""
    following = np.append(words.row[1:] == words.row[:-1], False) if len(words.row) else np.empty(0, np.bool_)
    size = np.append(words.begin[1:] - words.end[:-1], -1) if len(words.row) else np.empty(0, np.int64)
    data = np.append(strings.data, np.zeros(1, np.uint8))
    space = data[np.minimum(words.end, len(data) - 1)] == ord(" ")
    return following & (size == 1) & space, following & (size == 0)


def _order(strings: Strings, words: _Words, keys: Any, strength: float) -> tuple[Pieces, Any]:
    spaced, at_once = _gaps(strings, words)
    able = spaced | at_once
    able[:-1] &= words.free[1:] & words.free[:-1]
    kept = _chosen(words, able, keys, strength / 2)
    # Two that follow one another would move one word twice: of a run every other one stays.
    run = np.cumsum(np.diff(kept, prepend=-2) > 1)
    first = np.searchsorted(run, run)
    kept = kept[(np.arange(len(kept)) - first) % 2 == 0]
    both = np.stack([kept, kept + 1], axis=1).reshape(-1)
    other = np.stack([kept + 1, kept], axis=1).reshape(-1)
    edges = (words.begin[both], words.end[both], words.begin[other], words.end[other])
    return Pieces(words.row[both], *edges), strings.data


def _spaces(strings: Strings, words: _Words, keys: Any, strength: float) -> tuple[Pieces, Any]:
    from weft.text.draws import mixed, uniform
    from weft.text.graphemes import clusters

    spaced, _ = _gaps(strings, words)
    cuts = clusters(strings).begin
    first, last = np.searchsorted(cuts, words.begin), np.searchsorted(cuts, words.end)
    # A cut that is no border of letters with their marks would part them.
    whole = (cuts[np.minimum(first, len(cuts) - 1)] == words.begin) if len(cuts) else np.empty(0, np.bool_)
    long = whole & (last - first >= np.where(words.dense, _SPLIT_DENSE, _SPLIT))
    kept = _chosen(words, spaced | long, keys, strength)
    own = mixed(keys[words.row[kept]], 2, kept - np.searchsorted(words.row, words.row[kept]))
    joined = spaced[kept] & ((uniform(own) < 0.5) | ~long[kept])
    inner = first[kept] + 1 + (uniform(mixed(own, 1)) * np.maximum(last[kept] - first[kept] - 1, 1)).astype(np.int64)
    at = np.where(joined, words.end[kept], cuts[np.minimum(inner, len(cuts) - 1)])
    zero = np.zeros(len(kept), np.int64)
    return Pieces(words.row[kept], at, at + joined, zero, np.where(joined, 0, 1)), np.frombuffer(b" ", np.uint8)


def _form(strings: Strings, words: _Words, keys: Any, strength: float) -> tuple[Pieces, Any]:
    data = strings.data.tobytes()
    held = [data[b:e].decode("utf-8", "replace") for b, e in zip(words.begin.tolist(), words.end.tolist(), strict=True)]
    # One form for each word, not for each place where it stands.
    forms = {word: _other_form(word) for word in dict.fromkeys(held)}
    able = np.array([forms[word] != word for word in held], np.bool_)
    kept = _chosen(words, able, keys, strength)
    new = [forms[held[n]].encode() for n in kept.tolist()]
    ends = np.cumsum([len(one) for one in new], dtype=np.int64)
    begins = ends - np.array([len(one) for one in new], np.int64)
    pool = np.frombuffer(b"".join(new) or b" ", np.uint8)
    return Pieces(words.row[kept], words.begin[kept], words.end[kept], begins, ends), pool


def _other_form(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    return apart if apart != word else unicodedata.normalize("NFC", word)


def robustness(
    clean: Any,
    noisy: Any,
    finish: Finish,
    *,
    ran: Any = None,
    clusters: Any = None,
    samples: int = SAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval:
    """What is left of a score under noise: 1 - (clean - noisy) / clean, and its interval.

    `clean` and `noisy` are statistics (items, sums) of the same items in the same order; `ran` says which of them have
    both. Items, or clusters of them, are drawn with both of their rows. Raises WeftError where shapes differ or no item
    was run. The score is NaN where the clean one is 0.
    """
    sides = [np.asarray(side, np.float64) for side in (clean, noisy)]
    if sides[0].ndim != 2 or sides[0].shape != sides[1].shape:
        raise WeftError(f"statistics of shapes {sides[0].shape} and {sides[1].shape}; expected one, (items, sums)")
    rows = np.arange(len(sides[0])) if ran is None else np.flatnonzero(np.asarray(ran, np.bool_))
    if not len(rows):
        raise WeftError("robustness: no item was run with noise and without; expected one at least")
    names = None if clusters is None else np.asarray(clusters)[rows]
    both = np.concatenate([side[rows] for side in sides], axis=1)[:, None, :]
    width = sides[0].shape[1]

    def ratio(sums: Doubles) -> Doubles:
        first, second = finish(sums[..., :width]), finish(sums[..., width:])
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Doubles = np.where(first != 0, 1 - (first - second) / first, np.nan)
        return found

    (found,) = bootstrap(both, ratio, clusters=names, samples=samples, seed=seed, level=level)
    return found
