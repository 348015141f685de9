"""Documents as tokens: read file by file, ids into a file of numbers, and of each document what packing must know."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

from weft.errors import WeftError
from weft.tokenizer.loaded import Loaded, ids_of
from weft.tokenizer.texts import FORMS, Columns, divided, files_of, language_of, table_of, wanted
from weft.tokenizer.unwanted import Unwanted

Integers = npt.NDArray[np.int64]
NONE = "none"
"""What a person writes for no separator, or no padding."""
_ENDS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[SEP]")
_FILLS = ("<pad>", "<|pad|>", "[PAD]", "<|finetune_right_pad_id|>")


@dataclass(frozen=True)
class Documents:
    """Documents that have tokens, in the order of their files.

    All (documents,): `lengths` in tokens, the separator among them; `starts` in the file of tokens; `ids` and
    `languages`, text; `repeats`, how often each is read, and `copies`, the number of the first time, from 1; `values`
    of the column to sort by, NaN where there is none. `empty`: how many have no text or no token. `left_out`: readings
    that were not wanted.
    """

    lengths: Integers
    starts: Integers
    ids: pl.Series
    languages: pl.Series
    repeats: Integers
    copies: Integers
    values: npt.NDArray[np.float64] | None
    empty: int
    left_out: int = 0


def plain(held: Loaded) -> Loaded:
    """The tokenizer, for which text that spells a special token is text: a page about `</s>` ends no document."""
    tokenizer = type(held.tokenizer).from_str(held.tokenizer.to_str())
    tokenizer.encode_special_tokens = True
    return Loaded(held.file, tokenizer, held.content, held.broken)


def special(held: Loaded, option: str, role: str, given: str | None) -> tuple[str, int] | None:
    """Piece and id of the separator (role `eos_token`) or padding (`pad_token`); None where a person asks for none.

    By default what tokenizer_config.json beside the file says, else a special token of a usual name. Raises WeftError
    where the tokenizer has no such piece.
    """
    if given == NONE:
        return None
    added = [str(token["content"]) for token in held.content.get("added_tokens") or () if token.get("special")]
    names = [given] if given is not None else [_role(held.file, role), *(_ENDS if role == "eos_token" else _FILLS)]
    for name in names:
        number = None if name is None else held.tokenizer.token_to_id(name)
        if number is not None and (given is not None or name in added):
            return str(name), int(number)
    what = f"no piece {given!r}" if given is not None else f"no {role}, in tokenizer_config.json or by a usual name"
    raise WeftError(
        f"{held.file}: {what}; its special tokens: {', '.join(added)[:200] or 'none'}; expected {option} PIECE with "
        f"one of its pieces, or {option} {NONE}"
    )


def _role(file: Path, role: str) -> str | None:
    """The piece that the settings beside a tokenizer name for a role."""
    beside = file.with_name("tokenizer_config.json")
    try:
        held = json.loads(beside.read_bytes()) if beside.is_file() else {}
    except (OSError, ValueError) as error:
        raise WeftError(f"{beside}: cannot be read: {error}; expected the settings of a tokenizer as JSON") from None
    named = held.get(role) if isinstance(held, dict) else None
    named = named.get("content") if isinstance(named, dict) else named
    return named if isinstance(named, str) else None


def tokenize(
    given: Sequence[str],
    held: Loaded,
    sink: BinaryIO,
    columns: Columns,
    *,
    splits: Sequence[str],
    separator: int | None,
    by: str | None,
    tell: Callable[[str, int, int | None], None],
    phase: str | None = None,
    leave_out: Path | None = None,
) -> Documents:
    """Write the ids of all documents to `sink` as little-endian int32, each followed by `separator`.

    `given` as for `read_texts`; text is taken as it stands, and documents that are twice there stay. Whole numbers in
    the columns `repeats` and `copy` say how often a document is read, as a mixture writes them. `by` names the column
    of `values`, `phase` the only phase that is read, `leave_out` a Parquet file of ids that are not. Raises WeftError
    for what cannot be read or has no documents.
    """
    parts: list[pl.DataFrame] = []
    empty = left_out = 0
    unwanted = None if leave_out is None else Unwanted.read(leave_out)
    files = [(file, code or told) for code, path in map(divided, given) for file, told in files_of(path, splits)]
    for number, (file, language) in enumerate(files):
        rows = _rows(_of_phase(table_of(file, columns), file, phase), file, language, columns, by)
        if unwanted is not None:
            rows, without = unwanted.taken_from(rows)
            left_out += without
        sizes = np.zeros(rows.height, np.int64)
        texts = rows["text"].to_list()
        for start, stop, made in ids_of(held, texts):
            if separator is not None:
                made = [[*one, separator] if one else one for one in made]
            sizes[start:stop] = [len(one) for one in made]
            sink.write(np.fromiter(itertools.chain.from_iterable(made), "<i4", int(sizes[start:stop].sum())).tobytes())
            tell(f"{number + 1}/{len(files)} {file.name}", stop, rows.height)
        part = rows.drop("text").with_columns(pl.Series("length", sizes, pl.Int64))
        empty += part.filter(pl.col("length") == 0).height
        parts.append(part.filter(pl.col("length") > 0))
    if unwanted is not None and not left_out:
        raise WeftError(f"--leave-out {leave_out}: none of its {unwanted.rows.height:,} ids is among the documents")
    if not sum(part.height for part in parts):
        of = "" if phase is None else f" in phase {phase}"
        raise WeftError(
            f"{', '.join(given) or 'nothing'}: no document of split {', '.join(splits)}{of} that has text; expected a "
            f"release with such a split (--split), or {', '.join(FORMS)} files"
        )
    rows = pl.concat(parts).rechunk()
    lengths = rows["length"].to_numpy()
    starts = np.cumsum(lengths) - lengths
    values = rows["value"].to_numpy() if by is not None else None
    repeats, copies = rows["repeats"].to_numpy(), rows["copy"].to_numpy()
    return Documents(lengths, starts, rows["id"], rows["language"], repeats, copies, values, empty, left_out)


def _of_phase(table: pl.DataFrame, file: Path, phase: str | None) -> pl.DataFrame:
    if phase is None:
        return table
    return table.filter(pl.col(wanted(table, file, "phase")).cast(pl.String) == phase)


def _rows(table: pl.DataFrame, file: Path, language: str | None, columns: Columns, by: str | None) -> pl.DataFrame:
    """Columns id, language, text, repeats, copy and value; texts that are null or blank are empty."""
    text = pl.col(wanted(table, file, columns.text))
    if table.schema[columns.text] != pl.String:
        raise WeftError(f"{file}: column {columns.text} is {table.schema[columns.text]}; expected text")
    text = pl.when(text.str.strip_chars().str.len_bytes() > 0).then(text).otherwise(pl.lit("")).alias("text")
    copied = _is_whole(table, "copy")
    times = pl.col("repeats") if _is_whole(table, "repeats") and not copied else pl.lit(1)
    made = table.select(
        language_of(table, file, language, columns).fill_null("und").alias("language"),
        text,
        times.cast(pl.Int64).fill_null(1).alias("repeats"),
        (pl.col("copy") if copied else pl.lit(1)).cast(pl.Int64).fill_null(1).alias("copy"),
        _value(table, file, by).alias("value"),
        (pl.col("id").cast(pl.String) if "id" in table.columns else pl.lit(None, pl.String)).alias("id"),
    )
    least = made["repeats"].min()
    if isinstance(least, int) and least < 0:
        raise WeftError(f"{file}: column repeats has {least}; expected how often a document is read, from 0")
    if made["id"].null_count():
        named = [
            one or xxhash.xxh3_128_hexdigest((body or "").encode("utf-8", "replace"))
            for one, body in zip(made["id"], made["text"], strict=True)
        ]
        made = made.with_columns(pl.Series("id", named, pl.String))
    return made


def _is_whole(table: pl.DataFrame, name: str) -> bool:
    return name in table.columns and table.schema[name].is_integer()


def _value(table: pl.DataFrame, file: Path, by: str | None) -> pl.Expr:
    """The column that documents are sorted by, as a number; NaN for null."""
    if by is None:
        return pl.lit(float("nan"))
    kind = table.schema[wanted(table, file, by)]
    made: Any = table[by].cast(pl.Float64, strict=False) if kind.is_numeric() or kind == pl.String else None
    if made is None or made.null_count() > table[by].null_count():
        raise WeftError(f"{file}: column {by} is {kind}, and not all of it numbers; expected a column of numbers")
    return pl.lit(made).fill_null(float("nan"))
