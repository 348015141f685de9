"""The card of a language model: what went in, which licences bind the weights, how good it is."""

from __future__ import annotations

from typing import Any

import polars as pl

from weft.language.model import LanguageModel
from weft.language.recipe import TrainingRecipe


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
            [_source(source.name, source.license, texts) for source in recipe.sources],
        ),
        "## Licences that bind the weights",
        "\n".join(f"- {name}" for name in sorted({source.license for source in recipe.sources})),
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
    ]
    return "\n\n".join(parts) + "\n"


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


def _refusals(refused: dict[str, Any]) -> str:
    if refused["refused"] is None:
        return "Not measured: no language was left out."
    alone = refused["refused_without_relative"]
    few = f", {alone:.0%} of those of the {refused['languages_without_relative']} without a close known relative"
    return (
        "An answer is refused where its probability, and the share of the text's 4-grams and words that are common in "
        f"that language, are too low. The weights were learnt from {refused['languages']} languages that a second "
        f"model was trained without: it refuses {refused['refused']:.0%} of their texts (each language counts the "
        f"same, none was judged by weights that had seen it){'' if alone is None else few}. The threshold costs at "
        f"most {refused['cost']:.0%} of the right answers of every source whose labels are checked."
    )


def _family(name: str, held: dict[str, Any]) -> list[str]:
    figures = (held["single"], held["precision"], held["precision_without_margin"])
    shares = ["" if value is None else f"{value:.1%}" for value in figures]
    return [name, " ".join(held["members"]), f"{held['margin']:.2f}", *shares]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
