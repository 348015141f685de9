"""Axolotl itself reads what is written for it, with the settings beside; for make test-trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.synthetic_build import synthetic_build
from tests.trainers.other_python import chat, found
from tests.trainers.releases import DPO, SFT, TEXTS, release, said

from weft.trainers.export import Plan, export

ASKED = "<|im_start|>assistant\n"


@pytest.fixture(scope="module", params=["jsonl", "parquet"])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    top = tmp_path_factory.mktemp("axolotl")
    plan = Plan("axolotl", format=request.param)
    export(release(top / "build"), plan, top / "made", lambda *_: None)
    return found("read_axolotl.py", "AXOLOTL_PYTHON", top / "made", top / "work")


def texts(rows: list[dict[str, Any]], column: str) -> list[str]:
    return sorted(row[column] for row in rows)


def test_every_kind_and_split_is_read(read: Any) -> None:
    sizes = {kind: {split: len(rows) for split, rows in parts.items()} for kind, parts in read.items()}
    both = {"ct": 8, "sft": 10, "dpo": 5, "pairs": 6}
    assert sizes == {kind: {"train": rows, "validation": rows} for kind, rows in both.items()}


def test_text(read: Any) -> None:
    assert texts(read["ct"]["train"], "text") == sorted(f"{text}<|im_end|>" for text in TEXTS * 2)
    assert texts(read["ct"]["train"], "learnt") == texts(read["ct"]["train"], "text")


def test_conversations(read: Any) -> None:
    good = [said(shape) for shape in SFT if "a" in shape and not set(shape) & set("0x!")]
    assert texts(read["sft"]["train"], "text") == sorted(map(chat, good))
    answers = ["".join(f"{one['content']}<|im_end|>" for one in rows if one["role"] == "assistant") for rows in good]
    assert texts(read["sft"]["train"], "learnt") == sorted(answers)


def test_preferences(read: Any) -> None:
    rows = sorted(read["dpo"]["train"], key=lambda row: row["prompt"])
    wanted = sorted(chat(said(prompt)) + ASKED for prompt, *_ in [*DPO[:4], DPO[9]])
    assert [row["prompt"] for row in rows] == wanted
    answer = f"{said('a')[0]['content']}<|im_end|>"
    assert sorted(row["chosen"] for row in rows) == sorted(["Ndiyo, kabisa.<|im_end|>", *[answer] * 4])
    assert sorted(row["rejected"] for row in rows) == sorted(["Hapana.<|im_end|>", *[answer] * 4])


def test_pairs(read: Any) -> None:
    asked = [{"role": "user", "content": "Translate from English to Swahili:\nSentence 0."}]
    answered = [{"role": "assistant", "content": f"{TEXTS[0]} swh_Latn"}]
    row = {"text": chat(asked + answered), "learnt": f"{TEXTS[0]} swh_Latn<|im_end|>"}
    assert row in read["pairs"]["train"] and row in read["pairs"]["validation"]


def test_records_of_synthesis_are_read(tmp_path: Path) -> None:
    export(synthetic_build(tmp_path), Plan("axolotl"), tmp_path / "export", lambda *_: None)
    read = found("read_axolotl.py", "AXOLOTL_PYTHON", tmp_path / "export", tmp_path / "work")
    sizes = {kind: sum(map(len, parts.values())) for kind, parts in read.items()}
    assert sizes["sft"] == 7 and sizes["dpo"] == 5 and sizes["pairs"] in (6, 12)
    assert sum("Swali 3?" in row["text"] for row in read["sft"]["train"]) == 1
