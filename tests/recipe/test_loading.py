"""Good recipes: defaults, overrides, canonical form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from weft.errors import WeftError
from weft.operators.registry import Registry
from weft.recipe import Recipe, from_json, load

from .conftest import Reads

LEAST = "acquire:\n  - path: crawl/*.warc.gz\n"


def test_one_line_is_a_recipe(reads: Reads, tmp_path: Path) -> None:
    recipe = reads(LEAST)
    assert recipe.name == tmp_path.name
    assert recipe.acquire[0].name == "crawl"
    assert (recipe.acquire[0].license, recipe.acquire[0].basis) == ("unknown", "unknown")
    assert recipe.acquire[0].redistribute is None
    assert [step.operator for step in recipe.parse] == ["parse.document"]
    assert {step.operator for step in recipe.standardize} == {
        "standardize.unicode",
        "standardize.mojibake",
        "standardize.zawgyi",
    }
    assert [step.operator for step in recipe.label] == ["label.script", "label.lid", "label.tokens", "label.signals"]
    assert [step.operator for step in recipe.deduplicate] == [
        "deduplicate.exact",
        "deduplicate.minhash",
        "deduplicate.verify",
    ]
    assert recipe.construct.split.train == 0.98
    assert recipe.base == tmp_path.resolve()


def test_parameters_are_filled_in(reads: Reads) -> None:
    recipe = reads(LEAST + "deduplicate: [exact, {minhash: {bands: 10}}, verify]\n")
    minhash = recipe.deduplicate[1]
    assert minhash.params["bands"] == 10
    assert minhash.params["rows"] == 7


def test_transient_step_is_put_before_its_first_reader(reads: Reads) -> None:
    recipe = reads(LEAST + "label: [script, lid, signals]\n")
    assert [step.operator for step in recipe.label][2:] == ["label.tokens", "label.signals"]
    recipe = reads(LEAST + "label: [tokens, script, lid, signals]\n")
    assert recipe.label[0].operator == "label.tokens"


def test_stages_can_be_left_out(reads: Reads) -> None:
    recipe = reads(LEAST + "standardize: false\ndeduplicate: false\n")
    assert (recipe.standardize, recipe.deduplicate) == ((), ())


def test_where_is_kept(reads: Reads) -> None:
    recipe = reads(LEAST + 'label: [script, {lid: {where: "script.share > 0.5"}}, signals]\n')
    lid = next(step for step in recipe.label if step.operator == "label.lid")
    assert lid.where == "script.share > 0.5"
    assert "where" not in lid.params


def test_sources_are_described_and_normalised(reads: Reads) -> None:
    recipe = reads(
        """
acquire:
  - path: a/books.jsonl
    format: jsonl
    license: CC-BY-SA-4.0
    basis: licence
    redistribute: true
    language_hint: Kiswahili
    options: {text_field: body}
  - path: b/books.jsonl
    redistribute: unknown
  - path: s3://bucket/more/
"""
    )
    first, second, third = recipe.acquire
    assert (first.name, second.name, third.name) == ("books", "books-2", "more")
    assert (first.redistribute, second.redistribute) == (True, None)
    assert first.language_hint == "swh_Latn"
    assert first.options["text_field"] == "body"


def test_rules_extend_the_defaults_or_stand_alone(reads: Reads) -> None:
    own = 'construct: {rules: {lists: null, certain: "lid.score >= 0.9"}}\n'
    rules = reads(LEAST + own).construct.all_rules()
    assert "lists" not in rules and "language" in rules
    assert list(rules)[-1] == "certain"
    own = 'construct: {extends: nothing, rules: {certain: "lid.score >= 0.9"}}\n'
    assert reads(LEAST + own).construct.all_rules() == {"certain": "lid.score >= 0.9"}


def test_overrides_replace_and_create(reads: Reads) -> None:
    text = LEAST + "settings:\n  seed: 3\n"
    labels = "label=[script, lid, tokens, signals]"
    recipe = reads(text, "construct.split.test=0.05", "settings.seed=7", "acquire.0.name=web", labels)
    assert recipe.construct.split.test == 0.05
    assert recipe.construct.split.train == pytest.approx(0.94)
    assert recipe.settings.seed == 7
    assert recipe.acquire[0].name == "web"
    assert [step.operator for step in recipe.label][2] == "label.tokens"


@pytest.mark.parametrize(
    "override", ["seed", "=3", "acquire.7.path=x", "acquire.0.path.x=3", "settings.seed=[1", "a.b"]
)
def test_a_bad_override_is_one_message(reads: Reads, override: str) -> None:
    with pytest.raises(WeftError, match=r"--set|settings\.seed"):
        reads(LEAST, override)


def test_canonical_form_round_trips(reads: Reads, tmp_path: Path) -> None:
    recipe = reads(LEAST + "deduplicate: [exact, {minhash: {bands: 10}}, verify]\nconstruct: {split: {test: 0.1}}\n")
    stored = json.loads(json.dumps(recipe.to_json()))
    assert "base" not in stored
    again = from_json(stored, recipe.base)
    assert again == recipe
    assert again.to_json() == recipe.to_json()


def test_a_stored_recipe_of_another_version_is_a_clear_message(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="by this version of weft"):
        from_json({"name": "x", "acquire": [{"path": "x", "colour": "red"}]}, tmp_path)


def test_a_recipe_cannot_be_changed(reads: Reads) -> None:
    recipe = reads(LEAST)
    with pytest.raises(ValidationError):
        recipe.name = "other"  # type: ignore[misc]


def test_missing_file_and_folder_are_clear(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(WeftError, match=r"no such file.*weft init"):
        load(tmp_path / "none.yaml", registry=registry)
    with pytest.raises(WeftError, match="is a folder"):
        load(tmp_path, registry=registry)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(WeftError, match=r"not UTF-8 text \(byte 9\)"):
        load(tmp_path / "latin.yaml", registry=registry)


def test_byte_order_mark_is_no_part_of_a_key(reads: Reads) -> None:
    assert isinstance(reads("\ufeff" + LEAST), Recipe)
