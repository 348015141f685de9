"""The probabilities of answers are those of the library's own model to go on with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.label.test_perplexity import log_probabilities
from tests.label.tiny_causal import write
from tests.label.tiny_encoder import TEXTS

from weft.errors import ShardError, WeftError
from weft.label.rubric_score import rubric_score

PROMPT = "{text}\nScore: "
DIGITS = {"0": 0.0, "1": 1.0, "2": 2.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "causal")


def judged(folder: Path, texts: list[str | None], answers: dict[str, float], **rest: Any) -> list[Any]:
    label = rubric_score(model=str(folder), **{"device": "cpu", "prompt": PROMPT, "answers": answers, **rest})
    return label(pa.table({"text": pa.array(texts, pa.large_string())}))["rubric_score"].to_pylist()


def ids_of(folder: Path, text: str) -> list[int]:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]


def check(folder: Path, found: dict[str, Any], question: list[int], answers: dict[str, float]) -> None:
    logs = []
    for answer in answers:
        more = ids_of(folder, answer)
        logs.append(log_probabilities(folder, [*question, *more])[-len(more) :].sum())
    powers = np.exp(logs)
    share = powers / powers.sum()
    best = int(share.argmax())
    assert found["answer"] == list(answers)[best]
    assert found["score"] == pytest.approx((share * list(answers.values())).sum(), rel=1e-4)
    assert found["probability"] == pytest.approx(share[best], rel=1e-4)
    assert found["answered"] == pytest.approx(powers.sum(), rel=1e-4)


@pytest.mark.parametrize("answers", [DIGITS, {"yes": 1.0, "no": 0.0}, {"7": -1.0, "zzz": 4.0}])
def test_answers_of_one_token_and_of_several(folder: Path, answers: dict[str, float]) -> None:
    texts = [text[:20] for text in TEXTS]
    for text, found in zip(texts, judged(folder, list(texts), answers), strict=True):
        check(folder, found, [0, *ids_of(folder, text), *ids_of(folder, "\nScore: ")], answers)


def test_a_chat_template_and_special_names_in_a_document(tmp_path: Path) -> None:
    folder = write(tmp_path / "chat", chat=True, places=96)
    (found,) = judged(folder, ["a</s>b"], DIGITS)
    plain = [*ids_of(folder, "a<"), *ids_of(folder, "/s>b")]  # no special token
    assert 1 not in plain
    question = [*ids_of(folder, "<s>user: "), *plain, *ids_of(folder, "\nScore: </s><s>assistant:")]
    check(folder, found, question, DIGITS)
    assert judged(folder, ["ab"], DIGITS, chat="none") != judged(folder, ["ab"], DIGITS)


def test_a_long_document_is_cut_at_its_end(folder: Path) -> None:
    text = TEXTS[0] * 5
    (found,) = judged(folder, [text], DIGITS)
    after = ids_of(folder, "\nScore: ")
    held = ids_of(folder, text)[: 64 - 1 - len(after) - 1]
    check(folder, found, [0, *held, *after], DIGITS)


def test_neighbours_change_nothing(folder: Path) -> None:
    texts = [TEXTS[n % 4][: 2 + n] for n in range(30)]
    for answers in (DIGITS, {"yes": 1.0, "no": 0.0}):
        whole = judged(folder, list(texts), answers)
        assert [judged(folder, [text], answers)[0] for text in texts] == whole
        assert judged(folder, list(texts[::-1]), answers)[::-1] == whole


def test_null_and_blank(folder: Path) -> None:
    assert judged(folder, [None, "", " \n\u3000"], DIGITS) == [None] * 3
    assert [one is None for one in judged(folder, [None, "a", " "], DIGITS)] == [True, False, True]


def test_faults(folder: Path) -> None:
    for prompt in ("no place", "{text} {text}"):
        with pytest.raises(WeftError, match=r"times \{text\}; expected it once"):
            rubric_score(model=str(folder), prompt=prompt, answers=DIGITS)
    with pytest.raises(WeftError, match="one of them is empty"):
        rubric_score(model=str(folder), prompt=PROMPT, answers={"": 0, "1": 1})
    with pytest.raises(ShardError, match="'1' is how another one begins"):
        judged(folder, ["a"], {"1": 1.0, "10": 10.0})
    with pytest.raises(ShardError, match="expected a shorter prompt, or a larger max_tokens"):
        judged(folder, ["a"], DIGITS, prompt="{text}" + "x" * 60)
    with pytest.raises(WeftError, match="library vllm is not installed"):
        rubric_score(model=str(folder), prompt=PROMPT, answers=DIGITS, engine="vllm")
