"""The meaning of a document as a vector, by an encoder that the user has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator

VECTOR = pa.list_(pa.float16())


def _settled(parameters: dict[str, Any]) -> dict[str, Any]:
    from weft.label.encoder import has_cuda

    if parameters["device"] != "auto":
        return parameters
    return {**parameters, "device": "cuda" if has_cuda() else "cpu"}


@operator(
    "label.embedding",
    version=1,
    reads=("text",),
    writes={"embedding": VECTOR},
    libraries=("torch", "transformers"),
    folders_in=("model",),
    settle=_settled,
    device_in="device",
)
def embedding(
    *,
    model: Annotated[str, Field(min_length=1)],
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["float32", "bfloat16", "float16"] = "float32",
    pooling: Literal["declared", "mean", "cls", "max"] = "declared",
    max_tokens: Annotated[int, Field(ge=8, le=131_072)] | None = None,
    prompt: str | None = None,
    most_unknown: Annotated[float, Field(ge=0, le=1)] = 0.3,
    batch_tokens: Annotated[int, Field(ge=64)] | None = None,
) -> BatchFunction:
    """A vector of length one for each document, by the encoder in the folder `model`.

    `model` is the folder of a sentence-transformers model (its Transformer, Pooling, Dense and Normalize modules) or of
    any Hugging Face encoder, or the name of a model in the local cache of the Hub; nothing is downloaded. `pooling` is
    what the folder declares, else the mean. A document of more than `max_tokens` tokens (null: what the folder says, at
    most 512 where it says nothing) is cut into windows, whose vectors are averaged by their tokens. `prompt` is put
    before each document (null: what the folder declares); E5 wants `"query: "`. Null where the document has no text or
    no tokens, or where over `most_unknown` of its tokens are unknown to the vocabulary: such documents would all be
    alike. With `device: auto` a GPU is used where there is one. Answers belong to the files of the folder, the device
    and the precision. `batch_tokens` is null for 2,048 on a CPU and 65,536 on a GPU. The libraries torch and
    transformers must be installed (weft[models]).
    """
    from weft.label.encoder import BATCH_TOKENS, Settings, changed, check_libraries, has_cuda, load
    from weft.label.encoder_folder import declared

    check_libraries("label.embedding")
    held = declared(Path(model).absolute())
    if max_tokens is not None and max_tokens > held.most_tokens:
        raise WeftError(f"max_tokens is {max_tokens}, and {model} has places for {held.most_tokens}; expected no more")

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        rows = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False))
        good = np.zeros(len(text), np.bool_)
        values = np.empty((0, 1), np.float16)
        if len(rows):
            where = device if device != "auto" else "cuda" if has_cuda() else "cpu"
            settings = Settings(
                held.pooling if pooling == "declared" else pooling,
                max_tokens or held.max_tokens,
                where,
                precision,
                batch_tokens or BATCH_TOKENS[where],
                held.prompt if prompt is None else prompt,
                most_unknown,
            )
            loaded = load(held, settings, changed(held.folder))
            vectors, known = loaded.embed(text.take(pa.array(rows)).to_pylist())
            good[rows] = known
            values = vectors[known].astype(np.float16)
        return batch.append_column("embedding", vector_column(values, good))

    return label


def vector_column(values: np.ndarray[Any, np.dtype[np.float16]], good: np.ndarray[Any, np.dtype[np.bool_]]) -> pa.Array:
    """A column of vectors from those of the rows that have one (`good`); null for the others."""
    offsets = np.concatenate([[0], np.cumsum(good)]).astype(np.int32) * values.shape[1]
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.ravel()), mask=pa.array(~good))
    return lists.cast(VECTOR)
