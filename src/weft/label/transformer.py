"""Models of the library transformers: loaded once in a process, whatever operators name their folder."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.errors import ShardError, WeftError
from weft.label.windows import BATCH_TOKENS, Batch, Windows, batches, table

Floats = npt.NDArray[np.float32]
Forward = Callable[[Any, Any, Batch], Any]
"""Tokens and mask on the device, (rows, width), and the batch: a tensor of as many rows, on the device."""

LIBRARIES = ("torch", "transformers")
_MOST_MODELS = 8


class Place(NamedTuple):
    """Where and how exactly a model computes."""

    device: str
    precision: str
    batch_tokens: int


def place_of(device: str, precision: str, batch_tokens: int | None, usual: Mapping[str, int] = BATCH_TOKENS) -> Place:
    """The place that parameters of an operator name; with `usual` tokens in a batch, by device, if they name none."""
    where = device if device != "auto" else "cuda" if has_cuda() else "cpu"
    return Place(where, precision, batch_tokens or usual[where])


def settled(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters whose device is settled: answers of a GPU and of a CPU have different keys."""
    if parameters["device"] != "auto":
        return parameters
    return {**parameters, "device": "cuda" if has_cuda() else "cpu"}


def check_libraries(operator: str) -> None:
    """Raise WeftError that says how a missing library is installed; none is imported."""
    for name in LIBRARIES:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise WeftError(
                f"{operator} needs the library {name}, which is not installed; expected it from: "
                "pip install 'weft[models]'"
            ) from None


def has_cuda() -> bool:
    """Whether torch sees a GPU."""
    try:
        return bool(importlib.import_module("torch").cuda.is_available())
    except ImportError:
        return False


def changed(folder: Path) -> int:
    """The time of the folder's latest change."""
    return max(file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file())


def torch_on(device: str) -> Any:
    """The library, ready for a device. Raises ShardError where there is no such device."""
    torch = importlib.import_module("torch")
    if device == "cuda" and not has_cuda():
        raise ShardError("device is cuda, and torch sees no GPU; expected device: cpu or auto")
    if device == "cpu":
        # Processes are the parallelism; with threads a product may be cut, and rounded, in another way.
        torch.set_num_threads(1)
    return torch


def _quiet() -> Any:
    transformers = importlib.import_module("transformers")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def unloadable(folder: Path, error: Exception) -> ShardError:
    """What is said of a folder that the libraries refuse."""
    return ShardError(f"{folder}: cannot be loaded: {str(error).strip().partition(chr(10))[0]}")


def failures() -> tuple[type[Exception], ...]:
    """What the libraries raise on files that are not what they should be."""
    broken = importlib.import_module("safetensors").SafetensorError
    return (OSError, ValueError, KeyError, RuntimeError, ImportError, UnpicklingError, broken)


@functools.lru_cache(maxsize=_MOST_MODELS)
def model_of(folder: Path, kind: str, device: str, precision: str, changed: int) -> Any:
    """The model of a folder by a class of transformers (`AutoModel`), its weights in `precision`, on a device.

    Weights are converted when they are read, and not by autocast, which would hold them in float32. Attention is
    torch's own (`scaled_dot_product_attention`) wherever the model has it. `changed` is a time that tells one state of
    the folder from the next. Raises ShardError when it cannot be loaded, or lacks weights that its config.json wants.
    """
    torch, transformers = torch_on(device), _quiet()
    try:
        model, told = getattr(transformers, kind).from_pretrained(
            folder, local_files_only=True, dtype=getattr(torch, precision), output_loading_info=True
        )
        model = model.to(device).eval()
    except failures() as error:
        raise unloadable(folder, error) from error
    missing = sorted(name for name in told["missing_keys"] if kind != "AutoModel" or not name.startswith("pooler."))
    if missing:  # the library would go on with random numbers
        raise ShardError(f"{folder}: its weights have no {missing[0]}; expected the weights of config.json")
    return model


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer of a folder as transformers has it; its fast form is `.backend_tokenizer`, without padding.

    Raises ShardError when it cannot be loaded, has no fast form, or knows nothing but special tokens.
    """
    try:
        tokenizer = _quiet().AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except failures() as error:
        raise unloadable(folder, error) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ShardError(f"{folder}: its tokenizer has no fast form; expected a tokenizer.json in it")
    if len(tokenizer) <= len(set(tokenizer.all_special_ids)):  # where there are no files the library makes an empty one
        raise ShardError(f"{folder}: its tokenizer knows no tokens; expected a tokenizer.json in it")
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def through(windows: Windows, most_tokens: int, place: Place, padding: int, forward: Forward) -> Any:
    """What `forward` gives for each window, as a NumPy array; one of no rows where there is no window.

    Answers stay on the device until all batches are under way, so that a GPU does not wait for the next one.
    Raises ShardError when the memory of a GPU does not suffice.
    """
    torch = importlib.import_module("torch")
    found, order = [], []
    try:
        with torch.inference_mode():
            for batch in batches(windows.sizes, most_tokens, place.batch_tokens, filled=place.device == "cpu"):
                tokens, mask = (torch.from_numpy(one).to(place.device) for one in table(windows, batch, padding))
                found.append(forward(tokens, mask, batch)[: len(batch.chosen)])
                order.append(batch.chosen)
            if not found:
                return np.empty((0, 1), np.float32)
            together = torch.cat(found).cpu().numpy()
    except torch.OutOfMemoryError as error:
        raise ShardError("the GPU's memory is full; expected a lower batch_tokens") from error
    out = np.empty_like(together)
    out[np.concatenate(order)] = together
    return out
