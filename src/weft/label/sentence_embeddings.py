"""The meaning of every sentence of a document as a vector, with the place of the sentence."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.label.embedding import (
    VECTOR,
    BatchTokens,
    Device,
    Flags,
    Halves,
    MaxTokens,
    Pooling,
    Precision,
    Share,
    embedder,
    vector_column,
)
from weft.label.transformer import settled
from weft.label.windows import Ints
from weft.operators.contract import BatchFunction, operator
from weft.text.buffers import Longs, list_buffers

SENTENCE = pa.struct({"begin": pa.int32(), "end": pa.int32(), "vector": VECTOR})
_TYPE = pa.list_(SENTENCE)
_AT_ONCE = 1 << 16
"""Sentences whose text and float32 sums are held at once."""


@operator(
    "label.sentence_embeddings",
    version=1,
    reads=("text", "sentences"),
    writes={"sentence_embeddings": _TYPE},
    libraries=("torch", "transformers"),
    folders_in=("model",),
    settle=settled,
    device_in="device",
)
def sentence_embeddings(
    *,
    model: Annotated[str, Field(min_length=1)],
    device: Device = "auto",
    precision: Precision = "float32",
    pooling: Pooling = "declared",
    max_tokens: MaxTokens | None = None,
    prompt: str | None = None,
    most_unknown: Share = 0.3,
    batch_tokens: BatchTokens | None = None,
) -> BatchFunction:
    """A vector of length one for each sentence of a document, by the encoder in the folder `model`.

    Sentences are those of label.sentences. Each has the characters where it begins and ends, so that
    `text[begin:end]` is what the vector is of, and its vector as float16; the vector is null where the sentence has no
    tokens, or where over `most_unknown` of them are unknown to the vocabulary. Null where the document has no text; an
    empty list where it has no sentence. Parameters are those of label.embedding, and a model that both name is loaded
    once. Sentences of many documents are batched together by their tokens. The libraries torch and transformers must
    be installed (weft[models]).
    """
    embed = embedder(
        "label.sentence_embeddings", model, device, precision, pooling, max_tokens, prompt, most_unknown, batch_tokens
    )

    def label(batch: pa.Table) -> pa.Table:
        texts = batch["text"].to_pylist()
        values, offsets = list_buffers(batch["sentences"])
        counts = np.diff(offsets) // 2
        begin, end = values[offsets[0] : offsets[-1] : 2], values[offsets[0] + 1 : offsets[-1] : 2]
        row = np.repeat(np.arange(len(texts)), counts)
        vectors: list[Halves] = []
        good: list[Flags] = []
        for start in range(0, len(row), _AT_ONCE):
            chosen = slice(start, start + _AT_ONCE)
            places = zip(row[chosen].tolist(), begin[chosen].tolist(), end[chosen].tolist(), strict=True)
            found, known = embed([texts[number][first:last] for number, first, last in places])
            vectors.append(found[known])
            good.append(known)
        missing = batch["text"].combine_chunks().is_null()
        return batch.append_column("sentence_embeddings", _column(begin, end, vectors, good, counts, missing))

    return label


def _column(
    begin: Ints, end: Ints, vectors: list[Halves], good: list[Flags], counts: Longs, missing: pa.Array
) -> pa.Array:
    width = max((part.shape[1] for part in vectors if len(part)), default=1)
    held = [part for part in vectors if len(part)] or [np.empty((0, width), np.float16)]
    known = np.concatenate(good) if good else np.empty(0, np.bool_)
    column = vector_column(np.concatenate(held), known)
    structs = pa.StructArray.from_arrays(
        [pa.array(begin, pa.int32()), pa.array(end, pa.int32()), column], fields=list(SENTENCE)
    )
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs, type=_TYPE, mask=missing)
