"""Commands that train models: train language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from weft.cli import show
from weft.errors import WeftError


def language(
    recipe: Path | None,
    into: Path,
    data: Path | None,
    draws: int | None,
    small: bool,
    without: list[str],
    beside: Path | None,
    test: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train, measure, and write model.npz, README.md, scores.json, languages.tsv, words.tsv and report.html."""
    from weft.language import recipe as recipes
    from weft.language.leaving_out import divided, measure_left_out
    from weft.language.model import load_model
    from weft.language.texts import read_texts

    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: cannot be written: it is a file; expected a folder, or a name that is free")
    if beside is not None and not without:
        raise WeftError("--beside: there is nothing to set it beside; expected --without SOURCE too")
    held = recipes.load_recipe(recipe or Path(recipes.__file__).with_name("default.yaml"))
    if small:
        held = held.small()
    if draws is not None:
        shape, refusal = (part.model_copy(update={"draws": draws}) for part in (held.model, held.refusal))
        held = held.model_copy(update={"model": shape, "refusal": refusal})
    held, out = divided(held, without)
    full = load_model(beside) if beside is not None else None
    folder = recipes.data_folder(data)
    unseen = read_texts(out, folder) if out is not None else None
    texts, model, learnt = _made(held, folder, quiet or as_json)
    if unseen is not None:
        learnt["without"] = measure_left_out(model, unseen.filter(unseen["split"] == "dev"), full)
    scores = _written(into, held, texts, model, learnt, ["dev", "test"] if test else ["dev"])
    if as_json:
        show.as_json({"model": str(into / "model.npz"), "languages": len(model.labels), "scores": scores, **learnt})
        return 0
    for part, found in (scores | {"without": learnt["without"]} if unseen is not None else scores).items():
        _scores(part, found)
    refused = learnt["refusal"]
    if refused["refused"] is not None:
        show.say(
            f"Of {refused['languages']} languages that a second model never saw, {refused['refused']:.0%} of the texts "
            f"are refused, at a cost of {refused['cost']:.0%} of right answers."
        )
    show.say(f"model   {into / 'model.npz'}\ncard    {into / 'README.md'}\nreport  {into / 'report.html'}")
    return 0


def _scores(part: str, found: dict[str, Any]) -> None:
    """A table of macro-F1 by source; of sources that were left out also the drop, where it was measured."""
    head, rows = [part, "languages", "texts", "macro-F1", "95 %"], []
    drops = any("drop" in s for s in found.values())
    for name, s in found.items():
        cells = ["", ""]
        if s["texts"]:
            cells = [f"{s['macro_f1']:.3f}", f"{s['low']:.3f}–{s['high']:.3f}"]
        if drops:
            drop = s.get("drop")
            cells += [f"{drop['difference']:.3f}", f"{drop['low']:.3f} to {drop['high']:.3f}"] if drop else ["", ""]
        rows.append((name, s["languages"], s["texts"], *cells))
    if drops:
        head += ["drop", "95 %"]
    show.table(head, rows, right=frozenset({1, 2, 3, 5}))


def _made(recipe: Any, folder: Path, silent: bool) -> Any:
    """The texts, the model, and what was learnt of it, under a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from weft.language.making import make, steps

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=show.console(stderr=True), disable=silent, transient=True) as bar:
        task = bar.add_task("read", total=steps(recipe))

        def tell(what: str, done: int, loss: float) -> None:
            bar.update(task, completed=done, description=f"{what}, loss {loss:.3f}")

        return make(recipe, folder, tell)


def _written(
    into: Path, recipe: Any, texts: Any, model: Any, learnt: dict[str, Any], parts: list[str]
) -> dict[str, Any]:
    """The scores by part and source; `learnt` gets the figures of the report."""
    from weft.language.adding import memory_of
    from weft.language.answered import answered
    from weft.language.card import card
    from weft.language.diagnosis import diagnose
    from weft.language.evaluation import measure
    from weft.language.language_table import language_table, purity, save_table
    from weft.language.precision_words import exact_lists, write_lists
    from weft.language.training import in_their_script
    from weft.report.language_page import page

    train = in_their_script(texts.filter(texts["split"] == "train", texts["language"].is_in(model.labels)))
    scores = {part: measure(model, texts.filter(texts["split"] == part)) for part in parts}
    asked = texts.filter(texts["split"] == parts[-1])
    rows = answered(model, asked)
    table = language_table(model, rows)
    learnt["purity"] = purity(table)
    known = asked["language"].is_in(model.labels)
    checked = [source.name for source in recipe.sources if source.checked]
    learnt["figures"] = diagnose(model, asked.filter(known), rows.filter(known), checked)
    try:
        into.mkdir(parents=True, exist_ok=True)
        model.save(into / "model.npz", memory_of(model, train) if recipe.remember else None)
        (into / "README.md").write_text(card(recipe, texts, model, scores, learnt), "utf-8")
        (into / "scores.json").write_text(json.dumps(scores | learnt, indent=1) + "\n", "utf-8")
        save_table(table, into / "languages.tsv")
        (into / "report.html").write_text(page(recipe.name, parts[-1], scores[parts[-1]], learnt, table), "utf-8")
        write_lists(exact_lists(train), into / "words.tsv")
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
    return scores
