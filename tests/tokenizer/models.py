"""Small tokenizer files of every kind that people have, made here: none can be downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from weft.tokenizer.bpe import train_bpe
from weft.tokenizer.making import written
from weft.tokenizer.pieces import SPECIAL, tokenizer_file
from weft.tokenizer.unigram import train_unigram

EXAMPLE = Path(__file__).parent.parent / "examples" / "label.token_count.json"
SENTENCES = (
    "all human beings are born free and equal in dignity and rights",
    "they are endowed with reason and conscience and should act towards one another in a spirit of brotherhood",
    "everyone has the right to life, liberty and security of person",
    "no one shall be held in slavery or servitude, and the slave trade shall be prohibited",
    "the cat sat on the mat and the dog ran after the cat",
    "reading and writing are taught in every school of the land",
)
"""English alone: what the other languages of the tests lack pieces for."""


def words() -> dict[str, float]:
    """Pre-tokens of the sentences with their counts, as weft's pattern cuts them."""
    found: dict[str, float] = {}
    for sentence in SENTENCES:
        for n, word in enumerate(sentence.replace(",", " ,").split(" ")):
            held = word if n == 0 or word == "," else f" {word}"
            found[held] = found.get(held, 0.0) + 1
    return found


def own(kind: str = "bpe", vocabulary: int = 520) -> dict[str, Any]:
    """A tokenizer that weft trains on the sentences."""
    size = vocabulary, SPECIAL, 1.0
    model = train_bpe(words(), *size) if kind == "bpe" else train_unigram(words(), words(), *size)
    return tokenizer_file(model, SPECIAL)


def made(kind: str) -> dict[str, Any]:
    """`own`, `unigram`, or a file as another tool writes it: `byte_level` (GPT-2, Llama 3), `metaspace_bpe` (Llama 2),
    `metaspace_unigram` (XLM-R), `wordpiece` (BERT)."""
    import tokenizers
    from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

    if kind in ("own", "unigram"):
        return own("bpe" if kind == "own" else kind)
    if kind == "byte_level":
        held = tokenizers.Tokenizer(models.BPE(ignore_merges=True))
        held.pre_tokenizer, held.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(vocab_size=400, show_progress=False, initial_alphabet=alphabet)
    elif kind == "metaspace_bpe":
        held = tokenizers.Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
        held.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        held.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        special = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
        trainer = trainers.BpeTrainer(
            vocab_size=500, show_progress=False, special_tokens=special, max_token_length=8, min_frequency=2
        )
    elif kind == "metaspace_unigram":
        held = tokenizers.Tokenizer(models.Unigram())
        held.normalizer, held.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
        held.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=200, show_progress=False, special_tokens=["<s>", "<unk>"], unk_token="<unk>"
        )
    else:
        held = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
        held.pre_tokenizer, held.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(vocab_size=200, show_progress=False, special_tokens=["[UNK]"])
    held.train_from_iterator(SENTENCES, trainer)
    if kind != "metaspace_bpe":
        held.add_special_tokens(["<|end|>", "<|mask|>"])
    content: dict[str, Any] = json.loads(held.to_str())
    if kind == "metaspace_bpe":  # as Llama's file has it: bytes are pieces of the model, no tokens of their own
        content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] == "<unk>"]
    return content


def write(content: dict[str, Any], file: Path) -> Path:
    """The object as a file."""
    file.write_text(written(content), "utf-8")
    return file
