"""What `weft synthesize` says when it has run, and what an estimate says before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weft.cli import show
from weft.report.synthesis_words import STATES, labelled, unjudged

_SHOWN = 3
"""Reasons of a step that are named."""
_LANGUAGES = 6
_COUNTS = ("calls", "answered", "tokens_in", "tokens_out")


def funnel(held: Mapping[str, Any]) -> None:
    """Parents, records, and what was released, by step; below it why documents gave none and records were left out."""
    rows, told = [], []
    for name, step in zip(labelled(held["steps"]), held["steps"], strict=True):
        cost = _amount(step["cost"]) if step["calls"] else ""
        rows.append((name, step["parents"], step["calls"], cost, step["made"], step["released"]))
        reasons = dict(step["no_record"]) | ({"error": step["errors"]} if step["errors"] else {})
        if reasons:
            count, without = show.counted(step["parents"], "document"), sum(reasons.values())
            amount = f"no record {without:,} times, of" if step["made"] else "no record of"
            told.append(f"{name}: {amount} {count}: {_worst(reasons)}")
        if step["rejected"]:
            told.append(f"{name}: left out {sum(step['rejected'].values()):,}: {_worst(step['rejected'])}")
    names = ("step", "parents", "calls", f"cost {held['currency'] or ''}".rstrip(), "made", "released")
    show.table(names, rows, right=frozenset(range(1, 6)), whole=frozenset({0}))
    for line in told:
        show.say(line)


def _worst(counts: Mapping[str, int]) -> str:
    worst = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = ["…"] if len(worst) > _SHOWN else []
    return ", ".join([*(f"{name} {count:,}" for name, count in worst[:_SHOWN]), *more])


def _amount(cost: float | None) -> str:
    return "unknown" if cost is None else f"{cost:,.4f}"


def remarks(held: Mapping[str, Any], lost: int, target: object) -> None:
    """What the table does not show; `lost` are files and records that gave no document."""
    if unasked := held["unasked"]:
        show.say(
            f"The budget is spent: {unasked:,} documents are not done. With a larger one the same command goes on."
        )
    _judges(held["judges"], held["currency"] or "")
    if held["denied"]:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(held["denied"].items()))
        show.say(f"Not used, as nobody allows it: {told}.")
    _unjudged(held)
    if lost:
        show.say(f"{lost:,} files or records gave no document: weft errors {target}")
    if held["errors"]:
        show.say(f"{show.counted(held['errors'], 'error')}: weft errors {target}")
    if held["stand_in"]:
        show.say("Some records are of the stand-in server (weft-fake): they are for trials and no training data.")
    _people(held["people"], target)


def _judges(judges: Mapping[str, Any], currency: str) -> None:
    if judges["calls"]:
        cost = "at an unknown price" if judges["cost"] is None else f"for {judges['cost']:,.4f} {currency}"
        calls, unrated = show.counted(judges["calls"], "call"), judges["unrated"]
        show.say(f"Judges: {calls} {cost.rstrip()}; {unrated:,} parts got no rating.")
    if judges["unasked"]:
        show.say(
            f"The budget is spent: {judges['unasked']:,} records were not judged, and are left out until they are."
        )


def _unjudged(held: Mapping[str, Any]) -> None:
    """The gates that judged nothing in a language."""
    found = unjudged(held.get("gates") or {})
    if found:
        told = [f"{code} ({', '.join(gates)})" for code, gates in list(found.items())[:_LANGUAGES]]
        more = f" and {len(found) - _LANGUAGES} more languages" if len(found) > _LANGUAGES else ""
        show.say(
            f"Not judged, mostly as there is too little text by people: {', '.join(told)}{more}. "
            "synthesis.trusted names more of it."
        )


def _people(people: Mapping[str, Any], target: object) -> None:
    """What people said of each recipe and language, and what waits for them."""
    if acceptance := people.get("acceptance"):
        rows = []
        for one in acceptance:
            rate = "" if one["rate"] is None else f"{one['rate']:.0%}"
            interval = "" if one["low"] is None else f"{one['low']:.0%} to {one['high']:.0%}"
            name = one["recipe"].removeprefix("synthesize.")
            rows.append((name, one["language"], one["rated"], one["tasks"], rate, interval, STATES[one["state"]]))
        names = ("rated by people", "language", "rated", "of", "accepted", "95 % interval", "state")
        show.table(names, rows, right=frozenset({2, 3, 4, 5}), whole=frozenset({0, 1}))
    if other := people.get("unmatched"):
        show.say(
            f"{other:,} of {show.counted(people['judgements'], 'judgement')} are of no task of this draw, and count "
            "for nothing: records, synthesis.people.sample or the seed changed since. "
            f"Rate {target}/people/tasks.jsonl."
        )
    if people["tasks"]:
        show.say(f"For people to rate: {people['tasks']:,} tasks in {target}/people/tasks.jsonl")


def estimated(held: Mapping[str, Any], sample: int, over: Mapping[str, tuple[float, float]]) -> None:
    """What every step would ask and cost, all together, and what of it the budget does not allow.

    `over` has what the estimate takes and what the budget has left, by the budget's name.
    """
    counts = [name for name in _COUNTS if name != "answered" or any(step[name] for step in held["steps"])]
    rows: list[tuple[Any, ...]] = []
    for name, step in zip(labelled(held["steps"]), held["steps"], strict=True):
        costs = (_amount(step["cost"]), _amount(step["most"]))
        rows.append((name, step["documents"], *(step[one] for one in counts), *costs))
    sums = [sum(step[one] for step in held["steps"]) for one in counts]
    rows.append(("total", "", *sums, _amount(held["cost"]), _amount(held["most"])))
    currency = held["currency"] or "cost"
    names = ("step", "documents", *(one.replace("_", " ") for one in counts), currency, f"{currency} at most")
    show.table(names, rows, right=frozenset(range(1, len(names))), whole=frozenset({0}))
    show.say(
        f"From {sample:,} documents of each step at most, and likely answers: nobody was asked. Tokens are estimated."
    )
    for name, (taken, left) in over.items():
        show.say(
            f"The budget is too small: about {_figure(name, taken, held['currency'])} would be taken, and "
            f"{_figure(name, left, held['currency'])} are left of it. The rest would not be asked."
        )


def _figure(name: str, amount: float, currency: str | None) -> str:
    return f"{amount:,.4f} {currency or ''}".rstrip() if name == "cost" else f"{amount:,.0f} {name}"
