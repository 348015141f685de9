"""Encoders of sentences for pairs: a folder, a name in the Hub's cache, or a server; vectors are computed once.

What an encoder answered is kept by its weights, the device and the text, in the form in which replies of services are.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weft.engine.kept_answers import KeptAnswers
from weft.engine.keys import digest, library_version
from weft.engine.service_file import service_in, yaml_of
from weft.engine.service_replies import FOLDER, folder_of, key_of
from weft.errors import ShardError, WeftError
from weft.model.languages import normalise, normalises
from weft.parallel.encoding import Embed, Vectors, directed

Tell = Callable[[str, int, int | None], None]
DEVICES = ("auto", "cpu", "cuda")
_TOGETHER = 1_024
"""Texts that are computed, and kept, together."""
_SERVED = (".yaml", ".yml", ".json")
_CODE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,8})*")
_PROTOCOLS = ("openai-embeddings",)
_OWN_KEYS = ("languages", "prompt", "max_characters")


@dataclass(frozen=True)
class Encoder:
    """What gives vectors: what a model remembers of it, the languages that it declares, and how to end."""

    told: Mapping[str, Any]
    declared: frozenset[str]
    embed: Embed
    close: Callable[[], None] = lambda: None


def opened(
    given: str, languages: str | None, keep: Path, device: str = "auto", tell: Tell = lambda what, done, total: None
) -> Encoder:
    """The encoder that `--encoder` names, with its vectors kept below `keep`; nothing is computed yet.

    `languages` are codes with commas between, in place of those that it declares itself. Raises WeftError for a name
    that is none, a folder that holds no encoder, a file that describes no service, and codes that are none.
    """
    if device not in DEVICES:
        raise WeftError(f"--device {device}: expected {', '.join(DEVICES)}")
    stated = None if languages is None else _codes(languages)
    if Path(given).suffix in _SERVED:
        return _served(Path(given), stated, keep, tell)
    return _folder(given, stated, keep, device, tell)


def _codes(given: str) -> frozenset[str]:
    try:
        return frozenset(normalise(code) for code in given.split(","))
    except ValueError as error:
        raise WeftError(f"--encoder-languages {given}: {error}") from None


def _declared(held: Any) -> frozenset[str]:
    """Codes of what a model card lists under `language`; what is no code is left out."""
    listed = [held] if isinstance(held, str) else held if isinstance(held, list) else []
    found = (normalises(str(one)) for one in listed if _CODE.fullmatch(str(one)))
    return frozenset(code for code in found if code is not None)


def languages_of_card(folder: Path) -> frozenset[str]:
    """The languages that the model card (README.md) in a folder declares."""
    try:
        text = (folder / "README.md").read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    head = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    if head is None:
        return frozenset()
    held = yaml_of(head.group(1), folder / "README.md")
    return _declared(held.get("language")) if isinstance(held, dict) else frozenset()


def _folder(given: str, stated: frozenset[str] | None, keep: Path, device: str, tell: Tell) -> Encoder:
    from weft.label.embedding import embedder
    from weft.label.transformer import settled, torch_on
    from weft.operators.model_folder import folder_digest, model_folder

    folder = model_folder(given, Path())
    where = settled({"device": device})["device"]
    run = embedder("--encoder", str(folder), where, "float32", "declared", None, None, 0.3, None)
    libraries = {name: library_version(name) for name in ("torch", "transformers", "tokenizers")}
    told = {"name": given, "kind": "folder", "digest": folder_digest(folder), "device": where}
    identity = {"protocol": "encoder", "model": folder.name, "revision": digest(told["digest"], where, libraries)}
    loading = threading.Lock()

    @functools.cache
    def loaded() -> None:
        run(["a"])

    def compute(texts: list[str]) -> list[bytes]:
        try:
            with loading:
                loaded()
            torch_on(where)  # how many threads a product has is a matter of each thread
            vectors, known = run(texts)
        except ShardError as error:
            raise WeftError(f"--encoder {given}: {error}") from None
        return [vector.tobytes() if good else b"" for vector, good in zip(vectors, known, strict=True)]

    store = KeptAnswers(keep / FOLDER / folder_of(identity), identity, compute, _TOGETHER)

    def embed(texts: Sequence[str]) -> Vectors:
        return _together(store.of(texts, lambda done, total: tell("embed", done, total)), np.float16)

    return Encoder(told, stated if stated is not None else languages_of_card(folder), embed, store.close)


def _together(bodies: Sequence[bytes], kind: Any) -> Vectors:
    """Vectors of one length, from their bytes; an empty one is none."""
    known = np.array([len(body) > 0 for body in bodies], np.bool_)
    size = max(map(len, bodies), default=0)
    if not known.any():
        return Vectors(np.zeros((len(bodies), 1), np.float32), known)
    held = np.frombuffer(b"".join(body or bytes(size) for body in bodies), kind).reshape(len(bodies), -1)
    return directed(held.astype(np.float32), known)


def _served(file: Path, stated: frozenset[str] | None, keep: Path, tell: Tell) -> Encoder:
    from weft.engine.service_client import Unanswered
    from weft.engine.service_http import key_fault, library
    from weft.engine.service_loop import Clients
    from weft.engine.storage import Storage
    from weft.label.embedding_served import fault_of

    service, more = service_in(file, _PROTOCOLS, "url, model, languages of an encoder", _OWN_KEYS)
    library()
    if fault := key_fault(service):
        raise WeftError(f"{file}: {fault}")
    prompt, most = str(more.get("prompt") or ""), more.get("max_characters", 8_000)
    if not isinstance(most, int) or most < 1:
        raise WeftError(f"{file}: max_characters: expected a number of 1 or more")
    clients = functools.cache(lambda: Clients(Storage(keep)))
    opening = threading.Lock()
    length: list[int] = []

    def embed(texts: Sequence[str]) -> Vectors:
        each = [text if text and not text.isspace() else "" for text in texts]
        asked = list({prompt + text[:most]: None for text in each if text})
        held: dict[str, bytes] = {}
        with opening:
            client = clients().client("encoder", service.model_dump(mode="json"))
        for first in range(0, len(asked), _TOGETHER):
            tell("embed", first, len(asked))
            part = asked[first : first + _TOGETHER]
            ids = [key_of({}, text).hex() for text in part]
            try:
                found = clients().wait(client.many(part, {}, ids))
            except ShardError as error:
                raise WeftError(f"{file}: {error}") from None
            for text, vector in zip(part, found, strict=True):
                if isinstance(vector, Unanswered):
                    continue
                length[:] = length or [len(vector)]
                if len(vector) != length[0]:
                    raise WeftError(f"{file}: the server gave vectors of {length[0]} and of {len(vector)} numbers")
                if fault_of(vector, length[0]) is None:
                    held[text] = np.asarray(vector, "<f4").tobytes()
        return _together([held.get(prompt + text[:most], b"") if text else b"" for text in each], "<f4")

    told = {"name": str(file), "kind": "service", "digest": digest(service.identity(), prompt, most)}
    told |= {name: value for name, value in service.identity().items() if value}
    declared = stated if stated is not None else _declared(more.get("languages"))
    return Encoder(told, declared, embed, lambda: clients().close() if clients.cache_info().currsize else None)


def same(encoder: Encoder, told: Mapping[str, Any], where: str) -> None:
    """Raise WeftError unless the encoder is the one that a model was trained with."""
    if encoder.told["digest"] != told["digest"]:
        raise WeftError(
            f"--encoder {encoder.told['name']}: is not the encoder that {where} was trained with ({told['name']}, "
            f"{told['digest'][:12]}); expected that one, or --no-encoder to score by the lexicon alone"
        )
