"""Licences of files that a recipe brings go into every record that is made with them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.synthesize.made import documents, made, pair

from weft.errors import WeftError
from weft.operators.examples import load_examples
from weft.operators.registry import ROOMS, Registry
from weft.operators.trial import build, example_table, run
from weft.synthesize.making import licences_of
from weft.synthesize.other_script import other_script
from weft.synthesize.pivot_join import pivot_join

EXAMPLES = Path(__file__).parent.parent / "examples"
REGISTRY = Registry.from_rooms(ROOMS, entry_points=False)
WITHOUT = {"leave", "negations", "frequencies", "plan", "made_pool"}
"""Lists of words that only say which words of a text are meant, the plan of whoever writes the recipe, and records,
each with a licence of its own."""
BRINGING = [
    (name, file)
    for name in REGISTRY.names()
    if name.startswith("synthesize.")
    for file in REGISTRY.get(name).files_in
    if file not in WITHOUT
]
EXAMPLED = [one for one in BRINGING if one[0] not in ("synthesize.other_script", "synthesize.pivot_join")]
"""Those whose examples have the file, and rows of it no licence of their own."""


def records(name: str, file: str, **more: Any) -> list[str]:
    """Licences of the records of the first example with this file, of documents under CC-BY-4.0."""
    spec = REGISTRY.get(name)
    examples = load_examples(EXAMPLES / f"{name}.yaml", name)
    example = next(one for one in examples if file in one.parameters)
    table = example_table(spec, example, REGISTRY)
    stated = pa.array(["CC-BY-4.0"] * table.num_rows)
    table = table.set_column(table.column_names.index("license"), "license", stated)
    given = {key: value for key, value in example.parameters.items() if key != f"{file}_license"} | more
    rows = run(spec, build(spec, given, example.replies or None), table).to_pylist()
    return [row["license"] for row in rows if row["problem"] is None]


def check(under: Callable[..., list[str]], file: str) -> None:
    """A non-commercial file makes records so, one without a licence makes them unknown; under ND none may be made."""
    assert set(under(**{f"{file}_license": "CC-BY-NC-4.0"})) == {"CC-BY-NC-4.0"}
    assert set(under()) == {"unknown"}
    with pytest.raises(WeftError, match=f"{file}_license is CC-BY-ND-4.0"):
        under(**{f"{file}_license": "CC-BY-ND-4.0"})


@pytest.mark.parametrize(("name", "file"), BRINGING)
def test_every_file_of_others_has_a_parameter_for_its_licence(name: str, file: str) -> None:
    assert f"{file}_license" in inspect.signature(REGISTRY.get(name).build).parameters


@pytest.mark.parametrize(("name", "file"), EXAMPLED)
def test_a_record_is_under_the_licence_of_the_file_as_well(
    name: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    check(functools.partial(records, name, file), file)


@pytest.mark.parametrize(("file", "rows"), [("table", "from\tto\nа\ta\n"), ("pairs", "tgk_Cyrl\ttgk_Latn\nа\ta\n")])
def test_rules_of_another_script_have_a_licence(file: str, rows: str, tmp_path: Path) -> None:
    (tmp_path / "rules.tsv").write_text(rows, "utf-8")
    given = documents([{"text": "а", "language_hint": "tgk_Cyrl", "license": "CC-BY-4.0"}])

    def under(**more: str) -> list[str]:
        return [
            row["license"]
            for row in made(other_script, given, script="Latn", **{file: str(tmp_path / "rules.tsv")}, **more)
        ]

    check(under, file)
    assert [row["license"] for row in made(other_script, given, script="Latn")] == ["CC-BY-4.0"]


def test_rows_that_are_joined_have_the_licence_of_their_file_where_they_state_none(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("eng_Latn\tyor_Latn\nGood morning\tE kaaaro\n", "utf-8")
    given = documents([pair(eng_Latn="Good morning", swh_Latn="Habari") | {"license": "CC-BY-4.0"}])

    def under(**more: str) -> list[str]:
        rows = made(pivot_join, given, pivot="eng_Latn", pairs=str(tmp_path / "pairs.tsv"), **more)
        return [row["license"] for row in rows]

    check(under, "pairs")


def test_licences_are_those_of_files_that_are_there() -> None:
    assert licences_of(lexicon=("a.tsv", "MIT"), table=("b.tsv", None), pairs=(None, None)) == ["MIT", None]
    with pytest.raises(WeftError, match="table_license is MIT, and there is no table"):
        licences_of(table=(None, "MIT"))
