"""A Hugging Face tokenizer file: loaded with clear errors, and what kind of piece each of its ids is."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError

BYTE = re.compile(r"<0x[0-9A-F]{2}>")
"""A piece that stands for one byte of a character that the vocabulary does not have."""
MODELS = ("BPE", "Unigram", "WordPiece", "WordLevel")
_TEXTS, _CHARACTERS = 512, 1 << 20
"""Texts and characters that are encoded at once: what the library says of them takes some 20 times their size."""


@dataclass(frozen=True)
class Loaded:
    """A tokenizer, its file, and for each id whether it is unknown, a byte, or a part of a character."""

    file: Path
    tokenizer: Any
    content: dict[str, Any]
    broken: npt.NDArray[np.bool_]

    @property
    def name(self) -> str:
        """The file's name; its folder's where all files have the same."""
        return self.file.parent.name or "tokenizer" if self.file.name == "tokenizer.json" else self.file.stem

    @property
    def size(self) -> int:
        """Number of ids, added tokens included."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))


def library() -> Any:
    """The library `tokenizers`, with its threads off; raises WeftError that says how it is installed."""
    # weft shares out the cores itself; and the library warns of threads in every process that a pool starts.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        return importlib.import_module("tokenizers")
    except ImportError as error:
        raise WeftError(
            "the library tokenizers is not installed or cannot be imported; expected it from: "
            "pip install 'weft[tokenizers]'"
        ) from error


def load(file: Path | str) -> Loaded:
    """A tokenizer.json, without the truncation, padding and dropout that it may ask for.

    Raises WeftError where the file cannot be read or is no tokenizer.
    """
    path = Path(file).absolute()
    content = read(path)
    return _loaded(path, json.dumps(content, sort_keys=False, ensure_ascii=False))


def read(file: Path) -> dict[str, Any]:
    """The JSON object of a tokenizer file, its model checked for a kind that the library knows."""
    try:
        content = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise WeftError(
            f"{file}: cannot be read: {error.strerror or error}; expected a tokenizer.json of Hugging Face"
        ) from error
    except (ValueError, RecursionError) as error:
        what = str(error).splitlines()[0]
        raise WeftError(
            f"{file}: not JSON ({what}); expected a tokenizer.json of Hugging Face"
            + (
                "; a SentencePiece .model is another format, which transformers can convert"
                * file.name.endswith("model")
            )
        ) from None
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict | list):
        raise WeftError(f"{file}: no model with a vocabulary; expected a tokenizer.json of Hugging Face")
    if model.get("type", "BPE") not in MODELS:
        raise WeftError(f"{file}: a model of type {model['type']!r}; expected one of {', '.join(MODELS)}")
    # What a model wants of its input is no property of the text: neither cut nor filled, and the same each time.
    content |= {"truncation": None, "padding": None, "model": model | ({"dropout": None} if "dropout" in model else {})}
    found: dict[str, Any] = content
    return found


def from_content(content: dict[str, Any], file: Path) -> Loaded:
    """A tokenizer from the object of its file; `file` is what messages name."""
    return _loaded(file, json.dumps(content, ensure_ascii=False))


@functools.lru_cache(maxsize=4)
def _loaded(file: Path, content: str) -> Loaded:
    tokenizers = library()
    try:
        tokenizer = tokenizers.Tokenizer.from_str(content)
        tokenizer.encode("a b\n1 é ሀ ก 中 🙂", add_special_tokens=False)
    except Exception as error:  # the library raises nothing more special
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeftError(f"{file}: the library tokenizers cannot use it: {reason}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # damage that the library's own checks do not meet
            raise
        raise WeftError(f"{file}: the library tokenizers fails on it; expected a whole tokenizer.json") from None
    held = json.loads(content)
    return Loaded(file, tokenizer, held, _broken(tokenizer, held))


def is_byte_level(content: dict[str, Any]) -> bool:
    """Whether the vocabulary is written in the 256 stand-ins for bytes of GPT-2."""
    return any(
        part.get("type") == "ByteLevel"
        for section in ("pre_tokenizer", "normalizer")
        for part in parts_of(content.get(section))
    )


def parts_of(section: Any) -> Iterator[dict[str, Any]]:
    """The steps of a normalizer, pre-tokenizer or decoder, those of sequences one by one."""
    if not isinstance(section, dict):
        return
    inner = next((section[key] for key in ("pretokenizers", "normalizers", "decoders") if key in section), None)
    if inner is None:
        yield section
        return
    for part in inner:
        yield from parts_of(part)


def _broken(tokenizer: Any, content: dict[str, Any]) -> npt.NDArray[np.bool_]:
    vocabulary: dict[str, int] = tokenizer.get_vocab(with_added_tokens=True)
    broken = np.zeros(max(vocabulary.values(), default=-1) + 1, np.bool_)
    model = content["model"]
    unknown = model.get("unk_token")
    if "unk_id" in model and model["unk_id"] is not None and isinstance(model["vocab"], list):
        unknown = model["vocab"][model["unk_id"]][0]
    if unknown in vocabulary:
        broken[vocabulary[unknown]] = True
    if is_byte_level(content):
        added = {token["content"] for token in content.get("added_tokens") or ()}
        stand_ins = byte_of_stand_in()
        for piece, number in vocabulary.items():
            if piece not in added:
                broken[number] |= _part_of_character(piece, stand_ins)
    elif model.get("byte_fallback"):
        for piece, number in vocabulary.items():
            broken[number] |= BYTE.fullmatch(piece) is not None
    return broken


def _part_of_character(piece: str, stand_ins: dict[str, int]) -> bool:
    try:
        bytes(stand_ins[character] for character in piece).decode("utf-8")
    except UnicodeDecodeError:
        return True
    except KeyError:  # a piece that no text gives
        return False
    return False


@functools.cache
def byte_of_stand_in() -> dict[str, int]:
    """The byte that each of GPT-2's 256 characters stands for: printable ones for themselves, others from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


def encoded(held: Loaded, texts: Sequence[str | None]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(texts,) tokens of each text, without special tokens around it, and (texts,) those of them that are broken.

    Broken are the unknown token, single bytes, and pieces that end within a character. 0 for a null.
    """
    tokens, broken = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    for start, stop, made in ids_of(held, texts):
        sizes = np.fromiter((len(one) for one in made), np.int64, stop - start)
        ids = np.fromiter((number for one in made for number in one), np.int64, int(sizes.sum()))
        ends = np.concatenate([[0], np.cumsum(held.broken[ids])])
        places = np.concatenate([[0], np.cumsum(sizes)])
        tokens[start:stop] = sizes
        broken[start:stop] = ends[places[1:]] - ends[places[:-1]]
    return tokens, broken


def ids_of(held: Loaded, texts: Sequence[str | None]) -> Iterator[tuple[int, int, list[list[int]]]]:
    """From where to where some texts lie, and the ids of each, without special tokens around them."""
    start = 0
    while start < len(texts):
        stop, size = start, 0
        while stop < len(texts) and stop - start < _TEXTS and size < _CHARACTERS:
            size += len(texts[stop] or "")
            stop += 1
        made = held.tokenizer.encode_batch_fast([text or "" for text in texts[start:stop]], add_special_tokens=False)
        yield start, stop, [one.ids for one in made]
        start = stop
