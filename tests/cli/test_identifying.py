"""weft identify at its levels: files and standard input, faults of the encoding, and mistakes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from weft.cli.boundary import run as weft

MODEL = str(Path(__file__).parent.parent / "examples" / "label.lid_spans.npz")
TEXT = "The children read books. Watoto wanasoma vitabu.\n\n12\nκαλημέρα caf\u00e9 schoolbooks\n"


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = weft(["identify", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "lines.txt"
    made.write_bytes(TEXT.encode() + b"watoto \xe9 wanasoma\n")
    return made


def test_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = called(capsys, "--model", MODEL, "--level", "word", str(file))
    rows = [line.split("\t") for line in out.splitlines()]
    assert status == 0 and [row[:3] for row in rows[:4]] == [
        ["1", "The", "eng_Latn"], ["1", "children", "eng_Latn"], ["1", "read", "eng_Latn"], ["1", "books", "eng_Latn"]
    ]  # fmt: skip
    assert [row[:3] for row in rows[4:7]] == [["1", word, "swh_Latn"] for word in "Watoto wanasoma vitabu".split()]
    assert ["4", "καλημέρα", "ell_Grek"] in [row[:3] for row in rows] and rows[-1][:2] == ["5", "wanasoma"]
    assert all(0 <= float(row[3]) <= 1 for row in rows)
    assert err == f"{file}:5: not valid UTF-8: byte 0xe9 after 7 bytes of the line; read as U+FFFD\n"


def test_spans_of_lines(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        json.loads(line)
        for line in called(capsys, "--model", MODEL, "--level", "word", "--json", str(file))[1].splitlines()
    ]
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5] and {row["file"] for row in rows} == {str(file)}
    spans = rows[0]["spans"]
    assert [(span["text"], span["language"]) for span in spans] == [
        ("The children read books", "eng_Latn"), ("Watoto wanasoma vitabu", "swh_Latn")
    ]  # fmt: skip
    assert TEXT[spans[1]["begin"] : spans[1]["end"]] == spans[1]["text"]
    assert rows[0]["cmi"] == pytest.approx(300 / 7, abs=1e-3) and rows[0]["i_index"] == pytest.approx(1 / 6, abs=1e-3)
    assert rows[1]["spans"] == rows[2]["spans"] == [] and rows[2]["cmi"] is None
    assert [row["reason"] for row in rows] == [None] * 4 + ["invalid_utf8"]


def test_several_files_and_among(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--model", MODEL, "--level", "word", "--among", "swh_Latn,ell_Grek", str(file), str(file)]
    rows = [line.split("\t") for line in called(capsys, *given)[1].splitlines()]
    assert rows[0][:3] == [f"{file}:1", "The", "swh_Latn"] and {row[2] for row in rows} == {"swh_Latn", "ell_Grek"}
    given = ["--model", MODEL, "--among", "eng_Latn", "--among", "ell_Grek", "--json", str(file)]
    answers = [json.loads(line) for line in called(capsys, *given)[1].splitlines()]
    assert answers[0]["language"] == "eng_Latn" and answers[0]["score"] == 1
    assert set(answers[0]) == {"language", "score", "script", "alternatives", "reason"}


@pytest.mark.parametrize("model", [[], ["--model", MODEL]])
def test_documents(model: list[str], file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Watoto wanasoma vitabu shuleni\nkila siku asubuhi.\n", "utf-8")
    given = [*model, "--level", "document"]
    rows = called(capsys, *given, str(file), str(other))[1].splitlines()
    assert len(rows) == 2 and rows[1].startswith("swh_Latn\t") and rows[1].endswith(f"\tLatn\t{other}")
    answers = [json.loads(line) for line in called(capsys, *given, "--json", str(other), str(file))[1].splitlines()]
    assert [row["file"] for row in answers] == [str(other), str(file)] and answers[1]["reason"] == "invalid_utf8"


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Pieces(io.RawIOBase):
        """A pipe that gives a few bytes at a time."""

        def __init__(self) -> None:
            self.rest = b"watoto wanasoma\nthe chil\xff\ndren read"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            piece, self.rest = self.rest[:5], self.rest[5:]
            buffer[: len(piece)] = piece
            return len(piece)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Pieces())))
    status, out, err = called(capsys, "--model", MODEL, "--level", "word")
    words = [line.split("\t")[:2] for line in out.splitlines()]
    assert status == 0 and words[:2] == [["1", "watoto"], ["1", "wanasoma"]] and words[-1] == ["3", "read"]
    assert err.startswith("standard input:2: not valid UTF-8: byte 0xff after 8 bytes")


def test_progress_on_a_terminal_leaves_the_answers_alone(file: Path, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "weft", "identify", "--model", MODEL, "--level", "word", str(file)]
    with (tmp_path / "out.txt").open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=terminal, env=os.environ | {"TERM": "xterm"})
    os.close(terminal)
    shown = os.read(reader, 1 << 16).decode("utf-8", "replace")
    os.close(reader)
    assert done.returncode == 0 and "identify" in shown and "not valid UTF-8" in shown and "watoto\t" not in shown
    plain = subprocess.run(command, capture_output=True)
    assert (tmp_path / "out.txt").read_bytes() == plain.stdout and b"identify" not in plain.stderr
    quiet = subprocess.run([*command, "--quiet"], capture_output=True)
    assert quiet.stdout == plain.stdout


def test_many_faults_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.txt").write_bytes(b"watoto \xff\n" * 50)
    status, out, err = called(capsys, str(tmp_path / "bad.txt"))
    assert status == 0 and len(out.splitlines()) == 50
    assert len(err.splitlines()) == 21 and err.endswith("30 more lines are not valid UTF-8\n")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--level", "sentence", "x"], "--level sentence: expected one of document, line, word"),
        (["--level", "word", "--among", "qya_Latn", "x"], "no language 'qya_Latn'"),
        (["--model", "nowhere.npz", "x"], "nowhere.npz: cannot be read"),
        (["--model", MODEL, "--among", "swa_Latn", "x"], "no language 'swa_Latn'"),
        (["--model", MODEL, "--level", "word", "nowhere.txt"], "nowhere.txt: cannot be read"),
    ],
)
def test_mistakes(
    arguments: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = called(capsys, *arguments)
    assert status == 2 and out == "" and part in err and "Traceback" not in err
