"""Shares of common grams and words, against sets in plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import Strings, string_buffers
from weft.text.coverage import commonest, empty_filter, hashes, held, insert, shares


def strings(*texts: str | None) -> Strings:
    return string_buffers(pa.array(texts, pa.large_string()))


def grams(text: str) -> list[str]:
    """Runs of four letters and spaces, a space only at their ends."""
    read = f" {' '.join(text.lower().split())} "
    runs = [read[n : n + 4] for n in range(len(read) - 3)]
    return [run for run in runs if " " not in run[1:3]]


TEXTS = ["mtoto anasoma kitabu leo", "mama anapika ugali leo", "a bb ccc", "kitabu"]


@pytest.mark.parametrize("text", [*TEXTS, "", "a", "ab", "1 2 3", "ñandé ħħħħħ"])
def test_as_many_hashes_as_grams_and_words(text: str) -> None:
    found, words = hashes(strings(text))
    expected = [] if not any(map(str.isalpha, text)) else grams(text)
    assert len(found) == len(expected) and len(set(found.tolist())) == len(set(expected))
    assert Counter(Counter(found.tolist()).values()) == Counter(Counter(expected).values())
    assert len(words) == len([word for word in text.split() if any(map(str.isalpha, word))])


def test_shares_are_those_of_what_was_put_in() -> None:
    gram_bits, word_bits = empty_filter(16), empty_filter(16)
    known = hashes(strings(TEXTS[0]))
    insert(gram_bits, known[0], 7)
    insert(word_bits, known[1], 7)
    asked = strings(TEXTS[0], TEXTS[1], TEXTS[0], None, "", "12")
    found = shares(asked, np.array([7, 7, 3, 7, 7, -1], np.int32), gram_bits, word_bits)
    assert found[0].tolist() == [1, 1]
    common = [gram in grams(TEXTS[0]) for gram in grams(TEXTS[1])]
    assert found[1].tolist() == pytest.approx([sum(common) / len(common), 1 / 4])
    assert not found[2:].any()  # another label holds nothing; no text, no share


def test_few_answers_are_wrong_in_a_filter_of_usual_load() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    bits, values = empty_filter(22), random.integers(0, 2**63, 545_000).astype(np.uint64)
    for label in range(545):
        insert(bits, values[label * 1_000 : (label + 1) * 1_000], label)
    full = int(sum(int(word).bit_count() for word in bits.tolist()))
    assert 0.3 < full / 2**22 < 0.5  # of four probes all hit by chance less than one time in sixteen


def test_the_commonest_and_at_least_twice() -> None:
    values = np.array([5, 5, 5, 9, 9, 2, 2, 7], np.uint64)
    assert commonest(values, 2).tolist() == [2, 5] and commonest(values, 10).tolist() == [2, 5, 9]
    assert commonest(np.empty(0, np.uint64), 3).tolist() == []


def test_which_labels_hold_a_hash() -> None:
    bits, (_, words) = empty_filter(16), hashes(strings("moja mbili tatu"))
    insert(bits, words[:2], 3)
    insert(bits, words[1:], 9)
    found = held(words, np.array([3, 4, 9], np.int32), bits)
    assert found.tolist() == [[True, False, False], [True, False, True], [False, False, True]]
    assert held(words, np.empty(0, np.int32), bits).shape == (3, 0)
