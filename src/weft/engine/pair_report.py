"""The figures of a report on pairs: files read once, in blocks; counts of everything, and few pairs to show.

`figures` is what `weft pairs report --json` prints and what the page is drawn from.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.engine.multiway_blocks import Group, group_of, pairs_with, pivot_of
from weft.engine.pair_blocks import Layout, pairs_of, places
from weft.engine.pair_lines import in_order
from weft.engine.pair_seen import CHANCES, RULES, SCORES, Judges, Seen, histograms, reasons_of, seen
from weft.errors import WeftError
from weft.parallel.borders import Near
from weft.parallel.coverage import Tally
from weft.parallel.heads import HEADS
from weft.parallel.multiway_files import FIELD
from weft.parallel.negatives import mismatched
from weft.parallel.scorer import auc
from weft.statistics.proportions import wilson

VERSION = 1
Z = 1.96
"""Of the intervals of 95 %."""
Advance = Callable[[int, int, int], None]
"""Told after each block: bytes of the file, pairs and pairs that the rules keep so far."""
Judging = Callable[[tuple[str, str]], Judges]
"""What judges pairs of two languages, given as (source, target) of the file."""


@dataclass(frozen=True)
class Given:
    """A file: its languages, or with none of them multi-way rows, whose `pivot` is paired with each other language."""

    held: Layout
    languages: tuple[str, str] | None = None
    pivot: str | None = None


@dataclass
class Part:
    """Pairs of two languages from one file, and what was seen of them."""

    file: str
    judges: Judges
    seen: Seen


class Report:
    """Figures of files, one after the other."""

    def __init__(self, judging: Judging, workers: int) -> None:
        self._judging = functools.cache(judging)
        self._workers = workers
        self._parts: list[Part] = []
        self._covered = Tally()
        self._groups: list[dict[str, Any]] = []

    def read(self, given: Given, advance: Advance = lambda size, pairs, kept: None) -> None:
        """Read a file. Raises WeftError for one that cannot be read."""
        rows = self._pairs(given) if given.languages is not None else self._multiway(given)
        for pairs, kept, size in rows:
            advance(size, pairs, kept)

    def _pairs(self, given: Given) -> Iterator[tuple[int, int, int]]:
        held, languages = given.held, given.languages
        assert languages is not None
        judges = self._judging(languages)
        part = Part(str(held.file), judges, Seen())
        self._parts.append(part)
        wanted = places(held) if held.format == "tsv" else ()
        for more, size in in_order(held, lambda block: seen(pairs_of(block, held, wanted)[0], judges), self._workers):
            part.seen.add(more, judges)
            yield part.seen.rows, _kept(part.seen), size
        self._covered.add_pairs(judges.languages, part.seen.texts)

    def _multiway(self, given: Given) -> Iterator[tuple[int, int, int]]:
        held = given.held
        pivot = given.pivot or pivot_of(held.file, held)
        parts: dict[str, Part] = {}
        told: Counter[str] = Counter(rows=0, unreadable=0, unknown=0)
        for (group, found), size in in_order(held, lambda block: self._judged(block, pivot), self._workers):
            self._covered.add(group.table)
            told.update(rows=group.rows, unreadable=group.unreadable, unknown=group.unknown)
            for language, more in found.items():
                judges = self._judging((pivot, language))
                part = parts.setdefault(language, Part(str(held.file), judges, Seen()))
                part.seen.add(more, judges)
            counts = [part.seen for part in parts.values()]
            yield sum(one.rows for one in counts), sum(map(_kept, counts)), size
        if not parts:
            raise WeftError(f"{held.file}: no row has a text in {pivot} and one in another language")
        self._groups.append({"file": str(held.file), "pivot": pivot, "column": FIELD, **told})
        self._parts += parts.values()

    def _judged(self, block: Any, pivot: str) -> tuple[Group, dict[str, Seen]]:
        group = group_of(block)
        others = [code for code in group.table.columns if code != pivot] if pivot in group.table.columns else []
        return group, {
            code: seen(pairs_with(group.table, pivot, code), self._judging((pivot, code))) for code in others
        }

    def figures(self) -> dict[str, Any]:
        """Everything that the page says, as JSON has it."""
        return {
            "version": VERSION,
            "pairs": [_part(part) for part in self._parts],
            "groups": self._groups,
            "coverage": self._covered.coverage().to_json(),
        }


def _kept(held: Seen) -> int:
    counted = held.masks.get(RULES) or next(iter(held.masks.values()), Counter())
    return counted[0]


def _share(count: int, of: int) -> dict[str, Any]:
    low, high = wilson(count, of, Z)
    return {"pairs": count, "share": round(count / max(of, 1), 6), "low": round(low, 6), "high": round(high, 6)}


def _part(part: Part) -> dict[str, Any]:
    held, judges = part.seen, part.judges
    judged = held.rows - held.unreadable
    told: dict[str, Any] = {
        "file": part.file,
        "languages": list(judges.languages),
        "turned": judges.turned,
        "read": held.rows,
        "unreadable": held.unreadable,
        "judged": judged,
        "sets": {name: _set(held.masks.get(name, Counter()), judges, name, judged) for name in judges.sets},
    }
    if judges.rules is not None:
        told["beside"] = {name: _beside(held, judges, name) for name in judges.sets if name != RULES}
    told["borders"] = _borders(held, judges)
    if judges.scorer is not None:
        told["scores"] = _scores(held, judges, judged)
    return told


def _by_rule(counted: Mapping[int, int], names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of each rule how many pairs it refuses, and how many it alone does."""
    made = {}
    for place, name in enumerate(names):
        refuses = sum(count for mask, count in counted.items() if mask >> place & 1)
        made[name] = refuses, counted.get(1 << place, 0)
    return made


def _set(counted: Counter[int], judges: Judges, name: str, judged: int) -> dict[str, Any]:
    bounds = judges.sets[name]
    found = _by_rule(counted, [bound.name for bound in bounds])
    rules = []
    for bound in bounds:
        refused, alone = found[bound.name]
        passes = _share(judged - refused, judged)
        about = {"rule": bound.name, "signal": bound.signal, "from": bound.low, "to": bound.high}
        rules.append(about | {"refused": refused, "alone": alone, "passes": passes})
    return {"passes": _share(counted[0], judged), "rules": rules}


def _beside(held: Seen, judges: Judges, name: str) -> dict[str, Any]:
    """The learnt rules and a profile on the same pairs."""
    counted = held.beside.get(name, Counter())
    kept = sum(counted.values())
    profile = held.masks.get(name, Counter())
    found = _by_rule(counted, [bound.name for bound in judges.sets[name]])
    return {
        "both": counted[0],
        "rules_only": kept - counted[0],
        "profile_only": profile[0] - counted[0],
        "neither": sum(profile.values()) - kept - profile[0] + counted[0],
        "refuses_of_kept": {rule: refused for rule, (refused, _) in found.items() if refused},
    }


def _borders(held: Seen, judges: Judges) -> list[dict[str, Any]]:
    made = []
    for (name, edge, kind), refused in held.near.items():
        if kind != "refused" or not refused:
            continue
        names = [bound.name for bound in judges.sets[name]]
        kept = held.near[name, edge, "kept"]
        about = {"set": name, "rule": edge.name, "signal": edge.signal, "side": edge.side, "limit": edge.limit}
        shown = {"kept": kept, "refused": refused}
        made.append(about | {key: [_near(one, names, edge.rule) for one in list_] for key, list_ in shown.items()})
    return made


def _near(one: Near, names: Sequence[str], rule: int) -> dict[str, Any]:
    also = [name for place, name in enumerate(names) if one.mask >> place & 1 and place != rule]
    value = None if not np.isfinite(one.value) else float(f"{one.value:.7g}")
    return {"row": one.row + 1, "value": value, "also": also, "source": one.source, "target": one.target}


def _scores(held: Seen, judges: Judges, judged: int) -> dict[str, Any]:
    """Histograms and reasons of the pairs, and of mismatches made of some of them."""
    scorer = judges.scorer
    assert scorer is not None
    drawn = sorted(held.drawn, key=lambda one: one[1])
    texts = [[one[2] for one in drawn], [one[3] for one in drawn]]
    wrong = mismatched(texts[0], texts[1], np.random.default_rng(judges.seed))
    sides = (wrong.source, wrong.target), (texts[0], texts[1])
    found, right = (scorer.score(*(side[::-1] if judges.scored_turned else side)) for side in sides)
    scores, chances = histograms(found)
    told = {
        "languages": list(scorer.languages),
        "passes": _share(held.passed, judged),
        "mismatches": {"pairs": found.height, "passes": _share(int(found["keep"].sum()), found.height)},
        "reasons": {name: {"pairs": held.reasons[name], "mismatches": reasons_of(found)[name]} for name in HEADS},
        "score": _bins(SCORES, held.scores, scores),
        "probability": _bins(CHANCES, held.chances, chances),
    }
    if judges.rules is not None:
        told["passes_rules_too"] = _share(held.passed_both, judged)
    if found.height:
        told["auc"] = {key: round(auc(right[key].to_numpy(), found[key].to_numpy()), 4) for key in _RANKED}
    return told


_RANKED = ("score", "probability")


def _bins(edges: Any, pairs: Any, mismatches: Any) -> list[dict[str, Any]]:
    """The bins from the first to the last that has any."""
    there = np.flatnonzero(pairs + mismatches)
    if not len(there):
        return []
    return [
        {
            "from": round(float(edges[n]), 4), "to": round(float(edges[n + 1]), 4),
            "pairs": int(pairs[n]), "mismatches": int(mismatches[n]),
        }
        for n in range(there[0], there[-1] + 1)
    ]  # fmt: skip
