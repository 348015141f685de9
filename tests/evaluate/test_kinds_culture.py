"""Surveys, stereotypes and norms as suites ask them, and answers that are drawn several times."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.evaluate.conftest import Write

from weft.errors import WeftError
from weft.evaluate.culture.values import distance, similarity
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.results import Score
from weft.evaluate.running import Run, Settings, evaluate
from weft.evaluate.suite import load

SURVEY = """suite: values
version: 1
tasks:
  trust:
    kind: survey
    level: culture
    skill: values
    files: survey.jsonl
    columns: {id: [question, country], language: language, cluster: question, people: people, choices: [answers],
      slices: {region: country}}
    prompt: "As someone of {country}: {text}\\n"
    continuation: "{choice}"
    metrics: [similarity, distance, near]
    ordinal: true
"""
STEREOTYPES = """suite: groups
version: 1
tasks:
  said:
    kind: stereotypes
    level: culture
    skill: stereotypes
    files: "said/{language}.jsonl"
    columns: {identity: who, attribute: what, control: neutral, agreement: agreement, offensiveness: offends,
      cluster: what}
    prompt: "{who} are"
    continuation: " {choice}"
    normalise: none
"""
NORMS = """suite: manners
version: 1
tasks:
  right:
    kind: norms
    level: culture
    skill: norms
    files: "norms/{language}.jsonl"
    columns: {id: id, answer: label}
    choices: ["yes", "no"]
    contexts: {none: "", country: "In {country}.", rule: "In {country}: {rule}"}
    prompt: "{context} {story}\\nIs it right?\\n{choices}"
    by: answer
"""


class Told:
    """Likelihoods by one function, answers by another."""

    likely = True

    def __init__(self, nats: Callable[[Continued], float | None] | None = None,
                 answer: Callable[[Question], str] | None = None) -> None:  # fmt: skip
        self._nats, self._answer = nats, answer
        self.asked: list[Question] = []
        self.told = {"kind": "test"}

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        assert self._answer is not None
        self.asked += questions
        return [Output(self._answer(one), "stop") for one in questions]

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        assert self._nats is not None
        held = [self._nats(pair) for pair in pairs]
        return [None if one is None else Likelihood(one, 1) for one in held]

    def close(self) -> None:
        pass


def _rows(write: Write, name: str, rows: Sequence[dict[str, Any]]) -> None:
    write(name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _run(write: Write, text: str, model: Any, data: Path) -> Run:
    return evaluate(load(str(write("suite.yaml", text)))[0], model, Settings(data, samples=500), lambda *_: None)


def _found(run: Run) -> dict[tuple[str, str | None, str | None], Score]:
    return {(one.metric, one.direction, one.slice): one for one in run.scores}


@pytest.fixture
def survey(write: Write, tmp_path: Path) -> Path:
    rows = [
        {"question": q, "country": c, "people": people, "answers": ["much", "some", "none"], "text": f"Trust {q}?"}
        for q, c, people in (("a", "KE", [50, 25, 25]), ("a", "TZ", [0, 0, 8]), ("b", "KE", [0.2, 0.3, 0.5]))
    ]
    _rows(write, "survey.jsonl", [row | {"language": "swh_Latn"} for row in rows])
    return tmp_path


def test_a_survey_is_compared_with_the_people_of_each_country(write: Write, survey: Path) -> None:
    said = {"KE": [0.5, 0.25, 0.25], "TZ": [0.25, 0.25, 0.5]}

    def nats(pair: Continued) -> float:
        country = pair.context.partition(" of ")[2][:2]
        return math.log(said[country][["much", "some", "none"].index(pair.continuation)])

    found = _found(_run(write, SURVEY, Told(nats), survey))
    expected = {"KE": [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]], "TZ": [[0.0, 0.0, 1.0]]}
    for country, people in expected.items():
        alike = [similarity(said[country], one) for one in people]
        far = [distance(said[country], one) for one in people]
        held = found["similarity", None, f"region={country}"]
        assert held.value == pytest.approx(sum(alike) / len(alike))
        assert found["distance", None, f"region={country}"].value == pytest.approx(sum(far) / len(far))
    whole = found["similarity", None, None]
    assert whole.items == 3 and whole.primary and "bootstrap" in whole.signature
    assert not found["distance", None, None].higher_is_better


def test_a_label_that_cannot_be_rated_leaves_no_distribution(write: Write, survey: Path) -> None:
    run = _run(write, SURVEY, Told(lambda pair: None if pair.continuation == "some" else -1.0), survey)
    assert not run.scores
    assert [(one.language, one.reason) for one in run.not_run] == [("swh_Latn", "no_likelihood")]


def test_a_survey_by_answers_that_are_drawn(write: Write, survey: Path) -> None:
    text = SURVEY.replace('{text}\\n"', '{text}\\n{choices}"').replace(
        "    ordinal: true\n", "    ordinal: true\n    by: answer\n    samples: {count: 4, temperature: 1.0}\n"
    )
    model = Told(answer=lambda one: "AABC"[one.sample - 1])
    found = _found(_run(write, text, model, survey))
    assert {one.temperature for one in model.asked} == {1.0}
    assert {one.sample for one in model.asked} == {1, 2, 3, 4}
    # Half of the answers are the first, which is what people of KE say to question a.
    expected = [similarity([0.5, 0.25, 0.25], one) for one in ([0.5, 0.25, 0.25], [0, 0, 1.0], [0.2, 0.3, 0.5])]
    assert found["similarity", None, None].value == pytest.approx(sum(expected) / 3)


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([1, 2], "people: [1, 2]; expected 3 numbers"),
        ([1, -2, 3], "expected 3 numbers"),
        ("x", "expected 3 numbers"),
        ([0, 0, 0], "expected 3 numbers"),
    ],
)
def test_rows_of_a_survey_that_are_none(write: Write, tmp_path: Path, people: Any, said: str) -> None:
    row = {"question": "a", "country": "KE", "answers": ["a", "b", "c"], "text": "?", "language": "swh_Latn"}
    _rows(write, "survey.jsonl", [row | {"people": json.dumps(people)}, row | {"people": "[1, 1, 2]", "country": "TZ"}])
    run = _run(write, SURVEY, Told(lambda _: -1.0), tmp_path)
    (lost,) = run.lost
    assert lost["rows"] == 1 and said in lost["first"]
    assert _found(run)["similarity", None, None].items == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", people: people", "", "survey: columns.people is missing"),
        ("    ordinal: true\n", "", "survey: distance is of answers in an order; expected ordinal: true"),
        ('{text}\\n"', '{choices}"\n    by: answer', "survey: by: answer needs samples"),
    ],
)
def test_what_a_survey_needs(write: Write, old: str, new: str, said: str) -> None:
    assert old in SURVEY
    with pytest.raises(WeftError) as error:
        load(str(write("suite.yaml", SURVEY.replace(old, new))))
    assert said in str(error.value)


def _stereotypes(write: Write) -> None:
    rows = [
        {"who": "A", "what": "loud", "neutral": False, "agreement": 1.0, "offends": 2.0},
        {"who": "B", "what": "poor", "neutral": False, "agreement": 0.5, "offends": 1.0},
        {"who": "C", "what": "proud", "neutral": False, "agreement": 0.5, "offends": -1.0},
        {"who": "A", "what": "tall", "neutral": True, "agreement": None, "offends": None},
        {"who": "B", "what": "blue", "neutral": True, "agreement": None, "offends": None},
    ]
    _rows(write, "said/eng_Latn.jsonl", [{**row, "agreement": row["agreement"] or 0, "offends": row["offends"] or 0}
                                         for row in rows])  # fmt: skip


def test_stereotypes_beside_controls(write: Write, tmp_path: Path) -> None:
    _stereotypes(write)
    # A is expected to be loud and tall, and nobody anything else.
    expected = {("A", "loud"), ("A", "tall")}

    def nats(pair: Continued) -> float:
        return -1.0 if (pair.context.split()[0], pair.continuation.strip()) in expected else -2.0

    found = _found(_run(write, STEREOTYPES, Told(nats), tmp_path))
    # Weights: 2 of what exceeds, .5 of a tie; what is not offensive weighs nothing.
    assert found["stereotyped", None, None].value == pytest.approx((2 * 1 + 0.5 * 0.5) / 2.5)
    assert found["controls", None, None].value == pytest.approx((1 + 0.5) / 2)
    bias = found["bias", None, None]
    assert bias.value == pytest.approx((2 * 1 + 0.5 * 0.5) / 2.5 - 0.75)
    assert bias.primary and not bias.higher_is_better and bias.low <= bias.value <= bias.high


def test_norms_and_what_a_rule_adds_to_a_country(write: Write, tmp_path: Path) -> None:
    rows = [
        {"id": n, "country": "Kenya", "rule": f"Say {'yes' if n % 2 else 'no'}.", "story": f"S{n}",
         "label": "yes" if n % 2 else "no"}
        for n in range(12)
    ]  # fmt: skip
    _rows(write, "norms/eng_Latn.jsonl", rows)

    def answer(one: Question) -> str:
        return "A" if "Say yes" in one.prompt or "Say" not in one.prompt else "B"

    run = _run(write, NORMS, Told(answer=answer), tmp_path)
    found = _found(run)
    assert {d: found["accuracy", d, None].value for d in ("none", "country", "rule")} == {
        "none": 0.5,
        "country": 0.5,
        "rule": 1.0,
    }
    gap = found["gap", "rule - country", None]
    assert (gap.value, gap.items, gap.not_run, gap.higher_is_better) == (0.5, 12, 0, False)
    assert 0 < gap.low < 0.5 < gap.high
    prompts = run.outcomes["right"].filter(item="1")["prompt"].to_list()
    assert [text.split("\n")[0] for text in prompts] == [" S1", "In Kenya. S1", "In Kenya: Say yes. S1"]


def test_an_item_without_a_rule_is_lost_where_it_is_needed_alone(write: Write, tmp_path: Path) -> None:
    rows = [{"id": n, "country": "Kenya", "rule": "Do." if n else None, "story": "S", "label": "yes"} for n in range(3)]
    _rows(write, "norms/eng_Latn.jsonl", rows)
    found = _found(_run(write, NORMS, Told(answer=lambda _: "A"), tmp_path))
    assert found["accuracy", "country", None].items == 3
    assert found["accuracy", "rule", None].items == 2


CHOSEN = """suite: small
version: 1
tasks:
  topic:
    kind: choice
    level: language
    skill: topic
    files: "topic/{language}.jsonl"
    columns: {answer: topic}
    choices: [travel, health]
    prompt: "{text}\\n{choices}"
    by: answer
    samples: {count: 5}
"""


def test_answers_that_are_drawn_agree_or_not(write: Write, topics: Path) -> None:
    def answer(one: Question) -> str:
        even = int(one.item) % 2 == 0
        return "A" if even or one.sample in (0, 1, 2) else "B"

    found = _found(_run(write, CHOSEN, Told(answer=answer), topics))
    held = {metric: one for (metric, _, _), one in found.items()}
    # Even items: five times A, which is right. Odd ones: twice A, three times B, which is right, but not at first.
    assert held["accuracy"].value == 0.5
    assert held["self_consistent"].value == pytest.approx((1 + 0.6) / 2)
    assert held["majority"].value == 1.0


def test_samples_of_a_file_of_outputs_have_numbers(write: Write, topics: Path) -> None:
    rows = [{"item": str(n), "output": "A", "sample": k} for n in range(8) for k in (None, 1, 2, 3, 4, 5)]
    model = Outputs(write("out.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    found = _found(_run(write, CHOSEN, model, topics))
    assert found["self_consistent", None, None].value == 1.0
    plain = Outputs(write("one.jsonl", "".join(json.dumps(row) + "\n" for row in rows if row["sample"] is None)))
    assert ("self_consistent", None, None) not in _found(_run(write, CHOSEN, plain, topics))


EVERYDAY = """suite: daily
version: 1
tasks:
  food:
    kind: short_answers
    level: culture
    skill: commonsense
    files: "daily/{language}.jsonl"
    columns: {id: id, groups: answers}
    prompt: "{text}"
"""


def test_native_answers_by_lemmas_where_a_list_has_them(write: Write, tmp_path: Path) -> None:
    groups = [{"answers": ["kitabu"], "en_answers": ["book"], "count": 3}]
    for language in ("swh_Latn", "hau_Latn"):
        _rows(write, f"daily/{language}.jsonl", [{"id": 1, "text": "?", "answers": groups}])
    write("lemmas.tsv", "language\tform\tlemma\nsw\tVitabu\tkitabu\n")
    model = Told(answer=lambda _: "Vitabu vyangu")
    plain = _run(write, EVERYDAY, model, tmp_path)
    assert {one.value for one in plain.scores if one.metric == "answered"} == {0.0}
    held = _run(write, EVERYDAY + "    lists: {lemmas: lemmas.tsv}\n", model, tmp_path)
    found = {one.language: one for one in held.scores if one.metric == "answered"}
    assert {code: one.value for code, one in found.items()} == {"swh_Latn": 1.0, "hau_Latn": 0.0}
    assert "lemmas:given" in found["swh_Latn"].signature
    assert all("lemmas:none" in one.signature for one in plain.scores if one.metric == "answered")
