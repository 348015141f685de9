"""How good a model is on sources that it never saw: trained without them, measured on exactly these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy.typing as npt
import polars as pl

from weft.errors import WeftError, nearest
from weft.language.evaluation import macro_f1, macro_f1_difference, macro_f1_merged, predicted
from weft.language.model import LanguageModel
from weft.language.recipe import TrainingRecipe


def divided(recipe: TrainingRecipe, names: Sequence[str]) -> tuple[TrainingRecipe, TrainingRecipe | None]:
    """The recipe without some of its sources, and one of these alone (None: nothing is left out).

    Raises WeftError for a source that the recipe does not have, and when none would be left.
    """
    known = [source.name for source in recipe.sources]
    for name in names:
        if name not in known:
            raise WeftError(
                f"--without {name}: the recipe has no such source; expected one of {', '.join(known)}"
                f"{nearest(name, known)}"
            )
    out = tuple(source for source in recipe.sources if source.name in names)
    kept = tuple(source for source in recipe.sources if source.name not in names)
    if not kept:
        raise WeftError(f"--without {', '.join(names)}: these are all sources of the recipe; expected one that is left")
    return recipe.model_copy(update={"sources": kept}), recipe.model_copy(update={"sources": out}) if out else None


def measure_left_out(model: LanguageModel, texts: pl.DataFrame, full: LanguageModel | None = None) -> dict[str, Any]:
    """Of each source: macro-F1 over its texts in languages that the model knows from other sources.

    With a `full` model, trained on all sources, its score on the same texts (those in languages that both know) and the
    drop from it, each with a 95 % interval; that of the drop is over texts drawn again for both alike.
    """
    made: dict[str, Any] = {}
    for source in texts["source"].unique(maintain_order=True):
        rows = texts.filter(pl.col("source") == source)
        labels: Collection[str] = model.labels
        if full is not None:
            labels = set(model.labels) & set(full.labels)
        known = rows.filter(pl.col("language").is_in(list(labels)))
        told: dict[str, Any] = {
            "languages_of_source": rows["language"].n_unique(),
            "texts_of_other_languages": rows.height - known.height,
        }
        made[source] = (_scores(model, known, full) if known.height else {"languages": 0, "texts": 0}) | told
    return made


def _scores(model: LanguageModel, rows: pl.DataFrame, full: LanguageModel | None) -> dict[str, Any]:
    true: npt.NDArray[Any] = rows["language"].to_numpy()
    found, sure = predicted(model, rows["text"])
    right = found == true
    told = macro_f1(true, found)
    told["macro_f1_merged"] = macro_f1_merged(model.families, true, found)
    told["right_answers_refused"] = round(float((~sure[right]).mean()), 4) if right.any() else None
    if full is not None:
        best = predicted(full, rows["text"])[0]
        told["full"] = macro_f1(true, best)
        told["full"]["macro_f1_merged"] = macro_f1_merged(model.families, true, best)
        told["drop"] = macro_f1_difference(true, best, found)
    return told


def left_out_card(scores: dict[str, Any]) -> str:
    """A section of the card: the scores on sources that the model was trained without."""
    head = ["source", "languages", "of its", "texts", "macro-F1", "95 %", "groups merged", "with it", "drop", "95 %"]
    head.append("right, but refused")
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for source, s in scores.items():
        if not s["texts"]:
            lines.append([source, "0", f"{s['languages_of_source']}", "0", *[""] * (len(head) - 4)])
            continue
        cells = [f"{s['macro_f1']:.3f}", f"{s['low']:.3f}–{s['high']:.3f}", f"{s['macro_f1_merged']:.3f}"]
        full, drop = s.get("full"), s.get("drop")
        cells += (
            [f"{full['macro_f1']:.3f}", f"{drop['difference']:.3f}", f"{drop['low']:.3f} to {drop['high']:.3f}"]
            if full and drop
            else ["", "", ""]
        )
        cells.append("" if s["right_answers_refused"] is None else f"{s['right_answers_refused']:.1%}")
        lines.append([source, f"{s['languages']}", f"{s['languages_of_source']}", f"{s['texts']:,}", *cells])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        "## Sources that it was trained without\n\nTheir part for tuning, in the languages that the model knows from "
        "other sources; `with it` is a model trained on all sources, where one was named.\n\n" + table
    )
