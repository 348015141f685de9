"""The command line as a person uses it: answers, JSON, clear errors, exit statuses."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.engine.corpus import write_corpus

from weft.cli import show
from weft.cli.boundary import run as weft


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    status = weft(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build of a small corpus."""
    folder = tmp_path_factory.mktemp("cli")
    assert weft(["run", str(write_corpus(folder, count=60)), "--workers", "1", "--quiet"]) == 0
    return folder / "build"


def test_status_errors_and_report(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called(capsys, "status", str(built), "--json")
    assert status == 0 and json.loads(out)["complete"] is True
    assert called(capsys, "errors", str(built))[1].strip() == "no errors"
    assert "no errors with the reason bad_length" in called(capsys, "errors", str(built), "--reason", "bad_length")[1]
    status, out, _ = called(capsys, "report", str(built))
    assert status == 0 and Path(out.strip()).is_file()


def test_explain(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import weft as api

    name = api.open_build(built).documents(text=False).select("id").collect()["id"][0]
    status, out, _ = called(capsys, "explain", str(built), name[:12], "--json")
    held = json.loads(out)
    assert status == 0 and held["id"] == name and {"source", "locator", "stages", "outcome"} <= set(held)
    status, out, err = called(capsys, "explain", str(built), "nothing")
    assert status == 2 and out == "" and "no document has this id" in err


def test_a_run_says_what_its_table_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(capsys, "init", str(tmp_path / "corpus"))[0] == 0
    (tmp_path / "corpus/texts/short.txt").write_text("Habari ya asubuhi", "utf-8")
    (tmp_path / "corpus/texts/notes.csv").write_text("number;body\n1;Habari ya asubuhi\n", "utf-8")
    status, out, _ = called(capsys, "run", str(tmp_path / "corpus/recipe.yaml"), "--workers", "1", "--quiet")
    assert status == 0 and "1 files or records gave no document: weft errors" in out and "The corpus is empty" in out
    status, out, _ = called(capsys, "errors", str(tmp_path / "corpus/build"), "--json")
    assert 'say format: table and options: {delimiter: ";"}' in json.loads(out)["detail"]


def test_identify_reads_lines_and_says_what_is_wrong_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes(b"Watoto wanakwenda shuleni kila siku asubuhi na kurudi jioni.\n\n" + b"caf\xe9 \xff\xfe broken\n")
    status, out, _ = called(capsys, "identify", str(file), "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and len(rows) == 3
    assert rows[0]["language"] == "swh_Latn" and set(rows[0]) == {
        "language",
        "score",
        "script",
        "alternatives",
        "reason",
    }
    assert rows[1]["reason"] == "no_letters" and rows[2]["reason"] == "invalid_utf8"


def test_inspect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<html lang="sw"><title>Habari</title><body><nav>Nyumbani</nav><main><p>Watoto wanakwenda shuleni kila siku '
        "asubuhi na kurudi nyumbani jioni.</p></main></body></html>",
        "utf-8",
    )
    status, out, _ = called(capsys, "inspect", str(page), "--json")
    held = json.loads(out)
    assert status == 0 and held["labels"]["lid"]["language"] == "swh_Latn"
    assert "shuleni" in held["text"] and json.loads(held["meta"])["title"] == "Habari"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["run", "nowhere.yaml"], "no such file"),
        (["run", "."], "is a folder"),
        (["status", "."], "is not a build folder"),
        (["errors", "/nonexistent"], "is not a build folder"),
        (["operators", "label.signal"], "did you mean label.signals"),
        (["inspect", "nowhere.html"], "no such file"),
        (["identify", "nowhere.txt"], "cannot be read"),
        (["wun"], "No such command"),
        (["run", "recipe.yaml", "--only", "lable"], "did you mean label?"),
        (["export", "built", "--for", "trll", "--into", "out"], "did you mean trl?"),
        (["export", "empty", "--for", "trl", "--into", "out"], "its corpus is empty"),
        (["run"], "Missing argument"),
    ],
)
def test_a_mistake_is_one_message_and_exit_status_2(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("Habari za asubuhi.", "utf-8")
    Path("recipe.yaml").write_text("acquire: [{path: text.txt, basis: owned}]\n")
    Path("empty/construct").mkdir(parents=True)
    Path("empty/construct/release.json").write_text('{"documents": 0, "files": []}')
    status, _, err = called(capsys, *arguments)
    assert status == 2 and part in err and "Traceback" not in err


def test_what_may_not_be_written_is_no_fault_of_ours(
    capsys: pytest.CaptureFixture[str], built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engine.reading import Build

    def refused(self: Build) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "build/ledger/lock")

    monkeypatch.setattr(Build, "summary", refused)
    status, _, err = called(capsys, "report", str(built))
    assert status == 2 and err.startswith("error: build/ledger/lock: Permission denied; expected ")
    assert "fault of weft" not in err


def test_help_lists_every_command_once() -> None:
    import typer

    from weft.cli.application import application
    from weft.cli.sections import SECTIONS

    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(typer.main.get_command(application).commands)


def test_one_is_no_plural() -> None:
    assert show.counted(1, "task") == "1 task"
    assert show.counted(1200, "task") == "1,200 tasks"


def test_words_of_a_table_head_are_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    show.table(("intermediate", "seconds"), [("x " * 20, 1)])
    assert "intermediate" in capsys.readouterr().out


def test_no_column_of_a_table_is_left_out(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    names = ("a task", "first", "second", "an interval")
    show.table(
        names, [("covid " * 3, "10.3", "70.5", "58.4 to 61.9")], right=frozenset({1, 2}), whole=frozenset({0, 3})
    )
    said = capsys.readouterr().out
    assert all(name in said for name in (*names, "10.3", "70.5", "58.4 to 61.9"))


def test_a_fault_of_ours_is_short_and_leaves_a_log(
    capsys: pytest.CaptureFixture[str], built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engine.reading import Build

    def broken(self: Build) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Build, "status", broken)
    status, _, err = called(capsys, "status", str(built))
    assert status == 1 and "ZeroDivisionError: planted" in err and "Traceback" not in err
    log = Path(err.rsplit(" ", 1)[1].strip())
    assert "planted" in log.read_text("utf-8")
    log.unlink()


def test_dry_run_says_what_would_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_corpus(tmp_path, count=30)
    status, out, _ = called(capsys, "run", str(recipe), "--dry-run", "--json")
    held = json.loads(out)
    assert status == 0 and held["would_run"]["documents"] >= 1 and "release" in held["not_planned_yet"]
    assert not list((tmp_path / "build").rglob("*.parquet"))


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(capsys, "init", str(tmp_path))[0] == 0
    (tmp_path / "recipe.yaml").write_text("mine")
    status, _, err = called(capsys, "init", str(tmp_path))
    assert status == 2 and "exists already" in err and (tmp_path / "recipe.yaml").read_text() == "mine"


def test_operators_schema_and_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called(capsys, "operators", "--json")
    assert status == 0 and {"label.signals", "parse.document"} <= {row["name"] for row in json.loads(out)}
    assert called(capsys, "operators", "deduplicate.minhash")[0] == 0
    schema = json.loads(called(capsys, "recipe", "schema")[1])
    assert "label" in schema["properties"] and schema["title"] == "weft recipe"
    assert json.loads(called(capsys, "doctor", "--json")[1])["cores"] >= 1


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom weft.cli.boundary import run\nrun(['--help'])\n"
        "heavy = {'numba', 'polars', 'pyarrow', 'numpy', 'pydantic'} & set(sys.modules)\nassert not heavy, heavy"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Build a recipe" in done.stdout and time.monotonic() - began < 10
