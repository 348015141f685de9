"""Texts for property tests: hard ones, made ones that repeat themselves, and real documents."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from weft.operators.samples import HARD_TEXTS

_PIECES = (
    *"aZéñß'’‘-·.,!?…#•–\"»”) \t\n\n\n0९٣๓៣",
    *"กาเ้ๆฯ๒ไທຍລາເ່ကြော်ငး္မေီ၏ខ្មែរា់ីៗ។།་፡።ا،؟한글漢字かなカーッ々。、\U00020000",
    *("the", "na ", "ya ", "...", "....", "ภาษาไทย", "ประเทศ", "ພາສາລາວ", "မြန်မာ", "နိုင်ငံ", "ភាសាខ្មែរ", "កម្ពុជា"),
    *(
        "http://a.b",
        "www.",
        "//www.x",
        "日本語",
        "图书馆",
        "👍🏽",
        "👩\u200d👧",
        "\u2764\ufe0f",
        "\u00ad",
        "\u200c",
        "\u200d",
    ),
    *("\u200b", "\u200f", "\ufeff", "\u0301", "\u0e31", "\x00", "\u2028", "ꩡ", "ꩻ", "\ua9e5", "๚", "١", "क्ष", "ǅ", "İ"),
)

mixed = st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)
"""Letters, marks and words of many scripts in any order: much that no writer would write."""

repetitive = st.lists(
    st.sampled_from(["na", "ya", "kwa", ".", "\n", "\n\n", "ฉัน", "ไป", "កម្ពុជា", " - "]), max_size=80
).map(" ".join)
"""Few words, so that n-grams, lines and paragraphs come again."""

any_text = st.one_of(
    mixed, repetitive, st.text(max_size=80), st.sampled_from([t for t in HARD_TEXTS if t and len(t) < 3_000])
)


@cache
def documents(data: Path, language: str) -> tuple[str, ...]:
    """Real web documents in a language (label not checked)."""
    with gzip.open(data / "docs" / "hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        return tuple(row["text"] for row in rows if row["lang"] == language)
