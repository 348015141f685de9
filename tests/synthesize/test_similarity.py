"""Texts that agree."""

from __future__ import annotations

import pytest

from weft.synthesize.similarity import alike, least_risk


def test_the_text_that_the_others_agree_with_is_chosen() -> None:
    texts = ["Good night, king.", "Good morning, all.", "Good morning to all.", "A dog barks."]
    place, score = least_risk(texts)
    assert place == 2
    assert score == pytest.approx(sum(alike([texts[2]] * 3, [*texts[:2], texts[3]])) / 3)


def test_of_equal_texts_the_first_is_chosen() -> None:
    assert least_risk(["b", "a", "a"]) == (1, pytest.approx(50))
    assert least_risk(["x"]) == (0, 100)
