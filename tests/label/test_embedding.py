"""Vectors of documents are those that the library's own model gives, window by window."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.label.tiny_encoder import TEXTS, write, write_sentence_transformer

from weft.errors import ShardError, WeftError
from weft.label.embedding import embedding
from weft.operators.model_folder import model_files, model_folder

LONG = " ".join(TEXTS[:3] * 9)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "plain", places=32)


def embedded(folder: Path, texts: list[str | None], **rest: Any) -> list[list[float] | None]:
    label = embedding(model=str(folder), **{"device": "cpu", **rest})
    made = label(pa.table({"text": pa.array(texts, pa.large_string())}))
    assert made.schema.field("embedding").type == pa.list_(pa.float16())
    return made["embedding"].to_pylist()


def states(folder: Path, ids: list[int]) -> Any:
    import torch  # here and not above: it takes seconds, which every process that collects tests would pay
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).last_hidden_state[0]


def tokenizer_in(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def unit(vector: Any) -> np.ndarray:
    held = np.asarray(vector, np.float64)
    return held / np.linalg.norm(held)


def close(found: list[float] | None, wanted: Any) -> None:
    np.testing.assert_allclose(np.array(found), unit(wanted), atol=6e-4)  # float16


@pytest.mark.parametrize("pooling", ["declared", "mean", "cls", "max"])
def test_a_plain_folder_pools_by_the_mean_unless_told(plain: Path, pooling: str) -> None:
    tokenizer = tokenizer_in(plain)
    texts = [text[:12] for text in TEXTS[:2]]
    for text, found in zip(texts, embedded(plain, list(texts), pooling=pooling), strict=True):
        held = states(plain, tokenizer(text)["input_ids"])
        pooled = {"mean": held.mean(0), "cls": held[0], "max": held.max(0).values}
        close(found, pooled.get(pooling, pooled["mean"]))


def test_windows_of_a_long_document_count_by_their_tokens(plain: Path) -> None:
    tokenizer = tokenizer_in(plain)
    ids = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    assert len(ids) > 3 * 30 and len(ids) % 30
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    parts = [ids[start : start + 30] for start in range(0, len(ids), 30)]
    close(
        embedded(plain, [LONG])[0],
        sum(len(part) * states(plain, [first, *part, last]).mean(0) for part in parts),
    )
    assert embedded(plain, [LONG], max_tokens=16)[0] != embedded(plain, [LONG])[0]


@pytest.mark.parametrize("pooling", ["cls", "mean", "max"])
def test_a_folder_of_sentence_transformers(tmp_path: Path, pooling: str) -> None:
    import torch
    from safetensors.torch import load_file

    folder = write_sentence_transformer(tmp_path / "model", pooling=pooling)
    layer = load_file(folder / "2_Dense" / "model.safetensors")
    (found,) = embedded(folder, [TEXTS[2][:10]])
    held = states(folder, tokenizer_in(folder)(TEXTS[2][:10])["input_ids"])
    assert found is not None and len(found) == 8 and len(held) <= 24
    pooled = {"mean": held.mean(0), "cls": held[0], "max": held.max(0).values}[pooling]
    close(found, torch.tanh(layer["linear.weight"] @ pooled + layer["linear.bias"]))


def test_a_text_of_unknown_tokens_has_no_vector(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", bytewise=False)
    texts = ["Mtoto anasoma kitabu", "ߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲", "", None, "Mtoto ߦߋ߫"]
    found = embedded(folder, texts)
    assert [one is None for one in found] == [False, True, True, True, True]
    assert embedded(folder, texts, most_unknown=0.5)[4] is not None


def test_precision_and_prompt(plain: Path) -> None:
    (exact,) = embedded(plain, [TEXTS[0]])
    (rough,) = embedded(plain, [TEXTS[0]], precision="bfloat16")
    assert exact != rough and unit(exact) @ unit(rough) > 0.99
    assert embedded(plain, [TEXTS[0]], prompt="query: ") == embedded(plain, [f"query: {TEXTS[0]}"])


def test_the_prompt_and_the_tokens_that_a_folder_declares(tmp_path: Path) -> None:
    folder = write_sentence_transformer(tmp_path / "model", dense=False)
    before = embedded(folder, [TEXTS[1]])
    told = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(told), "utf-8")
    assert embedded(folder, [TEXTS[1]]) == embedded(folder, [f"query: {TEXTS[1]}"], prompt="") != before
    assert (
        embedded(folder, [LONG]) == embedded(folder, [LONG], max_tokens=24) != embedded(folder, [LONG], max_tokens=23)
    )


def test_a_folder_that_is_none(tmp_path: Path, plain: Path) -> None:
    with pytest.raises(WeftError, match=r"nothing-here is not a folder.*downloads nothing.*hf download"):
        embedding(model=str(tmp_path / "nothing-here"))
    with pytest.raises(WeftError, match=r"no config\.json"):
        embedding(model=str(tmp_path))
    with pytest.raises(WeftError, match="has places for 32; expected no more"):
        embedding(model=str(plain), max_tokens=64)
    shutil.copytree(plain, tmp_path / "bare")
    (tmp_path / "bare" / "model.safetensors").unlink()
    with pytest.raises(WeftError, match=r"no weights in it; expected model\.safetensors"):
        embedding(model=str(tmp_path / "bare"))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("modules.json", '[{"idx": 0, "type": "x.CNN", "path": ""}]', "module CNN is not known"),
        ("modules.json", "{", "not valid JSON"),
        ("modules.json", "[1]", "expected a list of modules"),
        ("1_Pooling/config.json", '{"pooling_mode_lasttoken": true}', "pools by pooling_mode_lasttoken"),
        ("1_Pooling/config.json", "{}", "pools by nothing"),
        ("2_Dense/config.json", '{"activation_function": "torch.nn.Tahn"}', "Tahn is not known.*did you mean Tanh"),
    ],
)
def test_a_folder_that_declares_what_is_not_known(tmp_path: Path, file: str, content: str, message: str) -> None:
    folder = write_sentence_transformer(tmp_path / "model")
    (folder / file).write_text(content, "utf-8")
    with pytest.raises(WeftError, match=message):
        embedding(model=str(folder))


def test_weights_that_are_not_those_of_the_model(tmp_path: Path, plain: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(plain, tmp_path / "model"))
    held = load_file(folder / "model.safetensors")
    held.pop(next(name for name in held if name.endswith("query.weight")))
    save_file(held, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ShardError, match=r"have no .*query\.weight"):
        embedded(folder, [TEXTS[0]])
    (folder / "model.safetensors").write_bytes(b"none")
    with pytest.raises(ShardError, match="cannot be loaded"):
        embedded(folder, [TEXTS[0]])


def test_no_gpu(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ShardError, match="torch sees no GPU"):
        embedded(plain, [TEXTS[0]], device="cuda")


def test_a_name_in_the_cache_of_the_hub(tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    held = tmp_path / "hub/models--org--small"
    (held / "refs").mkdir(parents=True)
    (held / "refs/main").write_text("abc", "utf-8")
    shutil.copytree(plain, held / "snapshots/abc")
    assert model_folder("org/small", tmp_path) == held / "snapshots/abc"
    (tmp_path / "org/small").mkdir(parents=True)
    assert model_folder("org/small", tmp_path) == tmp_path / "org/small"
    for absent in ("org/large", "../hub", "/org/small", "a/b/c"):
        assert model_folder(absent, tmp_path) == tmp_path / absent


def test_what_other_programs_read_is_not_part_of_a_model(tmp_path: Path, plain: Path) -> None:
    folder = Path(shutil.copytree(plain, tmp_path / "model"))
    before = model_files(folder)
    for name in ("onnx/model.onnx", ".git/config", "README.md", "tf_model.h5"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x", "utf-8")
    assert model_files(folder) == before and folder / "model.safetensors" in before
