"""TRL's collator takes packed sequences as they are: documents stay apart in a batch without padding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tokenizer.models import SENTENCES, made, write

from weft.cli.boundary import run as weft

pytestmark = pytest.mark.slow


def test_the_bounds_of_documents_reach_the_trainer(tmp_path: Path) -> None:
    import datasets
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    rows = [{"id": f"d{n}", "lang": "eng_Latn", "text": " ".join(SENTENCES[: 1 + n % 5])} for n in range(30)]
    (tmp_path / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    tokenizer = write(made("own"), tmp_path / "tokenizer.json")
    given = ["--tokenizer", str(tokenizer), "--into", str(tmp_path / "packed"), "--length", "64", "-q"]
    assert weft(["pack", str(tmp_path / "texts.jsonl"), *given, "--padding", "none", "--method", "best-fit"]) == 0
    files = sorted(str(file) for file in (tmp_path / "packed").glob("train-*.parquet"))
    held = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    sequences: list[Any] = [held[0], held[1]]
    assert any(len(sequence["seq_lengths"]) > 1 for sequence in sequences)
    batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)(
        [{name: sequence[name] for name in ("input_ids", "seq_lengths")} for sequence in sequences]
    )
    for name in ("input_ids", "position_ids"):
        assert batch[name][0].tolist() == [value for sequence in sequences for value in sequence[name]]
