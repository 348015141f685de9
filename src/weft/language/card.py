"""The card of a language model: what went in, which licences bind the weights, how good it is."""

from __future__ import annotations

from typing import Any

import polars as pl

from weft.language.leaving_out import left_out_card
from weft.language.model import LanguageModel
from weft.language.recipe import TrainingRecipe
from weft.language.variety_report import section

_OF_TEXTS = "as the texts"


def card(
    recipe: TrainingRecipe, texts: pl.DataFrame, model: LanguageModel, scores: dict[str, Any], learnt: dict[str, Any]
) -> str:
    """Markdown; `scores` is what `measure` gave of each part of the split, `learnt` of refusals and families."""
    shape = recipe.model
    megabytes = (model.embedding.nbytes + model.output.nbytes) / 1e6
    parts = [
        f"# Language model {recipe.name}",
        f"{len(model.labels)} languages and scripts, {megabytes:.1f} MB. A linear classifier over the mean of hashed "
        f"n-gram embeddings ({1 << shape.bits:,} rows of {shape.width} bytes), trained by {shape.draws:,} steps on one "
        "thread, so that the same recipe and texts give the same bytes (on one kind of machine).",
        "## What went in",
        _table(
            ["source", "licence", "languages", "texts to train on", "kept out: dev", "kept out: test"],
            [_source(name, license, texts) for name, license in _sources(recipe, texts)],
        ),
        *_doubted(recipe),
        "## Licences that bind the weights",
        "\n".join(f"- {name}" for name in sorted({license for _, license in _sources(recipe, texts)} - {_OF_TEXTS})),
        "## The split",
        f"A group of rows (translations of one sentence, else one text) is kept out for tests when the hash of its "
        f"source's name and its own falls into the lowest {recipe.hold_out.test:.0%}, for tuning when into the next "
        f"{recipe.hold_out.dev:.0%} (BLAKE2b, 64 bits). It depends on nothing else.",
        *[
            f"Of {source.name}, tests are {source.group} {', '.join(source.test) or 'none'}, and "
            f"{', '.join(source.dev) or 'none'} for tuning."
            for source in recipe.sources
            if source.dev or source.test
        ],
        "## How good",
        *(_scores(part, held) for part, held in scores.items()),
        "Texts of a source that are kept out still resemble those that are not: on other text it does worse. Answers "
        "that it would refuse count as given here.",
        "## What a score says",
        _reliability(learnt["reliability"]),
        "## How pure a corpus would be",
        _purity(learnt["purity"]),
        *([left_out_card(learnt["without"])] if "without" in learnt else []),
        "## When it does not know",
        _refusals(learnt["refusal"]),
        "## Languages that are told apart badly",
        "Within a group the answer is one language only where it has so large a share of the group's probability that "
        f"such answers were right in {recipe.precision:.0%} of the texts for tuning whose labels are checked; else the "
        "answer is the group.",
        _table(
            ["group", "languages", "share", "of its texts get one language", "precision then", "if all did"],
            [_family(name, held) for name, held in learnt["families"].items()],
        ),
        *section(learnt["varieties"]),
    ]
    return "\n\n".join(parts) + "\n"


def _sources(recipe: TrainingRecipe, texts: pl.DataFrame) -> list[tuple[str, str]]:
    """Names and licences of the sources, and of the noise."""
    named = {source.name: source.license for source in recipe.sources}
    made = [name for name in texts["source"].unique(maintain_order=True) if name not in named]
    noise = recipe.noise.license if recipe.noise else ""
    return [*named.items(), *((name, _OF_TEXTS if name == "mojibake" else noise) for name in made)]


def _doubted(recipe: TrainingRecipe) -> list[str]:
    names = [source.name for source in recipe.sources if source.doubted]
    if not names:
        return []
    return [
        f"Of {', '.join(names)}, texts to train on that a model of the other sources takes for another language were "
        "left out."
    ]


def _reliability(told: dict[str, Any]) -> str:
    if told["error"] is None:
        return "Not measured: there are no texts for tuning."
    return (
        f"How often such answers are right, for a text of a language that it has. The expected calibration error (15 "
        f"bins; whole texts and beginnings of 5 to 200 characters, each half measured by what the other half taught) "
        f"is {told['error']:.3f}; of the classifier's own probabilities it was {told['error_before']:.3f}."
    )


def _source(name: str, license: str, texts: pl.DataFrame) -> list[str]:
    rows = texts.filter(pl.col("source") == name)
    size = dict(rows.group_by("split").len().iter_rows())
    counts = [f"{size.get(part, 0):,}" for part in ("train", "dev", "test")]
    return [name, license, f"{rows['language'].n_unique():,}", *counts]


def _scores(part: str, held: dict[str, Any]) -> str:
    rows = [
        [
            source,
            f"{s['languages']}",
            f"{s['texts']:,}",
            f"{s['macro_f1']:.3f}",
            f"{s['low']:.3f}–{s['high']:.3f}",
            "" if s["right_answers_refused"] is None else f"{s['right_answers_refused']:.1%}",
        ]
        for source, s in held.items()
    ]
    return f"### {part}\n\n" + _table(["source", "languages", "texts", "macro-F1", "95 %", "right, but refused"], rows)


def _purity(told: dict[str, Any]) -> str:
    return (
        f"Where a language has one text in {round(1 / told['prior']):,} of what is looked through, of the texts that "
        f"get it {told['median_expected_precision']:.0%} would be in it (median of {told['languages']} languages, "
        f"refusals and groups applied), at least {told['median_at_least']:.0%} by the 95 % upper bounds of the "
        f"false-positive rates; {told['without_false_positives']} languages have no false positive here. Text in "
        "languages that the model does not have makes it less. `languages.tsv` says it of each language."
    )


def _refusals(refused: dict[str, Any]) -> str:
    if refused["refused"] is None:
        return "Not measured: no language was left out."
    alone = refused["refused_without_relative"]
    few = f", {alone:.0%} of those of the {refused['languages_without_relative']} without a close known relative"
    return (
        "An answer is refused where its probability, and the share of the text's 4-grams and words that are common in "
        f"that language, are too low. The weights were learnt from {refused['languages']} languages that a second "
        f"model was trained without: it refuses {refused['refused']:.0%} of their texts (each language counts the "
        f"same, none was judged by weights that had seen it){'' if alone is None else few}. Each language has a "
        f"threshold, which costs at most {refused['cost']:.0%} of the right answers of every source whose labels are "
        "checked."
    )


def _family(name: str, held: dict[str, Any]) -> list[str]:
    figures = (held["single"], held["precision"], held["precision_without_margin"])
    shares = ["" if value is None else f"{value:.1%}" for value in figures]
    return [name, " ".join(held["members"]), f"{held['margin']:.2f}", *shares]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def card_of_added(base: str, model: LanguageModel) -> str:
    """Markdown on a model to which languages were added: `base` is the name of the file that it was before."""
    rows = [
        [
            one["language"],
            one["file"],
            f"{one['texts']:,}",
            f"{one['recall']:.1%}",
            " ".join(f"{name} {share:.0%}" for name, share in one["taken_for"]),
        ]
        for one in model.card["added"]
    ]
    licenses = sorted({source["license"] for source in model.card.get("recipe", {}).get("sources", ())})
    parts = [
        f"# {base} with more languages",
        f"{len(model.labels)} languages and scripts. These were added to a trained model, from these texts alone:",
        _table(["language", "file", "texts", "found again", "what its texts were taken for before"], rows),
        "Found again are texts whose n-grams were not counted for the language when they were asked. The weights of "
        "the other languages are those of the model before; they lose only texts that an added language wins. An "
        "added language belongs to no group of languages that are told apart badly.",
        "## Licences that bind the weights",
        "\n".join(f"- {name}" for name in [*licenses, "and those of the texts that were added, which nobody stated"]),
    ]
    return "\n\n".join(parts) + "\n"
