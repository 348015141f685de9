"""OpenCompass itself runs what weft exports, and weft reads its results: OPENCOMPASS_PYTHON names its Python.

OPENCOMPASS_PYTHON=PYTHON python -m pytest tests/evaluate/check_opencompass.py; no part of the suite of tests.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from tests.evaluate.conftest import Write
from tests.evaluate.test_exchange import SUITE

from weft.evaluate.exchange import opencompass
from weft.evaluate.exchange.imported import save
from weft.evaluate.exchange.reading import read
from weft.evaluate.models.opening import opened
from weft.evaluate.running import Settings, evaluate
from weft.evaluate.suite import load

GIVEN = """
import json
from opencompass.models.base import BaseModel

class Given(BaseModel):
    def __init__(self, path, **more):
        super().__init__(path)
        self.said = json.load(open(path))
    def generate(self, inputs, max_out_len, **more):
        return [self.said[str(one)] for one in inputs]
    def get_token_len(self, prompt):
        return len(prompt.split())
"""
MODELS = {
    "likely": """
from opencompass.models import HuggingFaceBaseModel
models = [dict(type=HuggingFaceBaseModel, abbr="likely", path={path!r}, max_out_len=8, batch_size=4,
               run_cfg=dict(num_gpus=0))]
""",
    "written": """
from given import Given
models = [dict(type=Given, abbr="written", path={path!r}, max_out_len=8, batch_size=4, run_cfg=dict(num_gpus=0))]
""",
}
CHOSEN = "datasets = [one for one in datasets if {what} one['abbr'].startswith('weft_small_topic')]\n"


def test_it_runs_and_its_answers_have_weft_s_figures(write: Write, topics: Path, tmp_path: Path) -> None:
    with (topics / "topic/swh_Latn.jsonl").open("a") as more:
        more.write('{"id": 8, "text": "{answer}{id}{prompt}{choice_0}{source}{}", "topic": "travel"}\n')
    suite, _ = load(str(write("suite.yaml", SUITE)))
    settings = Settings(topics, samples=200)
    place = tmp_path / "there"
    opencompass.export(suite, settings, place)
    said, lines = _answers(place)
    outputs = write("outputs.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    write("there/given.py", GIVEN)
    python = os.environ["OPENCOMPASS_PYTHON"]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([python, "-m", "tests.label.tiny_causal", str(tmp_path / "tiny")], env=here, check=True)

    summary = _ran(python, place, "likely", tmp_path / "tiny", "")
    told = save(read(summary, None, suite, settings), suite, tmp_path / "run-likely", samples=200)
    theirs = {row["dataset"]: float(row["likely"]) for row in csv.DictReader(summary.open(encoding="utf-8"))}
    assert len(told["scores"]) == len(theirs) == 3
    for one in told["scores"]:
        assert (one["metric"], one["items"]) == ("accuracy", 9 if one["language"] == "swh_Latn" else 8)
        assert 100 * one["value"] == pytest.approx(theirs[f"weft_small_topic_{one['language']}"], abs=0.006)

    summary = _ran(python, place, "written", write("said.json", json.dumps(said)), "not")
    told = save(read(summary, None, suite, settings), suite, tmp_path / "run-written", samples=200)
    values = {(s["task"], s["language"], s["direction"], s["metric"]): s["value"] for s in told["scores"]}
    model = opened(str(outputs), tmp_path / "kept", device="cpu")
    asked = Settings(topics, frozenset({"said", "words", "translation"}), samples=200)
    ours = evaluate(suite, model, asked, lambda *_: None).scores
    model.close()
    held = {(s.task, s.language, s.direction, s.metric): s.value for s in ours if s.slice is None}
    assert values == pytest.approx(held, abs=1e-6)
    for row in csv.DictReader(summary.open(encoding="utf-8")):
        task, rest = row["dataset"].removeprefix("weft_small_").split("_", 1)
        metric, scale = {"said": ("accuracy", 100), "words": ("exact", 100), "translation": ("bleu", 1)}[task]
        value = values.pop((task, rest[:8], rest[9:] or None, metric))
        assert float(row["written"]) == pytest.approx(scale * value, abs=0.006), row["dataset"]
    assert not [key for key in values if key[-1] in ("accuracy", "exact", "bleu")]


def _answers(place: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """An answer to each prompt, drawn of right and wrong ones, and the same as a file of outputs has them."""
    draws, said, lines = random.Random(3), dict[str, str](), []
    for file in sorted((place / "data").glob("*.jsonl")):
        task, rest = file.stem.removeprefix("weft_small_").split("_", 1)
        direction = rest.split("_", 2)[2:]
        for row in map(json.loads, file.read_text("utf-8").splitlines() if task != "topic" else ()):
            wanted = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
            near = wanted[0] if len(wanted[0].split()) < 2 else wanted[0] + " 3"
            text = said.setdefault(row["prompt"], draws.choice([*wanted, "B", near]))
            item = "/".join([row["id"], *direction])
            lines.append({"task": task, "language": row["language"], "item": item, "output": text})
    return said, lines


def _ran(python: str, place: Path, name: str, path: Path, what: str) -> Path:
    """The summary of a run; every prompt was asked as it was written."""
    written = (place / opencompass.CONFIG).read_text("utf-8") + CHOSEN.format(what=what)
    (place / f"{name}.py").write_text(written + MODELS[name].format(path=str(path)), "utf-8")
    asked = [str(Path(python).with_name("opencompass")), f"{name}.py", "-w", name, "--debug"]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(place)}
    subprocess.run(asked, cwd=place, env=offline, check=True)
    for file in (place / name).rglob("predictions/*/*.json"):
        wanted = [json.loads(line) for line in (place / f"data/{file.stem}.jsonl").read_text("utf-8").splitlines()]
        seen = json.loads(file.read_text("utf-8"))
        for row, one in zip(wanted, (seen[key] for key in sorted(seen, key=int)), strict=True):
            assert one["origin_prompt"] == row["prompt"] + row.get("choice_0", ""), file.stem
    (summary,) = (place / name).rglob("summary_*.csv")
    return summary
