"""The texts of a document that a recipe asks about: the whole, its paragraphs or its sentences."""

from __future__ import annotations

import re
from typing import Literal

from weft.synthesize.making import Making, Parent

Division = Literal["document", "paragraph", "sentence"]
_PARAGRAPHS = re.compile(r"\n\s*\n")


def text_in(parent: Parent, language: str) -> str | None:
    """What a document has in a language: the text, or the side of a pair; None where it has nothing in it."""
    if parent.kind == "pair":
        return parent.sides.get(language)
    return parent.text if parent.kind == "text" and parent.language == language else None


def divided(text: str, division: Division, shortest: int, longest: int) -> list[str]:
    """The parts of a text that have `shortest` to `longest` characters, in order, without white space around them.

    Paragraphs end at an empty line; sentences are those of `weft.text.sentences`.
    """
    if division == "sentence":
        from weft.text.sentences import sentence_bounds

        bounds = sentence_bounds(text).tolist()
        found = [text[begin:end] for begin, end in zip(bounds[::2], bounds[1::2], strict=True)]
    else:
        found = _PARAGRAPHS.split(text) if division == "paragraph" else [text]
    return [one for one in (part.strip() for part in found) if shortest <= len(one) <= longest]


def passages(
    making: Making, found: list[Parent], language: str, division: Division, shortest: int, longest: int
) -> list[tuple[int, str]]:
    """Row and text of every passage in a language; a document that has none is noted with the reason."""
    told: list[tuple[int, str]] = []
    for parent in found:
        text = text_in(parent, language)
        if text is None:
            own = ", ".join(parent.sides) if parent.kind == "pair" else parent.language
            making.none(parent.row, "other_language", f"a {parent.kind} in {own or 'no language that is known'}")
            continue
        held = divided(text, division, shortest, longest)
        if not held:
            asked = f"{shortest} to {longest} characters"
            making.none(parent.row, "no_passage", f"the text has no {division} of {asked}")
        told += [(parent.row, one) for one in held]
    return told
