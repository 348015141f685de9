"""Texts that a person gives: what is read, and what is said of a file that will not do."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.language.given import checked_code, read_language

Sentence = Callable[[str, random.Random], str]


@pytest.fixture
def lines(sentence: Sentence) -> list[str]:
    draw = random.Random(5)
    return [sentence("aaa_Latn", draw) for _ in range(60)]


def written(folder: Path, content: str | bytes, name: str = "file.txt") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_lines_once_in_nfc(tmp_path: Path, lines: list[str]) -> None:
    content = "\ufeff" + "\r\n".join([*lines, "", "  ", lines[3], " cafe\u0301 na watu "])
    found = read_language("swh_Latn", written(tmp_path, content)).to_list()
    assert found == [*dict.fromkeys(lines), "caf\u00e9 na watu"]
    packed = written(tmp_path, gzip.compress(content.encode()), "file.txt.gz")
    assert read_language("swh_Latn", packed).to_list() == found


def test_paragraphs_are_cut_at_spaces(tmp_path: Path, lines: list[str]) -> None:
    content = " ".join(lines) + "\n" + "\n".join(lines) + "\n" + "x" * 700
    found = read_language("swh_Latn", written(tmp_path, content))
    assert found.str.len_chars().max() == 300
    pieces = [text for text in found if text not in lines and "x" not in text]
    assert " ".join(pieces) == " ".join(lines)
    assert [len(text) for text in found if set(text) == {"x"}] == [300, 300, 100]


def test_lines_of_another_script_are_left_out(tmp_path: Path, lines: list[str]) -> None:
    found = read_language("swh_Latn", written(tmp_path, "\n".join([*lines, "Это по-русски", "12 %"])))
    assert len(found) == len(set(lines))


@pytest.mark.parametrize("code", ["swh_Latn", "zho_Hans", "jpn_Jpan", "qaa_Latn", "prs_Arab", "tam_Taml", "nqo_Nkoo"])
def test_codes(code: str) -> None:
    assert checked_code(code) == code


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("swh", "did you mean swh_Latn?"),
        ("sw", "did you mean swh_Latn?"),
        ("Swahili", "did you mean swh_Latn?"),
        ("swh_latn", "did you mean swh_Latn?"),
        ("swh-Latn", "did you mean swh_Latn?"),
        ("xqz_Latn", "expected the code of a language and its script"),
        ("swh_Abcd", "expected the code of a language and its script"),
        ("und_Latn", "expected the code of a language and its script"),
        ("", "expected the code of a language and its script"),
        ("../x", "expected the code of a language and its script"),
    ],
)
def test_wrong_codes(code: str, says: str) -> None:
    with pytest.raises(WeftError) as raised:
        checked_code(code)
    assert f"--add {code}: " in str(raised.value) and says in str(raised.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no text; expected a sentence or paragraph in swh_Latn on each line"),
        (b"\n \r\n\t\n", "holds no text"),
        ("\n".join(f"Это строка по-русски {'а' * n}" for n in range(60)).encode(), "0 of 60 texts are in the Latin"),
        ("\n".join(f"Это строка по-русски {'а' * n}" for n in range(60)).encode(), "most are in the Cyrillic script"),
        (b"1\n2\n3\n", "most are in no script: they hold no letters"),
        (b"habari za asubuhi\n" * 500, "1 different texts in swh_Latn with 15 letters; expected at least 20 with 1000"),
        (b"moja\nmbili\n\xff\xfe\n", "line 3: byte 0xff is not UTF-8"),
        ("moja\nmbili\n".encode("utf-16"), "line 1: byte 0xff is not UTF-8"),
    ],
)
def test_files_that_will_not_do(tmp_path: Path, content: bytes, says: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(WeftError) as raised:
        read_language("swh_Latn", file)
    assert str(file) in str(raised.value) and says in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="cannot be read: No such file"):
        read_language("swh_Latn", tmp_path / "none.txt")
    with pytest.raises(WeftError, match="cannot be read: Is a directory"):
        read_language("swh_Latn", tmp_path)
    with pytest.raises(WeftError, match="cannot be read"):
        read_language("swh_Latn", written(tmp_path, b"no gzip at all", "file.txt.gz"))
    half = gzip.compress(b"habari " * 5000)[:-20]
    with pytest.raises(WeftError, match="cannot be read"):
        read_language("swh_Latn", written(tmp_path, half, "half.txt.gz"))
