"""Documents aligned in passes: a lexicon is learnt from what the last pass found, and finds more.

A document is never searched with a lexicon that was learnt from itself: the passes would only confirm each other.
Long documents are cut where an alignment is sure, so that one document alone is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from weft.parallel.alignment import PRIORS, Document, Lengths, Weights, align, lengths_of
from weft.parallel.lexicon import Folding, Lexicon, train
from weft.parallel.lexicon_mixture import mixed
from weft.text.beads import Path
from weft.text.buffers import Longs

FOLDS = 3
"""Parts in which documents are aligned, each by a lexicon of the others."""
SURE = 0.6
"""Beads of at least this probability are learnt from."""
PIECE = 100
"""Beads between two cuts of a long document, at least."""
_CERTAIN = 0.99
LEAST = 20
"""With fewer sure beads nothing is learnt."""

Documents = Sequence[tuple[Document, Document]]
Tell = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


class Seed(NamedTuple):
    """Sentences that translate each other."""

    source: pl.Series
    target: pl.Series


@dataclass(frozen=True)
class How:
    """Languages and foldings of both sides, a seed or a lexicon (or neither), passes that learn, weights, kinds of
    beads. The lexicon is one that was learnt before, from other texts: what passes learn from the seed and the
    documents is added to it."""

    languages: tuple[str, str]
    foldings: tuple[Folding, Folding] = (Folding(), Folding())
    seed: Seed | None = None
    lexicon: Lexicon | None = None
    passes: int = 2
    weights: Weights | None = None
    priors: Mapping[tuple[int, int], float] | None = None


def aligned(documents: Documents, how: How, tell: Tell = lambda what, done, total: None) -> list[Path]:
    """The beads of each pair of documents, in order."""
    lexicon, priors = how.lexicon, how.priors or PRIORS
    if how.seed is not None:
        lexicon = with_known(train(how.seed.source, how.seed.target, how.languages, how.foldings), lexicon)
    lengths = _lengths(documents) if how.seed is None else lengths_of(*how.seed)
    paths = []
    for n, (one, other) in enumerate(documents):
        tell("align", n, len(documents))
        paths.append(align(one, other, lexicon, lengths, how.weights, priors))
    for turn in range(how.passes):
        cuts = [_cuts(path) for path in paths]
        pieces = [
            piece for pair, path, at in zip(documents, paths, cuts, strict=True) for piece in _cut(pair, path, at)
        ]
        found = _passed(pieces, how, priors, partial(tell, f"pass {turn + 1}"))
        if found is None:
            break
        paths, left = [], iter(found)
        for at in cuts:
            paths.append(_put_together([next(left) for _ in range(len(at) - 1)], at))
    tell("align", len(documents), len(documents))
    return paths


def with_known(learnt: Lexicon, known: Lexicon | None) -> Lexicon:
    """What was learnt now, with what was known before."""
    return learnt if known is None else mixed(known, learnt)


def _lengths(documents: Documents) -> Lengths:
    one, other = (sum(float(pair[n].characters.sum()) for pair in documents) for n in range(2))
    return Lengths(other / one) if one and other else Lengths()


def _cuts(path: Path) -> Longs:
    """(cuts + 1, 2): sentences of both sides before each piece, and all; pieces begin within three sure beads."""
    ones = (path.beads[:, 1] == 1) & (path.beads[:, 3] == 1) & (path.probabilities >= _CERTAIN)
    sure = np.flatnonzero(ones[:-2] & ones[1:-1] & ones[2:]) + 1 if len(ones) > 2 else np.empty(0, np.int64)
    chosen, last = [0], 0
    for at in sure.tolist():
        if at - last >= PIECE and len(path.beads) - at >= PIECE // 2:
            chosen.append(at)
            last = at
    whole = [path.beads[:, 1].sum(), path.beads[:, 3].sum()]
    return np.vstack([path.beads[chosen][:, [0, 2]] if len(path.beads) else np.zeros((1, 2), np.int64), [whole]])


class _Piece(NamedTuple):
    pair: tuple[Document, Document]
    sure: tuple[pl.Series, pl.Series]


def _cut(pair: tuple[Document, Document], path: Path, cuts: Longs) -> list[_Piece]:
    """The pieces between cuts, each with the texts of its sure beads."""
    held = (path.beads[:, 1] > 0) & (path.beads[:, 3] > 0) & (path.probabilities >= SURE)
    kept = path.beads[held]
    texts = tuple(joined(pair[n].sentences, kept[:, 2 * n], kept[:, 2 * n + 1]) for n in range(2))
    bounds = np.searchsorted(kept[:, 0], cuts[:, 0])
    made = []
    for k in range(len(cuts) - 1):
        own = tuple(_part(pair[n], int(cuts[k, n]), int(cuts[k + 1, n])) for n in range(2))
        sure = tuple(side[int(bounds[k]) : int(bounds[k + 1])] for side in texts)
        made.append(_Piece((own[0], own[1]), (sure[0], sure[1])))
    return made


def _part(own: Document, first: int, last: int) -> Document:
    part = slice(first, last)
    vectors = None if own.vectors is None else own.vectors[part]
    return Document(own.sentences[part], own.characters[part], own.paragraphs[part], vectors)


def joined(sentences: pl.Series, first: Longs, count: Longs) -> pl.Series:
    """Of each bead its `count` sentences from `first` on as one text, with spaces between; empty where it has none."""
    bead = np.repeat(np.arange(len(first)), count)
    within = np.arange(len(bead)) - np.repeat(np.cumsum(count) - count, count)
    taken = pl.DataFrame({"bead": bead, "text": sentences.gather(np.repeat(first, count) + within)})
    texts = taken.group_by("bead", maintain_order=True).agg(pl.col("text").str.join(" "))
    every = pl.DataFrame({"bead": np.arange(len(first))}).join(texts, on="bead", how="left", maintain_order="left")
    return every["text"].fill_null("")


def _passed(
    pieces: list[_Piece], how: How, priors: Mapping[tuple[int, int], float], tell: Callable[[int, int], None]
) -> list[Path] | None:
    """All pieces again, each fold with a lexicon of the seed and the other folds; none where too little is sure."""
    fold = [n % FOLDS for n in range(len(pieces))]
    found: list[Path | None] = [None] * len(pieces)
    done = 0
    for own in range(min(FOLDS, len(pieces))):
        parts = [piece.sure for piece, n in zip(pieces, fold, strict=True) if n != own]
        parts += [(how.seed.source, how.seed.target)] if how.seed is not None else []
        if sum(len(part[0]) for part in parts) < LEAST:
            return None
        source, target = (pl.concat([part[n].cast(pl.String) for part in parts]) for n in range(2))
        lexicon = with_known(train(source, target, how.languages, how.foldings), how.lexicon)
        lengths = lengths_of(source, target)
        for n, piece in enumerate(pieces):
            if fold[n] == own:
                tell(done, len(pieces))
                found[n] = align(*piece.pair, lexicon, lengths, how.weights, priors)
                done += 1
    return [path for path in found if path is not None]


def _put_together(paths: list[Path], cuts: Longs) -> Path:
    beads = [path.beads + np.array([cuts[k, 0], 0, cuts[k, 1], 0]) for k, path in enumerate(paths)]
    chances = np.concatenate([path.probabilities for path in paths])
    return Path(np.concatenate(beads), chances, sum(path.cost for path in paths))
