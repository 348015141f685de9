"""The meaning of a document as a vector, by an encoder behind an address."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.label.embedding import VECTOR, vector_column
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient


@operator(
    "label.embedding_served",
    version=1,
    reads=("text",),
    writes={"embedding_served": VECTOR},
    kind="service",
    service="service",
    protocols=("openai-embeddings",),
)
def embedding_served(
    *,
    service: Annotated[str, Field(min_length=1)],
    dimensions: Annotated[int, Field(ge=1, le=8192)],
    prompt: str = "",
    max_characters: Annotated[int, Field(ge=1)] = 8000,
    more: dict[str, Any] | None = None,
) -> ServiceFunction:
    """A vector of length one for each document, of `dimensions` numbers, by the encoder that `service` serves.

    `prompt` is put before each document: E5 wants `"query: "`. A document is cut after `max_characters` characters.
    Null where the document has no text; a reply with another number of numbers, with one that is not finite, or with
    zeros alone, is an error (`reply_unreadable`) and a null. `more` are further fields of the request, such as
    `{truncate_prompt_tokens: 512}` or `{encoding_format: base64}`, which is smaller. `deduplicate.semantic` compares
    these vectors with `vectors: embedding_served`.
    """

    async def label(batch: pa.Table, client: ServiceClient) -> pa.Table:
        texts = batch["text"].to_pylist()
        rows = [row for row, text in enumerate(texts) if text is not None and not text.isspace() and text]
        found = await client.ask_each(rows, [prompt + texts[row][:max_characters] for row in rows], more or {})
        good = np.zeros(len(texts), np.bool_)
        vectors = np.zeros((len(texts), dimensions), np.float64)
        for row, vector in zip(rows, found, strict=True):
            if vector is None:
                continue
            fault = fault_of(vector, dimensions)
            if fault is not None:
                client.fail(row, "reply_unreadable", fault)
                continue
            vectors[row], good[row] = vector, True
        kept = vectors[good]
        lengths = np.sqrt((kept**2).sum(axis=1))[:, None]
        return batch.append_column("embedding_served", vector_column((kept / lengths).astype(np.float16), good))

    return label


def fault_of(vector: Any, dimensions: int) -> str | None:
    """What is wrong with a vector that a server gave; null where it has a direction."""
    if len(vector) != dimensions:
        return f"the vector has {len(vector)} numbers; expected {dimensions}"
    if not np.isfinite(vector).all():
        return "the vector holds what is no finite number"
    return None if vector.any() else "the vector is all zeros"
