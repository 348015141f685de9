"""The one division into sentences that everything which needs them reads."""

from __future__ import annotations

import pyarrow as pa

from weft.operators.contract import BatchFunction, operator


@operator(
    "label.sentences",
    version=1,
    reads=("text",),
    writes={"sentences": pa.list_(pa.int32())},
    transient=True,
    libraries=("icu4py",),
)
def sentences() -> BatchFunction:
    """Begin and end of every sentence, in characters of the text: flat pairs, in order, without overlap.

    UAX #29 sentence boundaries by ICU, the same in all languages, and every line end (`weft.text.sentences`). Thai and
    Lao write no mark between sentences: there a sentence is as long as its line.
    """
    from weft.text.sentences import sentences as bounds

    def label(batch: pa.Table) -> pa.Table:
        return batch.append_column("sentences", bounds(batch["text"]))

    return label
