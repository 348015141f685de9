"""Sequence classifiers of a few thousand weights: `python -m tests.label.tiny_classifier FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.label.tiny_encoder import tokenizer_of


def write(
    folder: Path,
    labels: Sequence[str] = ("news", "law", "health"),
    *,
    problem: str | None = None,
    kind: str = "bert",
    bytewise: bool = True,
    places: int = 32,
    seed: int = 1,
) -> Path:
    """A classifier of one layer with random weights: of BERT's kind, or a decoder of Llama's."""
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        LlamaConfig,
        LlamaForSequenceClassification,
        PreTrainedTokenizerFast,
    )

    tokenizer = tokenizer_of(bytewise)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=places,
    )  # fmt: skip
    wrapped.save_pretrained(folder)
    torch.manual_seed(seed)
    names = dict(enumerate(labels))
    shape = {
        "vocab_size": tokenizer.get_vocab_size(), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": places, "initializer_range": 0.5, "problem_type": problem,
        "id2label": names, "label2id": {name: number for number, name in names.items()}, "pad_token_id": 0,
    }  # fmt: skip
    if kind == "bert":
        model = BertForSequenceClassification(BertConfig(**shape))
    else:
        model = LlamaForSequenceClassification(LlamaConfig(**shape, bos_token_id=2, eos_token_id=3))
    model.save_pretrained(folder)
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]))
