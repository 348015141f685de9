"""From texts to a tokenizer: hold out, count, weigh, learn, measure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from weft.errors import WeftError
from weft.tokenizer.bpe import train_bpe
from weft.tokenizer.extend import extended
from weft.tokenizer.fertility import known_pivot, measure, summary
from weft.tokenizer.loaded import Loaded, from_content
from weft.tokenizer.pieces import BYTES, SPECIAL, bpe_model, tokenizer_file, with_unknown
from weft.tokenizer.texts import held_out
from weft.tokenizer.unigram import train_unigram
from weft.tokenizer.words import count_words, together, weigh

Tell = Callable[[str, int, int | None], None]
"""What is done now, how much of it, and of how much (null: not known)."""
VOCABULARY, MORE = 32_000, 8_000


@dataclass(frozen=True)
class Plan:
    """How a tokenizer is made. `vocabulary` null: 32,000, or 8,000 more than `extend` has."""

    kind: Literal["bpe", "unigram"] = "bpe"
    vocabulary: int | None = None
    temperature: float = 0.3
    special: tuple[str, ...] = SPECIAL
    coverage: float = 0.9995
    hold_out: float = 0.05
    seed: int = 1
    pivot: str | None = None
    extend: Loaded | None = None


@dataclass(frozen=True)
class Made:
    """A tokenizer, what went into it by language, and how it does on texts that it has not seen."""

    content: dict[str, Any]
    size: int
    plan: Plan
    shares: pl.DataFrame
    """language, texts, characters and share of the training."""
    table: pl.DataFrame
    summary: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """bpe or unigram, as the file says."""
        return str(self.content["model"].get("type", "BPE")).lower()


def make(rows: pl.DataFrame, plan: Plan, tell: Tell = lambda *_: None, measured: pl.DataFrame | None = None) -> Made:
    """A tokenizer from texts (columns `language`, `text`, `key`), measured on those that are held out.

    And on the texts `measured`, none of which is trained on: those of the old languages, where a tokenizer is extended.
    The same rows, plan and version of the library give the same content. Raises WeftError for a plan that cannot be
    followed.
    """
    _check(plan)
    if measured is not None:
        rows = rows.join(measured, on=["language", "text"], how="anti", maintain_order="left")
    held = held_out(rows, plan.hold_out, plan.seed)
    train, apart = rows.filter(~held), rows.filter(held)
    if measured is not None:
        apart = pl.concat([apart, measured])
    if not train.height:
        raise WeftError("no text is left to train on; expected texts besides those that are only measured")
    known_pivot(apart, plan.pivot)  # said before the work, not after it
    before = plan.extend or _blank(plan)
    counted = count_words(train, before.tokenizer, lambda done: tell("count words", done, train.height))
    weights, shares = weigh(counted, plan.temperature)
    tell("learn pieces", 0, None)
    vocabulary = plan.vocabulary or (VOCABULARY if plan.extend is None else plan.extend.size + MORE)
    if plan.extend is not None:
        content = extended(plan.extend, weights, together(counted), vocabulary - plan.extend.size, plan.coverage)
    else:
        size = vocabulary, plan.special, plan.coverage
        model = train_bpe(weights, *size) if plan.kind == "bpe" else train_unigram(weights, together(counted), *size)
        content = tokenizer_file(model, with_unknown(plan.special))
    after = from_content(content, Path("tokenizer.json"))
    named = [("trained", after)] if plan.extend is None else [("before", plan.extend), ("after", after)]
    total = len(named) * apart.height
    table = measure(named, apart, plan.pivot, lambda done: tell("measure", done, total))
    of_language = train.group_by("language").agg(
        pl.len().cast(pl.Int64).alias("texts"), pl.col("text").str.len_chars().sum().cast(pl.Int64).alias("characters")
    )
    got = pl.DataFrame({"language": list(shares), "share": list(shares.values())})
    got = of_language.join(got, on="language", how="left").sort("language")
    return Made(content, after.size, plan, got, table, summary(table))


def written(content: dict[str, Any]) -> str:
    """The text of a tokenizer.json: the same object gives the same bytes."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _check(plan: Plan) -> None:
    if plan.extend is not None and plan.vocabulary is not None and plan.vocabulary <= plan.extend.size:
        raise WeftError(
            f"--vocabulary {plan.vocabulary}: {plan.extend.file} has {plan.extend.size} already; expected more, as the "
            "number is that of old and new ones together"
        )
    for piece in plan.special:
        if not piece.strip() or piece in BYTES:
            raise WeftError(f"--special {piece!r}: expected a name such as <pad>, and none of a byte")


def _blank(plan: Plan) -> Loaded:
    """A tokenizer without merges: it cuts words as the trained one will."""
    special = with_unknown(plan.special)
    return from_content(tokenizer_file(bpe_model([*special, *BYTES], []), special), Path("tokenizer.json"))
