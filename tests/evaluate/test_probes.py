"""Long contexts and naturalness in a suite.

Sentences were written for these tests and are not reviewed by native speakers.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluate.conftest import Write

from weft.errors import WeftError
from weft.evaluate.comparison import compare
from weft.evaluate.models.contract import Output, Question, Tell
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.reading_runs import read_scores
from weft.evaluate.running import Run, Settings, evaluate, save
from weft.evaluate.suite import load

LONG = """suite: long
version: 1
tasks:
  needle:
    kind: long_context
    level: language
    skill: recall
    files: "texts/{language}.txt"
    columns: {text: text}
    prompt: "{context}\\n\\n{question}"
    probes: {lengths: [600, 3000], depths: [0, 0.5, 1], each: 3, distractors: 1}
    lists: {needles: needles.tsv}
    checks: []
"""
NEEDLES = (
    "language\tfact\tquestion\tnames\n"
    "swh\tNamba ya siri ya {name} ni {number}.\tNamba ya siri ya {name} ni ipi?\tAchieng|Baraka|Chausiku|Dalmas\n"
)
TEXTS = [f"Sentensi ya {n} inasema jambo. Baraka zake ni nyingi sana leo! Je, {n} ni kubwa?" for n in range(200)]


class Reader:
    """Finds the fact where it stands in the last characters that it can see."""

    likely = False

    def __init__(self, sees: int) -> None:
        self._sees = sees
        self.told = {"kind": "test", "sees": sees}

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        return [Output(self._answer(one.prompt), "stop") for one in questions]

    def _answer(self, prompt: str) -> str:
        context, question = prompt.rsplit("\n\n", 1)
        name = re.findall(r"ya (\w+) ni ipi", question)[0]
        hit = re.search(rf"ya siri ya {name} ni (\d+)\.", context[-self._sees :])
        return f"Ni {hit[1]}." if hit else "Sijui."

    def likelihoods(self, pairs: Any, tell: Tell) -> Any:
        raise AssertionError(pairs)

    def close(self) -> None:
        pass


def _long(write: Write, folder: Path, model: Reader, suite: str = LONG, **more: Any) -> Run:
    write("texts/swh_Latn.txt", "\n".join(TEXTS) + "\n")
    write("needles.tsv", NEEDLES)
    settings = Settings(folder, samples=200, **more)
    return evaluate(load(str(write("long.yaml", suite)))[0], model, settings, lambda *_: None)


def test_a_fact_is_found_by_length_and_depth(write: Write, tmp_path: Path) -> None:
    run = _long(write, tmp_path, Reader(700))
    held = {one.slice: one for one in run.scores if one.metric == "found"}
    assert set(held) == {None, "length=600", "length=3000", "depth=0", "depth=0.5", "depth=1"}
    # All that is short, and the end of what is long.
    assert (held["length=600"].value, held["length=3000"].value) == (1.0, pytest.approx(1 / 3))
    assert (held["depth=0"].value, held["depth=1"].value) == (0.5, 1.0)
    assert held[None].items == 18 and held[None].primary
    unclear = next(one for one in run.scores if (one.metric, one.slice) == ("unclear", None))
    assert unclear.value == pytest.approx(1 - held[None].value) and not unclear.higher_is_better
    outcomes = run.outcomes["needle"]
    # One text with one fact at three depths is drawn together.
    assert outcomes["cluster"].n_unique() == 6
    assert "each:3|distractors:1" in held[None].signature


def test_probes_are_the_same_for_two_models_which_are_compared(write: Write, tmp_path: Path) -> None:
    for sees in (700, 4000):
        save(_long(write, tmp_path, Reader(sees)), tmp_path / f"run{sees}")
    (row,) = compare(tmp_path / "run700", tmp_path / "run4000", samples=200)["differences"]
    assert (row["metric"], row["items"], row["left_out"]) == ("found", 18, 0)
    assert row["second"] == 1.0 and row["value"] == pytest.approx(1 / 3)


def test_what_cannot_be_probed_is_told(write: Write, tmp_path: Path) -> None:
    write("texts/amh_Ethi.txt", "ሰላም፣ ለዓለም።\n")
    run = _long(write, tmp_path, Reader(4000), LONG.replace("600, 3000", "600, 90000"))
    told = {one.language: (one.reason, one.detail) for one in run.not_run}
    assert told["amh_Ethi"][0] == told["swh_Latn"][0] == "no_items"
    assert "no fact in amh_Ethi in lists.needles; it has swh_Latn" in told["amh_Ethi"][1]
    assert re.search(r"the texts have \d+ of 90000; expected more of them, or less length", told["swh_Latn"][1])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    columns: {text: text}\n", "", "columns.text is missing"),
        ("    lists: {needles: needles.tsv}\n", "", "expected lists.needles"),
        ("{context}\\n", "", "prompt has no {context}"),
        ("depths: [0, 0.5, 1]", "depths: [2]", "less than or equal to 1"),
        ("    checks: []", "    noise: {kinds: [typos]}\n    checks: []", "noise: not of long_context"),
        ("{lengths: [600, 3000], depths", "{depths", "lengths"),
    ],
)
def test_a_suite_of_long_contexts_says_what_it_needs(write: Write, old: str, new: str, said: str) -> None:
    assert old in LONG
    with pytest.raises(WeftError) as caught:
        load(str(write("long.yaml", LONG.replace(old, new))))
    assert said in str(caught.value)


def test_a_faulty_fact_costs_the_task(write: Write, tmp_path: Path) -> None:
    write("texts/swh_Latn.txt", "\n".join(TEXTS) + "\n")
    write("needles.tsv", NEEDLES.replace("ni {number}.", "ni namba."))
    run = evaluate(load(str(write("long.yaml", LONG)))[0], Reader(9), Settings(tmp_path), lambda *_: None)
    assert [one.reason for one in run.not_run] == ["broken_list"]
    assert "fact has not {number} once" in run.not_run[0].detail


NATURAL = """suite: natural
version: 1
tasks:
  tell:
    kind: respond
    level: language
    skill: naturalness
    files: "asked/{language}.jsonl"
    prompt: "{text}"
    metrics: [in_language]
    natural: {files: "native/{language}.txt", translated: "translated/{language}.txt"}
"""


def _texts(seed: int, first: int, count: int = 60) -> list[str]:
    """Texts of 40 words each, the first of which are commoner."""
    parts = ("ma", "ki", "wa", "nu"), ("ta", "pe", "so", "li"), ("ka", "ni", "ro")
    words = ["".join(one) for one in itertools.product(*parts)]
    share = 1 / (np.arange(len(words)) + 1.0)
    lots = np.random.Generator(np.random.PCG64(seed))
    drawn = lots.choice(len(words), (count, 40), p=np.roll(share, first) / share.sum())
    return [" ".join(words[n] for n in row) for row in drawn]


def _natural(write: Write, folder: Path, outputs: list[str]) -> Run:
    asked = [json.dumps({"id": n, "text": f"Eleza {n}."}) for n in range(len(outputs))]
    write("asked/swh.jsonl", "\n".join(asked) + "\n")
    rows = [json.dumps({"item": str(n), "output": text}) for n, text in enumerate(outputs)]
    write("outputs.jsonl", "\n".join(rows) + "\n")
    suite, _ = load(str(write("natural.yaml", NATURAL)))
    return evaluate(suite, Outputs(folder / "outputs.jsonl"), Settings(folder, samples=200), lambda *_: None)


def test_native_texts_are_natural_and_others_are_not(write: Write, tmp_path: Path) -> None:
    write("native/swahili.txt", "\n".join(_texts(0, 0)) + "\n")
    write("translated/sw.txt", "\n".join(_texts(1, 6)) + "\n")
    native = {one.metric: one for one in _natural(write, tmp_path, _texts(2, 0)).scores}
    for metric in ("excess_words", "excess_characters", "excess_mmd"):
        assert native[metric].low <= 0 <= native[metric].high
        assert (native[metric].items, native[metric].primary, native[metric].higher_is_better) == (60, False, False)
    assert native["accent"].high < 0
    run = _natural(write, tmp_path, ["<think>kwanza</think>" + text for text in _texts(3, 6)])
    other = {one.metric: one for one in run.scores}
    assert other["excess_words"].low > 0 and other["excess_characters"].low > 0 and other["accent"].low > 0
    held = {row["measure"]: row for row in run.naturalness}
    assert held["words"]["value"] == pytest.approx(held["words"]["floor"] + other["excess_words"].value)
    assert (held["words"]["texts"], held["words"]["native_texts"], held["words"]["language"]) == (60, 60, "swh_Latn")
    assert f"floor:{held['words']['floor']:.6f}" in other["excess_words"].signature
    # Beside an average there is the measure that was asked for, and not these.
    assert {one["metric"] for one in run.to_json()["averages"]} <= {"in_language"}
    save(run, tmp_path / "run")
    assert read_scores(tmp_path / "run")["naturalness"] == run.naturalness


def test_naturalness_that_cannot_be_told_says_why(write: Write, tmp_path: Path) -> None:
    run = _natural(write, tmp_path, _texts(2, 0))
    assert [(one.reason, one.language) for one in run.not_run] == [("no_native", "swh_Latn")]
    write("native/swh.txt", "\n".join(_texts(0, 0, 5)) + "\n")
    run = _natural(write, tmp_path, _texts(2, 0))
    ((reason, detail),) = [(one.reason, one.detail) for one in run.not_run]
    assert reason == "no_naturalness" and "5 texts; expected 8 or more of each side" in detail
    assert not [one for one in run.scores if one.metric.startswith("excess")]


def test_texts_that_nobody_writes_have_no_naturalness(write: Write) -> None:
    text = NATURAL.replace("kind: respond", "kind: prefer").replace("    metrics: [in_language]\n", "")
    text = text.replace('    prompt: "{text}"', "    columns: {good: good, bad: bad}")
    with pytest.raises(WeftError, match="natural: not of prefer, where nothing is written"):
        load(str(write("natural.yaml", text)))
    with pytest.raises(WeftError, match=r"natural: files has no \{language\}"):
        load(str(write("natural.yaml", NATURAL.replace("native/{language}.txt", "native.txt"))))
