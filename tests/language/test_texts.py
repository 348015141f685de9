"""Reading labelled texts: columns, splits that nothing else moves, and clear errors."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weft.errors import WeftError
from weft.language.recipe import Source, TrainingRecipe, data_folder, load_recipe
from weft.language.texts import COLUMNS, read_texts

ONE = "sources: [{name: a, path: b, license: c}]"
ROWS = [
    (str(n), language, f"{language} sentence {n} e\u0301") for n in range(200) for language in ("swh_Latn", "yor_Latn")
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    lines = ["id\tlang\ttext", *("\t".join(row) for row in ROWS), "x\tswh_Latn\t ", "y\t\tno language"]
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    pages = [{"one": "eng_Latn", "two": "swh_Latn", "a": [f"a {n}", f"b {n}"], "b": [f"c {n}"]} for n in range(50)]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, pages)), "utf-8")
    return tmp_path


def recipe(*sources: dict[str, Any], **more: Any) -> TrainingRecipe:
    given = sources or ({"name": "a", "path": "a.tsv.gz", "license": "CC0-1.0", "group": "id"},)
    return TrainingRecipe.model_validate({"sources": given, **more})


def test_columns_nfc_and_no_empty_rows(data: Path) -> None:
    held = read_texts(recipe(), data)
    assert dict(held.schema) == COLUMNS and held.height == 400
    assert held["text"][0] == "swh_Latn sentence 0 é" and held["source"].unique().to_list() == ["a"]


def test_groups_are_not_torn_apart(data: Path) -> None:
    held = read_texts(recipe(), data)
    assert held.group_by("group").agg(pl.col("split").n_unique())["split"].max() == 1
    size = dict(held.group_by("split").len().iter_rows())
    assert 20 <= size["test"] <= 70 and 20 <= size["dev"] <= 70 and size["train"] > 280


def test_other_sources_move_no_row(data: Path) -> None:
    pages = {"name": "b", "path": "b.jsonl", "license": "CC0-1.0", "text": ["a", "b"], "language": ["one", "two"]}
    alone = read_texts(recipe(), data)
    both = read_texts(recipe(pages, {"name": "a", "path": "a.tsv.gz", "license": "CC0-1.0", "group": "id"}), data)
    assert both.filter(pl.col("source") == "a").equals(alone)
    made = both.filter(pl.col("source") == "b")
    assert dict(made.group_by("language").len().iter_rows()) == {"eng_Latn": 100, "swh_Latn": 50}


def test_nothing_is_held_out_where_nothing_is_asked(data: Path) -> None:
    held = read_texts(recipe(hold_out={"dev": 0, "test": 0}), data)
    assert held["split"].unique().to_list() == ["train"]


def test_groups_that_are_named(data: Path) -> None:
    given = {"name": "a", "path": "a.tsv.gz", "license": "CC0-1.0", "group": "id", "dev": ["3"], "test": ["5", "7"]}
    held = read_texts(recipe(given), data)
    assert sorted(held.filter(pl.col("split") == "test")["group"].unique()) == ["5", "7"]
    assert held.filter(pl.col("split") == "dev")["group"].unique().to_list() == ["3"]


def test_most_cut_and_words(data: Path) -> None:
    given = {"name": "a", "path": "a.tsv.gz", "license": "CC0-1.0", "most": 20, "cut": 20}
    held = read_texts(recipe(given), data)
    assert held.group_by("language", "split").len()["len"].max() == 20
    assert held["text"].str.len_chars().max() == 20
    with_words = {"name": "a", "path": "a.tsv.gz", "license": "CC0-1.0", "words": [9, 12]}
    assert read_texts(recipe(with_words), data).height == 0


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"path": "none.tsv"}, "none.tsv: cannot be read: No such file"),
        ({"path": "a.tsv.gz", "text": "txt"}, "no column 'txt'; it has id, lang, text; did you mean text"),
        ({"path": "b.jsonl", "text": "a", "language": "lang"}, "no column 'lang'"),
        ({"path": "b.jsonl", "text": ["a", "b", "a"], "language": ["one", "two"]}, "2 language columns for 3 of text"),
        ({"path": "broken.jsonl"}, "broken.jsonl: source a:"),
        ({"path": "broken.tsv.gz"}, "broken.tsv.gz: cannot be read"),
        ({"path": "a.txt"}, "expected a file named .tsv"),
    ],
)
def test_mistakes(data: Path, source: dict[str, Any], says: str) -> None:
    (data / "broken.jsonl").write_text('{"a": 1\n{', "utf-8")
    (data / "broken.tsv.gz").write_bytes(b"no gzip")
    (data / "a.txt").write_text("x", "utf-8")
    with pytest.raises(WeftError, match=says):
        read_texts(recipe({"name": "a", "license": "CC0-1.0", **source}), data)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sources: [{name: a, pth: a.tsv, license: X}]", "sources.0.pth: no such key; did you mean path"),
        ("sources: []", "sources: .*at least 1 item"),
        ("name: x", "sources: field required"),
        ("- a", "expected a mapping with the key sources"),
        ("a: [", "not valid YAML"),
        ("sources: [{name: a, path: b, license: c, weight: 0}]", "weight: input should be greater than 0"),
        (f"{ONE}\nvarieties: {{deu_Latn: {{de-1901: [a], de-1996: [b, a]}}}}", "a stands for more than one variety"),
        (f"{ONE}\nvarieties: {{deu_Latn: {{bavarian_x: [a]}}}}", "bavarian_x is no BCP-47 tag and no Glottolog code"),
    ],
)
def test_a_recipe_with_a_mistake(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "r.yaml").write_text(text, "utf-8")
    with pytest.raises(WeftError, match=says):
        load_recipe(tmp_path / "r.yaml")
    with pytest.raises(WeftError, match="cannot be read"):
        load_recipe(tmp_path / "none.yaml")


def test_the_default_recipe_is_good() -> None:
    import weft.language

    made = load_recipe(Path(weft.language.__file__).with_name("default.yaml"))
    assert len({source.name for source in made.sources}) == len(made.sources) > 10
    assert isinstance(made.sources[0], Source) and made.model.bits == 18


def test_the_folder_of_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert data_folder(tmp_path) == tmp_path
    monkeypatch.setenv("WEFT_DATA", "there")
    assert data_folder() == Path("there")
    monkeypatch.delenv("WEFT_DATA")
    with pytest.raises(WeftError, match="expected --data FOLDER"):
        data_folder()


def test_varieties_that_a_source_names(tmp_path: Path) -> None:
    lines = ["lang\tfile\ttext", "deu_Latn\tdeu_1901\tDaß", "deu_Latn\tdeu\tDass", "fra_Latn\tdeu_1901\tQue"]
    (tmp_path / "a.tsv").write_text("\n".join(lines), "utf-8")
    (tmp_path / "b.tsv").write_text("lang\ttext\ndeu_Latn\tdeu_1901", "utf-8")
    named = {"name": "a", "path": "a.tsv", "license": "CC0-1.0", "variety": "file"}
    plain = {"name": "b", "path": "b.tsv", "license": "CC0-1.0"}
    given = {"varieties": {"deu_Latn": {"de-1901": ["deu_1901", "alt"]}}, "hold_out": {"dev": 0, "test": 0}}
    held = read_texts(recipe(named, plain, **given), tmp_path)
    assert held["variety"].to_list() == ["de-1901", None, None, None] and dict(held.schema) == COLUMNS
    assert read_texts(recipe(named, plain), tmp_path)["variety"].null_count() == 4
    with pytest.raises(WeftError, match="no column 'files'; it has lang, file, text; did you mean file"):
        read_texts(recipe(named | {"variety": "files"}), tmp_path)
