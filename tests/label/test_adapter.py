"""What adapters to other identifiers share: refusals, the script gate, libraries that are not there, and hard text."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.label.adapter import labels
from weft.label.lid_cld2 import lid_cld2
from weft.label.lid_cld3 import lid_cld3
from weft.label.lid_fasttext import lid_fasttext
from weft.label.lid_langid import lid_langid
from weft.label.script import script
from weft.operators.contract import BatchFunction

from .fasttext_models import EXAMPLE

ADAPTERS: dict[str, Callable[[], BatchFunction]] = {
    "lid_cld2": lid_cld2,
    "lid_cld3": lid_cld3,
    "lid_langid": lid_langid,
    "lid_fasttext": lambda: lid_fasttext(model=str(EXAMPLE)),
}
OTHERS = sorted(ADAPTERS)


def answers(function: BatchFunction, column: str, texts: list[str | None]) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = function(script()(pa.table({"text": pa.array(texts, pa.large_string())})))[
        column
    ].to_pylist()
    return found


def guessed(guess: Any, *texts: str | None, min_score: float = 0.3, max_bytes: int = 4096) -> list[Any]:
    return answers(labels("x", guess, 8, min_score, max_bytes), "x", list(texts))


LATIN = "a text that is long enough to be read"


def test_a_code_is_normalised_and_a_score_is_bounded() -> None:
    (found,) = guessed(lambda text: ("sw", 1.00001), LATIN)
    assert found == {"language": "swh_Latn", "score": 1.0, "script": "Latn", "reason": None}


@pytest.mark.parametrize(
    ("code", "text", "language"),
    [
        ("sr", LATIN, "srp_Latn"),
        ("sr", "дуг текст који има доста слова", "srp_Cyrl"),
        ("bg-Latn", LATIN, "bul_Latn"),
        ("zh", "孩子们每天早上去学校读书。", "cmn_Hans"),
        ("cmn_Hani", "孩子们每天早上去学校读书。", "cmn_Hans"),
        ("zh_Hant", "孩子們每天早上去學校讀書。", "cmn_Hant"),
        ("ku", "ئەم دەقە بە کوردی نووسراوە", "ckb_Arab"),
    ],
)
def test_a_language_in_its_script(code: str, text: str, language: str) -> None:
    (found,) = guessed(lambda text: (code, 0.9), text)
    assert (found["language"], found["reason"]) == (language, None)


@pytest.mark.parametrize("code", ["ru", "srp_Cyrl", "zh"])
def test_a_language_that_is_written_otherwise_is_refused(code: str) -> None:
    (found,) = guessed(lambda text: (code, 0.9), LATIN)
    assert (found["language"], found["reason"]) == ("und_Latn", "script_mismatch")


def test_refusals() -> None:
    assert guessed(lambda text: None, LATIN)[0]["reason"] == "unknown"
    assert guessed(lambda text: ("no language at all", 0.9), LATIN)[0]["reason"] == "unknown"
    assert guessed(lambda text: ("zxx_Latn", 0.9), LATIN)[0]["reason"] == "unknown"
    low = guessed(lambda text: ("sw", 0.25), LATIN)[0]
    assert (low["language"], low["reason"], low["score"]) == ("und_Latn", "low_confidence", 0.25)
    assert guessed(lambda text: ("sw", 0.25), LATIN, min_score=0.2)[0]["reason"] is None


def test_only_so_many_bytes_are_read_and_never_half_a_letter() -> None:
    read: list[str] = []
    guessed(lambda text: read.append(text), "й" * 500 + "\n" + LATIN, "abc\ndef\u2028ghi\r\x00jkl" * 2, max_bytes=101)
    assert read == ["й" * 50, "abc def ghi  jkl" * 2]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("", "und_Zyyy", "no_letters"),
        ("😀👍🏽🇰🇪", "und_Zyyy", "no_letters"),
        ("12 34", "und_Zyyy", "no_letters"),
        ("a", "und_Latn", "too_short"),
        ("語", "und_Hani", "too_short"),
    ],
)
def test_what_is_no_text(name: str, text: str, language: str, reason: str) -> None:
    (found,) = answers(ADAPTERS[name](), name, [text])
    assert found is not None
    assert (found["language"], found["reason"], found["score"]) == (language, reason, 0.0)


@pytest.mark.parametrize("name", OTHERS)
def test_hard_text_never_raises(name: str) -> None:
    texts = [None, "x" * 10_000_000, "កខគឃង" * 700_000, "\x00\x01" * 50 + "hello there", "\u202e" * 100, "\ufffd" * 40]
    texts += [
        "\u0301" * 500,
        "ߒߞߏ ߞߊ߲ " * 9,
        "\U0010ffff" * 30 + "letters after",
        "a\n" * 5000,
        "\n" * 50 + "abcdefghij",
    ]
    found = answers(ADAPTERS[name](), name, texts)
    assert len(found) == len(texts) and found[0] is None
    for one in filter(None, found):
        assert one["language"].endswith(f"_{one['script']}")
        assert one["language"].startswith("und_") == (one["reason"] is not None)
        assert 0 <= one["score"] <= 1


@pytest.mark.parametrize("name", OTHERS)
def test_bytes_that_are_no_utf8_are_no_fault(name: str) -> None:
    broken = b"Watu wote wamezaliwa huru \xff\xfe hadhi na haki".decode("utf-8", "replace")
    assert answers(ADAPTERS[name](), name, [broken])[0] is not None


@pytest.mark.parametrize(("name", "distribution"), [("lid_cld3", "cld3-py"), ("lid_fasttext", "fasttext-predict")])
def test_a_library_that_is_not_there(name: str, distribution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(wanted: str) -> str:
        raise importlib.metadata.PackageNotFoundError(wanted)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(WeftError, match=rf"label\.{name} needs the library {distribution}.*weft\[identifiers\]"):
        ADAPTERS[name]()


def test_a_library_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ImportError(f"{name}: a shared library is missing")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(WeftError, match="cld3-py, which is not installed or cannot be imported"):
        lid_cld3()
