"""The command `weft clean`: what a build does not need any more."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from weft.cli import show
from weft.cli.options import Json

_WHAT = {
    "earlier": "of earlier recipes and files",
    "killed": "of killed runs",
    "intermediate": "intermediate, can be made again",
    "log": "logs of all but the last ten runs",
    "replies": "replies of models that the recipe does not name",
}


def clean(
    build: Annotated[str, typer.Argument(metavar="BUILD", help="A build folder, or s3://bucket/folder.")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete what is listed.")] = False,
    intermediate: Annotated[
        bool, typer.Option("--intermediate", help="Also what only led to other files and can be made again.")
    ] = False,
    replies: Annotated[
        bool, typer.Option("--replies", help="Also replies of models that the recipe does not name any more.")
    ] = False,
    as_json: Json = False,
) -> int:
    """List what the recipe of a build does not need any more, with sizes; --yes deletes it."""
    from weft.engine.clean import clean

    found = clean(build, delete=yes, intermediate=intermediate, replies=replies)
    if as_json:
        show.as_json(found.to_json())
        return 0
    files: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for file in found.files:
        at = (file.path.rpartition("/")[0] + "/", _WHAT[file.why])
        files[at] += 1
        sizes[at] += file.bytes
    rows = [(folder, what, files[folder, what], show.size(sizes[folder, what])) for folder, what in sorted(files)]
    if rows:
        show.table(("folder", "what", "files", "size"), rows, right=frozenset({2, 3}))
    entries = f", and {found.entries:,} entries of the ledger" if found.entries else ""
    if not rows and not found.entries:
        show.say("Nothing to clean: the recipe of this build needs all that is there.")
    elif yes:
        show.say(f"Deleted {len(found.files):,} files of {show.size(found.bytes)}{entries}.")
    else:
        show.say(f"{len(found.files):,} files of {show.size(found.bytes)}{entries}; --yes deletes them.")
    if not found.finished:
        show.say("The build is not finished: what its unfinished steps wrote is kept.")
    return 0
