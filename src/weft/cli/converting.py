"""The command `weft pairs convert`: options, and what a person is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet

_MOST_PROBLEMS = 20
"""Units that could not be read of which each is named; the others are counted."""

_MOST_NAMED = 6
"""Languages up to which each is named."""

In = Annotated[list[str], typer.Argument(metavar="IN…", help="Files of translations, or the folder of a release.")]
Out = Annotated[str, typer.Argument(metavar="OUT", help="The file to write; of moses, the part before the suffix.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="FORMAT", help="tmx, xliff, po, xces, moses, tsv, csv, jsonl or parquet."),
]
To = Annotated[str | None, typer.Option("--to", metavar="FORMAT", help="The same; default: by the ending of OUT.")]
Sides = Annotated[
    list[str] | None,
    typer.Option("--side", metavar="NAME=CODE", help="Language of a column or a suffix: en=eng_Latn; repeatable."),
]
Languages = Annotated[
    str | None,
    typer.Option(
        "--languages", metavar="CODE,…", help="Which to write, the source first; default: all that there are."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="A parameter of the reader, such as fuzzy=true; repeatable."),
]


def convert(
    files: In,
    out: Out,
    from_: From = None,
    to: To = None,
    side: Sides = None,
    languages: Languages = None,
    option: Options = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Read translations in any format and write them in another; a broken unit costs itself alone.

    The exit status is 1 where a unit could not be read.
    """
    from weft.cli.tokenizing import progress
    from weft.engine.converting import Asked, convert

    asked = Asked(tuple(files), out, from_, to, _named("--side", side), _codes(languages), _named("--option", option))
    with progress(quiet or as_json) as tell:
        made = convert(asked, lambda rows: tell("pairs", rows, None))
    if as_json:
        show.as_json(made.to_json())
    else:
        for line in _told(made):
            show.say(line)
    return 1 if made.damaged else 0


def _named(option: str, given: list[str] | None) -> dict[str, str]:
    from weft.errors import WeftError

    found = {}
    for one in given or []:
        name, mark, value = one.partition("=")
        if not (name and mark and value):
            raise WeftError(
                f"{option} {one}: expected NAME=VALUE, such as {'en=eng_Latn' if 'side' in option else 'fuzzy=true'}"
            )
        found[name] = value
    return found


def _codes(given: str | None) -> tuple[str, ...]:
    from weft.errors import WeftError
    from weft.model.languages import normalise

    try:
        return tuple(dict.fromkeys(normalise(name) for name in (given or "").split(",") if name))
    except ValueError as error:
        raise WeftError(f"--languages {given}: {error}") from None


def _told(made: Any) -> Iterator[str]:
    from weft.parallel.formats.translation import ALTERED, LEFT_OUT

    for row in made.shown[:_MOST_PROBLEMS]:
        yield f"problem    {row['locator']}: {row['reason']}: {row['detail']}"
    for reason, count in sorted(made.problems.items()):
        yield f"not read   {count:,} {reason}"
    for name, why in LEFT_OUT.items():
        if made.counts[name]:
            yield f"left out   {made.counts[name]:,} {name}: {why}"
    for name, why in ALTERED.items():
        if made.counts[name]:
            yield f"altered    {made.counts[name]:,} texts: {why}"
    named = ", ".join(made.languages) if len(made.languages) <= _MOST_NAMED else f"{len(made.languages)} languages"
    yield f"written    {made.counts['written']:,} translations in {named}: {', '.join(made.files)}"
