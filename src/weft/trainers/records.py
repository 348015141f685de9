"""What a row must be before a trainer gets it: the first rule that it breaks, for whole tables at once."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from weft.errors import WeftError
from weft.model.languages import name as language_name

REASONS = {
    "answer": "what is preferred or rejected is not an answer that the trainer takes: LLaMA-Factory and Axolotl take "
    "one message of the assistant, TRL messages that begin and end with one",
    "empty_message": "a message has no content",
    "no_answer": "no message of the assistant, or for LLaMA-Factory none at the end",
    "no_messages": "no message at all",
    "no_question": "the last message before the answers is neither of the user nor of a tool",
    "no_text": "no text, or of a pair only one",
    "not_read": "the mixture says that it is read no time",
    "system_later": "a system message that is not the first one, which LLaMA-Factory does not take",
    "tool_calls": "its meta has tools or tool calls, and messages of role and content do not show these",
    "turns": "user or tool and assistant do not take turns, which LLaMA-Factory demands",
    "unknown_role": "a message of another role than system, user, assistant and tool",
}
"""Why rows are left out."""
_LETTERS = {"system": "s", "user": "u", "assistant": "a", "tool": "t"}
_FIELDS = ("source", "target", "text")
INSTRUCTION = "Translate from {source} to {target}:\n{text}"


@dataclass(frozen=True)
class Shapes:
    """What a trainer demands of conversations, as (reason, pattern) in the order in which they are tried.

    A pattern is a regular expression over the roles of the messages, one letter each: s, u, a and t (tool).
    """

    sft: tuple[tuple[str, str], ...]
    prompt: tuple[tuple[str, str], ...]
    answer: str


def _blank(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.len_bytes().fill_null(0) == 0


def _faults(column: str, shapes: Sequence[tuple[str, str]]) -> list[tuple[pl.Expr, str]]:
    """Conditions under which the messages of a column cannot be used, in the order of trying, with their reasons."""
    messages = pl.col(column)
    role = pl.element().struct.field("role").replace_strict(_LETTERS, default="?", return_dtype=pl.String)
    letters = messages.list.eval(role).list.join("")
    empty = messages.list.eval(_blank(pl.element().struct.field("content"))).list.any()
    return [
        (messages.list.len().fill_null(0) == 0, "no_messages"),
        (letters.str.contains("?", literal=True), "unknown_role"),
        (empty, "empty_message"),
        *((~letters.str.contains(pattern), reason) for reason, pattern in shapes),
    ]


def reason_of(kind: str, shapes: Shapes, columns: Sequence[str]) -> pl.Expr:
    """Column `reason` of rows of a kind, null for those that a trainer can take; `columns` are those the rows have."""
    found: list[tuple[pl.Expr, str]] = []
    if "repeats" in columns and "copy" not in columns:
        found.append((pl.col("repeats") < 1, "not_read"))
    if kind in ("sft", "dpo") and "meta" in columns:
        calls = [pl.col("meta").str.json_path_match(f"$.{key}").is_not_null() for key in ("tools", "tool_calls")]
        found.append((pl.any_horizontal(calls), "tool_calls"))
    if kind == "ct":
        found.append((_blank(pl.col("text")), "no_text"))
    elif kind == "sft":
        found += _faults("messages", shapes.sft)
    elif kind == "dpo":
        found += _faults("prompt", shapes.prompt)
        for column in ("chosen", "rejected"):
            found += _faults(column, (("answer", shapes.answer),))
    chain: Any = pl.when(False).then(pl.lit(None, pl.String))
    for condition, reason in found:
        chain = chain.when(condition).then(pl.lit(reason))
    made: pl.Expr = chain.otherwise(pl.lit(None, pl.String)).alias("reason")
    return made


@dataclass(frozen=True)
class Direction:
    """From which language to which one a pair is read."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"

    def text(self, code: str) -> pl.Expr:
        """The text of a pair in one of its languages."""
        return pl.col("translation").struct.field(code)

    def reason(self) -> pl.Expr:
        """Column `reason`, as of `reason_of`."""
        blank = _blank(self.text(self.source)) | _blank(self.text(self.target))
        return pl.when(blank).then(pl.lit("no_text")).otherwise(pl.lit(None, pl.String)).alias("reason")

    def question(self, instruction: str) -> pl.Expr:
        """The instruction with the text to translate in it."""
        known = {"source": language_name(self.source), "target": language_name(self.target)}
        parts: list[pl.Expr] = []
        for plain, field, _, _ in string.Formatter().parse(instruction):
            parts.append(pl.lit(plain))
            if field is not None:
                parts.append(self.text(self.source) if field == "text" else pl.lit(known[field]))
        return pl.concat_str(parts)


def checked_instruction(given: str) -> str:
    """The instruction, in which the two characters backslash and n are a line break; raises WeftError."""
    text = given.replace("\\n", "\n")
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise WeftError(f"--instruction: {error}; expected a text with {{source}}, {{target}} and {{text}}") from None
    for _, field, form, conversion in parts:
        if field is not None and (field not in _FIELDS or form or conversion):
            raise WeftError(f"--instruction: {{{field}}} is not known; expected {{source}}, {{target}} and {{text}}")
    if "text" not in [field for _, field, _, _ in parts]:
        raise WeftError("--instruction: {text} is not in it; expected a place for the text to translate")
    return text
