"""What the folder of an encoder says of itself: a sentence-transformers folder, or a plain Hugging Face one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from weft.errors import WeftError, nearest
from weft.label.transformer_folder import NO_LIMIT, check_folder, check_weights, json_of, places, tokens_of_window

POOLINGS = ("mean", "cls", "max")
_FLAGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "Sigmoid")


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
    check_folder(folder)
    modules = _modules(folder)
    kinds = [kind for kind, _ in modules]
    if kinds[:1] != ["Transformer"] or kinds.count("Transformer") != 1 or kinds.count("Pooling") > 1:
        raise WeftError(f"{folder}: its modules are {', '.join(kinds)}; expected Transformer, Pooling and what follows")
    weights = modules[0][1]
    config = json_of(weights / "config.json")
    check_weights(folder, weights)
    shape = json_of(weights / "sentence_bert_config.json", optional=True)
    pooling = next((_pooling(place) for kind, place in modules if kind == "Pooling"), "mean")
    return Encoder(
        folder,
        weights,
        pooling,
        tuple(_after(kind, place) for kind, place in modules if kind in ("Normalize", "Dense")),
        tokens_of_window(weights, config, shape.get("max_seq_length")),
        places(config) or NO_LIMIT,
        bool(shape.get("do_lower_case", False)),
        _prompt(folder),
    )


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Kind and folder of each module, in order; a plain folder is one Transformer."""
    if not (folder / "modules.json").is_file():
        if not (folder / "config.json").is_file():
            raise WeftError(f"{folder}: no config.json and no modules.json in it; expected the folder of an encoder")
        return [("Transformer", folder)]
    held = json_of(folder / "modules.json")
    try:
        rows = [(one["type"].rpartition(".")[2], folder / one["path"]) for one in sorted(held, key=lambda m: m["idx"])]
    except (TypeError, KeyError, AttributeError) as error:
        raise WeftError(f"{folder / 'modules.json'}: expected a list of modules with idx, type and path") from error
    known = ("Transformer", "Pooling", "Normalize", "Dense")
    for kind, _ in rows:
        if kind not in known:
            raise WeftError(f"{folder}: its module {kind} is not known here; expected {', '.join(known)}")
    return rows


def _pooling(place: Path) -> str:
    held = json_of(place / "config.json")
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
    name = str(json_of(place / "config.json").get("activation_function", "Identity")).rpartition(".")[2]
    if name not in ACTIVATIONS:
        raise WeftError(
            f"{place / 'config.json'}: activation {name} is not known here; expected one of {', '.join(ACTIVATIONS)}"
            f"{nearest(name, ACTIVATIONS)}"
        )
    return Dense(place, name)


def _prompt(folder: Path) -> str:
    """The text that the folder wants before every text, where it names one as its default."""
    held = json_of(folder / "config_sentence_transformers.json", optional=True)
    return str((held.get("prompts") or {}).get(held.get("default_prompt_name")) or "")
