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
        "model.npz", "README.md", "scores.json", "languages.tsv", "words.tsv", "report.html"
    }  # fmt: skip
    card = (folder / "model/README.md").read_text("utf-8")
    assert "| made | CC0-1.0 | 2 |" in card and "## Licences that bind the weights\n\n- CC0-1.0" in card
    assert load_model(folder / "model/model.npz").card["recipe"]["sources"][0]["license"] == "CC0-1.0"
    table = (folder / "model/languages.tsv").read_text("utf-8").splitlines()
    assert table[0].startswith("language\tkind\ttexts") and table[1].startswith("aaa_Latn\tlanguage\t")
    held = json.loads((folder / "model/scores.json").read_text("utf-8"))
    learnt = {name: told[name] for name in ("refusal", "families", "reliability", "varieties", "purity", "figures")}
    assert held == told["scores"] | learnt and learnt["refusal"]["languages"] == 0 and learnt["families"] == {}
    assert learnt["varieties"] == {"crossed": {}, "kept_out": {}}
    assert 0 <= learnt["reliability"]["error"] < 0.1
    assert told["purity"]["languages"] == 2 and "## How pure a corpus would be" in card
    assert "<h2>Related languages</h2>" in (folder / "model/report.html").read_text("utf-8")
    assert "Not measured: no language was left out." in card


def test_the_same_model_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(folder, "--quiet") == 0
    first = (folder / "model/model.npz").read_bytes()
    assert trained(folder, "--quiet") == 0
    assert (folder / "model/model.npz").read_bytes() == first
    out = capsys.readouterr().out
    assert "macro-F1" in out and "model.npz" in out and "test" not in out.split("model ")[0]


TWO = RECIPE.replace(
    "model:", "  - {name: more, path: more.tsv, license: CC0-1.0, test: [none], dev: [x], group: part}\nmodel:"
)


def test_a_source_is_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other source has a language more, and is measured where the model knows the language."""
    lines = [line.replace("lang\ttext", "lang\ttext\tpart") for line in (folder / "made.tsv").read_text().split("\n")]
    lines = lines[:1] + [f"{line}\tx" for line in lines[1:31]] + ["ccc_Latn\tqui tla xo\tx", "aaa_Latn\tbakatomi\ty"]
    (folder / "more.tsv").write_text("\n".join(lines), "utf-8")
    assert trained(folder, "--quiet") == 0
    (folder / "model").rename(folder / "full")
    (folder / "recipe.yaml").write_text(TWO, "utf-8")
    capsys.readouterr()
    beside = ["--beside", str(folder / "full/model.npz")]
    assert trained(folder, "--without", "more", *beside, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["scores"]["dev"]) == ["made"]
    found = told["without"]["more"]
    assert (found["languages"], found["languages_of_source"], found["texts"]) == (1, 2, 30)
    assert found["macro_f1"] == 1 and found["drop"] == {"difference": 0, "low": 0, "high": 0}
    assert [s["name"] for s in load_model(folder / "model/model.npz").card["recipe"]["sources"]] == ["made"]
    assert "## Sources that it was trained without" in (folder / "model/README.md").read_text("utf-8")
    assert trained(folder, "--without", "more", *beside, "--quiet") == 0
    assert "0.000 to 0.000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            ["--without", "mad"],
            "--without mad: the recipe has no such source; expected one of made; did you mean made?",
        ),
        (["--without", "made"], "these are all sources of the recipe"),
        (["--beside", "model.npz"], "expected --without SOURCE too"),
    ],
)
def test_sources_that_cannot_be_left_out(
    folder: Path, given: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(folder, "--quiet", *given) == 2
    assert says in capsys.readouterr().err and not (folder / "model").exists()


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
        "12 345 kg",
        "ab",
        "ελληνικά γράμματα",
        "",
    ]
    (folder / "lines.txt").write_text("\n".join(lines) + "\n", "utf-8")
    model = str(folder / "model/model.npz")
    assert weft(["identify", str(folder / "lines.txt"), "--model", model, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["language"] for row in rows] == [
        "aaa_Latn", "bbb_Latn", "zxx_Latn", "und_Latn", "und_Grek", "und_Zyyy"
    ]  # fmt: skip
    assert [row["reason"] for row in rows] == [None, None, "numbers", "too_short", "unknown_script", "no_letters"]
    assert not any("variety" in row for row in rows)
    assert rows[0]["alternatives"][0][0] == "aaa_Latn" and 0.5 < rows[0]["score"] <= 1
    assert weft(["identify", str(folder / "lines.txt"), "--model", model]) == 0
    assert capsys.readouterr().out.splitlines()[1].split("\t")[0] == "bbb_Latn"
    assert weft(["identify", str(folder / "lines.txt"), "--model", str(folder / "recipe.yaml")]) == 2
    assert "not a language model" in capsys.readouterr().err


def test_varieties_on_the_card_and_in_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / "made.tsv").read_text("utf-8").splitlines()
    made = ["lang\ttext\tgroup\tfile"]
    for number, line in enumerate(lines[1:]):
        spelled = line.replace("k", "qu").replace("o", "ou")
        made += [f"{line}\t{number // 2}\tplain", f"{spelled}\t{number // 2}\tsouthern"]
    (folder / "made.tsv").write_text("\n".join(made), "utf-8")
    source = "{name: made, path: made.tsv, license: CC0-1.0, group: group, variety: file}"
    varieties = "varieties: {aaa_Latn: {aaa-x-north: [plain], aaa-x-south: [southern], aaa-x-none: [nobody]}}\n"
    recipe = RECIPE.replace("{name: made, path: made.tsv, license: CC0-1.0}", source) + varieties
    (folder / "recipe.yaml").write_text(recipe, "utf-8")
    assert trained(folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)["varieties"]
    assert told["crossed"]["aaa_Latn"]["aaa-x-south"]["precision"] >= 0.95
    assert told["kept_out"]["aaa-x-south"]["others"][0] > 0 == told["kept_out"]["aaa-x-south"]["others"][1]
    card = (folder / "model/README.md").read_text("utf-8")
    assert "| aaa-x-south | aaa_Latn |" in card and "| aaa-x-none | aaa_Latn | 0 | no source has texts" in card
    southern = made[2].split("\t")[1]
    (folder / "lines.txt").write_text(f"{southern}\nschtrengul\n", "utf-8")
    assert weft(["identify", str(folder / "lines.txt"), "--model", str(folder / "model/model.npz"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["variety"]["code"] == "aaa-x-south" and 0.5 <= rows[0]["variety"]["score"] <= 1
    assert "variety" not in rows[1]
