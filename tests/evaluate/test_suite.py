"""A suite is read whole or refused with every fault, its file and its line."""

from __future__ import annotations

from typing import get_args

import pytest
from tests.evaluate.conftest import TOPIC, Write

from weft.errors import WeftError
from weft.evaluate.checks import CHECKS
from weft.evaluate.kinds import KINDS
from weft.evaluate.lists import READERS
from weft.evaluate.suite import Asking, Checked, Listed, load, shipped


@pytest.mark.parametrize("name", shipped())
def test_shipped_suites_are_whole_and_say_where_their_data_is(name: str) -> None:
    suite, file = load(name)
    assert suite.suite == file.stem == name
    assert suite.about and suite.data


def test_names_that_the_design_asks_for_are_shipped() -> None:
    wanted = {"sib200", "flores", "belebele", "xnli", "xcopa", "afrixnli", "global-mmlu", "mmlu-prox"}
    assert wanted <= set(shipped())


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: choice", "kind: chioce", 5, "tasks.topic.kind: got 'chioce'"),
        ("skill: topic", "skil: topic", 7, "unknown key skil"),
        ("    choices: [travel, health]\n", "", 4, "expected choices, or columns.choices, and not both"),
        ("{answer: topic, ", "{", 4, "columns.answer is missing"),
        ('"topic/{language}.jsonl"', '"topic.jsonl"', 4, "files has no {language} and columns no language"),
        ("consistent: true", "continuation: no place", 4, "expected {choice} in it, once"),
        ("consistent: true", "metrics: [acuracy]", 4, "metric acuracy is none of choice; expected one of accuracy"),
        ("consistent: true", "by: answer", 4, "prompt has no {choices}"),
        ("version: 1", "version: one", 2, "version: got 'one'"),
    ],
)
def test_a_fault_is_told_with_its_line(write: Write, old: str, new: str, line: int, said: str) -> None:
    assert old in TOPIC
    file = write("small.yaml", TOPIC.replace(old, new))
    with pytest.raises(WeftError) as caught:
        load(str(file))
    assert f"{file}:{line}: " in str(caught.value)
    assert said in str(caught.value)


def test_a_composite_names_what_is_there(write: Write) -> None:
    file = write("small.yaml", TOPIC + "composites: {all: {weights: {topics: 1}}}\n")
    with pytest.raises(WeftError, match=r"composite all: no topics; expected one of topic/accuracy"):
        load(str(file))


def test_a_name_that_is_none_gets_the_nearest() -> None:
    with pytest.raises(WeftError, match="sib200"):
        load("sib20")


def test_what_a_suite_may_name_is_what_there_is() -> None:
    assert set(get_args(Asking)) == set(KINDS)
    assert set(get_args(Checked)) == set(CHECKS)
    assert set(get_args(Listed)) == set(READERS)
