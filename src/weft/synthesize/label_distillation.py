"""Labels of texts by a teacher that was asked several times."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced, last_json, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Parent, Part, parents
from weft.synthesize.prompts import load
from weft.synthesize.translating import named

NAME, VERSION = "synthesize.label_distillation", 1
UNREADABLE = "unreadable"
"""What a reply without one of the labels counts as."""


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
def label_distillation(
    *,
    service: Annotated[str, Field(min_length=1)],
    task: Annotated[str, Field(min_length=1)],
    labels: dict[str, str],
    samples: Annotated[int, Field(ge=1, le=99)] = 5,
    agreement: Annotated[float, Field(gt=0.5, le=1)] = 0.8,
    longest: Annotated[int, Field(ge=1)] = 8000,
    prompt: str = "classify_text",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Conversations that classify a text: the label that `agreement` of `samples` answers of a teacher give.

    `labels` are names with what each means, in English: names in the language of the text cost accuracy. `task` says
    what is asked, for the teacher and for the student. A reply with another label, or with none, counts as `unreadable`
    and against agreement. The note has all labels and counts; a text of less agreement gives no record, and its row
    has the counts. Texts whose language is not known, and longer ones than `longest` characters, are not asked about.
    Without `sampling` the temperature is 0.7: at 0 all samples of a model are one.
    """
    if len(labels) < 2 or any(not one.strip() or one == UNREADABLE for one in labels):
        raise WeftError(
            f"labels are {', '.join(labels) or 'none'}; expected two or more names, none of them {UNREADABLE}"
        )
    asked = load(prompt, ("task", "labels", "language", "text"))
    settings = settled(sampling, Sampling(temperature=0.7))
    defined = "\n".join(f"- {name}: {meaning}" if meaning else f"- {name}" for name, meaning in labels.items())
    folded = {name.casefold(): name for name in labels}

    async def vote(client: ServiceClient, parent: Parent) -> list[Reply | None]:
        fields = {"task": task, "labels": defined, "language": named(str(parent.language)), "text": fenced(parent.text)}
        return await together(
            ask(client, parent.row, asked, fields, settings, sample=sample) for sample in range(samples)
        )

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        found = []
        for parent in parents(batch):
            fault = _fault(parent, longest)
            if fault is not None:
                making.none(parent.row, *fault)
            else:
                found.append(parent)
        for parent, replies in zip(found, await together(vote(client, parent) for parent in found), strict=True):
            _add(making, parent, replies, folded, agreement, instruction(task, list(labels)))
        return making.table()

    return make


def instruction(task: str, labels: Sequence[str]) -> str:
    """What the student is told to do."""
    return f"{task.strip()} Answer with one of these labels: {', '.join(labels)}."


def _fault(parent: Parent, longest: int) -> tuple[str, str] | None:
    if parent.kind != "text" or parent.language is None:
        return "other_kind", f"a {parent.kind} in {parent.language or 'a language that is not known'}; expected a text"
    if len(parent.text) > longest:
        return "length", f"{len(parent.text)} characters; expected {longest} or fewer"
    return None


def _read(reply: Reply, folded: Mapping[str, str]) -> str:
    try:
        held = last_json(reply.text)
    except ValueError:
        held = reply.text.strip().strip("\"'.")
    said = held.get("label") if isinstance(held, dict) else held
    return folded.get(said.strip().casefold(), UNREADABLE) if isinstance(said, str) else UNREADABLE


def _add(
    making: Making,
    parent: Parent,
    replies: Sequence[Reply | None],
    folded: Mapping[str, str],
    agreement: float,
    told: str,
) -> None:
    given = [reply for reply in replies if reply is not None]
    calls = [call for reply in given for call in reply.calls]
    if len(given) < len(replies):
        detail = f"{len(replies) - len(given)} of {len(replies)} samples got no reply"
        making.none(parent.row, "no_reply", detail, kind="error", calls=calls)
        return
    counts = Counter(_read(reply, folded) for reply in given)
    label, most = max(counts.items(), key=lambda entry: (entry[1], entry[0] != UNREADABLE, entry[0]))
    shown = dict(sorted(counts.items()))
    if label == UNREADABLE or most < agreement * len(given) - 1e-9:
        detail = f"{json.dumps(shown, ensure_ascii=False)}; expected {agreement:g} of {len(given)} for one label"
        making.none(parent.row, "disagreement", detail, calls=calls)
        return
    note: dict[str, Any] = {"label": label, "labels": list(folded.values()), "counts": shown}
    note["agreement"] = round(most / len(given), 4)
    parts = [
        Part("messages", told, "eng_Latn", role="system"),
        Part("messages", parent.text, parent.language, role="user"),
        Part("messages", label, "eng_Latn", "label", of=parent.text, of_language=parent.language, role="assistant"),
    ]
    making.record(parent.row, "sft", parts, language=parent.language, skill="classification", note=note, calls=calls)
