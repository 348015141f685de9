"""Encoders asked whether they find translations: by hidden vectors, in a folder, behind a server."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.evaluate.conftest import TOPIC, Write
from tests.label import tiny_encoder

from weft.errors import WeftError
from weft.evaluate.consistency import retrieval
from weft.evaluate.models.contract import Continued, Encodes, Likelihood, Output, Question, Tell
from weft.evaluate.models.opening import opened
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.running import Run, Settings, evaluate
from weft.evaluate.suite import load
from weft.parallel.encoding import Vectors, directed
from weft.sample.fake_server import FakeServer
from weft.statistics.proportions import wilson

QUIET: Tell = lambda what, done, total: None  # noqa: E731
RETRIEVE = """suite: small
version: 1
tasks:
  retrieval:
    kind: retrieve
    level: language
    skill: retrieval
    files: "pairs/{language}.tsv"
    columns: {id: id, text: text}
    pivot: eng_Latn
"""
ITEMS = 40


class Hidden:
    """Gives the vectors that a table has, by text; none of a text that it has not."""

    likely = False

    def __init__(self, held: dict[str, np.ndarray]) -> None:
        self._held, self.told = held, {"kind": "test"}
        self._size = len(next(iter(held.values())))

    def vectors(self, texts: Sequence[str], tell: Tell) -> Vectors:
        known = np.array([text in self._held for text in texts])
        rows = [self._held.get(text, np.zeros(self._size)) for text in texts]
        return directed(np.array(rows, np.float32), known)

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        raise AssertionError

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        raise AssertionError

    def close(self) -> None:
        pass


@pytest.fixture
def pairs(write: Write, tmp_path: Path) -> Path:
    """Forty sentences in three languages, each with its number."""
    for code in ("eng_Latn", "swh_Latn", "yor_Latn"):
        rows = "".join(f"{n}\t{code} {n}\n" for n in range(ITEMS))
        write(f"pairs/{code}.tsv", f"id\ttext\n{rows}")
    return tmp_path


def run(write: Write, data: Path, model: object, text: str = RETRIEVE, **more: int) -> Run:
    suite = load(str(write("suite.yaml", text)))[0]
    return evaluate(suite, model, Settings(data, samples=300), QUIET)  # type: ignore[arg-type]


def _space(noise: float, seed: int = 1) -> dict[str, np.ndarray]:
    """Of English a meaning for each number; of the others the same with noise of a strength."""
    random = np.random.default_rng(seed)
    meaning = random.normal(size=(ITEMS, 16))
    held = {f"eng_Latn {n}": meaning[n] for n in range(ITEMS)}
    for code, strength in (("swh_Latn", noise), ("yor_Latn", 0.01)):
        held |= {f"{code} {n}": meaning[n] + strength * random.normal(size=16) for n in range(ITEMS)}
    return held


def test_what_is_found_is_that_of_the_formula_in_each_direction(write: Write, pairs: Path) -> None:
    held = _space(1.5)
    made = run(write, pairs, Hidden(held))
    scores = {(one.language, one.direction, one.metric): one for one in made.scores}
    sides = [directed(np.array([held[f"{c} {n}"] for n in range(ITEMS)], np.float32), np.ones(ITEMS, np.bool_)).values
             for c in ("eng_Latn", "swh_Latn")]  # fmt: skip
    for direction, (source, target) in (("from_pivot", sides), ("to_pivot", sides[::-1])):
        wanted = retrieval(source, target)
        assert 0 < wanted.xsim < 1
        found = {name: scores["swh_Latn", direction, name] for name in ("xsim", "cosine_top1", "recall_5")}
        assert found["xsim"].value == pytest.approx(wanted.xsim)
        assert found["cosine_top1"].value == pytest.approx(1 - wanted.cosine)
        assert found["recall_5"].value == pytest.approx(wanted.recall[5])
        assert (found["xsim"].low, found["xsim"].high) == wilson(round(wanted.xsim * ITEMS), ITEMS)
        assert found["xsim"].primary and not found["xsim"].higher_is_better
        assert "margin:ratio|k:4|candidates:40" in found["xsim"].signature
    assert scores["yor_Latn", "from_pivot", "xsim"].value == 0.0
    assert {one.language for one in made.scores} == {"swh_Latn", "yor_Latn"} and not made.not_run


def test_two_that_changed_places_are_not_found(write: Write, pairs: Path) -> None:
    held = _space(0.01)
    held["swh_Latn 3"], held["swh_Latn 9"] = held["swh_Latn 9"], held["swh_Latn 3"]
    made = run(write, pairs, Hidden(held))
    outcomes = made.outcomes["retrieval"].filter(pl.col("language") == "swh_Latn")
    wrong = outcomes.filter(pl.col("rank") > 1)
    assert sorted(set(wrong["item"].to_list())) == ["3", "9"] and wrong.height == 4
    (one,) = wrong.filter(item="3", direction="from_pivot").select("prompt", "output", "target").rows()
    assert one == ("eng_Latn 3", "swh_Latn 9", "swh_Latn 3")
    right = outcomes.filter(rank=1)
    assert right["output"].equals(right["target"]) and right.height == 2 * ITEMS - 4
    assert {one.value for one in made.scores if one.language == "swh_Latn" and one.metric == "xsim"} == {2 / ITEMS}


def test_a_sentence_without_a_vector_is_not_run_and_no_candidate(write: Write, pairs: Path) -> None:
    held = _space(0.01)
    del held["swh_Latn 7"]
    for n in range(ITEMS):
        del held[f"yor_Latn {n}"]
    made = run(write, pairs, Hidden(held))
    (one,) = [s for s in made.scores if (s.language, s.direction, s.metric) == ("swh_Latn", "to_pivot", "xsim")]
    assert (one.items, one.not_run, one.value) == (ITEMS - 1, 1, 0.0) and "candidates:39" in one.signature
    assert [(gone.language, gone.reason) for gone in made.not_run] == [("yor_Latn", "no_vector")]


def test_passages_are_drawn_together(write: Write, pairs: Path) -> None:
    for code in ("eng_Latn", "swh_Latn", "yor_Latn"):
        rows = "".join(f"{n}\t{code} {n}\t{n // 4}\n" for n in range(ITEMS))
        write(f"pairs/{code}.tsv", f"id\ttext\tdoc\n{rows}")
    made = run(write, pairs, Hidden(_space(1.5)), RETRIEVE.replace("{id: id,", "{id: id, cluster: doc,"))
    assert all("interval:bootstrap:300" in one.signature for one in made.scores)


def test_who_gives_no_vectors_and_who_nothing_else(write: Write, pairs: Path) -> None:
    file = write("out.csv", "item,output\n1,A\n")
    assert [one.reason for one in run(write, pairs, Outputs(file)).not_run] == ["no_vectors"]
    both = TOPIC + RETRIEVE.partition("tasks:\n")[2]
    write("topic/swh_Latn.jsonl", '{"id": 1, "text": "x", "topic": "travel"}\n')
    made = run(write, pairs, Hidden(_space(0.01)), both)
    assert [(one.task, one.reason) for one in made.not_run] == [("topic", "no_answers")]
    assert {one.task for one in made.scores} == {"retrieval"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    pivot: eng_Latn\n", "", "retrieve: pivot is missing"),
        (", text: text", "", "retrieve: columns.text is missing"),
        ("pivot: eng_Latn", "pivot: eng_Latn\n    metrics: [xism]", "metric xism is none of retrieve"),
        ("pivot: eng_Latn", "pivot: eng_Latn\n    noise: {kinds: [typos]}", "noise: not of retrieve"),
    ],
)
def test_faults_of_a_suite(write: Write, old: str, new: str, said: str) -> None:
    assert old in RETRIEVE
    with pytest.raises(WeftError, match=re.escape(said)):
        load(str(write("suite.yaml", RETRIEVE.replace(old, new))))


def test_an_encoder_in_a_folder_is_asked_once(write: Write, pairs: Path, tmp_path: Path) -> None:
    folder = tiny_encoder.write(tmp_path / "tiny")
    made = []
    for _ in range(2):
        model = opened(str(folder), tmp_path / "run", device="cpu")
        assert isinstance(model, Encodes)
        made.append(run(write, pairs, model).to_json())
        model.close()
    assert made[0] == made[1] and made[0]["model"]["kind"] == "encoder"
    assert not made[0]["not_run"] and len(made[0]["averages"]) == 2
    with pytest.raises(WeftError, match="an encoder gives vectors alone"):
        model.generate([], QUIET)
    # By hand, of one direction: vectors as the encoder gives them.
    texts = [[f"{code} {n}" for n in range(ITEMS)] for code in ("eng_Latn", "swh_Latn")]
    held = [model.vectors(side, QUIET).values for side in texts]
    (told,) = [one for one in made[0]["scores"]
               if (one["language"], one["direction"], one["metric"]) == ("swh_Latn", "from_pivot", "xsim")]  # fmt: skip
    assert told["value"] == pytest.approx(retrieval(*held).xsim)


def test_an_encoder_behind_a_server(write: Write, pairs: Path, tmp_path: Path) -> None:
    with FakeServer() as server:
        file = write("encoder.yaml", f"url: {server.url}\nprotocol: openai-embeddings\nmodel: weft-fake\n")
        model = opened(str(file), tmp_path / "run")
        made = run(write, pairs, model)
        model.close()
    assert made.model["kind"] == "encoder" and made.model["by"] == "service"
    assert {one.items for one in made.scores} == {ITEMS} and not made.not_run


def test_a_folder_of_a_masked_model_is_an_encoder_and_one_that_writes_is_none(tmp_path: Path) -> None:
    from weft.evaluate.models.encoding import encodes

    for kind, wanted in (("BertModel", True), ("XLMRobertaForMaskedLM", True), ("GPT2LMHeadModel", False),
                         ("LlamaForCausalLM", False)):  # fmt: skip
        (tmp_path / "config.json").write_text(json.dumps({"architectures": [kind]}))
        assert encodes(str(tmp_path)) is wanted
    (tmp_path / "modules.json").write_text("[]")
    assert encodes(str(tmp_path))
    assert not encodes("nowhere/at-all")
