"""The page of pairs: complete, safe against hostile texts, each text in its own direction."""

from __future__ import annotations

from typing import Any

import pytest

from weft.report.pairs_borders import cell, shortened, way
from weft.report.pairs_page import page
from weft.report.pairs_plots import Cell, heat, overlaid

from .tags import Tags

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
KURDISH = "منداڵ ٣ کتێبی COVID-19 کڕی."


def passes(count: int, of: int) -> dict[str, Any]:
    return {"pairs": count, "share": count / of, "low": count / of - 0.01, "high": count / of + 0.01}


def part(target: str = KURDISH, code: str = "ckb_Arab", *, rules: bool = True, scores: bool = True) -> dict[str, Any]:
    def rule(name: str, refused: int) -> dict[str, Any]:
        about = {"rule": name, "signal": "length_units", "from": -2.5, "to": None, "refused": refused, "alone": 1}
        return about | {"passes": passes(100 - refused, 100)}

    sets = {"rules": {"passes": passes(90, 100), "rules": [rule("length_units", 7), rule("quiet", 0)]}} if rules else {}
    sets["opusfilter"] = {"passes": passes(40, 100), "rules": [rule("LengthFilter", 60)]}
    name = "length_units" if rules else "LengthFilter"
    near = {"row": 1234, "value": -2.625, "also": [], "source": HOSTILE, "target": target}
    edge = {"set": next(iter(sets)), "rule": name, "signal": "length_units", "side": "low", "limit": -2.5}
    made: dict[str, Any] = {
        "file": f"/somewhere/{HOSTILE}.tsv", "languages": ["eng_Latn", code], "turned": False, "read": 101,
        "unreadable": 1, "judged": 100, "sets": sets,
        "borders": [edge | {"refused": [near], "kept": [near | {"value": None, "also": ["quiet"]}]}],
    }  # fmt: skip
    if rules:
        made["beside"] = {
            "opusfilter": {
                "both": 35, "rules_only": 55, "profile_only": 5, "neither": 5, "refuses_of_kept": {"LengthFilter": 55}
            }
        }  # fmt: skip
    if scores:
        bins = [
            {"from": 0.0, "to": 0.5, "pairs": 10, "mismatches": 80},
            {"from": 0.5, "to": 1.0, "pairs": 90, "mismatches": 0},
        ]
        made["scores"] = {
            "languages": ["eng_Latn", code], "passes": passes(88, 100),
            "mismatches": {"pairs": 80, "passes": passes(2, 80)},
            "reasons": {"mismatch": {"pairs": 10, "mismatches": 78}}, "score": bins, "probability": bins,
            "auc": {"score": 0.987, "probability": 0.9},
        }  # fmt: skip
    return made


def figures(*parts: dict[str, Any]) -> dict[str, Any]:
    codes = ["eng_Latn", "ckb_Arab", "khm_Khmr"]
    counts = [[2100, 2000, 9], [2000, 2000, 0], [9, 0, 9]]
    groups = [{"file": HOSTILE, "pivot": "eng_Latn", "column": "translation", "rows": 5, "unreadable": 2, "unknown": 3}]
    return {"version": 1, "pairs": list(parts), "groups": groups, "coverage": {"languages": codes, "matrix": counts}}


def read(made: str) -> Tags:
    tags = Tags()
    tags.feed(made)
    assert not tags.open
    return tags


def test_a_page_says_everything_and_runs_nothing_of_the_texts() -> None:
    made = page(HOSTILE, figures(part(), part("ខ្មែរ", "khm_Khmr")))
    tags = read(made)
    assert [tag for tag, _ in tags.seen].count("script") == 1 and not [t for t, _ in tags.seen if t == "img"]
    assert HOSTILE not in made and "&lt;script&gt;alert(1)" in made
    assert "http" not in made.replace("http://www.w3.org", "") and "url(" not in made
    for said in ("Languages", "Rules", "Beside common defaults", "At the threshold", "Scores", "Coverage"):
        assert f"<h2>{said}</h2>" in made
    assert "90.0 %" in made and "passes ≥ -2.5" in made and "-2.62" in made and "row 1,234" in made
    assert "AUC 0.987" in made and "61.1 %" in made and "LengthFilter 55" in made and "2.0k" in made
    assert "quiet refuse nothing here" in made and "2 rows without translation, 3 texts" in made


def test_tables_have_captions_and_boxes_that_scroll_can_be_reached() -> None:
    made = page("x", figures(part(), part()))
    tags = read(made)
    assert made.count("<caption>") == made.count("<table")
    boxes = [held for tag, held in tags.seen if tag == "div" and held.get("class") == "wide"]
    assert boxes and all(held["tabindex"] == "0" and held["aria-label"] for held in boxes)
    assert all(held.get("aria-label") or held.get("aria-hidden") for tag, held in tags.seen if tag == "svg")


@pytest.mark.parametrize(
    ("text", "code", "wanted"),
    [
        (KURDISH, "ckb_Arab", "rtl"),
        ("COVID-19 نەخۆشییە", "ckb_Arab", "rtl"),
        ("An untranslated line.", "ckb_Arab", "auto"),
        ("The child bought 3 books.", "eng_Latn", "auto"),
        ("ߒߞߏ", "nqo_Nkoo", "rtl"),
    ],
)
def test_directions(text: str, code: str, wanted: str) -> None:
    assert way(text, code) == wanted
    assert f'dir="{wanted}"' in cell(text, code) and f'lang="{code.replace("_", "-")}"' in cell(text, code)


def test_texts_beside_one_another_have_their_own_language_and_direction() -> None:
    tags = read(page("x", figures(part())))
    cells = [held for tag, held in tags.seen if tag == "td" and held.get("class") == "text"]
    assert {(held["lang"], held["dir"]) for held in cells} == {("eng-Latn", "auto"), ("ckb-Arab", "rtl")}


def test_long_texts_begin_and_open() -> None:
    long = "ក្រុមហ៊ុន" * 60
    made = cell(long, "khm_Khmr")
    assert made.count("<details>") == 1 and long in made and "all 540 characters" in made
    for size in range(200, 260):
        begin = shortened(long, size)
        assert long.startswith(begin) and size - 9 < len(begin) <= size
        assert long[len(begin)] in "កហុនរម" and not begin.endswith("\u17d2")
    assert shortened("e" + "\u0301" * 400, 100) == "e" + "\u0301" * 49  # marks without end are cut all the same


def test_texts_of_nothing_and_of_control_characters_are_seen() -> None:
    assert "nothing" in cell("", "ckb_Arab") and "white space" in cell(" \u200a", "ckb_Arab")
    assert "a␀b␛" in cell("a\0b\x1b", "eng_Latn")


def test_without_rules_scores_or_a_third_language_sections_are_left_out() -> None:
    held = figures(part(rules=False, scores=False)) | {
        "coverage": {"languages": ["a", "b"], "matrix": [[1, 1], [1, 1]]}
    }
    made = page("x", held)
    read(made)
    assert 'id="borders"' in made and "LengthFilter" in made
    assert not any(f'="{mark}{name}"' in made for name in ("profiles", "scores", "coverage") for mark in ("", "#"))
    assert "pass their rules" not in made


def test_of_no_pairs() -> None:
    empty = figures() | {"coverage": {"languages": [], "matrix": []}, "groups": []}
    assert "<h2>Languages</h2>" in page("x", empty)


def test_heights_are_shares_of_their_own_count() -> None:
    drawn = overlaid("score", [{"from": 0.0, "to": 1.0, "pairs": 1, "mismatches": 1_000}], ("pairs", "mismatches"))
    assert "1 pairs (100.00%), 1,000 mismatches (100.00%)" in drawn
    assert overlaid("score", [], ("pairs", "mismatches")) == ""


def test_text_of_cells_changes_its_colour_with_their_depth() -> None:
    cells = [Cell(str(depth), depth, "") for depth in (0.2, 0.7, 0.9, 1.4)]
    made = heat("x", ["row"], ["a", "b", "c", "d"], [cells])
    kinds = [held.get("class") for tag, held in read(made).seen if tag == "td" and "style" in held]
    assert kinds == [None, "deep", "deeper", "deeper"] and "--d:1.00" in made
