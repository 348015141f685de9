"""What a run of synthesis would cost, told before it: nobody is asked, and the run costs about as much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.test_synthesis import WORDS, recipe, released, run, summary

from weft.engine.synthesis_estimate import estimate
from weft.recipe import load
from weft.sample.fake_answers import answer
from weft.sample.fake_server import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(WORDS) as made:
        yield made


def test_an_estimate_asks_nobody_and_is_about_right(tmp_path: Path, server: FakeServer) -> None:
    given = load(recipe(tmp_path, server))
    made = tmp_path / "made"
    told = estimate(given, made, 8, lambda body: answer(body, {})[0])
    assert server.stats()["asked"] == 0
    step = told["steps"][1]
    assert (step["documents"], step["calls"], step["answered"]) == (16, 16, 0)
    run(given, made)
    real = sum(call["tokens_in"] for row in released(made)["calls"].drop_nulls().to_list() for call in row)
    assert 0.3 < step["tokens_in"] / (real * 16 / max(1, summary(made)["steps"][1]["released"])) < 6
    again = estimate(given, made, 8, lambda body: answer(body, {})[0])
    assert again["steps"][1]["answered"] == 16 and again["steps"][1]["cost"] == 0


def test_an_estimate_has_the_labels_and_judges_that_ask(tmp_path: Path, server: FakeServer) -> None:
    told = f"url: '{server.url}', model: weft-fake, price: {{input: 1000, output: 2000}}"
    file = recipe(
        tmp_path,
        label="[script, lid, judged: {service: judge, prompt: 'Is it good?'}]",
        synthesize="\n  - code_switch: {lexicon: lexicon.tsv, into: eng_Latn, where: judged.score > 1}",
        services=f"{{judge: {{{told}, protocol: openai-chat, structured_output: json_schema}}}}",
        synthesis="{judge: {service: judge, trusted: 30}, gates: {leave_out: [copy, language, lexical, ending]}}",
    )
    said = estimate(load(file), tmp_path / "made", 8, lambda body: answer(body, {})[0])
    assert server.stats()["asked"] == 0
    label, step, judge = said["steps"]
    assert [one["recipe"] for one in said["steps"]] == ["label.judged", "synthesize.code_switch", "gates.judge"]
    assert (label["documents"], label["calls"], step["documents"], step["calls"]) == (16, 16, 16, 0)
    assert 10 < judge["calls"] <= judge["documents"] and said["cost"] == pytest.approx(label["cost"] + judge["cost"])
    run(load(file), tmp_path / "made")
    held = summary(tmp_path / "made")
    assert 0.3 < judge["tokens_in"] / held["judges"]["tokens_in"] < 3


def test_an_estimate_counts_what_an_encoder_is_asked(tmp_path: Path, server: FakeServer) -> None:
    told = f"url: '{server.url}', model: weft-fake, price: {{input: 1000, output: 2000}}"
    file = recipe(
        tmp_path,
        synthesize="\n  - in_context_translation: {service: writer, encoder: encoder, ranking: both, per: document,"
        " source: swh_Latn, into: eng_Latn, pool: [lexicon.tsv]}",
        services=f"{{writer: {{{told}, protocol: openai-chat}},"
        f" encoder: {{{told}, protocol: openai-embeddings, items_per_request: 8}}}}",
    )
    (step,) = estimate(load(file), tmp_path / "made", 16, lambda body: answer(body, {})[0])["steps"]
    assert server.stats()["asked"] == 0
    assert step["calls"] == 16 + 1 + 2  # translations; five words of the pool, and 16 texts, eight at a time
    assert step["cost"] > 0
