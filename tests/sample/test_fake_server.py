"""The fake model server answers alike, says that it is one, meets faults on request, and counts what it is paid."""

from __future__ import annotations

import http.client
import importlib.resources
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from weft.sample.fake_answers import ANSWER_FAULTS, answer, filled
from weft.sample.fake_forms import form_in
from weft.sample.fake_server import FakeServer, lexicon_of
from weft.synthesize.prompts import brought, parsed

SCHEMA = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "label": {"enum": ["good", "bad"]},
        "quote": {"type": "string", "minLength": 3, "maxLength": 40},
        "turns": {"type": "array", "minItems": 2, "maxItems": 4, "items": {"$ref": "#/$defs/turn"}},
        "maybe": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    },
    "required": ["score", "share", "label", "quote", "turns", "maybe"],
    "additionalProperties": False,
    "$defs": {"turn": {"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]}},
}
TEXT = "Mtoto anasoma kitabu. Mwalimu anafurahi sana leo."


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer({"mtoto": "child", "kitabu": "book"}, hang_seconds=0.05) as made:
        yield made


def asked(server: FakeServer, text: str, path: str = "chat/completions", **more: Any) -> Any:
    body: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": text}], **more}
    return sent(server, path, body)


def sent(server: FakeServer, path: str, body: Any) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{server.url}/{path}", json.dumps(body).encode(), timeout=10) as reply:
        return json.load(reply)


def said(reply: Any) -> str:
    return str(reply["choices"][0]["message"]["content"])


def test_it_translates_by_the_lexicon_and_says_what_it_is(server: FakeServer) -> None:
    reply = asked(server, f"Translate.\n\n<text-0123456789ab>\n{TEXT}\n</text-0123456789ab>\nBe brief.")
    assert said(reply) == "Child anasoma book. Mwalimu anafurahi sana leo."
    assert (reply["model"], reply["system_fingerprint"]) == ("weft-fake", "weft-fake-1")
    assert reply["usage"]["completion_tokens"] == 9 and reply["choices"][0]["finish_reason"] == "stop"
    cut = asked(server, TEXT, max_tokens=2)["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("Child anasoma", "length")


def test_what_it_fills_is_of_the_schema_and_of_the_text(server: FakeServer) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    found = [asked(server, f"{TEXT} {n}", response_format=form) for n in range(12)]
    held = [json.loads(said(reply)) for reply in found]
    for one in held:
        jsonschema.validate(one, SCHEMA)
    assert len({one["score"] for one in held}) > 2 and {one["label"] for one in held} == {"good", "bad"}
    assert all(turn["said"].split()[0] in ("Child", "Mwalimu", *map(str, range(12))) for turn in held[0]["turns"])
    assert asked(server, f"{TEXT} 3", response_format=form) == found[3]


def test_a_shape_that_the_prompt_shows_is_followed(server: FakeServer) -> None:
    shown = 'Answer as {"score": 3, "reason": "why"}.\n\n' + TEXT
    held = json.loads(said(asked(server, shown)))
    assert (
        set(held) == {"score", "reason"}
        and isinstance(held["score"], int)
        and held["reason"]
        in (
            "Child anasoma book.",
            "Mwalimu anafurahi sana leo.",
        )
    )


@pytest.mark.parametrize("name", brought())
def test_the_forms_that_prompts_show_are_followed_as_their_schemas_are(name: str) -> None:
    file = importlib.resources.files("weft.synthesize") / "prompts" / f"{name}.md"
    prompt = parsed(file.read_text("utf-8"), name)
    if prompt.schema is None:
        return
    fields = dict.fromkeys(prompt.places, "Swahili (swh_Latn)") | {
        "text": f"<text-0123456789ab>\n{TEXT}\n</text-0123456789ab>"
    }
    for n in range(8):
        body = {"messages": prompt.messages(**fields), "seed": n}
        form = {"type": "json_schema", "json_schema": {"name": "a", "schema": dict(prompt.schema)}}
        jsonschema.validate(json.loads(answer(body | {"response_format": form}, {})[0]), prompt.schema)
        held = json.loads(answer(body, {})[0])
        if name in ("infer", "instruction_task"):  # what is allowed stands in the words around the form
            told = {"infer": "label", "instruction_task": "task"}[name]
            held[told] = prompt.schema["properties"][told]["enum"][0]
        for one in held["questions"] if name == "culture_questions" else ():
            one["topic"] = "food"
        jsonschema.validate(held, prompt.schema)


def test_a_form_in_words_says_what_may_stand_where() -> None:
    shown = """Such as {"old": 1}. Answer with {"is": "good" or "bad", "why": "the reason, or null",
    "sure": true or false, "said": [{"role": "user", "text": "…"}, {"role": "assistant", "text": "…"}, …],
    "marks": [..., ...]}"""
    found = form_in(shown)
    assert found is not None and list(found["properties"]) == ["is", "why", "sure", "said", "marks"]
    made = [filled(found, TEXT, {}, seed) for seed in range(12)]
    assert {one["is"] for one in made} == {"good", "bad"} and {one["sure"] for one in made} == {True, False}
    assert all([turn["role"] for turn in one["said"]] == ["user", "assistant"] for one in made)
    assert all(one["why"] in TEXT and isinstance(one["marks"][0], int) for one in made)
    assert form_in("{} {name} {'a': 1} { \"open\": ") is None


def test_answers_are_rated_alike_in_any_order_and_a_wrong_reply_is_not_the_form() -> None:
    texts = [f"Jibu la {n}." for n in range(5)]

    def rated(order: list[int]) -> dict[int, int]:
        shown = "\n".join(
            f"Answer {n}:\n<text-0123456789ab>\n{texts[at]}\n</text-0123456789ab>" for n, at in enumerate(order, 1)
        )
        asking = {"role": "user", "content": f'{shown}\nAnswer: {{"scores": [..., ...]}}'}
        held = json.loads(answer({"messages": [asking]}, {})[0])
        return dict(zip(order, held["scores"], strict=True))

    assert rated([0, 1, 2, 3, 4]) == rated([4, 2, 0, 3, 1]) and len(set(rated([0, 1, 2, 3, 4]).values())) > 1
    turns = [
        ("user", 'As {"good": true or false}.'),
        ("assistant", '{"bad": 1}'),
        ("user", "Answer with the JSON alone."),
    ]
    body = {"messages": [{"role": role, "content": text} for role, text in turns]}
    assert list(json.loads(answer(body, {})[0])) == ["good"]


def test_the_format_of_a_judge_is_followed(server: FakeServer) -> None:
    from weft.label.judged import _format, _read

    found = [_read(said(asked(server, f"{_format(1, 4)}\n\n{TEXT} {n}")), 1, 4) for n in range(20)]
    assert {score for score, _ in found} == {1, 2, 3, 4} and all(reason for _, reason in found)


def test_like_texts_have_like_vectors(server: FakeServer) -> None:
    texts = ["mtoto anasoma kitabu", "mtoto anasoma vitabu", "የዛሬ ዜና"]
    reply = sent(server, "embeddings", {"model": "any", "input": texts})
    one, near, far = (row["embedding"] for row in reply["data"])
    dot = [sum(a * b for a, b in zip(one, other, strict=True)) for other in (one, near, far)]
    assert dot[0] == pytest.approx(1, abs=1e-4) and dot[1] > 0.6 > dot[2]


@pytest.mark.parametrize("fault", ANSWER_FAULTS)
def test_a_mark_chooses_a_fault_of_the_answer(server: FakeServer, fault: str) -> None:
    good, bad = said(asked(server, TEXT)), asked(server, f"{TEXT} [[fake {fault}]]")["choices"][0]
    text = bad["message"]["content"]
    assert text != good and "[[" not in text
    assert bad["finish_reason"] == ("length" if fault in ("loop", "length") else "stop")
    expected = {
        "copy": TEXT,
        "loop": " ".join(["Mtoto anasoma kitabu. Mwalimu"] * 40),
        "length": good[: len(good) // 2],
        "truncated": good[: len(good) * 2 // 3],
    }
    assert text == expected.get(fault, text)
    assert server.stats()["paid"]["calls"] == 2


def test_a_mark_chooses_a_fault_of_the_server_for_so_many_times(server: FakeServer) -> None:
    for fault, status in (("busy", 429), ("error", 500), ("refuse", 422)):
        text = f"{TEXT} [[fake {fault} 2]]"
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError) as raised:
                asked(server, text)
            assert raised.value.code == status and (raised.value.headers["Retry-After"] is not None) == (status == 429)
        assert said(asked(server, text)).startswith("Child")
    for fault in ("timeout", "reset", "broken"):
        with pytest.raises((OSError, http.client.HTTPException)):
            asked(server, f"{TEXT} [[fake {fault} 1]]")
    assert server.stats()["faults"] == dict.fromkeys(("busy", "error", "refuse"), 2) | dict.fromkeys(
        ("broken", "reset", "timeout"), 1
    )
    paid = server.stats()["paid"]
    assert (paid["calls"], paid["distinct"], paid["again"], paid["output_tokens"]) == (3, 3, 0, 27)


def test_faults_are_drawn_by_the_seed_and_another_try_is_another_draw(tmp_path: Path) -> None:
    met = []
    for seed in (1, 1, 2):
        with FakeServer(faults=0.4, kinds=("error",), seed=seed) as made:
            failed = []
            for number in range(40):
                for attempt in range(12):
                    try:
                        asked(made, f"text {number}")
                        break
                    except urllib.error.HTTPError:
                        failed.append((number, attempt))
            met.append(failed)
            assert made.stats()["paid"]["calls"] == 40 and made.stats()["paid"]["again"] == 0
    assert met[0] == met[1] != met[2] and 10 < len(met[0]) < 50


def test_it_runs_as_a_command_and_refuses_a_lexicon_that_is_none(tmp_path: Path) -> None:
    words = tmp_path / "words.tsv"
    words.write_text("leo\ttoday\n", "utf-8")
    command = [sys.executable, "-m", "weft.sample.fake_server", "--port", "0", "--lexicon", str(words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        at = FakeServer(port=int(process.stdout.readline().rpartition(":")[2].split("/")[0]))
        try:
            assert said(asked(at, "Ni leo.")) == "Ni today."
            assert sent(at, "stats", {})["paid"]["calls"] == 1
        finally:
            process.terminate()
    words.write_text("leo today\n", "utf-8")
    with pytest.raises(ValueError, match=r"words\.tsv:1: expected a word, a tab and a word"):
        lexicon_of(words)
