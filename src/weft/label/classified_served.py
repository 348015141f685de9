"""The class of each document, by a classifier behind an address."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient

SCORES = pa.list_(pa.struct({"label": pa.string(), "score": pa.float32()}))
CLASSIFIED = pa.struct({"label": pa.string(), "score": pa.float32(), "scores": SCORES})


@operator(
    "label.classified_served",
    version=1,
    reads=("text",),
    writes={"classified_served": CLASSIFIED},
    kind="service",
    service="service",
    protocols=("tei-predict",),
)
def classified_served(
    *,
    service: Annotated[str, Field(min_length=1)],
    max_characters: Annotated[int, Field(ge=1)] = 8000,
    truncate: bool = True,
) -> ServiceFunction:
    """The label with the highest score, and the scores of all, by the classifier that `service` serves.

    `service` speaks `tei-predict`: the `/predict` of Text Embeddings Inference. A document is cut after
    `max_characters` characters, and by the server to what its model takes (`truncate`). Scores go from the highest
    down, equal ones by label. Null where the document has no text; a reply without labels is an error
    (`reply_unreadable`) and a null.
    """

    async def label(batch: pa.Table, client: ServiceClient) -> pa.Table:
        texts = batch["text"].to_pylist()
        rows = [row for row, text in enumerate(texts) if text is not None and not text.isspace() and text]
        found = await client.ask_each(rows, [texts[row][:max_characters] for row in rows], {"truncate": truncate})
        column: list[dict[str, object] | None] = [None] * len(texts)
        for row, choices in zip(rows, found, strict=True):
            if choices is None:
                continue
            if not choices:
                client.fail(row, "reply_unreadable", "the reply has no labels")
                continue
            ordered = sorted(choices, key=lambda choice: (-choice["score"], choice["label"]))
            column[row] = {**ordered[0], "scores": ordered}
        return batch.append_column("classified_served", pa.array(column, CLASSIFIED))

    return label
