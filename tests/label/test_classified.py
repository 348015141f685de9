"""A document's label and score are those that the library's own model gives, one text at a time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.label.tiny_classifier import write
from tests.label.tiny_encoder import TEXTS
from tests.label.tiny_encoder import write as write_encoder

from weft.errors import ShardError, WeftError
from weft.label.answers import ANSWER
from weft.label.classified import classified

LONG = " ".join(TEXTS[:3] * 4)
LABELS = ("news", "law", "health")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "topics")


def labelled(folder: Path, texts: list[str | None], **rest: Any) -> list[Any]:
    label = classified(model=str(folder), **{"device": "cpu", "all_scores": True, **rest})
    made = label(pa.table({"text": pa.array(texts, pa.large_string())}))
    assert made.schema.field("classified").type == ANSWER
    return made["classified"].to_pylist()


def logits(folder: Path, text: str | list[int]) -> np.ndarray:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = AutoTokenizer.from_pretrained(folder)(text)["input_ids"] if isinstance(text, str) else text
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).logits[0].numpy()


def softmax(values: np.ndarray) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum()


def scores(found: dict[str, Any]) -> list[float]:
    return [one["score"] for one in found["scores"]]


@pytest.mark.parametrize(
    ("problem", "labels", "wanted"),
    [
        (None, LABELS, softmax),
        ("single_label_classification", LABELS, softmax),
        ("multi_label_classification", LABELS, lambda values: 1 / (1 + np.exp(-values))),
        ("regression", ("quality",), lambda values: values),
        (None, ("quality",), lambda values: values),
    ],
)
@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_scores_are_what_the_folder_says(
    tmp_path: Path, problem: str | None, labels: tuple[str, ...], wanted: Any, kind: str
) -> None:
    folder = write(tmp_path / "model", labels, problem=problem, kind=kind)
    texts = [text[:14] for text in TEXTS]
    for text, found in zip(texts, labelled(folder, list(texts)), strict=True):
        told = wanted(logits(folder, text))
        np.testing.assert_allclose(scores(found), told, atol=1e-5)
        assert (found["label"], found["score"]) == (labels[told.argmax()], scores(found)[told.argmax()])


def test_the_recipe_may_say_what_the_numbers_are(folder: Path) -> None:
    raw = logits(folder, TEXTS[0][:14])
    (found,) = labelled(folder, [TEXTS[0][:14]], activation="none")
    np.testing.assert_allclose(scores(found), raw, atol=1e-5)
    (found,) = labelled(folder, [TEXTS[0][:14]], activation="sigmoid")
    np.testing.assert_allclose(scores(found), 1 / (1 + np.exp(-raw)), atol=1e-5)


def test_the_score_of_a_target_and_no_list_unless_asked(folder: Path) -> None:
    (found,) = labelled(folder, [TEXTS[0]])
    (asked,) = labelled(folder, [TEXTS[0]], target="law", all_scores=False)
    assert asked == {"label": found["label"], "score": scores(found)[1], "scores": None}


def test_windows(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    parts = [ids[start : start + 30] for start in range(0, len(ids), 30)]
    assert len(parts) > 3 and len(parts[-1]) < 30
    told = np.array([softmax(logits(folder, [2, *part, 3])) for part in parts])
    weights = np.array([len(part) for part in parts])
    for how, wanted in (
        ("mean", (told * weights[:, None]).sum(0) / weights.sum()),
        ("max", told.max(0)),
        ("first", told[0]),
    ):
        (found,) = labelled(folder, [LONG], windows=how)
        np.testing.assert_allclose(scores(found), wanted, atol=1e-5)


def test_neighbours_change_nothing(folder: Path) -> None:
    texts = [LONG[start : start + 3 * start + 2] for start in range(30)]
    whole = labelled(folder, list(texts))
    assert [labelled(folder, [text])[0] for text in texts] == whole
    assert labelled(folder, list(texts[::-1]))[::-1] == whole


def test_null_empty_and_unknown(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", bytewise=False)
    texts = [None, "", "Mtoto anasoma", "ߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲", "Mtoto ߦߋ߫"]
    assert [one is None for one in labelled(folder, texts)] == [True, True, False, True, True]
    assert labelled(folder, texts, most_unknown=0.5)[4] is not None


def test_precision(folder: Path) -> None:
    (exact,) = labelled(folder, [TEXTS[0]])
    (rough,) = labelled(folder, [TEXTS[0]], precision="bfloat16")
    assert exact != rough
    np.testing.assert_allclose(scores(exact), scores(rough), atol=0.05)


def test_folders_that_are_no_classifier(tmp_path: Path, folder: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    with pytest.raises(WeftError, match=r"is a BertModel, which has no classification head"):
        classified(model=str(encoder))
    with pytest.raises(WeftError, match=r"not-here is not a folder.*hf download"):
        classified(model=str(tmp_path / "not-here"))
    with pytest.raises(WeftError, match=r"no label 'helth'; expected one of news, law, health; did you mean health\?"):
        classified(model=str(folder), target="helth")
    with pytest.raises(WeftError, match="has places for 32; expected no more"):
        classified(model=str(folder), max_tokens=64)
    config = json.loads((encoder / "config.json").read_text("utf-8"))
    del config["architectures"]
    (encoder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ShardError, match=r"its weights have no bert\.|its weights have no classifier"):
        labelled(encoder, [TEXTS[0]])
    odd = Path(shutil.copytree(folder, tmp_path / "odd"))
    config = json.loads((odd / "config.json").read_text("utf-8"))
    (odd / "config.json").write_text(json.dumps(config | {"problem_type": "ranking"}), "utf-8")
    with pytest.raises(WeftError, match="problem_type is ranking; expected one of regression, single_label"):
        classified(model=str(odd))


def test_a_decoder_without_a_padding_token(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", kind="llama")
    for file, name in (("config.json", "pad_token_id"), ("tokenizer_config.json", "pad_token")):
        held = json.loads((folder / file).read_text("utf-8"))
        (folder / file).write_text(json.dumps({key: value for key, value in held.items() if key != name}), "utf-8")
    with pytest.raises(ShardError, match=r"names no padding token; expected pad_token_id in its config\.json"):
        labelled(folder, [TEXTS[0]])


def test_a_missing_library(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    import importlib.metadata

    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(WeftError, match=r"label\.classified needs the library torch.*pip install 'weft\[models\]'"):
        classified(model=str(folder))
