"""Heads: what each is there to notice, the evidence that it weighs, and from which value on a pair passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.language.logistic import logistic
from weft.parallel.evidence import NAMES, PLACE, Floats
from weft.parallel.negatives import FOLDS, stretch
from weft.text import linked
from weft.text.piecewise import basis, standardised, sums

_LEXICAL = tuple(range(13))
_ACCOUNTED = tuple(PLACE[f"{name}_{side}"] for name in ("accounted", "mutual") for side in ("source", "target"))
_WHERE = tuple(
    PLACE[name] for name in (*linked.FEATURES[4:], "expected_source", "expected_target", "final", "numbers_ratio")
)
LEARNT: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "mismatch": (("mismatch", "adjacent"), (*_LEXICAL, *_ACCOUNTED)),
    "truncated_source": (
        ("truncated_source_50", "truncated_source_75", "truncated_source_75_marked"),
        (*_LEXICAL, *_ACCOUNTED, *_WHERE),
    ),
    "truncated_target": (
        ("truncated_target_50", "truncated_target_75", "truncated_target_75_marked"),
        (*_LEXICAL, *_ACCOUNTED, *_WHERE),
    ),
}
"""Heads that weigh several columns of evidence: the kinds of wrong pairs that they learn from, and the columns."""
READ: dict[str, tuple[str, float]] = {
    "number": ("numbers", 1.0),
    "copy": ("copied", -1.0),
    "fluency_source": ("surprise_source", -1.0),
    "fluency_target": ("surprise_target", -1.0),
}
"""Heads that read one column, and whether more of it is better."""
HEADS = (*LEARNT, *READ)
"""Reason codes of pairs that do not pass."""
RIGHT = "right"
"""What the kind of pairs without a mistake is called."""
_STEADY = "mismatch"
_KNOTS = (-2.0, -1.0, 0.0, 1.0)
"""In standard deviations of right pairs: where the line that a column of evidence adds may bend."""
_PENALTY, _BENT_PENALTY = 1e-3, 64.0
"""Of a linear sum, whatever there is to learn from; of one that bends, with its hundreds of weights, for each row."""
_MOST_STEPS = 4.0
_FEW_STEPS = 2
"""Of Newton's method, from the weights that all pairs gave to those of four fifths of them."""
_OUTLIER = 6.0
"""In robust standard deviations (1.4826 median absolute deviations) below the middle of right pairs."""
_REFUSED, _LEAST_KEPT = 0.5, 0.95
"""A head that refuses less than this share of the mistakes it is for is raised, as long as so many right pairs pass."""
_NEARLY_ALL = 0.99
"""A head that refuses more mistakes than these with room to spare is lowered."""
_FARTHEST = 5.0
"""In standard deviations of right pairs: what is further away says no more."""


@dataclass(frozen=True)
class Head:
    """A sum over standardised evidence, and the least value with which a pair passes.

    `weights` are a constant, then of each column one for itself and one for what it has above each of `knots`, then,
    if `products`, one for each two columns (`piecewise.basis`). `usual` is the value of the middle one of right pairs.
    """

    columns: tuple[int, ...]
    middle: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    least: float
    usual: float = 1.0
    knots: tuple[float, ...] = ()
    products: bool = False

    def margins(self, values: Floats) -> Floats:
        """Values as steps from the least (0) to the usual one (1), cut at four either way."""
        return np.clip((values - self.least) / max(self.usual - self.least, 1e-6), -_MOST_STEPS, _MOST_STEPS)

    def values(self, seen: Any) -> Floats:
        """One number for each row of evidence (pairs, 29): more is better."""
        return sums(
            _standardised(seen, self.columns, self.middle, self.spread), self.knots, self.products, self.weights
        )

    def to_json(self) -> dict[str, Any]:
        return {name: list(held) if isinstance(held, tuple) else held for name, held in self.__dict__.items()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Head:
        columns, middle, spread, weights = (tuple(told[n]) for n in ("columns", "middle", "spread", "weights"))
        bends = tuple(told["knots"]), bool(told["products"])
        return cls(columns, middle, spread, weights, float(told["least"]), float(told["usual"]), *bends)


def _standardised(seen: Any, columns: tuple[int, ...], middle: Any, spread: Any) -> Floats:
    """(pairs, columns): the evidence in standard deviations of right pairs.

    Cut at five where several columns are weighed; cut by itself, a column that is nearly always 0 (copied words) would
    have a whole copy and two names in one place.
    """
    return standardised(seen, columns, middle, spread, _FARTHEST if len(columns) > 1 else np.inf)


class Learnt(NamedTuple):
    """Heads, and what they say of what they were learnt from, each fold by heads that had not seen it.

    `values` are by kind, RIGHT or that of a mistake, then by head.
    """

    heads: dict[str, Head]
    values: dict[str, dict[str, Floats]]


def learn(right: Any, wrong: Mapping[str, Any], kept: float) -> Learnt:
    """All heads from evidence of right pairs and of wrong ones by kind, in the order of their documents.

    Each lets `kept` of the right pass, of pairs that it has not seen.
    """
    seen = {RIGHT: right, **wrong}
    heads: dict[str, Head] = {}
    values: dict[str, dict[str, Floats]] = {kind: {} for kind in seen}
    for name in LEARNT:
        whole = _fitted(name, seen)
        parts: dict[str, list[Floats]] = {kind: [] for kind in seen}
        for fold in range(FOLDS):
            places = {kind: slice(*stretch(len(rows), fold)) for kind, rows in seen.items()}
            own = _fitted(name, {kind: np.delete(rows, places[kind], axis=0) for kind, rows in seen.items()}, whole)
            for kind, rows in seen.items():
                parts[kind].append(own.head.values(rows[places[kind]]))
        for kind, found in parts.items():
            values[kind][name] = np.concatenate(found)
        # Pairs that a head was learnt from have more than others, but where nothing tells anything, all have the same.
        head = _limited(whole.head, whole.head.values(right), kept)
        heads[name] = replace(head, least=min(head.least, _limited(head, values[RIGHT][name], kept).least))
    for name, (column, sign) in READ.items():
        middle, spread = _scale(right, (PLACE[column],))
        head = Head((PLACE[column],), middle, spread, (0.0, sign), 0.0)
        for kind, rows in seen.items():
            values[kind][name] = head.values(rows)
        head = _limited(head, values[RIGHT][name], kept)
        heads[name] = _moved(head, values[RIGHT][name], values[name][name]) if name in wrong else head
    return Learnt(heads, values)


class _Fitted(NamedTuple):
    """A head that lets all pass, and the weights of what bends in it: where to begin with nearly the same pairs."""

    head: Head
    bent: npt.NDArray[np.float32]


def _fitted(name: str, seen: Mapping[str, Any], near: _Fitted | None = None) -> _Fitted:
    kinds, columns = LEARNT[name]
    wrong = np.concatenate([seen[kind] for kind in kinds])
    return _weighed(seen[RIGHT], wrong, columns, name == _STEADY, near)


def weighed(right: Any, wrong: Any, columns: tuple[int, ...], kept: float) -> Head:
    """A head for mismatches by these columns of evidence; it lets `kept` of these right pairs pass."""
    head = _weighed(right, wrong, columns, steady=True).head
    return _limited(head, head.values(right), kept)


def _weighed(right: Any, wrong: Any, columns: tuple[int, ...], steady: bool, near: _Fitted | None = None) -> _Fitted:
    """A head that weighs columns so that right pairs have more; from where one of nearly the same pairs is, if given.

    A `steady` one adds up two sums, a linear one and one that bends. The second tells what is nearly right better, the
    first what has nothing in common.
    """
    middle, spread = _scale(right, columns)
    held = _standardised(np.concatenate([right, wrong]), columns, middle, spread)
    known = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    weight = np.where(known == 1, 0.5 / len(right), 0.5 / max(len(wrong), 1))
    rows, penalty = basis(held, _KNOTS, products=True), _BENT_PENALTY / len(held)
    start, steps = (None, 30) if near is None else (near.bent, _FEW_STEPS)
    bent = logistic(rows, known, weight, penalty, scaled=False, start=start, steps=steps)
    weights = bent.copy()
    if steady:
        own = np.append(0, 1 + np.arange(len(columns)) * (1 + len(_KNOTS)))
        weights[own] += logistic(rows[:, own], known, weight, _PENALTY, scaled=False)
    head = Head(columns, middle, spread, tuple(map(float, weights)), 0.0, knots=_KNOTS, products=True)
    return _Fitted(head, bent)


def _scale(right: Any, columns: tuple[int, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    held = np.asarray(right, np.float64)[:, list(columns)]
    return tuple(held.mean(axis=0).tolist()), tuple(np.maximum(held.std(axis=0), 1e-6).tolist())


def _limited(head: Head, right: Floats, kept: float) -> Head:
    """The head with a least value that lets `kept` of right pairs with these values pass."""
    values = np.sort(right)
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    if spread > 0:
        # A seed has wrong pairs too: a line in another language must not say what passes as this one.
        values = values[values >= middle - _OUTLIER * spread]
    least = values[int(len(values) * (1 - kept))]
    return replace(head, least=float(least), usual=float(middle))


def _moved(head: Head, right: Floats, wrong: Floats) -> Head:
    """The head, or one with a least value that a seed with mistakes of this kind shows to be better.

    It goes down to the middle between where it is and where nearly all mistakes are refused, so that names on both
    sides are no copy. It goes up where it would let most mistakes pass: to the value that tells right from wrong pairs
    best (Youden 1950) of those that at least `_LEAST_KEPT` of the right ones have.
    """
    values, against = np.sort(right), np.sort(wrong)
    if not len(against):
        return head
    enough = float(against[int((len(against) - 1) * _NEARLY_ALL)])
    if enough < head.least:
        return replace(head, least=(enough + head.least) / 2)
    if np.searchsorted(against, head.least) >= _REFUSED * len(against):
        return head
    steps = np.unique(values)
    passed = 1 - np.searchsorted(values, steps) / len(values)
    refused = np.searchsorted(against, steps) / len(against)
    gain = np.where(passed >= _LEAST_KEPT, passed + refused, 0)
    return replace(head, least=float(steps[int(np.argmax(gain))]))


def describe() -> dict[str, list[str]]:
    """Names of the evidence that each head weighs."""
    return {name: [NAMES[column] for column in columns] for name, (_, columns) in LEARNT.items()} | {
        name: [column] for name, (column, _) in READ.items()
    }
