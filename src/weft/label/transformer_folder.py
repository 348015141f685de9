"""What the folder of a Hugging Face model says of itself; its weights are not read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.errors import WeftError
from weft.label.answers import PROBLEMS

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
NO_LIMIT = 131_072
_MOST_TOKENS = 512
"""Tokens of a window where neither the recipe nor the folder says it, and at most what the model has places for."""


@dataclass(frozen=True)
class Classifier:
    """A model with a classification head: its labels, and what its config.json says that their numbers are."""

    folder: Path
    labels: tuple[str, ...]
    problem: str
    max_tokens: int
    most_tokens: int


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model, and the tokens that it has places for."""

    folder: Path
    most_tokens: int


def check_folder(folder: Path) -> None:
    """Raise WeftError, with where models come from, when there is no such folder."""
    if not folder.is_dir():
        raise WeftError(
            f"{folder} is not a folder, and the local cache of the Hugging Face Hub holds no model of that name; "
            "expected a folder with config.json, tokenizer and weights. weft downloads nothing: fetch the model with "
            "`hf download NAME --local-dir FOLDER` where there is a network, and put the folder there"
        )


def check_weights(folder: Path, weights: Path) -> None:
    """Raise WeftError when the folder `weights` of a model holds none."""
    if not any((weights / name).is_file() for name in WEIGHTS):
        raise WeftError(f"{folder}: no weights in it; expected {WEIGHTS[0]} or {WEIGHTS[2]}")


def check_tokens(model: str, wanted: int | None, most: int) -> None:
    """Raise WeftError for windows that are longer than the model has places for."""
    if wanted is not None and wanted > most:
        raise WeftError(f"max_tokens is {wanted}, and {model} has places for {most}; expected no more")


def classifier(folder: Path) -> Classifier:
    """What the folder of a sequence classifier declares.

    Where config.json has no problem_type, one output is a regression and more are one label of several, as
    transformers trains them. Raises WeftError for a folder that is none, or holds another kind of model.
    """
    config = _config(folder)
    kinds = [str(one) for one in config.get("architectures") or ()]
    if kinds and not any("ForSequenceClassification" in kind for kind in kinds):
        raise WeftError(
            f"{folder}: its model is a {', '.join(kinds)}, which has no classification head; expected one whose "
            "architecture ends in ForSequenceClassification"
        )
    held = config.get("id2label")
    names = {int(number): str(name) for number, name in held.items()} if isinstance(held, dict) and held else {}
    count = len(names) or int(config.get("num_labels") or 2)
    labels = tuple(names.get(number, f"LABEL_{number}") for number in range(count))
    if len(set(labels)) < count:
        raise WeftError(f"{folder / 'config.json'}: two labels of id2label have one name; expected different ones")
    problem = config.get("problem_type") or ("regression" if count == 1 else "single_label_classification")
    if problem not in PROBLEMS:
        raise WeftError(f"{folder / 'config.json'}: problem_type is {problem}; expected one of {', '.join(PROBLEMS)}")
    most = places(config) or NO_LIMIT
    return Classifier(folder, labels, problem, tokens_of_window(folder, config, None), most)


def language_model(folder: Path) -> LanguageModel:
    """What the folder of a causal language model declares.

    Raises WeftError for a folder that is none, or holds a model that does not predict the next token.
    """
    config = _config(folder)
    for kind in map(str, config.get("architectures") or ()):
        if kind.endswith(("ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForPreTraining")):
            raise WeftError(f"{folder}: its model is a {kind}; expected a causal language model, one ...ForCausalLM")
    return LanguageModel(folder, places(config) or NO_LIMIT)


def _config(folder: Path) -> dict[str, Any]:
    check_folder(folder)
    config = json_of(folder / "config.json")
    if not isinstance(config, dict):
        raise WeftError(f"{folder / 'config.json'}: expected an object")
    check_weights(folder, folder)
    return config


def json_of(file: Path, *, optional: bool = False) -> Any:
    """The content of a JSON file; `{}` for one that is optional and absent. Raises WeftError."""
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if optional:
            return {}
        raise WeftError(f"{file}: is missing; expected it in the folder of a model") from None
    except ValueError as error:
        raise WeftError(f"{file}: not valid JSON: {error}") from error


def places(config: dict[str, Any]) -> int | None:
    """Tokens that a model has positions for; None where it counts no positions."""
    own = config.get("text_config")
    held = config | own if isinstance(own, dict) else config
    found = held.get("max_position_embeddings", held.get("n_positions"))
    if not isinstance(found, int) or found < 1:
        return None
    # Models of RoBERTa's kind begin to count behind the number of the padding token.
    of_roberta = str(config.get("model_type", "")) in ("roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl")
    return found - 2 if of_roberta else found


def tokens_of_window(weights: Path, config: dict[str, Any], stated: Any) -> int:
    """Tokens of a window: `stated`, else what the tokenizer says, and no more than the model has places for."""
    if not isinstance(stated, int):
        stated = json_of(weights / "tokenizer_config.json", optional=True).get("model_max_length")
    wanted = int(stated) if isinstance(stated, int | float) and 0 < stated < 1e6 else _MOST_TOKENS
    return min(wanted, places(config) or wanted)
