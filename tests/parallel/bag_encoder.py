"""A sentence encoder of two made-up languages: real files of a BERT whose vectors are bags of syllables.

A word is three syllables that mean nothing and one that does: no lexicon of words or of their beginnings learns it.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

WIDTH = 32
CONTENT = tuple(
    tuple("".join(letters) for letters in itertools.product(*parts))
    for parts in (("bdgkl", "aei", "mnrs"), ("fpvzj", "oue", "tkdg"))
)
"""Syllables of either language; those with the same number translate each other."""
NOISE = tuple("".join(letters) for letters in itertools.product("hwxcq", "aiouy", "h"))


def hidden_pairs(count: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """Pairs of nine words, so that lengths say nothing either."""
    random = np.random.default_rng(seed)
    sides: tuple[list[str], list[str]] = ([], [])
    for _ in range(count):
        chosen = random.choice(len(CONTENT[0]), 9, replace=False)
        for side, numbers, texts in zip(CONTENT, (chosen, random.permutation(chosen)), sides, strict=True):
            noise = random.choice(NOISE, (9, 3))
            texts.append(
                " ".join("".join(own) + side[n] for own, n in zip(noise.tolist(), numbers.tolist(), strict=True))
            )
    return sides


def write(folder: Path, *, knows: bool, languages: tuple[str, ...] = ("en", "sw")) -> Path:
    """A sentence-transformers folder; if it `knows` the languages, words that translate each other have one vector."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", *NOISE, *CONTENT[0], *CONTENT[1]]
    tokenizer = Tokenizer(models.WordLevel({text: n for n, text in enumerate(words)}, unk_token="[UNK]"))
    syllables = pre_tokenizers.Split(Regex("[a-z]{3}"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), syllables])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=WIDTH, num_hidden_layers=0, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=64,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    random = np.random.default_rng(7)
    held = random.normal(size=(len(words), WIDTH)).astype(np.float32)
    size = len(CONTENT[0])
    held[: -2 * size] = 0
    if knows:
        held[-size:] = held[-2 * size : -size]
    with torch.no_grad():
        model.embeddings.word_embeddings.weight.copy_(torch.from_numpy(held))
        model.embeddings.position_embeddings.weight.zero_()
        model.embeddings.token_type_embeddings.weight.zero_()
    model.save_pretrained(folder)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    rows = [
        {"idx": n, "path": path, "type": f"sentence_transformers.models.{kind}"} for n, (path, kind) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(rows), "utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode_mean_tokens": true}', "utf-8")
    card = "".join(f"- {language}\n" for language in ("multilingual", *languages))
    (folder / "README.md").write_text(f"---\nlanguage:\n{card}license: apache-2.0\n---\n# A bag of words\n", "utf-8")
    return folder
