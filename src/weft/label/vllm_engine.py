"""vLLM as the engine of a causal language model, where a person has installed it."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.errors import ShardError, WeftError
from weft.label.answers import Doubles
from weft.label.transformer import Place, settled
from weft.label.transformer_folder import LanguageModel
from weft.label.windows import Ints
from weft.text.buffers import Longs

ENGINE = r"^(transformers|vllm(==\S+)?)$"
"""What the parameter `engine` may be; the version is written by `settled_engine`, for the key."""


def check_engine(engine: str, operator: str) -> None:
    """Raise WeftError that says how vLLM is installed when it is asked for and missing."""
    if engine.startswith("vllm") and _version() is None:
        raise WeftError(
            f"{operator}: engine is vllm, and the library vllm is not installed; expected it from: pip install vllm "
            "(Linux, a GPU), or engine: transformers"
        )


def settled_engine(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters whose device and, of vLLM, version are settled: answers belong to them."""
    made = settled(parameters)
    return {**made, "engine": f"vllm=={_version()}"} if made["engine"].startswith("vllm") else made


def _version() -> str | None:
    try:
        return importlib.metadata.version("vllm")
    except importlib.metadata.PackageNotFoundError:
        return None


class Vllm:
    """A `Scorer`: it batches by itself, so that last bits of its answers depend on what is asked together."""

    def __init__(self, held: LanguageModel, place: Place, most_tokens: int) -> None:
        try:
            self._vllm = importlib.import_module("vllm")
            self._model = self._vllm.LLM(
                model=str(held.folder),
                dtype=place.precision,
                # One more than is asked for: an answer of one token is always made, and thrown away.
                max_model_len=min(most_tokens + 1, held.most_tokens),
                seed=0,
            )
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            first = str(error).strip().partition("\n")[0]
            raise ShardError(f"{held.folder}: cannot be loaded by vLLM: {first}") from error

    def totals(self, sequences: Sequence[Ints], first: Longs) -> Doubles:
        asked = self._vllm.SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=1)
        prompts = [{"prompt_token_ids": one.tolist()} for one in sequences]
        answers = self._model.generate(prompts, asked, use_tqdm=False) if prompts else []
        found = np.zeros(len(sequences))
        for row, (answer, ids, begin) in enumerate(zip(answers, sequences, first.tolist(), strict=True)):
            told = answer.prompt_logprobs
            found[row] = sum(told[place][int(ids[place])].logprob for place in range(max(begin, 1), len(ids)))
        return found

    def choices(self, sequences: Sequence[Ints], options: Ints) -> Doubles:
        asked = [np.append(one, option).astype(np.int32) for one in sequences for option in options]
        first = np.array([len(one) - 1 for one in asked], np.int64)
        return self.totals(asked, first).reshape(len(sequences), len(options))
