"""Rules in a file: JSON that people can read and change, with rules for any number of pairs of languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weft.errors import WeftError, nearest
from weft.parallel.rule_names import SIGNALS
from weft.parallel.rule_signals import Expected
from weft.parallel.rules import MOST_RULES, Bound, Rules

_KIND, _VERSION = "weft pair rules", 1


def pair_name(languages: tuple[str, str]) -> str:
    """`eng_Latn-swh_Latn`."""
    return "-".join(languages)


def save(file: Path, rules: Mapping[str, Rules]) -> None:
    """Write rules by `pair_name`; raises WeftError where the file cannot be written."""
    held = {"kind": _KIND, "version": _VERSION, "pairs": {name: _to_json(one) for name, one in rules.items()}}
    try:
        file.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise WeftError(f"{file}: cannot be written: {error.strerror or error}") from error


def load(file: Path) -> dict[str, Rules]:
    """The rules of a file by `pair_name`; raises WeftError for what is none, naming the place."""
    try:
        held = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected rules of pairs") from error
    except ValueError as error:
        raise WeftError(f"{file}: no JSON: {error}; expected what weft pairs learn-rules writes") from None
    if not isinstance(held, dict) or held.get("kind") != _KIND or not isinstance(held.get("pairs"), dict):
        raise WeftError(f"{file}: no rules of pairs; expected what weft pairs learn-rules writes")
    if held.get("version") != _VERSION:
        raise WeftError(f"{file}: version {held.get('version')} of the rules; expected {_VERSION}")
    return {name: _of_json(one, f"{file}: {name}") for name, one in held["pairs"].items()}


def of_pair(rules: Mapping[str, Rules], languages: tuple[str, str]) -> tuple[Rules, bool] | None:
    """The rules of two languages, and whether they are for the other direction; None where there are none."""
    for turned in (False, True):
        found = rules.get(pair_name(languages[::-1] if turned else languages))
        if found is not None:
            return found, turned
    return None


def _to_json(rules: Rules) -> dict[str, Any]:
    bounds = {}
    for bound in rules.bounds:
        limits = {"low": bound.low, "high": bound.high}
        bounds[bound.name] = {"signal": bound.signal} | {k: _short(v) for k, v in limits.items() if v is not None}
    held: dict[str, Any] = {"languages": list(rules.languages), "rules": bounds}
    held["expected"] = {name: _short(value) for name, value in rules.expected._asdict().items()}
    held["stop_words"] = [list(words) for words in rules.stop_words]
    if rules.answers is not None:
        held["identified_as"] = [list(labels) for labels in rules.answers]
    return held | {"learnt": dict(rules.learnt)}


def _short(value: float) -> float:
    return float(f"{value:.9g}")


def _of_json(held: Any, where: str) -> Rules:
    try:
        source, target = (str(code) for code in held["languages"])
        bounds = [_bound(name, one, where) for name, one in held["rules"].items()]
        stop = [tuple(str(word) for word in words) for words in held.get("stop_words", [[], []])]
        given = held.get("identified_as")
        answers = None if given is None else (tuple(given[0]), tuple(given[1]))
        expected = Expected(**{name: float(value) for name, value in held.get("expected", {}).items()})
        if len(bounds) > MOST_RULES:
            raise WeftError(f"{where}: {len(bounds)} rules; expected at most {MOST_RULES}")
        return Rules((source, target), tuple(bounds), expected, (stop[0], stop[1]), answers, held.get("learnt", {}))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        message = f"{type(error).__name__}: {error}"
        raise WeftError(f"{where}: not as rules are: {message}; expected what weft pairs learn-rules writes") from None


def _bound(name: str, held: Any, where: str) -> Bound:
    signal = str(held["signal"])
    if signal not in SIGNALS:
        raise WeftError(f"{where}: rule {name}: no signal {signal}{nearest(signal, SIGNALS)}")
    low, high = held.get("low"), held.get("high")
    if low is None and high is None:
        raise WeftError(f"{where}: rule {name}: no bound; expected low, high, or both")
    return Bound(str(name), signal, None if low is None else float(low), None if high is None else float(high))
