"""The languages of a document's words, and how it mixes them."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.model.tables import SPAN
from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct(
    {"spans": pa.list_(SPAN), "cmi": pa.float32(), "i_index": pa.float32(), "m_index": pa.float32()}
)  # fmt: skip


@operator(
    "label.lid_spans",
    version=1,
    reads=("text",),
    writes={"lid_spans": _TYPE},
    assets=("language/weights/default.npz",),
    files_in=("model",),
)
def lid_spans(
    *,
    model: str | None = None,
    among: Annotated[tuple[str, ...], Field(min_length=1)] | None = None,
) -> BatchFunction:
    """Spans of words in one language each, and three measures of how the document mixes its languages.

    `model` is a file that `weft train language` wrote; null: the model that weft carries. A span has the characters
    where it begins and ends, a language, the code of a group of languages that are told apart badly, or
    `und_<Script>`, and a score to 1. With `among`, words are of these languages only (`und` among them: or of none of
    them); without, a second language must explain its words much better than the first. `cmi` is the code-mixing index
    (0 to 100), `i_index` the probability of a switch from word to word, `m_index` how even the languages are; null
    where no word has a language.
    """
    from weft.language.mixing import MEASURES, measures
    from weft.language.model import model_in
    from weft.language.spans import check_among, span_lists, spans_of, tag_words

    held = model_in(model)
    check_among(held, among)

    def label(batch: pa.Table) -> pa.Table:
        words = tag_words(held, batch["text"], among=among)
        rows = batch.num_rows
        found = measures(words, rows)
        parts = [span_lists(spans_of(words), rows), *(found[name].to_arrow() for name in MEASURES)]
        none = batch["text"].combine_chunks().is_null()
        made = pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=none)
        return batch.append_column("lid_spans", made)

    return label
