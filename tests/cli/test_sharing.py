"""weft share: export, show, merge, keys, and mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from weft.cli.boundary import run as weft

RECIPE = "name: {name}\nacquire: [{{path: {name}.jsonl, license: CC0-1.0}}]\nconstruct: {{extends: nothing}}\n"
TEXT = "habari ya siku ya {n} kutoka mji wa {n} leo asubuhi na mapema sana, mwandishi wetu anasema watu {n} walifika"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    for name, numbers in (("one", range(12)), ("two", range(8, 20))):
        lines = [json.dumps({"text": TEXT.format(n=f"{n} {n * n} {n * 7}")}) for n in numbers]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
        (folder / f"{name}.yaml").write_text(RECIPE.format(name=name), "utf-8")
        assert weft(["run", str(folder / f"{name}.yaml"), "--into", str(folder / name), "--quiet"]) == 0
    (folder / "key").write_text("0123456789abcdef0123456789abcdef\n", "utf-8")
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = Path(shutil.copytree(built, tmp_path / "copy"))
    monkeypatch.chdir(found)
    monkeypatch.delenv("WEFT_SHARE_KEY", raising=False)
    return found


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = weft(["share", *arguments])
    return (status, *capsys.readouterr())


def test_two_holders_share_and_merge(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called(capsys, "export", "one", "--into", "s1", "--holder", "archive", "--key-file", "key")
    assert status == 0 and out.startswith("share of archive: 12 of 12 documents, ")
    assert "with a key" in out and "CC0-1.0=12" in out
    told = json.loads(
        called(capsys, "export", "two", "--into", "s2", "--holder", "radio", "--key-file", "key", "--json")[1]
    )
    assert (told["holder"], told["documents"], told["parts"][0]) == ("radio", 12, "counts")
    status, out, _ = called(capsys, "merge", "s1", "s2", "--into", "joint", "--prefer", "radio=2")
    assert status == 0 and "joint plan of 2 holders; decisions: rules tried again over all" in out
    assert "documents that several holders have: 4" in out
    shown = json.loads(called(capsys, "show", "joint", "--json")[1])
    assert {held["holder"]: held["clusters_kept"] for held in shown["holders"]} == {"archive": 0, "radio": 4}
    assert sum(row["documents"] for row in shown["counts"]) == 24 and shown["mixture"] is False
    held = json.loads(called(capsys, "show", "s1", "--json")[1])
    assert held["parameters"]["deduplicate.minhash.bands"] == 20 and held["digest"]
    assert called(capsys, "show", "s2")[1].startswith("share of radio: 12 of 12 documents")
    assert called(capsys, "show", "joint")[1].startswith("joint plan of 2 holders")


def test_the_key_may_stand_in_the_environment(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    called(capsys, "export", "one", "--into", "s1", "--holder", "archive", "--key-file", "key")
    monkeypatch.setenv("WEFT_SHARE_KEY", "0123456789abcdef0123456789abcdef")
    assert called(capsys, "export", "one", "--into", "s2", "--holder", "archive")[0] == 0
    checks = [json.loads((folder / name / "share.json").read_text("utf-8"))["key"] for name in ("s1", "s2")]
    assert checks[0] == checks[1]
    assert (folder / "s1" / "bands.parquet").read_bytes() == (folder / "s2" / "bands.parquet").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "one", "--into", "s", "--holder", "a/b"], "--holder 'a/b': expected a name"),
        (["export", "one", "--into", "s", "--holder", "a", "--with", "lables"], "--with lables: expected some of"),
        (["export", "one", "--into", "s", "--holder", "a", "--with", ","], "--with: names nothing"),
        (["export", "one", "--into", "s", "--holder", "a", "--key-file", "no"], "--key-file no: cannot be read"),
        (["export", "one", "--into", "s", "--holder", "a", "--key-file", "short"], "short: holds 4 bytes; expected"),
        (["export", "nothing", "--into", "s", "--holder", "a"], "is not a build folder"),
        (["export", "one", "--into", "one", "--holder", "a"], "one: holds other files"),
        (["show", "one"], "one: is not a share (no share.json in it)"),
        (["merge", "one", "two", "--into", "j"], "one: is not a share"),
        (["merge", "one", "--into", "j", "--prefer", "archive"], "--prefer archive: expected a holder's name and a"),
    ],
)
def test_mistakes_are_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (folder / "short").write_text("abcd", "utf-8")
    status, _, err = called(capsys, *arguments)
    assert status == 2 and message in err and "Traceback" not in err
    assert not (folder / "s").exists()
