"""The page shows what a run of synthesis was, and nothing in a summary can break it."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import weft.synthesize
from weft.report.synthesis_page import page
from weft.report.synthesis_words import REASONS, labelled, unjudged

from .tags import Tags


def check(made: str) -> None:
    tags = Tags()
    tags.feed(made)
    assert tags.open == []


def _step(recipe: str, **more: Any) -> dict[str, Any]:
    return {
        "recipe": recipe, "parents": 1200, "calls": 0, "tokens_in": 0, "tokens_out": 0, "cost": None, "errors": 0,
        "unasked": 0, "no_record": {}, "made": 1000, "released": 800, "rejected": {},
    } | more  # fmt: skip


def _variety(language: str, recipe: str | None, **more: Any) -> dict[str, Any]:
    figures = {f"distinct_{n}": 0.2 * n for n in (1, 2, 3, 4)} | {"similarity_best": 0.31, "similarity_mean": 0.05}
    for what in ("words", "characters"):
        names = ("divergence", "baseline", "excess", "low", "high")
        figures |= {f"{what}_{name}": None if recipe is None else value for name, value in
                    zip(names, (0.412, 0.301, 0.111, 0.08, 0.14), strict=True)}  # fmt: skip
    return {"language": language, "recipe": recipe, "texts": 2000, "words": 51234} | figures | more


def _said(recipe: str, language: str, **more: Any) -> dict[str, Any]:
    return {
        "recipe": recipe, "language": language, "tasks": 50, "rated": 48, "accepted": 45, "rate": 0.9375,
        "low": 0.832, "high": 0.978, "controls_rate": 0.95, "alpha_fluency": 0.61, "state": "allowed",
        "detail": "45 of 48 accepted, 95 % from 0.832 to 0.978; the floor is 0.8",
    } | more  # fmt: skip


SUMMARY: dict[str, Any] = {
    "name": "made <b>twice</b>", "version": "1.0.0", "currency": "EUR", "unit": "characters",
    "steps": [
        _step("synthesize.code_switch", no_record={"too_few_words": 200}, rejected={"near_duplicate": 150, "lid": 50}),
        _step("synthesize.translation", calls=1200, tokens_in=480000, tokens_out=260000, cost=1.234, errors=3,
              unasked=17, made=1180, released=905, rejected={"copy": 120, "lid": 100, "balance": 55}),
    ],
    "languages": {
        code: {"records": {"text": 70, "pair": 30}, "made": 30000, "human": human}
        for code, human in (("swh_Latn", 90000), ("amh_Ethi", 10000), ("mya_Mymr", 0), ("urd_Arab", 70000),
                            ("khm_Khmr", 50000), ("nqo_Nkoo", 30000))
    },
    "released": 1705, "rejected": {"near_duplicate": 150, "lid": 150, "copy": 120, "balance": 55},
    "denied": {"no_derivatives": 12}, "errors": 3, "unasked": 17, "stand_in": 4,
    "people": {"tasks": 100, "judgements": 96, "acceptance": [
        _said("synthesize.translation@1", "swh_Latn"),
        _said("synthesize.code_switch@1", "mya_Mymr", rated=10, accepted=6, rate=0.6, low=0.31, high=0.83,
              state="held", detail="6 of 10 accepted"),
        _said("synthesize.code_switch@1", "amh_Ethi", rated=0, rate=None, low=None, high=None, controls_rate=None,
              alpha_fluency=None, state="unknown", detail="none of 50 tasks is rated"),
    ]},
    "diversity": [
        _variety("swh_Latn", None), _variety("swh_Latn", "synthesize.translation"),
        _variety("amh_Ethi", "synthesize.code_switch", words_divergence=None, words_excess=None, words_low=None),
        _variety("mya_Mymr", "synthesize.code_switch", words_low=-0.02, words_excess=0.01, words_high=0.03),
    ],
}  # fmt: skip


def test_the_page_says_what_was_made_and_at_what_price():
    made = page(SUMMARY)
    check(made)
    for told in (
        "1.23 EUR", "2,180", "1,705", "740,000", "near_duplicate", "words can be switched.", "75.0%", "83% to 98%",
        "held back", "not rated", "4 calls behind released records were", "12 documents may not be used",
        "The budget ended before 17 documents", "0.412", "Burmese", "አማርኛ", "made &lt;b&gt;twice",
    ):  # fmt: skip
        assert told in made, told
    assert "made <b>twice" not in made and "http" not in made.replace("http://www.w3.org", "")


def test_an_empty_run_and_one_without_people_or_prices_have_a_page():
    empty = {"name": "none", "version": None, "currency": None, "unit": "words", "steps": [], "languages": {},
             "released": 0, "rejected": {}, "denied": {}, "errors": 0, "unasked": 0}  # fmt: skip
    check(page(empty))
    some = copy.deepcopy(SUMMARY) | {"people": {"tasks": 9, "acceptance": []}, "diversity": []}
    some["steps"][1]["cost"] = None
    made = page(some)
    assert "9 tasks wait for people" in made and 'id="diversity"' not in made and "not known" in made


def test_a_run_whose_steps_made_no_record_has_a_page():
    some = copy.deepcopy(SUMMARY)
    some["steps"] = [_step("synthesize.a", made=0, released=0, rejected={}, no_record={"no_answer": 12})]
    made = page(some)
    check(made)
    assert "0 of 0" in made and "<code>no_answer</code>" in made and REASONS["no_answer"] in made
    some["steps"][0]["no_record"] = {"a_reason_of_a_plugin": 12}
    assert "<code>a_reason_of_a_plugin</code>" in page(some)


def test_two_steps_of_one_operator_are_told_apart_by_their_places():
    steps = [_step(f"synthesize.{name}") for name in ("noise", "translation", "noise")]
    assert labelled(steps) == ["1 noise", "translation", "3 noise"]
    assert labelled([_step("label.judged"), *steps])[1:] == labelled(steps)
    made = page(copy.deepcopy(SUMMARY) | {"steps": steps})
    assert made.count("<code>1 noise</code>") == made.count("<code>3 noise</code>") == 2


def test_gates_that_judged_nothing_are_named_in_words():
    seen = {
        "swh_Latn": {
            "finish": {"pass": 30, "fail": 10},
            "language": {"unjudged": 40},
            "copy": {"fail": 2, "unjudged": 3},
        },
        "taq_Tfng": {"finish": {"pass": 5}},
    }
    assert unjudged(seen) == {"swh_Latn": ["language"]}
    made = page(copy.deepcopy(SUMMARY) | {"gates": seen})
    check(made)
    assert "75.0%<small>of 40</small>" in made and "not judged</span><small>40 parts</small>" in made
    assert "0.0%<small>of 2</small><small>3 not judged</small>" in made


def test_parts_that_judges_did_not_rate_and_judgements_of_another_draw_are_said():
    judges = {"calls": 3, "tokens_in": 9, "tokens_out": 9, "cost": None, "unrated": 7, "unasked": 0}
    some = copy.deepcopy(SUMMARY) | {"judges": judges}
    some["people"]["unmatched"] = 5
    made = page(some)
    check(made)
    assert "7 parts got no rating from the judges" in made and "5 judgements are of no task" in made


def test_marks_of_one_language_in_two_scripts_differ_and_no_name_stands_twice():
    rows = [_variety(code, "synthesize.noise") for code in ("taq_Latn", "taq_Tfng")]
    made = page(copy.deepcopy(SUMMARY) | {"diversity": rows})
    check(made)
    assert "<span>taq_Latn noise</span>" in made and "<span>taq_Tfng noise</span>" in made
    assert "Tamasheq (Tifinagh)" in made and "Tamasheq</span> Tamasheq" not in made


def test_every_reason_that_steps_state_is_put_into_words():
    folder = Path(weft.synthesize.__file__).parent
    told = re.compile(r'(?:Refusal\(|\.none\([\w.\[\]]+, |return )"([a-z]+(?:_[a-z]+)+)", ')
    stated = {reason for file in folder.glob("*.py") for reason in told.findall(file.read_text("utf-8"))}
    assert len(stated) > 30 and not stated - set(REASONS)
