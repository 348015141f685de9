"""The dataset card: what is in the corpus, where it comes from, what may be done with it, and what it is not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from weft.construct import evaluation, made, mixture_card, ordering
from weft.construct.card_text import cell, table, yaml
from weft.construct.content import Digest
from weft.construct.defaults import REASONS
from weft.construct.export import FileRecord
from weft.construct.group_card import units_text
from weft.construct.mixture_card import Mixed
from weft.construct.ordering import Order
from weft.construct.summary import KEPT, alarms

_CUT_LABELS = {"lines": "boilerplate of the site", "substrings": "passages of an earlier document"}
_SHOWN = ("lid", "words", "alpha_words", "line_punct", "top_2gram", "dup_5gram")


@dataclass(frozen=True)
class Release:
    """All that a card and Croissant metadata say; the same release gives the same bytes."""

    name: str
    files: Sequence[FileRecord]
    counts: pl.DataFrame
    """Merged COUNT table."""
    sources: pl.DataFrame
    """Merged SOURCE table of the exported rows."""
    rules: Mapping[str, str]
    stages: Sequence[Mapping[str, Any]] = ()
    """`stages` of `report/summary.json`."""
    thresholds: pl.DataFrame | None = None
    description: str | None = None
    version: str | None = None
    content: Digest | None = None
    """Of all documents: what `weft diff` compares first."""
    published: str | None = None
    """ISO date given by whoever publishes; the card never asks the clock."""
    url: str | None = None
    root: str = ""
    """Path from the card's folder to the one that holds `ct/`: `construct/`, or empty for the same folder."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of languages by code, for people."""
    reviewed: Mapping[str, str] = field(default_factory=dict)
    """Languages whose text native speakers have looked at, and what they said."""
    recipe: str | None = None
    """The recipe's text."""
    mixture: Mixed | None = None
    """How often documents of train are read, where not once."""
    order: Order | None = None
    """How rows of train follow one another, where not as in the corpus."""
    phases: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Documents, and rows that they are read as, of each phase."""
    units: Mapping[str, float] | None = None
    """What stays together (`group_card.units_text`); None when no source holds pairs or groups."""
    evaluation: pl.DataFrame | None = None
    """Items by benchmark (`evaluation.by_benchmark`); empty when the recipe seeks none."""
    found: pl.DataFrame | None = None
    """The first items found, with their places (`evaluation.first_places`)."""
    cuts: pl.DataFrame | None = None
    """Merged CUTS table of the exported rows, when passages were cut."""
    made: pl.DataFrame | None = None
    """Merged MADE table of the exported rows; None when no source holds machine-made records."""
    record_rules: Mapping[str, str] = field(default_factory=dict)
    """Conditions by which conversations, preferences and pairs are judged; empty when no source holds some."""

    def languages(self) -> list[str]:
        """Codes of the languages that have files of plain text."""
        return sorted({file.language for file in self.files if file.kind == "ct"})

    def records(self) -> list[tuple[str, str]]:
        """Folder and language of every set of records: conversations, preferences, pairs."""
        return sorted({(file.kind, file.language) for file in self.files if file.kind != "ct"})

    def spoken(self) -> list[str]:
        """Codes of all languages, those of records and of the sides of pairs among them."""
        return sorted({*self.languages(), *(code for _, held in self.records() for code in held.split("-"))})


def dataset_card(release: Release) -> str:
    """README.md of a Hugging Face dataset; `release.root` leads from it to the files."""
    parts = [
        "---\n" + yaml(front_matter(release)) + "---",
        f"# {cell(release.name)}",
        release.description or "Text for language models, by language, built with weft.",
        _warning(release),
        "## Languages",
        _language_table(release),
        *_records(release),
        *_mixture(release),
        *_order(release),
        *_made(release),
        "## Sources and licences",
        _source_table(release),
        "## How text was selected",
        _selection(release),
        "## What happened to the documents",
        _funnel(release),
        *(("## What stays together", units_text(release.units)) if release.units is not None else ()),
        *_evaluation(release),
        *(("## What was cut from the text", _cuts(release.cuts)) if release.cuts is not None else ()),
        "## Known limits",
        _limits(release),
        "## Native-speaker review",
        _review(release),
        "## How to build it again",
        _reproduce(release),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def front_matter(release: Release) -> dict[str, Any]:
    """The card's metadata: a config per language with its files by split, languages, licence, size."""
    rows = sum(file.rows for file in release.files if file.format == _main_format(release))
    synthetic = release.made is not None and release.made.height > 0
    return {
        "pretty_name": release.name,
        "language": sorted({tag(code) for code in release.spoken()}),
        **_license(release),
        "multilinguality": ["multilingual" if len(release.spoken()) > 1 else "monolingual"],
        "size_categories": [size_category(rows)],
        "task_categories": _tasks(release),
        **({"language_creators": ["found", "machine-generated"]} if synthetic else {}),
        "tags": ["weft", *(["synthetic"] if synthetic else []), *(["not-redistributable"] if _closed(release) else [])],
        "configs": [
            {
                "config_name": language if folder == "ct" else f"{folder}-{language}",
                "data_files": [
                    {"split": split, "path": f"{release.root}{folder}/{language}/{split}-*.{_main_format(release)}"}
                    for split in splits(release, language, folder)
                ],
            }
            for folder, language in [*(("ct", code) for code in release.languages()), *release.records()]
        ],
    }


def splits(release: Release, language: str, folder: str = "ct") -> list[str]:
    """Splits that a language has, train first."""
    found = {file.split for file in release.files if (file.kind, file.language) == (folder, language)}
    order = {"train": 0, "validation": 1, "test": 2}
    return sorted(found, key=lambda split: (order.get(split, 3), split))


def tag(code: str) -> str:
    """BCP-47 language of `swh_Latn`, without the script: `swh`; ISO 639-1 where there is one (`en`)."""
    import langcodes

    language = code.partition("_")[0]
    if language == "und" or not langcodes.tag_is_valid(language):
        return "und"
    return langcodes.standardize_tag(language)


def size_category(rows: int) -> str:
    """The bracket of a number of rows as Hugging Face writes it."""
    steps = ["1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T"]
    for power, name in enumerate(steps, start=3):
        if rows < 10**power:
            return f"n<{name}" if power == 3 else f"{steps[power - 4]}<n<{name}"
    return "n>1T"


def licenses(release: Release) -> list[str]:
    """Licences of the exported rows, `unknown` for none."""
    return sorted({name or "unknown" for name in release.sources["license"].to_list()})


def _tasks(release: Release) -> list[str]:
    pairs = any(folder == "pairs" for folder, _ in release.records())
    return ["text-generation", *(["translation"] if pairs else [])]


def _license(release: Release) -> dict[str, str]:
    found = licenses(release)
    if len(found) == 1 and not found[0].startswith("LicenseRef") and " " not in found[0]:
        return {"license": found[0].lower()}
    return {"license": "other", "license_name": "by-source", "license_link": "README.md#sources-and-licences"}


def _main_format(release: Release) -> str:
    formats = {file.format for file in release.files}
    return "parquet" if "parquet" in formats or not formats else sorted(formats)[0]


def _closed(release: Release) -> int:
    """Documents that must not be given away, or of which nobody has said that they may."""
    return int(release.sources.filter(~pl.col("redistribute").fill_null(False))["documents"].sum())


def _warning(release: Release) -> str:
    closed = _closed(release)
    if not closed:
        return ""
    return (
        "> **Not for publication as it is.** Documents from sources that may not be redistributed, or of which this is "
        f"not known: {closed:,}."
    )


def _language_table(release: Release) -> str:
    kept = release.counts.filter((pl.col("rule") == KEPT) & ~pl.col("language").str.contains("/"))
    files = [f for f in release.files if f.format == _main_format(release)]
    more = [name for name in ("model_tokens",) if name in kept.columns]
    rows = []
    for code, *figures in kept.sort("language").select("language", "documents", "bytes", "tokens", *more).iter_rows():
        by_split = [
            f"{split} {sum(f.rows for f in files if (f.kind, f.language, f.split) == ('ct', code, split)):,}"
            for split in splits(release, code)
        ]
        numbers = [f"{figure:,}" for figure in figures]
        rows.append((f"`{code}`", release.names.get(code, ""), *numbers, ", ".join(by_split)))
    heads = ["tokens" for _ in more]
    listed = table(("language", "name", "documents", "bytes of text", "words", *heads, "splits"), rows)
    note = "Words of scripts without spaces are those of a dictionary. Codes are ISO 639-3 and ISO 15924."
    if more:
        note += " Tokens are those of the tokenizer that the recipe below names under `token_count`."
    return f"{listed}\n\n{note}"


def _records(release: Release) -> list[str]:
    """The section on conversations, preferences and pairs, where the build holds some."""
    if not release.records():
        return []
    files = [f for f in release.files if f.format == _main_format(release)]
    rows = []
    for folder, language in release.records():
        own = [f for f in files if (f.kind, f.language) == (folder, language)]
        by_split = [
            f"{split} {sum(f.rows for f in own if f.split == split):,}" for split in splits(release, language, folder)
        ]
        number = f"{sum(f.rows for f in own):,}"
        rows.append(
            (f"`{folder}/{language}`", release.names.get(f"{folder}/{language}", ""), number, ", ".join(by_split))
        )
    note = "Conversations and preferences have the language that their source states, else the one that was recognised."
    return ["## Records", table(("folder", "what", "records", "splits"), rows), note]


def _mixture(release: Release) -> list[str]:
    mixed = release.mixture
    if mixed is None:
        return []
    parts = ["## Mixture", " ".join(mixture_card.sentences(mixed))]
    head = mixture_card.head(mixed)
    parts.append(table(head, mixture_card.rows(mixed, release.names)))
    for facet, found in mixture_card.quota_rows(mixed).items():
        parts += [f"By `{facet}`, over all:", table((facet, *head[1:]), found)]
    return parts


def _order(release: Release) -> list[str]:
    if release.order is None:
        return []
    parts = ["## Order", " ".join(ordering.sentences(release.order))]
    rows = [(phase.name, *(f"{n:,}" for n in release.phases.get(phase.name, (0, 0)))) for phase in release.order.phases]
    return [*parts, table(("phase", "documents", "rows"), rows)] if rows else parts


def _made(release: Release) -> list[str]:
    if release.made is None or not release.made.height:
        return []
    return ["## Machine-made text", made.made_text(release.made, release.counts, release.names)]


def _source_table(release: Release) -> str:
    rows = []
    for row in release.sources.sort("source", "license", "basis", "consent").iter_rows(named=True):
        may = {True: "yes", False: "no", None: "not known"}[row["redistribute"]]
        consent = f"consent {row['consent']}" if row["consent"] else (row["basis"] or "none stated")
        rows.append((row["source"] or "", row["license"] or "unknown", consent, may, f"{row['documents']:,}"))
    return table(("source", "licence", "why it may be used", "redistribution", "documents"), rows)


def _selection(release: Release) -> str:
    removed = release.counts.group_by("rule").agg(pl.col("documents").sum())
    number = dict(removed.iter_rows())
    rows = [
        (str(place), f"`{name}`", REASONS.get(name, ""), f"`{sql}`", f"{number.get(name, 0):,}")
        for place, (name, sql) in enumerate(release.rules.items(), start=1)
    ]
    extra = [name for name in sorted(number) if name != KEPT and name not in release.rules]
    rows += [("", f"`{name}`", REASONS.get(name, ""), "", f"{number[name]:,}") for name in extra]
    text = table(("", "rule", "removes a document when", "condition to stay", "removed"), rows)
    text += "\n\nA document counts for the first rule that it fails. Of near-duplicates one document stays."
    if release.record_rules:
        text += "\n\nConversations, preferences and pairs are judged by these conditions instead:\n\n"
        text += table(
            ("rule", "condition to stay"), [(f"`{n}`", f"`{sql}`") for n, sql in release.record_rules.items()]
        )
    if release.thresholds is None or not release.thresholds.height:
        return text
    return text + "\n\nThresholds differ by language; the most important ones:\n\n" + _threshold_table(release)


def _threshold_table(release: Release) -> str:
    assert release.thresholds is not None
    found = release.thresholds.filter(pl.col("language").is_in(release.languages())).sort("language")
    shown = [name for name in _SHOWN if name in found.columns]
    rows = []
    for row in found.iter_rows(named=True):
        sources = row.get("source") or {}
        cells = ["off" if sources.get(name) == "off" else f"{row[name]:.3g}" for name in shown]
        rows.append((f"`{row['language']}`", f"{row['n']:,}", *cells))
    return table(("language", "documents seen", *shown), rows)


def _funnel(release: Release) -> str:
    rows = [
        (
            str(stage["stage"]),
            f"{stage['rows_in']:,}",
            f"{stage['rows_out']:,}",
            f"{sum(stage['rejected'].values()):,}",
            f"{stage['errors']:,}",
        )
        for stage in release.stages
    ]
    return table(("stage", "in", "out", "rejected", "errors"), rows) if rows else "Not recorded."


def release_json(release: Release) -> str:
    """`release.json`: name, version, content, and every file of the corpus with its digest."""
    held: dict[str, Any] = {"name": release.name, "version": release.version}
    if release.content is not None:
        held |= {"content": str(release.content), "documents": release.content.documents}
    files = [file.to_json() for file in release.files]
    return json.dumps(held | {"files": files}, ensure_ascii=False, indent=1) + "\n"


def _evaluation(release: Release) -> list[str]:
    """The section on evaluation sets, where the recipe names some."""
    if release.evaluation is None or not release.evaluation.height:
        return []
    text = table(evaluation.BENCHMARKS, evaluation.benchmark_rows(release.evaluation)) + f"\n\n{evaluation.NOTE}"
    if release.found is not None and release.found.height:
        text += "\n\nThe first of each benchmark; kept documents come first:\n\n"
        text += table(evaluation.PLACES, evaluation.place_rows(release.found))
    return ["## Evaluation sets", text]


def _cuts(cuts: pl.DataFrame) -> str:
    if not cuts.height:
        return "Passages were to be cut, and none was found."
    rows = [
        (f"`{language}`", _CUT_LABELS.get(label, label), f"{documents:,}", f"{characters:,}")
        for language, label, documents, characters in cuts.iter_rows()
    ]
    listed = table(("language", "what", "documents", "characters"), rows)
    return listed + "\n\nThe counts of documents, bytes and words above are those of what is left."


def _limits(release: Release) -> str:
    lines = [
        "Languages were recognised by a program. Close relatives and languages that it does not know are confused.",
        "Rules look at form, not at truth, quality or harm; personal data was not removed unless a rule above says so.",
        "Near-duplicates below the similarity that was set, and translations, remain.",
        "Splits are drawn by cluster: the shares of small languages vary, and some have no validation or test part.",
    ]
    for row in alarms(release.counts).iter_rows(named=True):
        lines.append(
            f"`{row['language']}`: rules removed {row['removed']:.0%} of {row['documents']:,} documents "
            f"(most by `{row['rule']}`); the thresholds may not fit this language."
        )
    return "\n".join(f"- {line}" for line in lines)


def _review(release: Release) -> str:
    known = {code: said for code, said in sorted(release.reviewed.items()) if code in release.spoken()}
    lines = [f"- `{code}`: {cell(said)}" for code, said in known.items()]
    others = [f"`{code}`" for code in release.spoken() if code not in known]
    if others:
        lines.append(f"- Not reviewed by native speakers: {', '.join(others)}.")
    return "\n".join(lines) or "The corpus holds no language."


def _reproduce(release: Release) -> str:
    text = "Save the recipe and run `weft run recipe.yaml`; the same input and version of weft give the same bytes."
    if release.version:
        text += f" This is version {release.version}."
    if release.content is not None:
        text += (
            f" It holds {release.content.documents:,} documents with the content `{release.content}`; `rows/` lists "
            "them, and `weft diff` says in what it differs from another release."
        )
    return text if release.recipe is None else f"{text}\n\n````yaml\n{release.recipe.rstrip()}\n````"
