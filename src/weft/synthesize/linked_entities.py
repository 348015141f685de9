"""Texts with their names marked by links and by labels of entities; no model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.entities import add
from weft.synthesize.entity_switch import Link, links_in, read_entities, stated_links
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, licences_of, parents
from weft.synthesize.rewriting import strings_of
from weft.synthesize.tags import Span, grounded, tag_of

NAME, VERSION = "synthesize.linked_entities", 2


@operator(NAME, version=VERSION, reads=(*PARENT, "meta"), writes=WRITES, rows="make", files_in=("entities",))
def linked_entities(
    *,
    language: str,
    entities: Annotated[str, Field(min_length=1)],
    entities_license: FileLicense = None,
    longest: Annotated[int, Field(ge=1)] = 2000,
    least: Annotated[int, Field(ge=1)] = 1,
) -> BatchFunction:
    """Conversations that name the people, places and others of a text in `language`, as links and labels mark them.

    `entities` is the file of `synthesize.entity_switch` with one more column, `tag`: `PER`, `LOC`, `ORG`, `DATE` or
    `MISC`, or a word for one (`person`, `place`); entities without one mark nothing. Names are the links that `meta`
    states, and every other place where the text of such a link stands; without links, the labels in the text's language
    that stand in it. Records are of texts of up to `longest` characters with `least` names. A name that no link and no
    label has stays unmarked: check with a sample how many those are. The note is that of `synthesize.entities`.
    """
    licences = licences_of(entities=(entities, entities_license))
    file = Path(entities)
    held, tags = read_entities(file), _tags(file)

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        metas = batch["meta"].to_pylist()
        given: list[Parent] = []
        for parent in parents(batch):
            if parent.kind != "text" or parent.language != language:
                own = f"a {parent.kind} in {parent.language or 'a language that is not known'}"
                making.none(parent.row, "other_language", f"{own}; expected a text in {language}")
            elif len(parent.text) > longest:
                making.none(parent.row, "length", f"{len(parent.text)} characters; expected {longest} or fewer")
            else:
                given.append(parent)
        found = links_in(strings_of([parent.text for parent in given]), given, held) if given else []
        for parent, links in zip(given, found, strict=True):
            stated = stated_links(metas[parent.row], len(parent.text))
            spans = _spans(parent.text, links if stated is None else stated, tags, stated is not None)
            if len(spans) < least:
                making.none(parent.row, "no_entity", f"{len(spans)} names are known; expected {least} or more")
                continue
            note = {"by": "labels" if stated is None else "links"}
            add(making, parent.row, parent.text, language, spans, note)
        return making.table()

    return make


def _tags(file: Path) -> dict[str, str]:
    """The tag of each entity that has one. Raises WeftError for a file without tags, or with another one."""
    table = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    if "tag" not in table.columns:
        raise WeftError(f"{file}: no column tag; it has {', '.join(table.columns)[:200]}")
    found: dict[str, str] = {}
    for entity, name in table.select("entity", "tag").drop_nulls().unique(maintain_order=True).iter_rows():
        tag = tag_of(name)
        if tag is None or found.setdefault(entity, tag) != tag:
            raise WeftError(
                f"{file}: tag {name} of {entity}: expected one of PER, LOC, ORG, DATE, MISC for each entity"
            )
    return found


def _spans(text: str, links: list[Link], tags: dict[str, str], everywhere: bool) -> list[Span]:
    spans = [Span(link.begin, link.end, tags[link.entity]) for link in links if link.entity in tags]
    if everywhere:
        more, _ = grounded(text, [(text[one.begin : one.end], one.tag) for one in spans])
        spans += [one for one in more if not any(one.begin < held.end and held.begin < one.end for held in spans)]
    return sorted(spans)
