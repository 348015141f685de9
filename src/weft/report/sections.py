"""The sections of the page, each from one of the small tables of a build."""

from __future__ import annotations

from typing import Any

import polars as pl

from weft.construct import evaluation as sets
from weft.construct.defaults import REASONS
from weft.construct.summary import KEPT, alarms
from weft.model.languages import direction, name
from weft.report import charts
from weft.report.markup import esc, language, number, percent, section, size, sorted_by, table, tag

TITLES = {
    "lid.score": "identification score", "signals.words": "words", "signals.mean_word_length": "mean word length",
    "signals.alpha_words": "words with letters", "signals.line_punct": "lines that end a sentence",
    "signals.short_line": "short lines", "signals.new_line": "line ends per word",
    "signals.dup_line_frac": "repeated lines", "signals.top_2gram": "most frequent word pair",
    "signals.dup_5gram": "repeated passages", "signals.stop_words": "stop words", "deduplicate.size": "copies",
}  # fmt: skip
_NO_SHARE = (
    "signals.words", "signals.mean_word_length", "signals.new_line", "signals.stop_words", "deduplicate.size"
)  # fmt: skip
_SHOWN = 40
_MOST_SOURCES, _CLUSTER_TEXT = 20, 600
"""Pairs of a language and a source, and characters of a cluster's text, that are shown."""
_FEW = 30


def totals(summary: dict[str, Any]) -> str:
    """The figures that a reader wants first."""
    # Records are by folder and language: sft/swh_Latn, pairs/eng_Latn-swh_Latn.
    kept_in = [place.rpartition("/")[2].split("-") for place, held in summary["languages"].items() if held["kept"]]
    languages = {code for codes in kept_in for code in codes if not code.startswith("und")}
    kept = sum(held["kept"] for held in summary["languages"].values())
    rows = summary["stages"][0]["rows_in"] if summary["stages"] else 0
    seconds = sum(stage["cpu_seconds"] for stage in summary["stages"])
    cells = [
        (number(rows), "records read"),
        (number(kept), "documents in the corpus"),
        (number(len(languages)), "languages"),
        (size(sum(held["bytes"] for held in summary["languages"].values())), "of text"),
        (number(sum(held["tokens"] for held in summary["languages"].values())), "words"),
        (f"{seconds:,.1f} s", "of processor time"),
    ]
    return '<div class="totals">' + "".join(f"<div><b>{a}</b><span>{b}</span></div>" for a, b in cells) + "</div>"


def stages(summary: dict[str, Any]) -> str:
    """Rows in and out of every stage."""
    numbers = ("rows in", "rows out", "rejected", "errors", "seconds", "rows per second", "stored")
    head = [("stage", False), *((title, True) for title in numbers)]
    rows = []
    for held in summary["stages"]:
        rejected = sum(held["rejected"].values())
        rate = held["rows_in"] / held["cpu_seconds"] if held["cpu_seconds"] else 0
        cells = (held["rows_in"], held["rows_out"], rejected, held["errors"])
        rows.append(
            [
                esc(held["stage"]),
                *(number(cell) for cell in cells),
                f"{held['cpu_seconds']:,.1f}",
                number(round(rate)),
                size(held["bytes"]),
            ]
        )
    note = "Rows in = rows out + rejected + errors, checked while the build runs. Seconds are processor time."
    return section("stages", "From record to corpus", note, table(head, rows))


def languages(summary: dict[str, Any], counts: pl.DataFrame) -> str:
    """One row per language, sortable, with what took most, and alarms."""
    alarmed = set(alarms(counts)["language"].to_list())
    found = sorted(summary["languages"].items(), key=lambda item: (-item[1]["documents"], item[0]))
    numbers = ("documents", "kept", "share", "text", "words")
    head = [("language", False), ("code", False), *((title, True) for title in numbers), ("left out by", False)]
    rows, names = [], []
    for code, held in found:
        worst = sorted(held["rejected"].items(), key=lambda item: (-item[1], item[0]))[:3]
        share = percent(held["kept"], held["documents"])
        if code in alarmed:
            share = f'<span class="alarm" title="rules remove more than 40 % of this language">{share} !</span>'
        rows.append(
            [
                language(code), f"<code>{esc(code)}</code>", sorted_by(held["documents"], number(held["documents"])),
                sorted_by(held["kept"], number(held["kept"])),
                sorted_by(held["kept"] / max(held["documents"], 1), share),
                sorted_by(held["bytes"], size(held["bytes"])), sorted_by(held["tokens"], number(held["tokens"])),
                esc(", ".join(f"{rule} {count:,}" for rule, count in worst)),
            ]
        )  # fmt: skip
        names.append(f"{code} {name(code)}")
    body = _filter("#languages tbody tr")
    body += table(head, rows, sortable=True, names=names)
    if alarmed:
        body = (
            f'<p class="alarm">Rules remove more than 40 % of {esc(", ".join(sorted(alarmed)))}: '
            "look at their samples.</p>" + body
        )
    return section("languages", "Languages", "Documents that were found, and what became of them.", body)


def _filter(items: str) -> str:
    """A field that hides the items whose name does not hold what is typed."""
    return (
        f'<input type="search" data-filter="{items}" aria-label="Filter by language" placeholder="Filter by language">'
    )


def funnel(summary: dict[str, Any]) -> str:
    """Bars of the largest languages."""
    found = sorted(summary["languages"].items(), key=lambda item: (-item[1]["documents"], item[0]))[:_SHOWN]
    rows = []
    for code, held in found:
        copies = held["rejected"].get("duplicate", 0)
        rows.append(charts.Funnel(name(code), held["kept"], copies, sum(held["rejected"].values()) - copies))
    colours = (("keep", "kept"), ("dup", "copies of a kept document"), ("drop", "left out by a rule"))
    legend = "".join(f'<span><i style="background:var(--{kind})"></i>{text}</span>' for kind, text in colours)
    more = len(summary["languages"]) - len(found)
    note = "Kept, copied and left out, on one scale." + (
        f" The {more} smaller languages are in the table." if more > 0 else ""
    )
    return section("funnel", "What was kept", note, f'<div class="legend">{legend}</div>{charts.funnels(rows)}')


def rules(counts: pl.DataFrame, recipe_rules: dict[str, str]) -> str:
    """What each rule took, in words."""
    taken = (
        counts.filter(pl.col("rule") != KEPT)
        .group_by("rule")
        .agg(pl.col("documents").sum())
        .sort("documents", "rule", descending=[True, False])
    )
    rows = [(str(rule), int(count)) for rule, count in taken.iter_rows()]
    explained = [
        [
            f"<code>{esc(rule)}</code>",
            number(count),
            esc(REASONS.get(rule, "")),
            f"<code>{esc(recipe_rules.get(rule, ''))}</code>",
        ]
        for rule, count in rows
    ]
    head = [("rule", False), ("documents", True), ("what it takes out", False), ("condition to stay", False)]
    note = "A document is counted under the first rule that it does not meet."
    return section("rules", "Rules", note, charts.bars(rows) + table(head, explained)) if rows else ""


def samples(held: pl.DataFrame) -> str:
    """Kept and rejected text, by language and rule."""
    codes = held["language"].unique(maintain_order=True).to_list()
    cut = 600 if len(codes) <= _FEW else 240
    per_rule = 3 if len(codes) <= _FEW else 2
    parts = []
    for code, group in held.group_by("language", maintain_order=True):
        body = []
        for rule, rows in group.group_by("rule", maintain_order=True):
            title = "Kept" if rule[0] == KEPT else f"Left out by {rule[0]}"
            body.append(f"<h3>{esc(title)}</h3>")
            body += [_quote(row, str(code[0]), cut) for row in rows.head(per_rule).iter_rows(named=True)]
        summary = f'{language(str(code[0]))} <span class="soft"><code>{esc(code[0])}</code></span>'
        parts.append(
            f'<details data-name="{esc(code[0])} {esc(name(str(code[0])))}"><summary>{summary}</summary>'
            f"{''.join(body)}</details>"
        )
    field = _filter("#samples details")
    note = (
        "Drawn by a hash of the document's id, so the same build shows the same samples. "
        "The code under each begins the id that weft explain takes."
    )
    return section("samples", "Samples", note, field + "".join(parts))


def _quote(row: dict[str, Any], code: str, cut: int) -> str:
    text = str(row["text"])
    shown = text[:cut] + ("…" if len(text) > cut else "")
    way = "rtl" if direction(code) == "rtl" else "auto"
    kind = "" if row["rule"] == KEPT else ' class="out"'
    source = f"<footer>{esc(str(row['locator'])[:200])} · <code>{esc(str(row['id'])[:12])}</code></footer>"
    return f'<blockquote{kind} lang="{esc(tag(code))}" dir="{way}">{esc(shown)}{source}</blockquote>'


def histograms(held: pl.DataFrame) -> str:
    """Small multiples of the labels, for all documents and for each language."""
    every = held.group_by("measure", "bin").agg(pl.col("count").sum(), pl.col("low").first(), pl.col("high").first())
    parts = ["<h3>All languages</h3>", _multiples(every)]
    sizes = held.filter(pl.col("measure") == "lid.score").group_by("language").agg(pl.col("count").sum().alias("n"))
    order = sizes.sort("n", "language", descending=[True, False])["language"].to_list()[:_SHOWN]
    for code in order:
        body = _multiples(held.filter(pl.col("language") == code))
        parts.append(
            f'<details><summary>{language(code)} <span class="soft"><code>{esc(code)}</code></span></summary>'
            f"{body}</details>"
        )
    return section("labels", "Labels", "How the labels are distributed over documents.", "".join(parts))


def _multiples(held: pl.DataFrame) -> str:
    made = []
    for measure, title in TITLES.items():
        rows = held.filter(pl.col("measure") == measure).sort("bin")
        most = float("inf") if measure in _NO_SHARE else 1.0  # the bin of exactly 1 ends above it
        bins = [(row["low"], min(row["high"], most), row["count"]) for row in rows.iter_rows(named=True)]
        made.append(charts.histogram(title, bins))
    return f'<div class="grid">{"".join(made)}</div>'


def duplicates(clusters: pl.DataFrame, counts: pl.DataFrame, largest: pl.DataFrame) -> str:
    """Cluster sizes of what was kept, those by language and source, and the text of the largest clusters."""
    copies = int(counts.filter(pl.col("rule") == "duplicate")["documents"].sum())
    if not clusters.height:
        return section("copies", "Copies", "No kept document has a copy.", "")
    groups = [
        ("2", 2, 2),
        ("3", 3, 3),
        ("4 to 5", 4, 5),
        ("6 to 10", 6, 10),
        ("11 to 100", 11, 100),
        ("over 100", 101, 1 << 31),
    ]
    rows = [
        (f"{label} documents", int(clusters.filter(pl.col("size").is_between(low, high))["clusters"].sum()))
        for label, low, high in groups
    ]
    note = f"{copies:,} documents are copies or near-copies of one that was kept. Clusters by size:"
    body = charts.bars([row for row in rows if row[1]], kind="dup")
    return section("copies", "Copies", note, body + _clusters_by_source(clusters) + _largest(largest))


def _clusters_by_source(clusters: pl.DataFrame) -> str:
    by = clusters.group_by("language", "source").agg(
        pl.col("clusters").sum(), (pl.col("size") * pl.col("clusters")).sum().alias("documents"), pl.col("size").max()
    )
    top = by.sort("documents", "language", "source", descending=[True, False, False]).head(_MOST_SOURCES)
    head = [("language", False), ("source", False), ("clusters", True), ("documents in them", True), ("largest", True)]
    rows = [
        [esc(language or ""), esc(source), number(count), number(documents), number(size)]
        for language, source, count, documents, size in top.select(
            "language", "source", "clusters", "documents", "size"
        ).iter_rows()
    ]
    more = by.height - top.height
    return table(head, rows) + (f"<p>And {more:,} more.</p>" if more else "")


def _largest(largest: pl.DataFrame) -> str:
    """The kept document of each of the largest clusters, folded away."""
    shown = []
    for row in largest.iter_rows(named=True):
        text = (row["text"] or "")[:_CLUSTER_TEXT]
        title = f"{row['size']:,} documents ({row['kind']}), {row['language']}, {row['source']}: {row['id'][:12]}"
        shown.append(f'<details><summary>{esc(title)}</summary><p dir="auto">{esc(text)}</p></details>')
    return "<h3>The largest clusters</h3>" + "".join(shown) if shown else ""


def evaluation(benchmarks: pl.DataFrame, found: pl.DataFrame) -> str:
    """Items of evaluation sets by benchmark, and the first places; nothing where the recipe names no set."""
    if not benchmarks.height:
        return ""
    head = [(title, number > 0) for number, title in enumerate(sets.BENCHMARKS)]
    body = table(head, [[esc(cell) for cell in row] for row in sets.benchmark_rows(benchmarks)])
    if found.height:
        places = [[esc(cell) for cell in row] for row in sets.place_rows(found)]
        body += table([(title, title == "share") for title in sets.PLACES], places)
    return section("evaluation", "Evaluation sets", sets.NOTE, body)


def thresholds(held: pl.DataFrame) -> str:
    """Thresholds of each language, and where each came from."""
    names = [column for column, kind in held.schema.items() if kind == pl.Float64]
    head = [("language", False), ("documents", True), *((column, True) for column in names)]
    rows = []
    for row in held.sort("n", "language", descending=[True, False]).head(200).iter_rows(named=True):
        cells = [
            f'<span title="{esc(row["source"][column])}">{number(round(row[column], 3))}</span>'
            if row[column] is not None
            else "–"
            for column in names
        ]
        rows.append([f"<code>{esc(row['language'])}</code>", number(row["n"]), *cells])
    note = (
        "The values that conditions call threshold.…: learnt from the labels, drawn towards the script's and the "
        "English value where a language has few documents. Point at a value to see its source."
    )
    return section(
        "thresholds",
        "Thresholds",
        note,
        f"<details><summary>{len(rows)} languages</summary>{table(head, rows, sortable=True)}</details>",
    )


def errors(held: pl.DataFrame) -> str:
    """What could not go on, by reason, with examples."""
    if not held.height:
        return section("errors", "Errors", "Every record could be read.", "")
    counted = (
        held.group_by("stage", "kind", "reason")
        .agg(pl.len().alias("rows"), pl.col("locator").first(), pl.col("detail").first())
        .sort("rows", "reason", descending=[True, False])
    )
    rows = [
        [
            esc(row["stage"]),
            esc(row["kind"]),
            f"<code>{esc(row['reason'])}</code>",
            number(row["rows"]),
            esc(str(row["detail"])[:160]),
            esc(str(row["locator"])[:120]),
        ]
        for row in counted.iter_rows(named=True)
    ]
    head = [("stage", False), ("kind", False), ("reason", False), ("rows", True), ("for example", False), ("at", False)]
    return section(
        "errors",
        "Records that could not go on",
        "None of them stopped anything else; weft errors lists all, weft explain tells of one.",
        table(head, rows),
    )
