"""Models to ask: an endpoint, and a folder; what they answered is computed, and paid, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.model_server import ModelServer
from tests.evaluate.conftest import TOPIC, Write
from tests.label import tiny_causal

from weft.errors import WeftError
from weft.evaluate.models.contract import Continued, Question, Tell
from weft.evaluate.models.opening import opened
from weft.evaluate.running import Settings, evaluate
from weft.evaluate.suite import load
from weft.sample.fake_answers import echoed
from weft.sample.fake_server import FakeServer

QUIET: Tell = lambda what, done, total: None  # noqa: E731
ASKED = [Question("t", "swh_Latn", str(n), f"Safari ndefu ya {n}", 16) for n in range(6)]
PAIRS = [
    Continued("Safari ya treni ni", " ndefu sana"),
    Continued("Safari ya treni ni", " fupi"),
    Continued("ጉዞ", " ረጅም ነው"),
]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as made:
        yield made


def endpoint(write: Write, server: FakeServer, protocol: str = "openai-chat", more: str = "") -> str:
    return str(write("model.yaml", f"url: {server.url}\nprotocol: {protocol}\nmodel: weft-fake\n{more}"))


@pytest.mark.parametrize("protocol", ["openai-chat", "openai-completions"])
def test_an_endpoint_answers_once(write: Write, tmp_path: Path, server: FakeServer, protocol: str) -> None:
    given = endpoint(write, server, protocol, "system: Jibu kwa Kiswahili.\ntemperature: 0.5\nseed: 3\n")
    found = []
    for _ in range(2):
        model = opened(given, tmp_path / "run")
        found.append(model.generate(ASKED, QUIET))
        model.close()
    assert found[0] == found[1]
    assert all(one.text and one.finish == "stop" for one in found[0])
    assert server.stats()["paid"] == server.stats()["paid"] | {"calls": 6, "again": 0}


def test_a_question_that_the_endpoint_refuses_has_a_reason(write: Write, tmp_path: Path, server: FakeServer) -> None:
    model = opened(endpoint(write, server), tmp_path / "run")
    first, second = model.generate([ASKED[0], ASKED[1]._replace(prompt="x [[fake refuse]]")], QUIET)
    model.close()
    assert first.text and first.reason is None
    assert (second.text, second.reason) == (None, "service_refused")


def test_likelihoods_of_an_echo_are_those_of_the_continuation(write: Write, tmp_path: Path, server: FakeServer) -> None:
    model = opened(endpoint(write, server, "openai-completions", "log_likelihoods: true\n"), tmp_path / "run")
    found = model.likelihoods(PAIRS, QUIET)
    model.close()
    for pair, one in zip(PAIRS, found, strict=True):
        count = len(pair.continuation.split())
        told = echoed(pair.context + pair.continuation)["token_logprobs"][-count:]
        assert one is not None
        assert (one.nats, one.tokens) == (pytest.approx(sum(told)), count)
    assert server.stats()["paid"]["calls"] == 5  # of two contexts and three wholes


def test_settings_of_an_endpoint_that_are_none(write: Write, tmp_path: Path, server: FakeServer) -> None:
    with pytest.raises(WeftError, match="log_likelihoods: of protocol openai-completions alone"):
        opened(endpoint(write, server, more="log_likelihoods: true\n"), tmp_path)
    with pytest.raises(WeftError, match="temperature: expected a number of 0 or more"):
        opened(endpoint(write, server, more="temperature: warm\n"), tmp_path)
    model = opened(endpoint(write, server), tmp_path)
    with pytest.raises(WeftError, match="gives no log-likelihoods; expected log_likelihoods: true"):
        model.likelihoods(PAIRS, QUIET)


def test_a_refusal_that_stands_apart_is_what_was_answered(write: Write, tmp_path: Path) -> None:
    class Refusing(ModelServer):
        def _reply(self, path: str, asked: dict[str, Any]) -> Any:
            said = {"role": "assistant", "content": None, "refusal": "Samahani, siwezi."}
            if asked["messages"][0]["content"].endswith("0"):
                said |= {"content": "Ndiyo."}
            elif asked["messages"][0]["content"].endswith("1"):
                said["refusal"] = None
            return {"choices": [{"message": said, "finish_reason": "stop"}]}

    served = Refusing()
    with served:
        file = write("model.yaml", f"url: {served.url}\nprotocol: openai-chat\nmodel: m\n")
        for _ in range(2):
            model = opened(str(file), tmp_path / "run")
            found = model.generate(ASKED[:3], QUIET)
            model.close()
            assert [one.text for one in found] == ["Ndiyo.", "", "Samahani, siwezi."]
    assert sum(served.answered.values()) == 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_causal.write(tmp_path_factory.mktemp("models") / "tiny")


def test_likelihoods_of_a_folder_add_up(folder: Path, tmp_path: Path) -> None:
    """By torch itself: the log-probabilities of the tokens after those that the context has alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = opened(str(folder), tmp_path, device="cpu")
    found = model.likelihoods(PAIRS, QUIET)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    for pair, one in zip(PAIRS, found, strict=True):
        context = tokenizer(pair.context, add_special_tokens=False).input_ids
        whole = tokenizer(pair.context + pair.continuation, add_special_tokens=False).input_ids
        assert whole[: len(context)] == context  # of these texts; what merges at the border counts to what follows
        with torch.inference_mode():
            told = torch.log_softmax(network(torch.tensor([[0, *whole]])).logits[0, :-1].double(), dim=-1)
        each = told[torch.arange(len(whole)), torch.tensor(whole)].numpy()
        assert one is not None
        assert one.tokens == len(whole) - len(context)
        assert one.nats == pytest.approx(each[len(context) :].sum(), abs=1e-3)


def test_a_long_context_loses_its_beginning(folder: Path, tmp_path: Path) -> None:
    model = opened(str(folder), tmp_path, device="cpu")
    long, none = model.likelihoods([Continued("neno " * 300, " moja"), Continued("x", " neno" * 300)], QUIET)
    assert long is not None and np.isfinite(long.nats)
    assert none is None  # there is no room for the continuation itself


def test_a_folder_answers_alike_whoever_stands_beside(folder: Path, tmp_path: Path) -> None:
    few = [one._replace(max_tokens=8) for one in ASKED]
    model = opened(str(folder), tmp_path / "a", device="cpu")
    together = model.generate(few, QUIET)
    model.close()
    alone = [
        opened(str(folder), tmp_path / f"b{n}", device="cpu").generate([one], QUIET)[0] for n, one in enumerate(few[:3])
    ]
    assert together[:3] == alone
    kept = opened(str(folder), tmp_path / "a", device="cpu")
    kept._answers = None  # type: ignore[attr-defined]
    assert kept.generate(few, QUIET) == together
    (cut,) = opened(str(folder), tmp_path / "c", device="cpu").generate([few[0]._replace(prompt="neno " * 300)], QUIET)
    assert cut.reason == "prompt_too_long"


def test_what_a_folder_draws_depends_on_its_number_alone(folder: Path, tmp_path: Path) -> None:
    drawn = [ASKED[0]._replace(max_tokens=8, temperature=5.0, sample=number) for number in range(1, 6)]
    mixed = [ASKED[1]._replace(max_tokens=8), *drawn, ASKED[2]._replace(max_tokens=8)]
    first = opened(str(folder), tmp_path / "a", device="cpu").generate(mixed, QUIET)[1:-1]
    assert first == [opened(str(folder), tmp_path / "b", device="cpu").generate([one], QUIET)[0] for one in drawn]
    assert len({one.text for one in first}) > 1


def test_each_sample_of_an_endpoint_is_a_request_of_its_own(write: Write, tmp_path: Path, server: FakeServer) -> None:
    given = endpoint(write, server, more="seed: 3\n")
    drawn = [ASKED[0]._replace(temperature=0.7, sample=number) for number in range(3)]
    model = opened(given, tmp_path / "run")
    bodies = [model._body(one) for one in drawn]  # type: ignore[attr-defined]
    assert [(one["seed"], one["temperature"]) for one in bodies] == [(3, 0.7), (4, 0.7), (5, 0.7)]
    model.generate(drawn, QUIET)
    model.close()
    assert server.stats()["paid"] == server.stats()["paid"] | {"calls": 3, "again": 0}


def test_a_suite_asked_of_a_folder(write: Write, topics: Path, folder: Path, tmp_path: Path) -> None:
    suite, _ = load(str(write("suite.yaml", TOPIC)))
    found = []
    for place in ("one", "one", "two"):
        model = opened(str(folder), tmp_path / place, device="cpu")
        found.append(evaluate(suite, model, Settings(topics, samples=200), QUIET).to_json())
        model.close()
    assert found[0] == found[1] == found[2]
    assert len({one["language"] for one in found[0]["scores"]}) == 3


def test_a_model_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"--model nowhere: .*or a YAML file of an endpoint, or a table of outputs"):
        opened("nowhere", tmp_path)


def test_a_budget_ends_what_is_asked_and_not_what_is_kept(write: Write, tmp_path: Path, server: FakeServer) -> None:
    few = opened(endpoint(write, server, more="budget: {calls: 4}\n"), tmp_path / "run")
    first = few.generate(ASKED, QUIET)
    few.close()
    assert [one.reason for one in first].count("budget_spent") == len(ASKED) - 4
    again = opened(endpoint(write, server, more="budget: {calls: 4}\n"), tmp_path / "run")
    assert [one.text for one in again.generate(ASKED, QUIET)] == [one.text for one in first]
    again.close()
    assert again.paid()["this_run"]["calls"] == 0  # type: ignore[attr-defined]
    more = opened(endpoint(write, server), tmp_path / "run")
    assert all(one.text for one in more.generate(ASKED, QUIET))
    more.close()
    paid = more.paid()  # type: ignore[attr-defined]
    assert (paid["this_run"]["calls"], paid["all_runs"]["calls"]) == (len(ASKED) - 4, len(ASKED))
    assert paid["all_runs"]["tokens_in"] > 0


@pytest.mark.parametrize("given", ["{calls: 0}", "{call: 3}", "7"])
def test_a_budget_that_is_none(write: Write, tmp_path: Path, server: FakeServer, given: str) -> None:
    with pytest.raises(WeftError, match=r"budget.*expected cost, tokens or calls"):
        opened(endpoint(write, server, more=f"budget: {given}\n"), tmp_path / "run")
