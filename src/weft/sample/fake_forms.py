"""The form of an answer that a prompt shows, as a JSON schema: what the fake model server fills where none is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NAME = re.compile(r'\s*"(\w+)"\s*:\s*')
_NEXT = re.compile(r'\s*,(?=\s*"\w+"\s*:)')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BOUNDS = re.compile(r"(-?\d+) to (-?\d+)")
_WORD = re.compile(r"\w+")
_DOTS = frozenset({"…", "..."})
_MOST_DEPTH = 12


class _NoForm(ValueError):
    """What stands there is no form."""


def form_in(text: str) -> Mapping[str, Any] | None:
    """The JSON schema of the last form in a text; None where it shows none.

    A form is an object as prompts show them: JSON, or words for what stands in a place: `a number from 1 to 5`,
    `true or false`, `"good" or "bad"`, `"why"`, `[…]`. What a form says in words alone, such as `one of the names
    above`, is a text.
    """
    found, place = None, text.find("{")
    while place >= 0:
        try:
            found, end = _object(text, place, 0)
        except _NoForm:
            end = place + 1
        place = text.find("{", end)
    return found


def _object(text: str, place: int, depth: int) -> tuple[dict[str, Any], int]:
    held: dict[str, Any] = {}
    if depth > _MOST_DEPTH:
        raise _NoForm
    place += 1
    while name := _NAME.match(text, place):
        held[name[1]], place = _value(text, name.end(), depth)
        following = _NEXT.match(text, place)
        if following is None:
            break
        place = following.end()
    place = _spaces(text, place)
    if not held or text[place : place + 1] != "}":
        raise _NoForm
    return {"type": "object", "properties": held, "required": list(held)}, place + 1


def _value(text: str, place: int, depth: int) -> tuple[dict[str, Any], int]:
    if text[place : place + 1] == "{":
        return _object(text, place, depth + 1)
    if text[place : place + 1] == "[":
        return _list(text, place, depth + 1)
    end = _end(text, place)
    return _meant(text[place:end].strip()), end


def _list(text: str, place: int, depth: int) -> tuple[dict[str, Any], int]:
    shown: list[dict[str, Any]] = []
    place = _spaces(text, place + 1)
    while text[place : place + 1] not in ("]", ""):
        if text[place] in "{[":
            one, place = _value(text, place, depth)
            shown.append(one)
        else:
            end = _end(text, place, within=True)
            word, place = text[place:end].strip(), end
            if word not in _DOTS or not shown:
                shown.append(_meant(word))
        place = _spaces(text, place)
        if text[place : place + 1] == ",":
            place = _spaces(text, place + 1)
    if text[place : place + 1] != "]":
        raise _NoForm
    first = shown[0] if shown else {"type": "string"}
    return {"type": "array", "items": first, "prefixItems": _told_apart(shown), "minItems": len(shown)}, place + 1


def _told_apart(shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries of a list that is shown with several: a word that differs between them, such as a role, is meant."""
    made = [dict(one) for one in shown]
    for name in made[0].get("properties", {}) if made else ():
        words = [one.get("properties", {}).get(name, {}).get("description", "") for one in made]
        if len(set(words)) > 1 and all(_WORD.fullmatch(word) for word in words):
            for one, word in zip(made, words, strict=True):
                one["properties"] = {**one["properties"], name: {"const": word}}
    return made


def _end(text: str, place: int, *, within: bool = False) -> int:
    """Where the words for one place end: before the next name, or in a list before the next comma, or a bracket."""
    while place < len(text):
        if text[place] == '"' and (quoted := _QUOTED.match(text, place)):
            place = quoted.end()
        elif text[place] in "{}[]" or (text[place] == "," and (within or _NEXT.match(text, place))):
            return place
        else:
            place += 1
    raise _NoForm


def _spaces(text: str, place: int) -> int:
    while text[place : place + 1].isspace():
        place += 1
    return place


def _meant(words: str) -> dict[str, Any]:
    """The schema of one place. A number that stands for itself is an example; its own range is not known."""
    if bounds := _BOUNDS.search(words):
        return {"type": "integer", "minimum": int(bounds[1]), "maximum": int(bounds[2])}
    quoted = _QUOTED.findall(words)
    if len(quoted) > 1 and not re.sub(r'"[^"]*"|\bor\b|[|,/\s]', "", words):
        return {"enum": quoted}
    if quoted and quoted[0].isascii() and quoted[0].isalpha() and quoted[0].isupper():
        return {"const": quoted[0]}  # a tag
    if quoted:
        return {"type": "string", "description": quoted[0]}
    if words in ("true", "false", "null") or words.replace(" ", "") in ("trueorfalse", "true|false"):
        return {"type": "boolean"}
    if re.fullmatch(r"-?\d+", words):
        return {"type": "integer", "minimum": 0, "maximum": 5}
    if re.fullmatch(r"-?\d+\.\d+", words):
        return {"type": "number", "minimum": 0, "maximum": 1}
    if words in _DOTS:
        return {"type": "integer", "minimum": 1, "maximum": 5}
    return {"type": "string", "description": words}
