"""Axolotl's own loaders over an export, run with the Python that has Axolotl: what it makes of each kind, as JSON.

It runs the functions of `axolotl preprocess`: settings are validated, files loaded, prompts rendered, tokens made.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
COMMON: dict[str, Any] = {
    "sequence_len": 2048, "micro_batch_size": 1, "gradient_accumulation_steps": 1, "num_epochs": 1, "bf16": False,
    "fp16": False, "learning_rate": 1e-4, "optimizer": "adamw_torch", "lr_scheduler": "cosine", "dataset_num_proc": 1,
    "shuffle_merged_datasets": False,
}  # fmt: skip


def main(export: Path, work: Path) -> None:
    from tiny import model, tokenizer

    base = work / "model"
    held = tokenizer()
    held.save_pretrained(base)
    model().save_pretrained(base)
    os.chdir(export)
    found = {file.stem: rows_of(file, base, work, held) for file in sorted(export.glob("*.yaml"))}
    (work / "found.json").write_text(json.dumps(found, ensure_ascii=False))


def rows_of(file: Path, base: Path, work: Path, held: Any) -> dict[str, list[Any]]:
    from axolotl.cli.config import load_cfg
    from axolotl.common.datasets import load_datasets, load_preference_datasets

    settings = yaml.safe_load(file.read_text("utf-8")) | COMMON
    settings |= {"base_model": str(base), "output_dir": str(work / "out")}
    settings["dataset_prepared_path"] = str(work / file.stem)
    whole = work / file.name
    whole.write_text(yaml.safe_dump(settings))
    cfg = load_cfg(str(whole))
    made = load_preference_datasets(cfg=cfg) if settings.get("rl") else load_datasets(cfg=cfg)
    parts = {"train": made.train_dataset, "validation": made.eval_dataset}
    return {split: [plain(row, held) for row in rows or ()] for split, rows in parts.items()}


def plain(row: dict[str, Any], held: Any) -> dict[str, Any]:
    """A row with tokens as text: all of them, and those that are learnt."""
    if "input_ids" not in row:
        return {name: row[name] for name in ("prompt", "chosen", "rejected")}
    learnt = [one for one in row["labels"] if one != -100]
    return {"text": held.decode(row["input_ids"]), "learnt": held.decode(learnt)}


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
