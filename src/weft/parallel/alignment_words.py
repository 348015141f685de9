"""Words of two documents as the search of their alignment takes them: numbered, with what a lexicon says of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from weft.parallel.lexicon import Folding, Lexicon, Side, unknown
from weft.text.agreement import Table, Words
from weft.text.buffers import Longs
from weft.text.located import located
from weft.text.tokens import NUMBER, SIGN

KNOWN, HALF = 0.9, 2.0
"""How far a lexicon is believed that does not translate a word: KNOWN for common words, half of that for one that it
has met HALF times."""
UNKNOWN, NUMERAL, MARK = 0.3, 0.5, 0.3
"""How far it counts against a sentence that a word no lexicon has, a number or a mark is not in the other one."""


class Both(NamedTuple):
    """Words of two documents, and tables: of the second document's words given the first's, and the other way."""

    words: tuple[Words, Words]
    tables: tuple[Table, Table]


def numbered(first: object, second: object, lexicon: Lexicon | None) -> Both:
    """Words of the sentences of two documents; without a lexicon only words that stand in both are known."""
    if lexicon is None:
        sides = [unknown(texts, Folding()) for texts in (first, second)]
        known = [0, 0]
    else:
        sides = [lexicon.side(0, first), lexicon.side(1, second)]
        known = [len(vocabulary.hashes) for vocabulary in lexicon.vocabularies]
    strange = np.unique(np.concatenate([side.tokens.hashes[side.numbers == 0] for side in sides]))
    columns = [
        np.where(side.numbers > 0, side.numbers, size + 1 + np.searchsorted(strange, side.tokens.hashes))
        for side, size in zip(sides, known, strict=True)
    ]
    one, other = (_words(sides[n], columns[n], sides[1 - n], columns[1 - n]) for n in range(2))
    tables = (_table(lexicon, 0, sides[1], columns[1]), _table(lexicon, 1, sides[0], columns[0]))
    return Both((one, other), tables)


def _words(own: Side, columns: Longs, there: Side, columns_there: Longs) -> Words:
    """A word that the other language's vocabulary has not, or a number, translates itself."""
    loose = (there.numbers == 0) | (there.tokens.kinds == NUMBER)
    hashes, at = np.unique(there.tokens.hashes[loose], return_index=True)
    same = np.full(len(own.numbers), -1)
    if len(hashes):
        place = located(hashes, own.tokens.hashes)
        same = np.where(place >= 0, columns_there[loose][at][place], -1)
    rows = np.where(own.numbers > 0, own.numbers, -1)
    return Words(own.tokens.starts, *(np.asarray(held, np.int32) for held in (rows, columns, same)))


def _table(lexicon: Lexicon | None, which: int, told: Side, columns: Longs) -> Table:
    """What direction `which` of the lexicon says of the words `told`, which are in the other language."""
    known = 0 if lexicon is None else len(lexicon.vocabularies[1 - which].hashes)
    size = max(known, int(columns.max(initial=0))) + 1
    usual = ((np.bincount(columns, minlength=size) + 0.5) / max(len(columns), 1)).astype(np.float32)
    belief, null, kinds = np.full(size, UNKNOWN, np.float32), np.zeros(size, np.float32), np.zeros(size, np.uint8)
    kinds[columns] = told.tokens.kinds
    belief[kinds == NUMBER], belief[kinds == SIGN] = NUMERAL, MARK
    if lexicon is None:
        return Table(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), null, usual, belief)
    cells, vocabulary = lexicon.cells[which], lexicon.vocabularies[1 - which]
    usual[1 : known + 1] = vocabulary.background[1:]
    belief[1 : known + 1] = KNOWN * vocabulary.counts / (vocabulary.counts + HALF)
    null[cells.target[: cells.starts[1]]] = cells.value[: cells.starts[1]]
    return Table(*cells, null, usual, belief)
