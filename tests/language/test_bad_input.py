"""Whatever the input is, there is an answer for each row: a language or a reason, never an exception."""

from __future__ import annotations

import json
import math
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hostile import HOSTILE, made, raw, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.cli.boundary import run as weft
from weft.errors import WeftError
from weft.language.identify import identify
from weft.language.model import LanguageModel, answers
from weft.text.bayes import both_sides, count, evidence
from weft.text.buffers import string_buffers
from weft.text.coverage import empty_filter, hashes, shares
from weft.text.scripts import dominant_script

REASONS = {
    *("no_letters", "unknown_script", "too_short", "no_words", "mixed_scripts", "unknown", "group", None),
}
BROKEN = [b"\xf7\xbf\xbf\xbf", b"\xff", b"\xe0", b"\xc0\x80", b"\xed\xa0\x80", b"ba ", b"\x80"]
COLUMNS = ("string", "large_string", "string_view", "dictionary", "sliced", "chunked")


@pytest.fixture(scope="module")
def model(texts: pl.DataFrame) -> LanguageModel:
    return made(texts)


def as_column(given_texts: list[str | None], kind: str) -> Any:
    """The same texts in another Arrow column."""
    if kind == "dictionary":
        return pa.array(given_texts, pa.string()).dictionary_encode()
    if kind == "sliced":
        return pa.array(["before", None, *given_texts, "after"], pa.string()).slice(2, len(given_texts))
    if kind == "chunked":
        half = len(given_texts) // 2
        parts = [pa.array(part, pa.string()) for part in (given_texts[:half], [], given_texts[half:])]
        return pa.chunked_array(parts, pa.string())
    return pa.array(given_texts, getattr(pa, kind)())


def check(model: LanguageModel, given_texts: list[Any], found: pa.Table) -> None:
    """A language, or `und_<Script>` with a reason, for each row; null for null."""
    found.validate(full=True)
    assert found.num_rows == len(given_texts)
    codes = {*model.labels, *model.families}
    for text, row in zip(given_texts, found.to_pylist(), strict=True):
        lid = row["lid"]
        if text is None:
            assert lid is None and row["variety"] is None
            continue
        assert lid["reason"] in REASONS and 0 <= lid["score"] <= 1.00001
        assert re.fullmatch(r"[A-Z][a-z]{3}", lid["script"])
        refused = lid["reason"] not in (None, "group")
        assert lid["language"] == f"und_{lid['script']}" if refused else lid["language"] in codes
        assert all(math.isfinite(other["score"]) and other["language"] in codes for other in row["alternatives"])
        assert row["variety"] is None or (not refused and row["variety"]["code"] in ("q-plain", "q-ring"))


@settings(deadline=None)
@given(given_texts=st.lists(texts, max_size=12), kind=st.sampled_from(COLUMNS), most=st.integers(1, 20))
def test_any_text_in_any_column(model: LanguageModel, given_texts: list[str | None], kind: str, most: int) -> None:
    check(model, given_texts, identify(model, as_column(given_texts, kind), most=most))


@settings(deadline=None)
@given(given_texts=st.lists(texts, max_size=12), kind=st.sampled_from(COLUMNS))
def test_answers_are_those_of_a_plain_column(model: LanguageModel, given_texts: list[str | None], kind: str) -> None:
    plain = answers(model, pa.array(given_texts, pa.large_string()))
    other = answers(model, as_column(given_texts, kind))
    assert all(np.array_equal(one, two) for one, two in zip(plain, other, strict=True))


@pytest.mark.parametrize("kind", COLUMNS)
def test_hostile_texts(model: LanguageModel, kind: str) -> None:
    begin = time.process_time()
    given_texts = list(HOSTILE)
    check(model, given_texts, identify(model, as_column(given_texts, kind)))
    assert answers(model, as_column(given_texts, kind)).label.shape == (len(HOSTILE), 3)
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    ("text", "script", "reason"),
    [
        ("", "Zyyy", "no_letters"),
        ("👍" * 1_000, "Zyyy", "no_letters"),
        ("0123 456" * 1_000, "Zyyy", "no_letters"),
        ("\x00" * 1_000, "Zyyy", "no_letters"),
        ("\u200d" * 1_000, "Zyyy", "no_letters"),
        ("\u202e\u202d\u2066" * 1_000, "Zyyy", "no_letters"),
        ("\ue000\uf8ff" * 1_000, "Zyyy", "no_letters"),
        ("\u0301" * 100_000, "Zyyy", "no_letters"),
        ("\ufffd" * 1_000, "Zyyy", "no_letters"),
        ("b", "Latn", "too_short"),
        ("\x00b\x00a\x00", "Latn", "too_short"),
        ("b" * 10_000_000, "Latn", "no_words"),
        ("бокатоми" * 100_000, "Cyrl", "no_words"),
        ("bakatomi ελληνικάελ бокатоми ሀለሐመ", "Grek", "unknown_script"),
        ("bakatomi бокато ሀለሐመሠረ", "Latn", "mixed_scripts"),
        ("ქართული ანბანი", "Geor", "unknown_script"),
    ],
)
def test_reasons(model: LanguageModel, text: str, script: str, reason: str) -> None:
    begin = time.process_time()
    row = identify(model, [text])["lid"][0].as_py()
    assert (row["language"], row["script"], row["reason"]) == (f"und_{script}", script, reason)
    assert time.process_time() - begin < 5


@settings(deadline=None)
@given(parts=st.lists(st.binary(max_size=40), max_size=8))
def test_bytes_that_are_no_utf8(model: LanguageModel, parts: list[bytes]) -> None:
    for column in (raw(parts), pa.array(parts, pa.binary())):
        check(model, parts, identify(model, column))


@settings(deadline=None)
@given(parts=st.lists(st.lists(st.sampled_from(BROKEN)).map(b"".join), max_size=6))
def test_kernels_stay_within_their_arrays(model: LanguageModel, parts: list[bytes]) -> None:
    """They take what they get for UTF-8: of other bytes they say something, and read nothing that is not theirs."""
    column = raw(parts)
    strings, size = string_buffers(column), len(parts)
    assert len(strings.data) >= strings.offsets[-1]
    found = answers(model, column)
    assert found.label.max(initial=-1) < len(model.labels) and np.isfinite(found.chance).all()
    number, share, _ = dominant_script(strings, 1_000)
    assert len(number) == size and (share <= 1).all()
    filled = empty_filter(12)
    assert (shares(strings, np.zeros(size, np.int32), filled, filled) == 0).all()
    assert all(len(part) <= strings.offsets[-1] + 2 * size for part in hashes(strings))
    counts = count(strings, np.zeros(size, np.int32), 1, 10)
    assert counts.max(initial=0) <= size and np.isfinite(evidence(strings, counts)).all()
    assert not both_sides(strings, 10, np.empty(0, np.uint16), np.empty((0, 2), np.float32)).any()


def test_a_text_that_ends_within_a_character() -> None:
    for end in (b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x91", b"\xe1\x80", b"\xc3"):
        strings = string_buffers(raw([b"ba", b"ka" + end]))
        assert len(strings.data) == strings.offsets[-1] + 3 and not strings.data[-3:].any()
    for whole in ("ba", "é", "字", "👍"):
        strings = string_buffers(raw([whole.encode()]))
        assert len(strings.data) == strings.offsets[-1]


@pytest.mark.parametrize("top", [0, -1])
def test_no_answers_at_all_are_refused(model: LanguageModel, top: int) -> None:
    with pytest.raises(WeftError, match=f"top: {top} labels of a text; expected 1 or more"):
        answers(model, pa.array(["bakato"]), top=top)


def test_a_million_empty_rows(model: LanguageModel) -> None:
    begin = time.process_time()
    found = identify(model, pa.array([""] * 1_000_000, pa.string()))
    assert found["lid"].combine_chunks().field("language").unique().to_pylist() == ["und_Zyyy"]
    assert identify(model, pa.nulls(1_000_000))["lid"].null_count == 1_000_000
    assert time.process_time() - begin < 20


def test_lines_that_are_no_text(model: LanguageModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.save(tmp_path / "model.npz")
    lines = [
        b"\xef\xbb\xbfbakato mine surala kamine",
        b"bakato \xff\xfe mine surala kamine",
        b"\x00\x00",
        b"",
        b"\xff" * 5_000,
        "bakatomi ".encode("utf-16"),
        b"x" * 3_000_000,
        "\u2028".encode(),
        b"ba\rka",
        "👍".encode() * 10_000,
        b"\xed\xa0\x80 lone",
    ]
    (tmp_path / "lines").write_bytes(b"\n".join(lines))
    for more in (["--json"], []):
        assert weft(["identify", str(tmp_path / "lines"), "--model", str(tmp_path / "model.npz"), *more]) == 0
        out = capsys.readouterr().out
        assert out.count("\n") == len(lines)
        if more:
            found = [json.loads(line) for line in out.splitlines()]
    assert [row["language"] for row in found[:2]] == ["aaa_Latn"] * 2 and found[1]["reason"] == "invalid_utf8"
    assert [row["reason"] for row in found[2:5]] == ["no_letters", "no_letters", "invalid_utf8"]
    assert found[4]["language"] == "und_Zyyy" and found[6]["reason"] == "no_words"
    (tmp_path / "nothing").write_bytes(b"")
    assert weft(["identify", str(tmp_path / "nothing"), "--model", str(tmp_path / "model.npz")]) == 0
    assert capsys.readouterr().out == ""
