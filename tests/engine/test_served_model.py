"""A run of synthesis against a real server: `transformers serve` with a small model that is trained here."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import data_folder
from tests.engine.served_model import SOURCE, TARGET, Served, pairs, served, train
from tests.engine.test_synthesis import outputs, released, run, summary

from weft.engine.reading import Build
from weft.engine.service_budget import spent
from weft.recipe import load

TEXTS = 8
GATES = "finish, script, length, numbers, copy, language, lexical, ending"
"""Left out, as few sentences of so small a model would pass; they have tests of their own."""


def recipe(folder: Path, url: str, model: Path, texts: list[str]) -> Path:
    """Chats, completions, and chats that are to answer in a form, one of each for every text."""
    (folder / "texts").mkdir(parents=True)
    for number, text in enumerate(texts):
        (folder / f"texts/{number:02d}.txt").write_text(text, "utf-8")
    server = f"url: '{url}', model: '{model}', concurrency: 2, timeout_seconds: 60"
    asked = "division: document, sampling: {max_tokens: 24}"
    file = folder / "recipe.yaml"
    file.write_text(
        "name: served\n"
        f"acquire: [{{path: texts, license: CC-BY-SA-4.0, basis: licence, language_hint: {SOURCE}}}]\n"
        "synthesize:\n"
        f"  - back_translation: {{service: chat, language: {SOURCE}, into: {TARGET}, {asked}}}\n"
        f"  - paraphrase: {{service: plain, low: 0, high: 99, min_characters: 10, {asked}}}\n"
        f"  - facts: {{service: formed, language: {SOURCE}, {asked}}}\n"
        f"synthesis: {{gates: {{leave_out: [{GATES}]}}}}\n"
        "services:\n"
        f"  chat: {{{server}, protocol: openai-chat, price: {{input: 1, output: 2}}}}\n"
        f"  plain: {{{server}, protocol: openai-completions}}\n"
        f"  formed: {{{server}, protocol: openai-chat, structured_output: json_schema}}\n",
        "utf-8",
    )
    return file


def forget(build: Path) -> None:
    """Take away all that a run made but the replies that were paid."""
    for name in ("synthesize", "records", "rejects", "report", "ledger"):
        for path in sorted((build / name).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()


def calls(build: Path) -> list[dict[str, Any]]:
    """The calls of every record and every text that gave none."""
    tables = [pl.read_parquet(path) for step in range(3) for path in (build / "synthesize").glob(f"{step}-*/*.parquet")]
    return [call for table in tables for row in table["calls"].to_list() for call in row or ()]


@pytest.mark.slow
def test_a_real_server_is_asked_once_and_every_call_accounted_for(tmp_path: Path) -> None:
    texts, model = pairs(data_folder()), tmp_path / "model"
    train(texts[:-TEXTS], model, 60)
    with served(model) as server:
        given = load(recipe(tmp_path / "run", server.url, model, [source for source, _ in texts[-TEXTS:]]))
        made = tmp_path / "run" / "made"
        assert run(given, made).status == 0
        heard = server.asked("/v1/chat/completions"), server.asked("/v1/completions")
        assert_it_knows_no_form(server, model)
    assert heard == (3 * TEXTS, TEXTS)  # what is to have a form is asked for it once more
    assert spent(made).calls == sum(heard)
    assert_all_are_accounted_for(made, model)
    before = outputs(made)
    forget(made)
    assert run(given, made).status == 0  # with no server any more
    assert outputs(made) == before
    assert spent(made).calls == sum(heard)


def assert_all_are_accounted_for(made: Path, model: Path) -> None:
    held = summary(made)
    for step in held["steps"]:
        assert step["parents"] == TEXTS == step["made"] + sum(step["no_record"].values()) + step["errors"]
        assert step["released"] + sum(step["rejected"].values()) == step["made"]
    chat, plain, formed = held["steps"]
    assert (chat["calls"], plain["calls"]) == (TEXTS, TEXTS) and chat["cost"] > 0 and plain["cost"] is None
    rows = released(made).filter(pl.col("recipe") == chat["recipe"]).to_dicts()
    assert len(rows) == chat["released"] > 0
    for row in rows:
        assert {part["language"]: part["made"] for part in row["parts"]} == {TARGET: True, SOURCE: False}
        assert row["calls"][0]["model"] == str(model) and row["calls"][0]["raw"].strip() == row["parts"][0]["text"]
    assert formed["made"] == 0 and formed["errors"] == TEXTS  # it knows no JSON
    errors = Build.open(made).errors().to_dicts()
    unread = [row for row in errors if row["reason"] == "reply_unreadable"]
    assert len(unread) == TEXTS and all("no JSON" in row["detail"] for row in unread)
    told = calls(made)
    assert len(told) == 2 * TEXTS and len({call["key"] for call in told}) == 2 * TEXTS
    for call in told:
        assert call["model"] == str(model) and call["server"] == f"{model}@main"
        assert call["finish"] in ("stop", "length") and call["tokens_in"] > 20 and not call["estimated"]
        assert call["attempts"] == 1 and json.loads(call["parameters"])["max_tokens"] == 24


def assert_it_knows_no_form(server: Served, model: Path) -> None:
    """A chat in a form is answered as any other, which is why JSON is read from the text; a completion is refused."""
    form = {"type": "json_object"}
    asked = {"model": str(model), "response_format": form, "max_tokens": 2}
    for path, body in (("chat/completions", {"messages": [{"role": "user", "content": "Halo"}]}), ("completions", {})):
        request = urllib.request.Request(
            f"{server.url}/{path}", json.dumps(asked | body).encode(), {"content-type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        if body:
            assert opener.open(request, timeout=60).status == 200
        else:
            with pytest.raises(urllib.error.HTTPError, match="422"):
                opener.open(request, timeout=60)
