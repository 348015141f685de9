"""Conversations, preferences and translations in the layouts that people keep them in, as parts of one text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "sft", "dpo", "pair"]
Fields = Mapping[str, Any]
Parts = list[dict[str, Any]]
BETWEEN = "\n\n"
"""What stands between two parts in the text of a record."""

ROLES = {
    **{name: name for name in ("system", "user", "assistant", "tool")},
    **{"human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"},
    **{"developer": "system", "observation": "tool"},
}
"""Roles by the names that data sets give them."""

LAYOUTS: dict[str, tuple[str, ...]] = {
    "text": (),
    "sft": (
        "messages",
        "conversations",
        "system",
        "instruction",
        "input",
        "output",
        "prompt",
        "completion",
        "response",
    ),
    "dpo": ("prompt", "messages", "conversations", "system", "instruction", "input", "question", "chosen", "rejected"),
    "pair": ("translation",),
}
"""Fields in which a record of each kind is looked for."""


class NotARecord(ValueError):
    """Fields that do not make a record; `reason` is a stable code, the message says what was expected."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Layout:
    """How the rows of a source become records.

    `fields` gives other names to the fields of LAYOUTS. `sides` names the fields that hold the sides of a pair, and
    the language of each or the field that holds it. Raises ValueError when these do not fit the kind.
    """

    kind: Kind
    fields: Mapping[str, str]
    sides: Mapping[str, str]
    group_field: str | None = None

    def __post_init__(self) -> None:
        known = LAYOUTS[self.kind]
        for name in self.fields:
            if name not in known:
                expected = ", ".join(known) or "kind: sft, dpo or pair"
                raise ValueError(f"fields: {name!r} is no field of kind {self.kind}; expected {expected}")
        if self.sides and self.kind != "pair":
            raise ValueError(f"sides: the kind is {self.kind}; expected kind: pair")
        if len(self.sides) == 1:
            raise ValueError("sides: expected two or more, such as {english: eng_Latn, swahili: swh_Latn}")
        same = next((said for said in self.sides.values() if list(self.sides.values()).count(said) > 1), None)
        if same is not None:
            raise ValueError(f"sides: two are {same}; expected a language, or a field that says it, for each")

    def columns(self) -> set[str]:
        """Names of the columns that a record may be made of."""
        names = {self.fields.get(name, name) for name in LAYOUTS[self.kind]} | {*self.sides, *self.sides.values()}
        return names | ({self.group_field} if self.group_field else set())

    def parts(self, record: Fields) -> Parts:
        """The GIVEN_PARTs of a record; raises NotARecord."""
        named = _named(record, self.fields)
        if self.kind == "pair":
            return _pair(named, record, self.sides)
        return _sft(named) if self.kind == "sft" else _dpo(named)


def field(fields: Fields, name: str) -> Any:
    """The value under a name, or under a path of names joined by dots; null when there is none."""
    if name in fields:
        return fields[name]
    value: Any = fields
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def layout(
    kind: Kind, fields: Mapping[str, str] | None, sides: Mapping[str, str] | None, group_field: str | None
) -> Layout:
    """The layout that a reader's parameters ask for."""
    return Layout(kind, fields or {}, sides or {}, group_field)


def lacking(shape: Layout, text_field: str, known: Collection[str]) -> tuple[str, str] | None:
    """What no row of a table can be made without, and the option that names it; None when its columns will do."""
    if shape.kind == "text" or shape.sides:
        needed = list(shape.sides) or [text_field]
        absent = next((name for name in needed if not {name, name.split(".")[0]} & {*known}), None)
        return None if absent is None else (absent, "sides" if shape.sides else "text_field")
    usable = sorted({shape.fields.get(name, name) for name in LAYOUTS[shape.kind]})
    found = any({name, name.split(".")[0]} & {*known} for name in usable)
    return None if found else (" or ".join(usable), "fields")


def _named(record: Fields, fields: Mapping[str, str]) -> dict[str, Any]:
    return dict(record) | {name: field(record, own) for name, own in fields.items()}


def _part(field: str, text: str, *, role: str | None = None, language: str | None = None) -> dict[str, Any]:
    return {"field": field, "role": role, "language": language, "text": text}


def _message(field: str, value: Any, role: str | None = None) -> dict[str, Any]:
    """One message: {role, content}, {from, value}, or a string with a role that is known."""
    if isinstance(value, str) and role is not None:
        return _part(field, _filled(field, value), role=role)
    if not isinstance(value, Mapping):
        raise NotARecord("not_a_message", f"{field}: expected messages with role and content, got {_kind(value)}")
    if value.get("tool_calls") or value.get("function_call"):
        raise NotARecord("tool_calls", f"{field}: a message calls tools, which no format here keeps")
    said = value.get("role", value.get("from"))
    found = ROLES.get(said.casefold()) if isinstance(said, str) else role
    if found is None:
        known = ", ".join(sorted(ROLES))
        raise NotARecord("unknown_role", f"{field}: the role is {said!r}; expected one of {known}")
    content = value.get("content", value.get("value", value.get("text")))
    return _part(field, _filled(field, _content(field, content)), role=found)


def _content(field: str, content: Any) -> str:
    """The text of a message, which may be written as a list of text blocks."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(b, Mapping) and isinstance(b.get("text"), str) for b in content):
        return "\n".join(block["text"] for block in content)
    raise NotARecord("not_text", f"{field}: expected content that is text, got {_kind(content)}")


def _filled(field: str, text: str) -> str:
    if not text.strip():
        raise NotARecord("empty_part", f"{field}: a message is empty")
    return text


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__


def _texts(record: Fields) -> str:
    """The fields of a record, with what they hold where it is no text."""
    named = [str(name) if isinstance(v, str) else f"{name} ({_kind(v)})" for name, v in record.items()]
    return ", ".join(named)[:200] or "no fields"


def _messages(field: str, value: Any, role: str | None = None) -> Parts:
    if isinstance(value, list):
        return [_message(field, one) for one in value]
    return [_message(field, value, role)]


def _system(record: Fields, field: str) -> Parts:
    text = _plain(record, "system")
    return [_part(field, text, role="system")] if text.strip() else []


def _plain(record: Fields, name: str) -> str:
    """The text of a field that may be missing or null."""
    text = record.get(name)
    if text is None or isinstance(text, str):
        return text or ""
    raise NotARecord("not_text", f"{name}: expected text, got {_kind(text)}")


def _asked(record: Fields, field: str) -> Parts | None:
    """What the user said, of a record that is no list of messages."""
    for name in ("instruction", "prompt", "question"):
        asked = record.get(name)
        if isinstance(asked, str) and asked.strip():
            more = _plain(record, "input") if name == "instruction" else ""
            return [_part(field, f"{asked}{BETWEEN}{more}" if more.strip() else asked, role="user")]
        if isinstance(asked, list) and asked:
            return _messages(field, asked)
    return None


def _sft(record: Fields) -> Parts:
    """A conversation: `messages`, `conversations`, instruction with output, or prompt with completion."""
    talk = record.get("messages") or record.get("conversations")
    if talk is not None:
        parts = _messages("messages", talk)
    else:
        asked = _asked(record, "messages")
        answer = next((record[n] for n in ("output", "completion", "response") if record.get(n)), None)
        if asked is None or answer is None:
            names = "messages, conversations, instruction and output, or prompt and completion"
            raise NotARecord("no_messages", f"expected {names}; the record has {_texts(record)}")
        parts = [*asked, *_messages("messages", answer, "assistant")]
    if parts[0]["role"] != "system":
        parts = [*_system(record, "messages"), *parts]
    if not any(part["role"] == "user" for part in parts) or parts[-1]["role"] != "assistant":
        raise NotARecord("no_answer", "expected a message of the user and, last, one of the assistant")
    return parts


def _dpo(record: Fields) -> Parts:
    """A prompt with a chosen and a rejected answer; where both begin alike, that is the prompt."""
    answers = {}
    for name in ("chosen", "rejected"):
        if not record.get(name):
            raise NotARecord("no_preference", f"expected chosen and rejected; {name} is missing or empty")
        answers[name] = _messages(name, record[name], "assistant")
    asked = _asked(record, "prompt")
    talk = record.get("messages") or record.get("conversations")
    if asked is None and talk is not None:
        asked = _messages("prompt", talk)
    if asked is None:
        shared = _shared(answers["chosen"], answers["rejected"])
        asked = [part | {"field": "prompt"} for part in answers["chosen"][:shared]]
        answers = {name: parts[shared:] for name, parts in answers.items()}
    elif [_said(part) for part in answers["chosen"][: len(asked)]] == [_said(part) for part in asked]:
        # Some data sets repeat the prompt in both answers.
        count = len(asked)
        same = [_said(part) for part in answers["rejected"][:count]] == [_said(part) for part in asked]
        answers = {name: parts[count:] if same else parts for name, parts in answers.items()}
    if not asked:
        raise NotARecord("no_prompt", "expected a prompt, or answers that begin with the same messages")
    if asked[0]["role"] != "system":
        asked = [*_system(record, "prompt"), *asked]
    for name, parts in answers.items():
        if not parts or parts[-1]["role"] != "assistant":
            raise NotARecord("no_preference", f"{name}: expected a message of the assistant at the end")
    if [_said(part) for part in answers["chosen"]] == [_said(part) for part in answers["rejected"]]:
        raise NotARecord("no_preference", "chosen and rejected are the same")
    return [*asked, *answers["chosen"], *answers["rejected"]]


def _said(part: Fields) -> tuple[str, str]:
    return part["role"], part["text"]


def _shared(one: Parts, other: Parts) -> int:
    """Messages with which both begin, the last of each not counted."""
    count = 0
    for a, b in zip(one[:-1], other[:-1], strict=False):
        if _said(a) != _said(b):
            break
        count += 1
    return count


def _pair(record: Fields, own: Fields, sides: Mapping[str, str]) -> Parts:
    """Two or more sides, sorted by language, so that a pair is the same whichever side was the source."""
    from weft.model.languages import normalise

    found: dict[str, str] = {}
    given = {name: field(own, name) for name in sides} if sides else record.get("translation")
    if not sides and isinstance(given, Mapping):
        # A Parquet file has every language of the column in every row, and null where the row has no such side.
        given = {name: held for name, held in given.items() if held is not None}
    if not isinstance(given, Mapping) or len(given) < 2:
        raise NotARecord("no_sides", "expected translation: {code: text, code: text}; or say sides in options")
    for name, held in given.items():
        text = _joined(held)
        if not isinstance(text, str) or not text.strip():
            raise NotARecord("empty_part", f"{name}: the side is missing or empty")
        said = _language_of(sides[name], own, sides) if sides else name
        try:
            code = normalise(str(said))
        except ValueError as error:
            raise NotARecord("unknown_language", f"{name}: {error}") from error
        if code in found:
            raise NotARecord("same_language", f"two sides are {code}; expected different languages")
        found[code] = text
    return [_part("translation", found[code], language=code) for code in sorted(found)]


def _joined(held: Any) -> Any:
    """A side that is a list of paragraphs or pages as one text."""
    if isinstance(held, list) and all(isinstance(page, str) for page in held):
        return BETWEEN.join(page for page in held if page.strip())
    return held


def _language_of(said: str, own: Fields, sides: Collection[str]) -> Any:
    """What the field `said` holds; without such a field, or where it is a side itself, `said` is the language."""
    found = field(own, said) if said not in sides else None
    return said if found is None else found
