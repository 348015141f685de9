"""label.precision_words: the list of the language that was found, and what is said of a file that is none."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.label.precision_words import precision_words
from weft.model.tables import LID

LIST = "language\tword\tcount\tshare\nswh_Latn\twatu\t5\t0.9\nlug_Latn\tabantu\t4\t\nlug_Latn\tn'abantu\t4\t1.0\n"


def asked(file: Path, *rows: tuple[str | None, str | None]) -> list[dict[str, float] | None]:
    lid = [
        None if code is None else {"language": code, "score": 1.0, "script": "Latn", "reason": None} for _, code in rows
    ]
    batch = pa.table({"text": pa.array([text for text, _ in rows], pa.large_string()), "lid": pa.array(lid, LID)})
    found: list[dict[str, float] | None] = precision_words(words=str(file))(batch)["precision_words"].to_pylist()
    return found


def test_the_list_of_its_language(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text(LIST, "utf-8")
    found = asked(
        file,
        ("Watu watu, abantu", "swh_Latn"),
        ("Watu N’ABANTU abantu na", "lug_Latn"),
        ("watu", "fra_Latn"),
        ("watu", None),
        (None, "swh_Latn"),
        ("", "swh_Latn"),
    )
    assert found == [
        {"words": 3, "hits": 2, "share": pytest.approx(2 / 3)},
        {"words": 4, "hits": 2, "share": 0.5},
        None,
        None,
        None,
        {"words": 0, "hits": 0, "share": 0},
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("word\nwatu\n", "no column language; it has word"),
        ("a\tb\n1\t2\n", "no column language or word; it has a, b"),
        ("language\tword\nswh_Latn\twatu wote\n", "'watu wote' is not one word"),
        ("language\tword\nswh_Latn\t12\n", "'12' is not one word"),
        ("", "not a list of words"),
    ],
)
def test_files_that_are_no_list(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "words.tsv"
    file.write_text(content, "utf-8")
    with pytest.raises(WeftError) as raised:
        precision_words(words=str(file))
    assert str(file) in str(raised.value) and says in str(raised.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="cannot be read"):
        precision_words(words=str(tmp_path / "none.tsv"))


def test_an_empty_list_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text("language\tword\tcount\tshare\n", "utf-8")
    assert asked(file, ("watu", "swh_Latn")) == [None]
