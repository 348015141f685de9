"""Worst slices: those that were planted are found, and of chance none."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from weft.evaluate.slices import worst

SCORES: dict[str, Any] = {"scores": [{"task": "topic", "metric": "accuracy", "primary": True}]}


def _items(right: Any, **more: Any) -> pl.DataFrame:
    count = len(right)
    held = {
        "language": ["swh_Latn"] * count,
        "item": [str(n) for n in range(count)],
        "cluster": [str(n) for n in range(count)],
        "prompt": ["x" * (10 + n * 7 % 90) for n in range(count)],
        "measure.accuracy": [[float(one), 1.0] for one in right],
        **more,
    }
    return pl.DataFrame(held)


def test_a_planted_slice_and_a_planted_pair_are_found() -> None:
    """The slice always, and the pair, which is hidden behind it, in nearly all draws."""
    pairs = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        topic = draw.choice(["health", "travel", "law"], 900)
        form = draw.choice(["short", "long"], 900)
        rate = np.where(topic == "law", 0.5, 0.9) - np.where((topic == "health") & (form == "long"), 0.35, 0)
        items = _items(draw.random(900) < rate, **{"slice.topic": topic, "slice.form": form})
        found = worst(SCORES, {"topic": items})
        names = [row["slice"] for row in found]
        assert "topic=travel" not in names
        law = found[names.index("topic=law")]
        assert law["items"] == int((topic == "law").sum()) and law["difference"] < -0.15
        assert law["value"] < law["rest"] and law["loss"] == -law["difference"]
        pairs += "topic=health & form=long" in names
    assert pairs >= 32


def test_of_chance_there_is_hardly_a_slice() -> None:
    """At most one run in twenty has any, which is what the correction promises."""
    runs = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        slices = {f"slice.s{n}": draw.choice(["a", "b", "c", "d"], 400) for n in range(3)}
        runs += bool(worst(SCORES, {"topic": _items(draw.random(400) < 0.7, **slices)}))
    assert runs <= 9


def test_small_slices_are_not_looked_at() -> None:
    right = [n >= 29 for n in range(200)]
    some = {"slice.kind": ["odd" if n < 29 else "even" for n in range(200)]}
    assert not [row for row in worst(SCORES, {"topic": _items(right, **some)}) if row["slice"] == "kind=odd"]
    assert [row for row in worst(SCORES, {"topic": _items(right, **some)}, least=20) if row["slice"] == "kind=odd"]


def test_lengths_in_quarters() -> None:
    draw = np.random.default_rng(5)
    prompts = ["x" * int(size) for size in draw.integers(10, 410, 800)]
    right = [draw.random() < (0.3 if len(one) > 310 else 0.9) for one in prompts]
    first, *_ = worst(SCORES, {"topic": _items(right, prompt=prompts)})
    assert first["slice"].startswith("length of the prompt=3") and first["slice"].endswith("characters")


def test_a_slice_that_is_small_in_each_language_is_found_in_all_together() -> None:
    draw = np.random.default_rng(9)
    parts = []
    for place in range(20):
        topic = draw.choice(["health", "travel", "sports", "law"], 60)
        rate = 0.4 + place / 40 - np.where(topic == "health", 0.25, 0)
        items = _items(draw.random(60) < rate, **{"slice.topic": topic})
        parts.append(items.with_columns(pl.lit(f"l{place:02}").alias("language")))
    found = worst(SCORES, {"topic": pl.concat(parts)})
    assert [(row["language"], row["slice"]) for row in found] == [(None, "topic=health")]
    assert found[0]["items"] > 200 and found[0]["difference"] == pytest.approx(-0.25, abs=0.07)


def test_a_pair_that_says_no_more_than_one_of_its_slices_is_left_out() -> None:
    draw = np.random.default_rng(11)
    topic = draw.choice(["health", "travel"], 1_200)
    form = draw.choice(["short", "long"], 1_200)
    right = draw.random(1_200) < np.where(topic == "health", 0.5, 0.9)
    found = worst(SCORES, {"topic": _items(right, **{"slice.topic": topic, "slice.form": form})})
    names = [row["slice"] for row in found]
    assert "topic=health" in names
    assert not [name for name in names if "&" in name]


def test_answers_in_another_language_are_a_slice() -> None:
    draw = np.random.default_rng(4)
    spoken = draw.random(600) < 0.8
    right = draw.random(600) < np.where(spoken, 0.9, 0.4)
    items = _items(right, **{"measure.in_language": [[float(one), 1.0] for one in spoken]})
    first, *_ = worst(SCORES, {"topic": items})
    assert first["slice"] == "in the language=no" and first["items"] == int((~spoken).sum())


def test_questions_of_few_passages_are_not_taken_for_many() -> None:
    """Twelve passages, each right or wrong as a whole: a slice of three of them is no finding."""
    found = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        passage = np.repeat(np.arange(12), 25)
        right = (draw.random(12) < 0.6)[passage]
        kind = np.array(["a", "b", "c", "d"])[draw.permutation(12) % 4][passage]
        items = _items(right, **{"slice.kind": kind}).with_columns(pl.Series("cluster", passage.astype(str)))
        found += bool([row for row in worst(SCORES, {"topic": items}) if row["slice"].startswith("kind=")])
    assert found <= 9
