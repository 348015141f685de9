"""Characters within words: the same for forms that letters are folded to, and none across words."""

from __future__ import annotations

import pyarrow as pa

from weft.text.buffers import string_buffers
from weft.text.tokens import tokens
from weft.text.word_grams import word_grams


def grams(*texts: str, fold_marks: bool = True) -> list[list[int]]:
    strings = string_buffers(pa.array(texts, pa.large_string()))
    starts, hashes = word_grams(strings, tokens(strings, fold_marks=fold_marks), fold_marks)
    return [hashes[starts[n] : starts[n + 1]].tolist() for n in range(len(texts))]


def test_a_word_has_its_runs_of_three_to_five_with_a_space_at_both_ends() -> None:
    found = grams("abcd", "xabcdy", "a", "")
    # " abcd ": four runs of three, three of four, two of five.
    assert [len(one) for one in found] == [9, 15, 1, 0]
    assert len(set(found[0]) & set(found[1])) == 3  # abc, abcd, bcd


def test_words_meet_only_within_words_and_numbers_are_whole() -> None:
    ab_cd, cd_ab, mixed = grams("abe cdo", "cdo abe", "abecdo")
    assert sorted(ab_cd) == sorted(cd_ab) and set(mixed) - set(ab_cd)
    twelve, thirteen = grams("1234", "1235")
    assert len(twelve) == 1 and twelve != thirteen


def test_case_width_and_marks_are_folded_as_asked() -> None:
    assert grams("ÉCOLE") == grams("ｅｃｏｌｅ") == grams("ecole")
    assert grams("école", fold_marks=False) != grams("ecole", fold_marks=False)


def test_scripts_without_spaces_have_runs_of_two_and_three_letters() -> None:
    one, other = grams("ມະນຸດທຸກຄົນ", "ມະນຸດ")
    assert set(other) < set(one) and len(one) > len(other) >= 3
    # A sign between two runs of letters parts them.
    parted, joined = grams("ກຂ, ຄງ", "ກຂຄງ")
    assert len(parted) == 2 and len(joined) == 5
