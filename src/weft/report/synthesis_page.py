"""The report page of `weft synthesize`: what was made and what it cost, what gates and people said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from weft import __version__
from weft.engine.places import open_storage
from weft.model.languages import name
from weft.report import bars, plots
from weft.report.markup import esc, language, number, section, sorted_by, table
from weft.report.page import packaged
from weft.report.synthesis_steps import amount, gates, steps
from weft.report.synthesis_words import STATES

PAGE = "report/index.html"


class Step(TypedDict):
    """What one step did; `cost` is in the currency of the prices, null where they are not known."""

    recipe: str
    parents: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    errors: int
    unasked: int
    no_record: Mapping[str, int]
    made: int
    released: int
    rejected: Mapping[str, int]


class Judges(TypedDict):
    """What the services that judge were asked: parts without a rating, and calls that the budget left out."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    unrated: int
    unasked: int


class Amounts(TypedDict):
    """Records of a language by kind, and its machine-made text and that by people, in the summary's unit."""

    records: Mapping[str, int]
    made: int
    human: int


class SynthesisSummary(TypedDict):
    """`report/summary.json`: counts of one run of `weft synthesize`, as plain data.

    `gates` counts verdicts (pass, fail, unjudged) by language and gate. `diversity` are rows of
    `weft.synthesize.diversity.DIVERSITY`. `people` has `tasks`, `judgements` and `acceptance`:
    rows of `weft.synthesize.review_acceptance.ACCEPTANCE` with the `state` and `detail` of the release gate.
    """

    name: str
    version: str | None
    currency: str | None
    unit: str
    steps: Sequence[Step]
    languages: Mapping[str, Amounts]
    released: int
    rejected: Mapping[str, int]
    denied: Mapping[str, int]
    errors: int
    unasked: int
    gates: NotRequired[Mapping[str, Mapping[str, Mapping[str, int]]]]
    judges: NotRequired[Judges]
    stand_in: NotRequired[int]
    people: NotRequired[Mapping[str, Any]]
    diversity: NotRequired[Sequence[Mapping[str, Any]]]


_NAV = (("steps", "Steps"), ("gates", "Gates"), ("languages", "Languages"), ("diversity", "Variety"),
        ("people", "People"))  # fmt: skip
_FIELD = (
    '<input type="search" data-filter="#{anchor} tbody tr" aria-label="Filter by language" '
    'placeholder="Filter by language">'
)


def page(summary: SynthesisSummary) -> str:
    """One HTML document without anything from elsewhere."""
    body = "".join(
        (
            _totals(summary),
            steps(summary["steps"]),
            gates(summary),
            _languages(summary),
            _diversity(summary.get("diversity") or ()),
            _people(summary.get("people") or {}),
        )
    )
    title = esc(summary["name"])
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in _NAV if f'id="{anchor}"' in body)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: synthesis</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{packaged('style.css')}{packaged('bars.css')}</style></head><body><header><h1>{title}</h1>"
        f"<p>What was made of scarce text, and what became of it. Made by weft {esc(__version__)}.</p>"
        f'<nav aria-label="Sections">{nav}</nav></header>'
        f"<main>{body}</main><script>{packaged('script.js')}</script></body></html>\n"
    )


def _totals(summary: SynthesisSummary) -> str:
    made = sum(step["made"] for step in summary["steps"])
    paid: list[Step | Judges] = [*summary["steps"], *([summary["judges"]] if "judges" in summary else [])]
    tokens = sum(one["tokens_in"] + one["tokens_out"] for one in paid)
    boxes = [(number(made), "records made"), (number(summary["released"]), "released")]
    boxes += [(number(sum(one["calls"] for one in paid)), "calls of models"), (number(tokens), "tokens")]
    boxes.append((_money(paid, summary["currency"]), "paid"))
    told = "".join(f"<div><b>{esc(value)}</b><span>{esc(text)}</span></div>" for value, text in boxes)
    return f'<div class="totals">{told}</div>{_alarms(summary)}'


def _money(paid: Sequence[Step | Judges], currency: str | None) -> str:
    """What all steps and judges cost; `+ ?` where the price of one that called is not known."""
    known = [one["cost"] for one in paid if one["cost"] is not None]
    unknown = any(one["cost"] is None and one["calls"] for one in paid)
    if unknown and not known:
        return "not known"
    amount = sum(known)
    told = f"{amount:,.2f}" if amount >= 0.1 or not amount else f"{amount:.2g}"
    return f"{told}{' ' + currency if currency else ''}{' + ?' if unknown else ''}"


def _alarms(summary: SynthesisSummary) -> str:
    said = []
    if summary.get("stand_in"):
        said.append(
            f"{summary['stand_in']:,} calls behind released records were answered by the stand-in server: its text is "
            "for tests, not training."
        )
    if summary["unasked"]:
        said.append(f"The budget ended before {summary['unasked']:,} documents were asked about.")
    if "judges" in summary and (unasked := summary["judges"]["unasked"]):
        said.append(f"The budget ended before {unasked:,} records were judged; they are left out.")
    if "judges" in summary and (unrated := summary["judges"]["unrated"]):
        said.append(f"{unrated:,} parts got no rating from the judges, and are left out.")
    if summary["errors"]:
        said.append(f"{summary['errors']:,} documents or replies could not be read.")
    for reason, count in sorted(summary["denied"].items()):
        said.append(f"{count:,} documents may not be used to make others: {reason}.")
    return "".join(f'<p class="alarm">{esc(line)}</p>' for line in said)


def _languages(summary: SynthesisSummary) -> str:
    kinds = sorted({kind for held in summary["languages"].values() for kind in held["records"]})
    unit = summary["unit"]
    head = [("language", False), ("code", False), *((kind, True) for kind in kinds), (f"machine-made {unit}", True),
            (f"{unit} by people", True), ("machine-made share", True)]  # fmt: skip
    rows, names = [], []
    for code, held in sorted(summary["languages"].items()):
        whole = held["made"] + held["human"]
        share = held["made"] / whole if whole else 0.0
        amounts = [sorted_by(held[key], number(held[key])) for key in ("made", "human")]
        rows.append(
            [language(code), f"<code>{esc(code)}</code>", *(amount(held["records"].get(kind, 0)) for kind in kinds),
             *amounts, sorted_by(share, f"{share:.1%}" if whole else "–")]
        )  # fmt: skip
        names.append(f"{code} {name(code)}")
    note = "Text by people is that of the recipe's sources, whether records were made of it or not."
    listed = table(head, rows, sortable=True, names=names, region="Languages")
    return section("languages", "Languages", note, _FIELD.format(anchor="languages") + listed)


def _diversity(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    drawn = [row for row in rows if row.get("words_excess") is not None]
    drawn = sorted(drawn, key=lambda row: -row["words_excess"])[:30]
    plot = ""
    if drawn:
        low = min(0.0, *(row["words_low"] for row in drawn))
        high = max(0.1, *(row["words_high"] for row in drawn))
        across = plots.axis("bits", low, high, 4, "{:.2f}")
        marks = [plots.Interval(_mark(row), row["words_low"], row["words_excess"], row["words_high"]) for row in drawn]
        most = " (the 30 largest)" if len(drawn) == 30 else ""
        told = f"Words: distance beyond that of people from one another, in bits, with 95 % intervals{most}"
        plot = f"<figure><figcaption>{told}</figcaption>{bars.intervals(told, marks, across)}</figure>"
    head = [("language", False), ("recipe", False), ("texts", True), ("words", True),
            *((f"distinct {n}", True) for n in (1, 2, 3, 4)), ("most alike", True), ("alike", True),
            ("words: distance", True), ("people", True), ("characters: distance", True), ("people", True)]  # fmt: skip
    listed = []
    for row in rows:
        cells = [_figure(row.get(f"distinct_{n}"), "{:.1%}") for n in (1, 2, 3, 4)]
        cells += [_figure(row.get(key), "{:.2f}") for key in ("similarity_best", "similarity_mean")]
        for what in ("words", "characters"):
            cells += [_figure(row.get(f"{what}_{key}"), "{:.3f}") for key in ("divergence", "baseline")]
        made_by = f"<code>{esc(row['recipe'])}</code>" if row["recipe"] else "people"
        counts = [sorted_by(row[key], f"{row[key]:,}") for key in ("texts", "words")]
        listed.append([language(row["language"]), made_by, *counts, *cells])
    note = (
        "Distinct: different runs of 1 to 4 words among 1,000 of them. Most alike: likeness of a text with the one "
        "that resembles it most (Jaccard of character 5-grams). Distance: Jensen-Shannon divergence from half of the "
        "text by people, in bits; beside it that of their other half. All are of samples; a dash stands where there "
        "is too little text."
    )
    names = [f"{row['language']} {name(row['language'])}" for row in rows]
    body = plot + _FIELD.format(anchor="diversity")
    return section("diversity", "Variety", note, body + table(head, listed, sortable=True, names=names,
                   region="Variety"))  # fmt: skip


def _mark(row: Mapping[str, Any]) -> str:
    """Language, with its script, and recipe."""
    return f"{row['language']} {str(row['recipe']).removeprefix('synthesize.')}"


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else sorted_by(value, form.format(value))


def _people(people: Mapping[str, Any]) -> str:
    if not people.get("tasks"):
        return ""
    rows = people.get("acceptance") or ()
    if not rows:
        text = f"{people['tasks']:,} tasks wait for people (people/tasks.jsonl); nobody has rated any."
        return section("people", "People", text, "")
    head = [("recipe", False), ("language", False), ("tasks", True), ("rated", True), ("accepted", True),
            ("95 % interval", True), ("texts by people accepted", True), ("agreement on fluency", True),
            ("state", False), ("why", False)]  # fmt: skip
    listed = []
    for row in rows:
        state = row.get("state") or "unknown"
        mark = f'<span class="alarm">{STATES[state]}</span>' if state == "held" else STATES.get(state, esc(state))
        listed.append(
            [f"<code>{esc(row['recipe'])}</code>", language(row["language"]), f"{row['tasks']:,}", f"{row['rated']:,}",
             _figure(row["rate"], "{:.0%}"), _interval(row["low"], row["high"]),
             _figure(row["controls_rate"], "{:.0%}"), _figure(row["alpha_fluency"], "{:.2f}"), mark,
             f'{esc(row.get("detail") or "")}']
        )  # fmt: skip
    note = (
        "Speakers rated a sample among texts by people, without knowing which is which. A recipe is released in a "
        "language where the lower end of the interval (Wilson's score) reaches the floor. Where texts by people are "
        "accepted rarely too, guidelines and reviewers deserve a look. Agreement is Krippendorff's ordinal alpha."
    )
    other = ""
    if unmatched := people.get("unmatched"):
        told = f"{unmatched:,} judgements are of no task of this draw, and count for nothing."
        other = f'<p class="alarm">{told}</p>'
    return section("people", "People", note, other + table(head, listed, region="People", kind="told"))


def _interval(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else sorted_by(low, f"{low:.0%} to {high:.0%}")


def write(target: str | Path, summary: Any) -> Path | str:
    """Write the page of a run into its folder; where it is."""
    storage = open_storage(target)
    storage.write_bytes(PAGE, page(summary).encode("utf-8", "replace"))
    return storage.address(PAGE)
