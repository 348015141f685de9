"""A causal language model at work: the log-probability of tokens, given those before them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from weft.errors import ShardError
from weft.label.answers import Doubles
from weft.label.transformer import Place, changed, model_of, through, tokenizer_of
from weft.label.transformer_folder import LanguageModel
from weft.label.windows import Batch, Ints, Windows, flat, parts, steps
from weft.text.buffers import Longs

if TYPE_CHECKING:
    from weft.text.cosine import Floats

_POOL = 1 << 20
"""Tokens of sequences that are sorted into batches together."""
_LOGITS = 4_096
"""Tokens whose logits are made float32 at once: each has a number for every token of the vocabulary."""


class Scorer(Protocol):
    """An engine that says how probable tokens are."""

    def totals(self, sequences: Sequence[Ints], first: Longs) -> Doubles:
        """Log-probability, in nats, of the tokens of each sequence from number `first` on, given all before them."""
        ...

    def choices(self, sequences: Sequence[Ints], options: Ints) -> Doubles:
        """Log-probability, in nats, of each of the tokens `options` to follow each sequence, (sequences, options)."""
        ...


class Vocabulary:
    """The tokenizer of a language model: ids of texts, in which names of special tokens are text like any other."""

    def __init__(self, held: LanguageModel) -> None:
        self.whole = tokenizer_of(held.folder)
        self._plain = self.whole.backend_tokenizer
        self._plain.no_truncation()
        self._plain.encode_special_tokens = True
        self.unknown = self.whole.unk_token_id
        start = self.whole.bos_token_id if self.whole.bos_token_id is not None else self.whole.eos_token_id
        if start is None:
            raise ShardError(f"{held.folder}: its tokenizer names no bos_token and no eos_token; expected one of them")
        self.start = int(start)

    def ids(self, texts: Sequence[str]) -> list[Ints]:
        """Tokens of each text, without special ones."""
        found: list[Ints] = []
        for _, part in parts(texts):
            found += [np.array(one.ids, np.int32) for one in self._plain.encode_batch(part, add_special_tokens=False)]
        return found

    def with_special(self, text: str) -> Ints:
        """Tokens of a text in which names of special tokens are these tokens: a chat template, and no document."""
        self._plain.encode_special_tokens = False
        try:
            return np.array(self._plain.encode(text, add_special_tokens=False).ids, np.int32)
        finally:
            self._plain.encode_special_tokens = True


class Loaded:
    """A causal language model by transformers, on a device; a `Scorer`."""

    def __init__(self, held: LanguageModel, place: Place) -> None:
        self._place, self._most = place, held.most_tokens
        self._model = model_of(held.folder, "AutoModelForCausalLM", place.device, place.precision, changed(held.folder))
        self._keeps = "logits_to_keep" in inspect.signature(self._model.forward).parameters

    def totals(self, sequences: Sequence[Ints], first: Longs) -> Doubles:
        found = [np.empty(0)]
        for start, stop in _pools(sequences):
            chosen = first[start:stop]

            def forward(tokens: Any, mask: Any, batch: Batch, begin: Longs = chosen) -> Any:
                return self._summed(tokens, mask, begin[batch.chosen])

            found.append(self._through(sequences[start:stop], forward).reshape(-1))
        return np.concatenate(found)

    def choices(self, sequences: Sequence[Ints], options: Ints) -> Doubles:
        found = [np.empty((0, len(options)))]
        for start, stop in _pools(sequences):

            def forward(tokens: Any, mask: Any, batch: Batch) -> Any:
                return self._next(tokens, mask, options)

            found.append(self._through(sequences[start:stop], forward))
        return np.concatenate(found)

    def states(self, sequences: Sequence[Ints]) -> Floats:
        """Hidden states of the last token of each sequence after every layer, (sequences, layers, numbers)."""
        found: list[Floats] = []
        for start, stop in _pools(sequences):
            made = self._through(sequences[start:stop], self._last)
            found.append(made.reshape(len(made), -1, self._model.config.get_text_config().hidden_size))
        return np.concatenate(found)

    def _last(self, tokens: Any, mask: Any, batch: Batch) -> Any:
        import torch

        more = {"logits_to_keep": 1} if self._keeps else {}
        made = self._model(input_ids=tokens, use_cache=False, output_hidden_states=True, **more).hidden_states
        rows, last = torch.arange(len(tokens), device=tokens.device), (mask.sum(dim=1) - 1).clamp(min=0)
        # The first is what goes into the layers: the embedding of the last token, whatever stands before it.
        return torch.cat([one[rows, last].float() for one in made[1:]], dim=1)

    def _through(self, sequences: Sequence[Ints], forward: Any) -> Any:
        ids, offsets = flat(sequences)
        nothing = np.empty(0, np.int64)
        # Padding stands behind a sequence, where causal attention never looks: any token does.
        return through(Windows(ids, offsets, nothing, nothing, nothing), self._most, self._place, 0, forward)

    def _summed(self, tokens: Any, mask: Any, first: Longs) -> Any:
        import torch

        rows, width = tokens.shape
        logits = self._model(input_ids=tokens, use_cache=False).logits
        begin = torch.zeros(rows, dtype=torch.int64, device=tokens.device)
        begin[: len(first)] = torch.from_numpy(first).to(tokens.device)
        counted = (torch.arange(width, device=tokens.device) >= begin[:, None]) & (mask == 1)
        sums = []
        for start in range(0, rows, max(1, _LOGITS // width)):
            part = slice(start, start + max(1, _LOGITS // width))
            told = torch.log_softmax(logits[part, :-1].float(), dim=-1)
            found = told.gather(-1, tokens[part, 1:, None])[..., 0].double()
            sums.append((found * counted[part, 1:]).sum(dim=1, keepdim=True))
        return torch.cat(sums)

    def _next(self, tokens: Any, mask: Any, options: Ints) -> Any:
        import torch

        rows, width = tokens.shape
        # Sequences of one width end within its last tokens: the logits of the others are of no use.
        kept = min(width, int(steps(np.array([width]))[0]))
        more = {"logits_to_keep": kept} if self._keeps else {}
        logits = self._model(input_ids=tokens, use_cache=False, **more).logits[:, -kept:]
        last = (mask.sum(dim=1) - 1 - (width - kept)).clamp(min=0)  # of an empty row: anything
        told = torch.log_softmax(logits[torch.arange(rows, device=tokens.device), last].float(), dim=-1)
        return told[:, torch.from_numpy(options.astype(np.int64)).to(tokens.device)].double()


def _pools(sequences: Sequence[Ints]) -> list[tuple[int, int]]:
    """Runs of sequences of a bounded number of tokens."""
    found, start, held = [], 0, 0
    for number, one in enumerate(sequences):
        if held and held + len(one) > _POOL:
            found.append((start, number))
            start, held = number, 0
        held += len(one)
    return [*found, (start, len(sequences))] if len(sequences) > start else found


@functools.lru_cache(maxsize=4)
def vocabulary(held: LanguageModel, changed: int) -> Vocabulary:
    """The tokenizer of a folder, held; `changed` is a time that tells one state of the folder from the next."""
    return Vocabulary(held)


def scorer(held: LanguageModel, engine: str, place: Place, most_tokens: int) -> Scorer:
    """The engine `transformers` or `vllm` with a model, held for the next batch."""
    return _scorer(held, engine, place, most_tokens, changed(held.folder))


@functools.lru_cache(maxsize=4)
def _scorer(held: LanguageModel, engine: str, place: Place, most_tokens: int, changed: int) -> Scorer:
    if engine.startswith("vllm"):
        from weft.label.vllm_engine import Vllm

        return Vllm(held, place, most_tokens)
    return Loaded(held, place)
