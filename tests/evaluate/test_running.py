"""A suite is asked of a model, and what comes of it is scores with intervals, or that something was not run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.evaluate.conftest import TEXTS, TOPIC, Write

from weft.errors import WeftError
from weft.evaluate.comparison import better, compare
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.evaluate.models.opening import opened
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.reading_runs import read_outcomes, read_scores
from weft.evaluate.running import Run, Settings, evaluate, save
from weft.evaluate.suite import load
from weft.model.languages import normalises
from weft.statistics.proportions import wilson

QUIET: Tell = lambda what, done, total: None  # noqa: E731
ANSWERED = TOPIC.replace('The topic is:"', '{choices}"').replace("consistent: true", "by: answer\n    consistent: true")


class Likely:
    """Gives the likelihood that a function says."""

    likely = True

    def __init__(self, value: Any) -> None:
        self._value = value
        self.told = {"kind": "test"}

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        return [Output(str(self._value(one)), "stop") for one in questions]

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        return [self._value(pair) for pair in pairs]

    def close(self) -> None:
        pass


def run(write: Write, data: Path, model: Any, text: str = TOPIC, **more: Any) -> Run:
    return evaluate(load(str(write("suite.yaml", text)))[0], model, Settings(data, samples=500, **more), QUIET)


def outputs(write: Write, name: str, rows: Sequence[tuple[str, str, str]]) -> Outputs:
    held = [json.dumps(dict(zip(("language", "item", "output"), row, strict=True)), ensure_ascii=False) for row in rows]
    return Outputs(write(name, "\n".join(held) + "\n"))


def test_the_likeliest_choice_by_what_it_is_divided_by(write: Write, topics: Path) -> None:
    # "travel" has 7 bytes with its space, " health" as many: tokens alone make a difference.
    def value(pair: Continued) -> Likelihood:
        return Likelihood(-6.0, 3) if pair.continuation == " travel" else Likelihood(-5.0, 1)

    made = run(write, topics, Likely(value))
    held = {one.metric: one for one in made.scores if one.language == "swh_Latn" and one.slice is None}
    # health is likelier by the sum; travel by the token. Both are right in half of the items.
    answers = made.outcomes["topic"].filter(pl.col("language") == "swh_Latn")["answer"].unique().to_list()
    assert answers == [1]
    assert held["accuracy"].value == held["accuracy_bytes"].value == 0.5
    by_topic = {one.slice: one.value for one in made.scores if one.metric == "accuracy_tokens" and one.slice}
    assert by_topic == {"topic=travel": 1.0, "topic=health": 0.0}
    assert (held["accuracy"].low, held["accuracy"].high) == wilson(4, 8)
    assert held["accuracy"].chance == 0.5 and "norm:bytes" in held["accuracy"].signature


def test_what_has_no_likelihood_is_not_run_and_not_wrong(write: Write, topics: Path) -> None:
    def value(pair: Continued) -> Likelihood | None:
        if any("\u1780" <= c <= "\u17ff" for c in pair.context):
            return None
        right = " travel" if pair.context.rsplit("\n", 1)[0].rsplit(" ", 1)[1] in "0246" else " health"
        return Likelihood(-1.0 if pair.continuation == right else -2.0, 1)

    made = run(write, topics, Likely(value))
    told = {one.language: one.value for one in made.scores if one.primary and one.slice is None}
    assert told == {"swh_Latn": 1.0, "amh_Ethi": 1.0}
    assert [(one.language, one.reason) for one in made.not_run] == [("khm_Khmr", "no_likelihood")]
    average = made.to_json()["averages"][0]
    assert (average["value"], average["languages"], average["not_run"]) == (1.0, 2, ["khm_Khmr"])


def test_a_file_of_outputs(write: Write, topics: Path) -> None:
    rows = [(code, str(n), "AB"[n % 2] if n < 6 else "no idea") for code in TEXTS for n in range(8)]
    rows.remove(("swh_Latn", "7", "no idea"))
    made = run(write, topics, outputs(write, "out.jsonl", rows), ANSWERED)
    held = {(one.language, one.metric): one for one in made.scores if one.slice is None}
    assert held["amh_Ethi", "accuracy"].value == 6 / 8
    assert held["amh_Ethi", "unclear"].value == 2 / 8
    assert held["swh_Latn", "accuracy"].value == 6 / 7
    assert (held["swh_Latn", "accuracy"].items, held["swh_Latn", "accuracy"].not_run) == (7, 1)
    pair = made.consistency[0]
    assert pair["languages"] == ["amh_Ethi", "khm_Khmr"]
    assert (pair["same"], pair["items"], pair["unanswered"]) == (1.0, 6, 2)


def test_likelihoods_of_a_file_of_outputs_are_not_run(write: Write, topics: Path) -> None:
    made = run(write, topics, outputs(write, "out.jsonl", [("swh_Latn", "1", "A")]))
    assert made.scores == []
    assert [one.reason for one in made.not_run] == ["no_log_likelihoods"]


def test_rankings_are_consistent_where_they_are_the_same(write: Write, topics: Path) -> None:
    def value(pair: Continued) -> Likelihood:
        return Likelihood(-float(len(pair.continuation)) - (pair.continuation == " health"), 1)

    made = run(write, topics, Likely(value))
    assert len(made.consistency) == 3
    assert all(one["rankc_corrected"] == pytest.approx(1.0) for one in made.consistency)


def test_two_runs_are_compared_on_what_both_answered(write: Write, topics: Path, tmp_path: Path) -> None:
    right = [(code, str(n), "AB"[n % 2]) for code in sorted(TEXTS) for n in range(8)]
    wrong = [(code, item, "B" if text == "A" else "A") for code, item, text in right]
    for name, rows in (("first", wrong), ("second", right[:-1])):
        save(run(write, topics, outputs(write, f"{name}.jsonl", rows), ANSWERED), tmp_path / name)
    held = compare(tmp_path / "first", tmp_path / "second", samples=500)
    rows = {row["language"]: row for row in held["differences"]}
    assert list(rows) == sorted(TEXTS)
    assert (rows["swh_Latn"]["items"], rows["swh_Latn"]["left_out"]) == (7, 1)
    assert (rows["amh_Ethi"]["first"], rows["amh_Ethi"]["second"], rows["amh_Ethi"]["value"]) == (0.0, 1.0, 1.0)
    (mean,) = held["means"]
    assert (mean["first"], mean["second"], mean["languages"], mean["items"]) == (0.0, 1.0, 3, 23)
    # Items of one id are drawn together: 8 clusters, of which all differ.
    assert mean["p"] < 0.05 and (mean["low"], mean["high"]) == (1.0, 1.0)
    assert rows["amh_Ethi"]["holm"] == pytest.approx(min(1.0, 3 * rows["amh_Ethi"]["p"]))
    assert better(rows["amh_Ethi"]) == 1 and better({**rows["amh_Ethi"], "value": -1.0}) == -1


def test_another_prompt_is_another_item(write: Write, topics: Path, tmp_path: Path) -> None:
    rows = [(code, str(n), "A") for code in TEXTS for n in range(8)]
    for name, text in (("first", ANSWERED), ("second", ANSWERED.replace("{text}", "Text: {text}"))):
        save(run(write, topics, outputs(write, f"{name}.jsonl", rows), text), tmp_path / name)
    held = compare(tmp_path / "first", tmp_path / "second", samples=200)
    assert {row["value"] for row in held["differences"]} == {None}
    assert {row["left_out"] for row in held["differences"]} == {8}


def test_what_is_saved_is_read_again(write: Write, topics: Path, tmp_path: Path) -> None:
    made = run(write, topics, Likely(lambda pair: Likelihood(-1.0, 1)))
    save(made, tmp_path / "run")
    assert read_scores(tmp_path / "run") == json.loads(json.dumps(made.to_json()))
    assert read_outcomes(tmp_path / "run", ["topic"])["topic"].equals(made.outcomes["topic"])
    with pytest.raises(WeftError, match=r"has no scores\.json; expected what weft evaluate wrote"):
        read_scores(tmp_path)


PREFER = """suite: small
version: 1
tasks:
  grammar:
    kind: prefer
    level: language
    skill: acceptability
    files: "{language}.tsv"
    columns: {id: n, good: good, bad: bad, slices: {phenomenon: kind}}
"""


def test_the_good_sentence_is_likelier_and_a_tie_counts_half(write: Write, tmp_path: Path) -> None:
    write("swh_Latn.tsv", "n\tgood\tbad\tkind\n1\taa\tbb\tx\n2\taa\tcc\tx\n3\tbb\taa\ty\n")
    values = {"aa": -2.0, "bb": -4.0, "cc": -2.0}
    made = run(write, tmp_path, Likely(lambda pair: Likelihood(values[pair.continuation], 1)), PREFER)
    held = {one.slice: one.value for one in made.scores if one.primary}
    assert held == {None: 0.5, "phenomenon=x": 0.75, "phenomenon=y": 0.0}


GENERATE = """suite: small
version: 1
tasks:
  facts:
    kind: generate
    level: culture
    skill: facts
    files: "{language}.jsonl"
    columns: {answer: answers}
    prompt: "{question}"
    metrics: [contains, exact, number]
composites:
  all: {weights: {facts/contains: 3, facts/exact: 1}}
"""


def test_right_answers_as_a_whole_within_or_as_a_number(write: Write, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "question": "Mji?", "answers": ["Dodoma", "Dar es Salaam"]},
        {"id": "2", "question": "Ngapi?", "answers": ["1,500"]},
        {"id": "3", "question": "Nini?", "answers": ["ugali"]},
    ]
    write("swh_Latn.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    said = [("swh_Latn", "1", "«DODOMA».\n"), ("swh_Latn", "2", "Ni ١٬٥٠٠ hivi"), ("swh_Latn", "3", "Chapati")]
    made = run(write, tmp_path, outputs(write, "out.jsonl", said), GENERATE)
    held = {one.metric: one.value for one in made.scores}
    assert held["contains"] == held["exact"] == pytest.approx(1 / 3)
    assert held["number"] == pytest.approx(1 / 3)
    told = made.to_json()["composites"][0]
    assert told["value"] == pytest.approx(1 / 3)
    assert [(part["part"], part["weight"]) for part in told["parts"]] == [("facts/contains", 3.0), ("facts/exact", 1.0)]


def test_a_composite_without_a_part_is_none(write: Write, tmp_path: Path) -> None:
    text = GENERATE.replace(
        "composites:", PREFER.partition("tasks:\n")[2].replace("{language}.tsv", "{language}.txt2") + "composites:"
    )
    text = text.replace("facts/exact: 1", "grammar: 1")
    write("swh_Latn.jsonl", '{"id": 1, "question": "Nini?", "answers": ["ugali"]}\n')
    made = run(write, tmp_path, outputs(write, "out.jsonl", [("sw", "1", "ugali")]), text)
    told = made.to_json()["composites"][0]
    assert (told["value"], told["missing"]) == (None, ["grammar"])
    assert [part["value"] for part in told["parts"]] == [1.0]


TRANSLATE = """suite: small
version: 1
tasks:
  translation:
    kind: translate
    level: language
    skill: translation
    files: pairs.tsv
    columns: {id: n, language: lang, source: en, references: [one, two]}
    pivot: eng_Latn
    directions: [from_pivot]
    prompt: "{source}"
    metrics: [chrf++, ter]
"""


def test_translations_are_scored_as_sacrebleu_does(write: Write, tmp_path: Path) -> None:
    from sacrebleu.metrics import CHRF, TER

    references = [("Habari za asubuhi rafiki", "Habari ya asubuhi"), ("Ninakwenda sokoni leo", "Leo naenda sokoni")]
    write(
        "pairs.tsv",
        "n\tlang\ten\tone\ttwo\n"
        + "".join(f"{n}\tsw\tsentence {n}\t{one}\t{two}\n" for n, (one, two) in enumerate(references)),
    )
    said = ["Habari ya asubuhi rafiki", "sentence 1"]
    rows = [("swh_Latn", str(n), text) for n, text in enumerate(said)]
    made = run(write, tmp_path, outputs(write, "out.jsonl", rows), TRANSLATE)
    held = {one.metric: one.value for one in made.scores}
    sets = [list(column) for column in zip(*references, strict=True)]
    assert held["chrf++"] == pytest.approx(CHRF(word_order=2).corpus_score(said, sets).score, abs=1e-6)
    assert held["ter"] == pytest.approx(TER().corpus_score(said, sets).score, abs=1e-6)
    assert held["copied"] == 0.5 and held["empty"] == 0.0
    assert all(np.isfinite([one.low, one.high]).all() for one in made.scores)


BROKEN = [  # cut off, of another encoding, without a column, a row that is no object, compressed under a plain name
    b'{"id": 1, "text"',
    '{"id": 1, "text": "\u00e9", "topic": "travel"}\n'.encode("latin-1"),
    b'{"id": 1, "text": "x"}\n',
    b"[1, 2]\n",
    gzip.compress(b'{"id": 1, "text": "x", "topic": "travel"}\n')[:-9],
]


def test_two_hundred_languages_run_to_the_end_when_some_files_are_broken(write: Write, tmp_path: Path) -> None:
    table = resources.files("weft.language") / "weights" / "languages.tsv"
    known = [line.split("\t")[0] for line in table.read_text("utf-8").splitlines()]
    codes = [code for code in known if normalises(code) == code][:200]
    assert len(codes) == 200
    broken = codes[::20]
    for code in codes:
        write(f"topic/{code}.jsonl", '{"id": 1, "text": "x", "topic": "travel"}\n')
    for code, content in zip(broken, BROKEN * 2, strict=True):
        (tmp_path / f"topic/{code}.jsonl").write_bytes(content)
    made = run(write, tmp_path, Likely(lambda pair: Likelihood(-1.0, 1)))
    failed = [one for one in made.not_run if one.reason == "broken_file"]
    assert sorted(one.language for one in failed) == broken
    scored = {one.language for one in made.scores}
    assert scored == set(codes) - set(broken)
    assert made.to_json()["averages"][0]["languages"] == len(scored)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("item,answer\n1,A\n", "no column output"),
        ("item,output\n1,A\n1,B\n", "item 1 stands twice"),
    ],
)
def test_a_file_of_outputs_that_is_none(write: Write, text: str, said: str) -> None:
    with pytest.raises(WeftError, match=said):
        opened(str(write("out.csv", text)), Path())
