"""weft index: adding, listing, forgetting, and mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from weft.cli.boundary import run as weft

RECIPE = "name: march\nversion: 1.0.0\nacquire: [{path: texts.jsonl}]\nconstruct: {extends: nothing}\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    lines = [json.dumps({"text": f"habari ya {n} kutoka mji wa {n} leo asubuhi na mapema"}) for n in range(12)]
    (folder / "texts.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    assert weft(["run", str(folder / "recipe.yaml"), "--into", str(folder / "build"), "--quiet"]) == 0
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = Path(shutil.copytree(built, tmp_path / "copy"))
    monkeypatch.chdir(found)
    return found


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = weft(["index", *arguments])
    return (status, *capsys.readouterr())


def test_a_build_is_added_once_and_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called(capsys, "build", "--into", "index")
    assert status == 0 and out.startswith("added march@1.0.0: 12 documents, 0.0 MB of text in 0.")
    assert called(capsys, "build", "--into", "index")[1] == (
        "nothing to do: march@1.0.0 holds these documents already\n"
    )
    status, out, _ = called(capsys, "--into", "index")
    assert status == 0 and "march@1.0.0" in out and "kept" in out
    held = json.loads(called(capsys, "--into", "index", "--json")[1])
    assert [one["documents"] for one in held["releases"]] == [12]
    assert held["signatures"]["deduplicate.minhash"]["bands"] == 20


def test_releases_and_documents_are_forgotten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called(capsys, "build", "--into", "index", "--release", "first")
    ids = pl.read_parquet("build/documents/*.parquet")["id"].to_list()
    (folder / "ids.txt").write_text(f"{ids[3]}\n\n{ids[4]}\nffff\n", "utf-8")
    status, out, _ = called(capsys, "--into", "index", "--forget-ids", "ids.txt")
    assert (status, out) == (0, "forgot documents: 2; ids that are not in the index: 1\n")
    told = json.loads(called(capsys, "--into", "index", "--forget", "first", "--json")[1])
    assert (told["documents"], told["releases"]) == (10, ["first"])
    assert json.loads(called(capsys, "--into", "index", "--json")[1])["releases"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--into", "none"], "none: holds no index of releases"),
        (["none", "--into", "index"], "none: is not a build folder"),
        (["build", "--into", "build"], "build: holds other files"),
        (["build", "--into", "recipe.yaml"], "recipe.yaml: cannot be written"),
        (["build", "--into", "index", "--which", "most"], "--which most: expected kept, copies, all"),
        (["build", "--into", "index", "--release", " "], "expected a name of at most"),
        (["build", "--into", "index", "--forget", "x"], "expected no build beside them"),
        (["--into", "index", "--which", "all"], "expected its folder"),
        (["--into", "none", "--forget", "x"], "none: holds no index"),
        (["--into", "none", "--forget-ids", "no.txt"], "no.txt: cannot be read"),
        (["build"], "--into"),
    ],
)
def test_mistakes_are_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    status, out, err = called(capsys, *arguments)
    assert (status, out) == (2, "") and says in err and "Traceback" not in err
