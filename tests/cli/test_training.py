"""weft train language as a person uses it: files, scores, and what is said of a mistake."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from weft.cli.boundary import run as weft
from weft.language.model import load_model

RECIPE = """\
name: small
sources:
  - {name: made, path: made.tsv, license: CC0-1.0}
model: {bits: 12, width: 16, draws: 5000, min_characters: 500}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = random.Random(1)
    lines = ["lang\ttext"]
    for language, syllables in (("aaa_Latn", "ba ka to mi"), ("bbb_Latn", "sch tren gul vog")):
        for _ in range(120):
            words = ["".join(draw.choices(syllables.split(), k=3)) for _ in range(5)]
            lines.append(f"{language}\t{' '.join(words)}")
    (tmp_path / "made.tsv").write_text("\n".join(lines), "utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, "utf-8")
    return tmp_path


def trained(folder: Path, *more: str) -> int:
    given = [str(folder / "recipe.yaml"), "--data", str(folder), "--into", str(folder / "model"), *more]
    return weft(["train", "language", *given])


def test_what_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(folder, "--test", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["languages"] == 2 and set(told["scores"]) == {"dev", "test"}
    assert told["scores"]["test"]["made"]["macro_f1"] == 1
    assert {file.name for file in (folder / "model").iterdir()} == {
        "model.npz", "README.md", "scores.json", "languages.tsv"
    }  # fmt: skip
    card = (folder / "model/README.md").read_text("utf-8")
    assert "| made | CC0-1.0 | 2 |" in card and "## Licences that bind the weights\n\n- CC0-1.0" in card
    assert load_model(folder / "model/model.npz").card["recipe"]["sources"][0]["license"] == "CC0-1.0"
    table = (folder / "model/languages.tsv").read_text("utf-8").splitlines()
    assert table[0].startswith("language\ttexts\tprecision") and table[1].startswith("aaa_Latn\t")
    held = json.loads((folder / "model/scores.json").read_text("utf-8"))
    assert held == told["scores"] | {"refusal": told["refusal"], "families": {}} and told["refusal"]["languages"] == 0
    assert "Not measured: no language was left out." in card


def test_the_same_model_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(folder, "--quiet") == 0
    first = (folder / "model/model.npz").read_bytes()
    assert trained(folder, "--quiet") == 0
    assert (folder / "model/model.npz").read_bytes() == first
    out = capsys.readouterr().out
    assert "macro-F1" in out and "model.npz" in out and "test" not in out.split("model ")[0]


@pytest.mark.parametrize(
    ("recipe", "data", "says"),
    [
        (RECIPE.replace("made.tsv", "none.tsv"), "", "none.tsv: cannot be read: No such file"),
        (RECIPE.replace("width: 16", "width: 17"), "", "model.width: input should be a multiple of 8"),
        (RECIPE.replace("draws: 5000", "drawz: 5000"), "", "drawz: no such key; did you mean draws"),
        (RECIPE.replace("min_characters: 500", "min_rows: 900"), "", "0 languages have 900 texts"),
        (RECIPE, "nowhere", "no such folder; expected the labelled texts"),
    ],
)
def test_mistakes(folder: Path, recipe: str, data: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "recipe.yaml").write_text(recipe, "utf-8")
    given = [str(folder / "recipe.yaml"), "--into", str(folder / "model"), "--quiet"]
    status = weft(["train", "language", *given, "--data", str(folder / data)])
    err = capsys.readouterr().err
    assert status == 2 and says in err and "Traceback" not in err
    assert not (folder / "model").exists()


def test_a_folder_that_is_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model").write_text("x", "utf-8")
    assert trained(folder, "--quiet") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_lines_are_identified_by_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(folder, "--quiet") == 0
    capsys.readouterr()
    lines = [
        "bakato mikato katoba tomika mikaba",
        "schtrengul vogschtren gulvogtren schvoggul trengulsch",
        "12",
        "ab",
        "ελληνικά γράμματα",
        "",
    ]
    (folder / "lines.txt").write_text("\n".join(lines) + "\n", "utf-8")
    model = str(folder / "model/model.npz")
    assert weft(["identify", str(folder / "lines.txt"), "--model", model, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["language"] for row in rows] == [
        "aaa_Latn", "bbb_Latn", "und_Zyyy", "und_Latn", "und_Grek", "und_Zyyy"
    ]  # fmt: skip
    assert [row["reason"] for row in rows] == [None, None, "no_letters", "too_short", "unknown_script", "no_letters"]
    assert rows[0]["alternatives"][0][0] == "aaa_Latn" and 0.5 < rows[0]["score"] <= 1
    assert weft(["identify", str(folder / "lines.txt"), "--model", model]) == 0
    assert capsys.readouterr().out.splitlines()[1].split("\t")[0] == "bbb_Latn"
    assert weft(["identify", str(folder / "lines.txt"), "--model", str(folder / "recipe.yaml")]) == 2
    assert "not a language model" in capsys.readouterr().err
