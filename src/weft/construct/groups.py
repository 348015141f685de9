"""What belongs together and is never split between train and test: documents of a group, pairs that share a side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

SMALL = 100
"""Documents up to which what belongs together is drawn, whatever its share: a small corpus has large shares."""
KEY = {"row": pl.UInt32, "key": pl.UInt64, "language": pl.String}


def too_large(size: npt.NDArray[np.int64], documents: int, largest: float) -> npt.NDArray[np.bool_]:
    """Which units have more than the share `largest` of all documents, and more than SMALL.

    Such a unit would make or unmake a test set: a list of words, say, of which each is linked to all others.
    """
    return np.asarray(size > max(largest * documents, SMALL))


def belonging(batch: pa.Table, least_characters: int) -> pl.DataFrame:
    """KEY rows of a batch: rows with a key in common belong together.

    A row has a key for its `group_id`, whatever its source, and if it is a pair one for each side: its language and its
    text with case and white space folded. `language` is that of the side, null for a group. Sides of fewer than
    `least_characters` have none. Reads `group_id`, `text`, `record_kind`, `parts`.
    """
    from weft.text.sides import named_keys, sides

    groups = pl.DataFrame({"group": pl.from_arrow(batch["group_id"])}).cast(pl.String).with_row_index("row")
    held = sides(batch).drop_nulls("hash").filter(pl.col("text").str.len_chars() >= least_characters)
    named = pl.concat(
        [
            groups.drop_nulls("group").select(
                "row", pl.format("group {}", "group").alias("name"), pl.lit(None, pl.String).alias("language")
            ),
            held.select("row", pl.format("side {} {}", "language", "hash").alias("name"), "language"),
        ]
    )
    return named.with_columns(named_keys(named["name"])).select(list(KEY))
