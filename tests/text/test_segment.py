from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import text_reference
from hypothesis import given, settings
from text_samples import any_text, documents

from weft.text.segment import tokenize


def split(text: str) -> list[str]:
    """The kernel's tokens as text."""
    data, flat = text.encode(), tokenize(pa.array([text], pa.large_string()))[0].as_py()
    return [data[a:b].decode() for a, b in zip(flat[::2], flat[1::2], strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n\u3000\u200b", []),
        ("Ng'ombe, mbuzi!", ["Ng'ombe", ",", "mbuzi", "!"]),
        ("o‘zbek d’eau 'na'", ["o‘zbek", "d’eau", "'", "na", "'"]),
        ("a... b?! ---", ["a", "...", "b", "?", "!", "---"]),
        ("e\u0301e\u0301 x", ["e\u0301e\u0301", "x"]),
        ("می\u200cخواهم بخوانم.", ["می\u200cخواهم", "بخوانم", "."]),
        ("അവന്\u200d വന്നു", ["അവന്\u200d", "വന്നു"]),
        ("so\u00adft \u200fab", ["so\u00adft", "ab"]),
        ("\u2764\ufe0f👍", ["\u2764\ufe0f", "👍"]),
        ("བོད་ཡིག །", ["བོད", "ཡིག", "།"]),
        ("ሰላም፡ለዓለም።", ["ሰላም", "ለዓለም", "።"]),
        ("나는 오늘 도서관에", ["나는", "오늘", "도서관에"]),
        ("コーヒーを飲む", ["コーヒー", "を", "飲む"]),
        ("ภาษาไทยabc", ["ภาษา", "ไทย", "abc"]),
        ("ខ្ញុំចូលចិត្តអានសៀវភៅ។", ["ខ្ញុំ", "ចូលចិត្ត", "អាន", "សៀវភៅ", "។"]),
        ("\U0001e900\U0001e922 𠀀", ["\U0001e900\U0001e922", "𠀀"]),
    ],
)
def test_rules(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@given(any_text)
@settings(max_examples=400, deadline=None)
def test_like_the_reference(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert split(text) == text_reference.tokens(text)


@pytest.mark.parametrize("language", ["tha_Thai", "lao_Laoo", "mya_Mymr", "shn_Mymr", "khm_Khmr"])
def test_dictionary_scripts_agree_with_icu(data_dir: Path, language: str) -> None:
    texts = documents(data_dir, language)
    assert texts
    for text in texts:
        assert split(text) == text_reference.tokens(text)


@pytest.mark.parametrize(
    "language", ["swh_Latn", "amh_Ethi", "hin_Deva", "arb_Arab", "cmn_Hans", "jpn_Jpan", "kor_Hang"]
)
def test_real_documents(data_dir: Path, language: str) -> None:
    texts = documents(data_dir, language)
    assert texts
    for text in texts[:12]:
        assert split(text) == text_reference.tokens(text)


def test_batches_do_not_matter() -> None:
    texts = ["ภาษาไทย สวัสดี", None, "", "日本語です", "abc", "漢字x仮名", "ខ្ញុំ", "\u200d"]
    whole = tokenize(pa.array(texts, pa.large_string())).to_pylist()
    single = [tokenize(pa.array([text], pa.string()))[0].as_py() for text in texts]
    chunked = tokenize(pa.chunked_array([pa.array(texts[:3], pa.string()), pa.array(texts[3:], pa.string())]))
    assert whole == single == chunked.to_pylist()
    assert tokenize(pa.array(["x", *texts], pa.string())[1:]).to_pylist() == whole
    assert tokenize(pa.array([], pa.large_string())).to_pylist() == []
