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

from weft.operators.contract import BatchFunction, operator

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = ("words", "chars", "bytes", "lines", "stop_words")
NAMES = (
    *("words", "chars", "bytes", "lines", "mean_word_length", "hash_ratio", "ellipsis_ratio", "bullet_lines"),
    *("ellipsis_lines", "alpha_words", "stop_words", "dup_line_frac", "dup_line_char", "dup_para_frac"),
    *("dup_para_char", "top_2gram", "top_3gram", "top_4gram", "dup_5gram", "dup_6gram", "dup_7gram", "dup_8gram"),
    *("dup_9gram", "dup_10gram", "line_punct", "short_line", "char_dup", "new_line", "digits", "upper"),
)
_TYPE = pa.struct({name: pa.int32() if name in COUNTS else pa.float32() for name in NAMES})


@operator("label.signals", version=1, reads=("text", "tokens", "lid"), writes={"signals": _TYPE}, libraries=("icu4py",))
def signals(*, stop_words: dict[str, list[str]] | None = None) -> BatchFunction:
    """Counts and ratios of words, lines, paragraphs, symbols and repetitions; formulas in `weft.text.signals`.

    `stop_words` replaces the bundled list of single languages (`swh_Latn: [na, ya, …]`, at most 64 words each).
    `signals.stop_words` is the number of distinct stop words present, null where the language has no list.
    """
    from weft.text.buffers import list_buffers, string_buffers
    from weft.text.signals import measure

    lists = bundled_lists() | {k: v for k, v in (stop_words or {}).items()}
    for language, words in lists.items():
        if len(words) > 64:
            raise ValueError(f"stop_words of {language}: {len(words)} words; expected at most 64")
    keys, numbers, key_of = _table(lists)

    def label(batch: pa.Table) -> pa.Table:
        values, offsets = list_buffers(batch["tokens"])
        languages = key_of(pc.struct_field(batch["lid"].combine_chunks(), "language"))
        strings = string_buffers(batch["text"])
        found = measure(strings, values, offsets // 2, languages, keys, numbers)
        return batch.append_column("signals", _struct(found, batch["text"]))

    return label


def _struct(found: npt.NDArray[np.float32], text: pa.ChunkedArray) -> pa.Array:
    parts = []
    for position, name in enumerate(NAMES):
        column = np.ascontiguousarray(found[:, position])
        if name == "stop_words":
            parts.append(pa.array(column.astype(np.int32), mask=column < 0))
        else:
            parts.append(pa.array(column.astype(np.int32) if name in COUNTS else column))
    return pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=text.combine_chunks().is_null())


@functools.cache
def bundled_lists() -> dict[str, list[str]]:
    """Stop words by language, from FineWeb-2's published configurations (Apache-2.0), punctuation taken out."""
    content = resources.files("weft.label").joinpath("stop_words.json.gz").read_bytes()
    lists: dict[str, list[str]] = json.loads(gzip.decompress(content))
    return lists


def _table(
    lists: dict[str, list[str]],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], Callable[[Any], npt.NDArray[np.uint64]]]:
    """An open-addressing table of all lists, and a function from language codes to their keys (0: no list)."""
    from weft.text.signals import folded_key

    names = sorted(lists)
    numbers_of = [_language_key(name) for name in names]
    language_keys = np.array(numbers_of, np.uint64)
    total = sum(len(words) for words in lists.values())
    size = 1 << max(4, (2 * total).bit_length())
    keys, numbers = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    for name, language in zip(names, numbers_of, strict=True):
        for number, word in enumerate(dict.fromkeys(w.lower() for w in lists[name])):
            key = folded_key(word, language)
            slot = key & (size - 1)
            while keys[slot] not in (0, key):
                slot = (slot + 1) & (size - 1)
            keys[slot], numbers[slot] = key, number
    values, padded = pa.array(names, pa.string()), np.append(language_keys, np.uint64(0))

    def key_of(languages: Any) -> npt.NDArray[np.uint64]:
        place = pc.index_in(languages, value_set=values).fill_null(len(names))
        chosen: npt.NDArray[np.uint64] = padded[place.to_numpy(zero_copy_only=False)]
        return chosen

    return keys, numbers, key_of


def _language_key(name: str) -> int:
    import xxhash

    return xxhash.xxh3_64_intdigest(name.encode()) | 1
