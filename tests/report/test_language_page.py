"""The page of a language model: complete, safe against hostile names, and with pictures whose text is text."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

from weft.language.language_table import COLUMNS
from weft.report import plots
from weft.report.language_page import page

from .tags import Tags

HOSTILE = "<script>alert(1)</script>"
SCORE = {"macro_f1": 0.9, "low": 0.85, "high": 0.95, "macro_f1_merged": 0.97, "texts": 100, "languages": 2}


def languages() -> pl.DataFrame:
    row: dict[str, Any] = dict.fromkeys(COLUMNS, 0.5) | {
        "language": "swh_Latn", "kind": "language", "texts": 100, "group": None, "false_positives": 7,
        "texts_of_others": 900, "taken_for": "run_Latn", "margin": None,
    }  # fmt: skip
    return pl.DataFrame([row], schema=COLUMNS)


def learnt() -> dict[str, Any]:
    lengths = [{"characters": n} | SCORE for n in (10, 20, None)]
    bins = [{"score": 0.35, "right": 0.3, "low": 0.2, "high": 0.4, "texts": 100}, {"score": 0.1} | {
        "right": 0.7654, "low": 0.1, "high": 0.9, "texts": 3}]  # fmt: skip
    cluster = {
        "languages": ["bos_Latn", "hrv_Latn"], "texts": [60, 40], "shares": [[0.7, 0.3], [0.2, 0.75]],
        "elsewhere": [0.0, 0.05], "confused": 26,
    }  # fmt: skip
    return {
        "purity": {"median_expected_precision": 0.89},
        "refusal": {"refused": 0.57, "languages": 64, "curve": [(0.01, 0.3), (0.02, 0.5)]},
        "figures": {
            "by_length": {HOSTILE: lengths},
            "clusters": [cluster],
            "refusals": {"wrong_answers": [(0.01, 0.2), (0.02, 0.4)], "at": [0.015, 0.33]},
            "reliability": {"best": {"bins": bins, "error": 0.05}, "answered": {"bins": bins, "error": 0.06}},
        },
    }


@pytest.fixture(scope="module")
def made() -> str:
    return page(HOSTILE, "dev", {HOSTILE: SCORE, "udhr": SCORE}, learnt(), languages())


def test_it_is_well_formed_and_needs_nothing_from_elsewhere(made: str) -> None:
    tags = Tags()
    tags.feed(made)
    assert not tags.open and not re.search(r'(?:src|href)="(?!#)', made) and "@import" not in made
    anchors = {attrs["href"] for tag, attrs in tags.seen if tag == "a"}
    assert anchors == {f"#{attrs['id']}" for tag, attrs in tags.seen if tag == "section"}
    pictures = [attrs for tag, attrs in tags.seen if tag == "svg" and "role" in attrs]
    assert len(pictures) == 5 and all(attrs["aria-label"] for attrs in pictures)


def test_names_are_only_text(made: str) -> None:
    assert HOSTILE not in made and made.count("<script>") == 1
    assert "&lt;script&gt;" in made


def test_it_says_what_was_measured(made: str) -> None:
    assert "Bosnian, Croatian: 26 of 100 texts confused." in made and ">70<" in made and ">30<" in made
    assert "bos_Latn taken for hrv_Latn: 30.0%" in made and "taken for a language outside: 5.0%" in made
    assert "50% refused at 2.0% of right answers" in made and "1.5% of right and 33% of wrong answers" in made
    assert "30.0% right of 100" in made and "76.5% right" not in made  # of a bin with too few texts
    assert "Kiswahili" in made and "texts in 64 unknown languages" in made


def test_sources_left_out_have_their_own_picture() -> None:
    more = learnt() | {"without": {"udhr": SCORE, "none": {"languages": 0, "texts": 0}}}
    assert "Macro-F1 of sources left out" in page("m", "dev", {"sib200": SCORE}, more, languages())


def test_a_small_model() -> None:
    """Nothing confused, nothing refused, no long text: each section says so."""
    few = learnt()
    few["refusal"] = {"refused": None, "languages": 0}
    few["figures"] |= {"by_length": {}, "clusters": [], "refusals": {}}
    found = page("m", "dev", {"made": SCORE}, few, languages())
    assert "No two languages are taken for one another" in found and "No refusals were learnt" in found
    assert "No source has texts" in found


def test_places_on_axes() -> None:
    axis = plots.axis("t", 0.5, 1.0, 5)
    assert [text for _, text in axis.ticks] == ["0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    assert (axis.share(0.5), axis.share(0.75), axis.share(2.0)) == (0.0, 0.5, 1.0)
    drawn = plots.lines("l", [plots.Line("s", [(0.5, 1.0)], ["p"])], axis, axis)
    assert 'd="M44.0 14.0"' in drawn


def test_more_lines_than_there_are_marks() -> None:
    axis = plots.axis("t", 0.0, 1.0, 2)
    series = [plots.Line(f"s{n}", [(0.5, 0.5)], ["p"]) for n in range(9)]
    assert plots.lines("l", series, axis, axis).count('class="mark') == plots.SERIES
