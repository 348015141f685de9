from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import string_buffers
from weft.text.folded import folded_hashes
from weft.text.lines import PUNCTUATED, SENTENCE, Lines, line_table


def table(*texts: str | None) -> Lines:
    return line_table(string_buffers(pa.array(texts, pa.large_string())))


def folded(text: str) -> int:
    return int(folded_hashes(string_buffers(pa.array([text], pa.large_string())))[0][0])


def naive(texts: list[str]) -> list[tuple[int, int, int, int, int, int]]:
    """Row, begin, end, place, paragraph and hash of every line, one character at a time."""
    made = []
    for row, text in enumerate(texts):
        at, place, paragraph, blank = 0, 0, 0, False
        for line in text.split("\n"):
            held = line.strip(" \t\r")
            if held:
                paragraph += blank and place > 0
                begin = at + line.index(held)
                made.append((row, begin, begin + len(held), place, paragraph, folded(held)))
                place, blank = place + 1, False
            else:
                blank = True
            at += len(line) + 1
    return made


@given(st.lists(st.text(st.sampled_from("aB.\n\r \tខ字😀\u0301"), max_size=40), max_size=5))
def test_lines_are_those_of_a_plain_reading(texts: list[str]) -> None:
    found = table(*texts)
    got = zip(found.row, found.begin, found.end, found.place, found.paragraph, found.hash, strict=True)
    assert [tuple(map(int, line)) for line in got] == naive(texts)


def test_short_lines_that_differ_in_their_digits_have_one_hash() -> None:
    same = table("Bei: 120", "bei:  365", "BEI: ០៩៥")
    assert len(set(same.numbered.tolist())) == 1 and same.numbered[0] != 0 and len(set(same.hash.tolist())) == 3
    others = table("Bei: 20", "Bei 120", "Bei:", "Bei: 120 na " + "a" * 20, "0", "00")
    assert others.numbered[2] == others.numbered[3] == 0 and same.numbered[0] not in others.numbered
    assert others.numbered[4] not in (0, others.hash[4], others.numbered[5])


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("Habari.", SENTENCE | PUNCTUATED),
        ("“Habari!”", SENTENCE | PUNCTUATED),
        ("ខ្ញុំចូលចិត្ត។", SENTENCE | PUNCTUATED),
        ("天气很好！」", SENTENCE | PUNCTUATED),
        ("roses are red,", PUNCTUATED),
        ("Habari", 0),
        ("e\u0301", 0),
        ("(Habari)", 0),
    ],
)
def test_how_a_line_ends(line: str, form: int) -> None:
    assert table(line).form.tolist() == [form]


def test_letters_are_weighed_and_east_asian_ones_count_three() -> None:
    assert table("ab 1 -", "字が", "— …").weight.tolist() == [3, 6, 0]


def test_white_space_and_case_do_not_change_a_line() -> None:
    found = table("  Home \r\nhome\n\u3000HOME\u00a0")
    assert len(set(found.hash.tolist())) == 1
    assert found.begin.tolist() == [2, 9, 15] and found.end.tolist() == [6, 13, 19]


@pytest.mark.parametrize("texts", [[], [None], ["", None, "\n\n \r\n\n"]])
def test_what_holds_no_line(texts: list[str | None]) -> None:
    assert all(len(column) == 0 for column in table(*texts))


def test_a_line_of_ten_megabytes() -> None:
    found = table("x" * 10_000_000 + "\ny")
    assert found.end.tolist() == [10_000_000, 10_000_002] and found.weight.tolist() == [10_000_000, 1]
