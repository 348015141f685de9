"""lm-evaluation-harness itself reads what weft exports, and has the same figures: LM_EVAL_PYTHON names its Python.

LM_EVAL_PYTHON=PYTHON python -m pytest tests/evaluate/check_lm_eval.py; no part of the suite of tests.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from tests.evaluate.conftest import Write
from tests.evaluate.test_exchange import SUITE
from tests.label import tiny_causal

from weft.evaluate.exchange import lm_eval
from weft.evaluate.exchange.imported import save
from weft.evaluate.exchange.reading import read
from weft.evaluate.models.opening import opened
from weft.evaluate.running import Settings, evaluate
from weft.evaluate.suite import load

ASK = """
import json, sys
import lm_eval
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

said = json.load(open("said.json"))

class Given(LM):
    def generate_until(self, requests):
        return [said[one.args[0]] for one in requests]
    def loglikelihood(self, requests):
        raise NotImplementedError
    loglikelihood_rolling = loglikelihood

def ask(model, tasks, out, **more):
    tracker = EvaluationTracker(output_path=out)
    found = lm_eval.simple_evaluate(
        model=model, tasks=tasks, task_manager=TaskManager(include_path="tasks"), log_samples=True,
        evaluation_tracker=tracker, **more
    )
    samples = found.pop("samples")
    tracker.save_results_aggregated(results=found, samples=samples)
    for name, held in samples.items():
        tracker.save_results_samples(task_name=name, samples=held)

ask("hf", ["weft_small_topic"], "likely", model_args="pretrained=tiny,device=cpu,dtype=float32,add_bos_token=True")
ask(Given(), ["weft_small_said", "weft_small_words", "weft_small_translation_from_pivot",
              "weft_small_translation_to_pivot"], "written")
"""


def test_its_figures_are_weft_s(write: Write, topics: Path, tmp_path: Path) -> None:
    suite, _ = load(str(write("suite.yaml", SUITE)))
    settings = Settings(topics, samples=200)
    lm_eval.export(suite, settings, tmp_path / "tasks")
    tiny_causal.write(tmp_path / "tiny")
    draws, said, lines = random.Random(3), {}, []
    for file in sorted((tmp_path / "tasks" / "data").glob("*.jsonl")):
        task, rest = file.stem.removeprefix("weft_small_").split("_", 1)
        direction = rest.split("_", 2)[2:]
        for row in map(json.loads, file.read_text("utf-8").splitlines() if task != "topic" else ()):
            right = {"said": "AB", "words": row.get("answers"), "translation": row.get("references")}[task]
            text = said.setdefault(row["prompt"], draws.choice([*right, "B", "it is health, so (A)", right[0][2:]]))
            item = "/".join([row["id"], *direction])
            lines.append({"task": task, "language": row["language"], "item": item, "output": text})
    write("said.json", json.dumps(said))
    outputs = write("outputs.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    write("ask.py", ASK)
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    subprocess.run([os.environ["LM_EVAL_PYTHON"], "ask.py"], cwd=tmp_path, env=offline, check=True)
    compared = 0
    for place, model, tasks in (
        ("likely", tmp_path / "tiny", ["topic"]),
        ("written", outputs, ["said", "words", "translation"]),
    ):
        asked = opened(str(model), tmp_path / "kept", device="cpu")
        ours = evaluate(suite, asked, Settings(topics, frozenset(tasks), samples=200), lambda *_: None)
        asked.close()
        held = {(s.task, s.language, s.direction, s.metric): s.value for s in ours.scores if s.slice is None}
        (file,) = (tmp_path / place).rglob("results_*.json")
        told = save(read(file, None, suite, settings), suite, tmp_path / f"run-{place}", samples=200)
        for one in told["scores"]:
            key = (one["task"], one["language"], one["direction"], one["metric"])
            assert one["value"] == pytest.approx(held[key], abs=1e-6), key
            compared += 1
        assert not [row for row in told["imported"]["left_out"] if "its items give" in row["why"]]
    assert compared == 3 * 4 + 3 + 3 * 2 + 2 * 2 * 5
