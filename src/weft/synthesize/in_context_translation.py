"""Translations by a model that is shown translations of like texts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced, settled
from weft.synthesize.by_pieces import Per, code_of, texts_of, translated
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, licences_of, parents
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.showing import EMBEDDINGS, Choice, Pool, Ranking, pool_of, shown
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
    services_beside=("encoder",),
    protocols=(*CHATS, EMBEDDINGS),
    files_in=("pool", "made_pool"),
    libraries=("icu4py",),
)
def in_context_translation(
    *,
    service: Annotated[str, Field(min_length=1)],
    source: Annotated[str, Field(min_length=2)],
    into: Annotated[str, Field(min_length=2)],
    pool: Annotated[list[str], Field(min_length=1)],
    pool_license: FileLicense = None,
    made_pool: list[str] | None = None,
    made_share: Annotated[float, Field(ge=0, le=1)] = 0.5,
    made_least: Annotated[float, Field(ge=0, le=100)] | None = None,
    shots: Annotated[int, Field(ge=1, le=500)] = 10,
    ranking: Ranking = "terms",
    encoder: str | None = None,
    encoder_prefix: str = "",
    units: Literal["words", "characters", "auto"] = "auto",
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.3,
    most_alike: Annotated[float, Field(gt=0, le=1)] = 0.8,
    order: Literal["similar_last", "similar_first"] = "similar_last",
    per: Per = "sentence",
    prompt: str = "in_context_translation",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Translate texts from the language `source` into `into` by a model that sees like texts and their translations.

    `pool` are files of pairs with a column for each language (its code, or source and target). Shown are the `shots`
    pairs whose source is most like the text by BM25: over words, or over runs of three characters; `auto` takes
    characters where the pool writes spaces between words, else pairs of characters. `diversity` is how much it counts
    that shots are unlike each other (maximal marginal relevance). A pair whose source is nearly the text, with a
    likeness of `most_alike` or more, is never shown. With `similar_last` the most similar stands last.

    `ranking` is by `terms`, by `vectors` of the service `encoder`, or by both (Borda). `encoder_prefix` stands before
    each text that it is given, of 2,000 characters at most; a piece without a vector is ranked by terms. `made_pool`
    are Parquet files of pairs that `weft synthesize` released; rejected ones are not read, nor those that rest on a
    consent, nor those with a `round_trip` below `made_least`. At most `made_share` of the shots are of these. The
    record is under their terms as well; its note has their number and the `iteration`.

    Read are texts in `source`, that side of a pair, and what the user says in a conversation. Each piece (`per`) is a
    call. A record is a pair, of which the side in `into` is a machine's; `shots` are ids of records, or files and rows.
    """
    codes = (code_of(source, "source"), code_of(into, "into"))
    licences = licences_of(pool=(pool, pool_license))
    names = (named(codes[0]), named(codes[1]))
    say = functools.partial(_say, names=names, prompt=load(prompt, PLACES), sampling=settled(sampling, Sampling()))
    choice = Choice(shots, ranking, encoder_prefix, int(made_share * shots), 1 - diversity, most_alike, order)
    if (encoder is None) != (ranking == "terms"):
        raise WeftError(f"{NAME}: ranking is {ranking}, encoder {encoder}; expected an encoder with vectors or both")
    held = Pool(functools.partial(pool_of, pool, made_pool or (), codes, made_least), units)
    note = functools.partial(_note, iterates=bool(made_pool))

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        _check_chats(client)
        making = Making(batch, NAME, VERSION, licences=licences)
        texts = texts_of(making, parents(batch), codes[0], per)
        if texts:
            pieces = [(text.row, piece) for text in texts for piece in text.pieces]
            given = await shown(held, None if encoder is None else client.beside("encoder"), pieces, choice)
            await translated(making, client, texts, *codes, given, say, note, _shots, _terms)
        return making.table()

    return make


def _check_chats(client: ServiceClient) -> None:
    if client.protocol == EMBEDDINGS:
        raise WeftError(f"{NAME}: service speaks {EMBEDDINGS}; expected one that chats or completes")


def _note(given: Sequence[Any], *, iterates: bool) -> dict[str, Any]:
    made = {one["id"]: one["iteration"] for one in given if one["iteration"] is not None}
    told = {"made_shots": len(made), "iteration": 1 + max(made.values(), default=0)}
    return {"method": "in_context"} | (told if iterates else {})


def _terms(given: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Terms of the released records that were shown."""
    return [one | {"consent": None} for one in given if one["iteration"] is not None]


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
