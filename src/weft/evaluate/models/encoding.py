"""An encoder of sentences: a folder of Hugging Face's or sentence-transformers' form, or a server of embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weft.engine.encoders import opened
from weft.errors import WeftError
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.label.transformer_folder import json_of
from weft.operators.model_folder import model_folder
from weft.parallel.encoding import Vectors

PROTOCOL = "openai-embeddings"


class Encoding:
    """Vectors of sentences, computed once and kept; it answers nothing."""

    likely = False

    def __init__(self, given: str, keep: Path, device: str = "auto") -> None:
        self._tell: Tell = lambda what, done, total: None
        self._held = opened(given, None, keep, device, lambda what, done, total: self._tell(what, done, total))
        told = dict(self._held.told)
        self.told: Mapping[str, Any] = {**told, "kind": "encoder", "by": told["kind"]}

    def vectors(self, texts: Sequence[str], tell: Tell) -> Vectors:
        """A vector of length one for each text, and which texts have one."""
        self._tell = tell
        return self._held.embed(texts)

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        """Nothing: an encoder does not answer. Raises WeftError."""
        raise WeftError(f"--model {self.told['name']}: an encoder gives vectors alone; expected a model that answers")

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        """Nothing: an encoder has none. Raises WeftError."""
        raise WeftError(f"--model {self.told['name']}: an encoder gives vectors alone; expected a language model")

    def close(self) -> None:
        """Keep the vectors."""
        self._held.close()


def encodes(given: str) -> bool:
    """Whether a folder, or a name in the Hub's cache, is that of an encoder and not of a model that writes.

    It is one with modules of sentence-transformers, or with an architecture that has no head for the next token.
    """
    folder = model_folder(given, Path())
    if (folder / "modules.json").is_file():
        return True
    if not (folder / "config.json").is_file():
        return False
    config = json_of(folder / "config.json")
    kinds = [str(one) for one in config.get("architectures") or ()] if isinstance(config, dict) else []
    return bool(kinds) and all(
        kind.endswith(("Model", "ForMaskedLM")) and not kind.endswith("LMHeadModel") for kind in kinds
    )
