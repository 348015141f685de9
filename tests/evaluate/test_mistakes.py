"""Mistakes in suites, lists, outputs and descriptions of servers: each is told, and costs no more than itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.evaluate.conftest import TOPIC, Write

from weft.errors import WeftError
from weft.evaluate.answers import choice
from weft.evaluate.lists import READERS
from weft.evaluate.models import endpoint
from weft.evaluate.models.contract import Likelihood, Question, Tell
from weft.evaluate.models.opening import opened
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.running import Settings, evaluate
from weft.evaluate.suite import load

QUIET: Tell = lambda what, done, total: None  # noqa: E731
ANSWERED = TOPIC.replace('The topic is:"', '{choices}"').replace("consistent: true", "by: answer")
FILES = 'files: "topic/{language}.jsonl"'
SERVER = "url: http://127.0.0.1:9\nprotocol: openai-completions\nmodel: m\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[travel, health]", "[travel, travel]", "choices: one stands there twice"),
        (FILES, 'files: "/etc/{language}.tsv"', "'/etc/{language}.tsv' is not below the data folder"),
        (FILES, 'files: "../{language}.tsv"', "is not below the data folder"),
        (FILES, 'files: "**{language}.tsv"', "is not below the data folder"),
        ("    choices:", '    rows: "split = "\n    choices:', "rows: 'split = ' is no SQL condition"),
        ('"{text}\\nThe topic is:"', '"The topic is:"', "prompt has no {column}"),
        ("version: 1", f"version: {'9' * 5001}", "not valid YAML"),
        ("tasks:", "composites: {all: {weights: {topic: .inf}}}\ntasks:", "less than or equal to 1000"),
    ],
)
def test_faults_of_a_suite(write: Write, before: str, after: str, said: str) -> None:
    assert before in TOPIC
    with pytest.raises(WeftError) as error:
        load(str(write("suite.yaml", TOPIC.replace(before, after))))
    assert said in str(error.value) and "suite.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("budget: {cost: 1}\n", "budget.cost: nothing says what an answer costs"),
        ("temperature: .nan\n", "temperature: expected a number of 0 or more"),
        ("temperature: true\n", "temperature: expected a number of 0 or more"),
        ("log_likelihoods: 'no'\n", "log_likelihoods: expected true or false, got 'no'"),
        ("extra: {day: 2024-01-01}\n", "extra: .* is not JSON serializable"),
        ("extra: {top_p: .inf}\n", "extra: Out of range float"),
        (f"seed: {'9' * 5001}\n", "not valid YAML"),
        (f"extra: {'[' * 3000}{']' * 3000}\n", "nested too deeply"),
    ],
)
def test_faults_of_a_server_s_file(write: Write, tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(WeftError, match=said):
        opened(str(write("model.yaml", SERVER + more)), tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "file", "text", "said"),
    [
        ("markers", "m.csv", "language,marker,level,weight\ndeu,Sie,formal,abc\n", "'Sie' has weight 'abc'"),
        ("salient", "s.csv", "language,term,region,salience\ndeu,Rösti,CH,inf\n", "Rösti has no salience"),
        ("taboos", "t.jsonl", '{"language": "deu", "forbidden": ["a"]}\n', "column forbidden holds lists"),
        ("forms", "f.yaml", f"deu: {'[' * 3000}{']' * 3000}\n", "nested too deeply"),
    ],
)
def test_faults_of_a_list(write: Write, name: str, file: str, text: str, said: str) -> None:
    with pytest.raises(WeftError, match=said):
        READERS[name](str(write(file, text)))


def test_null_is_no_answer_and_an_empty_one_is(write: Write) -> None:
    asked = [Question("topic", "swh_Latn", str(n), "?", 8) for n in range(4)]
    rows = '{"item": "0", "output": null}\n{"item": "1", "output": ""}\n{"item": "2", "output": "A"}\n'
    found = Outputs(write("rows.jsonl", rows)).generate(asked, QUIET)
    assert [(one.text, one.reason) for one in found] == [
        (None, "no_output"), ("", None), ("A", None), (None, "not_in_file"),
    ]  # fmt: skip
    cells = Outputs(write("rows.csv", "item,output\n0,\n1,A\n")).generate(asked[:2], QUIET)
    assert [one.text for one in cells] == ["", "A"]
    with pytest.raises(WeftError, match="column output holds lists or objects"):
        Outputs(write("nested.jsonl", '{"item": "0", "output": {"text": "A"}}\n'))


def test_items_that_were_not_answered_are_told(write: Write, topics: Path) -> None:
    rows = [{"language": "swh_Latn", "item": str(n), "output": "A"} for n in range(5)]
    rows += [{"language": "amh_Ethi", "item": str(n), "output": "A"} for n in range(8)]
    model = opened(str(write("some.jsonl", "".join(json.dumps(row) + "\n" for row in rows))), topics)
    run = evaluate(load(str(write("suite.yaml", ANSWERED)))[0], model, Settings(topics, samples=100), QUIET)
    assert run.unanswered == [
        {"task": "topic", "language": "swh_Latn", "noise": None, "reason": "not_in_file", "items": 3, "of": 8}
    ]
    assert run.to_json()["unanswered"] == run.unanswered
    # Of Khmer there is nothing: it was not run.
    assert [(one.language, one.reason) for one in run.not_run] == [("khm_Khmr", "not_in_file")]


def test_one_item_says_nothing_of_others(write: Write, topics: Path) -> None:
    rows = '{"language": "swh_Latn", "item": "0", "output": "A"}\n'
    text = ANSWERED.replace("answer: topic,", "answer: topic, cluster: topic,")
    model = opened(str(write("one.jsonl", rows)), topics)
    run = evaluate(load(str(write("suite.yaml", text)))[0], model, Settings(topics, samples=100), QUIET)
    (score,) = [one for one in run.scores if one.primary and one.slice is None]
    assert (score.value, score.items) == (1.0, 1) and score.low < 0.5
    twice = rows + '{"language": "swh_Latn", "item": "2", "output": "A"}\n'
    model = opened(str(write("two.jsonl", twice)), topics)
    run = evaluate(load(str(write("suite.yaml", text)))[0], model, Settings(topics, samples=100), QUIET)
    # Both are of one cluster: nothing is known of others.
    (score,) = [one for one in run.scores if one.primary and one.slice is None]
    assert (score.value, score.low, score.high, score.items) == (1.0, 0.0, 1.0, 2)
    assert "interval:none:one_cluster" in score.signature


def test_half_a_character_in_a_reply_is_an_unknown_one() -> None:
    assert endpoint._output({"text": "A \ud800", "finish": "stop"}).text == "A \ufffd"


@pytest.mark.parametrize("odd", [None, float("nan"), float("-inf"), float("inf"), 5.0, True])
def test_what_is_no_log_probability_is_not_run(odd: float | None) -> None:
    context = {"logprobs": [None, -1.0], "count": 2}
    assert endpoint._after(context, {"logprobs": [None, -1.0, -2.0, 1e-6], "count": 4}) == Likelihood(-2.0 + 1e-6, 2)
    assert endpoint._after(context, {"logprobs": [None, -1.0, -2.0, odd], "count": 4}) is None


def test_an_answer_without_end_is_read_at_its_ends() -> None:
    assert choice("So I think. " * 100_000 + "\nThe answer is B.", ["travel", "health"]) == 1
    assert choice("B\n" + "na " * 1_000_000, ["travel", "health"]) == 1
