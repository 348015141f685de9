"""The libraries that run translation models: how each is loaded from a folder, and how it decodes a batch."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weft.errors import ShardError, WeftError
from weft.label import transformer
from weft.recipe.services import Service

Decode = Callable[[list[list[int]], int | None], list[list[int]]]
"""Texts as numbers of tokens, and the number with which each translation has to begin: the tokens of the translations,
with their end where they have one, and without what they had to begin with."""


class OutOfMemory(Exception):
    """A batch was too large for the memory of the device."""


def check_libraries(service: Service) -> None:
    """Raise WeftError that says how a missing library is installed; none is imported."""
    for name in ("transformers", "torch" if service.backend == "transformers" else "ctranslate2"):
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise WeftError(
                f"protocol translate needs the library {name}, which is not installed; expected it from: "
                "pip install 'weft[translate]'"
            ) from None


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer in a folder. Raises ShardError where there is none that can be loaded."""
    library = importlib.import_module("transformers")
    library.logging.set_verbosity_error()
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (AttributeError, TypeError) as error:  # of files that miss a part
        raise transformer.unloadable(folder, error) from error
    except transformer.failures() as error:
        raise transformer.unloadable(folder, error) from error
    if len(tokenizer) <= len(set(tokenizer.all_special_ids)) or tokenizer.eos_token_id is None:
        raise ShardError(f"{folder}: its tokenizer knows no tokens; expected the tokenizer's files beside the model")
    return tokenizer


def by_transformers(service: Service, tokenizer: Any) -> tuple[Decode, int | None]:
    """A model of transformers with encoder and decoder, and how long a text may be, where it says so."""
    device = service.device if service.device != "auto" else "cuda" if transformer.has_cuda() else "cpu"
    precision = "float32" if service.precision == "auto" else service.precision
    folder = Path(service.path)
    torch = transformer.torch_on(device)
    model = transformer.model_of(folder, "AutoModelForSeq2SeqLM", device, precision, transformer.changed(folder))
    settings = model.generation_config
    settings.max_length = None  # the service's own bound holds
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id

    def decode(texts: list[list[int]], first: int | None) -> list[list[int]]:
        if device == "cpu":
            torch.set_num_threads(service.threads)
        width = max(map(len, texts))
        ids = torch.tensor([[*text, *[padding] * (width - len(text))] for text in texts], device=device)
        lengths = torch.tensor([[len(text)] for text in texts], device=device)
        mask = (torch.arange(width, device=device)[None, :] < lengths).long()
        more = {} if first is None else {"forced_bos_token_id": first}
        try:
            with torch.inference_mode():
                made = model.generate(
                    input_ids=ids,
                    attention_mask=mask,
                    num_beams=service.beam,
                    do_sample=False,
                    length_penalty=service.length_penalty,
                    max_new_tokens=service.max_tokens + (first is not None),
                    **more,
                )
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(str(error)) from error
        start = 1 + (first is not None)
        return [_ended(row[start:], tokenizer.eos_token_id) for row in made.tolist()]

    config = model.config
    stated = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    return decode, stated if config.model_type not in ("t5", "mt5", "umt5") else None


def _ended(row: list[int], end: int) -> list[int]:
    """A row up to its end: only those that have one are padded."""
    return row[: row.index(end) + 1] if end in row else row


def by_ctranslate2(service: Service, tokenizer: Any) -> tuple[Decode, int | None]:
    """A model that was converted for CTranslate2; how long a text may be is not said."""
    library = importlib.import_module("ctranslate2")
    folder = Path(service.path)
    precision = "default" if service.precision == "auto" else service.precision
    try:
        held = json.loads((folder / "config.json").read_text("utf-8"))
        model = library.Translator(
            str(folder), device=service.device, compute_type=precision, inter_threads=1, intra_threads=service.threads
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise transformer.unloadable(folder, error) from error
    adds_end = bool(held.get("add_source_eos"))
    end = tokenizer.eos_token_id

    def decode(texts: list[list[int]], first: int | None) -> list[list[int]]:
        tokens = [
            tokenizer.convert_ids_to_tokens(text[:-1] if adds_end and text[-1] == end else text) for text in texts
        ]
        begun = None if first is None else [[tokenizer.convert_ids_to_tokens(first)] for _ in texts]
        try:
            found = model.translate_batch(
                tokens,
                target_prefix=begun,
                beam_size=service.beam,
                length_penalty=service.length_penalty,
                max_decoding_length=service.max_tokens + (first is not None),
                max_input_length=0,
                return_end_token=True,
            )
        except RuntimeError as error:
            if "out of memory" in str(error):
                raise OutOfMemory(str(error)) from error
            raise
        start = 0 if first is None else 1
        return [tokenizer.convert_tokens_to_ids(one.hypotheses[0][start:]) for one in found]

    return decode, None
