"""How well a causal language model of the user predicts a document."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.label.embedding import BatchTokens, Device, MaxTokens, Precision, Share
from weft.label.vllm_engine import ENGINE, settled_engine
from weft.label.windows import CAUSAL_TOKENS, Ints
from weft.operators.contract import BatchFunction, operator

if TYPE_CHECKING:
    from weft.label.causal import Scorer, Vocabulary

_TYPE = pa.struct({"bits_per_byte": pa.float32(), "nats_per_token": pa.float32(), "tokens": pa.int64()})
_MOST_TOKENS = 2_048


@operator(
    "label.perplexity",
    version=1,
    reads=("text",),
    writes={"perplexity": _TYPE},
    libraries=("torch", "transformers"),
    folders_in=("model",),
    settle=settled_engine,
    device_in="device",
)
def perplexity(
    *,
    model: Annotated[str, Field(min_length=1)],
    engine: Annotated[str, Field(pattern=ENGINE)] = "transformers",
    device: Device = "auto",
    precision: Precision = "float32",
    max_tokens: MaxTokens | None = None,
    stride: Annotated[int, Field(ge=1)] | None = None,
    most_unknown: Share = 0.05,
    batch_tokens: BatchTokens | None = None,
) -> BatchFunction:
    """Bits for each byte that the causal language model in the folder `model` needs for a document, and nats a token.

    `bits_per_byte` is the negative log-likelihood over ln 2 and the bytes of the UTF-8 text (Gao et al. 2020): it
    compares models with other tokenizers, where `nats_per_token`, whose exponential is the perplexity, does not.
    `tokens` are those of the document. A window has `max_tokens` tokens (null: what the model has places for, at most
    2,048), the first of which is the model's token for a beginning (bos_token, else eos_token). In a longer document
    the next window begins `stride` tokens on (null: half a window), and only what the one before did not hold is
    counted, so that every token is counted once, and but for those of the first window with much context. Names of
    special tokens in a text are text. Null where the document has no text or no tokens, or where over `most_unknown` of
    them are unknown to the vocabulary: an unknown token is cheap to predict. With `engine: vllm` that library computes
    (a GPU; not tried); transformers gives the same answer whatever stands beside a document. The libraries torch and
    transformers must be installed (weft[models]). `batch_tokens` is null for 512 on a CPU and 8,192 on a GPU.
    """
    from weft.label.causal import scorer, vocabulary
    from weft.label.transformer import changed, check_libraries, place_of
    from weft.label.transformer_folder import check_tokens, language_model
    from weft.label.vllm_engine import check_engine

    check_libraries("label.perplexity")
    check_engine(engine, "label.perplexity")
    held = language_model(Path(model).absolute())
    check_tokens(model, max_tokens, held.most_tokens)
    width = max_tokens or min(held.most_tokens, _MOST_TOKENS)
    step = stride if stride is not None else max(1, (width - 1) // 2)
    if step > width - 1:
        raise WeftError(f"stride is {step}, and a window holds {width - 1} tokens of a text; expected no more")

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        rows = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False))
        if not len(rows):
            return batch.append_column("perplexity", pa.nulls(len(text), _TYPE))
        engine_held = scorer(held, engine, place_of(device, precision, batch_tokens, CAUSAL_TOKENS), width)
        known = vocabulary(held, changed(held.folder))
        found = _measured(engine_held, known, text.take(pa.array(rows)).to_pylist(), width, step, most_unknown)
        place = np.full(len(text), -1, np.int64)
        place[rows] = np.arange(len(rows))
        return batch.append_column("perplexity", found.take(pa.array(place, mask=place < 0)))

    return label


def _measured(
    engine: Scorer, known: Vocabulary, texts: list[str], width: int, stride: int, most_unknown: float
) -> pa.Array:
    """A struct of the operator's type for each text."""
    ids = known.ids(texts)
    held = [strided(one, known.start, width, stride) for one in ids]
    first = np.array([begin for windows in held for _, begin in windows], np.int64)
    found = engine.totals([window for windows in held for window, _ in windows], first)
    nats = np.zeros(len(ids))
    np.add.at(nats, np.repeat(np.arange(len(ids)), [len(windows) for windows in held]), -found)
    tokens = np.array([len(one) for one in ids], np.int64)
    size = np.array([len(text.encode()) for text in texts], np.int64)
    none = -1 if known.unknown is None else known.unknown
    unknown = np.array([np.count_nonzero(one == none) for one in ids])
    good = (tokens > 0) & (unknown <= most_unknown * tokens) & np.isfinite(nats)
    columns = (nats / math.log(2) / np.maximum(size, 1), nats / np.maximum(tokens, 1), tokens)
    parts = [pa.array(column).cast(field.type) for column, field in zip(columns, _TYPE, strict=True)]
    return pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=pa.array(~good))


def strided(ids: Ints, start: int, width: int, stride: int) -> list[tuple[Ints, int]]:
    """Windows of at most `width` tokens, `start` before each, and from which of their tokens on they count."""
    found: list[tuple[Ints, int]] = []
    begin, counted = 0, 0
    while counted < len(ids):
        end = min(begin + width - 1, len(ids))
        window = np.concatenate([[start], ids[begin:end]]).astype(np.int32)
        found.append((window, 1 + counted - begin))
        begin, counted = begin + stride, end
    return found
