"""Translations of what documents have in a language: each text in pieces, and the pieces put together again."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.operators.service import ServiceClient
from weft.synthesize.asking import Reply
from weft.synthesize.gathering import together
from weft.synthesize.making import Making, Parent, Part
from weft.synthesize.passages import text_in

Per = Literal["document", "paragraph", "sentence"]
Ask = Callable[[ServiceClient, int, str, Sequence[Any]], Awaitable[Reply | None]]
_EMPTY_LINE = re.compile(r"\n\s*\n")
_CLOSE = ("Hans", "Hant", "Hani", "Jpan")
"""Scripts that write nothing between sentences."""


class Text(NamedTuple):
    """What is to be translated of a document: its row, the text, and where its pieces begin and end."""

    row: int
    text: str
    bounds: tuple[tuple[int, int], ...]

    @property
    def pieces(self) -> list[str]:
        return [self.text[begin:end] for begin, end in self.bounds]


def texts_of(making: Making, found: Sequence[Parent], language: str, per: Per) -> list[Text]:
    """The texts of documents in a language: a text, a side of a pair, or what the user says in a conversation.

    A document that has none is noted with the reason.
    """
    told = []
    for parent in found:
        if parent.kind in ("sft", "dpo"):
            own = [text for _, role, text in parent.messages if role == "user" and parent.language == language]
        else:
            held = text_in(parent, language)
            own = [] if held is None else [held]
        texts = [Text(parent.row, text, _bounds(text, per)) for text in own]
        texts = [text for text in texts if text.bounds]
        if not texts:
            has = ", ".join(parent.sides) if parent.kind == "pair" else parent.language
            making.none(parent.row, "other_language", f"a {parent.kind} in {has or 'no language that is known'}")
        told += texts
    return told


def _bounds(text: str, per: Per) -> tuple[tuple[int, int], ...]:
    if per == "sentence":
        from weft.text.sentences import sentence_bounds

        held = sentence_bounds(text).tolist()
        return tuple(zip(held[::2], held[1::2], strict=True))
    cuts = [(0, 0), *((one.start(), one.end()) for one in _EMPTY_LINE.finditer(text)), (len(text), len(text))]
    if per == "document":
        cuts = [cuts[0], cuts[-1]]
    found = []
    for (_, begin), (end, _) in pairwise(cuts):
        held = text[begin:end]
        if shown := held.strip():
            first = begin + len(held) - len(held.lstrip())
            found.append((first, first + len(shown)))
    return tuple(found)


def joined(text: Text, translations: Sequence[str], target: str) -> str:
    """Translations with what stands between the pieces; between sentences of a line, what the target's script writes
    there."""
    made = [translations[0]]
    close = target.partition("_")[2] in _CLOSE
    for (_, end), (begin, _), said in zip(text.bounds[:-1], text.bounds[1:], translations[1:], strict=True):
        between = text.text[end:begin]
        if "\n" not in between:
            between = "" if close else " "
        made += [between, said]
    return "".join(made)


def code_of(language: str, parameter: str) -> str:
    """The code of a language that a parameter names. Raises WeftError."""
    try:
        return normalise(language)
    except ValueError as error:
        raise WeftError(f"{parameter}: {error}") from None


async def translated(
    making: Making,
    client: ServiceClient,
    texts: Sequence[Text],
    source: str,
    target: str,
    given: Sequence[Sequence[Any]],
    ask: Ask,
    note: Callable[[Sequence[Any]], dict[str, Any]],
    shots: Callable[[Sequence[Any]], list[str]] = lambda given: [],
    terms: Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]] = lambda given: (),
) -> None:
    """Ask for every piece with what is `given` for it, and note a pair for every text; what a person wrote comes first.

    `note`, `shots` and `terms` (`beside` of `Making.record`) say what was given for the pieces of a text. A text with a
    piece that got no answer gives none.
    """
    owners = [text.row for text in texts for _ in text.bounds]
    pieces = [piece for text in texts for piece in text.pieces]
    asked = [ask(client, row, piece, own) for row, piece, own in zip(owners, pieces, given, strict=True)]
    replies = await together([_one(one) for one in asked])
    place = 0
    failed: dict[int, list[Any]] = {}
    made: set[int] = set()
    for text in texts:
        held = replies[place : place + len(text.bounds)]
        own = [one for shown in given[place : place + len(text.bounds)] for one in shown]
        place += len(text.bounds)
        calls = [call for reply in held if reply is not None for call in reply.calls]
        if any(reply is None or not reply.text for reply in held):
            failed.setdefault(text.row, []).extend(calls)
            continue
        said = joined(text, [reply.text for reply in held if reply is not None], target)
        parts = [
            Part("translation", text.text.strip(), source),
            Part("translation", said, target, "translation", text.text.strip(), source),
        ]
        told = {"pieces": len(held)} | note(own)
        making.record(
            text.row,
            "pair",
            parts,
            language=target,
            skill="translation",
            shots=list(dict.fromkeys(shots(own))),
            note=told,
            calls=calls,
            beside=terms(own),
        )
        made.add(text.row)
    for row, calls in failed.items():
        if row not in made:
            making.none(row, "no_translation", "a piece of the text got no answer, or an empty one", calls=calls)


async def _one(asked: Awaitable[Reply | None]) -> Reply | None:
    return await asked
