"""Names of the one side of a pair, marked by a model, and carried over to the other side by the links of words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Sampling, settled
from weft.synthesize.entities import Marked, add, annotated
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, licences_of, parents
from weft.synthesize.prompts import load
from weft.synthesize.tags import Span

if TYPE_CHECKING:  # kernels are imported when the operator is built
    from weft.parallel.word_alignment import Learnt

NAME, VERSION = "synthesize.projected_entities", 2


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    services_beside=("second",),
    libraries=("icu4py",),
    protocols=CHATS,
    files_in=("pairs",),
)
def projected_entities(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    onto: str,
    pairs: Annotated[str, Field(min_length=1)],
    pairs_license: FileLicense = None,
    second: str | None = None,
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.4,
    longest: Annotated[int, Field(ge=1)] = 2000,
    most_lost: Annotated[float, Field(ge=0, le=1)] = 0.2,
    prompt: str = "entities",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Conversations that name the people, places and others of the side of a pair in `onto`.

    The side in `language`, which the annotator knows better, is marked as `synthesize.entities` does. Its names are
    carried over as `weft pairs project` does it, by links of words as they are learnt from the table `pairs`, 100 or
    more of both languages. There is a record where every name is carried over with `confidence`: one
    that is left out would be taught as no name. The note has the place of each name on both sides.
    """
    if language == onto:
        raise WeftError(f"onto is {onto}, the language that is marked; expected another one")
    from weft.parallel import corpora
    from weft.parallel.word_alignment import learnt

    licences = licences_of(pairs=(pairs, pairs_license))
    asked, settings = load(prompt, ("language", "labels", "text")), settled(sampling, Sampling())
    known = learnt(*corpora.seed(Path(pairs), (language, onto), None))

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        held = []
        for parent in parents(batch):
            if not {language, onto} <= set(parent.sides) or not all(map(str.strip, parent.sides.values())):
                making.none(parent.row, "other_language", f"expected a pair of {language} and {onto}")
            elif max(len(parent.sides[language]), len(parent.sides[onto])) > longest:
                making.none(parent.row, "length", f"a side has more than {longest} characters")
            else:
                held.append(parent)
        clients = [client, *([client.beside("second")] if second is not None else [])]
        marked = await together(
            annotated(clients, one.row, one.sides[language], language, asked, settings) for one in held
        )
        sides = [one.sides[language] for one in held], [one.sides[onto] for one in held]
        found = _projected(known, *sides, [one.spans if one is not None else [] for one in marked], confidence)
        for parent, one, spans in zip(held, marked, found, strict=True):
            _add(making, parent, one, spans, language, onto, most_lost)
        return making.table()

    return make


def _projected(
    known: Learnt, source: list[str], target: list[str], spans: Sequence[Sequence[Span]], least: float
) -> list[list[Span | str]]:
    """Of each name of each source its place in the target, or why it has none."""
    from weft.parallel.projection import project, together

    found = []
    for one, other, held in zip(source, target, spans, strict=True):
        rows = [{"begin": span.begin, "end": span.end} for span in held]
        (row,) = project(together(known.align(one, other), [one], [other]), [rows], least)
        found.append([at.reason or Span(at.begin, at.end, span.tag) for at, span in zip(row, held, strict=True)])
    return found


def _add(
    making: Making,
    parent: Parent,
    marked: Marked | None,
    found: Sequence[Span | str],
    language: str,
    onto: str,
    most_lost: float,
) -> None:
    if marked is None:
        making.none(parent.row, "no_reply", "an annotator gave no marks", kind="error")
        return
    if marked.lost > most_lost:
        detail = f"{marked.lost:.0%} of the names stand nowhere in the text; expected {most_lost:.0%} at most"
        making.none(parent.row, "ungrounded", detail, calls=marked.calls)
        return
    left = [
        f"{parent.sides[language][span.begin : span.end]}: {one}"
        for span, one in zip(marked.spans, found, strict=True)
        if isinstance(one, str)
    ]
    if left:
        making.none(parent.row, "not_projected", "; ".join(left), calls=marked.calls)
        return
    spans = sorted(one for one in found if isinstance(one, Span))
    own = [{"begin": one.begin, "end": one.end, "tag": one.tag} for one in marked.spans]
    note = {**marked.note, "by": "projection", "from": language, "from_spans": own}
    add(making, parent.row, parent.sides[onto], onto, spans, note, marked.calls)
