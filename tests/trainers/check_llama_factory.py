"""LLaMA-Factory itself reads what is written for it, and takes what we take; for make test-trainers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.synthetic_build import synthetic_build
from tests.trainers.other_python import chat, found
from tests.trainers.releases import DPO, SFT, TEXTS, release, said

from weft.trainers.export import Plan, export

OURS = {"ua", "sua", "uaua", "suaua", "suata"}
DEFAULT = "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
"""What its template `qwen` says where a conversation has no system message."""


@pytest.fixture(scope="module", params=["jsonl", "parquet"])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    top = tmp_path_factory.mktemp("llama_factory")
    export(release(top / "build"), Plan("llama-factory", format=request.param), top / "made", lambda *_: None)
    with_every_shape(top / "made")
    return found("read_llama_factory.py", "LLAMA_FACTORY_PYTHON", top / "made", top / "work")


def with_every_shape(made: Path) -> None:
    """Beside the export, conversations and preferences of every shape, those among them that the export left out."""
    info = json.loads((made / "dataset_info.json").read_text("utf-8"))
    rows = {
        "sft": [{"messages": said(shape.rstrip("!"))} for shape in SFT if "0" not in shape],
        "dpo": [
            {"messages": said(prompt), "chosen": said(chosen)[0], "rejected": said(rejected)[0]}
            for prompt, chosen, rejected in DPO
            if rejected
        ],
    }
    for kind, held in rows.items():
        (made / f"{kind}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held), "utf-8")
        info[f"{kind}_every"] = info[f"{kind}_swh_Latn_train"] | {"file_name": f"{kind}.jsonl"}
    (made / "dataset_info.json").write_text(json.dumps(info), "utf-8")


def whole(text: str) -> str:
    return text if text.startswith("<|im_start|>system") else DEFAULT + text


def test_every_row_is_taken(read: Any) -> None:
    sizes = {name: (len(one["aligned"]), len(one["made"])) for name, one in read.items() if "every" not in name}
    rows = {"ct": 4, "sft": 5, "dpo": 4, "pairs": 3}
    assert len(sizes) == 12 and all(sizes[name] == (rows[name.partition("_")[0]],) * 2 for name in sizes)


def test_text(read: Any) -> None:
    made = read["ct_swh_Latn_train"]["made"]
    assert [row["input_ids"] for row in made] == [f"{text}<|im_end|>" for text in TEXTS]


def test_conversations(read: Any) -> None:
    held = read["sft_swh_Latn_train"]
    good = [said(shape) for shape in SFT if shape in OURS]
    for row, messages in zip(held["aligned"], good, strict=True):
        system = messages.pop(0)["content"] if messages[0]["role"] == "system" else ""
        assert row["_system"] == system and len(row["_prompt"]) == len(messages) - 1
        names = [{"tool": "observation"}.get(str(one["role"]), one["role"]) for one in messages]
        assert [one["role"] for one in row["_prompt"] + row["_response"]] == names
        assert row["_prompt"][0]["content"] == messages[0]["content"]
    plain = [said(shape) for shape in SFT if shape in OURS and "t" not in shape]
    assert [row["input_ids"] for row in held["made"]][:4] == [whole(chat(messages)) for messages in plain]


def test_it_leaves_out_what_the_export_leaves_out(read: Any) -> None:
    shapes = [shape for shape in SFT if "0" not in shape]
    taken = {shape for shape, row in zip(shapes, read["sft_every"]["aligned"], strict=True) if row["_prompt"]}
    assert taken == OURS | {"ua!"}  # that one has calls of tools in its meta, which LLaMA-Factory does not see
    shapes = [prompt for prompt, _, rejected in DPO if rejected]
    taken = {shape for shape, row in zip(shapes, read["dpo_every"]["aligned"], strict=True) if row["_prompt"]}
    assert taken == {"u", "su", "uau", "suat"}


def test_preferences(read: Any) -> None:
    held = read["dpo_swh_Latn_train"]
    assert [len(row["_prompt"]) for row in held["aligned"]] == [1, 1, 3, 3]
    first = chat(said("u")) + "<|im_start|>assistant\n"
    assert held["made"][0]["chosen_input_ids"] == f"{DEFAULT}{first}  Ndiyo, kabisa. \n<|im_end|>\n"
    assert held["made"][0]["rejected_input_ids"] == f"{DEFAULT}{first}Hapana.<|im_end|>\n"
    assert held["aligned"][1]["_system"] == said("s")[0]["content"]
    assert held["aligned"][3]["_prompt"][2]["role"] == "observation"


def test_pairs(read: Any) -> None:
    asked = [{"role": "user", "content": f"Translate from Swahili to English:\n{TEXTS[0]} swh_Latn"}]
    answered = [{"role": "assistant", "content": "Sentence 0."}]
    row = read["pairs_swh_Latn-eng_Latn_train"]["made"][0]
    assert row["input_ids"] == DEFAULT + chat(asked + answered)


def test_records_of_synthesis_are_taken(tmp_path: Path) -> None:
    export(synthetic_build(tmp_path), Plan("llama-factory"), tmp_path / "export", lambda *_: None)
    read = found("read_llama_factory.py", "LLAMA_FACTORY_PYTHON", tmp_path / "export", tmp_path / "work")
    sizes = {name: (len(one["aligned"]), len(one["made"])) for name, one in read.items()}
    assert sizes["sft_swh_Latn_train"] == (7, 7) and sizes["dpo_swh_Latn_train"] == (5, 5)
    assert sorted(size for name, size in sizes.items() if name.startswith("pairs")) == [(6, 6), (6, 6)]
    assert all(aligned == made for aligned, made in sizes.values())
    asked, answered = "Swali 3?", read["sft_swh_Latn_train"]["made"]
    assert sum(asked in row["input_ids"] for row in answered) == 1
