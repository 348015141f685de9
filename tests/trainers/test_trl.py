"""TRL itself reads what is written for it, and trains a step on every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.trainers.releases import TEXTS, release
from tests.trainers.tiny import model, tokenizer

from weft.trainers.export import Plan, export

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["parquet", "jsonl"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("trl")
    plan = Plan("trl", format=request.param)
    export(release(top / "build"), plan, top / "made", lambda *_: None)
    return top / "made"


def loaded(written: Path, name: str, tmp_path: Path) -> Any:
    import datasets

    return datasets.load_dataset(str(written), name, cache_dir=str(tmp_path / "cache"))


def trained(kind: Any, settings: Any, held: Any, tmp_path: Path, **more: Any) -> Any:
    """A trainer of TRL after one step, without a card, a report or a checkpoint."""
    given = settings(
        output_dir=str(tmp_path / "out"), max_steps=1, per_device_train_batch_size=2, report_to=[], save_strategy="no",
        use_cpu=True, bf16=False, max_length=1024, disable_tqdm=True,
    )  # fmt: skip
    made = kind(model=model(), args=given, train_dataset=held["train"], eval_dataset=held["validation"],
                processing_class=tokenizer(), **more)  # fmt: skip
    assert made.train().global_step == 1
    return made


def texts(rows: Any, column: str = "input_ids") -> list[str]:
    held = tokenizer()
    return [held.decode(ids) for ids in rows[column]]


def test_text(written: Path, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer

    made = trained(SFTTrainer, SFTConfig, loaded(written, "ct", tmp_path), tmp_path)
    assert texts(made.train_dataset) == [f"{text}<|im_end|>" for text in TEXTS] * 2


def test_conversations(written: Path, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer, is_conversational

    held = loaded(written, "sft-swh_Latn", tmp_path)
    assert held["train"].num_rows == 10 and all(map(is_conversational, held["train"]))
    made = trained(SFTTrainer, SFTConfig, held, tmp_path)
    whole = texts(made.train_dataset)
    for said, row in zip(whole, held["train"], strict=True):
        assert said == "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in row["messages"])
    assert [said.count("<|im_start|>system") for said in whole[:4]] == [0, 1, 0, 1]
    assert [said.count("<|im_start|>tool") for said in whole[3:6]] == [0, 1, 1]


def test_preferences(written: Path, tmp_path: Path) -> None:
    from trl import DPOConfig, DPOTrainer, is_conversational, maybe_apply_chat_template

    held = loaded(written, "dpo", tmp_path)
    assert held["train"].num_rows == 6 and all(map(is_conversational, held["train"]))
    plain = [maybe_apply_chat_template(row, tokenizer()) for row in held["train"]]
    made = trained(DPOTrainer, DPOConfig, held, tmp_path, ref_model=model())
    rows = made.train_dataset
    assert texts(rows, "prompt_ids") == [row["prompt"] for row in plain]
    assert texts(rows, "chosen_ids") == [row["chosen"] for row in plain]
    assert texts(rows, "rejected_ids") == [row["rejected"] for row in plain]
    assert plain[0]["chosen"] == "Ndiyo, kabisa.<|im_end|>\n" and plain[0]["rejected"] == "Hapana.<|im_end|>\n"
    assert [row["prompt"].count("<|im_start|>") for row in plain] == [2, 3, 4, 5, 2, 3]
    assert plain[3]["prompt"].count("<|im_start|>tool") == 1
    assert plain[4]["chosen"].count("<|im_start|>") == 2  # after the first message of the answer: tool and assistant


def test_pairs(written: Path, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer, is_conversational

    held = loaded(written, "pairs-eng_Latn-swh_Latn", tmp_path)
    assert held["train"].num_rows == 3 and all(map(is_conversational, held["train"]))
    made = trained(SFTTrainer, SFTConfig, held, tmp_path)
    asked = "<|im_start|>user\nTranslate from English to Swahili:\nSentence 0.<|im_end|>\n<|im_start|>assistant\n"
    answered = f"{TEXTS[0]} swh_Latn<|im_end|>\n"
    first = made.train_dataset[0]
    assert tokenizer().decode(first["input_ids"]) == asked + answered
    learnt = [one for one in first["labels"] if one != -100]
    assert tokenizer().decode(learnt) == answered
    assert loaded(written, "pairs", tmp_path)["train"].num_rows == 6
