"""A sequence classifier at work: texts to a number for each label, window by window."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.errors import ShardError
from weft.label.answers import Doubles, Flags, activated
from weft.label.transformer import Place, changed, model_of, through, tokenizer_of
from weft.label.transformer_folder import Classifier
from weft.label.windows import Batch, Windows, cut, parts

_POOL = 4 << 20
"""Characters of the texts whose windows are sorted into batches together: some million tokens."""


class Settings(NamedTuple):
    """What decides an answer beside the folder's files."""

    problem: str
    windows: str
    max_tokens: int
    most_unknown: float
    place: Place


class Loaded:
    """A classifier and its tokenizer, on a device."""

    def __init__(self, held: Classifier, settings: Settings) -> None:
        self._settings, self._labels = settings, held.labels
        place = settings.place
        self._model = model_of(
            held.folder, "AutoModelForSequenceClassification", place.device, place.precision, changed(held.folder)
        )
        tokenizer = tokenizer_of(held.folder)
        config = self._model.config
        padding = config.pad_token_id if config.pad_token_id is not None else tokenizer.pad_token_id
        if padding is None:
            # Decoders read the last token that is no padding: without one they would read another.
            raise ShardError(f"{held.folder}: names no padding token; expected pad_token_id in its config.json")
        config.pad_token_id = padding
        self._padding, self._unknown = int(padding), tokenizer.unk_token_id
        self._tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.enable_truncation(settings.max_tokens)

    def scores(self, texts: Sequence[str]) -> tuple[Doubles, Flags]:
        """The score of each label for each text, (texts, labels), and which rows are an answer.

        None is that of a text without tokens, or of whose tokens too many are unknown.
        """
        found = [self._scores(part) for _, part in parts(texts, len(texts), _POOL)]
        if not found:
            return np.empty((0, len(self._labels))), np.empty(0, np.bool_)
        return np.concatenate([scores for scores, _ in found]), np.concatenate([good for _, good in found])

    def _scores(self, texts: Sequence[str]) -> tuple[Doubles, Flags]:
        settings = self._settings
        windows = cut(self._tokenizer, texts, self._unknown, only_first=settings.windows == "first")
        logits = through(windows, settings.max_tokens, settings.place, self._padding, self._forward)
        if logits.shape[1] != len(self._labels):
            raise ShardError(f"the model gives {logits.shape[1]} numbers, and config.json names {len(self._labels)}")
        tokens, unknown = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
        np.add.at(tokens, windows.text, windows.tokens)
        np.add.at(unknown, windows.text, windows.unknown)
        scores = _together(activated(logits.astype(np.float64), settings.problem), windows, tokens, settings.windows)
        good = (tokens > 0) & (unknown <= settings.most_unknown * tokens) & np.isfinite(scores).all(axis=1)
        return scores, good

    def _forward(self, tokens: Any, mask: Any, batch: Batch) -> Any:
        return self._model(input_ids=tokens, attention_mask=mask).logits.float()


def _together(scores: Doubles, windows: Windows, tokens: Any, how: str) -> Doubles:
    """The scores of texts from those of their windows: the mean by tokens, or the highest."""
    rows = len(tokens)
    if how == "max":
        most = np.full((rows, scores.shape[1]), -np.inf)
        np.maximum.at(most, windows.text, scores)
        return most
    sums = np.zeros((rows, scores.shape[1]))
    np.add.at(sums, windows.text, scores * windows.tokens[:, None])
    return np.asarray(sums / np.maximum(tokens, 1)[:, None])


@functools.lru_cache(maxsize=4)
def load(held: Classifier, settings: Settings, changed: int) -> Loaded:
    """The classifier, held for the next batch; `changed` is a time that tells one state of the folder from the next."""
    return Loaded(held, settings)
