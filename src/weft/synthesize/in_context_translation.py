"""Translations by a model that is shown translations of like texts."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.parallel.pairs_file import full_pairs, read_pairs
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced, settled
from weft.synthesize.by_pieces import Per, code_of, texts_of, translated
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, licences_of, parents
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.translating import named, plain

NAME, VERSION = "synthesize.in_context_translation", 1
PLACES = ("source", "target", "shots", "text")
_MARK = "###"


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    protocols=CHATS,
    files_in=("pool",),
    libraries=("icu4py",),
)
def in_context_translation(
    *,
    service: Annotated[str, Field(min_length=1)],
    source: Annotated[str, Field(min_length=2)],
    into: Annotated[str, Field(min_length=2)],
    pool: Annotated[list[str], Field(min_length=1)],
    pool_license: FileLicense = None,
    shots: Annotated[int, Field(ge=1, le=500)] = 10,
    units: Literal["words", "characters", "auto"] = "auto",
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.3,
    most_alike: Annotated[float, Field(gt=0, le=1)] = 0.8,
    order: Literal["similar_last", "similar_first"] = "similar_last",
    per: Per = "sentence",
    prompt: str = "in_context_translation",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Translate texts from the language `source` into `into` by a model that sees like texts and their translations.

    `pool` are files of pairs (TSV, CSV, JSONL, Parquet) with a column for each language, named by its code, or source
    and target. Shown are the `shots` pairs
    whose source is most like the text by BM25: over words, or over runs of three characters; `auto` takes characters
    where the pool writes spaces between words, else pairs of characters. `diversity` is how much it counts that shots
    are unlike each other (maximal marginal relevance). A pair whose source is the text itself or nearly, with a
    likeness of `most_alike` or more (the rarity of the terms that both have over that of those that either has), is
    never shown. With `similar_last` the most similar stands next to the text.

    Read are texts in `source`, that side of a pair, and what the user says in a conversation. Each document, paragraph
    or sentence is a call; sentences are put together as the text has them. A record is a pair, of which the side in
    `into` is a machine's; its `shots` are file names and numbers of rows, from 1.
    """
    codes = (code_of(source, "source"), code_of(into, "into"))
    licences = licences_of(pool=(pool, pool_license))
    names = (named(codes[0]), named(codes[1]))
    say = functools.partial(_say, names=names, prompt=load(prompt, PLACES), sampling=settled(sampling, Sampling()))

    @functools.cache
    def held() -> tuple[Any, pl.DataFrame]:
        from weft.parallel.retrieval import Index

        pairs = _pool([Path(file) for file in pool], codes)
        return Index.build(pairs["source"], units), pairs

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        from weft.parallel.shots import retrieve

        making = Making(batch, NAME, VERSION, licences=licences)
        texts = texts_of(making, parents(batch), codes[0], per)
        if texts:
            index, pairs = held()
            pieces = [piece for text in texts for piece in text.pieces]
            ids = retrieve(index, pieces, shots, share=1 - diversity, below=most_alike, order=order)
            given = [pairs[own[own >= 0].tolist()].rows(named=True) for own in ids]
            await translated(making, client, texts, *codes, given, say, _note, _shots)
        return making.table()

    return make


def _pool(files: Sequence[Path], languages: tuple[str, str]) -> pl.DataFrame:
    """`source`, `target` and `id` of the pairs of all files; empty ones are left out. Raises WeftError."""
    read = []
    for file in files:
        pairs = read_pairs(file, languages=languages).with_row_index("row", 1)
        read.append(full_pairs(pairs).with_columns(id=pl.format("{}#{}", pl.lit(file.name), "row")))
    found = pl.concat(read)
    if not found.height:
        raise WeftError(f"{files[0]}: no pair with text on both sides; expected translations to show")
    return found


def _note(given: Sequence[Any]) -> dict[str, Any]:
    return {"method": "in_context"}


def _shots(given: Sequence[Any]) -> list[str]:
    return [one["id"] for one in given]


async def _say(
    client: ServiceClient,
    row: int,
    text: str,
    given: Sequence[Any],
    *,
    names: tuple[str, str],
    prompt: Prompt,
    sampling: Sampling,
) -> Reply | None:
    blocks = [f"{names[0]}:\n{one['source']}\n\n{names[1]}:\n{one['target']}\n{_MARK}\n" for one in given]
    places = {"source": names[0], "target": names[1], "shots": "".join(blocks), "text": fenced(text)}
    reply = await ask(client, row, prompt, places, sampling)
    return None if reply is None else Reply(answer(reply.text, names[1]), reply.finish, reply.calls)


def answer(said: str, target: str) -> str:
    """The translation in a reply: what stands before a next block, without the marks and the name of the language."""
    lines = plain(said).splitlines()
    if lines and lines[0].strip() == f"{target}:":
        lines = lines[1:]
    end = next((n for n, line in enumerate(lines) if line.strip() == _MARK), len(lines))
    return "\n".join(lines[:end]).strip()
