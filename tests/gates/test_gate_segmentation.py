"""Words of scripts without spaces: agreement with ICU over whole real documents. A floor is only ever raised."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from icu4py.breakers import WordBreaker

from weft.text.segment import tokenize

FLOOR = 0.9998
LANGUAGES = {
    "tha_Thai": "THAI",
    "lao_Laoo": "LAO",
    "khm_Khmr": "KHMER",
    "mya_Mymr": "MYANMAR",
    "shn_Mymr": "MYANMAR",
    "cmn_Hans": "CJK",
    "jpn_Jpan": ("HIRAGANA", "KATAKANA", "CJK"),
}


def boundaries(text: str) -> tuple[set[int], set[int]]:
    """Ends and starts of tokens, ours and ICU's, as character positions."""
    place, units, at, unit = {0: 0}, {0: 0}, 0, 0
    for n, char in enumerate(text, 1):
        at, unit = at + len(char.encode()), unit + 1 + (ord(char) > 0xFFFF)
        place[at] = units[unit] = n
    ours = {place[at] for at in tokenize(pa.array([text]))[0].as_py()}
    return ours, {units[end] for _, end in WordBreaker(text, "en").segments()}


def is_of(char: str, names: str | tuple[str, ...]) -> bool:
    return unicodedata.name(char, "").startswith(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_agreement_with_icu(data_dir: Path, record_property: Callable[[str, object], None], language: str) -> None:
    with gzip.open(data_dir / "docs" / "hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [row["text"] for row in map(json.loads, lines) if row["lang"] == language]
    both = either = places = 0
    for text in texts:
        ours, icu = boundaries(text)
        dense = [unicodedata.category(c)[0] in "LMN" and is_of(c, LANGUAGES[language]) for c in text]
        inner = {n for n in range(1, len(text)) if dense[n - 1] and dense[n]}
        places += len(inner)
        both += len(ours & icu & inner)
        either += len(ours & inner) + len(icu & inner)
    assert places > 5_000
    agreement = 2 * both / either
    record_property("f1", round(agreement, 5))
    assert agreement >= FLOOR
