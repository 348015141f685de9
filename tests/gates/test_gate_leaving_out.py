"""Beyond what it was trained on: a small model that never saw a source, on that source's texts for tuning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from weft.language import recipe as recipes
from weft.language.families import with_families
from weft.language.leaving_out import divided, measure_left_out
from weft.language.texts import read_texts
from weft.language.training import fit

FLOORS = {"udhr": (0.83, 220), "afrisenti": (0.76, 9)}
"""Macro-F1, and languages that other sources have; of a model of 4 MB and 400,000 steps, not of weft's own."""


def test_sources_that_were_never_seen(data_dir: Path, record_property: Callable[[str, object], None]) -> None:
    recipe = recipes.load_recipe(Path(recipes.__file__).with_name("default.yaml"))
    kept, out = divided(recipe, list(FLOORS))
    assert out is not None
    texts = read_texts(kept, data_dir)
    texts = texts.filter(texts["split"] == "train")
    shape = recipe.model.model_copy(update={"bits": 16, "draws": 400_000})
    model = with_families(fit(texts, shape), recipe.families, texts)
    unseen = read_texts(out, data_dir)
    found = measure_left_out(model, unseen.filter(unseen["split"] == "dev"))
    for source, (floor, languages) in FLOORS.items():
        record_property(source, found[source]["macro_f1"])
        assert found[source]["languages"] >= languages
        assert found[source]["macro_f1"] >= floor, f"{source}: {found[source]}"
