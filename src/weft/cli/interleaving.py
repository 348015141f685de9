"""The command `weft interleave`: options, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.errors import WeftError

Release = Annotated[Path, typer.Argument(help="A build folder, or its construct/.")]
Into = Annotated[Path, typer.Option("--into", help="Folder for the interleaved documents.")]
Group = Annotated[
    str, typer.Option("--group", metavar="COLUMN", help="What parallel documents share: a text column, or meta.NAME.")
]
By = Annotated[
    str,
    typer.Option(
        "--by", metavar="paragraphs|documents", help="Take turns by paragraph where all have the same number, or never."
    ),
]
Languages = Annotated[
    str | None,
    typer.Option("--languages", metavar="CODE,…", help="Languages that come first, in this order; others are drawn."),
]
Most = Annotated[int | None, typer.Option("--most", min=2, help="Languages of one document; default: all of a group.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the order of languages.")]


def interleave(
    release: Release,
    into: Into,
    group: Group = "group_id",
    by: By = "paragraphs",
    languages: Languages = None,
    most: Most = None,
    seed: Seed = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make one document of several in different languages that are parallel, paragraph by paragraph where that fits."""
    from weft.cli.tokenizing import progress
    from weft.construct.interleave import METHODS, Turns
    from weft.engine.interleaving import interleave
    from weft.tokenizer.packing import checked_choice

    turns = Turns(cast(Any, checked_choice("--by", by, METHODS)), _codes(languages), most, seed)
    with progress(quiet or as_json) as tell:
        made = interleave(release, group, turns, into, tell)
    if as_json:
        show.as_json(made)
    else:
        _said(made, into)
    return 0


def _codes(given: str | None) -> tuple[str, ...]:
    from weft.model.languages import normalise

    codes: list[str] = []
    for name in (given or "").split(","):
        if not name.strip():
            continue
        try:
            codes.append(normalise(name))
        except ValueError as error:
            raise WeftError(f"--languages: {error}") from None
    if len(set(codes)) < len(codes):
        raise WeftError(f"--languages {given}: names a language twice; expected each once")
    return tuple(codes)


def _said(made: dict[str, Any], into: Path) -> None:
    methods, languages = made["methods"], len(made["languages"])
    show.say(f"groups     {made['groups']:,}, with {made['members']:,} documents in {languages:,} languages")
    show.say(f"made       {made['documents']:,} interleaved documents")
    if made["method"] == "paragraphs":
        show.say(f"  by paragraph {methods.get('paragraphs', 0):,}, by line {methods.get('lines', 0):,}")
        show.say(f"  as a whole   {methods.get('documents', 0):,}, whose paragraphs differ in number")
    if made["alone"]:
        show.say(f"alone      {made['alone']:,} documents have no other language to go with and are left out")
    show.say(f"written    {into} (ct/, members.parquet, interleaving.json)")
