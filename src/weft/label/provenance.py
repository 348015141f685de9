"""Whether a machine made a document, by what: the provenance that records of `weft synthesize` bring along."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from weft.govern.provenance import provenance as provenance_of
from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct(
    {
        "synthetic": pa.bool_(),
        "origin": pa.string(),
        "recipe": pa.string(),
        "version": pa.string(),
        "skill": pa.string(),
        "made": pa.string(),
        "relation": pa.string(),
        "model": pa.string(),
        "prompt": pa.string(),
    }
)


@operator("label.provenance", version=1, reads=("meta",), writes={"provenance": _TYPE})
def provenance() -> BatchFunction:
    """Whether a machine made the document or parts of it, as `meta.synthetic` says (format: synthetic).

    `origin` is `synthetic` or `gathered`, for mixtures, which group by text; `synthetic` is the same as true or false,
    for rules. The rest is null of gathered text: `recipe` and `version` of the operator that made it, `skill`, `made`
    (what of it is machine-made: a language of a pair, a role of a conversation, prompt, chosen, rejected or text),
    `relation` of that to what a person wrote, `model` and `prompt` (name@version). Several are joined by +, in order.
    Text that was gathered may be machine-made too: this says what weft knows, and looks at no text.
    """

    def label(batch: pa.Table) -> pa.Table:
        told = provenance_of(pl.Series(pl.from_arrow(batch["meta"]), dtype=pl.String))
        known = told["recipe"].is_not_null()
        made = told.with_columns(
            known.alias("synthetic"),
            pl.when(known).then(pl.lit("synthetic")).otherwise(pl.lit("gathered")).alias("origin"),
        )
        columns = made.to_arrow(compat_level=pl.CompatLevel.oldest())
        cast = [columns[field.name].combine_chunks().cast(field.type) for field in _TYPE]
        return batch.append_column("provenance", pa.StructArray.from_arrays(cast, fields=list(_TYPE)))

    return label
