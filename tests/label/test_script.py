from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.label.script import script


def label(texts: list[str | None], **parameters: float) -> list[dict[str, object] | None]:
    return script(**parameters)(pa.table({"text": pa.array(texts, pa.large_string())}))["script"].to_pylist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Watu wote", "Latn"),
        ("ߒߞߏ ߦߋ߫", "Nkoo"),
        ("ひらがなだけ", "Jpan"),
        ("カタカナ", "Jpan"),
        ("コーヒーを飲む", "Jpan"),
        ("漢字" * 60 + "の", "Hani"),
        ("漢字" * 20 + "のは", "Jpan"),
        ("漢字漢字漢字 a very long English part の", "Latn"),
        ("漢字漢字漢字漢字漢字漢字 English a の", "Jpan"),
        ("한국어와 漢字", "Hang"),
        ("ㄅㄆㄇ", "Hani"),
        ("e\u0301\u0301\u0301\u0301", "Latn"),
        ("123 ,.- ー \u0301 😀", None),
    ],
)
def test_names(text: str, name: str | None) -> None:
    found = label([text])[0]
    assert (found and found["script"]) == name


def test_japanese_is_not_mixed_by_its_own_scripts() -> None:
    found = label(["今日は図書館で本を読みました。カタカナも。"])[0]
    assert found == {"script": "Jpan", "share": 1.0, "mixed": False}


def test_chinese_with_latin_and_one_kana_stays_chinese() -> None:
    found = label(["我今天去图书馆看书天气很好" * 8 + "の" + "iPhone and so on " * 3])[0]
    assert found is not None and found["script"] == "Hani" and found["mixed"]


def test_mixed() -> None:
    assert [row and row["mixed"] for row in label(["ab กข", "abcdefgh ก", "abcd ก"], mixed_above=0.15)] == [
        True,
        False,
        True,
    ]


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=5))
def test_any_text(texts: list[str | None]) -> None:
    texts = [text and text.encode("utf-8", "ignore").decode() for text in texts]
    rows = label(texts)
    assert len(rows) == len(texts)
    for text, row in zip(texts, rows, strict=True):
        assert row is None or (0 < row["share"] <= 1 and text)  # type: ignore[operator]
        assert row == label([text])[0]


def test_real_documents(data_dir: Path) -> None:
    same = {"Hans": "Hani", "Hant": "Hani"}
    with gzip.open(data_dir / "docs" / "hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = label([row["text"] for row in rows])
    right = [
        row and row["script"] == same.get(r["lang"][-4:], r["lang"][-4:]) for r, row in zip(rows, found, strict=True)
    ]
    assert sum(map(bool, right)) / len(right) > 0.99
