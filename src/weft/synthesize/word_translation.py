"""Word-for-word translations by a bilingual lexicon: weak pairs, or what a translation should not be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator
from weft.synthesize.bilingual import Bilingual, read
from weft.synthesize.code_switch import switchable
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Part, licences_of, parents
from weft.synthesize.rewriting import Pieces, rewritten, strings_of

NAME, VERSION = "synthesize.word_translation", 2


class Glossed(NamedTuple):
    """Texts word for word: the translation, the share of its words that the lexicon has, and how many words it has."""

    text: str
    share: float
    words: int


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", files_in=("lexicon",))
def word_translation(
    *,
    lexicon: Annotated[str, Field(min_length=1)],
    lexicon_license: FileLicense = None,
    into: Annotated[str, Field(min_length=2)],
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.5,
    unknown: Literal["keep", "mark"] = "keep",
    draw: bool = False,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> BatchFunction:
    """Translate texts into the language `into` word for word, as one side of a weak pair.

    `lexicon` is a file as that of synthesize.code_switch; entries of several words count, the longest first. Of several
    translations the most probable is taken, or with `draw` one by its probability. Words that the lexicon does not
    have stay as they are, or in double angle marks with `unknown: mark`; names, numbers, addresses and code stay
    unmarked. Texts of which it has less than `least_share` of the words that are none of these give no record. The
    order of words stays that of the source, and nothing is inflected: what is made is a machine's side of a pair.
    """
    licences = licences_of(lexicon=(lexicon, lexicon_license))
    held = read(Path(lexicon), into, single=False)

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        given = switchable(making, parents(batch), held)
        texts = [parent.text for parent in given]
        labels = [held.label(parent.language) for parent in given]
        made = glossed(
            texts, labels, held, mark=unknown == "mark", ids=[p.id for p in given] if draw else [], seed=seed
        )
        for parent, found in zip(given, made, strict=True):
            if not found.words or found.share < least_share:
                told = f"{found.share:.2f} of {found.words} words; expected {least_share} or more"
                making.none(parent.row, "too_few_known_words", told)
                continue
            human = Part("translation", parent.text, parent.language)
            own = Part("translation", found.text, into, "translation", parent.text, parent.language)
            note = {"method": "word_for_word", "share": round(found.share, 4), "words": found.words}
            making.record(parent.row, "pair", [human, own], language=into, skill="translation", note=note)
        return making.table()

    return make


def glossed(
    texts: list[str], labels: list[int], held: Bilingual, *, mark: bool = False, ids: Sequence[str] = (), seed: int = 0
) -> list[Glossed]:
    """Texts word for word; `labels` are the places of their languages. With `ids`, translations are drawn by them."""
    if not texts:
        return []
    from weft.text.draws import keys_of, mixed, uniform
    from weft.text.replaced import CAPITAL, CAPITALS, GUARDED, NAME, WORD, find

    strings = strings_of(texts)
    found = find(strings, np.array(labels, np.int32), held.keys, most=held.most, spaces=True)
    word = (found.bits & WORD != 0) & (found.bits & (GUARDED | NAME) == 0)
    token = np.flatnonzero(word & (found.match >= 0))
    row, size = found.row[token], found.size[token].astype(np.int64)
    drawn = uniform(mixed(keys_of(list(ids), seed)[row], token - found.starts[row])) if ids else None
    translation = held.chosen(found.match[token], drawn)
    first, last = held.form(translation, found.bits[token] & (CAPITAL | CAPITALS))
    pieces = Pieces(row, found.begin[token], found.end[token + size - 1], first, last)
    # A token of a longer entry is known as well.
    known = np.zeros(len(found.row) + 1, np.int64)
    np.add.at(known, token, 1)
    np.add.at(known, token + size, -1)
    covered = np.cumsum(known)[:-1] > 0
    rows = len(texts)
    words = np.bincount(found.row[word], minlength=rows)
    share = np.bincount(found.row[word & covered], minlength=rows) / np.maximum(words, 1)
    pool: Any = held.pool
    if mark:
        pieces, pool = _marked(pieces, np.flatnonzero(word & ~covered), found, pool, strings.data)
    made = rewritten(strings, np.arange(rows), pieces, pool)
    return [Glossed(made.texts[n], float(share[n]), int(words[n])) for n in range(rows)]


def _marked(pieces: Pieces, unknown: Any, found: Any, pool: Any, data: Any) -> tuple[Pieces, Any]:
    """The pieces, and marks around unknown tokens: pieces of no width."""
    marks = [np.frombuffer(text.encode(), np.uint8) for text in ("\u00ab\u00ab", "\u00bb\u00bb")]
    begin = len(pool)
    whole = np.concatenate([pool, *marks])
    parts = [pieces]
    for places, mark in ((found.begin[unknown], 0), (found.end[unknown], 1)):
        first = np.full(len(unknown), begin + mark * len(marks[0]))
        parts.append(Pieces(found.row[unknown], places, places, first, first + len(marks[mark])))
    every = Pieces(*(np.concatenate([own[n] for own in parts]) for n in range(5)))
    order = np.lexsort((every.first >= begin, every.begin, every.number))
    return Pieces(*(held[order] for held in every)), whole
