"""The meaning of a document as a vector, by an encoder that the user has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.label.encoder_folder import Encoder
from weft.label.transformer import settled
from weft.operators.contract import BatchFunction, operator

VECTOR = pa.list_(pa.float16())

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["float32", "bfloat16", "float16"]
Pooling = Literal["declared", "mean", "cls", "max"]
MaxTokens = Annotated[int, Field(ge=8, le=131_072)]
BatchTokens = Annotated[int, Field(ge=64)]
Share = Annotated[float, Field(ge=0, le=1)]
Halves = np.ndarray[Any, np.dtype[np.float16]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@operator(
    "label.embedding",
    version=2,
    reads=("text",),
    writes={"embedding": VECTOR},
    libraries=("torch", "transformers"),
    folders_in=("model",),
    settle=settled,
    device_in="device",
)
def embedding(
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
    """A vector of length one for each document, by the encoder in the folder `model`.

    `model` is the folder of a sentence-transformers model (its Transformer, Pooling, Dense and Normalize modules) or of
    any Hugging Face encoder, or the name of a model in the local cache of the Hub; nothing is downloaded. `pooling` is
    what the folder declares, else the mean. A document of more than `max_tokens` tokens (null: what the folder says, at
    most 512 where it says nothing) is cut into windows, whose vectors are averaged by their tokens. `prompt` is put
    before each document (null: what the folder declares); E5 wants `"query: "`. Null where the document has no text or
    no tokens, or where over `most_unknown` of its tokens are unknown to the vocabulary: such documents would all be
    alike. With `device: auto` a GPU is used where there is one. Answers belong to the files of the folder, the device
    and the precision. `batch_tokens` is null for 512 on a CPU and 65,536 on a GPU. The libraries torch and
    transformers must be installed (weft[models]).
    """
    embed = embedder(
        "label.embedding", model, device, precision, pooling, max_tokens, prompt, most_unknown, batch_tokens
    )

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        rows = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False))
        good = np.zeros(len(text), np.bool_)
        values = np.empty((0, 1), np.float16)
        if len(rows):
            vectors, known = embed(text.take(pa.array(rows)).to_pylist())
            good[rows] = known
            values = vectors[known]
        return batch.append_column("embedding", vector_column(values, good))

    return label


def embedder(
    operator: str,
    model: str,
    device: Device,
    precision: Precision,
    pooling: Pooling,
    max_tokens: int | None,
    prompt: str | None,
    most_unknown: float,
    batch_tokens: int | None,
) -> Callable[[list[str]], tuple[Halves, Flags]]:
    """What makes vectors of texts with these parameters: a row for each text, and which rows are one.

    The files of the folder are checked now, and the model is loaded with the first texts. Raises WeftError for a folder
    that is none, and ShardError, with the texts, for weights that cannot be loaded.
    """
    from weft.label.encoder import Settings, load
    from weft.label.encoder_folder import declared
    from weft.label.transformer import changed, check_libraries, place_of
    from weft.label.transformer_folder import check_tokens

    check_libraries(operator)
    held: Encoder = declared(Path(model).absolute())
    check_tokens(model, max_tokens, held.most_tokens)

    def embed(texts: list[str]) -> tuple[Halves, Flags]:
        settings = Settings(
            held.pooling if pooling == "declared" else pooling,
            max_tokens or held.max_tokens,
            place_of(device, precision, batch_tokens),
            held.prompt if prompt is None else prompt,
            most_unknown,
        )
        return load(held, settings, changed(held.folder)).embed(texts)

    return embed


def vector_column(values: Halves, good: Flags) -> pa.Array:
    """A column of vectors from those of the rows that have one (`good`); null for the others."""
    offsets = np.concatenate([[0], np.cumsum(good)]) * values.shape[1]
    if offsets[-1] > np.iinfo(np.int32).max:
        raise OverflowError("more than 2^31 numbers in one batch; expected smaller batches")
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values.ravel()), mask=pa.array(~good))
    return lists.cast(VECTOR)
