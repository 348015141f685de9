"""Tags of machine-made sources."""

from __future__ import annotations

import pytest

from weft.errors import WeftError
from weft.synthesize.back_translation_tags import back_translation_tags

from .made import documents, made, pair


def test_the_made_side_is_tagged_and_the_other_is_a_persons() -> None:
    given = documents([pair(eng_Latn="Good morning", swh_Latn="Habari"), pair(fra_Latn="Bonjour", swh_Latn="Habari")])
    rows = made(back_translation_tags, given, made="eng_Latn")
    own, human = rows[0]["parts"]
    assert (own["text"], own["relation"], own["of"]) == ("<BT> Good morning", "back_translation", "Habari")
    assert (human["text"], human["made"], rows[0]["language"]) == ("Habari", False, "swh_Latn")
    assert rows[1]["problem"]["reason"] == "no_such_side"


def test_bins_are_bounded_below() -> None:
    values = ("9", "10", "19.9", "20", "1e400", "true", "null")
    given = [pair(eng_Latn="a", swh_Latn="b") | {"meta": f'{{"score": {value}}}'} for value in values]
    rows = made(back_translation_tags, documents(given), made="eng_Latn", score="score", bounds=[10, 20])
    tags = [row["parts"][0]["text"].split()[0] if row["parts"] else row["problem"]["reason"] for row in rows]
    assert tags == ["<BT1>", "<BT2>", "<BT2>", "<BT3>", "no_score", "no_score", "no_score"]


def test_score_and_bounds_go_together() -> None:
    with pytest.raises(WeftError, match="both or neither"):
        back_translation_tags(made="eng_Latn", score="chrf")
    with pytest.raises(WeftError, match="ascending"):
        back_translation_tags(made="eng_Latn", score="chrf", bounds=[50, 30])
