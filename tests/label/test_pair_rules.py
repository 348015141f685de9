"""label.pair_rules: sides of pairs judged by rules of their languages, in either direction, and more than two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from weft.label.pair_rules import pair_rules
from weft.model.tables import PART
from weft.parallel import rule_file
from weft.parallel.rules import Bound, Rules


def batch(*pairs: dict[str, str]) -> pa.Table:
    texts, parts = [], []
    for pair in pairs:
        text, places = "", []
        for code, side in pair.items():
            text += "\n\n" if text else ""
            places.append({"language": code, "begin": len(text), "end": len(text) + len(side)})
            text += side
        texts.append(text)
        parts.append(places)
    return pa.table(
        {
            "text": pa.array(texts, pa.large_string()),
            "record_kind": ["pair"] * len(pairs),
            "parts": pa.array(parts, pa.list_(PART)),
            "meta": pa.nulls(len(pairs), pa.string()),
        }
    )


@pytest.fixture
def rules(tmp_path: Path) -> str:
    bounds = (Bound("numbers", "numbers_differ", high=0), Bound("source_units", "source_units", high=4))
    file = tmp_path / "rules.json"
    rule_file.save(file, {"eng_Latn-swh_Latn": Rules(("eng_Latn", "swh_Latn"), bounds)})
    return str(file)


def judged(table: pa.Table, rules: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pair_rules(rules=rules)(table)["pair_rules"].to_pylist()
    return found


def test_rules_hold_in_both_directions(rules: str) -> None:
    one = {"eng_Latn": "a tree of 3 long years", "swh_Latn": "mti 4"}
    first, second = judged(batch(one, dict(reversed(one.items()))), rules)
    assert first == second and first["source"] == "eng_Latn" and first["source_units"] == 6
    assert first["reasons"] == ["numbers", "source_units"] and first["keep"] is False


def test_of_several_sides_each_is_judged_with_the_first(rules: str) -> None:
    sides = {"eng_Latn": "3 trees", "fra_Latn": "9 arbres", "swh_Latn": "miti 4"}
    (found,) = judged(batch(sides), rules)
    assert found["keep"] is False and found["reasons"] == ["numbers"] and found["target"] == "swh_Latn"


def test_languages_without_rules_have_numbers_alone(rules: str) -> None:
    (found,) = judged(batch({"eng_Latn": "3 trees", "fra_Latn": "9 arbres"}), rules)
    assert found["keep"] is None and found["reasons"] is None and found["numbers_differ"] == 1


def test_parameters_that_exclude_one_another(rules: str) -> None:
    with pytest.raises(ValueError, match="exclude one another"):
        pair_rules(rules=rules, profile="opusfilter")
    with pytest.raises(ValueError, match="profile is x"):
        pair_rules(profile="x")
