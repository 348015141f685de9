"""Summaries and headlines of what people wrote, by a model."""

from __future__ import annotations

from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.passages import passages
from weft.synthesize.prompts import load
from weft.synthesize.translating import named, plain

NAME, VERSION = "synthesize.summaries", 1
TASKS = {
    "summary": "Summarise the text in its own language.",
    "headline": "Write a headline of the text in its language.",
}
Form = Literal["summary", "headline"]


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    protocols=CHATS,
)
def summaries(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    form: Form = "summary",
    sentences: Annotated[int, Field(ge=1, le=20)] = 3,
    shortest: Annotated[int, Field(ge=1)] = 400,
    longest: Annotated[int, Field(ge=1)] = 20_000,
    most_share: Annotated[float, Field(gt=0, le=1)] = 0.5,
    prompt: str = "summarise",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Conversations that sum up a text in `language`, or give its headline: the text is a person's, the answer made.

    Texts have `shortest` to `longest` characters. A summary of up to `sentences` sentences is asked for. An answer that
    stands in the text word for word is none, nor one of more than `most_share` of its characters. Leads and headlines
    that people wrote need no model: `synthesize.leads`.
    """
    asked, settings = load(prompt, ("language", "form", "length", "text")), settled(sampling, Sampling())
    size = (
        f"{sentences} sentences at most" if form == "summary" else "one line of 12 words at most, without a full stop"
    )

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = passages(making, parents(batch), language, "document", shortest, longest)
        told = {"language": named(language), "form": form, "length": size}
        found = await together(ask(client, row, asked, told | {"text": fenced(text)}, settings) for row, text in held)
        for (row, text), reply in zip(held, found, strict=True):
            _add(making, row, text, reply, language, form, most_share)
        return making.table()

    return make


def _add(
    making: Making, row: int, text: str, reply: Reply | None, language: str, form: Form, most_share: float
) -> None:
    if reply is None:
        making.none(row, "no_reply", f"the service gave no {form}", kind="error")
        return
    answer = plain(reply.text)
    fault = None
    if not answer:
        fault = ("empty", f"the {form} is empty")
    elif answer in text:
        fault = ("copied", f"the {form} stands in the text word for word")
    elif len(answer) > most_share * len(text):
        fault = ("length", f"the {form} has {len(answer) / len(text):.0%} of the characters of the text")
    if fault is not None:
        making.none(row, *fault, calls=reply.calls)
        return
    parts = [
        Part("messages", TASKS[form], "eng_Latn", role="system"),
        Part("messages", text, language, role="user"),
        Part("messages", answer, language, "answer", of=text, of_language=language, role="assistant"),
    ]
    note = {"form": form, "share": round(len(answer) / len(text), 4), "by": "model"}
    making.record(row, "sft", parts, language=language, skill="summarization", note=note, calls=reply.calls)
