"""Translation models in folders: they answer as their own library does, once, in the place of a server."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.engine import tiny_translators
from tests.engine.tiny_translators import TEXTS, WORDS

from weft.engine.service_batches import BatchClient
from weft.engine.service_client import Client, ServiceStopped, Unanswered
from weft.engine.service_replies import Replies
from weft.engine.translation_codes import tags_in
from weft.engine.translation_models import Translation, opened
from weft.recipe.service_folders import settled
from weft.recipe.services import Service, told

PAIR = {"source": "swh_Latn", "target": "eng_Latn"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_translators.nllb(folder / "nllb")
    return folder


def service(models: Path, name: str = "nllb", **more: Any) -> Service:
    return settled(Service.model_validate({"protocol": "translate", "path": name, "device": "cpu", **more}), models)


def with_client(folder: Path, one: Service, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        replies = Replies(folder / "replies")
        client = Client("mt", one, replies)
        try:
            return await work(client)
        finally:
            await client.close()
            replies.close()

    return asyncio.run(run())


def test_it_translates_and_each_answer_is_kept(tmp_path: Path, models: Path) -> None:
    texts = [" ".join(words) for count in (1, 2) for words in itertools.product(WORDS, repeat=count)]
    expected = [" ".join(WORDS[word] for word in text.split()) for text in texts]
    ids = [f"d{n}" for n in range(len(texts))]
    first = with_client(tmp_path, service(models), lambda client: client.many(texts, PAIR, ids))
    right = [one["text"] == wanted for one, wanted in zip(first, expected, strict=True)]
    assert sum(right) > 0.9 * len(texts)
    assert {one["finish"] for one in first} == {"stop"} and first[0]["tokens"] == [3, 2]
    assert first[0]["server"].startswith("transformers ")
    gone = service(models).model_copy(update={"path": str(tmp_path / "nothing")})
    again = with_client(tmp_path, gone, lambda client: client.many(texts, PAIR, ids))
    assert again == first
    with pytest.raises(ServiceStopped, match=r"service mt at .*nothing: .* cannot be loaded: .*translation model"):
        with_client(tmp_path, gone, lambda client: client.one({**PAIR, "text": "moto moto moto"}, "d"))


def test_one_call_is_one_of_a_list_and_has_an_account(tmp_path: Path, models: Path) -> None:
    one = service(models, price={"input": 1.0, "output": 2.0})
    batch = pa.table({"id": ["a", "b"], "source": ["s", "s"], "locator": ["l", "l"]})

    async def work(client: Client) -> Any:
        asking = BatchClient({"translator": client}, batch, "synthesize.x")
        assert asking.protocol == "translate"
        found = await asyncio.gather(*(asking.call(0, {**PAIR, "text": text}) for text in ("maji", "leo", "maji")))
        each = await asking.ask_each([0, 1], ["maji", "leo"], PAIR)
        assert await asking.call(1, {**PAIR, "text": "maji"}, sample=1) is None
        return found, each, asking.errors().to_pylist()

    found, each, errors = with_client(tmp_path, one, work)
    assert [answered.value for answered in found[:2]] == each and found[0].value == found[2].value
    call = found[0].call
    assert call["key"] == found[2].call["key"] != found[1].call["key"] and not call["estimated"]
    assert (call["protocol"], call["attempts"]) == ("translate", 1)
    assert call["model"].startswith("transformers-") and len(call["revision"]) == 32
    assert (call["tokens_in"], call["tokens_out"], call["cost"]) == (3, 2, pytest.approx(7e-6))
    assert [error["reason"] for error in errors] == ["service_refused"] and "expected sample 0" in errors[0]["detail"]


def test_what_the_model_does_not_know_costs_its_row_and_names_the_nearest(tmp_path: Path, models: Path) -> None:
    async def work(client: Client) -> Any:
        asked = [{"source": "swa_Latn", "target": "en"}, {**PAIR, "target": "eng_Cyrl"}, {**PAIR, "source": "xho_Arab"}]
        texts = ["leo", "leo", "leo", " ".join(["leo"] * 80)]
        bodies = [{**body, "text": text} for body, text in zip([*asked, PAIR], texts, strict=True)]
        return await asyncio.gather(*(client.one(body, "d") for body in bodies), return_exceptions=True)

    good, script, other, long = with_client(tmp_path, service(models), work)
    assert good["text"] == "today", "codes of one language are one"
    assert isinstance(script, Unanswered) and "knows no target language eng_Cyrl; expected one of eng_Latn" in str(
        script
    )
    assert "knows no source language xho_Arab; expected one of xho_Latn" in str(other) and "did you mean" in str(other)
    assert "the text has 82 tokens; the model takes 64" in str(long)


def test_texts_of_like_length_are_computed_together(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engine import translation_models

    batches: list[list[str]] = []

    class Echo:
        server = "echo"

        def translate(self, texts: list[str], source: str, target: str) -> list[Translation]:
            batches.append(list(texts))
            return [Translation(text, "stop", 1, 1) for text in texts]

    monkeypatch.setattr(translation_models, "opened", lambda service: Echo())
    texts = ["a" * (10 + n % 50) for n in range(200)]
    one = service(models, items_per_request=16, concurrency=64)
    found = with_client(
        tmp_path,
        one,
        lambda client: asyncio.gather(*(client.one({**PAIR, "text": t}, "d") for t in texts)),
    )
    assert [answer["text"] for answer in found] == texts
    assert sum(map(len, batches)) == 50 and max(map(len, batches)) == 16, "the same text is computed once"
    assert all(max(map(len, batch)) - min(map(len, batch)) <= 18 for batch in batches)


@pytest.mark.parametrize("name", ["nllb", "m2m100", "mbart50", "marian", "t5"])
def test_it_decodes_as_the_library_does(models: Path, name: str) -> None:
    import transformers

    folder = models / name
    if not folder.is_dir():
        getattr(tiny_translators, name)(folder)
    made = opened(service(models, name, max_tokens=9)).translate([*TEXTS, " "], "swh_Latn", "fra_Latn")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    prefix, more = {"marian": ">>fra<< ", "t5": "<2fr> "}.get(name, ""), {}
    if not prefix:
        codes = {"nllb": ("swh_Latn", "fra_Latn"), "m2m100": ("sw", "fr"), "mbart50": ("sw_KE", "fr_XX")}[name]
        tokenizer.src_lang = codes[0]
        tag = f"__{codes[1]}__" if name == "m2m100" else codes[1]
        more = {"forced_bos_token_id": tokenizer.convert_tokens_to_ids(tag)}
    most = 9 + bool(more)
    for text, found in zip(TEXTS, made, strict=False):
        asked = tokenizer(prefix + text, return_tensors="pt")
        told = model.generate(**asked, num_beams=4, do_sample=False, max_new_tokens=most, max_length=None, **more)
        assert isinstance(found, Translation)
        text = tokenizer.decode(told[0], skip_special_tokens=True)
        assert found.text == re.sub("__[a-z]+__", "", text).strip(), "it leaves the languages of M2M100 in"
        assert found.taken == asked["input_ids"].shape[1]
    assert made[-1] == Translation("", "stop", 0, 0)


@pytest.mark.parametrize("name", ["nllb", "marian", "t5"])
def test_a_converted_model_says_what_the_first_says(models: Path, name: str) -> None:
    from ctranslate2.converters import TransformersConverter

    folder, converted = models / name, models / f"{name}-converted"
    if not folder.is_dir():
        getattr(tiny_translators, name)(folder)
    weights = ("config.json", "generation_config.json", "model.safetensors")
    others = [file.name for file in folder.iterdir() if file.name not in weights]
    TransformersConverter(str(folder), copy_files=others).convert(str(converted))
    one = service(models, converted.name, max_tokens=9, beam=1)
    assert one.backend == "ctranslate2" and one.identity()["model"].startswith("ctranslate2-")
    found = opened(one).translate(TEXTS, "swh_Latn", "fra_Latn")
    wanted = opened(service(models, name, max_tokens=9, beam=1)).translate(TEXTS, "swh_Latn", "fra_Latn")
    for (text, finish, *counts), (other, *rest) in zip(found, wanted, strict=True):
        # transformers ends what is cut with the mark that the config forces on it.
        assert (text[: len(other)], finish, counts) == (other, *rest[:1], rest[1:])


def test_a_model_for_one_pair_says_which(models: Path) -> None:
    folder = models / "pair"
    tiny_translators.marian(folder, tags=(), source_lang="sw", target_lang="en")
    made = opened(service(models, "pair", max_tokens=4))
    assert isinstance(made.translate(["maji"], "swh_Latn", "eng_Latn")[0], Translation)
    with pytest.raises(ValueError, match="target language is eng_Latn, not fra_Latn"):
        made.translate(["maji"], "swh_Latn", "fra_Latn")


def test_codes_come_from_the_vocabulary() -> None:
    tags = tags_in(["__sw__", "__zh__", "__ns__", "__en__", "mtoto", "__x__"])
    assert tags.of("swh_Latn", "source") == tags.of("sw", "source") == "__sw__"
    assert tags.of("nso_Latn", "target") == "__ns__" and tags.of("zho_Hans", "target") == "__zh__"
    both = tags_in(["zho_Hans", "cmn_Hans", "arb_Arab", "swh_Latn"])
    assert both.of("cmn_Hans", "target") == "cmn_Hans" and both.of("arb", "target") == "arb_Arab"
    assert tags_in([">>pt_BR<<", ">>zho_Hant<<"]).of("cmn_Hant", "target") == ">>zho_Hant<<"


def test_a_folder_is_known_by_its_content_and_by_how_it_decodes(tmp_path: Path, models: Path) -> None:
    shutil.copytree(models / "nllb", tmp_path / "elsewhere" / "copy")
    here, there = service(models), service(tmp_path / "elsewhere", "copy", threads=2, device="auto", concurrency=3)
    assert here.identity() == there.identity() and str(models) not in json.dumps(here.identity())
    for more in ({"beam": 2}, {"max_tokens": 9}, {"length_penalty": 0.5}, {"precision": "bfloat16"}, {"revision": 2}):
        assert service(models, **more).identity() != here.identity()
    (tmp_path / "elsewhere" / "copy" / "generation_config.json").write_text("{}", "utf-8")
    assert service(tmp_path / "elsewhere", "copy").identity() != here.identity()
    held = json.loads(json.dumps(here.model_dump(mode="json")))
    assert Service.model_validate(held) == here and set(held) >= {"path", "digest"} and "url" not in held
    assert told({"services": {"mt": held}})["services"]["mt"] == here.identity()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "path is missing; translate needs the folder of a model"),
        ({"path": "m", "url": "http://localhost:1"}, "url is given; translate knows no url"),
        ({"protocol": "openai-chat"}, "url is missing; openai-chat needs the address of a server"),
        ({"protocol": "json", "url": "http://a.example", "beam": 2}, "beam is given; json knows no beam"),
        ({"path": "absent"}, "there is no folder absent"),
        ({"path": "empty"}, "empty has neither a config.json with model_type nor model.bin"),
        ({"path": "nllb", "backend": "ctranslate2"}, "backend is ctranslate2, and nllb holds a model of transformers"),
        ({"path": "nllb", "precision": "int8"}, "precision is int8, which ctranslate2 alone knows"),
        ({"path": "nllb", "digest": "0" * 32}, "digest is 0000"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told(models: Path, given: dict[str, Any], expected: str) -> None:
    (models / "empty").mkdir(exist_ok=True)
    with pytest.raises(ValueError, match="(?s).*" + expected):
        settled(Service.model_validate({"protocol": "translate", **given}), models)
