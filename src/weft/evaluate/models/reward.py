"""A reward model: a sequence classifier of one number in a folder, or behind a server of Text Embeddings Inference."""

from __future__ import annotations

import functools
import importlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weft.engine.kept_answers import KeptAnswers
from weft.engine.keys import digest, library_version
from weft.engine.service_client import Unanswered
from weft.engine.service_file import service_in
from weft.engine.service_http import key_fault, library
from weft.engine.service_loop import Clients
from weft.engine.service_replies import FOLDER, folder_of, key_of
from weft.engine.storage import Storage
from weft.errors import ShardError, WeftError
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Reward, Tell
from weft.label.classifier import Settings, load
from weft.label.transformer import changed, check_libraries, failures, place_of, tokenizer_of
from weft.label.transformer_folder import Classifier, classifier, json_of
from weft.label.windows import CAUSAL_TOKENS
from weft.operators.model_folder import folder_digest, model_folder
from weft.operators.protocols import answered, reward

PROTOCOL = "tei-predict"
_SETTINGS = {"raw_scores": True, "truncate": False}
"""Rewards as they are: the logistic function would make 1 of all high ones. What is too long is refused, not cut."""
_TOGETHER = 256
_STATED = 1e6
"""Tokenizers that know of no limit state one of at least this."""


class _Rewarding:
    """What no reward model does."""

    likely = False
    told: Mapping[str, Any]

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        """Nothing: a reward model does not answer. Raises WeftError."""
        raise WeftError(f"--model {self.told['name']}: a reward model gives rewards alone; expected one that answers")

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        """Nothing: a reward model has none. Raises WeftError."""
        raise WeftError(f"--model {self.told['name']}: a reward model gives rewards alone; expected a language model")


class Served(_Rewarding):
    """A service that a YAML file describes; what it said once it is not asked again."""

    def __init__(self, file: Path, keep: Path) -> None:
        service, _ = service_in(file, (PROTOCOL,), "url of the server of a reward model")
        library()
        if fault := key_fault(service):
            raise WeftError(f"{file}: {fault}")
        self._file, self._service = file, service
        self._clients = functools.cache(lambda: Clients(Storage(keep)))
        self.told = {
            "kind": "reward",
            "name": service.model or file.name,
            "by": "service",
            "digest": digest(service.identity(), _SETTINGS),
            **{name: value for name, value in service.identity().items() if value},
        }

    def rewards(self, pairs: Sequence[Continued], tell: Tell) -> list[Reward]:
        """Of the question, an empty line and the answer. Raises WeftError for a model of several numbers."""
        client = self._clients().client(PROTOCOL, self._service.model_dump(mode="json"))
        texts = [answered(*pair) for pair in pairs]
        asked = list(dict.fromkeys(texts))
        held: dict[str, Reward] = {}
        for first in range(0, len(asked), _TOGETHER):
            tell("rewards", first, len(asked))
            part = asked[first : first + _TOGETHER]

            def look(first: int = first) -> None:
                if client.failing is not None:
                    tell(client.failing, first, len(asked))

            ids = [key_of({}, text).hex() for text in part]
            try:
                found = self._clients().wait(client.many(part, _SETTINGS, ids), look)
            except ShardError as error:
                raise WeftError(f"{self._file}: {error}") from None
            held |= {text: self._reward(one) for text, one in zip(part, found, strict=True)}
        return [held[text] for text in texts]

    def _reward(self, found: Any) -> Reward:
        if isinstance(found, Unanswered):
            return Reward(None, found.reason)
        try:
            return _finite(reward(found))
        except WeftError as error:
            raise WeftError(f"{self._file}: {error}") from None

    def close(self) -> None:
        """Keep what was said."""
        if self._clients.cache_info().currsize:
            self._clients().close()


class Folder(_Rewarding):
    """A folder of Hugging Face's form with a head of one number; conversations by the tokenizer's own template.

    What was computed is kept by the digest of the folder, the device, the precision and the versions of the libraries.
    """

    def __init__(
        self, given: str, keep: Path, device: str = "auto", precision: str = "float32", chat: bool = True
    ) -> None:
        check_libraries("weft evaluate --model FOLDER")
        self._held = classifier(model_folder(given, Path()).absolute())
        if len(self._held.labels) != 1:
            named = ", ".join(self._held.labels[:5])
            raise WeftError(
                f"--model {given}: a classifier of {len(self._held.labels)} labels ({named}); expected a model that "
                "answers, or a reward model, whose head gives one number"
            )
        place, folder = place_of(device, precision, None, CAUSAL_TOKENS), self._held.folder
        self._most = _most_tokens(self._held)
        self._settings = Settings("regression", "first", self._most, 1.0, place)
        self._chat = chat
        libraries = {name: library_version(name) for name in ("torch", "transformers", "tokenizers")}
        content = folder_digest(folder)
        revision = digest(content, place.device, precision, libraries)
        identity = {"protocol": "reward", "model": folder.name, "revision": revision}
        self.told = {
            "kind": "reward",
            "name": folder.name,
            "by": "folder",
            "digest": content,
            "device": place.device,
            "precision": precision,
            "chat": chat,
        }
        self._store = KeptAnswers(keep / FOLDER / folder_of(identity), identity, self._computed, _TOGETHER)

    @functools.cached_property
    def _tokenizer(self) -> Any:
        return tokenizer_of(self._held.folder)

    def rewards(self, pairs: Sequence[Continued], tell: Tell) -> list[Reward]:
        """Of question and answer as one conversation; of one that is too long for the model a reason."""
        asked = [[pair.context, pair.continuation, self._chat] for pair in pairs]
        try:
            found = self._store.of(asked, lambda done, total: tell("rewards", done, total))
        except ShardError as error:
            raise WeftError(f"--model {self._held.folder}: {error}") from None
        return [Reward(*json.loads(body)) for body in found]

    def _computed(self, asked: list[Any]) -> list[bytes]:
        texts = [self._shown(*one) for one in asked]
        sizes = [len(one.ids) for one in self._tokenizer.backend_tokenizer.encode_batch(texts)]
        fits = [row for row, size in enumerate(sizes) if size <= self._most]
        found = [Reward(None, "prompt_too_long")] * len(asked)
        if fits:
            loaded = load(self._held, self._settings, changed(self._held.folder))
            values, good = loaded.scores([texts[row] for row in fits])
            for row, value, known in zip(fits, values[:, 0].tolist(), good.tolist(), strict=True):
                found[row] = _finite(value) if known else Reward(None, "no_reward")
        return [json.dumps(one).encode() for one in found]

    def _shown(self, context: str, continuation: str, chat: bool) -> str:
        known = self._tokenizer
        if not chat or not context or known.chat_template is None:
            return answered(context, continuation)
        said = [{"role": "user", "content": context}, {"role": "assistant", "content": continuation}]
        broken = importlib.import_module("jinja2").TemplateError
        try:
            text = str(known.apply_chat_template(said, tokenize=False))
        except (*failures(), broken) as error:
            first = str(error).strip().partition("\n")[0]
            raise ShardError(f"its chat template cannot be filled: {first}; expected another, or --no-chat") from error
        start = known.bos_token
        if start and known.backend_tokenizer.encode("").ids[:1] == [known.bos_token_id]:
            # The tokenizer puts it there itself: twice is not what the model was trained on.
            text = text.removeprefix(start)
        return text

    def close(self) -> None:
        """Keep what was computed."""
        self._store.close()


def rewards(given: str) -> bool:
    """Whether a folder, or a name in the Hub's cache, is that of a sequence classifier."""
    folder = model_folder(given, Path())
    if not (folder / "config.json").is_file():
        return False
    config = json_of(folder / "config.json")
    kinds = config.get("architectures") if isinstance(config, dict) else None
    return isinstance(kinds, list) and any("ForSequenceClassification" in str(kind) for kind in kinds)


def _most_tokens(held: Classifier) -> int:
    """What the tokenizer says; where it says nothing as many as the model has places: answers are long."""
    stated = json_of(held.folder / "tokenizer_config.json", optional=True).get("model_max_length")
    return held.max_tokens if isinstance(stated, int | float) and 0 < stated < _STATED else held.most_tokens


def _finite(value: float) -> Reward:
    return Reward(value) if math.isfinite(value) else Reward(None, "no_reward")
