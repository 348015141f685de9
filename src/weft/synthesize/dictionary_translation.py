"""Translations by a model that is told what a dictionary says of the rare words."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced, settled
from weft.synthesize.by_pieces import Per, code_of, texts_of, translated
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, licences_of, parents
from weft.synthesize.prompts import load
from weft.synthesize.translating import named, plain

NAME, VERSION = "synthesize.dictionary_translation", 1
PLACES = ("source", "target", "entries", "text")


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    protocols=CHATS,
    files_in=("lexicon", "frequencies"),
    libraries=("icu4py",),
)
def dictionary_translation(
    *,
    service: Annotated[str, Field(min_length=1)],
    source: Annotated[str, Field(min_length=2)],
    into: Annotated[str, Field(min_length=2)],
    lexicon: Annotated[list[str], Field(min_length=1)],
    lexicon_license: FileLicense = None,
    through: list[str] | None = None,
    frequencies: str | None = None,
    frequent: Annotated[int, Field(ge=0)] = 500,
    shared: Annotated[float, Field(gt=0, le=1)] = 0.7,
    most_entries: Annotated[int, Field(ge=1)] = 20,
    per: Per = "sentence",
    prompt: str = "dictionary_translation",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Translate texts from the language `source` into `into` by a model that is told translations of rare words.

    `lexicon` are tab-separated files with a column for each language, named by its code; `through` names further
    columns, whose translations are told as well (a chain of dictionaries). `frequencies` is a tab-separated file with
    columns `word` and `count`: words among the `frequent` most frequent get no entry; without it every word may. A word
    that is no headword is told by the headword that shares most letters with it at the beginning or the end, four at
    least and the share `shared` of the longer one; with `shared: 1` by none. Of a text `most_entries` are told, those
    of the rarest words, with three translations at most into each language.

    Read are texts in `source`, that side of a pair, and what the user says in a conversation. A record is a pair, of
    which the side in `into` is a machine's; its note says how many entries were told. A text without any is asked for
    all the same.
    """
    codes = (code_of(source, "source"), code_of(into, "into"))
    licences = licences_of(lexicon=(lexicon, lexicon_license))
    chain = [code_of(one, "through") for one in through or ()]
    shown, asked = load(prompt, PLACES), settled(sampling, Sampling())
    names = {code: named(code) for code in (*codes, *chain)}

    @functools.cache
    def held() -> Any:
        from weft.parallel.word_entries import Entries

        common = None if frequencies is None else Path(frequencies)
        return Entries([Path(file) for file in lexicon], codes[0], [codes[1], *chain], common)

    async def say(client: ServiceClient, row: int, text: str, given: Sequence[Any]) -> Reply | None:
        places = {"source": names[codes[0]], "target": names[codes[1]]}
        places |= {"entries": _told(given, names), "text": fenced(text)}
        reply = await ask(client, row, shown, places, asked)
        return None if reply is None else Reply(plain(reply.text), reply.finish, reply.calls)

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        texts = texts_of(making, parents(batch), codes[0], per)
        if texts:
            bounds = {"frequent": frequent, "shared": shared, "most": most_entries, "each": 3}
            given = [held().of(piece, **bounds) for text in texts for piece in text.pieces]
            await translated(
                making, client, texts, *codes, given, say, lambda own: {"method": "dictionary", "entries": len(own)}
            )
        return making.table()

    return make


def _told(given: Sequence[Any], names: dict[str, str]) -> str:
    """The entries as the prompt has them; nothing where there are none."""
    if not given:
        return ""
    lines = ["What a dictionary says of words in it:", ""]
    for entry in given:
        word = entry.word if entry.word == entry.head else f"{entry.word} (see {entry.head})"
        means = "; ".join(f"{names[code]}: {', '.join(said)}" for code, said in entry.translations)
        lines.append(f"- {word}: {means}")
    return "\n".join(lines) + "\n"
