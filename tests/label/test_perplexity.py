"""Bits for a byte are those of the library's own model, one text at a time, in windows that overlap."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.label.tiny_causal import write
from tests.label.tiny_classifier import write as write_classifier
from tests.label.tiny_encoder import TEXTS

from weft.errors import ShardError, WeftError
from weft.label.perplexity import perplexity, strided

LONG = " ".join(TEXTS * 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "causal")


def measured(folder: Path, texts: list[str | None], **rest: Any) -> list[Any]:
    label = perplexity(model=str(folder), **{"device": "cpu", **rest})
    return label(pa.table({"text": pa.array(texts, pa.large_string())}))["perplexity"].to_pylist()


@functools.cache
def model_in(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder).eval()


def log_probabilities(folder: Path, ids: list[int]) -> np.ndarray:
    """Of each token but the first, given those before it."""
    import torch

    model = model_in(folder)
    with torch.inference_mode():
        told = model(input_ids=torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1)
    return told[range(len(ids) - 1), ids[1:]].numpy()


def tokens(folder: Path, text: str) -> list[int]:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]


def test_a_short_document(folder: Path) -> None:
    for text, found in zip(TEXTS, measured(folder, list(TEXTS)), strict=True):
        ids = tokens(folder, text)[:63]
        nats = -log_probabilities(folder, [0, *ids]).sum()
        if found["tokens"] <= 63:
            assert found["tokens"] == len(ids)
            assert found["nats_per_token"] == pytest.approx(nats / len(ids), rel=1e-5)
            assert found["bits_per_byte"] == pytest.approx(nats / math.log(2) / len(text.encode()), rel=1e-5)


@pytest.mark.parametrize(("width", "stride"), [(64, None), (64, 63), (32, 8), (16, 1)])
def test_windows_count_every_token_once(folder: Path, width: int, stride: int | None) -> None:
    ids = tokens(folder, LONG)
    step = stride or (width - 1) // 2
    nats, counted, begin = 0.0, 0, 0
    while counted < len(ids):
        end = min(begin + width - 1, len(ids))
        nats -= log_probabilities(folder, [0, *ids[begin:end]])[counted - begin :].sum()
        begin, counted = begin + step, end
    (found,) = measured(folder, [LONG], max_tokens=width, stride=stride)
    assert found["nats_per_token"] == pytest.approx(nats / len(ids), rel=1e-5)


def test_strides_cover_the_text() -> None:
    for size in range(40):
        ids = np.arange(100, 100 + size, dtype=np.int32)
        for width, stride in ((8, 3), (8, 7), (5, 1)):
            held = strided(ids, 0, width, stride)
            assert all(window[0] == 0 and len(window) <= width for window, _ in held)
            assert np.array_equal(np.concatenate([ids[:0], *(window[first:] for window, first in held)]), ids)
            assert all(first >= width - stride for _, first in held[1:-1])


def test_neighbours_change_nothing(folder: Path) -> None:
    texts = [LONG[start : start + 5 * start + 2] for start in range(24)]
    whole = measured(folder, list(texts))
    assert [measured(folder, [text])[0] for text in texts] == whole
    assert measured(folder, list(texts[::-1]))[::-1] == whole


def test_null_and_empty_and_names_of_special_tokens(folder: Path) -> None:
    found = measured(folder, [None, "", "a</s>b"])
    assert found[:2] == [None, None] and found[2]["tokens"] == len("a</s>b")


def test_faults(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(WeftError, match="stride is 40, and a window holds 31 tokens"):
        perplexity(model=str(folder), max_tokens=32, stride=40)
    with pytest.raises(WeftError, match="has places for 64; expected no more"):
        perplexity(model=str(folder), max_tokens=65)
    other = write_classifier(tmp_path / "classifier")
    with pytest.raises(WeftError, match="is a BertForSequenceClassification; expected a causal language model"):
        perplexity(model=str(other))
    bare = write(tmp_path / "bare", start=False)
    with pytest.raises(ShardError, match="names no bos_token and no eos_token"):
        measured(bare, ["a"])


def test_vllm_that_is_not_installed(folder: Path) -> None:
    with pytest.raises(WeftError, match=r"engine is vllm, and the library vllm is not installed.*pip install vllm"):
        perplexity(model=str(folder), engine="vllm")


def test_vllm_is_asked_for_what_transformers_computes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in of vLLM's interface, as its documentation has it: the library itself was not tried."""
    import importlib.metadata
    import sys

    class Model:
        def __init__(self, model: str, dtype: str, max_model_len: int, seed: int) -> None:
            assert (dtype, max_model_len, seed) == ("float32", 33, 0)
            self.folder = Path(model)

        def generate(self, prompts: list[Any], asked: Any, use_tqdm: bool) -> list[Any]:
            assert asked.max_tokens == 1 and asked.temperature == 0 and asked.prompt_logprobs == 1
            return [SimpleNamespace(prompt_logprobs=self.told(one["prompt_token_ids"])) for one in prompts]

        def told(self, ids: list[int]) -> list[Any]:
            found = log_probabilities(self.folder, ids)
            return [None, *({ids[n + 1]: SimpleNamespace(logprob=one)} for n, one in enumerate(found))]

    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1" if name == "vllm" else real(name))
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=Model, SamplingParams=SimpleNamespace))
    texts: list[str | None] = [TEXTS[0], LONG]
    for ours, theirs in zip(
        measured(folder, texts, max_tokens=32), measured(folder, texts, max_tokens=32, engine="vllm"), strict=True
    ):
        assert ours == pytest.approx(theirs, rel=1e-5)


def test_the_version_of_vllm_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from weft.label import vllm_engine

    monkeypatch.setattr(vllm_engine, "_version", lambda: "0.1")
    settled = vllm_engine.settled_engine({"device": "cpu", "engine": "vllm"})
    assert settled == {"device": "cpu", "engine": "vllm==0.1"}
    assert vllm_engine.settled_engine(settled) == settled
    assert vllm_engine.settled_engine({"device": "cpu", "engine": "transformers"})["engine"] == "transformers"


def test_a_full_gpu_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from weft.label.causal import Loaded

    def full(*given: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Loaded, "_summed", full)
    with pytest.raises(ShardError, match="GPU's memory is full; expected a lower batch_tokens"):
        measured(folder, ["a"])
