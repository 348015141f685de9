"""A language model of the user as a judge: how probable each answer to a question about a document is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.label.embedding import BatchTokens, Device, MaxTokens, Precision
from weft.label.vllm_engine import ENGINE, settled_engine
from weft.label.windows import CAUSAL_TOKENS
from weft.operators.contract import BatchFunction, operator

if TYPE_CHECKING:
    from weft.label.rubric import Answered

_TYPE = pa.struct(
    {"answer": pa.string(), "score": pa.float32(), "probability": pa.float32(), "answered": pa.float32()}
)  # fmt: skip
_MOST_TOKENS = 2_048


@operator(
    "label.rubric_score",
    version=1,
    reads=("text",),
    writes={"rubric_score": _TYPE},
    libraries=("torch", "transformers"),
    folders_in=("model",),
    settle=settled_engine,
    device_in="device",
)
def rubric_score(
    *,
    model: Annotated[str, Field(min_length=1)],
    prompt: Annotated[str, Field(min_length=1)],
    answers: Annotated[dict[str, float], Field(min_length=2)],
    chat: Literal["declared", "none"] = "declared",
    engine: Annotated[str, Field(pattern=ENGINE)] = "transformers",
    device: Device = "auto",
    precision: Precision = "float32",
    max_tokens: MaxTokens | None = None,
    batch_tokens: BatchTokens | None = None,
) -> BatchFunction:
    """The expected score of a document, by a causal language model that is asked `prompt` about it; nothing is sampled.

    `prompt` has `{text}` where the document stands. `answers` are the possible answers and what each is worth:
    `{"0": 0, "1": 1, "2": 2}`, or `{"yes": 1, "no": 0}`. Their probabilities are those of the model to go on with them,
    each over the sum of all. `score` is the mean of what they are worth by probability, `answer` the most probable one,
    the first of equal ones, `probability` its, and `answered` the sum before: near 0 where the model would say
    something else. With `chat: declared` the prompt is put into the chat template of the folder, where it has one. An
    answer follows the prompt directly: begin it with a space where the model would (`" yes"`). The document is
    tokenized by itself, names of special tokens in it are text, and what is over `max_tokens` (null: what the model has
    places for, at most 2,048) is cut off its end. Null where the document has no text, or nothing but white space. With
    `engine: vllm` that library computes (a GPU; not tried); transformers gives the same answer whatever stands beside a
    document. The libraries torch and transformers must be installed (weft[models]).
    `batch_tokens` is null for 512 on a CPU and 8,192 on a GPU.
    """
    from weft.label.causal import scorer
    from weft.label.transformer import changed, check_libraries, place_of
    from weft.label.transformer_folder import check_tokens, language_model
    from weft.label.vllm_engine import check_engine

    check_libraries("label.rubric_score")
    check_engine(engine, "label.rubric_score")
    if prompt.count("{text}") != 1:
        raise WeftError(
            f"prompt has {prompt.count('{text}')} times {{text}}; expected it once, where the document stands"
        )
    if "" in answers:
        raise WeftError("answers: one of them is empty; expected what the model may say, such as yes")
    held = language_model(Path(model).absolute())
    check_tokens(model, max_tokens, held.most_tokens)
    width = max_tokens or min(held.most_tokens, _MOST_TOKENS)

    def label(batch: pa.Table) -> pa.Table:
        from weft.label.rubric import answered, question

        texts = batch["text"].to_pylist()
        rows = [row for row, text in enumerate(texts) if text is not None and not text.isspace() and text]
        if not rows:
            return batch.append_column("rubric_score", pa.nulls(len(texts), _TYPE))
        asked = question(held, changed(held.folder), prompt, tuple(answers), chat == "declared", width)
        engine_held = scorer(held, engine, place_of(device, precision, batch_tokens, CAUSAL_TOKENS), width)
        found = answered(engine_held, asked, [texts[row] for row in rows], np.array(list(answers.values())))
        return batch.append_column("rubric_score", _column(len(texts), rows, found))

    return label


def _column(count: int, rows: list[int], found: Answered) -> pa.Array:
    place = np.full(count, -1, np.int64)
    place[rows] = np.arange(len(rows))
    good = (place >= 0) & found.finite[place]
    taken = pa.array(np.maximum(place, 0), mask=~good)
    parts = [part.take(taken) for part in found.columns]
    return pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=pa.array(~good))
