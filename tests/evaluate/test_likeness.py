"""How near a model's states of a sentence are to those of its translation: by hidden states, and in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.conftest import Write
from tests.label import tiny_causal

from weft.errors import WeftError
from weft.evaluate.consistency import likeness
from weft.evaluate.models.contract import Continued, Layered, Likelihood, Output, Question, States, Tell
from weft.evaluate.models.opening import opened
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.running import Run, Settings, evaluate
from weft.evaluate.suite import load
from weft.sample.fake_server import FakeServer

QUIET: Tell = lambda what, done, total: None  # noqa: E731
LIKENESS = """suite: small
version: 1
tasks:
  likeness:
    kind: likeness
    level: language
    skill: consistency
    files: "pairs/{language}.tsv"
    columns: {id: id, text: text}
    pivot: eng_Latn
    metrics: [likeness, cosine]
"""
ITEMS = 24


class Hidden:
    """Shows the states that a table has, by text."""

    likely = False

    def __init__(self, held: dict[str, np.ndarray]) -> None:
        self._held, self.told = held, {"kind": "test"}

    def states(self, texts: Sequence[str], tell: Tell) -> States:
        nothing = np.zeros((3, 8), np.float32)
        rows = [self._held.get(text, nothing) for text in texts]
        return States(np.array(rows, np.float32), np.array([text in self._held for text in texts]))

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        raise AssertionError

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        raise AssertionError

    def close(self) -> None:
        pass


@pytest.fixture
def pairs(write: Write, tmp_path: Path) -> Path:
    """Sentences in three languages, each with its number."""
    for code in ("eng_Latn", "swh_Latn", "yor_Latn"):
        rows = "".join(f"{n}\t{code} {n}\n" for n in range(ITEMS))
        write(f"pairs/{code}.tsv", f"id\ttext\n{rows}")
    return tmp_path


def run(write: Write, data: Path, model: object) -> Run:
    suite = load(str(write("suite.yaml", LIKENESS)))[0]
    return evaluate(suite, model, Settings(data, samples=500), QUIET)  # type: ignore[arg-type]


def test_a_language_whose_states_are_like_those_of_the_pivot_is_told_from_one_whose_are_not(
    write: Write, pairs: Path
) -> None:
    random = np.random.default_rng(2)
    shared = np.zeros(8)
    shared[0] = 4.0
    meaning = random.normal(size=(ITEMS, 3, 8)) + shared
    held = {f"eng_Latn {n}": meaning[n] for n in range(ITEMS)}
    held |= {f"swh_Latn {n}": meaning[n] + 0.5 * random.normal(size=(3, 8)) for n in range(ITEMS)}
    held |= {f"yor_Latn {n}": random.normal(size=(3, 8)) + shared for n in range(ITEMS)}
    del held["yor_Latn 5"]
    made = run(write, pairs, Hidden(held))
    scores = {(one.language, one.metric): one for one in made.scores}
    near, far = scores["swh_Latn", "likeness"], scores["yor_Latn", "likeness"]
    assert near.low > far.high and abs(far.value) < 0.1 < near.low
    assert scores["yor_Latn", "cosine"].value > 0.5  # all states point one way
    assert (far.items, far.not_run, near.items) == (ITEMS - 1, 1, ITEMS)
    wanted = likeness(
        *(np.array([held[f"{c} {n}"] for n in range(ITEMS)], np.float32) for c in ("swh_Latn", "eng_Latn"))
    )
    assert near.value == pytest.approx(wanted.value)
    assert "state:last_token|layers:3|less:all_other_pairs|interval:bootstrap:500" in near.signature
    assert near.primary and near.higher_is_better


def test_one_item_says_nothing(write: Write, pairs: Path) -> None:
    held = {f"{code} {n}": np.ones((3, 8)) * (n + 1) for code in ("eng_Latn", "swh_Latn") for n in range(ITEMS)}
    held["yor_Latn 0"] = np.ones((3, 8))
    made = run(write, pairs, Hidden(held))
    assert {one.language for one in made.scores} == {"swh_Latn"}
    outcomes = made.outcomes["likeness"].filter(language="yor_Latn")
    assert sorted(set(outcomes["reason"].to_list())) == ["no_state", "too_few"]
    assert [one.language for one in made.not_run] == ["yor_Latn"]


def test_who_shows_no_states(write: Write, pairs: Path, tmp_path: Path) -> None:
    assert [one.reason for one in run(write, pairs, Outputs(write("out.csv", "item,output\n1,A\n"))).not_run] == [
        "no_states"
    ]
    with FakeServer() as server:
        file = write("model.yaml", f"url: {server.url}\nprotocol: openai-chat\nmodel: weft-fake\n")
        model = opened(str(file), tmp_path / "run")
        made = run(write, pairs, model)
        model.close()
        assert server.stats()["paid"]["calls"] == 0
    assert [one.reason for one in made.not_run] == ["no_states"] and not made.scores


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_causal.write(tmp_path_factory.mktemp("models") / "tiny")


def test_states_of_a_folder_are_those_of_the_last_token(folder: Path, tmp_path: Path) -> None:
    """By torch itself: each text alone, the states after every layer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    texts = ["Safari ya treni", "ጉዞ", "the child reads a book every day", "", "neno " * 300]
    model = opened(str(folder), tmp_path, device="cpu")
    assert isinstance(model, Layered)
    found = model.states(texts, QUIET)
    assert found.known.tolist() == [True, True, True, False, False] and found.values.shape == (5, 2, 16)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    for text, states in zip(texts[:3], found.values, strict=False):
        ids = [0, *tokenizer(text, add_special_tokens=False).input_ids]
        with torch.inference_mode():
            told = network(torch.tensor([ids]), output_hidden_states=True).hidden_states
        assert states == pytest.approx(np.stack([one[0, -1].numpy() for one in told[1:]]), abs=1e-4)
    none = model.states(["", ""], QUIET)
    assert not none.known.any()


def test_a_folder_is_asked_of_all_languages(write: Write, pairs: Path, folder: Path, tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        model = opened(str(folder), tmp_path / "run", device="cpu")
        made.append(run(write, pairs, model).to_json())
        model.close()
    assert made[0] == made[1] and not made[0]["not_run"]
    assert {(one["language"], one["metric"]) for one in made[0]["scores"]} == {
        (code, name) for code in ("swh_Latn", "yor_Latn") for name in ("likeness", "cosine")
    }


def test_a_suite_without_a_pivot(write: Write) -> None:
    with pytest.raises(WeftError, match="likeness: pivot is missing"):
        load(str(write("suite.yaml", LIKENESS.replace("    pivot: eng_Latn\n", ""))))
