"""An encoder at work: texts to vectors, window by window, in batches whose shape depends on nothing but length.

A matrix product may round differently in another shape, so a batch of windows of some width has a fixed number of rows,
filled up with empty ones: what a document gets does not depend on those beside it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Iterator, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.errors import ShardError, WeftError
from weft.label.encoder_folder import Dense, Encoder
from weft.text.buffers import Longs

Floats = npt.NDArray[np.float32]

BATCH_TOKENS = {"cpu": 2_048, "cuda": 65_536}
"""Tokens of a batch where the recipe does not say it."""
_FINE, _COARSE = 16, 64
"""Widths of windows are multiples of the first up to 128 tokens, then of the second."""
_TEXTS, _CHARACTERS = 512, 1 << 20
"""Texts and characters that the tokenizer takes at once: what it says of them takes some 20 times their size."""


class Settings(NamedTuple):
    """What decides a vector beside the folder's files."""

    pooling: str
    max_tokens: int
    device: str
    precision: str
    batch_tokens: int
    prompt: str
    most_unknown: float


def check_libraries(operator: str) -> None:
    """Raise WeftError that says how a missing library is installed; none is imported."""
    for name in ("torch", "transformers"):
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


class Windows(NamedTuple):
    """Tokens of texts, cut: `ids` with special tokens, the text each is of, and how many tokens of it, unknown ones."""

    ids: list[list[int]]
    text: Longs
    tokens: Longs
    unknown: Longs


class Loaded:
    """A model and its tokenizer, on a device."""

    def __init__(self, encoder: Encoder, settings: Settings) -> None:
        self._torch = importlib.import_module("torch")
        transformers = importlib.import_module("transformers")
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        if settings.device == "cuda" and not has_cuda():
            raise ShardError("label.embedding: device is cuda, and torch sees no GPU; expected device: cpu or auto")
        if settings.device == "cpu":
            # Processes are the parallelism; with threads a product may be cut, and rounded, in another way.
            self._torch.set_num_threads(1)
        self._settings = settings
        self._lower = encoder.lower
        broken = importlib.import_module("safetensors").SafetensorError
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(encoder.weights, local_files_only=True)
            kind = getattr(self._torch, settings.precision)
            model, told = transformers.AutoModel.from_pretrained(
                encoder.weights, local_files_only=True, dtype=kind, output_loading_info=True
            )
            self._after = [None if one is None else self._dense(one) for one in encoder.after]
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, UnpicklingError, broken) as error:
            raise ShardError(
                f"{encoder.folder}: cannot be loaded: {str(error).strip().partition(chr(10))[0]}"
            ) from error
        if getattr(tokenizer, "backend_tokenizer", None) is None:
            raise ShardError(f"{encoder.folder}: its tokenizer has no fast form; expected a tokenizer.json in it")
        missing = sorted(name for name in told["missing_keys"] if not name.startswith("pooler."))
        if missing:  # the library would go on with random numbers
            raise ShardError(f"{encoder.folder}: its weights have no {missing[0]}; expected the weights of config.json")
        self._model = model.to(settings.device).eval()
        self._tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(settings.max_tokens)
        self._padding = tokenizer.pad_token_id or 0
        self._unknown = tokenizer.unk_token_id

    def _dense(self, layer: Dense) -> Any:
        torch = self._torch
        if (layer.folder / "model.safetensors").is_file():
            held = importlib.import_module("safetensors.torch").load_file(layer.folder / "model.safetensors")
        else:
            held = torch.load(layer.folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
        weight, bias = held["linear.weight"].float(), held.get("linear.bias")
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        linear.load_state_dict({name.removeprefix("linear."): value.float() for name, value in held.items()})
        made = torch.nn.Sequential(linear, getattr(torch.nn, layer.activation)())
        return made.to(self._settings.device).eval()

    def embed(self, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """A vector of length one for each text, and which of them mean something.

        Nothing does a text without tokens, or one of whose tokens too many are unknown.
        """
        windows = self._windows(texts)
        sums: Floats | None = None
        tokens, unknown = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
        np.add.at(tokens, windows.text, windows.tokens)
        np.add.at(unknown, windows.text, windows.unknown)
        made = self._encoded(windows.ids)
        sums = np.zeros((len(texts), made.shape[1]), np.float32)
        np.add.at(sums, windows.text, made * windows.tokens[:, None].astype(np.float32))
        length = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1))
        good = (tokens > 0) & (unknown <= self._settings.most_unknown * tokens) & np.isfinite(length) & (length > 0)
        vectors = np.zeros_like(sums)
        vectors[good] = (sums[good] / length[good, None]).astype(np.float32)
        return vectors, good

    def _windows(self, texts: Sequence[str]) -> Windows:
        ids: list[list[int]] = []
        rows: list[tuple[int, int, int]] = []
        for start, part in _parts(texts):
            given = [self._settings.prompt + (text.lower() if self._lower else text) for text in part]
            for number, first in enumerate(self._tokenizer.encode_batch(given)):
                for window in (first, *first.overflowing):
                    special = sum(window.special_tokens_mask)
                    ids.append(window.ids)
                    rows.append((start + number, len(window.ids) - special, window.ids.count(self._unknown)))
        columns = np.array(rows, np.int64).reshape(-1, 3)
        return Windows(ids, *(np.ascontiguousarray(columns[:, n]) for n in range(3)))

    def _encoded(self, ids: list[list[int]]) -> Floats:
        """The vector of each window, computed by width and then in the order in which windows came."""
        sizes = np.array([len(one) for one in ids], np.int64)
        step = np.where(sizes <= 128, _FINE, _COARSE)
        widths = np.minimum(-(-sizes // step) * step, max(self._settings.max_tokens, 1))
        out: Floats | None = None
        for width in np.unique(widths):
            rows = np.flatnonzero(widths == width)
            size = max(1, self._settings.batch_tokens // int(width))
            for start in range(0, len(rows), size):
                chosen = rows[start : start + size]
                found = self._batch([ids[row] for row in chosen], int(width), size)
                out = np.empty((len(ids), found.shape[1]), np.float32) if out is None else out
                out[chosen] = found
        return out if out is not None else np.empty((0, 1), np.float32)

    def _batch(self, ids: list[list[int]], width: int, size: int) -> Floats:
        torch = self._torch
        tokens = np.full((size, width), self._padding, np.int64)
        mask = np.zeros((size, width), np.int64)
        mask[:, 0] = 1  # an empty row that sees nothing would be no number
        for row, one in enumerate(ids):
            tokens[row, : len(one)] = one
            mask[row, : len(one)] = 1
        device = self._settings.device
        try:
            with torch.inference_mode():
                seen = torch.from_numpy(mask).to(device)
                given = {"input_ids": torch.from_numpy(tokens).to(device), "attention_mask": seen}
                states = self._model(**given).last_hidden_state.float()
                vectors = self._pooled(states, seen.unsqueeze(-1).float())
                for layer in self._after:
                    vectors = torch.nn.functional.normalize(vectors, dim=1) if layer is None else layer(vectors)
                found: Floats = vectors[: len(ids)].cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise ShardError("label.embedding: the GPU's memory is full; expected a lower batch_tokens") from error
        return found

    def _pooled(self, states: Any, mask: Any) -> Any:
        if self._settings.pooling == "cls":
            return states[:, 0]
        if self._settings.pooling == "max":
            return states.masked_fill(mask == 0, float("-inf")).max(dim=1).values
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


def _parts(texts: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Runs of texts of a bounded size, with the number of the first."""
    start, held = 0, 0
    for number, text in enumerate(texts):
        if number > start and (number - start >= _TEXTS or held + len(text) > _CHARACTERS):
            yield start, texts[start:number]
            start, held = number, 0
        held += len(text)
    if start < len(texts):
        yield start, texts[start:]


@functools.lru_cache(maxsize=1)
def load(encoder: Encoder, settings: Settings, changed: int) -> Loaded:
    """The model, held for the next batch; `changed` is a time that tells one state of the folder from the next."""
    return Loaded(encoder, settings)


def changed(folder: Path) -> int:
    """The time of the folder's latest change."""
    return max(file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file())
