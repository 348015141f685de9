"""An encoder at work: texts to vectors, window by window."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.label.encoder_folder import Dense, Encoder
from weft.label.transformer import (
    Floats,
    Place,
    changed,
    failures,
    model_of,
    through,
    tokenizer_of,
    torch_on,
    unloadable,
)
from weft.label.windows import Batch, cut, parts

_TEXTS, _POOL = 16_384, 4 << 20
"""Texts, and characters of them, whose windows are sorted into batches together: at most some million tokens."""


class Settings(NamedTuple):
    """What decides a vector beside the folder's files."""

    pooling: str
    max_tokens: int
    place: Place
    prompt: str
    most_unknown: float


class Loaded:
    """An encoder and its tokenizer, on a device."""

    def __init__(self, encoder: Encoder, settings: Settings) -> None:
        self._torch = torch_on(settings.place.device)
        self._settings = settings
        self._lower = encoder.lower
        place = settings.place
        self._model = model_of(encoder.weights, "AutoModel", place.device, place.precision, changed(encoder.weights))
        tokenizer = tokenizer_of(encoder.weights)
        try:
            self._after = [None if one is None else self._dense(one) for one in encoder.after]
        except failures() as error:
            raise unloadable(encoder.folder, error) from error
        self._tokenizer = tokenizer.backend_tokenizer
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
        return made.to(self._settings.place.device).eval()

    def embed(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]:
        """A vector of length one for each text, and which of them mean something.

        Nothing does a text without tokens, or one of whose tokens too many are unknown. Memory beyond the vectors is
        that of some million characters, or of the longest text.
        """
        found = [self._embed(part) for _, part in parts(texts, _TEXTS, _POOL)]
        if not found:
            return np.empty((0, 1), np.float16), np.empty(0, np.bool_)
        return np.concatenate([vectors for vectors, _ in found]), np.concatenate([good for _, good in found])

    def _embed(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]:
        settings = self._settings
        windows = cut(self._tokenizer, texts, self._unknown, self._prepared)
        tokens, unknown = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
        np.add.at(tokens, windows.text, windows.tokens)
        np.add.at(unknown, windows.text, windows.unknown)
        made = through(windows, settings.max_tokens, settings.place, self._padding, self._forward)
        sums: Floats = np.zeros((len(texts), made.shape[1]), np.float32)
        np.add.at(sums, windows.text, made * windows.tokens[:, None].astype(np.float32))
        length = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1))
        shown = np.array([not text.isspace() and text != "" for text in texts], np.bool_)  # a prompt alone has tokens
        good = shown & (tokens > 0) & (unknown <= settings.most_unknown * tokens) & np.isfinite(length) & (length > 0)
        vectors = np.zeros(sums.shape, np.float16)
        vectors[good] = (sums[good] / length[good, None]).astype(np.float16)
        return vectors, good

    def _prepared(self, text: str) -> str:
        return self._settings.prompt + (text.lower() if self._lower else text)

    def _forward(self, tokens: Any, mask: Any, batch: Batch) -> Any:
        states = self._model(input_ids=tokens, attention_mask=mask).last_hidden_state.float()
        vectors = self._pooled(states, mask.unsqueeze(-1).float())
        for layer in self._after:
            vectors = self._torch.nn.functional.normalize(vectors, dim=1) if layer is None else layer(vectors)
        return vectors

    def _pooled(self, states: Any, mask: Any) -> Any:
        if self._settings.pooling == "cls":
            return states[:, 0]
        if self._settings.pooling == "max":
            return states.masked_fill(mask == 0, float("-inf")).max(dim=1).values
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


@functools.lru_cache(maxsize=4)
def load(encoder: Encoder, settings: Settings, changed: int) -> Loaded:
    """The encoder, held for the next batch; `changed` is a time that tells one state of the folder from the next."""
    return Loaded(encoder, settings)
