"""Parts of the page of an evaluation: means, composites, consistency, differences, slices, what was not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.evaluate.comparison import better
from weft.report import bars
from weft.report.evaluation_heat import figure, is_code, named
from weft.report.markup import esc, number, section, sorted_by, table
from weft.report.plots import Interval, axis

Rows = Sequence[Mapping[str, Any]]
_SHOWN = 24
"""Differences that are drawn; the table has all."""
_NAMED = 24
"""Letters of a model's name that stand over a column."""
_LISTED = 4000
"""Scores from which on those of slices are not listed: a page of 15,000 has 5 MB."""


def averages(held: Mapping[str, Any]) -> str:
    rows = []
    for one in held["averages"]:
        like = next(s for s in held["scores"] if (s["task"], s["metric"]) == (one["task"], one["metric"]))
        shown = {**one, "ceiling": like["ceiling"]}
        missing = number(len(one["not_run"])) if one["not_run"] else "–"
        rows.append(
            [esc(one["task"]), esc((one["direction"] or "").replace("_", " ")), esc(one["metric"]), _bounded(shown),
             number(one["languages"]), f'<span title="{esc(", ".join(one["not_run"]))}">{missing}</span>',
             f'<span class=soft>{esc(one["estimator"])}</span>']
        )  # fmt: skip
    head = [("task", False), ("direction", False), ("metric", False), ("mean", True), ("languages", True),
            ("not run", False), ("estimator", False)]  # fmt: skip
    note = "Each language counts once, whatever its items. A mean of other languages is another figure."
    return section("means", "Means over languages", note, table(head, rows)) if rows else ""


def _bounded(one: Mapping[str, Any]) -> str:
    bounds = f"{figure(one, 'low')} to {figure(one, 'high')}"
    return sorted_by(one["value"], f'{figure(one, "value")} <span class="soft bounds">{bounds}</span>')


def composites(held: Mapping[str, Any]) -> str:
    """Each composite with its parts and weights; one that lacks a part has no figure."""
    made = []
    for name in dict.fromkeys(one["name"] for one in held["composites"]):
        group = [one for one in held["composites"] if one["name"] == name]
        parts = list(dict.fromkeys(part["part"] for one in group for part in one["parts"]))
        parts += [part for part in dict.fromkeys(p for one in group for p in one["missing"]) if part not in parts]
        weights = {part["part"]: part["weight"] for one in group for part in one["parts"]}
        head = [("language", False), (name, True)]
        head += [(f"{part} × {weights[part]:g}" if part in weights else part, True) for part in parts]
        rows = []
        for one in group:
            values = {part["part"]: part["value"] for part in one["parts"]}
            whole = '<span class="none">not run</span>' if one["value"] is None else _bounded({**one, "ceiling": 1.0})
            each = [sorted_by(values[p], f"{values[p]:.3f}") if p in values else "–" for p in parts]
            rows.append([esc(named(one["language"])), whole, *each])
        made.append(table(head, rows, sortable=True, caption=f"Composite {name}"))
    note = "Parts count from 0 at chance to 1 at their ceiling, with the weights that the suite states."
    return section("composites", "Composites and their parts", note, "".join(made)) if made else ""


def gated(held: Mapping[str, Any]) -> str:
    """Scores that adequacy gates beside the ones that it does not: what is not translated offends nobody."""
    every = {(s["task"], s["language"], s["direction"], s["metric"]): s for s in held["scores"] if s["slice"] is None}
    rows = []
    for (task, language, direction, metric), one in every.items():
        name = metric.removesuffix("_gated")
        plain = every.get((task, language, direction, name))
        if name != metric and plain is not None:
            rows.append(
                [esc(task), esc(named(language)), esc((direction or "").replace("_", " ")), esc(name.replace("_", " ")),
                 _bounded(plain), _bounded(one), number(one["items"])]
            )  # fmt: skip
    head = [("task", False), ("language", False), ("direction", False), ("measure", False), ("as it is", True),
            ("gated by adequacy", True), ("items", True)]  # fmt: skip
    note = "Gated, a text counts only where it is an adequate translation: what translates little offends little."
    body = table(head, rows, sortable=True, caption="With adequacy and without")
    return section("gated", "Culture, gated by adequacy", note, body) if rows else ""


def consistency(held: Mapping[str, Any]) -> str:
    rows = []
    for one in held["consistency"]:
        values = [one.get(key) for key in ("same", "kappa", "same_wrong", "rankc_corrected")]
        shown = ["–" if value is None else sorted_by(value, f"{value:.3f}") for value in values]
        pair = " – ".join(named(code) for code in one["languages"])
        rows.append([esc(one["task"]), esc(pair), *shown, number(one["items"])])
    head = [("task", False), ("languages", False), ("same answer", True), ("kappa", True), ("same and wrong", True),
            ("RankC above chance", True), ("items", True)]  # fmt: skip
    note = (
        "The same items in two languages: how often the answer is the same, by how much more than by chance, how often "
        "it is the same wrong one, and how alike choices are ranked, from 0 at chance to 1."
    )
    return section("consistency", "Consistency", note, table(head, rows, sortable=True, caption="Consistency of two "
                   "languages")) if rows else ""  # fmt: skip


def differences(compared: Mapping[str, Any]) -> str:
    """The second model less the first: means of all languages, then each language."""
    means, rows = compared["means"], compared["differences"]
    every = [*means, *rows]
    made = [_drawn([row for row in every if row["value"] is not None])]
    first, second = (_model(compared[side]["model"]) for side in ("first", "second"))
    called = (first, second) if first != second else ("first", "second")
    head = [("", False), ("task", False), ("metric", False), *((name[:_NAMED], True) for name in called),
            ("difference", True), ("p (Holm)", True), ("items", True)]  # fmt: skip
    made.append(table(head, [_difference(row) for row in every], sortable=True, caption="Differences of two models"))
    note = f"{second} less {first}. {compared['test']}; p-values are corrected by Holm over the table."
    for one in compared["untested"]:
        note += f" Not tested: {one['task']}: {one['why']}."
    return section("differences", "Differences of two models", note, "".join(made))


def _model(model: Mapping[str, Any]) -> str:
    return str(model.get("name", model.get("kind", "a model")))


def _difference(row: Mapping[str, Any]) -> list[str]:
    where = f"<b>mean of {row['languages']} languages</b>" if "language" not in row else esc(named(row["language"]))
    task = row["task"] if not row["direction"] else f"{row['task']}, {row['direction'].replace('_', ' ')}"
    if row["value"] is None:
        return [where, esc(task), esc(row["metric"]), "–", "–", "not run", "–", number(row["items"])]
    word = {1: "better", -1: "worse", 0: ""}[better(row)]
    bounds = f"{figure(row, 'low')} to {figure(row, 'high')}"
    told = f'{figure(row, "value")} <span class="soft bounds">{bounds}</span> <span class="{word}">{word}</span>'
    p = row.get("holm", row["p"])
    return [where, esc(task), esc(row["metric"]), figure(row, "first"), figure(row, "second"),
            sorted_by(row["value"], told), sorted_by(p, _p(p)), number(row["items"])]  # fmt: skip


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.00005 else "&lt; .0001"


def _drawn(rows: Rows) -> str:
    """Differences that say most, on one scale for each ceiling; means first."""
    made = []
    for ceiling in sorted({row["ceiling"] for row in rows}):
        group = [row for row in rows if row["ceiling"] == ceiling]
        means = [row for row in group if "language" not in row]
        others = sorted((row for row in group if "language" in row), key=lambda row: -abs(row["value"]))
        shown = [*means, *others[: _SHOWN - len(means)]]
        reach = max(0.05 * ceiling, *(max(abs(row["low"]), abs(row["high"])) for row in shown))
        across = axis("", -reach, reach, 4, "{:+.1f}" if ceiling > 1 else "{:+.2f}")
        names = [f"{_where(row)}: {row['task']} {row['direction'] or ''}".strip() for row in shown]
        spans = [Interval(name, row["low"], row["value"], row["high"]) for name, row in zip(names, shown, strict=True)]
        more = f"<p>The {len(shown)} largest of {len(group)}.</p>" if len(shown) < len(group) else ""
        made.append(bars.intervals("Differences with bounds of 95 %", spans, across) + more)
    return "".join(made)


def _where(row: Mapping[str, Any]) -> str:
    return f"mean of {row['languages']} languages" if "language" not in row else named(row["language"])


def slices(found: Rows, held: Mapping[str, Any]) -> str:
    ceilings = {(one["task"], one["metric"]): one["ceiling"] for one in held["scores"]}
    rows = []
    for row in found:
        shown = {**row, "ceiling": ceilings[row["task"], row["metric"]]}
        rows.append(
            [esc(row["task"]), esc(_everywhere(row)), esc((row["direction"] or "").replace("_", " ")),
             esc(row["slice"]),
             sorted_by(row["value"], figure(shown, "value")), sorted_by(row["rest"], figure(shown, "rest")),
             sorted_by(row["difference"], figure(shown, "difference")), number(row["items"]),
             sorted_by(row["benjamini_hochberg"], _p(row["benjamini_hochberg"]))]
        )  # fmt: skip
    head = [("task", False), ("language", False), ("direction", False), ("slice", False), ("slice's mean", True),
            ("rest", True), ("difference", True), ("items", True), ("p (BH)", True)]  # fmt: skip
    note = (
        "Slices of 30 items or more that are worse than the rest of their task and language: those of the suite, "
        "lengths in quarters, and pairs that are worse than either of their halves; over all languages together, of "
        "what items have beyond the mean of their language. p-values are corrected by Benjamini and Hochberg over all "
        "that were looked at in a task. Values are means of items' own scores."
    )
    body = (
        table(head, rows, sortable=True, caption="Worst slices") if rows else "<p>None that chance would not make.</p>"
    )
    return section("slices", "Worst slices", note, body)


def _everywhere(row: Mapping[str, Any]) -> str:
    return "all languages" if row["language"] is None else named(row["language"])


def _noise(kind: str | None) -> str:
    return "" if kind is None else f" with noise {kind}"


def not_run(held: Mapping[str, Any]) -> str:
    rows = [[esc(one["task"]), esc(_language(one["language"])), esc(one["reason"]), esc(one["detail"])]
            for one in held["not_run"]]  # fmt: skip
    rows += [[esc(one["task"]), esc(_language(one["language"])), f"{one['rows']:,} rows left out", esc(one["first"])]
             for one in held["lost"]]  # fmt: skip
    rows += [[esc(one["task"]), esc(_language(one["language"])), esc(one["reason"]),
              f"{one['items']:,} of {one['of']:,} items{esc(_noise(one['noise']))}"]
             for one in held.get("unanswered", ())]  # fmt: skip
    head = [("task", False), ("language", False), ("reason", False), ("what", False)]
    note = "What could not be asked or was not answered. It is in no score, and counts as nothing, not as zero."
    return (
        section("not_run", "Not run", note, table(head, rows, sortable=True, caption="What was not run"))
        if rows
        else ""
    )


def _language(given: str) -> str:
    return (f"{named(given)} ({given})" if is_code(given) else given) or "all languages"


def scores(held: Mapping[str, Any]) -> str:
    """Scores with their bounds and signatures, folded; of very many those of slices are left to the file."""
    every, rows = held["scores"], []
    kept = every if len(every) <= _LISTED else [one for one in every if one["slice"] is None]
    for one in kept:
        where = one["slice"] or ""
        rows.append(
            [esc(one["task"]), esc(one["language"]), esc(one["direction"] or ""), esc(where), esc(one["metric"]),
             _bounded(one), number(one["items"]), number(one["not_run"]),
             "" if one["chance"] is None else f"{one['chance']:.3f}", f"<code>{esc(one['signature'])}</code>"]
        )  # fmt: skip
    head = [("task", False), ("language", False), ("direction", False), ("slice", False), ("metric", False),
            ("score", True), ("items", True), ("not run", True), ("chance", True), ("signature", False)]  # fmt: skip
    whole = table(head, rows, sortable=True, caption="All scores")
    more = f"; {len(every) - len(kept):,} more, of slices, are in scores.json" if len(kept) < len(every) else ""
    said = f"{len(rows):,} scores with bounds of 95 % and signatures{more}"
    body = f"<details><summary>{said}</summary>{whole}</details>"
    note = "A signature says all that decides a score but the model: suite, task, data, metric, how bounds were found."
    return section("scores", "All scores", note, body)
