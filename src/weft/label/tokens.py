"""The one segmentation that everything which needs words reads."""

from __future__ import annotations

import pyarrow as pa

from weft.operators.contract import BatchFunction, operator


@operator(
    "label.tokens",
    version=1,
    reads=("text",),
    writes={"tokens": pa.list_(pa.int32())},
    transient=True,
    libraries=("icu4py",),
)
def tokens() -> BatchFunction:
    """Start and end of every token, in bytes of the UTF-8 text: flat pairs, in order, without overlap.

    Rules in `weft.text.segment`: character classes for spaced scripts, ICU's dictionaries for the others.
    """
    from weft.text.segment import tokenize

    def label(batch: pa.Table) -> pa.Table:
        return batch.append_column("tokens", tokenize(batch["text"]))

    return label
