"""Rules about pairs of two languages: bounds of signals, by name; what they say of pairs, with reasons."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.parallel.rule_signals import Expected, Floats, signals
from weft.text.pair_signals import Known, Texts, known, measure, texts, units_of

MOST_RULES = 64
"""Rules of a pair of languages: a bit each."""
Masks = npt.NDArray[np.uint64]


class Bound(NamedTuple):
    """A rule: the pair goes where `signal` is below `low` or above `high`; a signal that is NaN judges nothing."""

    name: str
    signal: str
    low: float | None = None
    high: float | None = None


_ANY = Expected()


@dataclass(frozen=True)
class Rules:
    """Bounds for pairs (source, target) of two languages, and what they are measured with.

    `scripts` and `stop_words` are by side; `answers`, where the language of each side is judged, the labels that an
    identifier may give it. `learnt` says from what the bounds were learnt, for people.
    """

    languages: tuple[str, str]
    bounds: tuple[Bound, ...]
    expected: Expected = _ANY
    stop_words: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    answers: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    learnt: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def sides(self) -> tuple[Known, Known]:
        """What the counts need to know of each language."""
        found = [known(scripts_of(self.languages[n]), hashes_of(self.stop_words[n])) for n in range(2)]
        return found[0], found[1]

    @property
    def names(self) -> tuple[str, ...]:
        """Every rule once, in order."""
        return tuple(bound.name for bound in self.bounds)


class Judged(NamedTuple):
    """Of each pair: its signals, and a mask of the rules that refuse it, bit `n` for rule `n`."""

    signals: dict[str, Floats]
    masks: Masks


Answered = Callable[[Texts], npt.NDArray[Any]]
"""Labels of texts by an identifier; None where it gives none."""


def scripts_of(language: str) -> tuple[str, ...]:
    """The script of `swh_Latn`; none of a code without one."""
    script = language.partition("_")[2]
    return (script,) if script else ()


def hashes_of(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Hashes of words that are one unit each."""
    return units_of(texts(pa.array(list(words), pa.large_string()))).hashes


def judge(
    rules: Rules,
    source: Texts,
    target: Texts,
    *,
    answered: Answered | None = None,
    depth: Any = None,
) -> Judged:
    """What the rules say of pairs. `depth` are machine steps from a human text, NaN where nobody knows."""
    more: dict[str, Any] = {} if depth is None else {"depth": depth}
    if answered is not None and rules.answers is not None:
        for side, given, allowed in zip(("source", "target"), (source, target), rules.answers, strict=True):
            more[f"{side}_language"] = _other_language(answered(given), allowed)
    found = signals(measure(source, target, *rules.sides), rules.expected, more)
    return Judged(found, refused(rules.bounds, found))


def refused(bounds: Sequence[Bound], found: Mapping[str, Floats]) -> Masks:
    """A mask for each pair: bit `n` where bound `n` refuses it."""
    size = len(next(iter(found.values())))
    masks = np.zeros(size, np.uint64)
    for place, bound in enumerate(bounds):
        value = found[bound.signal]
        out = np.zeros(size, np.bool_)
        if bound.low is not None:
            out |= value < np.float32(bound.low)
        if bound.high is not None:
            out |= value > np.float32(bound.high)
        masks |= out.astype(np.uint64) << np.uint64(place)
    return masks


def _other_language(labels: npt.NDArray[Any], allowed: Sequence[str]) -> Floats:
    """1 where an identifier says another language, 0 where it says one of these, NaN where it says nothing."""
    there = np.isin(labels.astype(str), list(allowed))
    nothing = np.array([label is None for label in labels], np.bool_)
    return np.where(nothing, np.nan, np.where(there, 0.0, 1.0)).astype(np.float32)
