"""Commands that train models: train language."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from weft.cli import show
from weft.errors import WeftError


def language(
    recipe: Path | None, into: Path, data: Path | None, draws: int | None, test: bool, as_json: bool, quiet: bool
) -> int:
    """Train, measure, and write model.npz, README.md, scores.json and languages.tsv."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from weft.language import recipe as recipes
    from weft.language.calibration import calibrated
    from weft.language.families import with_families, with_margins
    from weft.language.training import fit

    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: cannot be written: it is a file; expected a folder, or a name that is free")
    file = recipe or Path(recipes.__file__).with_name("default.yaml")
    held = recipes.load_recipe(file)
    if draws is not None:
        shape, refusal = (
            held.model.model_copy(update={"draws": draws}),
            held.refusal.model_copy(update={"draws": draws}),
        )
        held = held.model_copy(update={"model": shape, "refusal": refusal})
    texts = _texts(held, recipes.data_folder(data))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=show.console(stderr=True), disable=quiet or as_json, transient=True) as bar:
        steps = held.model.draws + (held.refusal.draws or held.model.draws)
        task = bar.add_task("train", total=steps)

        def first(done: int, loss: float) -> None:
            bar.update(task, completed=done, description=f"train, loss {loss:.3f}")

        def second(done: int, loss: float) -> None:
            bar.update(task, completed=held.model.draws + done, description=f"learn to refuse, loss {loss:.3f}")

        train = texts.filter(texts["split"] == "train")
        model = with_families(fit(train, held.model, first), held.families, train)
        model, refused = calibrated(model, texts, held, second)
    checked = texts["source"].is_in([source.name for source in held.sources if source.checked])
    model, families = with_margins(model, texts.filter(checked, texts["split"] == "dev"), held.precision)
    model = replace(model, card={"recipe": held.model_dump(mode="json")})  # with the licences that bind the weights
    learnt = {"refusal": refused, "families": families}
    scores = _written(into, held, texts, model, learnt, ["dev", "test"] if test else ["dev"])
    if as_json:
        show.as_json({"model": str(into / "model.npz"), "languages": len(model.labels), "scores": scores, **learnt})
        return 0
    for part, found in scores.items():
        rows = [
            (name, s["languages"], s["texts"], f"{s['macro_f1']:.3f}", f"{s['low']:.3f}–{s['high']:.3f}")
            for name, s in found.items()
        ]
        show.table((part, "languages", "texts", "macro-F1", "95 %"), rows, right=frozenset({1, 2, 3}))
    if refused["refused"] is not None:
        show.say(
            f"Of {refused['languages']} languages that a second model never saw, {refused['refused']:.0%} of the texts "
            f"are refused, at a cost of {refused['cost']:.0%} of right answers."
        )
    show.say(f"model  {into / 'model.npz'}\ncard   {into / 'README.md'}")
    return 0


def _texts(recipe: Any, folder: Path) -> Any:
    from weft.language.texts import read_texts

    if not folder.is_dir():
        raise WeftError(f"{folder}: no such folder; expected the labelled texts that the recipe names")
    return read_texts(recipe, folder)


def _written(
    into: Path, recipe: Any, texts: Any, model: Any, learnt: dict[str, Any], parts: list[str]
) -> dict[str, Any]:
    import polars as pl

    from weft.language.card import card
    from weft.language.evaluation import by_language, measure, predicted

    scores = {part: measure(model, texts.filter(texts["split"] == part)) for part in parts}
    asked = texts.filter(texts["split"] == parts[-1], texts["language"].is_in(model.labels))
    table = by_language(asked["language"].to_numpy(), predicted(model, asked["text"])[0])
    table = table.with_columns(pl.col("taken_for").list.join(" "), pl.selectors.float().round(5))
    try:
        into.mkdir(parents=True, exist_ok=True)
        model.save(into / "model.npz")
        (into / "README.md").write_text(card(recipe, texts, model, scores, learnt), "utf-8")
        (into / "scores.json").write_text(json.dumps(scores | learnt, indent=1) + "\n", "utf-8")
        table.write_csv(into / "languages.tsv", separator="\t")
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
    return scores
