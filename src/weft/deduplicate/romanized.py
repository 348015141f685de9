"""Signatures by which documents of one language meet across its scripts: MinHash over a romanised skeleton."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

TYPE = pa.struct({"bands": pa.list_(pa.uint64()), "shingles": pa.int32(), "script": pa.int16()})
Symbols = Annotated[int, Field(ge=1, le=12)]
"""As many as `weft.text.romanized.LONGEST`, which is not imported here: rooms load without kernels."""

SCRIPTS = (
    *("Latn", "Cyrl", "Arab", "Tfng", "Adlm", "Hebr", "Grek", "Geor", "Armn", "Java"),
    *("Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym"),
)
"""Scripts whose letters `weft.text.romanized` knows; the place of one + 1 is its number in a signature."""
_ONE_LANGUAGE = {
    **dict.fromkeys(("bos", "hrv", "srp", "cnr"), "hbs"),
    **dict.fromkeys(("ind", "zsm", "zlm"), "msa"),
    **dict.fromkeys(("pes", "prs"), "fas"),
}
"""Codes that an identifier gives the same text when it stands in another script: those of the groups of `label.lid`."""


@operator("deduplicate.romanized", version=1, reads=("text", "lid"), writes={"romanized": TYPE})
def romanized(
    *,
    bands: Annotated[int, Field(ge=1, le=256)] = 64,
    rows: Annotated[int, Field(ge=1, le=64)] = 3,
    symbols: Symbols = 7,
    least: Annotated[int, Field(ge=1)] = 40,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> BatchFunction:
    """Keys of `bands` bands of `rows` MinHash values, over shingles of `symbols` consonants of the romanised text.

    Keys belong to the language that `lid` names, whatever its script; Bosnian, Croatian, Montenegrin and Serbian are
    one language here, and so are Indonesian and Malay, and Persian and Dari. A pair with Jaccard similarity J shares a
    band with probability 1 - (1 - J^rows)^bands: .94 at .35 and .9998 at .5 by default. A text of fewer shingles than
    `least` has no bands, nor has one whose language is unknown or whose script is not among those romanised. Null for
    null text.
    """
    from weft.text.buffers import string_buffers
    from weft.text.minhash import band_keys
    from weft.text.romanized import skeleton_hashes

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        language, script = _language_and_script(batch)
        # Sorted sets are not needed: the smallest of the hashes is that of the set.
        shingles, starts = skeleton_hashes(string_buffers(text), symbols)
        sizes = np.diff(starts)
        keys = band_keys(shingles, starts, bands, rows, seed) ^ language[:, None]
        met = (sizes >= least) & (script > 0)
        offsets = np.concatenate([[0], np.cumsum(np.where(met, bands, 0))]).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(keys[met].ravel()))
        parts = [lists, pa.array(sizes.astype(np.int32)), pa.array(script)]
        made = pa.StructArray.from_arrays(parts, fields=list(TYPE), mask=text.is_null())
        return batch.append_column("romanized", made)

    return label


def _language_and_script(
    batch: pa.Table,
) -> tuple[np.ndarray[tuple[int], np.dtype[np.uint64]], np.ndarray[tuple[int], np.dtype[np.int16]]]:
    """A hash of each document's language, and the number of its script; 0 where either is unknown."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    codes = pl.DataFrame({"lid": pl.from_arrow(batch["lid"])}).unnest("lid")["language"]
    once = codes.unique(maintain_order=True)
    parts = pl.DataFrame({"code": once}).select(
        "code",
        pl.col("code").str.slice(0, 3).replace(_ONE_LANGUAGE).alias("language"),
        pl.col("code")
        .str.slice(4)
        .replace_strict({name: n + 1 for n, name in enumerate(SCRIPTS)}, default=0, return_dtype=pl.Int16)
        .alias("script"),
    )
    named = ~pl.col("language").is_in(["und", "zxx", "mul", "mis"])
    parts = parts.with_columns(pl.when(named).then(pl.col("script")).otherwise(0).fill_null(0).cast(pl.Int16))
    hashes = pl.Series("hash", plain_hashes(string_buffers(parts["language"].to_arrow())), dtype=pl.UInt64)
    known = parts.with_columns(hashes)
    found = pl.DataFrame({"code": codes}).join(known, on="code", how="left", maintain_order="left", nulls_equal=True)
    return found["hash"].to_numpy(), found["script"].to_numpy()
