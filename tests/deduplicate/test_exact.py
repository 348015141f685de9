from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.deduplicate.exact import exact, folded_key


def hashes(*texts: str | None) -> list[dict[str, int] | None]:
    table = exact()(pa.table({"text": pa.array(texts, pa.large_string())}))
    return table["exact"].to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Habari ya asubuhi", "HABARI YA ASUBUHI"),
        ("habari ya asubuhi", "  habari\tya \n\u00a0asubuhi\n"),
        ("今日 は", "今日\u3000は"),
        ("ДОБРОЕ утро", "доброе УТРО"),
        ("ភាសា\u200bខ្មែរ", "ភាសា ខ្មែរ"),
        ("ꮳꮃꭹ", "ᏣᎳᎩ"),  # Cherokee small and capital letters
        ("ΟΔΟΣ ΜΟΥ", "οδος μου"),  # Greek: the sigma at the end of a word has one capital with the other
        ("ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", "საქართველო"),
        ("𞤀𞤣𞤤𞤢𞤥", "𞤢𞤣𞤤𞤢𞤥"),
        ("", " \n\t"),
    ],
)
def test_case_and_white_space_do_not_count(first: str, second: str) -> None:
    a, b = hashes(first, second)
    assert a == b


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ขาว", "ข่าว"),
        ("កា", "កូ"),
        ("ọkọ̀", "ọkọ́"),
        ("दिन", "दीन"),
        ("a b", "ab"),
        ("ab c", "a bc"),
        ("a.", "a"),
        ("ab", "ba"),
        ("a", "aa"),
        ("", "."),
        ("ısı", "isi"),  # Turkish: heat, and its (somebody's)
        ("ﬁ", "fi"),
        ("ᾳ", "α"),
    ],
)
def test_marks_letters_punctuation_and_where_space_stands_count(first: str, second: str) -> None:
    a, b = hashes(first, second)
    assert a is not None and b is not None
    assert a["hi"] != b["hi"] and a["lo"] != b["lo"]


def test_null_text_has_no_hash() -> None:
    assert [found is None for found in hashes("a", None, "")] == [False, True, False]
    assert hashes() == []


def test_short_texts_and_single_edits_never_collide() -> None:
    letters = [chr(n) for n in range(0x4E00, 0x4E00 + 300)]
    texts = [a + b for a in letters for b in letters]
    start = "".join(letters[:60])
    texts += [start[:at] + letter + start[at + 1 :] for at in range(60) for letter in letters[60:]]
    table = exact()(pa.table({"text": texts}))
    for part in (table["exact"].combine_chunks().field(n) for n in (0, 1)):
        assert len(part.unique()) == len(texts)
    assert len(np.unique(folded_key(table["exact"]))) == len(texts)


@given(st.lists(st.none() | st.text(max_size=30), min_size=1, max_size=8))
def test_a_row_does_not_depend_on_its_neighbours(texts: list[str | None]) -> None:
    together = hashes(*texts)
    assert together == [hashes(text)[0] for text in texts]
    for a, b in combinations(range(len(texts)), 2):
        if texts[a] == texts[b]:
            assert together[a] == together[b]


def test_sliced_chunked_and_small_strings() -> None:
    texts = ["zz", "habari", None, "", "yako"]
    whole = pa.table({"text": pa.chunked_array([texts[:2], texts[2:]], pa.string())})
    assert exact()(whole)["exact"].to_pylist() == hashes(*texts)
    assert exact()(whole.slice(1, 3))["exact"].to_pylist() == hashes(*texts)[1:4]


def test_folded_key_of_null_is_zero() -> None:
    table = exact()(pa.table({"text": ["a", None]}))
    assert [key == 0 for key in folded_key(table["exact"]).tolist()] == [False, True]
