"""Encoders of a few thousand weights, made and saved as real ones are: `python -m tests.label.tiny_encoder FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TEXTS = (
    "Mtoto anasoma kitabu chake kila siku na mwalimu anafurahi sana",
    "the child reads a book every day and the teacher is happy",
    "ребёнок читает книгу каждый день и учитель очень рад",
    "ሰላም ለዓለም ይህ ጽሑፍ በአማርኛ ነው",
)


def tokenizer_of(bytewise: bool, special: tuple[str, str] = ("[CLS]", "[SEP]")) -> Any:
    """A tokenizer trained on TEXTS: bytewise BPE, which knows every text, or WordPiece, which does not."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    names = ["[PAD]", "[UNK]", *special]
    if bytewise:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(vocab_size=300, special_tokens=names, initial_alphabet=alphabet)
    else:
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.NFC()
        made.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=names)
    made.train_from_iterator(TEXTS, trainer)
    made.post_processor = processors.TemplateProcessing(
        single=f"{special[0]} $A {special[1]}",
        special_tokens=[(name, made.token_to_id(name)) for name in special],
    )
    return made


def write(folder: Path, *, bytewise: bool = True, width: int = 16, places: int = 128, seed: int = 1) -> Path:
    """A BERT of one layer with random weights, in a plain Hugging Face folder."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = tokenizer_of(bytewise)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=places,
    )  # fmt: skip
    wrapped.save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=width, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=2 * width, max_position_embeddings=places, initializer_range=0.5,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def write_sentence_transformer(folder: Path, *, pooling: str = "cls", dense: bool = True, **rest: Any) -> Path:
    """The same as a sentence-transformers folder: pooling, a Dense layer with Tanh if wanted, Normalize."""
    import torch
    from safetensors.torch import save_file

    width = int(rest.get("width", 16))
    write(folder, **rest)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), *([("2_Dense", "Dense")] if dense else [])]
    kinds.append((f"{len(kinds)}_Normalize", "Normalize"))
    held = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(held), "utf-8")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 24, "do_lower_case": false}', "utf-8")
    (folder / "1_Pooling").mkdir()
    flags = {"cls_token": pooling == "cls", "mean_tokens": pooling == "mean", "max_tokens": pooling == "max"}
    shape = {"word_embedding_dimension": width, **{f"pooling_mode_{name}": on for name, on in flags.items()}}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(shape), "utf-8")
    if dense:
        (folder / "2_Dense").mkdir()
        layer = {"in_features": width, "out_features": 8, "bias": True}
        layer["activation_function"] = "torch.nn.modules.activation.Tanh"
        (folder / "2_Dense" / "config.json").write_text(json.dumps(layer), "utf-8")
        torch.manual_seed(2)
        weights = {"linear.weight": torch.randn(8, width), "linear.bias": torch.randn(8)}
        save_file(weights, folder / "2_Dense" / "model.safetensors")
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]))
