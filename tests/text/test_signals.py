from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import text_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from text_samples import any_text, documents

from weft.label.signals import NAMES, bundled_lists, signals
from weft.text import signals as kernel
from weft.text.buffers import string_buffers
from weft.text.segment import tokenize

STOPS = ["na", "ya", "the", "ไป", "កម្ពុជា", "ß", "é"]


@pytest.fixture(scope="module")
def label():  # type: ignore[no-untyped-def]
    return signals(stop_words={"zzz_Latn": STOPS})


def table(texts: list[str | None], language: str | None) -> pa.Table:
    column = pa.array(texts, pa.large_string())
    lid = pa.array([{"language": language}] * len(texts), pa.struct({"language": pa.string()}))
    return pa.table({"text": column, "tokens": tokenize(column), "lid": lid})


def compare(got: dict[str, object], text: str, stops: list[str] | None) -> None:
    words = text_reference.tokens(text)
    expected = text_reference.signals(text, words, stops)
    assert set(got) == set(expected)
    for name, value in expected.items():
        if value is None or isinstance(value, int):
            assert got[name] == value, name
        else:
            assert got[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name


def test_names_are_the_kernels() -> None:
    assert list(NAMES) == kernel.NAMES


@given(st.lists(any_text, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_like_the_reference(label, texts: list[str]) -> None:  # type: ignore[no-untyped-def]
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    rows = label(table(list(texts), "zzz_Latn"))["signals"].to_pylist()
    for text, row in zip(texts, rows, strict=True):
        compare(row, text, STOPS)


@pytest.mark.parametrize(
    "language",
    ["swh_Latn", "yor_Latn", "hin_Deva", "amh_Ethi", "tha_Thai", "khm_Khmr", "mya_Mymr", "arb_Arab", "cmn_Hans"],
)
def test_real_documents(data_dir: Path, label, language: str) -> None:  # type: ignore[no-untyped-def]
    texts = documents(data_dir, language)
    assert texts
    joined = ["\n\n".join(texts[i : i + 3] + texts[i : i + 1]) for i in range(0, 18, 3)]
    rows = label(table(list(joined), language))["signals"].to_pylist()
    for text, row in zip(joined, rows, strict=True):
        assert row["dup_5gram"] > 0
        compare(row, text, bundled_lists().get(language))


def test_null_empty_and_unlisted(label) -> None:  # type: ignore[no-untyped-def]
    rows = label(table([None, "", "na ya"], "qqq_Latn"))["signals"].to_pylist()
    assert rows[0] is None
    assert rows[1]["words"] == 0 and rows[1]["stop_words"] is None
    assert rows[2]["words"] == 2 and rows[2]["stop_words"] is None
    assert label(table(["", "na ya"], "zzz_Latn"))["signals"].to_pylist()[0]["stop_words"] == 0
    assert label(table(["na"], None))["signals"].to_pylist()[0]["stop_words"] is None
    assert len(label(table([], None))["signals"]) == 0


def test_each_document_has_its_own_language(label) -> None:  # type: ignore[no-untyped-def]
    languages = ["zzz_Latn", "swh_Latn", "qqq_Latn", "zzz_Latn", None, "swh_Latn"]
    batch = table(["na ya kwa"] * len(languages), None)
    lid = pa.array([{"language": language} for language in languages], pa.struct({"language": pa.string()}))
    counts = [row["stop_words"] for row in label(batch.set_column(2, "lid", lid))["signals"].to_pylist()]
    assert counts == [2, 3, None, 2, None, 3]


def test_long_counts_are_exact(label) -> None:  # type: ignore[no-untyped-def]
    text = "a" * 16_777_217 + " b\n"
    row = label(table([text], None))["signals"].to_pylist()[0]
    assert (row["chars"], row["bytes"], row["words"], row["lines"]) == (16_777_220, 16_777_220, 2, 1)


def test_too_many_stop_words_are_refused() -> None:
    with pytest.raises(ValueError, match="zzz_Latn: 65 words"):
        signals(stop_words={"zzz_Latn": [f"w{n}" for n in range(65)]})


def test_bundled_lists_hold_words_only() -> None:
    lists = bundled_lists()
    assert len(lists) > 1_000 and {"swh_Latn", "yor_Latn", "khm_Khmr", "amh_Ethi"} <= set(lists)
    for language, words in lists.items():
        assert len(words) <= kernel.MOST_STOP_WORDS, language
        for word in words:
            found = text_reference.tokens(word)
            assert any(text_reference.flags(c) & text_reference.LETTER for c in word), (language, word)
            assert not any(c in word for c in "\u200b፣፡፤।,."), (language, word)
            assert found, (language, word)


def test_the_kernel_hashes_words_as_the_lists_are_hashed() -> None:
    words = ["na", "ÉTÉ", "ΣΑΣ", "កម្ពុជា", "x" * 200]
    column = pa.array([" ".join(words)], pa.large_string())
    flat = tokenize(column)[0].values.to_numpy()
    keys = kernel.stop_keys([text_reference.lower(w) for w in words])
    lists = np.zeros(1, np.int32), keys, np.array([0, len(keys)])
    found = kernel.measure(string_buffers(column), flat, np.array([0, len(flat) // 2]), *lists)
    assert found[0, kernel.STOP_WORDS] == len(words)
