"""Classifier heads over a vector that is there already: one pass of an encoder serves many of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.errors import ShardError, WeftError
from weft.label.answers import best
from weft.operators.contract import BatchFunction, operator

_ANSWER = pa.struct({"label": pa.string(), "score": pa.float32()})


def _writes(parameters: Mapping[str, Any]) -> dict[str, pa.DataType]:
    return {"head": pa.struct({Path(file).stem: _ANSWER for file in parameters["files"]})}


@operator(
    "label.head",
    version=1,
    reads=(),
    writes={"head": pa.struct({"NAME": _ANSWER})},
    files_in=("files",),
    columns_in="vectors",
    writes_by=_writes,
)
def head(
    *,
    files: Annotated[tuple[str, ...], Field(min_length=1)],
    vectors: Annotated[str, Field(pattern=r"^embedding(_[a-z0-9_]+)?$")] = "embedding",
) -> BatchFunction:
    """A label and its score by each of the heads in `files`, over the vector of a document in the column `vectors`.

    A head is a safetensors file of a linear layer, or of several, over the vectors of one encoder; it answers under the
    name of its file without its ending: `head.education.score` is that of education.safetensors. `label` is the one
    with the highest score, `score` its probability or that of the head's `target`, or the number itself for a
    regression. Metadata of the file: `labels` (a JSON list of names), `problem_type` (as in a Hugging Face config.json;
    one output: regression), `activation` between layers (relu, tanh, silu, gelu, gelu_tanh), `target`. Null where the
    vector is null. It needs no GPU and none of the libraries of models.
    """
    from weft.label.head_file import load_head

    names = [Path(file).stem for file in files]
    for name in names:
        if not name.isidentifier() or names.count(name) > 1:
            raise WeftError(
                f"files: rules ask for a head by the name of its file, and {name!r} is not one name of its own; "
                "expected different names of letters, digits and _"
            )
    heads = [load_head(Path(file)) for file in files]
    wanted = heads[0].dimensions
    for one in heads:
        if one.dimensions != wanted:
            raise WeftError(
                f"{one.file} takes vectors of {one.dimensions} numbers, and {heads[0].file} of {wanted}; expected "
                "heads over one encoder"
            )

    def label(batch: pa.Table) -> pa.Table:
        column = batch[vectors].combine_chunks()
        good = column.is_valid().to_numpy(zero_copy_only=False)
        lengths = np.diff(column.offsets.to_numpy())[good]
        if len(lengths) and (lengths != wanted).any():
            raise ShardError(
                f"{vectors} has vectors of {lengths[lengths != wanted][0]} numbers, and {heads[0].file} takes "
                f"{wanted}; expected a head that was trained on vectors of the same model"
            )
        held = column.filter(pa.array(good)).flatten().to_numpy().reshape(-1, wanted)
        parts = []
        for one in heads:
            scores = np.zeros((len(good), len(one.labels)))
            scores[good] = one.scores(held)
            found = best(scores, one.labels, good, one.target)
            parts.append(pa.StructArray.from_arrays(list(found), fields=list(_ANSWER), mask=pa.array(~good)))
        fields = [pa.field(name, _ANSWER) for name in names]
        return batch.append_column("head", pa.StructArray.from_arrays(parts, fields=fields, mask=pa.array(~good)))

    return label
