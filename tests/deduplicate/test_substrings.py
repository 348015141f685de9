"""Passages that an earlier document has."""

from __future__ import annotations

import random
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deduplicate.passage_finding import covered, identifier, labels, plainly_covered, ranked

from weft.deduplicate.passage_pairs import WRITES, passage_pairs
from weft.deduplicate.substrings import substrings, widths

VOWELS, CONSONANTS = "aeiou", "bdfghjklmnprstvwyz"


def words(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(3)) for _ in range(count)]


def texts(label: dict[str, object] | None, text: str) -> list[str]:
    spans: list[dict[str, int]] = label["spans"] if label else []  # type: ignore[assignment]
    return [text[span["begin"] : span["end"]] for span in spans]


def test_the_earlier_document_keeps_a_passage_and_the_later_one_says_where() -> None:
    shared = " ".join(words(60, 1))
    pages: list[str | None] = [f"{' '.join(words(30, n + 2))} {shared} {' '.join(words(20, n + 50))}" for n in range(2)]
    found = labels(pages)
    first, second = ranked(2)
    assert texts(found[first], pages[first] or "") == []
    assert texts(found[second], pages[second] or "") == [shared]
    label = found[second]
    assert label is not None and label["cut"] == len(shared)
    span = label["spans"][0]  # type: ignore[index]
    assert span["id"] == identifier(first)
    assert (pages[first] or "")[span["at"] :].startswith(shared)


def test_a_source_of_higher_priority_keeps_it() -> None:
    shared = " ".join(words(60, 1))
    pages: list[str | None] = [f"{' '.join(words(30, n + 2))} {shared}" for n in range(3)]
    for favoured in range(3):
        priorities = [0, 0, 0]
        priorities[favoured] = 7
        found = labels(pages, priorities=priorities)
        assert [bool(label and label["spans"]) for label in found] == [n != favoured for n in range(3)]


@pytest.mark.parametrize("count", [49, 50])
def test_fewer_words_are_no_passage(count: int) -> None:
    shared = " ".join(words(count, 1))
    pages: list[str | None] = [f"{' '.join(words(9, n + 2))} {shared} {' '.join(words(9, n + 50))}" for n in range(2)]
    assert sum(bool(label and label["spans"]) for label in labels(pages)) == (count == 50)


@pytest.mark.parametrize("count", [99, 100])
def test_scripts_without_spaces_go_by_characters(count: int) -> None:
    draw = random.Random(4)
    signs = [chr(c) for c in range(0x4E00, 0x4F00)]
    shared = "".join(draw.choices(signs, k=count))
    pages: list[str | None] = [f"{'甲乙'[n] * 3}{shared}{'丙丁'[n] * 3}" for n in range(2)]
    found = [text for label, page in zip(labels(pages), pages, strict=True) for text in texts(label, page or "")]
    assert found == [shared] * (count == 100)


def test_white_space_and_case_do_not_count_and_words_are_not_cut() -> None:
    shared = words(60, 1)
    pages: list[str | None] = ["x" + " ".join(shared), "\n".join(shared).upper() + "y"]
    found = labels(pages)
    later = ranked(2)[1]
    # A word that goes on in one of the two texts is not of the passage in the other.
    whole = " ".join(shared[1:]) if later == 0 else "\n".join(shared[:-1]).upper()
    assert texts(found[later], pages[later] or "") == [whole]


def test_of_a_page_that_repeats_itself_one_copy_stays() -> None:
    passage = " ".join(words(70, 1))
    page = f"{passage} {passage} {passage}"
    label = labels([page])[0]
    assert page[: len(passage)] == passage and min(covered(label)) > len(passage)
    assert len(covered(label)) >= 2 * len(passage)


def test_every_passage_of_a_family_is_kept_somewhere() -> None:
    passage = " ".join(words(70, 1))
    pages: list[str | None] = [f"{' '.join(words(5, n + 9))} {passage}" for n in range(40)]
    found = labels(pages)
    assert sum(bool(label and label["spans"]) for label in found) == 39
    assert {span["id"] for label in found if label for span in label["spans"]} == {identifier(ranked(40)[0])}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "pages",
    [[], [None], ["", None, " \n\r\n "], ["a"], ["\n" * 5000] * 2, ["line\r\n" * 3]],
)
def test_hostile_texts_have_no_passage(pages: list[str | None]) -> None:
    found = labels(pages)
    assert [label is None for label in found] == [page is None for page in pages]
    assert not any(label["spans"] for label in found if label)


def test_one_line_of_ten_megabytes_takes_linear_work() -> None:
    label = labels(["ab" * 5_000_000, "z" * 1_000_000])
    assert [page is not None and bool(page["spans"]) for page in label] == [True, True]
    assert len(covered(label[0])) > 9_999_000


ALPHABET = st.text(st.sampled_from("ab c"), min_size=20, max_size=90)
SIGNS = "".join(random.Random(8).sample([chr(c) for c in range(0x4E00, 0x5E00)], 6 * 20))
BLOCKS = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=12), min_size=1, max_size=5)


def solid(part: set[int], text: str) -> set[int]:
    return {n for n in part if not text[n].isspace()}


@settings(max_examples=150, deadline=None)
@given(st.lists(ALPHABET | st.just("abcabbcaacbabcaabbccab" * 2), min_size=1, max_size=5))
def test_no_character_is_found_that_a_plain_search_does_not_find(pages: list[str]) -> None:
    """Even where everything looks alike, and hashes tie: what is found stands earlier."""
    dense = [page.translate({97: "甲", 98: "乙", 99: "丙"}) for page in pages]
    found = [covered(label) for label in labels(list(dense), words=8, chars=16)]
    true = plainly_covered(dense, [False] * len(dense), chars=16)
    assert all(solid(p, text) <= t for text, p, t in zip(dense, found, true, strict=True))


@settings(max_examples=100, deadline=None)
@given(BLOCKS)
def test_characters_found_are_those_of_a_plain_search(pages: list[list[int]]) -> None:
    dense = [" ".join(SIGNS[20 * n : 20 * n + 20] for n in page) for page in pages]
    found = [covered(label) for label in labels(list(dense), words=8, chars=16)]
    true = plainly_covered(dense, [False] * len(dense), chars=16)
    assert [solid(part, text) for part, text in zip(found, dense, strict=True)] == true


@settings(max_examples=100, deadline=None)
@given(BLOCKS)
def test_words_found_are_those_of_a_plain_search(pages: list[list[int]]) -> None:
    pool = words(60, 3)
    spaced = [" ".join(word for n in page for word in pool[10 * n : 10 * n + 10]) for page in pages]
    found = [covered(label) for label in labels(list(spaced), words=8, chars=100)]
    true = plainly_covered(spaced, [True] * len(spaced), words=8)
    assert [solid(part, text) for part, text in zip(found, spaced, strict=True)] == true


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)), max_size=30, unique=True))
def test_the_earlier_place_is_first_and_a_group_is_connected(places: list[tuple[int, int, int]]) -> None:
    key, order, at = ([place[n] for place in places] for n in range(3))
    table = pa.table(
        {
            "key": pa.array(key, pa.uint64()),
            "order": pa.array(order, pa.uint64()),
            "shard": pa.array([0] * len(places), pa.int32()),
            "row": pa.array(order, pa.int32()),
            "at": pa.array(at, pa.int32()),
        }
    )
    made = passage_pairs()(table)
    assert made.schema.equals(pa.schema(list(WRITES.items())))
    pairs = [((r["row_a"], r["at_a"]), (r["row_b"], r["at_b"])) for r in made.to_pylist()]
    assert all(a < b for a, b in pairs)
    expected = 0
    for k in set(key):
        group = sorted((o, p) for n, o, p in places if n == k)
        expected += max(0, len(group) - 1) + max(0, len(group) - 2) + max(0, len(group) - 3)
        assert all((group[0], other) in pairs for other in group[1:])
    assert len(pairs) == expected


def test_a_fingerprint_lies_in_every_window() -> None:
    width, window = widths(50, 100)
    assert width + window - 1 == 100 and widths(8, 100) == (8, 9)
    text = "".join(words(400, 5))
    table = pa.table(
        {
            "id": ["0" * 32],
            "text": pa.array([text], pa.large_string()),
            "priority": pa.array([0], pa.int32()),
            "shard": pa.array([0], pa.int32()),
            "row": pa.array([0], pa.int32()),
        }
    )
    at = substrings()(table)["at"].to_pylist()
    assert at[0] < window and len(text) - width - at[-1] < window
    assert all(b - a <= window for a, b in pairwise(at))
    assert len(at) < 3 * len(text) / window
