"""The numbers that rules about pairs judge, by name: ratios and differences of the counts of `text.pair_signals`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.parallel.rule_names import SIGNALS
from weft.text.pair_characters import EXCLAMATION, QUESTION, STOP
from weft.text.pair_signals import COLUMNS

Floats = npt.NDArray[Any]

_FEWEST_UNITS, _FEWEST_LISTED, _FEWEST_CASED, _FEWEST_SCRIPTED = 4, 8, 10, 5
"""Units of which a copy or a repetition, of which stop words, and letters of which case and script are judged."""


class Expected(NamedTuple):
    """What good pairs have: units and characters (no white space) of the target for one of the source, stop words for
    each unit of a side."""

    units: float = 1.0
    characters: float = 1.0
    source_stop_words: float = 0.0
    target_stop_words: float = 0.0


def signals(counts: Floats, expected: Expected, more: Mapping[str, Any] | None = None) -> dict[str, Floats]:
    """SIGNALS of pairs with these counts (`text.pair_signals.measure`); `more` are those that no count gives.

    `length_units` and `length_characters` are distances from the expected length in units of its square root
    (Gale and Church 1993): z = (t - c s) / sqrt(t + c s + 1). `stop_words_z` is the distance of the count of stop words
    from the expected one in standard deviations of a binomial count, plus one in the root.
    """
    held = dict(zip(COLUMNS, np.ascontiguousarray(counts.T), strict=True))
    made: dict[str, Floats] = {"units": np.minimum(held["source_units"], held["target_units"])}
    for side in ("source", "target"):
        made |= {f"{side}_{name}": value for name, value in _of_side(held, side, expected).items()}
    for name in ("units", "characters"):
        usual = held[f"source_{name}"] * np.float32(getattr(expected, name))
        there = held[f"target_{name}"]
        made[f"length_{name}"] = (there - usual) / np.sqrt(there + usual + 1)
    made["ratio_tokens"] = _ratio(held["source_tokens"], held["target_tokens"])
    made["ratio_length"] = _ratio(held["source_length"], held["target_length"])
    left = held["source_numbers_left"], held["target_numbers_left"]
    made["numbers_differ"], made["numbers_missing"] = np.minimum(*left), np.maximum(*left)
    there = held["source_numbers"] + held["target_numbers"]
    made["numbers_ratio"] = 1 - (left[0] + left[1]) / np.maximum(there, 1)
    made["ending"] = _endings(held["source_ending"], held["target_ending"])
    made["english_stops"] = _english_stops(held["source_english_stops"], held["target_english_stops"])
    for name in ("addresses", "markup"):
        made[name] = np.abs(held[f"source_{name}"] - held[f"target_{name}"])
    for name in ("copied", "same"):
        made[name] = _where(held["target_units"] >= _FEWEST_UNITS, held[name])
    cased = np.minimum(held["source_cased"], held["target_cased"]) >= _FEWEST_CASED
    shares = [held[f"{side}_upper"] / np.maximum(held[f"{side}_cased"], 1) for side in ("source", "target")]
    made["casing"] = _where(cased, np.abs(shares[0] - shares[1]))
    unknown = np.full(len(counts), np.nan, np.float32)
    given = {name: np.asarray(value, np.float32) for name, value in (more or {}).items()}
    return {name: made[name] if name in made else given.get(name, unknown) for name in SIGNALS}


def _of_side(held: dict[str, Floats], side: str, expected: Expected) -> dict[str, Floats]:
    """Of one side, by the names of `rule_names`."""
    of = {name.removeprefix(f"{side}_"): value for name, value in held.items() if name.startswith(f"{side}_")}
    characters, tokens = np.maximum(of["characters"], 1), np.maximum(of["tokens"], 1)
    usual = np.float32(getattr(expected, f"{side}_stop_words"))
    spread = np.sqrt(of["units"] * usual * (1 - usual) + 1)
    return {
        "units": of["units"],
        "signs": of["signs"] / characters,
        "digits": of["digits"] / characters,
        "script": _where(of["scripted"] >= _FEWEST_SCRIPTED, of["in_script"] / np.maximum(of["scripted"], 1)),
        "stop_words": _where(of["units"] >= _FEWEST_LISTED, of["listed"] / np.maximum(of["units"], 1)),
        "stop_words_z": _where(of["units"] >= _FEWEST_LISTED, (of["listed"] - usual * of["units"]) / spread),
        "repeated": _where(of["trigrams"] >= _FEWEST_UNITS, of["repeated"] / np.maximum(of["trigrams"], 1)),
        "run": of["run"],
        "longest_word": of["longest_word"],
        "mojibake": of["mojibake"],
        "tokens": of["tokens"],
        "longest_token": of["longest_token"],
        "mean_token": of["characters"] / tokens,
        "letters_of_all": _where(of["length"] > 0, of["alphabetic"] / np.maximum(of["length"], 1)),
        "length": of["length"],
        "tags": of["markup"],
    }


def _where(known: npt.NDArray[np.bool_], value: Floats) -> Floats:
    return np.where(known, value, np.float32(np.nan))


def _ratio(one: Floats, other: Floats) -> Floats:
    """The larger by the smaller; infinite where only one is 0, 0 where both are."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    found = high / np.maximum(low, 1)
    return np.where((low == 0) & (high > 0), np.float32(np.inf), found).astype(np.float32)


def _endings(source: Floats, target: Floats) -> Floats:
    """How far marks at the end are apart.

    0: the same class, or a full stop and no mark; 1: a comma or the like beside a full stop or no mark; 2: an
    exclamation beside anything else; 3: a question beside what is none.
    """
    apart = np.where(source == target, 0, 1).astype(np.float32)
    light = ((source == 0) & (target == STOP)) | ((source == STOP) & (target == 0))
    apart[light] = 0
    for kind, value in ((EXCLAMATION, 2), (QUESTION, 3)):
        apart[(source == kind) != (target == kind)] = value
    return apart


def _english_stops(source: Floats, target: Floats) -> Floats:
    """Penalty for `.?!…` of which one side has more, or a side has several (Vázquez et al. 2019); below 0."""
    penalty = np.abs(source - target) + np.maximum(source - 1, 0) + np.maximum(target - 1, 0)
    return np.asarray(-np.log(penalty + 1), np.float32)
