"""Documents that are read elsewhere already: ids, and which of the times that a document is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from weft.errors import WeftError


@dataclass(frozen=True)
class Unwanted:
    """`rows` has `id` and `copy`, no pair twice."""

    file: Path
    rows: pl.DataFrame

    @classmethod
    def read(cls, file: Path) -> Unwanted:
        """The ids of a Parquet file; without a column `copy` the first time is meant. Raises WeftError."""
        try:
            held = pl.read_parquet(file)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise WeftError(
                f"--leave-out {file}: cannot be read ({str(error).splitlines()[0]}); expected Parquet"
            ) from None
        if held.schema.get("id") != pl.String:
            raise WeftError(f"--leave-out {file}: no text column id; it has {', '.join(held.columns)[:200]}")
        copy = pl.col("copy").cast(pl.Int64) if "copy" in held.columns else pl.lit(1, pl.Int64)
        return cls(file, held.select("id", copy.alias("copy")).unique())

    def taken_from(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """Rows with `id`, `copy` and `repeats` that are read without these, and how many readings that leaves out.

        A row stands for the times from `copy` on, `repeats` of them.
        """
        numbered = rows.with_row_index("row")
        held = numbered.select("row", "id", "copy", "repeats").join(self.rows, on="id", how="inner", suffix="_out")
        within = (pl.col("copy_out") >= pl.col("copy")) & (pl.col("copy_out") < pl.col("copy") + pl.col("repeats"))
        count = held.filter(within).group_by("row").agg(pl.len().cast(pl.Int64).alias("out"))
        made = numbered.join(count, on="row", how="left", maintain_order="left").with_columns(
            pl.col("out").fill_null(0)
        )
        left = made.with_columns((pl.col("repeats") - pl.col("out")).alias("repeats")).filter(
            (pl.col("repeats") > 0) | (pl.col("out") == 0)
        )
        return left.drop("row", "out"), int(made["out"].sum())
