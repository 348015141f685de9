"""What `weft synthesize` says in a terminal: reasons, gates that judge nothing, people's words, and budgets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.report.test_synthesis_page import SUMMARY, _said, _step

from weft.cli import show, synthesis_told
from weft.cli.synthesizing import _over
from weft.recipe.synthesis import Budget

PEOPLE: dict[str, Any] = {"tasks": 0, "acceptance": []}
JUDGES = {"calls": 0, "tokens_in": 0, "tokens_out": 0, "cost": 0.0, "unrated": 0, "unasked": 0}


def held(**more: Any) -> dict[str, Any]:
    return SUMMARY | {"judges": JUDGES, "people": PEOPLE, "denied": {}, "unasked": 0, "stand_in": 0, "gates": {}} | more


def test_reasons_stand_below_the_table_and_numbers_never_fold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    steps = [
        _step("synthesize.pivot_join", made=0, released=0, no_record={"not_a_pair": 1200}),
        _step("synthesize.reverse_instructions", calls=123456, cost=112.0261234, no_record={"declined": 3}, errors=2,
              rejected={"near_duplicate": 150, "lid": 50, "copy": 9, "balance": 1}),
    ]  # fmt: skip
    synthesis_told.funnel(held(steps=steps))
    said = capsys.readouterr().out
    assert "pivot_join: no record of 1,200 documents: not_a_pair 1,200\n" in said
    assert "reverse_instructions: no record 5 times, of 1,200 documents: declined 3, error 2\n" in said
    assert "reverse_instructions: left out 210: near_duplicate 150, lid 50, copy 9, …\n" in said
    (line,) = [line for line in said.splitlines() if line.startswith(" reverse_instructions")]
    assert line.split() == ["reverse_instructions", "1,200", "123,456", "112.0261", "1,000", "800"]


def test_words_of_heads_fold_and_numbers_do_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show.table(("what it is", "tokens that were asked"), [("a" * 20, "1,234,567.8912")], right=frozenset({1}))
    said = capsys.readouterr().out
    assert "1,234,567.8912" in said and "tokens that" in re.sub(r"\s+", " ", said)


def test_gates_that_judged_nothing_and_sources_without_documents_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    gates = {"hau_Latn": {"lexical": {"unjudged": 9}, "copy": {"pass": 9}, "ending": {"unjudged": 3}}}
    synthesis_told.remarks(held(gates=gates, errors=0), 4, "made")
    said = capsys.readouterr().out
    assert "too little text by people: hau_Latn (ending, lexical). synthesis.trusted" in said
    assert "4 files or records gave no document: weft errors made\n" in said
    synthesis_told.remarks(held(errors=0), 0, "made")
    assert capsys.readouterr().out == ""


def test_what_people_said_is_told_and_judgements_of_another_draw(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        _said("synthesize.translation@1", "swh_Latn"),
        _said("synthesize.noise@1", "amh_Ethi", rated=0, rate=None, low=None, high=None, state="unknown"),
    ]
    synthesis_told.remarks(
        held(people={"tasks": 100, "judgements": 96, "unmatched": 5, "acceptance": rows}, errors=0), 0, "made"
    )
    said = capsys.readouterr().out
    assert re.search(r"translation@1 +swh_Latn +48 +50 +94% +83% to 98% +released", said)
    assert re.search(r"noise@1 +amh_Ethi +0 +50 +not rated", said)
    assert "5 of 96 judgements are of no task of this draw" in said and "made/people/tasks.jsonl" in said


def test_an_estimate_has_a_total_and_says_which_budget_is_too_small(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"calls": 60, "answered": 0, "tokens_in": 900, "tokens_out": 100, "cost": 1.5, "most": 3.0}
    steps = [{"recipe": f"synthesize.{name}", "documents": 30, **counts} for name in ("noise", "noise")]
    found = {"steps": steps, "calls": 120, "cost": 3.0, "most": 6.0, "currency": "EUR"}
    over = _over(Budget(cost=3.5, tokens=1000, calls=100), "memory://made", found)
    assert over == {"tokens": (2000, 1000), "calls": (120, 100)}
    assert not _over(Budget(), "memory://made", found) and not _over(Budget(cost=1), "x://y", found | {"cost": None})
    synthesis_told.estimated(found, 200, over)
    said = capsys.readouterr().out
    assert re.search(r"total +120 +1,800 +200 +3.0000 +6.0000", said) and "2 noise" in said and "answered" not in said
    assert "about 2,000 tokens would be taken, and 1,000 tokens are left" in said
