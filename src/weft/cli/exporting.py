"""The command `weft export`: options, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet

Release = Annotated[str, typer.Argument(metavar="RELEASE", help="A release: a build, or its construct/.")]
For = Annotated[str, typer.Option("--for", metavar="datasets|trl|axolotl|llama-factory", help="Who is to read it.")]
Into = Annotated[Path, typer.Option("--into", help="Folder for the files and export.json.")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kinds", metavar="ct,sft,dpo,pairs", help="Default: all that it has.")
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--languages", metavar="CODE,…", help="Default: all; a pair is taken for each of its languages."),
]
Splits = Annotated[list[str] | None, typer.Option("--splits", metavar="SPLIT,…", help="Default: train and validation.")]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="parquet|jsonl", help="Default: parquet for trl, jsonl for the others."),
]
Instruction = Annotated[
    str | None,
    typer.Option(
        "--instruction",
        metavar="TEXT",
        help="What is asked of a pair, with {source}, {target} and {text}; default: Translate from {source} to "
        "{target}:\\n{text}",
    ),
]
Directions = Annotated[
    list[str] | None,
    typer.Option("--direction", metavar="FROM-TO", help="Of pairs, such as eng_Latn-swh_Latn; default: every one."),
]


def export(
    release: Release,
    for_: For,
    into: Into,
    kinds: Kinds = None,
    languages: Languages = None,
    splits: Splits = None,
    format_: Format = None,
    instruction: Instruction = None,
    direction: Directions = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Write a release in the layout of a trainer, with the settings that name its files."""
    from weft.cli.tokenizing import progress
    from weft.engine.places import release_folder
    from weft.trainers.export import Plan, export

    plan = Plan(for_, _parts(kinds), _parts(languages), _parts(splits), format_, instruction, _parts(direction))
    with release_folder(release) as folder, progress(quiet or as_json) as tell:
        made = export(folder, plan, into, tell)
    if as_json:
        show.as_json(made)
    else:
        _said(made, into)
    return 0


def _parts(given: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for one in given or () for part in one.split(",") if part))


def _said(made: dict[str, Any], into: Path) -> None:
    from weft.trainers.records import REASONS

    for kind in made["kinds"]:
        own = [one for one in made["datasets"] if one["kind"] == kind]
        rows = sum(one["rows"] for one in own)
        folders = len({one["folder"] for one in own if one["rows"]})
        show.say(f"{kind:<10} {rows:,} rows in {folders:,} folder{'s' if folders != 1 else ''}")
    for name, rows in made["left_out"].items():
        show.say(f"left out   {rows:,} {name}: {REASONS[name]}")
    if made["not_redistributable"]:
        show.say(f"careful    {made['not_redistributable']:,} rows are not known to be free for redistribution")
    settings = ", ".join(file["path"] for file in made["settings"])
    show.say(
        f"written    {into} ({sum(len(one['files']) for one in made['datasets']):,} files; {settings}, export.json)"
    )
