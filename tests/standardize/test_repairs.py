"""Mojibake and Zawgyi are repaired, and nothing else is touched."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from myanmartools import ZawgyiDetector

from weft.standardize.mojibake import mojibake
from weft.standardize.zawgyi import _chains, zawgyi
from weft.text.buffers import string_buffers
from weft.text.transitions import zawgyi_chances
from weft.text.zawgyi import to_unicode


def repaired(*texts: str) -> tuple[list[str], list[int]]:
    done = mojibake()(pa.table({"text": pa.array(texts, pa.large_string())}))
    return done["text"].to_pylist(), [row["repaired"] for row in done["mojibake"].to_pylist()]


@pytest.mark.parametrize(
    "text",
    [
        "L’été à Besançon était chaud, déjà.",
        "ภาษาไทยเป็นภาษาที่สวยงาม",
        "हिन्दी भारत की भाषा है",
        "Tiếng Việt có nhiều dấu thanh.",
        "ሰላም ለዓለም ይሁን",
        "Ọjọ́ dára gan-an ni ọjọ́ òní.",
    ],
)
def test_utf8_read_as_windows_1252_comes_back(text: str) -> None:
    broken = "".join(
        bytes([b]).decode("cp1252") if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(b) for b in text.encode()
    )
    assert repaired(broken, text) == ([text, text], [1, 0])


def test_only_broken_lines_change() -> None:
    texts, counts = repaired("good line é\nbroken Ã©tÃ©\ngood again ü")
    assert texts == ["good line é\nbroken été\ngood again ü"] and counts == [1]


def test_hardly_any_real_sentence_is_changed(data_dir: Path) -> None:
    with gzip.open(data_dir / "lid/sib200_train.tsv.gz", "rt", encoding="utf-8") as lines:
        texts = [line.rstrip("\n").split("\t")[-1] for line in lines][1::3]
    after, counts = repaired(*texts)
    changed = [(a, b) for a, b in zip(texts, after, strict=True) if a != b]
    # The dozen sentences that do change were published with mojibake: "RepÃºblica", "(10â€“60".
    assert len(changed) <= len(texts) // 2_000, changed[:3]
    assert all(any(mark in a for mark in ("Ã", "â€", "Â", "Å")) for a, _ in changed)
    assert sum(count > 0 for count in counts) == len(changed)


def zawgyi_flags(texts: list[str]) -> list[bool]:
    done = zawgyi()(pa.table({"text": pa.array(texts, pa.large_string())}))
    return [row["converted"] for row in done["zawgyi"].to_pylist()]


def test_shan_mon_and_unicode_burmese_stay(data_dir: Path) -> None:
    for name, column in (("lid/sib200_train.tsv.gz", "text"), ("lid/udhr_train.tsv.gz", "text")):
        with gzip.open(data_dir / name, "rt", encoding="utf-8") as lines:
            head = next(lines).rstrip("\n").split("\t")
            rows = [dict(zip(head, line.rstrip("\n").split("\t"), strict=False)) for line in lines]
        texts = [row[column] for row in rows if row["lang"].endswith("_Mymr")]
        assert len(texts) > 50
        assert sum(zawgyi_flags(texts)) == 0, name


def test_short_and_other_text_is_not_judged() -> None:
    done = zawgyi()(pa.table({"text": pa.array(["ေန", "Habari", "", None], pa.large_string())}))
    assert [row and row["probability"] for row in done["zawgyi"].to_pylist()] == [None, None, None, None]
    assert done["text"].to_pylist() == ["ေန", "Habari", "", None]


def test_conversion_leaves_other_scripts_alone() -> None:
    assert to_unicode("Hello 123 ภาษา") == "Hello 123 ภาษา"


DETECTOR = ZawgyiDetector()
MYANMAR = st.text(st.one_of(st.characters(min_codepoint=0x1000, max_codepoint=0x10A2), st.sampled_from(" \n.a၊ꩠ👍")))


@given(st.lists(MYANMAR, max_size=5), st.integers(1, 30))
def test_the_kernel_reads_what_the_detector_reads(texts: list[str], most: int) -> None:
    detector = DETECTOR
    foreign = np.zeros(0x110000, np.uint8)
    strings = string_buffers(pa.array(texts, pa.large_string()))
    chance, letters, other = zawgyi_chances(strings, _chains(detector), most, foreign)
    assert not other.any()
    for text, value, count in zip(texts, chance, letters, strict=True):
        runs = re.findall("[\u1000-\u109f]+", text)
        assert count == sum(map(len, runs))
        assert value == pytest.approx(max(detector.get_zawgyi_probability(" ".join(runs)[:most]), 0), abs=1e-9)
