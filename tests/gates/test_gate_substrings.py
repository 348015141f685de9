"""Passages that documents share are found in eight scripts, and nothing else: against all windows of all documents."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.deduplicate.passage_finding import SEPARATORS, covered, labels, plainly_covered, ranked, squeezed

RECALL_FLOOR = 0.99
LANGUAGES = "swh_Latn amh_Ethi hin_Deva arb_Arab rus_Cyrl tha_Thai khm_Khmr mya_Mymr cmn_Hans".split()
DENSE = ("tha_Thai", "khm_Khmr", "mya_Mymr", "cmn_Hans")
Record = Callable[[str, object], None]


def passage(text: str, spaced: bool, draw: random.Random) -> str:
    """50 to 80 whole words, or 100 to 160 characters, from somewhere in a text; empty when it is too short."""
    if spaced:
        words = text.split()
        size = draw.randint(50, 80)
        start = draw.randint(0, max(0, len(words) - size))
        return " ".join(words[start : start + size]) if len(words) >= size else ""
    size = draw.randint(100, 160)
    plain = "".join(squeezed(text)[0])
    start = draw.randint(0, max(0, len(plain) - size))
    return plain[start : start + size] if len(plain) >= size else ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_shared_passages(language: str, data_dir: Path, record_property: Record) -> None:
    spaced = language not in DENSE
    with gzip.open(data_dir / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as rows:
        texts = [row["text"] for row in map(json.loads, rows) if row["lang"] == language]
    draw = random.Random(language)
    planted: list[tuple[int, str]] = []
    for _ in range(60):
        one = passage(draw.choice(texts), spaced, draw)
        number = draw.randrange(len(texts))
        if one:
            words = texts[number].split(" ")
            at = draw.randint(0, len(words))
            texts[number] = " ".join([*words[:at], one, *words[at:]])
            planted.append((number, one))
    found = [covered(label) for label in labels(texts)]
    true = plainly_covered(texts, [spaced] * len(texts))
    # A passage that another was planted into later is no longer in one piece: then its windows say what is there.
    first = {number: place for place, number in enumerate(ranked(len(texts)))}
    later = [
        (n, p)
        for n, p in planted
        if any(squeezed(p)[0] in squeezed(texts[m])[0] and first[m] < first[n] for m in first)
    ]
    whole = 0
    for number, one in later:
        plain, places, _ = squeezed(texts[number])
        begin = plain.find(squeezed(one)[0])
        whole += begin < 0 or set(places[begin : begin + len(squeezed(one)[0])]) <= found[number]
    wanted = sum(map(len, true))
    solid = [
        {place for place in part if not texts[n][place].translate(SEPARATORS).isspace()} for n, part in enumerate(found)
    ]
    hit = sum(len(part & right) for part, right in zip(solid, true, strict=True))
    record_property("passages", f"{whole} of {len(later)}")
    record_property("recall", f"{hit / wanted:.4f} of {wanted} characters")
    record_property("precision", f"{hit / sum(map(len, solid)):.4f}")
    assert len(later) > 10
    assert whole >= RECALL_FLOOR * len(later) and hit >= RECALL_FLOOR * wanted
    assert hit == sum(map(len, solid)), "every passage was compared character by character"
