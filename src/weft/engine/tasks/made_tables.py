"""What the tasks of synthesis share: verdicts beside records, sizes of texts, trusted texts, registers, plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from weft.engine.storage import Storage, read_batches
from weft.engine.work import Context
from weft.errors import ShardError, WeftError
from weft.govern import purposes
from weft.model.records import VERDICT

PURPOSE = "synthesise_from"
VERDICTS = pa.schema({"gates": pa.list_(VERDICT), "passed": pa.bool_()})


def register(consents: str | None) -> purposes.Register | None:
    """Purposes by consent id. Raises WeftError for a file that does not say them."""
    if consents is None:
        return None
    try:
        return purposes.read_register(Path(consents).read_bytes(), consents)
    except OSError as error:
        raise WeftError(f"{consents}: cannot be read: {error.strerror}; expected a register of consents") from None


def first_fail(verdicts: pa.Array | pa.ChunkedArray, start: int = 0) -> pl.DataFrame:
    """`row` (from `start` on), `gate` and `detail` of the verdict at which each record stopped; null: it passed all."""
    rows = pl.DataFrame({"gates": pl.from_arrow(verdicts)}).with_row_index("row", start)
    failed = rows.explode("gates").unnest("gates").filter(pl.col("verdict") == "fail")
    first = failed.group_by("row", maintain_order=True).first()
    return rows.select("row").join(first, on="row", how="left", maintain_order="left").select("row", "gate", "detail")


def sizes(texts: pl.Series, unit: str) -> pl.Series:
    """How much each text counts: its characters, its bytes in UTF-8, its words, or one."""
    if unit == "words":
        from weft.tokenizer.fertility import count_words

        return pl.Series("size", count_words(texts), dtype=pl.Int64)
    if unit == "records":
        return pl.Series("size", [1] * len(texts), dtype=pl.Int64)
    found = texts.str.len_bytes() if unit == "bytes" else texts.str.len_chars()
    return found.cast(pl.Int64).alias("size")


def all_trusted(paths: list[str], most: int, context: Context) -> pa.Table:
    """The trusted texts of all shards."""
    from weft.synthesize.gates import trusted

    return trusted.merge([context.storage.read_table(path) for path in paths], most)


def told_line(value: Any) -> str:
    """Plain data as one JSON line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n"


def told_json(value: Any) -> str:
    """Plain data as it is written beside records: one form, so that equal data is equal bytes."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def judged(places: list[dict[str, Any]], storage: Storage) -> Iterator[tuple[int, int, pa.Table, pa.Table]]:
    """Number of the place, row of the first, records and verdicts of every step and shard, batch by batch.

    Raises ShardError for verdicts that are of other records.
    """
    for number, place in enumerate(places):
        verdicts = storage.read_table(place["verdicts"])
        start = 0
        for batch in read_batches(storage.path(place["records"])):
            yield number, start, batch, verdicts.slice(start, batch.num_rows)
            start += batch.num_rows
        if verdicts.num_rows != start:
            raise ShardError(f"{place['verdicts']} has {verdicts.num_rows} rows, {place['records']} has {start}")
