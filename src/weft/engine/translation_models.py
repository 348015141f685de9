"""Translation models in a folder: by transformers, or converted for CTranslate2; beam search, nothing is downloaded."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from weft.engine.translation_backends import (
    Decode,
    OutOfMemory,
    by_ctranslate2,
    by_transformers,
    check_libraries,
    tokenizer_of,
)
from weft.engine.translation_codes import Tags, tags_in
from weft.recipe.services import Service

_LONGEST = 1024
"""Tokens of a text where a model does not say how many it takes."""


class Translation(NamedTuple):
    """A translation; `finish` is stop, or length where it was cut; tokens of the text and of the translation."""

    text: str
    finish: str
    taken: int
    given: int


class Translator:
    """A model that is loaded. For one thread."""

    def __init__(self, tokenizer: Any, tags: Tags, decode: Decode, longest: int, most: int, server: str) -> None:
        """`longest`: tokens that a text may have; `most`: at which a translation is cut; `server`: what computes."""
        self._tokenizer = tokenizer
        self.tags = tags
        self._decode = decode
        self._longest, self._most = longest, most
        self.server = server
        # The first mBART and the first NLLB have the language behind the text.
        name = type(tokenizer).__name__
        self._behind = name == "MBartTokenizer" or bool(getattr(tokenizer, "legacy_behaviour", False))
        self._special = {*tokenizer.all_special_ids, *map(tokenizer.convert_tokens_to_ids, tags.tags.values())}

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Translation | str]:
        """A translation of each text, or what is wrong with it.

        Raises ValueError for languages that the model does not know, and OutOfMemory for too large a batch.
        """
        self.tags.check(source, target)
        found: list[Translation | str] = ["" for _ in texts]
        chosen: dict[int, list[int]] = {}
        for place, text in enumerate(texts):
            if not text.strip():
                found[place] = Translation("", "stop", 0, 0)
                continue
            ids = self._encoded(text, source, target)
            if len(ids) > self._longest:
                found[place] = f"the text has {len(ids)} tokens; the model takes {self._longest}"
            else:
                chosen[place] = ids
        for place, made in self._made(chosen, self._first(target)).items():
            end = self._tokenizer.eos_token_id
            whole = bool(made) and made[-1] == end and len(made) < self._most
            kept = [number for number in made if number not in self._special]
            text = self._tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            found[place] = Translation(text.strip(), "stop" if whole else "length", len(chosen[place]), len(made))
        return found

    def _made(self, chosen: dict[int, list[int]], first: int | None) -> dict[int, list[int]]:
        """The tokens of the translations; halves of a batch for which there is no room."""
        if not chosen:
            return {}
        try:
            return dict(zip(chosen, self._decode(list(chosen.values()), first), strict=True))
        except OutOfMemory:
            if len(chosen) == 1:
                raise
        halves = list(chosen.items())
        middle = len(halves) // 2
        return self._made(dict(halves[:middle]), first) | self._made(dict(halves[middle:]), first)

    def _encoded(self, text: str, source: str, target: str) -> list[int]:
        tokenizer = self._tokenizer
        if not self.tags.tags:
            return list(tokenizer.encode(text))
        ids = list(tokenizer.encode(text, add_special_tokens=False))
        tag = self.tags.of(target, "target") if self.tags.place == "before" else self.tags.of(source, "source")
        number, end = tokenizer.convert_tokens_to_ids(tag), tokenizer.eos_token_id
        return [*ids, end, number] if self._behind else [number, *ids, end]

    def _first(self, target: str) -> int | None:
        if not self.tags.tags or self.tags.place == "before":
            return None
        return int(self._tokenizer.convert_tokens_to_ids(self.tags.of(target, "target")))


def opened(service: Service) -> Translator:
    """The model that a service names, ready to translate. Raises WeftError or ShardError where it cannot be loaded."""
    check_libraries(service)
    folder = Path(service.path)
    tokenizer = tokenizer_of(folder)
    pair = (getattr(tokenizer, "source_lang", None), getattr(tokenizer, "target_lang", None))
    # The tokenizer of M2M100 has its languages beside its vocabulary.
    tags = tags_in([*tokenizer.get_vocab(), *getattr(tokenizer, "lang_token_to_id", ())], pair)
    decode, longest = (by_transformers if service.backend == "transformers" else by_ctranslate2)(service, tokenizer)
    stated = tokenizer.model_max_length
    longest = longest or (stated if stated < 10**6 else _LONGEST)
    server = f"{service.backend} {importlib.metadata.version(service.backend)}"
    return Translator(tokenizer, tags, decode, longest, service.max_tokens, server)
