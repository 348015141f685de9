"""What each step of a synthesis made, why documents gave no record, and what gates judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from weft.report import bars
from weft.report.markup import esc, language, section, sorted_by, table
from weft.report.synthesis_words import REASONS, labelled

if TYPE_CHECKING:
    from weft.report.synthesis_page import Step, SynthesisSummary

_KINDS = (("keep", "released"), ("drop", "left out"))
_ORDER = ("finish", "script", "language", "length", "ending", "repetition", "copy", "numbers", "lexical", "near_source",
          "contamination", "round_trip", "judge")  # fmt: skip
"""Gates as the chain has them; others come after these."""


def steps(held: Sequence[Step]) -> str:
    """Counts and costs of each step, and why documents gave no record."""
    names = labelled(held)
    head = [("step", False), ("documents", True), ("calls", True), ("tokens asked", True), ("tokens answered", True),
            ("cost", True), ("records", True), ("released", True), ("no record", True), ("errors", True)]  # fmt: skip
    rows = []
    for name, step in zip(names, held, strict=True):
        cost = "–" if step["cost"] is None else sorted_by(step["cost"], f"{step['cost']:,.2f}")
        counts = [step[key] for key in ("parents", "calls", "tokens_in", "tokens_out")]
        others = (step["made"], step["released"], sum(step["no_record"].values()), step["errors"])
        rows.append([_code(name), *(_number(n) for n in counts), cost, *(_number(n) for n in others)])
    drawn = bars.stacked("Records released by step", [_bar(name, step) for name, step in zip(names, held, strict=True)])
    legend = "".join(f'<span><i class="{kind}"></i>{text}</span>' for kind, text in _KINDS)
    note = "Each step makes records of the documents of the recipe. A cost is empty where no price is known."
    body = f'<div class="legend">{legend}</div>{drawn}{table(head, rows, sortable=True, region="Steps")}'
    return section("steps", "Steps", note, body + _without(names, held))


def _bar(name: str, step: Step) -> tuple[str, list[tuple[str, int]], str]:
    parts = [("keep", step["released"]), ("drop", max(step["made"] - step["released"], 0))]
    return name, parts, f"{step['released']:,} of {step['made']:,}"


def _without(names: Sequence[str], held: Sequence[Step]) -> str:
    """Why documents gave no record, by step."""
    found = [
        [_code(name), f"<code>{esc(reason)}</code>", _number(count), esc(REASONS.get(reason, ""))]
        for name, step in zip(names, held, strict=True)
        for reason, count in sorted(step["no_record"].items(), key=lambda item: (-item[1], item[0]))
    ]
    if not found:
        return ""
    head = [("step", False), ("reason", False), ("times", True), ("in words", False)]
    return "<h3>No record was made</h3>" + table(head, found, region="No record was made", kind="told")


def gates(summary: SynthesisSummary) -> str:
    """What the gates judged of each language, and what was left out by which."""
    verdicts, rejected = summary.get("gates") or {}, summary["rejected"]
    if not verdicts and not rejected:
        return ""
    body = _judged(verdicts) if verdicts else ""
    if rejected:
        names = sorted(rejected, key=lambda gate: (-rejected[gate], gate))
        head = [("step", False), *((gate, True) for gate in names)]
        rows = [
            [_code(name), *(amount(step["rejected"].get(gate, 0)) for gate in names)]
            for name, step in zip(labelled(summary["steps"]), summary["steps"], strict=True)
        ]
        drawn = bars.stacked("Left out", [(gate, [("drop", rejected[gate])], f"{rejected[gate]:,}") for gate in names])
        note = "<h3>What was left out</h3><p>A record counts for the first gate or rule that left it out.</p>"
        body += note + drawn + table(head, rows, region="What was left out")
    note = (
        "Share of the machine-made parts that a gate judged which passed it, and how many it judged: a record stops at "
        "its first fail. Gates learn from text by people; where there is too little of it in a language, or a text is "
        "too short, they judge nothing. Records pass such a gate unjudged."
    )
    return section("gates", "Gates", note if verdicts else "", body)


def _judged(verdicts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    found = {gate for held in verdicts.values() for gate in held}
    names = [*(gate for gate in _ORDER if gate in found), *sorted(found - set(_ORDER))]
    head = [("language", False), *((gate, True) for gate in names)]
    rows = [
        [f"{language(code)} <small>{esc(code)}</small>", *(_verdict(held.get(gate, {})) for gate in names)]
        for code, held in sorted(verdicts.items())
    ]
    return table(head, rows, sortable=True, region="Gates", kind="gates")


def _verdict(said: Mapping[str, int]) -> str:
    """Share of what was judged that passed; in words where nothing was."""
    judged, unjudged = said.get("pass", 0) + said.get("fail", 0), said.get("unjudged", 0)
    if not judged:
        return sorted_by(
            -1, f'<span class="alarm">not judged</span><small>{unjudged:,} parts</small>' if unjudged else "–"
        )
    share = said.get("pass", 0) / judged
    more = f"<small>{unjudged:,} not judged</small>" if unjudged else ""
    return sorted_by(share, f"{share:.1%}<small>of {judged:,}</small>{more}")


def _code(name: str) -> str:
    return f"<code>{esc(name)}</code>"


def _number(value: int) -> str:
    return sorted_by(value, f"{value:,}")


def amount(value: int) -> str:
    """A count; a dash for none."""
    return sorted_by(value, f"{value:,}" if value else "–")
