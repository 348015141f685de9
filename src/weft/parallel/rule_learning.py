"""Thresholds learnt from pairs that are trusted: what hardly any of them exceeds is refused.

Each bound is a percentile; where few pairs lie beyond it, the tail is taken to be exponential from the 95th percentile
on (peaks over a threshold, Pickands 1975), so that 300 pairs give no tighter bounds than 3,000. All rules together may
refuse only so many of the pairs they were not learnt from: a percentile that refuses more is moved outward.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError
from weft.parallel.rule_signals import Expected, Floats, signals
from weft.parallel.rules import Answered, Bound, Rules, hashes_of, refused, scripts_of
from weft.text.pair_signals import COLUMNS, Texts, known, measure, units_of

TAILS = (0.01, 0.005, 0.0035, 0.0025, 0.0015, 0.001, 0.0007, 0.0005, 0.0003, 0.0002, 0.0001)
"""Shares beyond a bound that are tried, the tightest first: 0.5 and 99.5 per cent, as in Alibaba's filters (WMT20)."""
STOP_WORDS = 50
FEWEST = 100
"""Pairs from which anything is learnt."""
_TAIL_FROM = 0.95
_FOLDS = 4
_OTHER_ANSWERS = 0.002
"""Share of the answers of an identifier to good texts that are taken for mistakes."""


class Learnt(NamedTuple):
    """A rule whose bounds are learnt: its signal, the tightest bound it may get on each side, and the largest share
    of good pairs that it may cost on each."""

    name: str
    signal: str
    low: float | None = None
    high: float | None = None
    most: float = 0.0007


LEARNT = (
    Learnt("numbers_differ", "numbers_differ", high=0, most=0.01),
    Learnt("copied", "copied", high=0.8),
    Learnt("source_script", "source_script", low=0.8, most=0.0015),
    Learnt("target_script", "target_script", low=0.8, most=0.0015),
    Learnt("source_stop_words", "source_stop_words_z", low=-3, most=0.0015),
    Learnt("target_stop_words", "target_stop_words_z", low=-3, most=0.0015),
    Learnt("source_mojibake", "source_mojibake", high=0),
    Learnt("target_mojibake", "target_mojibake", high=0),
    Learnt("length_characters", "length_characters", -2.5, 2.5, most=0.0015),
    Learnt("length_units", "length_units", -2.0, 2.0, most=0.0015),
    Learnt("numbers_missing", "numbers_missing", high=1),
    Learnt("ending", "ending", high=1),
    Learnt("addresses", "addresses", high=0),
    Learnt("markup", "markup", high=0),
    Learnt("casing", "casing", high=0.3),
    Learnt("source_repeated", "source_repeated", high=0.1),
    Learnt("target_repeated", "target_repeated", high=0.1),
    Learnt("source_run", "source_run", high=4),
    Learnt("target_run", "target_run", high=4),
    Learnt("source_signs", "source_signs", high=0.2),
    Learnt("target_signs", "target_signs", high=0.2),
    Learnt("source_digits", "source_digits", high=0.3),
    Learnt("target_digits", "target_digits", high=0.3),
    Learnt("source_long_word", "source_longest_word", high=20),
    Learnt("target_long_word", "target_longest_word", high=20),
    Learnt("source_too_long", "source_units", high=150),
    Learnt("target_too_long", "target_units", high=150),
)
"""The rules that are learnt, those first that get the tightest percentiles; and how tight a bound can be: a seed of a
few thousand plain sentences has no addresses and no long ones, and says little of what else a language has."""
FIXED = (Bound("empty", "units", low=1), Bound("same", "same", high=0.5))
"""What no pair may be, whatever the seed has: without a word or number, or a copy of four words or more."""
_LANGUAGES = tuple(Bound(f"{side}_language", f"{side}_language", high=0.5) for side in ("source", "target"))


def learn(
    source: Texts,
    target: Texts,
    languages: tuple[str, str],
    *,
    keep: float = 0.993,
    answered: Answered | None = None,
) -> Rules:
    """Rules that a share `keep` of such pairs pass, as far as parts of the pairs tell that others were learnt from.

    Pairs that FIXED refuses teach nothing. Raises WeftError where fewer than FEWEST are left, and where there are not
    as many texts of each side.
    """
    count = len(source.begins)
    if count != len(target.begins):
        raise WeftError(f"{count} texts of {languages[0]} and {len(target.begins)} of {languages[1]}; expected pairs")
    words = (frequent_units(source), frequent_units(target))
    sides = [known(scripts_of(code), hashes_of(listed)) for code, listed in zip(languages, words, strict=True)]
    counts = measure(source, target, *sides)
    good = refused(FIXED, signals(counts, Expected())) == 0
    if good.sum() < FEWEST:
        raise WeftError(f"{count} pairs, of which {good.sum()} can teach rules; expected {FEWEST} or more")
    counts = counts[good]
    tails, passed = _chosen(counts, keep)
    expected = expected_from(counts)
    found = signals(counts, expected)
    bounds = [*FIXED, *(learnt_bound(rule, found, tail) for rule, tail in zip(LEARNT, tails, strict=True))]
    allowed = None
    if answered is not None:
        allowed = (_usual(answered(source)[good]), _usual(answered(target)[good]))
        bounds += _LANGUAGES
    said = {
        "pairs": count,
        "refused": count - int(good.sum()),
        "wanted": keep,
        "passed": round(passed, 4),
        "tails": dict(zip((rule.name for rule in LEARNT), tails, strict=True)),
    }
    return Rules(languages, tuple(bounds), expected, words, allowed, said)


def _chosen(counts: Floats, keep: float) -> tuple[list[float], float]:
    """A tail for each rule of LEARNT, and the share of pairs that passes all rules as learnt from the other folds.

    Each rule begins with the widest bounds; in their order they get the tightest ones under which `keep` still pass.
    """
    fold = np.arange(len(counts)) * _FOLDS // len(counts)
    out = np.zeros((len(LEARNT), len(TAILS), len(counts)), np.bool_)
    for n in range(_FOLDS):
        rest, own = counts[fold != n], fold == n
        expected = expected_from(rest)
        learnt, unseen = signals(rest, expected), signals(counts[own], expected)
        for place, rule in enumerate(LEARNT):
            for number, tail in enumerate(TAILS):
                out[place, number, own] = refused([learnt_bound(rule, learnt, tail)], unseen) != 0
    chosen = [len(TAILS) - 1] * len(LEARNT)
    total = out[:, -1].sum(axis=0)
    for place, rule in enumerate(LEARNT):
        others = total - out[place, -1]
        for number in range(len(TAILS)):
            if TAILS[number] <= rule.most and ((others + out[place, number]) == 0).mean() >= keep:
                chosen[place], total = number, others + out[place, number]
                break
    return [TAILS[number] for number in chosen], float((total == 0).mean())


def expected_from(counts: Floats) -> Expected:
    """What pairs with these counts have, all together."""
    of = dict(zip(COLUMNS, counts.sum(axis=0, dtype=np.float64), strict=True))
    lengths = (float(of[f"target_{n}"] / max(of[f"source_{n}"], 1)) for n in ("units", "characters"))
    shares = (float(of[f"{side}_listed"] / max(of[f"{side}_units"], 1)) for side in ("source", "target"))
    return Expected(*lengths, *shares)


def learnt_bound(rule: Learnt, found: dict[str, Floats], tail: float) -> Bound:
    """The bound of a rule beyond which a share `tail` of pairs with these signals is expected, on each side."""
    values = found[rule.signal]
    values = values[~np.isnan(values)].astype(np.float64)
    low = None if rule.low is None else min(rule.low, -_upper(-values, tail))
    high = None if rule.high is None else max(rule.high, _upper(values, tail))
    return Bound(rule.name, rule.signal, low, high)


def _upper(values: npt.NDArray[Any], tail: float) -> float:
    """The value that a share `tail` is expected to exceed: at least that which it does exceed; -inf without values."""
    if not len(values):
        return -np.inf
    from_here = np.quantile(values, _TAIL_FROM, method="higher")
    beyond = values[values > from_here] - from_here
    reached = float(np.quantile(values, 1 - tail, method="higher"))
    if not len(beyond):
        return reached
    share = len(beyond) / len(values)
    return max(reached, float(from_here + beyond.mean() * np.log(max(share / tail, 1.0))))


def frequent_units(texts: Texts) -> tuple[str, ...]:
    """The STOP_WORDS units of most occurrences, as they stand where they are first met, most frequent first."""
    found = units_of(texts)
    hashes, first, counts = np.unique(found.hashes, return_index=True, return_counts=True)
    words = hashes != 0
    hashes, first, counts = hashes[words], first[words], counts[words]
    made = []
    for place in np.lexsort((first, -counts))[:STOP_WORDS]:
        row = found.rows[first[place]]
        text = bytes(texts.data[texts.begins[row] : texts.ends[row]]).decode("utf-8", "replace")
        begin, end = found.places[first[place]]
        made.append(text[begin:end].strip().lower())
    return tuple(made)


def _usual(labels: npt.NDArray[Any]) -> tuple[str, ...]:
    """The labels that an identifier gives to all but a share _OTHER_ANSWERS of texts, most frequent first."""
    counted: Counter[str] = Counter(label for label in labels if label is not None)
    whole, held, made = sum(counted.values()), 0, []
    for label, count in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        if held >= (1 - _OTHER_ANSWERS) * whole:
            break
        made.append(label)
        held += count
    return tuple(made)
