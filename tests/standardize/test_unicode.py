"""Cleaning keeps what carries meaning, in every script."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.standardize.unicode import unicode

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


def cleaned(*texts: str | None, keep_joiners: bool = True) -> list[str | None]:
    table = pa.table({"text": pa.array(texts, pa.large_string())})
    return list(unicode(keep_joiners=keep_joiners)(table)["text"].to_pylist())


@given(st.lists(TEXT, max_size=5))
@settings(max_examples=300, deadline=None)
def test_the_answer_is_in_nfc_and_stays_as_it_is(texts: list[str]) -> None:
    once = cleaned(*texts)
    assert all(unicodedata.is_normalized("NFC", text or "") for text in once)
    assert cleaned(*once) == once


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_letters_marks_and_digits_are_those_of_nfc(text: str) -> None:
    def kept(value: str) -> str:
        return "".join(c for c in unicodedata.normalize("NFC", value) if unicodedata.category(c)[0] in "LMN")

    # Marks that were kept apart by an invisible character may now compose with their base.
    assert unicodedata.normalize("NFD", kept(cleaned(text)[0] or "")) == unicodedata.normalize("NFD", kept(text))


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("क्‍ष", "क्‍ष"),  # a joiner that shapes a Devanagari conjunct
        ("می‌روم", "می‌روم"),  # a non-joiner inside a Persian word
        ("👩‍🌾", "👩‍🌾"),  # an emoji sequence
        ("a‍b", "ab"),
        ("ខ្ញុំ​ស្រឡាញ់", "ខ្ញុំ​ស្រឡាញ់"),  # a zero width space between Khmer words
        ("a​b", "ab"),
        ("‫עברית‬", "עברית"),
        ("﻿start", "start"),
        ("one\u2028two\u2029three", "one\ntwo\n\nthree"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("  a \t b  \n  c  ", "a b\nc"),
        ("क़लम", "क़लम"),  # a precomposed letter that NFC takes apart
        ("ọ́", "ọ́"),
        ("\ufdd0x\x00y\x7f", "xy"),
    ],
)
def test_examples(given_text: str, expected: str) -> None:
    assert cleaned(given_text) == [expected]


def test_joiners_can_go() -> None:
    assert cleaned("می‌روم 👩‍🌾", keep_joiners=False) == ["میروم 👩‍🌾"]


def test_null_and_empty() -> None:
    assert cleaned(None, "", "x") == [None, "", "x"]
    assert cleaned() == []


def test_real_text_of_two_hundred_languages_only_changes_to_nfc(data_dir: Path) -> None:
    with gzip.open(data_dir / "lid/sib200_train.tsv.gz", "rt", encoding="utf-8") as lines:
        texts = [" ".join(line.rstrip("\n").split("\t")[-1].split()) for line in lines][1::7]
    same = [
        "\u200b",
        "\u200e",
        "\u200f",
        "\u00ad",
        "\ufeff",
        "\u200c",
        "\u200d",
        "\u202b",
        "\u202c",
        "\u2060",
        "\u061c",
    ]
    same += ["\u2063", "\u0093", "\u0094", "\u0097"]
    plain = [text for text in texts if not any(mark in text for mark in same)]
    assert len(plain) > 10_000
    changed = [(a, b) for a, b in zip(plain, cleaned(*plain), strict=True) if unicodedata.normalize("NFC", a) != b]
    assert not changed[:3]
