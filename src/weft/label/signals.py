"""The counts and ratios that quality rules are written over."""

from __future__ import annotations

import functools
import gzip
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weft.model.languages import GROUPS
from weft.operators.contract import BatchFunction, operator

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = ("words", "chars", "bytes", "lines", "stop_words", "urls")
NAMES = (
    *("words", "chars", "bytes", "lines", "mean_word_length", "hash_ratio", "ellipsis_ratio", "bullet_lines"),
    *("ellipsis_lines", "alpha_words", "stop_words", "dup_line_frac", "dup_line_char", "dup_para_frac"),
    *("dup_para_char", "top_2gram", "top_3gram", "top_4gram", "dup_5gram", "dup_6gram", "dup_7gram", "dup_8gram"),
    *("dup_9gram", "dup_10gram", "line_punct", "short_line", "char_dup", "new_line", "digits", "upper"),
    "urls",
)
_TYPE = pa.struct({name: pa.int32() if name in COUNTS else pa.float32() for name in NAMES})


@operator("label.signals", version=2, reads=("text", "tokens", "lid"), writes={"signals": _TYPE}, libraries=("icu4py",))
def signals(*, stop_words: dict[str, list[str]] | None = None) -> BatchFunction:
    """Counts and ratios of words, lines, paragraphs, symbols and repetitions; formulas in `weft.text.signals`.

    `stop_words` replaces the bundled list of single languages (`swh_Latn: [na, ya, …]`, at most 64 words each).
    `signals.stop_words` is the number of distinct stop words present, null where the language has no list.
    """
    from weft.text.buffers import list_buffers, string_buffers
    from weft.text.signals import MOST_STOP_WORDS, measure

    lists = bundled_lists() | (stop_words or {})
    for language, words in lists.items():
        if len(words) > MOST_STOP_WORDS:
            raise ValueError(f"stop_words of {language}: {len(words)} words; expected at most {MOST_STOP_WORDS}")
    keys, places, number_of = _table(lists)

    def label(batch: pa.Table) -> pa.Table:
        values, offsets = list_buffers(batch["tokens"])
        languages = number_of(pc.struct_field(batch["lid"].combine_chunks(), "language"))
        strings = string_buffers(batch["text"])
        found = measure(strings, values, offsets // 2, languages, keys, places)
        return batch.append_column("signals", _struct(found, batch["text"]))

    return label


def _struct(found: npt.NDArray[np.float64], text: pa.ChunkedArray) -> pa.Array:
    parts = []
    for position, name in enumerate(NAMES):
        column = np.ascontiguousarray(found[:, position])
        if name == "stop_words":
            parts.append(pa.array(column.astype(np.int32), mask=column < 0))
        else:
            parts.append(pa.array(column.astype(np.int32 if name in COUNTS else np.float32)))
    return pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=text.combine_chunks().is_null())


@functools.cache
def bundled_lists() -> dict[str, list[str]]:
    """Stop words by language, from FineWeb-2's published configurations (Apache-2.0), punctuation taken out.

    A group of languages that the identifier cannot tell apart has those of one of them.
    """
    content = resources.files("weft.label").joinpath("stop_words.json.gz").read_bytes()
    lists: dict[str, list[str]] = json.loads(gzip.decompress(content))
    return {group: lists[one] for group, one in GROUPS.items() if one in lists} | lists


def _table(
    lists: dict[str, list[str]],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], Callable[[Any], npt.NDArray[np.int32]]]:
    """Keys of all lists end to end, where each begins, and a function from codes to numbers of lists (-1: none)."""
    from weft.text.signals import stop_keys

    names = sorted(lists)
    words = [list(dict.fromkeys(word.lower() for word in lists[name])) for name in names]
    keys = stop_keys([word for listed in words for word in listed])
    places = np.cumsum([0, *map(len, words)], dtype=np.int64)
    values = pa.array(names, pa.string())

    def number_of(languages: Any) -> npt.NDArray[np.int32]:
        found = pc.index_in(languages, value_set=values).fill_null(-1)
        return np.ascontiguousarray(found.to_numpy(zero_copy_only=False), np.int32)

    return keys, places, number_of
