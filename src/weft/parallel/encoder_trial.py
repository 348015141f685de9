"""Whether an encoder serves a scorer: it must declare both languages, and beat the lexicon on folds of the seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.parallel.encoding import COLUMNS, Background, Embed, Vectors, meaning
from weft.parallel.evidence import NAMES, Floats
from weft.parallel.heads import LEARNT, Head, weighed
from weft.parallel.negatives import FOLDS, KINDS, folds

MOST_PAIRS = 2_000
"""Pairs of the seed on which an encoder is tried, and its head learnt."""
BACKGROUND = 1_000
"""Pairs among which neighbours are looked for."""
SAMPLES = 1_000
"""Draws of pairs, with what was made of them, for the interval (Efron 1979, percentile)."""
LEAST_SHARE = 0.5
"""Share of the seed's pairs of which both sides need a vector."""
_TOLD, _LEXICAL = LEARNT["mismatch"]
_OWN = tuple(range(len(NAMES), len(NAMES) + len(COLUMNS)))
PATHS: Mapping[str, tuple[int, ...]] = {"lexicon": _LEXICAL, "encoder": _OWN, "both": (*_LEXICAL, *_OWN)}
"""What a mismatch may be told by: columns of evidence, after which stand those of the encoder."""
Calibrate = Callable[[Any, Mapping[str, Any], Mapping[str, Any]], tuple[tuple[float, ...], dict[str, float]]]


@dataclass(frozen=True)
class Trial:
    """An encoder to be tried: what gives vectors, what is kept of it (`name` first of all), codes it declares."""

    embed: Embed
    told: Mapping[str, Any]
    declared: frozenset[str]


@dataclass(frozen=True)
class Either:
    """The head of a pair that has vectors; of one that has none the lexical head speaks, on the scale of the first."""

    head: Head
    lexical: Head

    @property
    def least(self) -> float:
        return self.head.least

    def values(self, seen: Any) -> Floats:
        """One number for each row of evidence, the encoder's columns last: more is better."""
        bare = np.isnan(seen[:, -1])
        steps = self.lexical.margins(self.lexical.values(seen))
        instead = self.head.least + steps * (self.head.usual - self.head.least)
        return np.where(bare, instead, self.head.values(np.where(bare[:, None], 0, seen)))

    def margins(self, values: Floats) -> Floats:
        return self.head.margins(values)


@dataclass(frozen=True)
class Meaning:
    """What a scorer learnt of an encoder that it uses: the head for mismatches, weights of the probability, neighbours,
    and what is known of the encoder."""

    head: Head
    weights: tuple[float, ...]
    background: Background
    told: Mapping[str, Any] = field(default_factory=dict)

    def heads(self, heads: Mapping[str, Head]) -> dict[str, Any]:
        """The heads of a scorer, that of mismatches put in its place."""
        return {**heads, "mismatch": Either(self.head, heads["mismatch"])}

    def widened(self, seen: Any, source: Sequence[str], target: Sequence[str], embed: Embed) -> Any:
        """Evidence with the columns of the encoder behind it."""
        vectors = embed([*source, *target])
        sides = [Vectors(vectors.values[part], vectors.known[part]) for part in _halves(len(source))]
        return np.column_stack([seen, meaning(sides[0], sides[1], self.background)])


def _halves(size: int) -> tuple[slice, slice]:
    return slice(0, size), slice(size, 2 * size)


class _Part(NamedTuple):
    """Pairs of one fold and kind: rows of their evidence, rows of the fold that they were made of, both sides."""

    seen: npt.NDArray[np.int64]
    base: npt.NDArray[np.int64]
    source: list[str]
    target: list[str]


def tried(
    trial: Trial,
    source: Sequence[str],
    target: Sequence[str],
    languages: tuple[str, str],
    right: Any,
    wrong: Mapping[str, Any],
    heads: Mapping[str, Head],
    kept: float,
    seed: int,
    calibrate: Calibrate,
) -> tuple[Meaning | None, dict[str, Any]]:
    """What to use of an encoder, None for nothing, and what is said of that.

    It is used where the area under its curve, alone and on folds that its head has not seen, is above that of the
    lexical head: the mean of mismatches and adjacent texts, the interval of the difference (95 %) above 0. Then the
    head weighs what told more of the two: the encoder's evidence, or both kinds.
    """
    told: dict[str, Any] = {**trial.told, "declares": sorted(trial.declared), "used": False}
    if missing := [code for code in languages if code not in trial.declared]:
        return None, told | {"why": f"it does not declare {' and '.join(missing)}"}
    parts = _chosen(source, target, seed)
    vectors = _Texts(trial.embed)
    vectors.add([part for kind in ("right", *_TOLD) for part in parts[kind]])
    there = [vectors.both(part) for part in parts["right"]]
    share = float(np.concatenate(there).mean())
    told["with_vectors"] = round(share, 4)
    if share < LEAST_SHARE or min(map(np.count_nonzero, there)) < 1:
        return None, told | {"why": f"{share:.0%} of the seed's pairs have vectors; expected {LEAST_SHARE:.0%}"}
    backgrounds = _backgrounds(parts["right"], there, vectors)

    def widened(kind: str) -> list[Any]:
        seen = right if kind == "right" else wrong[kind]
        return [
            np.column_stack([seen[part.seen], meaning(*vectors.sides(part), backgrounds[n])])
            for n, part in enumerate(parts[kind])
        ]

    held = {kind: widened(kind) for kind in ("right", *_TOLD)}
    areas, gains = _compared(parts, held, kept, seed)
    told |= {"pairs": sum(len(part.seen) for part in parts["right"])}
    told |= {"auc": {name: round(value, 4) for name, value in areas.items()}}
    told |= {"gain": [round(value, 4) for value in gains]}
    if gains[0] <= 0:
        said = f"it tells mismatches with AUC {areas['encoder']:.3f}, the lexicon with {areas['lexicon']:.3f}"
        return None, told | {"why": f"{said} (difference {gains[0]:+.4f} to {gains[2]:+.4f})"}
    path = max(("both", "encoder"), key=lambda name: areas[name])
    vectors.add([part for kind, _ in KINDS for part in parts[kind]])
    every = {kind: np.concatenate(widened(kind)) for kind, _ in KINDS}
    own = np.concatenate(held["right"])
    head = _learnt(own, np.concatenate([every[kind] for kind in _TOLD]), path, kept)
    weights, measured = calibrate(own, every, {**heads, "mismatch": Either(head, heads["mismatch"])})
    told |= {"used": True, "by": path, "why": "it beats the lexicon on the seed", "kinds": measured}
    return Meaning(head, weights, backgrounds[-1], told), told


def _chosen(source: Sequence[str], target: Sequence[str], seed: int) -> dict[str, list[_Part]]:
    """Right and wrong pairs of the beginning of each fold, by kind; as many as are tried."""
    parts: dict[str, list[_Part]] = {name: [] for name in ("right", *(kind for kind, _ in KINDS))}
    before = dict.fromkeys(parts, 0)
    for first, last, planted in folds(source, target, seed):
        size = min(last - first, MOST_PAIRS // FOLDS)
        rows = np.arange(size)
        own = slice(first, first + size)
        parts["right"].append(_Part(rows + first, rows, list(source[own]), list(target[own])))
        for name, made in planted.items():
            kept = [n for n, row in enumerate(made.rows) if row < size]
            base = np.array([made.rows[n] for n in kept], np.int64)
            texts = [[side[n] for n in kept] for side in (made.source, made.target)]
            parts[name].append(_Part(np.array(kept, np.int64) + before[name], base, *texts))
            before[name] += len(made.rows)
    return parts


class _Texts:
    """Vectors of texts, each asked for once."""

    def __init__(self, embed: Embed) -> None:
        self._embed, self._place = embed, dict[str, int]()
        self._values: list[Any] = []
        self._known: list[Any] = []

    def add(self, parts: Sequence[_Part]) -> None:
        new = list({t: None for part in parts for t in (*part.source, *part.target) if t not in self._place})
        if new:
            found = self._embed(new)
            self._place |= {text: len(self._place) + n for n, text in enumerate(new)}
            self._values, self._known = [*self._values, found.values], [*self._known, found.known]
            self._values, self._known = [np.concatenate(self._values)], [np.concatenate(self._known)]

    def sides(self, part: _Part) -> tuple[Vectors, Vectors]:
        rows = [[self._place[text] for text in texts] for texts in (part.source, part.target)]
        one, other = (Vectors(self._values[0][own], self._known[0][own]) for own in rows)
        return one, other

    def both(self, part: _Part) -> npt.NDArray[np.bool_]:
        one, other = self.sides(part)
        return one.known & other.known


def _backgrounds(right: Sequence[_Part], there: Sequence[Any], vectors: _Texts) -> list[Background]:
    """For each fold pairs of the others, and for what comes later pairs of all: of each as many, from all over."""
    sides = [vectors.sides(part) for part in right]
    held = [[side.values[have] for side in pair] for pair, have in zip(sides, there, strict=True)]
    counts = [len(one) for one, _ in held]
    size = min(BACKGROUND, *(sum(counts) - count for count in counts))
    made = []
    for left in range(len(right) + 1):
        every = [np.concatenate([pair[n] for k, pair in enumerate(held) if k != left]) for n in range(2)]
        rows = np.arange(size) * len(every[0]) // max(size, 1)
        made.append(Background(every[0][rows], every[1][rows]))
    return made


def _learnt(right: Any, wrong: Any, path: str, kept: float) -> Head:
    """A head by these columns, from pairs that have vectors where it needs them."""
    columns = PATHS[path]
    if _OWN[0] in columns:
        right, wrong = (seen[~np.isnan(seen[:, -1])] for seen in (right, wrong))
    return weighed(right, wrong, columns, kept)


def _compared(
    parts: Mapping[str, Sequence[_Part]], held: Mapping[str, Sequence[Any]], kept: float, seed: int
) -> tuple[dict[str, float], tuple[float, float, float]]:
    """The area of each path, and the encoder's gain over the lexicon with its interval: low, gain, high."""
    random = np.random.default_rng([seed, FOLDS])
    above = {path: np.zeros((len(_TOLD), SAMPLES + 1)) for path in PATHS}
    pairs = np.zeros((len(_TOLD), SAMPLES + 1))
    for fold, own in enumerate(parts["right"]):
        rest = {kind: np.concatenate([s for n, s in enumerate(seen) if n != fold]) for kind, seen in held.items()}
        against = np.concatenate([rest[kind] for kind in _TOLD])
        lexical = _learnt(rest["right"], against, "lexicon", kept)
        size = len(own.seen)
        counts = random.multinomial(size, np.full(size, 1 / size), SAMPLES)
        draws = np.vstack([np.ones(size), counts]).astype(np.float32)  # the first is the seed as it is
        for path in PATHS:
            head: Any = lexical
            if path != "lexicon":
                head = Either(_learnt(rest["right"], against, path, kept), lexical)
            good = head.values(held["right"][fold])
            for k, kind in enumerate(_TOLD):
                bad, base = head.values(held[kind][fold]), parts[kind][fold].base
                better = (good[:, None] > bad).astype(np.float32) + 0.5 * (good[:, None] == bad).astype(np.float32)
                weight = draws[:, base].astype(np.float64)
                above[path][k] += ((draws @ better) * weight).sum(axis=1)
                if path == "lexicon":
                    pairs[k] += draws.sum(axis=1) * weight.sum(axis=1)
    areas = {path: (found / np.maximum(pairs, 1)).mean(axis=0) for path, found in above.items()}
    gain = areas["encoder"] - areas["lexicon"]
    low, high = np.quantile(gain[1:], [0.025, 0.975])
    return {path: float(area[0]) for path, area in areas.items()}, (float(low), float(gain[0]), float(high))
