"""What a document's `meta` says of a machine that made it: the fields that records of `weft synthesize` bring along."""

from __future__ import annotations

import polars as pl

ONE = ("recipe", "version", "skill")
SEVERAL = {
    **{"made": "made", "relation": "relations", "model": "models", "prompt": "prompts"},
    **{"verdicts": "verdicts"},
}
"""Fields of several values by the key of their list in `meta.synthetic`."""
FIELDS = (*ONE, *SEVERAL, "reviewed")
_QUOTED = r'"(?:[^"\\]|\\.)*"'


def provenance(meta: pl.Series) -> pl.DataFrame:
    """FIELDS of each document as text, all null where no machine is known to have made it.

    Several values are joined by +, in order. `verdicts` are gate@version and what it said; `reviewed` is JSON.
    """
    # Few documents are synthetic: JSON is read of those alone that may be.
    perhaps = meta.str.contains('"synthetic"', literal=True).fill_null(False)
    at = pl.when("perhaps").then("meta").str.json_path_match
    found = {name: at(f"$.synthetic.{name}") for name in (*ONE, "reviewed")}
    for name, key in SEVERAL.items():
        listed = at(f"$.synthetic.{key}").str.extract_all(_QUOTED).list.eval(pl.element().str.strip_chars('"'))
        found[name] = listed.list.join("+").replace("", None)
    frame = pl.DataFrame({"meta": meta, "perhaps": perhaps}, schema_overrides={"meta": pl.String}).select(**found)
    known = pl.col("recipe").is_not_null()
    return frame.select(pl.when(known).then(pl.col(name)).alias(name) for name in FIELDS)
