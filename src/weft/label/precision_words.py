"""How many words of a document are words of its language and of hardly any other: a check that reads words only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"words": pa.int32(), "hits": pa.int32(), "share": pa.float32()})


@operator(
    "label.precision_words",
    version=1,
    reads=("text", "lid"),
    writes={"precision_words": _TYPE},
    files_in=("words",),
)
def precision_words(*, words: Annotated[str, Field(min_length=1)]) -> BatchFunction:
    """How many words of a document are on the list of the language that label.lid gave it, in the file `words`.

    The file is tab-separated with a header and has at least the columns `language` and `word`, as the `words.tsv` of
    `weft train language` has: words that are common in one language and hardly found in others. `words` are those
    of the document, `hits` those on the list, each time they occur; `share` is hits by words, 0 without words. Null
    where the document has no text, or its language no list. A rule such as `precision_words.hits >= 1` keeps documents
    with at least one such word.
    """
    from weft.text.buffers import string_buffers
    from weft.text.word_list import count_words

    languages, keys = _lists(Path(words))
    place = {name: number for number, name in enumerate(languages)}

    def label(batch: pa.Table) -> pa.Table:
        strings = string_buffers(batch["text"])
        named = pc.struct_field(batch["lid"].combine_chunks(), "language").to_pylist()
        asked = np.array([place.get(name, -1) for name in named], np.int32)
        found = count_words(strings, asked, keys)
        share = (found[:, 1] / np.maximum(found[:, 0], 1)).astype(np.float32)
        parts = [pa.array(found[:, 0]), pa.array(found[:, 1]), pa.array(share)]
        unknown = pa.array((asked < 0) | (strings.valid == 0))
        made = pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=unknown)
        return batch.append_column("precision_words", made)

    return label


def _lists(file: Path) -> tuple[list[str], npt.NDArray[np.uint64]]:
    """Languages, and the sorted keys of their words."""
    import polars as pl

    from weft.text.buffers import string_buffers
    from weft.text.word_list import keys_of

    try:
        table: Any = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected a list of words") from error
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: not a list of words: {str(error).splitlines()[0]}") from None
    missing = [name for name in ("language", "word") if name not in table.columns]
    if missing:
        raise WeftError(f"{file}: no column {' or '.join(missing)}; it has {', '.join(table.columns)[:200]}")
    table = table.drop_nulls(["language", "word"])
    languages = sorted(table["language"].unique())
    place = {name: number for number, name in enumerate(languages)}
    number = table["language"].replace_strict(place, return_dtype=pl.Int32).to_numpy().astype(np.int32)
    keys, one = keys_of(string_buffers(table["word"].to_arrow()), np.ascontiguousarray(number))
    if not one.all():
        row = int(np.flatnonzero(~one)[0])
        raise WeftError(f"{file}: line {row + 2} or later: {table['word'][row]!r} is not one word; expected one a line")
    return languages, np.unique(keys)
