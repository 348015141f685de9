"""How well the sides of a pair translate each other, by a scorer of the user for their languages."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct(
    {
        "source": pa.string(),
        "target": pa.string(),
        "score": pa.float32(),
        "probability": pa.float32(),
        "keep": pa.bool_(),
        "reasons": pa.list_(pa.string()),
    }
)


@operator(
    "label.pair_score",
    version=1,
    reads=("text", "record_kind", "parts"),
    writes={"pair_score": _TYPE},
    folders_in=("models",),
)
def pair_score(*, models: Annotated[tuple[str, ...], Field(min_length=1)]) -> BatchFunction:
    """How well the sides of a pair translate each other, and why it does not pass; null for what is no pair.

    `models` are folders that `weft train pairs` wrote, one for each pair of languages. `score` is the mean
    log-likelihood ratio of both directions (above 0 for translations), `probability` that the pair is right, `reasons`
    the heads that it fails (mismatch, truncated_source, truncated_target, number, copy, fluency_source,
    fluency_target), and `keep` says that it fails none. Of languages without a model there are `source` and `target`
    alone: the rest is null.

    The first side is the source; where a model is for the other direction, `source` and `target` say so. Of more than
    two sides each is scored with the first: `reasons` are those of all, `keep` says that none fails, and the numbers
    are those of the side with the lowest probability, the first of them.
    """
    # The kernels are loaded where they are needed: a list of operators names this one too.
    from weft.parallel.pair_scores import scores

    scored = scores(models, _TYPE)

    def label(batch: pa.Table) -> pa.Table:
        return batch.append_column("pair_score", scored(batch))

    return label
