"""weft init FOLDER --synthesize NAME as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.cli.boundary import run as weft
from weft.synthesize.starters import names, starter


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    status = weft(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_it_says_what_to_put_where_and_what_to_do_then(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    status, out, _ = called(capsys, "init", str(folder), "--synthesize", "code_switch")
    assert status == 0 and (folder / "recipe.yaml").read_text("utf-8") == starter("code_switch").text
    assert (folder / "texts").is_dir() and not (folder / "lexicon.tsv").exists()
    told = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ")}
    assert "columns swh_Latn and eng_Latn" in told[str(folder / "lexicon.tsv")] and str(folder / "texts") in told
    assert out.splitlines()[-2:] == [
        f"  weft synthesize {folder / 'recipe.yaml'} --estimate",
        f"  weft synthesize {folder / 'recipe.yaml'}",
    ]
    assert "model server" not in out
    assert "model server" in called(capsys, "init", str(tmp_path / "two"), "--synthesize", "paraphrase")[1]


def test_machines_are_told_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called(capsys, "init", str(tmp_path), "--synthesize", "synthesize.pivot_join", "--json")
    held = json.loads(out)
    assert status == 0 and held["operator"] == "synthesize.pivot_join" and Path(held["recipe"]).is_file()
    assert [Path(file["path"]) for file in held["files"]] == [tmp_path / "pairs.tsv", tmp_path / "others.tsv"]
    assert all(file["what"] for file in held["files"])


def test_nothing_is_overwritten_and_an_unknown_name_lists_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipe.yaml").write_text("mine", "utf-8")
    status, _, err = called(capsys, "init", str(tmp_path), "--synthesize", "noise")
    assert status == 2 and "exists already" in err and (tmp_path / "recipe.yaml").read_text("utf-8") == "mine"
    folder = tmp_path / "other"
    status, out, err = called(capsys, "init", str(folder), "--synthesize", "codeswitch")
    assert status == 2 and out == "" and "did you mean code_switch?" in err and not folder.exists()
    assert all(name in err for name in names())
