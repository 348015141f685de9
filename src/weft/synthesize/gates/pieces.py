"""Parts of records as one table: a row for each text that gates judge."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

SIZES = (12, 24, 48, 96, 192, 384)
"""Characters at which the classes of sizes begin: bands are learnt for each class, as short texts vary more."""
AS_TRANSLATION = ("translation", "back_translation")
SAME_SHAPE = ("translation", "back_translation", "paraphrase", "noise", "code_switch", "other_script")
"""Relations in which a text says what the one it was made of says, sentence by sentence."""
JUDGED = (*SAME_SHAPE, "instruction", "answer", "dialogue")
"""Relations that all gates look at. Of `degraded` only the first and the last do, of `human` the last alone."""
FRAME = {
    "row": pl.Int64,
    "part": pl.Int32,
    "language": pl.String,
    "text": pl.String,
    "relation": pl.String,
    "of": pl.String,
    "of_language": pl.String,
}


def pieces(records: pa.Table) -> pl.DataFrame:
    """FRAME and `size` (a class of SIZES, from 0) of all parts of the rows without a problem, in their order."""
    table = records.select(["parts", "problem"]).combine_chunks()
    held = pl.DataFrame({"parts": pl.from_arrow(table["parts"]), "bad": table["problem"].is_valid().to_numpy()})
    frame = (
        held.with_row_index("row")
        .filter(~pl.col("bad") & (pl.col("parts").list.len() > 0))
        .select(pl.col("row").cast(pl.Int64), "parts")
        .explode("parts")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("row").alias("part"))
        .unnest("parts")
    )
    return sized(frame.select(pl.col(name).cast(kind) for name, kind in FRAME.items()))


def sized(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with `text` and, beside it, the class of its size."""
    characters = pl.col("text").fill_null("").str.len_chars()
    return frame.with_columns(pl.sum_horizontal(characters >= least for least in SIZES).cast(pl.Int8).alias("size"))
