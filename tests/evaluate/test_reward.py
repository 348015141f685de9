"""Reward models asked which of two answers is better: behind a server, and in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.engine.model_server import ModelServer
from tests.evaluate.conftest import TOPIC, Write
from tests.evaluate.test_encoding import Hidden
from tests.label import tiny_classifier
from typer.testing import CliRunner

from weft.cli.application import application
from weft.errors import WeftError
from weft.evaluate.models.contract import Continued, Model, Output, Question, Reward, Rewards, Tell
from weft.evaluate.models.opening import opened
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.running import Run, Settings, evaluate
from weft.evaluate.suite import load

QUIET: Tell = lambda what, done, total: None  # noqa: E731
PREFER = """suite: small
version: 1
tasks:
  preference:
    kind: prefer
    level: language
    skill: preference
    files: "pairs/{language}.tsv"
    columns: {id: n, good: chosen, bad: rejected}
    prompt: "{question}"
"""


class Lengths(ModelServer):
    """Says of each text how long it is, as the one score of a reward model."""

    names: tuple[str, ...] = ("LABEL_0",)
    settings: dict[str, Any] | None = None

    def _reply(self, path: str, asked: dict[str, Any]) -> Any:
        assert path.endswith("/predict")
        self.settings = {name: value for name, value in asked.items() if name != "inputs"}
        return [[{"label": name, "score": len(text)} for name in self.names] for (text,) in asked["inputs"]]


class Given:
    """Gives the rewards that a table has; of other answers the reason why there is none."""

    likely = False
    told: dict[str, Any] = {"kind": "test", "name": "given"}  # noqa: RUF012

    def __init__(self, held: dict[str, float]) -> None:
        self._held = held

    def rewards(self, pairs: Sequence[Continued], tell: Tell) -> list[Reward]:
        held = (self._held.get(pair.continuation) for pair in pairs)
        return [Reward(None, "prompt_too_long") if one is None else Reward(one) for one in held]

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        raise AssertionError

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Any]:
        raise AssertionError

    def close(self) -> None:
        pass


@pytest.fixture
def pairs(write: Write, tmp_path: Path) -> Path:
    """Six questions in two languages, each with two answers; the chosen ones are longer in Swahili alone."""
    for code, long in (("swh_Latn", True), ("amh_Ethi", False)):
        rows = "".join(
            f"{n}\tSwali la {n}?\t{'Jibu refu' if long else 'Jibu'} {n}\t{'Jibu' if long else 'Jibu refu'} {n}\n"
            for n in range(6)
        )
        write(f"pairs/{code}.tsv", f"n\tquestion\tchosen\trejected\n{rows}")
    return tmp_path


@pytest.fixture
def server() -> Iterator[Lengths]:
    made = Lengths(refuse=("Swali la 4",))
    with made:
        yield made


def rewards(model: Model, pairs: Sequence[Continued]) -> list[Reward]:
    assert isinstance(model, Rewards)
    try:
        return model.rewards(pairs, QUIET)
    finally:
        model.close()


def run(write: Write, data: Path, model: Any, text: str = PREFER) -> Run:
    return evaluate(load(str(write("suite.yaml", text)))[0], model, Settings(data, samples=200), QUIET)


def test_a_tie_counts_half_and_what_has_no_reward_is_not_run(write: Write, pairs: Path) -> None:
    held = {f"Jibu refu {n}": 2.0 for n in range(6)} | {"Jibu 0": 2.0, "Jibu 1": 3.0, "Jibu 2": 1.0, "Jibu 3": -1e300}
    made = run(write, pairs, Given(held))
    (one,) = [score for score in made.scores if score.language == "swh_Latn"]
    assert (one.metric, one.value, one.items, one.not_run, one.chance) == ("accuracy", 0.625, 4, 2, 0.5)
    assert "|by:reward|" in one.signature and "norm" not in one.signature
    rows = made.outcomes["preference"].filter(language="swh_Latn").sort("item")
    assert rows["scores"].to_list()[:2] == [[2.0, 2.0], [2.0, 3.0]] and rows["answer"].to_list()[1:3] == [1, 0]
    assert rows["reason"].to_list() == [None] * 4 + ["prompt_too_long"] * 2
    assert {score.metric for score in made.scores} == {"accuracy"}


def test_what_asks_for_answers_is_not_run(write: Write, topics: Path) -> None:
    made = run(write, topics, Given({}), TOPIC)
    assert [(one.task, one.reason) for one in made.not_run] == [("topic", "no_answers")] and not made.scores
    assert "gives rewards alone" in made.not_run[0].detail


def test_who_prefers_nothing(write: Write, pairs: Path) -> None:
    made = run(write, pairs, Hidden({"Swali": np.zeros(2)}))
    assert [one.reason for one in made.not_run] == ["no_preferences"] and not made.scores
    assert "gives vectors alone" in made.not_run[0].detail
    made = run(write, pairs, Outputs(write("out.csv", "item,output\n1,A\n")))
    assert [one.reason for one in made.not_run] == ["no_log_likelihoods"] and not made.scores


def test_a_server_says_each_reward_once(write: Write, pairs: Path, server: Lengths, tmp_path: Path) -> None:
    given = str(write("reward.yaml", f"url: {server.url}\nprotocol: tei-predict\nmodel: lengths\n"))
    found = []
    for _ in range(2):
        model = opened(given, tmp_path / "kept")
        found.append(run(write, pairs, model))
        model.close()
    assert found[0].scores == found[1].scores
    assert sum(server.answered.values()) == len(server.answered)
    assert server.settings == {"raw_scores": True, "truncate": False}, "a squashed reward makes ties of high ones"
    scores = {one.language: one for one in found[0].scores}
    assert (scores["swh_Latn"].value, scores["amh_Ethi"].value) == (1.0, 0.0)
    assert (scores["swh_Latn"].items, scores["swh_Latn"].not_run) == (5, 1)
    rows = found[0].outcomes["preference"].filter(item="4", language="swh_Latn")
    assert rows["reason"].to_list() == ["service_refused"] and rows["measure.accuracy"].to_list() == [None]
    assert rows.height == 1 and found[0].outcomes["preference"]["scores"].list.len().unique().to_list() == [2]


def test_a_server_of_several_numbers_is_no_reward_model(write: Write, server: Lengths, tmp_path: Path) -> None:
    server.names = ("toxic", "fine")
    model = opened(str(write("reward.yaml", f"url: {server.url}\nprotocol: tei-predict\n")), tmp_path / "kept")
    with pytest.raises(WeftError, match=r"reward.yaml: the reward model gives 2 scores \(toxic, fine\); expected one"):
        rewards(model, [Continued("a", "b")])


def test_a_file_with_keys_of_an_endpoint(write: Write, tmp_path: Path) -> None:
    file = write("reward.yaml", "url: http://127.0.0.1:1\nprotocol: tei-predict\nsystem: Jibu.\n")
    with pytest.raises(WeftError, match="system"):
        opened(str(file), tmp_path / "kept")


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_a_folder_gives_the_logit_of_its_head(kind: str, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny_classifier.write(tmp_path / "tiny", ["LABEL_0"], kind=kind, places=64)
    asked = [
        Continued("Swali", "Jibu refu sana"), Continued("Swali", "Jibu"), Continued("", "ጉዞ"), Continued("a" * 99, "b"),
    ]  # fmt: skip
    found = rewards(opened(str(folder), tmp_path / "kept", device="cpu"), asked)
    assert found == rewards(opened(str(folder), tmp_path / "anew", device="cpu"), asked[::-1])[::-1]
    assert found == rewards(opened(str(folder), tmp_path / "kept", device="cpu"), asked)
    assert found[3] == Reward(None, "prompt_too_long"), "nothing is cut"
    assert len({one.value for one in found[:3]}) == 3
    tokenizer = AutoTokenizer.from_pretrained(folder)
    there = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for pair, one in zip(asked[:3], found, strict=False):
        text = f"{pair.context}\n\n{pair.continuation}" if pair.context else pair.continuation
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            assert one.value == pytest.approx(float(there(input_ids=ids).logits[0, 0]), abs=1e-5)


def test_a_tokenizer_that_states_no_limit_leaves_that_of_the_model(tmp_path: Path) -> None:
    folder = tiny_classifier.write(tmp_path / "tiny", ["LABEL_0"], kind="llama", places=700)
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"model_max_length": 10**30}), "utf-8")
    asked = [Continued("a" * 600, "b"), Continued("a" * 800, "b")]
    long, too_long = rewards(opened(str(folder), tmp_path / "kept", device="cpu"), asked)
    assert long.value is not None and too_long.reason == "prompt_too_long"


def test_the_template_of_a_folder_is_filled_and_begun_once(tmp_path: Path) -> None:
    folder = tiny_classifier.write(tmp_path / "tiny", ["LABEL_0"], places=64)

    def of(question: str, answer: str, chat: bool = True) -> float | None:
        held = opened(str(folder), tmp_path / "kept", device="cpu", chat=chat)
        return rewards(held, [Continued(question, answer)])[0].value

    plain, written_out = of("q", "a"), of("", "<q|a>")
    file = folder / "tokenizer_config.json"
    template = "{{ bos_token }}<{{ messages[0].content }}|{{ messages[1].content }}>"
    told = json.loads(file.read_text("utf-8")) | {"chat_template": template, "bos_token": "[CLS]"}
    file.write_text(json.dumps(told), "utf-8")
    assert of("q", "a") == pytest.approx(written_out) and of("q", "a", chat=False) == pytest.approx(plain)
    assert plain != pytest.approx(written_out)
    file.write_text(json.dumps(told | {"chat_template": "{{ raise_exception('no') }}"}), "utf-8")
    with pytest.raises(WeftError, match="its chat template cannot be filled: no; expected another, or --no-chat"):
        of("q", "a")


def test_a_classifier_of_labels_is_no_reward_model(tmp_path: Path) -> None:
    folder = tiny_classifier.write(tmp_path / "tiny", ["news", "law"])
    with pytest.raises(WeftError, match=r"a classifier of 2 labels \(news, law\); expected a model that answers, or a"):
        opened(str(folder), tmp_path / "kept", device="cpu")


def test_from_the_command_line(write: Write, pairs: Path, server: Lengths, tmp_path: Path) -> None:
    suite = write("suite.yaml", PREFER)
    model = write("reward.yaml", f"url: {server.url}\nprotocol: tei-predict\nmodel: lengths\n")
    asked = ["evaluate", str(suite), "--data", str(pairs), "--model", str(model), "--into", str(tmp_path / "run")]
    for _ in range(2):
        done = CliRunner().invoke(application, asked, env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        assert "0.500 to" not in done.output and "1.000" in done.output and "service_refused" in done.output
    held = json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert held["model"]["kind"] == "reward" and held["model"]["name"] == "lengths"
    done = CliRunner().invoke(application, ["report", str(tmp_path / "run")], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert isinstance(pl.read_parquet(next((tmp_path / "run").rglob("*.parquet"))), pl.DataFrame)
