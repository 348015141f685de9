"""A causal language model in a folder of Hugging Face's form, on this machine."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weft.engine.kept_answers import KeptAnswers
from weft.engine.keys import digest, library_version
from weft.engine.service_replies import FOLDER, folder_of
from weft.errors import ShardError, WeftError
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, States, Tell
from weft.label.causal import Loaded, Vocabulary, scorer, vocabulary
from weft.label.transformer import Place, changed, check_libraries, model_of, place_of, torch_on
from weft.label.transformer_folder import LanguageModel, language_model
from weft.label.windows import CAUSAL_TOKENS, Ints
from weft.operators.model_folder import folder_digest, model_folder

_TOGETHER = 512
_ROWS = {"cpu": 8, "cuda": 64}
"""Prompts that are answered in one batch."""
_GREEDY = 4
"""Fields of a question whose answer is not drawn; of one that is come temperature and number of the sample."""


class Folder:
    """Log-likelihoods and greedy answers; the chat template of the tokenizer is used for answers, where it has one.

    What was computed is kept by the digest of the folder, the device, the precision and the versions of the libraries.
    """

    likely = True

    def __init__(
        self, given: str, keep: Path, device: str = "auto", precision: str = "float32", chat: bool = True
    ) -> None:
        check_libraries("weft evaluate --model FOLDER")
        self._held = language_model(model_folder(given, Path()).absolute())
        self._place = place_of(device, precision, None, CAUSAL_TOKENS)
        self._chat = chat
        libraries = {name: library_version(name) for name in ("torch", "transformers", "tokenizers")}
        content = folder_digest(self._held.folder)
        revision = digest(content, self._place.device, precision, libraries)
        identity = {"protocol": "folder", "model": self._held.folder.name, "revision": revision}
        self.told: Mapping[str, Any] = {
            "kind": "folder",
            "name": self._held.folder.name,
            "digest": content,
            "device": self._place.device,
            "precision": precision,
            "chat": chat,
        }
        place = keep / FOLDER / folder_of(identity)
        self._written = KeptAnswers(place, {**identity, "asked": "answer"}, self._answers, _TOGETHER)
        self._likely = KeptAnswers(place, {**identity, "asked": "likelihood"}, self._totals, _TOGETHER)

    @functools.cached_property
    def _vocabulary(self) -> Vocabulary:
        return vocabulary(self._held, changed(self._held.folder))

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        """Greedy answers; a prompt that leaves no room for one has a reason."""
        asked = [
            [one.prompt, one.max_tokens, list(one.stop), self._chat]
            + ([] if one.temperature is None else [one.temperature, one.sample])
            for one in questions
        ]
        found = self._run(self._written, asked, tell, "answers")
        return [Output(*json.loads(body)) for body in found]

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        """Of the tokens in which the whole differs from its context alone, given all before them.

        A context that is too long loses its beginning; None of a continuation that has no room itself, or no tokens.
        """
        asked = [[pair.context, pair.continuation] for pair in pairs]
        found = [json.loads(body) for body in self._run(self._likely, asked, tell, "log-likelihoods")]
        return [None if one is None else Likelihood(*one) for one in found]

    def states(self, texts: Sequence[str], tell: Tell) -> States:
        """Hidden states of the last token of each text; none of a text without tokens, or with too many.

        They are computed anew in each run: of a large model they are too many to be kept.
        """
        known = self._vocabulary
        sequences = [np.concatenate([[known.start], ids]).astype(np.int32) for ids in known.ids(texts)]
        sizes = np.array([len(one) for one in sequences], np.int64)
        there = (sizes > 1) & (sizes <= self._held.most_tokens)
        # By length, so that what is computed together is padded little.
        order = np.flatnonzero(there)[np.argsort(sizes[there], kind="stable")]
        values = np.zeros((0, 1, 1), np.float32)
        try:
            torch_on(self._place.device)
            engine = scorer(self._held, "transformers", self._place, self._held.most_tokens)
            assert isinstance(engine, Loaded)
            for first in range(0, len(order), _TOGETHER):
                tell("hidden states", first, len(order))
                rows = order[first : first + _TOGETHER]
                made = engine.states([sequences[row] for row in rows])
                if not first:
                    values = np.zeros((len(texts), *made.shape[1:]), np.float32)
                values[rows] = made
        except ShardError as error:
            raise WeftError(f"--model {self._held.folder}: {error}") from None
        if len(values):
            there &= (np.isfinite(values).all(axis=2) & (values != 0).any(axis=2)).all(axis=1)
        return States(values, there)

    def _run(self, store: KeptAnswers, asked: list[Any], tell: Tell, what: str) -> list[bytes]:
        try:
            return store.of(asked, lambda done, total: tell(what, done, total))
        except ShardError as error:
            raise WeftError(f"--model {self._held.folder}: {error}") from None

    def _totals(self, asked: list[Any]) -> list[bytes]:
        torch_on(self._place.device)
        known, most = self._vocabulary, self._held.most_tokens
        contexts = known.ids([context for context, _ in asked])
        wholes = known.ids([context + continuation for context, continuation in asked])
        sequences, firsts, rows = [], [], []
        found: list[Any] = [None] * len(asked)
        for row, (context, whole) in enumerate(zip(contexts, wholes, strict=True)):
            first = _common(context, whole)
            count = len(whole) - first
            if not 0 < count < most:
                continue
            kept = whole[max(0, len(whole) - (most - 1)) :]
            sequences.append(np.concatenate([[known.start], kept]).astype(np.int32))
            firsts.append(len(kept) + 1 - count)
            rows.append((row, count))
        engine = scorer(self._held, "transformers", self._place, most)
        sums = engine.totals(sequences, np.array(firsts, np.int64)) if sequences else np.empty(0)
        for (row, count), value in zip(rows, sums, strict=True):
            found[row] = [float(value), count] if np.isfinite(value) else None
        return [json.dumps(one).encode() for one in found]

    def _answers(self, asked: list[Any]) -> list[bytes]:
        made: list[bytes] = []
        for part in _parts(asked, _ROWS[self._place.device]):
            made += _generated(self._held, self._place, self._vocabulary, part)
        return made

    def close(self) -> None:
        """Keep what was computed."""
        self._written.close()
        self._likely.close()


def _parts(asked: list[Any], rows: int) -> Iterator[list[Any]]:
    """Questions that are answered in one batch; what is drawn stands alone, so that its seed alone decides it."""
    part: list[Any] = []
    for one in asked:
        drawn = len(one) > _GREEDY
        if part and (drawn or len(part[0]) > _GREEDY or len(part) == rows):
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def _common(first: Ints, second: Ints) -> int:
    """How many tokens two sequences begin with alike."""
    size = min(len(first), len(second))
    differ = np.flatnonzero(first[:size] != second[:size])
    return int(differ[0]) if len(differ) else size


def _prompt(known: Vocabulary, text: str, chat: bool) -> Ints:
    if chat and known.whole.chat_template is not None:
        message = [{"role": "user", "content": text}]
        return known.with_special(known.whole.apply_chat_template(message, tokenize=False, add_generation_prompt=True))
    return np.concatenate([[known.start], known.ids([text])[0]]).astype(np.int32)


def _generated(held: LanguageModel, place: Place, known: Vocabulary, asked: list[Any]) -> list[bytes]:
    """Text, finish and reason of each, as JSON."""
    torch = torch_on(place.device)
    model = model_of(held.folder, "AutoModelForCausalLM", place.device, place.precision, changed(held.folder))
    found: list[Any] = [[None, None, "prompt_too_long"]] * len(asked)
    prompts = {row: _prompt(known, text, chat) for row, (text, _, _, chat, *_) in enumerate(asked)}
    fits = [row for row, one in prompts.items() if len(one) + asked[row][1] <= held.most_tokens]
    if not fits:
        return [json.dumps(one).encode() for one in found]
    width = max(len(prompts[row]) for row in fits)
    ids, mask = np.full((len(fits), width), known.start, np.int64), np.zeros((len(fits), width), np.int64)
    for place_, row in enumerate(fits):
        ids[place_, width - len(prompts[row]) :] = prompts[row]
        mask[place_, width - len(prompts[row]) :] = 1
    most = max(asked[row][1] for row in fits)
    room = min(most, held.most_tokens - width) if width < held.most_tokens else 1
    how: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    if len(asked[0]) > _GREEDY:
        temperature, sample = asked[0][_GREEDY:]
        torch.manual_seed(int(digest(asked[0][0], sample)[:12], 16))
        how = {"do_sample": True, "temperature": temperature, "top_p": 1.0, "top_k": 0}
    with torch.inference_mode():
        out = model.generate(
            torch.from_numpy(ids).to(place.device),
            attention_mask=torch.from_numpy(mask).to(place.device),
            max_new_tokens=max(room, 1),
            num_beams=1,
            **how,
            pad_token_id=known.start,
        )
    for place_, row in enumerate(fits):
        _, limit, stops, *_ = asked[row]
        found[row] = _cut(known, out[place_, width:].tolist()[:limit], limit, stops, _ends(model))
    return [json.dumps(one, ensure_ascii=False).encode("utf-8", "surrogatepass") for one in found]


def _ends(model: Any) -> frozenset[int]:
    held = model.generation_config.eos_token_id
    return frozenset([held] if isinstance(held, int) else held or ())


def _cut(known: Vocabulary, tokens: list[int], limit: int, stops: Sequence[str], ends: frozenset[int]) -> list[Any]:
    """What was written before its end: a token of ending, or a text that ends it."""
    end = next((at for at, token in enumerate(tokens) if token in ends), None)
    text = known.whole.decode(tokens if end is None else tokens[:end], skip_special_tokens=True)
    at = min((found for stop in stops if (found := text.find(stop)) >= 0), default=None)
    if at is not None:
        text = text[:at]
    return [text, "length" if end is None and at is None and len(tokens) >= limit else "stop", None]
