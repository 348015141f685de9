"""Sentences of one language, and pairs to learn from, out of the files that a person names."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.parallel.pairs_file import full_pairs, no_copies, read_pairs
from weft.parallel.scorer import pair_keys
from weft.tokenizer.texts import Columns, table_of, wanted, with_texts
from weft.tokenizer.unreadable import Unreadable, mended

FEWEST_PAIRS = 100


def sentences(
    file: Path, text: str = "text", identifier: str | None = None, left: Unreadable | None = None
) -> tuple[pl.DataFrame, int]:
    """Rows `text`, `line` (from 1) and `id` (null without such a column): each different sentence once.

    Beside them how many rows the file has. A file of text has a sentence a line; of a table, `line` counts its rows.
    Rows that cannot be read count as rows of the file and are told in `left`. Raises WeftError for what cannot be read.
    """
    name = file.name.lower().removesuffix(".gz")
    if name.endswith(".txt"):
        if identifier is not None:
            raise WeftError(f"--id {identifier}: {file} is a text file; expected JSONL, Parquet, TSV or CSV with it")
        table = pl.DataFrame({text: _lines(file, left)}, schema={text: pl.String})
    else:
        more = () if identifier is None else (identifier,)
        table = with_texts(table_of(file, Columns(text=text, more=more), left=left), file, [(text,)], left)
    text = wanted(table, file, text)
    if table.schema[text] != pl.String:
        raise WeftError(f"{file}: column {text} is {table.schema[text]}; expected text")
    told = pl.lit(None, pl.String) if identifier is None else pl.col(wanted(table, file, identifier)).cast(pl.String)
    rows = table.with_row_index("line", 1).select(
        pl.col(text).str.strip_chars().alias("text"), pl.col("line").cast(pl.Int64), told.alias("id")
    )
    rows = rows.filter(pl.col("text").str.len_bytes() > 0).unique("text", keep="first", maintain_order=True)
    if not rows.height:
        raise WeftError(f"{file}: no sentence in it; expected one a line")
    return rows, table.height


def seed(
    file: Path, languages: tuple[str, str], columns: tuple[str, str] | None, left: Unreadable | None = None
) -> tuple[pl.Series, pl.Series]:
    """Source and target of the pairs of a table, each different pair once.

    `columns` null: those named by the codes of the languages, or `source` and `target`. Raises WeftError where there
    are none, fewer than FEWEST_PAIRS pairs, or mostly copies.
    """
    read = read_pairs(file, columns, languages, left=left).with_columns(pl.all().str.strip_chars())
    rows = full_pairs(read).unique(maintain_order=True)
    if rows.height < FEWEST_PAIRS:
        raise WeftError(f"{file}: {rows.height} different pairs; expected at least {FEWEST_PAIRS}, better 2,000")
    no_copies(file, rows)
    return rows["source"], rows["target"]


def unseen(pairs: tuple[pl.Series, pl.Series], seen: npt.NDArray[np.uint64], file: Path) -> tuple[pl.Series, pl.Series]:
    """The pairs of `file` that a model has not learnt from (`scorer.pair_keys`).

    Raises WeftError where they are fewer than FEWEST_PAIRS.
    """
    new = ~np.isin(pair_keys(*pairs), seen)
    if new.sum() < FEWEST_PAIRS:
        raise WeftError(
            f"{file}: {int(new.sum())} of {len(new)} pairs are none that the model was trained with; expected at least "
            f"{FEWEST_PAIRS} that it has not seen, or no --lexicon"
        )
    return pairs[0].filter(pl.Series(new)), pairs[1].filter(pl.Series(new))


def _lines(file: Path, left: Unreadable | None) -> list[str]:
    """Lines by line feeds alone: other line ends of Unicode would move the numbers of lines."""
    try:
        content = file.read_bytes()
        if file.suffix.lower() == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise WeftError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if left is None:
            line = content.count(b"\n", 0, error.start) + 1
            raise WeftError(f"{file}: line {line}: byte {content[error.start]:#04x} is not UTF-8") from None
        found = mended(content, ".txt")
        text = found.checked(file).decode("utf-8")
        left.add(file, found.faults)
    return text.removesuffix("\n").split("\n")
