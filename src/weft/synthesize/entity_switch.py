"""Texts with all of their entities in another language (EntityCS, Whitehouse et al. 2022)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, Part, licences_of, parents
from weft.synthesize.rewriting import strings_of

NAME, VERSION = "synthesize.entity_switch", 2
_COLUMNS = ("entity", "language", "label")
_MOST_TOKENS = 12


class Link(NamedTuple):
    """An entity in a text: its first and last (exclusive) character."""

    begin: int
    end: int
    entity: str


@operator(NAME, version=VERSION, reads=(*PARENT, "meta"), writes=WRITES, rows="make", files_in=("entities",))
def entity_switch(
    *,
    entities: Annotated[str, Field(min_length=1)],
    entities_license: FileLicense = None,
    into: Annotated[list[str], Field(min_length=1)] | None = None,
    versions: Annotated[int, Field(ge=1, le=5)] = 5,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> BatchFunction:
    """Replace every entity of a text by its label in another language, the same one for all of them.

    `entities` is a tab-separated file with the columns `entity` (any id, such as that of Wikidata), `language` and
    `label`. Entities of a text are the links that its `meta` states, `{"links": [{"begin": 0, "end": 5, "entity":
    "Q1"}]}` in characters; without these the labels in the text's own language that are found in it, the longest first.
    A language serves that has a label for every entity of the text, of those in `into` where that is given; up to
    `versions` of them are drawn, a record for each. The note has the characters that were switched.
    """
    licences = licences_of(entities=(entities, entities_license))
    held = read_entities(Path(entities))
    wanted = None if into is None else frozenset(into)

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        metas = batch["meta"].to_pylist()
        given = []
        for parent in parents(batch):
            if parent.kind == "text" and parent.language is not None:
                given.append(parent)
            else:
                told = f"a document of kind {parent.kind} in {parent.language or 'no language'}; expected text in one"
                making.none(parent.row, "not_plain_text" if parent.kind != "text" else "language_unknown", told)
        if given:
            _switch(making, given, [metas[parent.row] for parent in given], held, (wanted, versions, seed))
        return making.table()

    return make


class Entities(NamedTuple):
    """Labels of entities by language, and the keys by which labels are found in texts."""

    labels: dict[str, dict[str, str]]
    languages: list[str]
    keys: Any
    entity: list[str]


def read_entities(file: Path) -> Entities:
    """The entities of a tab-separated file with the columns `entity`, `language` and `label`. Raises WeftError."""
    from weft.text.replaced import keys_of

    try:
        table = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected entities") from None
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: not a table of entities: {str(error).splitlines()[0]}") from None
    if missing := [name for name in _COLUMNS if name not in table.columns]:
        raise WeftError(f"{file}: no column {' or '.join(missing)}; it has {', '.join(table.columns)[:200]}")
    rows = table.select(_COLUMNS).with_columns(pl.col("label").str.strip_chars()).drop_nulls()
    rows = rows.filter(pl.col("label") != "").unique(["entity", "language"], keep="first", maintain_order=True)
    labels: dict[str, dict[str, str]] = {}
    for entity, language, label in rows.iter_rows():
        labels.setdefault(entity, {})[language] = label
    languages = sorted(rows["language"].unique())
    places = rows["language"].replace_strict({name: n for n, name in enumerate(languages)}, return_dtype=pl.Int32)
    strings = strings_of(rows["label"].to_list())
    keys, first = np.unique(keys_of(strings, np.ascontiguousarray(places.to_numpy(), np.int32)), return_index=True)
    return Entities(labels, languages, keys, rows["entity"].gather(first).to_list())


def _switch(
    making: Making, given: list[Parent], metas: list[str | None], held: Entities, settings: tuple[Any, ...]
) -> None:
    from weft.text.draws import keys_of, mixed

    wanted, versions, seed = settings
    strings = strings_of([parent.text for parent in given])
    links = links_in(strings, given, held)
    for n, meta in enumerate(metas):
        if (stated := stated_links(meta, len(given[n].text))) is not None:
            links[n] = stated
    told: list[tuple[int, str]] = []
    for n, key in enumerate(keys_of([parent.id for parent in given], seed)):
        if not links[n]:
            making.none(given[n].row, "no_entity", "no label of the entities stands in the text, and no link is stated")
            continue
        shared = set.intersection(*(set(held.labels.get(link.entity, ())) for link in links[n]))
        shared = {name for name in shared if name != given[n].language and (wanted is None or name in wanted)}
        shared = {name for name in shared if _changes(given[n].text, links[n], held, name)}
        if not shared:
            making.none(given[n].row, "no_language_for_all", "no language has another label for every entity")
            continue
        rank = {name: int(mixed(key, held.languages.index(name))) for name in sorted(shared)}
        told += [(n, name) for name in sorted(shared, key=lambda name: rank[name])[:versions]]
    texts = _written(given, links, told, held)
    for (n, language), (text, spans) in zip(told, texts, strict=True):
        parent = given[n]
        marks = [{"begin": b, "end": e, "language": language} for b, e in spans]
        note = {"entities": [link.entity for link in links[n]], "switched": marks}
        part = Part("text", text, parent.language, "code_switch", of=parent.text, of_language=parent.language)
        making.record(parent.row, "text", [part], language=parent.language, skill="code_switch", note=note)


def _changes(text: str, links: list[Link], held: Entities, language: str) -> bool:
    return any(held.labels[link.entity][language] != text[link.begin : link.end] for link in links)


def links_in(strings: Any, given: list[Parent], held: Entities) -> list[list[Link]]:
    """Labels in the language of each text that stand in it."""
    from weft.text.replaced import GUARDED, JOINED, find
    from weft.text.words import characters_before

    place = {name: n for n, name in enumerate(held.languages)}
    labels = np.array([place.get(parent.language or "", -1) for parent in given], np.int32)
    found = find(strings, labels, held.keys, most=_MOST_TOKENS, spaces=True)
    token = np.flatnonzero((found.match >= 0) & (found.bits & (GUARDED | JOINED) == 0))
    end = found.end[token + np.maximum(found.size[token], 1) - 1]
    both = np.stack([found.begin[token], end], axis=1).reshape(-1)
    row = np.ascontiguousarray(np.repeat(found.row[token], 2), np.int32)
    places = characters_before(strings, row, np.ascontiguousarray(both, np.int64)).reshape(-1, 2)
    links: list[list[Link]] = [[] for _ in given]
    for n, (begin, after), key in zip(
        found.row[token].tolist(), places.tolist(), found.match[token].tolist(), strict=True
    ):
        links[n].append(Link(begin, after, held.entity[key]))
    return links


def stated_links(meta: str | None, size: int) -> list[Link] | None:
    """Links that meta states, those that overlap an earlier one or lie outside the text left out; None without any."""
    try:
        held = json.loads(meta or "{}")
        stated = held.get("links") if isinstance(held, dict) else None
        if not isinstance(stated, list):
            return None
        links = sorted(Link(int(one["begin"]), int(one["end"]), str(one["entity"])) for one in stated)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    kept: list[Link] = []
    for link in links:
        if 0 <= link.begin < link.end <= size and (not kept or kept[-1].end <= link.begin):
            kept.append(link)
    return kept


def _written(
    given: list[Parent], links: list[list[Link]], told: list[tuple[int, str]], held: Entities
) -> list[tuple[str, list[tuple[int, int]]]]:
    """The text of each version and the characters of its new pieces."""
    made = []
    for n, language in told:
        text, pieces, spans, at, size = given[n].text, [], [], 0, 0
        for link in links[n]:
            label = held.labels[link.entity][language]
            pieces += [text[at : link.begin], label]
            size += link.begin - at
            spans.append((size, size + len(label)))
            size, at = size + len(label), link.end
        made.append(("".join([*pieces, text[at:]]), spans))
    return made
