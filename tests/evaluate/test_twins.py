"""Items beside their twins: what is lost, and what seems faulty by several models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.conftest import TOPIC, Write

from weft.cli.boundary import run as main
from weft.errors import WeftError
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.reading_runs import read_scores
from weft.evaluate.running import Run, Settings, evaluate, save
from weft.evaluate.suite import load

ITEMS, MODELS = 60, 6
BASE = TOPIC.replace('The topic is:"', '{choices}"').replace("consistent: true", "by: answer").rstrip()
SUITE = f"""{BASE}
  machine:
    kind: choice
    level: language
    skill: topic
    files: "machine/{{language}}.jsonl"
    columns: {{answer: topic}}
    choices: [travel, health]
    prompt: "{{text}}\\n{{choices}}"
    by: answer
    twin_of: topic
"""
FAULTY = {"7", "21", "40"}


def _data(write: Write) -> None:
    for folder in ("topic", "machine"):
        rows = [{"id": n, "text": f"{folder} {n}", "topic": ("travel", "health")[n % 2]} for n in range(ITEMS)]
        write(f"{folder}/swh_Latn.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _answers(write: Write, model: int) -> Path:
    """Right in nine of ten items of each task, but wrong in those that are faulty."""
    draws = np.random.Generator(np.random.PCG64(model)).random((2, ITEMS))
    rows = []
    for place, task in enumerate(("topic", "machine")):
        for n in range(ITEMS):
            right = draws[place, n] < 0.9 or (str(n) in FAULTY and task == "topic")
            right &= not (str(n) in FAULTY and task == "machine")
            rows.append({"task": task, "language": "swh_Latn", "item": str(n), "output": "AB"[(n + (not right)) % 2]})
    return write(f"model{model}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _run(write: Write, folder: Path, model: int, beside: tuple[Path, ...] = ()) -> Run:
    suite, _ = load(str(write("suite.yaml", SUITE)))
    settings = Settings(folder, samples=500, beside=beside)
    return evaluate(suite, Outputs(_answers(write, model)), settings, lambda *_: None)


def test_faulty_items_are_flagged_by_several_models(write: Write, tmp_path: Path) -> None:
    _data(write)
    alone = _run(write, tmp_path, 0)
    (row,) = alone.twins
    assert (row["models"], row["items"], row["judged"], row["flagged"]) == (1, ITEMS, 0, [])
    others = tuple(tmp_path / f"run{model}" for model in range(1, MODELS))
    for model, folder in enumerate(others, 1):
        save(_run(write, tmp_path, model), folder)
    run = _run(write, tmp_path, 0, others)
    (row,) = run.twins
    assert (row["task"], row["twin"], row["language"], row["models"]) == ("machine", "topic", "swh_Latn", MODELS)
    assert row["judged"] == ITEMS
    assert {one["item"] for one in row["flagged"]} == FAULTY
    assert all(one["score"] == 0 and one["twin"] == 1 and one["all_wrong"] for one in row["flagged"])
    save(run, tmp_path / "run0")
    assert read_scores(tmp_path / "run0")["twins"] == run.twins
    # The run's own gap is of its own answers, in pairs.
    scores = {(one.task, one.metric): one for one in run.scores if one.slice is None}
    gap = scores["machine", "twin_gap"]
    assert gap.value == pytest.approx(scores["topic", "accuracy"].value - scores["machine", "accuracy"].value)
    assert gap.low < gap.value < gap.high and gap.items == ITEMS and not gap.higher_is_better
    assert "twin:topic" in gap.signature


def test_another_prompt_is_no_answer_to_the_same_item(write: Write, tmp_path: Path) -> None:
    _data(write)
    save(_run(write, tmp_path, 1), tmp_path / "one")
    rows = [{"id": n, "text": f"other {n}", "topic": ("travel", "health")[n % 2]} for n in range(ITEMS)]
    write("machine/swh_Latn.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (row,) = _run(write, tmp_path, 0, (tmp_path / "one",) * 2).twins
    assert row["models"] == 3 and row["judged"] == 0


def test_a_run_of_another_suite_is_refused_before_anything_is_asked(write: Write, tmp_path: Path) -> None:
    _data(write)
    save(_run(write, tmp_path, 1), tmp_path / "one")
    suite, _ = load(str(write("suite.yaml", SUITE.replace("version: 1", "version: 2"))))
    with pytest.raises(WeftError, match=r"one: of the suite small, version 1; expected small, version 2"):
        evaluate(suite, Outputs(_answers(write, 0)), Settings(tmp_path, beside=(tmp_path / "one",)), lambda *_: None)


def test_the_command_tells_what_is_flagged(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _data(write)
    for model in (1, 2, 3):
        save(_run(write, tmp_path, model), tmp_path / f"run{model}")
    asked = ["evaluate", str(tmp_path / "suite.yaml"), "--model", str(tmp_path / "model1.jsonl"), "--samples", "200"]
    asked += ["--into", str(tmp_path / "made"), "--quiet"]
    assert main(asked) == 0
    assert "machine swh_Latn: too few models to tell faulty items" in capsys.readouterr().out
    beside = [part for model in (2, 3) for part in ("--beside", str(tmp_path / f"run{model}"))]
    assert main([*asked, *beside]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "machine swh_Latn: 3 items of 60 that 3 models answered fare worse than their twins in topic: 7, 21, 40" in said
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("twin_of: topic", "twin_of: topics", "task machine: twin_of: no topics; expected one of topic"),
        ("twin_of: topic", "twin_of: machine", "task machine: twin_of: no machine; expected one of topic"),
        (
            'choices: [travel, health]\n    prompt: "{text}\\n{choices}"\n    by: answer\n    twin_of',
            'prompt: "{text}"\n    kind: generate\n    twin_of',
            "topic is choice by accuracy; expected generate by exact",
        ),
    ],
)
def test_a_twin_is_another_task_of_the_same_kind(write: Write, old: str, new: str, said: str) -> None:
    assert old in SUITE
    head, machine = SUITE.replace(old, new).split("  machine:\n")
    machine = machine.replace("    kind: choice\n", "") if "generate" in new else machine
    with pytest.raises(WeftError) as caught:
        load(str(write("suite.yaml", f"{head}  machine:\n{machine}")))
    assert said in str(caught.value)
