"""What the folder of an encoder says of itself: a sentence-transformers folder, or a plain Hugging Face one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.errors import WeftError, nearest

POOLINGS = ("mean", "cls", "max")
_FLAGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "Sigmoid")
_NO_LIMIT = 131_072
_MOST_TOKENS = 512
"""Tokens of a window where neither the recipe nor the folder says it, and at most what the model has places for."""


@dataclass(frozen=True)
class Dense:
    """A layer after pooling: its folder, and the name of its activation in torch.nn."""

    folder: Path
    activation: str


@dataclass(frozen=True)
class Encoder:
    """How a folder's vectors are made: weights, pooling, then `after` in order (None: to length one)."""

    folder: Path
    weights: Path
    pooling: str
    after: tuple[Dense | None, ...]
    max_tokens: int
    most_tokens: int
    lower: bool
    prompt: str


def declared(folder: Path) -> Encoder:
    """What the files of a folder declare; the weights are not read.

    Raises WeftError when the folder is not there, is no encoder, or asks for a module that is not known here.
    """
    if not folder.is_dir():
        raise WeftError(
            f"{folder} is not a folder, and the local cache of the Hugging Face Hub holds no model of that name; "
            "expected a folder with config.json, tokenizer and weights. weft downloads nothing: fetch the model with "
            "`hf download NAME --local-dir FOLDER` where there is a network, and put the folder there"
        )
    modules = _modules(folder)
    kinds = [kind for kind, _ in modules]
    if kinds[:1] != ["Transformer"] or kinds.count("Transformer") != 1 or kinds.count("Pooling") > 1:
        raise WeftError(f"{folder}: its modules are {', '.join(kinds)}; expected Transformer, Pooling and what follows")
    weights = modules[0][1]
    config = _json(weights / "config.json")
    if not any((weights / name).is_file() for name in _WEIGHTS):
        raise WeftError(f"{folder}: no weights in it; expected {_WEIGHTS[0]} or {_WEIGHTS[2]}")
    shape = _json(weights / "sentence_bert_config.json", optional=True)
    pooling = next((_pooling(place) for kind, place in modules if kind == "Pooling"), "mean")
    return Encoder(
        folder,
        weights,
        pooling,
        tuple(_after(kind, place) for kind, place in modules if kind in ("Normalize", "Dense")),
        _max_tokens(weights, config, shape),
        places(config) or _NO_LIMIT,
        bool(shape.get("do_lower_case", False)),
        _prompt(folder),
    )


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Kind and folder of each module, in order; a plain folder is one Transformer."""
    if not (folder / "modules.json").is_file():
        if not (folder / "config.json").is_file():
            raise WeftError(f"{folder}: no config.json and no modules.json in it; expected the folder of an encoder")
        return [("Transformer", folder)]
    held = _json(folder / "modules.json")
    try:
        rows = [(one["type"].rpartition(".")[2], folder / one["path"]) for one in sorted(held, key=lambda m: m["idx"])]
    except (TypeError, KeyError, AttributeError) as error:
        raise WeftError(f"{folder / 'modules.json'}: expected a list of modules with idx, type and path") from error
    known = ("Transformer", "Pooling", "Normalize", "Dense")
    for kind, _ in rows:
        if kind not in known:
            raise WeftError(f"{folder}: its module {kind} is not known here; expected {', '.join(known)}")
    return rows


def _json(file: Path, *, optional: bool = False) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if optional:
            return {}
        raise WeftError(f"{file}: is missing; expected it in the folder of an encoder") from None
    except ValueError as error:
        raise WeftError(f"{file}: not valid JSON: {error}") from error


def _pooling(place: Path) -> str:
    held = _json(place / "config.json")
    flags = [name for name, value in held.items() if name.startswith("pooling_mode_") and value is True]
    named = [held["pooling_mode"]] if isinstance(held.get("pooling_mode"), str) else []
    found = [_FLAGS.get(name, name) for name in flags] or named
    if len(found) != 1 or found[0] not in POOLINGS:
        said = " and ".join(found) or "nothing"
        raise WeftError(f"{place / 'config.json'}: pools by {said}; expected one of {', '.join(POOLINGS)}")
    return str(found[0])


def _after(kind: str, place: Path) -> Dense | None:
    if kind == "Normalize":
        return None
    name = str(_json(place / "config.json").get("activation_function", "Identity")).rpartition(".")[2]
    if name not in ACTIVATIONS:
        raise WeftError(
            f"{place / 'config.json'}: activation {name} is not known here; expected one of {', '.join(ACTIVATIONS)}"
            f"{nearest(name, ACTIVATIONS)}"
        )
    return Dense(place, name)


def places(config: dict[str, Any]) -> int | None:
    """Tokens that a model has positions for; None where it counts no positions."""
    found = config.get("max_position_embeddings")
    if not isinstance(found, int) or found < 1:
        return None
    # Models of RoBERTa's kind begin to count behind the number of the padding token.
    of_roberta = str(config.get("model_type", "")) in ("roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl")
    return found - 2 if of_roberta else found


def _max_tokens(weights: Path, config: dict[str, Any], shape: dict[str, Any]) -> int:
    stated = shape.get("max_seq_length")
    if not isinstance(stated, int):
        stated = _json(weights / "tokenizer_config.json", optional=True).get("model_max_length")
    wanted = int(stated) if isinstance(stated, int | float) and 0 < stated < 1e6 else _MOST_TOKENS
    return min(wanted, places(config) or wanted)


def _prompt(folder: Path) -> str:
    """The text that the folder wants before every text, where it names one as its default."""
    held = _json(folder / "config_sentence_transformers.json", optional=True)
    return str((held.get("prompts") or {}).get(held.get("default_prompt_name")) or "")
