"""README.md beside a tokenizer: what went in, how it was made, and what it costs each language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from weft.model.languages import name
from weft.tokenizer.making import Made


def card(made: Made, sources: Sequence[str]) -> str:
    """Markdown. `sources` are the arguments that named the texts."""
    plan = made.plan
    kind = "BPE" if made.kind == "bpe" else made.kind
    head = f"A {kind} tokenizer of {made.size:,} pieces, trained with weft."
    if plan.extend is not None:
        head = (
            f"{plan.extend.file.name} with {made.size - plan.extend.size:,} more pieces, {made.size:,} together, by "
            "weft. Every old id is what it was. A model needs rows for the new ones in its embeddings "
            "(`model.resize_token_embeddings`), and training."
        )
    facts = [
        ("texts", ", ".join(f"`{source}`" for source in sources)),
        ("temperature of the mix", f"{plan.temperature:g}"),
        ("coverage of characters", f"{plan.coverage:g}"),
        ("texts held out for measuring", f"{plan.hold_out:g}, drawn with seed {plan.seed}"),
    ]
    if plan.extend is None:
        facts.append(("special pieces", " ".join(f"`{piece}`" for piece in plan.special)))
    parts = [
        "# Tokenizer",
        head,
        "\n".join(f"- {what}: {value}" for what, value in facts),
        "```python\nfrom tokenizers import Tokenizer\n\ntokenizer = Tokenizer.from_file('tokenizer.json')\n```",
        "## What went in",
        "Share: of the words from which pieces were learnt.",
        _table(
            ("language", "name", "texts", "characters", "share"),
            [
                (f"`{code}`", name(code), f"{texts:,}", f"{size:,}", f"{share:.2%}")
                for code, texts, size, share in made.shares.iter_rows()
            ],
        ),
        "## What it costs each language",
        _measured(made),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _measured(made: Made) -> str:
    if not made.table.height:
        return "Not measured: no texts were held out."
    rows = []
    for row in made.table.sort("language", maintain_order=True).iter_rows(named=True):
        cells = [_number(row[c]) for c in ("fertility", "tokens_per_character", "bytes_per_token", "parity")]
        rows.append(
            (f"`{row['language']}`", row["tokenizer"], f"{row['texts']:,}", *cells, _share(row["broken_share"]))
        )
    head = (
        "language",
        "tokenizer",
        "texts",
        "tokens a word",
        "tokens a character",
        "bytes a token",
        "parity",
        "broken",
    )
    note = (
        "On texts that were held out. Parity: tokens for one token of the pivot, in translations of the same texts. "
        "Broken: tokens that are unknown, a byte, or end within a character."
    )
    return f"{note}\n\n{_table(head, rows)}"


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.2f}"


def _share(value: Any) -> str:
    return "" if value is None else f"{value:.1%}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def as_rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON, ratios to six digits."""
    return table.with_columns(pl.selectors.float().round(6)).to_dicts()
