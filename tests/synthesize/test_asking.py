"""Settings that a recipe states reach the model, whatever operator asks it."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from weft.operators.examples import load_examples
from weft.operators.registry import ROOMS, Registry
from weft.operators.trial import build, example_table, run
from weft.synthesize.asking import Sampling, settled
from weft.synthesize.preference import Guards

EXAMPLES = Path(__file__).parent.parent / "examples"
REGISTRY = Registry.from_rooms(ROOMS, entry_points=False)


def _taking(parameter: str) -> list[str]:
    names = [name for name in REGISTRY.names() if name.startswith("synthesize.")]
    return [name for name in names if parameter in inspect.signature(REGISTRY.get(name).build).parameters]


@pytest.mark.parametrize("name", _taking("sampling"))
def test_the_sampling_of_a_recipe_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    spec, sent = REGISTRY.get(name), set()
    for example in load_examples(EXAMPLES / f"{name}.yaml", name):
        given = example.parameters | {"sampling": {"max_tokens": 77, "temperature": 0.25}}
        made = run(spec, build(spec, given, example.replies or {}), example_table(spec, example, REGISTRY))
        for call in (call for calls in made["calls"].to_pylist() for call in calls or ()):
            told = json.loads(call["parameters"])
            sent.add((told["max_tokens"], told["temperature"]))
    assert (77, 0.25) in sent  # a judge beside it has settings of its own


def test_the_guards_of_a_recipe_bind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    spec = REGISTRY.get("synthesize.english_accent")
    found = []
    for alike in (85.0, 0.001):
        for example in load_examples(EXAMPLES / f"{spec.name}.yaml", spec.name)[:1]:
            given = example.parameters | {"guards": {"alike": alike}}
            made = run(spec, build(spec, given, example.replies or {}), example_table(spec, example, REGISTRY))
            found.append({(row or {}).get("reason") for row in made["problem"].to_pylist()})
    assert None in found[0] and "too_alike" in found[1]


def test_settings_are_those_stated_or_the_default() -> None:
    assert settled(None, Guards(alike=20)) == Guards(alike=20)
    assert settled({"alike": 30}, Guards(alike=20)) == Guards(alike=30)
    assert settled(Guards(alike=40), Guards()) == Guards(alike=40)


def test_what_a_recipe_does_not_say_of_sampling_stays_as_the_operator_has_it() -> None:
    assert settled({"max_tokens": 9}, Sampling(temperature=0.7)) == Sampling(temperature=0.7, max_tokens=9)
    assert settled({"temperature": 0.1}, Sampling(temperature=0.7)).temperature == 0.1
