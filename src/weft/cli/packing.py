"""The command `weft pack`: options, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.training_commands import LanguageColumn, TextColumn, Texts

Tokenizer = Annotated[Path, typer.Option("--tokenizer", metavar="FILE", help="tokenizer.json, or its folder.")]
Into = Annotated[Path, typer.Option("--into", help="Folder for the shards and packing.json.")]
Length = Annotated[int, typer.Option("--length", min=2, max=1 << 24, help="Tokens of a sequence.")]
MethodName = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="stream|best-fit",
        help="Documents one after another, cut where a sequence is full; or so put together that none that fits is "
        "cut, and the rest of a sequence padded.",
    ),
]
OrderName = Annotated[
    str,
    typer.Option(
        "--order", metavar="release|shuffle|curriculum", help="Of documents: as they come, drawn, or by --by."
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="COLUMN", help="Column of numbers for curriculum, lowest first; default: order."),
]
InterleaveName = Annotated[
    str,
    typer.Option(
        "--interleave", metavar="none|related", help="Documents of related languages in turn in the same sequences."
    ),
]
PhaseName = Annotated[str | None, typer.Option("--phase", metavar="NAME", help="Read this phase of a release alone.")]
LeaveOut = Annotated[
    Path | None,
    typer.Option("--leave-out", metavar="FILE", help="Parquet with a column id: documents that are not read."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of --order shuffle.")]
Split = Annotated[
    list[str] | None, typer.Option("--split", help="Part of a release that is read; several times; default: train.")
]
Separator = Annotated[
    str | None,
    typer.Option(
        "--separator", metavar="PIECE|none", help="Token after each document; default: the tokenizer's end of text."
    ),
]
Padding = Annotated[
    str | None,
    typer.Option(
        "--padding",
        metavar="PIECE|none",
        help="With best-fit: token that fills sequences, default: the tokenizer's; none leaves them shorter.",
    ),
]
KeepLast = Annotated[
    bool, typer.Option("--keep-last", help="With stream: write the last sequence though it is not full.")
]


def pack(
    release: Texts,
    tokenizer: Tokenizer,
    into: Into,
    length: Length = 2048,
    method: MethodName = "stream",
    order: OrderName = "release",
    by: By = None,
    seed: Seed = 1,
    split: Split = None,
    separator: Separator = None,
    padding: Padding = None,
    keep_last: KeepLast = False,
    interleave: InterleaveName = "none",
    phase: PhaseName = None,
    leave_out: LeaveOut = None,
    text: TextColumn = "text",
    language: LanguageColumn = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Pack documents as tokens into sequences of one length, with the bounds of documents, as Parquet to train on."""
    from weft.cli.tokenizing import progress, tokenizer_file
    from weft.tokenizer.loaded import load
    from weft.tokenizer.packed import Plan, pack
    from weft.tokenizer.packing import INTERLEAVES, METHODS, ORDERS, checked_choice
    from weft.tokenizer.texts import Columns

    plan = Plan(
        length,
        cast(Any, checked_choice("--method", method, METHODS)),
        cast(Any, checked_choice("--order", order, ORDERS)),
        by,
        seed,
        tuple(dict.fromkeys(split or ["train"])),
        separator,
        padding,
        keep_last,
        interleave=cast(Any, checked_choice("--interleave", interleave, INTERLEAVES)),
        phase=phase,
        leave_out=leave_out,
    )
    held = load(tokenizer_file(tokenizer))
    with progress(quiet or as_json) as tell:
        made = pack(release, held, plan, into, Columns(text, language), tell)
    if as_json:
        show.as_json(made)
    else:
        _said(made, into)
    return 0


def _said(made: dict[str, Any], into: Path) -> None:
    cut, documents = made["documents_cut"], made["documents"]
    show.say(f"tokens     {made['tokens']:,} of {documents:,} documents, in {len(made['languages']):,} languages")
    show.say(f"sequences  {made['sequences']:,} of {made['length']:,} tokens ({made['method']}, {made['order']})")
    if made["interleave"] == "related":
        several = made["sequences_of_several_languages"]
        share = several / made["sequences"]
        show.say(
            f"related    {len(made['strands']):,} strands; {several:,} sequences hold several languages ({share:.0%})"
        )
    show.say(f"cut        {cut:,} documents ({cut / documents:.2%})")
    show.say(f"unfilled   {made['unfilled']:,} places ({made['unfilled_share']:.2%})")
    if made["tokens_dropped"]:
        show.say(f"dropped    {made['tokens_dropped']:,} tokens after the last full sequence; --keep-last writes them")
    if made["documents_left_out"]:
        show.say(f"left out   {made['documents_left_out']:,} readings of documents, as --leave-out says")
    if made["documents_empty"]:
        show.say(f"empty      {made['documents_empty']:,} documents have no text and are left out")
    show.say(f"written    {into} ({len(made['files']):,} Parquet files, packing.json)")
