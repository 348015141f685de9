"""The file of a tokenizer that weft trains: nothing of a text is lost, in any script.

Text is put in NFC and cut before words; a space belongs to the word that follows it. A word is a run of letters, marks
and joiners (U+200C, U+200D), with apostrophes and middle dots inside it: the patterns of GPT-2 and its successors end
a word before each mark of Devanagari, Thai or Burmese. Runs of scripts without spaces stay whole, and pieces may be
phrases there. Each digit is a token. No character stands for the space, so none is taken for one; a character without
a piece becomes the bytes of its UTF-8 (`<0xE1>`), and so decode(encode(text)) is the text in NFC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_LETTERS = "[\\p{L}\\p{M}\u200c\u200d]+"  # the joiners themselves: escapes of them differ among regex engines
PATTERN = rf" ?{_LETTERS}(?:['’ʼ·]{_LETTERS})*|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+|\s+(?!\S)|\s+"
"""Pre-tokens, as a regular expression that Oniguruma, ICU and JavaScript read alike."""
UNKNOWN = "<unk>"
SPECIAL = (UNKNOWN, "<s>", "</s>", "<pad>")
"""Pieces that no text gives, unless it holds them in full."""
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))


def with_unknown(special: Sequence[str]) -> list[str]:
    """The special pieces in their order, once each; `<unk>` first where it is not among them."""
    different = list(dict.fromkeys(special))
    return different if UNKNOWN in different else [UNKNOWN, *different]


def tokenizer_file(model: dict[str, Any], special: Sequence[str]) -> dict[str, Any]:
    """The object of a tokenizer.json around a model whose first ids are the special pieces."""
    added = [
        {
            "id": number,
            "content": piece,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, piece in enumerate(special)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": PATTERN},
            "behavior": "Isolated",
            "invert": False,
        },
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": model,
    }


def bpe_model(pieces: Sequence[str], merges: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A BPE model with byte fallback; ids are places in `pieces`, merges are tried in their order."""
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": UNKNOWN,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": True,
        "ignore_merges": False,
        "vocab": {piece: number for number, piece in enumerate(pieces)},
        "merges": [list(pair) for pair in merges],
    }


def unigram_model(pieces: Sequence[str], scores: Sequence[float], unknown: int) -> dict[str, Any]:
    """A unigram model with byte fallback; scores are natural logarithms of probabilities."""
    return {
        "type": "Unigram",
        "unk_id": unknown,
        "vocab": [[piece, score] for piece, score in zip(pieces, scores, strict=True)],
        "byte_fallback": True,
    }


def settings(special: Sequence[str]) -> dict[str, Any]:
    """The object of tokenizer_config.json, from which transformers loads a PreTrainedTokenizerFast."""
    roles = {"unk_token": UNKNOWN, "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 10**30,
        **{role: piece for role, piece in roles.items() if piece in special},
    }
