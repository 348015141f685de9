"""Summaries and headlines that people wrote: the lead of a text and its first line."""

from __future__ import annotations

from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.passages import passages
from weft.synthesize.summaries import TASKS

NAME, VERSION = "synthesize.leads", 1
_GRAM = 4


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", libraries=("icu4py",))
def leads(
    *,
    language: str,
    form: Literal["summary", "headline"] = "summary",
    sentences: Annotated[int, Field(ge=1, le=10)] = 2,
    least_body: Annotated[int, Field(ge=1)] = 400,
    longest: Annotated[int, Field(ge=1)] = 20_000,
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.3,
    most_lead: Annotated[float, Field(gt=0, le=1)] = 0.4,
) -> BatchFunction:
    """Conversations that sum up a text in `language` by its own lead, or give its own headline; no model is asked.

    A summary is the first `sentences` sentences and the text what follows; a headline the first line, where it is one
    sentence without a full stop and the text follows on other lines. The text that is left has `least_body` characters,
    the lead at most `most_lead` of them, and `least_share` of the lead's different runs of four characters stand in it:
    else the lead says something else than the text. That a lead sums up is true of news above all.
    """

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = passages(making, parents(batch), language, "document", least_body, longest)
        for row, text in held:
            lead, body = _headed(text) if form == "headline" else _led(text, sentences)
            fault, share = _fault(lead, body, least_body, least_share, most_lead)
            if fault is not None:
                making.none(row, *fault)
                continue
            parts = [
                Part("messages", TASKS[form], "eng_Latn", role="system"),
                Part("messages", body, language, role="user"),
                Part("messages", lead, language, role="assistant"),
            ]
            note = {"form": form, "share": round(len(lead) / len(body), 4), "by": "lead", "shared": round(share, 4)}
            making.record(row, "sft", parts, language=language, skill="summarization", note=note)
        return making.table()

    return make


def _led(text: str, sentences: int) -> tuple[str, str]:
    from weft.text.sentences import sentence_bounds

    bounds = sentence_bounds(text).tolist()
    if len(bounds) // 2 <= sentences:
        return "", text
    return text[: bounds[2 * sentences - 1]].strip(), text[bounds[2 * sentences] :].strip()


def _headed(text: str) -> tuple[str, str]:
    from weft.text.sentences import sentence_bounds

    first, _, rest = text.partition("\n")
    line = first.strip()
    whole = len(sentence_bounds(line)) == 2 and line[-1].isalnum()
    return (line, rest.strip()) if whole else ("", text)


def _fault(
    lead: str, body: str, least_body: int, least_share: float, most_lead: float
) -> tuple[tuple[str, str] | None, float]:
    """Reason and detail of a lead that sums nothing up, and the share of it that stands in the text."""
    if not lead or len(body) < least_body:
        return ("no_lead", f"no lead with {least_body} characters of text behind it"), 0.0
    if len(lead) > most_lead * len(body):
        return ("length", f"the lead has {len(lead) / len(body):.0%} of the characters of the text"), 0.0
    own = _runs(lead)
    share = len(own & _runs(body)) / max(len(own), 1)
    if share < least_share:
        return ("other_matter", f"{share:.0%} of the lead stands in the text; expected {least_share:.0%}"), share
    return None, share


def _runs(text: str) -> set[str]:
    held = " ".join(text.casefold().split())
    return {held[place : place + _GRAM] for place in range(len(held) - _GRAM + 1)}
