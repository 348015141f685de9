"""The language model of characters against the formula written out in plain Python."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import Strings, string_buffers
from weft.text.char_model import ORDER, surprise, train

TEXTS = ["habari za asubuhi", "Habari  gani leo", "maji ya moto", "moto wa maji 12", "", "a"]
OTHERS = ["habari ya moto", "xyz", "HABARI", "habari za asubuhi", "", "12 99"]


def _plain(texts: list[str]) -> list[str]:
    made = (" ".join(text.lower().split()) for text in texts)
    return ["\x02" + "".join("0" if c.isdigit() else c for c in text) for text in made]


def _entropy(texts: list[str], text: str) -> float:
    grams: Counter[str] = Counter()
    followed: Counter[str] = Counter()
    kinds: dict[str, set[str]] = {}
    for one in _plain(texts):
        for n in range(1, ORDER + 1):
            for at in range(n, len(one) + 1):
                grams[one[at - n : at]] += 1
                if at < len(one):
                    followed[one[at - n : at]] += 1
                    kinds.setdefault(one[at - n : at], set()).add(one[at])
    single = [gram for gram in grams if len(gram) == 1]
    whole = sum(len(text) - 1 for text in _plain(texts))
    held, bits = _plain([text])[0], 0.0
    for at in range(1, len(held)):
        chance = (grams[held[at]] + len(single) / 0x1000) / (whole + len(single))
        for n in range(1, ORDER):
            context = held[max(0, at - n) : at]
            if len(context) < n or not kinds.get(context):
                break
            chance = (grams[context + held[at]] + len(kinds[context]) * chance) / (
                followed[context] + len(kinds[context])
            )
        bits -= math.log2(chance)
    return bits / max(len(held) - 1, 1)


def _strings(texts: list[str]) -> Strings:
    return string_buffers(pa.array(texts, pa.large_string()))


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_bits_are_those_of_the_formula(number: int) -> None:
    found = surprise(train(_strings(TEXTS)), _strings(OTHERS))
    assert found[number] == pytest.approx(_entropy(TEXTS, OTHERS[number]), rel=1e-5)


def test_its_own_language_surprises_less() -> None:
    swahili = [f"watu {n} wanakwenda sokoni kila siku asubuhi na jioni" for n in range(50)]
    german = ["die leute gehen jeden tag morgens auf den markt"]
    found = surprise(train(_strings(swahili)), _strings(["watu wanakwenda nyumbani", *german]))
    assert found[0] + 2 < found[1]


def test_a_text_beside_others_is_the_same() -> None:
    model = train(_strings(TEXTS))
    alone = [surprise(model, _strings([text]))[0] for text in OTHERS]
    assert np.array_equal(surprise(model, _strings(OTHERS)), np.array(alone, np.float32))
