"""Evaluation items that stand in documents: which, where, word for word or nearly."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, Resources, operator

if TYPE_CHECKING:  # kernels, and what reads files, are imported when the operator is built
    from weft.model.evaluation_items import Fields
    from weft.model.item_index import ItemIndex, Limits
    from weft.model.item_search import Found

FOUND = pa.struct(
    {
        "benchmark": pa.string(),
        "item": pa.string(),
        "start": pa.int32(),
        "end": pa.int32(),
        "kind": pa.string(),
        "share": pa.float32(),
    }
)
TYPE = pa.struct({"items": pa.int32(), "verbatim": pa.int32(), "share": pa.float32(), "found": pa.list_(FOUND)})


@operator(
    "deduplicate.contamination",
    version=1,
    reads=("text",),
    writes={"contamination": TYPE},
    files_in=("against", "background"),
    resources=Resources(memory_gb=2),  # 100,000 items take one
)
def contamination(
    *,
    against: Annotated[tuple[str, ...], Field(min_length=1)],
    text: Annotated[tuple[str, ...], Field(min_length=1)] = ("text",),
    id: str | None = None,
    name: str | None = None,
    background: str | None = None,
    background_text: str = "text",
    near: Annotated[float, Field(ge=0.5, le=1)] = 0.75,
    min_words: Annotated[int, Field(ge=3, le=64)] = 5,
    common: Annotated[int, Field(ge=1)] = 5,
    words: Annotated[int, Field(ge=2, le=32)] = 3,
    chars: Annotated[int, Field(ge=4, le=32)] = 8,
) -> BatchFunction:
    """Evaluation items of the files `against` that stand in a document; null where there are none.

    The files are tables (.tsv, .csv, .jsonl, .parquet, also .gz, .zst) with items in the columns `text`, or .txt with
    one on a line; `id` and `name` are the columns of an item's id and of what is added to the benchmark's name, the
    file's. `found` has benchmark, item, kind, place (first and last, exclusive, character of the text as it is here)
    and `share`, the part of the item's letters found in order. Kind `verbatim`: all words one after the other, whatever
    case, punctuation and white space. Kind `near`: at least the share `near`. `items` counts both, `verbatim` the
    first; `share` is the largest. Each item is reported once, where most of it stands.

    Items shorter than `min_words` words (three characters of a script without spaces count as one) are not sought, nor
    are those without an n-gram (`words` words, or `chars` such characters) that at most `common` items and documents of
    `background` have; `weft decontaminate` names them. `background` is a table of ordinary text in the column
    `background_text`. A rule drops what was found: `contaminated: contamination IS NULL`.
    """
    from weft.model.item_search import find

    index = index_for(
        against=against, text=text, id=id, name=name, background=background, background_text=background_text,
        min_words=min_words, common=common, words=words, chars=chars,
    )  # fmt: skip

    def label(batch: pa.Table) -> pa.Table:
        return batch.append_column("contamination", labels(index, find(index, batch["text"], near), batch.num_rows))

    return label


def labels(index: ItemIndex, found: list[Found], rows: int) -> pa.Array:
    """The label of each of `rows` documents."""
    from weft.model.item_search import VERBATIM

    made: list[dict[str, Any] | None] = [None] * rows
    for row, same in groupby(found, key=lambda one: one.row):
        told = [entry for one in same for entry in entries(index, one)]
        verbatim = sum(entry["kind"] == VERBATIM for entry in told)
        largest = max(entry["share"] for entry in told)
        made[row] = {"items": len(told), "verbatim": verbatim, "share": largest, "found": told}
    return pa.array(made, TYPE)


def entries(index: ItemIndex, found: Found) -> Iterator[dict[str, Any]]:
    """What is said of a text that was found: the first item of each benchmark that has it."""
    from weft.model.item_search import NEAR, VERBATIM

    told: set[str] = set()
    for number in index.members[index.starts[found.text] : index.starts[found.text + 1]].tolist():
        benchmark, item = index.items["benchmark"][number], index.items["item"][number]
        if benchmark in told:
            continue
        told.add(benchmark)
        yield {
            "benchmark": benchmark,
            "item": item,
            "start": found.start,
            "end": found.end,
            "kind": VERBATIM if found.verbatim else NEAR,
            "share": found.share,
        }


def _state(file: str) -> tuple[int, int]:
    """Size and time of a file, by which a changed one is read again; of one that is not there reading tells."""
    try:
        held = os.stat(file)
    except OSError:
        return 0, 0
    return held.st_size, held.st_mtime_ns


State = tuple[str, tuple[int, int]]


def index_for(
    *,
    against: Sequence[str],
    text: Sequence[str],
    id: str | None,
    name: str | None,
    background: str | None,
    background_text: str,
    min_words: int,
    common: int,
    words: int,
    chars: int,
) -> ItemIndex:
    """The index that `contamination` searches with, read once for a process while the files stay what they are.

    Raises WeftError for what cannot be read.
    """
    from weft.model.evaluation_items import Fields
    from weft.model.item_index import Limits

    files = tuple((file, _state(file)) for file in against)
    behind = None if background is None else (background, _state(background))
    limits = Limits(words, chars, min_words, common)
    return _read(files, Fields(tuple(text), id, name), limits, behind, background_text)


@functools.lru_cache(maxsize=2)
def _read(
    files: tuple[State, ...], fields: Fields, limits: Limits, background: State | None, background_text: str
) -> ItemIndex:
    from weft.model.evaluation_items import read_items, read_texts
    from weft.model.item_index import make

    items = read_items([file for file, _ in files], fields)
    texts = () if background is None else read_texts(Path(background[0]), background_text)
    return make(items, limits, (part.to_arrow().cast(pa.large_string()) for part in texts))
