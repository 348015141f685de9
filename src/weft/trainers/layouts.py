"""What each trainer takes: columns by kind, shapes of conversations, and the settings that name the files.

Read from their sources: TRL 1.16 (`data_utils`, `SFTTrainer`, `DPOTrainer`), Axolotl 0.19 (`prompt_strategies`,
`utils/data`) and LLaMA-Factory 0.9.5 (`data/parser.py`, `converter.py`, `loader.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
import pyarrow as pa

from weft.trainers import settings
from weft.trainers.records import Direction, Shapes
from weft.trainers.settings import Written
from weft.trainers.writing import MESSAGES

Trainer = Literal["datasets", "trl", "axolotl", "llama-factory"]
TEXT = pa.string()
MESSAGE = MESSAGES.value_type
Columns = dict[str, tuple[pl.Expr, pa.DataType]]


@dataclass(frozen=True)
class Layout:
    """How a trainer wants rows and files; `columns` makes those that it reads, of a kind."""

    format: str
    shapes: Shapes
    columns: Callable[[str, Direction | None, str], Columns]
    settings: Callable[[Sequence[Written], Mapping[str, Any]], dict[str, str]]
    one_file: bool = False


def kept(folder: str, direction: Direction | None) -> Columns:
    """Columns beside: what a row is and whence it comes, so that it can be found again. No null is among them."""
    made: Columns = {"id": (pl.col("id").fill_null(""), TEXT)}
    if direction is None:
        made["language"] = (pl.lit(folder), TEXT)
    else:
        made["source_language"] = (pl.lit(direction.source), TEXT)
        made["target_language"] = (pl.lit(direction.target), TEXT)
    for name in ("source", "license"):
        made[name] = (pl.col(name).fill_null("unknown"), TEXT)
    return made


def _said(role: str, content: pl.Expr) -> pl.Expr:
    return pl.struct(pl.lit(role).alias("role"), content.alias("content"))


def _trl(kind: str, direction: Direction | None, instruction: str) -> Columns:
    """Text, conversations, and questions and answers as lists of messages, which TRL calls conversational."""
    if kind == "pairs":
        assert direction is not None
        asked, answered = (
            _said("user", direction.question(instruction)),
            _said("assistant", direction.text(direction.target)),
        )
        return {"prompt": (pl.concat_list(asked), MESSAGES), "completion": (pl.concat_list(answered), MESSAGES)}
    if kind == "dpo":
        return {name: (pl.col(name), MESSAGES) for name in ("prompt", "chosen", "rejected")}
    return _text_or_messages(kind)


def _text_or_messages(kind: str) -> Columns:
    return {"text": (pl.col("text"), TEXT)} if kind == "ct" else {"messages": (pl.col("messages"), MESSAGES)}


def _answer(column: str, *, bare: bool) -> pl.Expr:
    """The one message of an answer, without white space around it where `bare`."""
    content = pl.col(column).list.first().struct.field("content")
    return _said("assistant", content.str.strip_chars() if bare else content)


def _axolotl(kind: str, direction: Direction | None, instruction: str) -> Columns:
    """Text and conversations; the answers of dpo are messages.

    They are bare, as Axolotl seeks an answer in the rendered text, and templates strip it: one that is not found is
    cut to its last character (`dpo/chat_template.py`).
    """
    if kind == "pairs":
        assert direction is not None
        asked, answered = (
            _said("user", direction.question(instruction)),
            _said("assistant", direction.text(direction.target)),
        )
        return {"messages": (pl.concat_list(asked, answered), MESSAGES)}
    if kind == "dpo":
        return {"messages": (pl.col("prompt"), MESSAGES)} | {
            name: (_answer(name, bare=True), MESSAGE) for name in ("chosen", "rejected")
        }
    return _text_or_messages(kind)


def _llama_factory(kind: str, direction: Direction | None, instruction: str) -> Columns:
    """Text, conversations, and instructions with their outputs; the answers of dpo are messages."""
    if kind == "pairs":
        assert direction is not None
        return {
            "instruction": (direction.question(instruction), TEXT),
            "output": (direction.text(direction.target), TEXT),
        }
    if kind == "dpo":
        return {"messages": (pl.col("prompt"), MESSAGES)} | {
            name: (_answer(name, bare=False), MESSAGE) for name in ("chosen", "rejected")
        }
    return _text_or_messages(kind)


_ANY = (("no_answer", "a"),)
_ASKED = (("no_question", "[ut]$"),)
LAYOUTS: dict[str, Layout] = {
    "trl": Layout("parquet", Shapes(_ANY, _ASKED, "^a([at]*a)?$"), _trl, settings.card),
    "axolotl": Layout("jsonl", Shapes(_ANY, _ASKED, "^a$"), _axolotl, settings.axolotl),
    "llama-factory": Layout(
        "jsonl",
        Shapes(
            (("no_answer", "a$"), ("system_later", "^s?[^s]*$"), ("turns", "^s?([ut]a)+$")),
            (*_ASKED, ("system_later", "^s?[^s]*$"), ("turns", "^s?([ut]a)*[ut]$")),
            "^a$",
        ),
        _llama_factory,
        settings.llama_factory,
        one_file=True,
    ),
}
"""Layouts in which rows are written anew; `datasets` gets the files of the release as they are."""
TRAINERS = ("datasets", *LAYOUTS)
