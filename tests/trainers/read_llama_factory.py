"""LLaMA-Factory's own loaders over an export, run with the Python that has it: what it makes of them, as JSON.

It runs `get_dataset`, as training does: dataset_info.json is parsed, files loaded, rows aligned, tokens made.
"""

from __future__ import annotations

import importlib.machinery
import json
import sys
import types
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
STAGES = {"ct": "pt", "sft": "sft", "dpo": "rm", "pairs": "sft"}


def without_sound() -> None:
    """An empty torchaudio: the package needs a GPU build of torch, LLaMA-Factory imports it, and no sound is read."""
    empty = types.ModuleType("torchaudio")
    empty.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = empty


def main(export: Path, work: Path) -> None:
    without_sound()
    info = json.loads((export / "dataset_info.json").read_text("utf-8"))
    found = {name: rows_of(name, export, work) for name in info}
    (work / "found.json").write_text(json.dumps(found, ensure_ascii=False))


def rows_of(name: str, export: Path, work: Path) -> dict[str, Any]:
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments, ModelArguments
    from tiny import tokenizer
    from transformers import Seq2SeqTrainingArguments

    stage: Any = STAGES[name.partition("_")[0]]
    held = tokenizer()
    training = Seq2SeqTrainingArguments(output_dir=str(work), use_cpu=True, report_to=[], log_level="error")
    data = DataArguments(
        dataset=name, dataset_dir=str(export), template="qwen", cutoff_len=2048, packing=False, overwrite_cache=True
    )
    model = ModelArguments(model_name_or_path="none", cache_dir=str(work / "cache"))
    template = get_template_and_fix_tokenizer(held, data)
    (attr,) = get_dataset_list([name], str(export))
    aligned = _load_single_dataset(attr, model, data, training)
    made = get_dataset(template, model, data, training, stage=stage, tokenizer=held)["train_dataset"]
    columns = [column for column in made.column_names if column.endswith("input_ids")]
    texts = [{column: held.decode(row[column]) for column in columns} for row in made]
    return {"aligned": [dict(row) for row in aligned], "made": texts}


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
