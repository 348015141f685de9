"""Pairs of two languages by a third: the pivot side of a pair is translated."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import Sampling, settled
from weft.synthesize.making import PARENT, WRITES, Making, Parent, Part, parents
from weft.synthesize.translating import TRANSLATORS, loaded, translate

NAME, VERSION = "synthesize.pivot_translation", 1


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    protocols=TRANSLATORS,
)
def pivot_translation(
    *,
    service: Annotated[str, Field(min_length=1)],
    pivot: str,
    into: str,
    machine: tuple[str, ...] = (),
    shortest: Annotated[int, Field(ge=1)] = 1,
    longest: Annotated[int, Field(ge=1)] = 2000,
    prefix: bool = False,
    prompt: str = "translate",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Pairs of `into` and every other language of a pair, of which the side in `pivot` is translated.

    Pivot sides of less than `shortest` or more than `longest` characters are left out. The translation is marked as
    made, and so are sides in the languages `machine`, which a machine had made before. The note has the tag
    `<PIV:code>` with the pivot; with `prefix` the translation begins with it. All pairs of one text stay in one group,
    so that no split divides them. A pair that has `into` already gives none.
    """
    if into == pivot or into in machine:
        raise WeftError(f"into is {into}; expected another language than the pivot and those of machine")
    asked, settings, tag = loaded(prompt), settled(sampling, Sampling()), f"<PIV:{pivot}>"

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        found = []
        for parent in parents(batch):
            fault = _fault(parent, pivot, into, shortest, longest)
            if fault is not None:
                making.none(parent.row, *fault)
            else:
                found.append(parent)
        texts = [parent.sides[pivot] for parent in found]
        replies = await translate(client, [one.row for one in found], texts, pivot, into, asked, settings)
        for parent, text, reply in zip(found, texts, replies, strict=True):
            if reply is None:
                making.none(parent.row, "no_reply", "the service gave no translation", kind="error")
                continue
            if not reply.text or reply.text == text:
                reason = "copied" if reply.text else "empty"
                making.none(parent.row, reason, "the translation is empty, or the pivot itself", calls=reply.calls)
                continue
            shown = f"{tag} {reply.text}" if prefix else reply.text
            first = Part("translation", shown, into, "translation", of=text, of_language=pivot)
            for code, side in sorted(parent.sides.items()):
                if code == pivot or not side.strip():
                    continue
                second = Part("translation", side, code)
                if code in machine:
                    second = Part("translation", side, code, "translation", of=text, of_language=pivot)
                note = {"tag": tag, "pivot": pivot}
                parts = [first, second]
                making.record(
                    parent.row, "pair", parts, language=code, skill="translation", note=note, calls=reply.calls
                )
        return making.table()

    return make


def _fault(parent: Parent, pivot: str, into: str, shortest: int, longest: int) -> tuple[str, str] | None:
    """Why a document gives no pair by this pivot: reason and detail."""
    own = ", ".join(sorted(parent.sides)) or "no pair"
    if pivot not in parent.sides or not any(
        text.strip() for code, text in parent.sides.items() if code not in (pivot, into)
    ):
        return "no_pivot", f"the document is {own}; expected a pair of {pivot} and another language"
    if into in parent.sides:
        return "has_language", f"the pair has a side in {into} already"
    if not shortest <= len(parent.sides[pivot].strip()) <= longest:
        return "length", f"the side in {pivot} has not {shortest} to {longest} characters"
    return None
