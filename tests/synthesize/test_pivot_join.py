"""Pairs joined on a pivot sentence: which they are, under which terms, in which unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.synthesize.pivot_join import pivot_join

from .made import documents, made, pair, texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    held = tmp_path / "pairs.tsv"
    rows = ["eng_Latn\tyor_Latn\tlicense", "Good morning\tE kaaaro\tCC-BY-SA-4.0"]
    rows += [f"Yes\tbee {n}\tCC0-1.0" for n in range(6)]
    held.write_text("\n".join([*rows, "Yes\tbee 0\tCC0-1.0"]) + "\n", "utf-8")
    return held


def test_pairs_have_the_pivot_in_common(file: Path) -> None:
    given = [
        pair(eng_Latn=" Good  morning ", swh_Latn="Habari") | {"license": "CC-BY-4.0"},
        pair(eng_Latn="good morning", swh_Latn="Habari"),
        pair(eng_Latn="Yes", swh_Latn="Ndiyo"),
        pair(fra_Latn="Oui", swh_Latn="Ndiyo"),
    ]
    rows = made(pivot_join, documents(given), pivot="eng_Latn", pairs=str(file))
    sides = [{part["language"]: part["text"] for part in row["parts"] or ()} for row in rows]
    assert sides[0] == {"swh_Latn": "Habari", "yor_Latn": "E kaaaro"}
    assert not any(part["made"] for part in rows[0]["parts"])
    assert rows[0]["license"] == "CC-BY-SA-4.0"
    assert rows[1]["problem"]["reason"] == "no_match"
    assert [side["yor_Latn"] for side in sides[2:6]] == [f"bee {n}" for n in range(4)]
    assert len({row["group_id"] for row in rows[2:6]}) == 1 and rows[0]["group_id"] != rows[2]["group_id"]
    assert rows[6]["problem"]["reason"] == "no_pivot"
    loose = made(pivot_join, documents(given[:2]), pivot="eng_Latn", pairs=str(file), match="caseless")
    assert [bool(row["parts"]) for row in loose] == [True, True]
    assert loose[0]["group_id"] == loose[1]["group_id"]


def test_a_row_of_four_gives_six_pairs_or_the_chosen_ones() -> None:
    given = documents([pair(eng_Latn="a", swh_Latn="b", yor_Latn="c", fra_Latn="d"), pair(eng_Latn="a", swh_Latn="b")])
    rows = made(pivot_join, given, pivot="eng_Latn")
    assert len({frozenset(part["language"] for part in row["parts"]) for row in rows[:6]}) == 6
    assert len({row["group_id"] for row in rows[:6]}) == 1
    assert rows[6]["problem"]["reason"] == "no_match"
    chosen = made(pivot_join, given, pivot="eng_Latn", only=["yor_Latn-swh_Latn"], tag="swh_Latn")
    assert [part["text"] for part in chosen[0]["parts"]] == ["<PIV:eng_Latn> b", "c"]
    assert len(chosen) == 2


def test_terms_of_the_file_hold_for_the_pair(tmp_path: Path) -> None:
    held = tmp_path / "pairs.jsonl"
    held.write_text(
        '{"translation": {"eng_Latn": "Yes", "yor_Latn": "bee"}, "consent": "c-1", "redistribute": false}\n', "utf-8"
    )
    given = documents([pair(eng_Latn="Yes", swh_Latn="Ndiyo") | {"license": "CC0-1.0", "group_id": "story"}])
    row = made(pivot_join, given, pivot="eng_Latn", pairs=str(held))[0]
    assert (row["consent"], row["redistribute"], row["license"], row["group_id"]) == ("c-1", False, "unknown", "story")
    stated = made(pivot_join, given, pivot="eng_Latn", pairs=str(held), pairs_license="CC-BY-4.0")[0]
    assert stated["license"] == "CC-BY-4.0"


def test_what_cannot_be_joined_is_one_message(file: Path) -> None:
    with pytest.raises(WeftError, match="no column fra_Latn"):
        pivot_join(pivot="fra_Latn", pairs=str(file))
    with pytest.raises(WeftError, match="expected two languages"):
        pivot_join(pivot="eng_Latn", only=["swh_Latn"])
    assert made(pivot_join, texts("swh_Latn", "Habari"), pivot="eng_Latn")[0]["problem"]["reason"] == "not_a_pair"
