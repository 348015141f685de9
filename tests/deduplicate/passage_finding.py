"""Passages as the engine finds them, without the engine; and the same by comparing everything with everything."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.deduplicate.passage_pairs import passage_pairs
from weft.deduplicate.passages import Least, flat_spans, passages, substring_label, within
from weft.deduplicate.substrings import substrings
from weft.engine.tasks.substrings import GONE, Marks
from weft.model.tables import SUBSTRINGS

SEPARATORS = dict.fromkeys(map(ord, "\u200b\u0f0b\u0f0c\u1361"), " ")
"""What stands between words or syllables and counts as white space, though Python does not split there."""


def identifier(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


def ranked(count: int, priorities: list[int] | None = None) -> list[int]:
    """Numbers of documents, the earliest first."""
    given = priorities or [0] * count
    return sorted(range(count), key=lambda n: (-given[n], identifier(n)[:13]))


def labels(
    texts: list[str | None], words: int = 50, chars: int = 100, priorities: list[int] | None = None
) -> list[dict[str, object] | None]:
    """The label of every text."""
    table = pa.table(
        {
            "id": [identifier(n) for n in range(len(texts))],
            "text": pa.array(texts, pa.large_string()),
            "priority": pa.array(priorities or [0] * len(texts), pa.int32()),
            "shard": pa.array([0] * len(texts), pa.int32()),
            "row": pa.array(range(len(texts)), pa.int32()),
        }
    )
    keys = substrings(words=words, chars=chars)(table)
    # Groups come apart into tables as they do on the way through an exchange.
    frame = pl.DataFrame(pl.from_arrow(keys))
    parts = [frame.filter(pl.col("key") % 3 == n).to_arrow() for n in range(3)]
    found = pl.concat([pl.DataFrame(pl.from_arrow(passage_pairs()(part.cast(keys.schema)))) for part in parts])
    pairs = found.with_columns(a=pl.col("row_a"), b=pl.col("row_b"))
    made = passages(pairs, table, table, Least(words, chars))
    return substring_label(made, table["text"].combine_chunks()).to_pylist()  # type: ignore[no-any-return]


def covered(label: dict[str, object] | None) -> set[int]:
    """Characters in the spans of a label."""
    spans: list[dict[str, int]] = label["spans"] if label else []  # type: ignore[assignment]
    return {place for span in spans for place in range(span["begin"], span["end"])}


def squeezed(text: str) -> tuple[str, list[int], list[int]]:
    """Lower case without white space, the places of its characters, and where words begin."""
    held = [(c.lower(), n) for n, c in enumerate(text) if not c.translate(SEPARATORS).isspace()]
    fresh = [k for k, (_, n) in enumerate(held) if n == 0 or text[n - 1].translate(SEPARATORS).isspace()]
    return "".join(c for c, _ in held), [n for _, n in held], fresh


def plainly_covered(texts: list[str], spaced: list[bool], words: int = 50, chars: int = 100) -> list[set[int]]:
    """For each text the characters in a passage that an earlier text has: every window is looked for in all of them.

    A window is `chars` characters, or `words` whole words where the text has spaces.
    """
    found: list[set[int]] = [set() for _ in texts]
    before = ""
    for number in ranked(len(texts)):
        plain, places, fresh = squeezed(texts[number])
        if spaced[number]:
            bounds = [*fresh, len(plain)]
            windows = [(bounds[n], bounds[n + words]) for n in range(len(bounds) - words)]
        else:
            windows = [(n, n + chars) for n in range(len(plain) - chars + 1)]
        for begin, end in windows:
            if plain[begin:end] in before or plain.find(plain[begin:end]) < begin:
                found[number].update(places[begin:end])
        before += "\0" + plain
    return found


def labels_of_staying(
    texts: list[str],
    stays: list[bool],
    before: list[dict[str, object] | None],
    gone: list[list[tuple[int, int]]] | None = None,
) -> list[dict[str, object] | None]:
    """The label of every text once it is known which stay; of those that do not, what it was before.

    `gone` are spans that are cut from the texts in any case.
    """
    rows = list(range(len(texts)))
    table = pa.table(
        {
            "id": [identifier(n) for n in rows],
            "text": pa.array(texts, pa.large_string()),
            "priority": pa.array([0] * len(texts), pa.int32()),
            "shard": pa.array([0] * len(texts), pa.int32()),
            "row": pa.array(rows, pa.int32()),
        }
    )
    kept = np.array(stays)
    asks = kept & np.array([bool(label and label["spans"]) for label in before])
    marks = Marks(np.zeros(1, np.int64), *(np.append(np.packbits(held), np.uint8(0)) for held in (kept, asks)))
    keys = substrings()(table)
    found = passage_pairs()(keys.filter(marks.of(keys, "")))
    pairs = pl.DataFrame(pl.from_arrow(found.filter(marks.of(found, "_b", asks=True))))
    spans = [[{"begin": begin, "end": end} for begin, end in one] for one in gone or [[] for _ in rows]]
    held = table.append_column("gone", pa.array(spans, GONE))
    made = passages(pairs.with_columns(a=pl.col("row_a"), b=pl.col("row_b")), held, table, Least(50, 100))
    text, label = table["text"].combine_chunks(), pa.array(before, SUBSTRINGS)
    again = substring_label(within(made, flat_spans(pc.struct_field(label, "spans"))), text).to_pylist()
    return [again[n] if asks[n] else before[n] for n in rows]
