"""What several commands about pairs are told alike: languages, columns, threads, and how far they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weft.cli import show
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.tokenizer.unreadable import Unreadable

Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="SOURCE,TARGET",
        help="Columns by name, or of a table by number from 1; default: source,target, else 1,2 of .tsv.",
    ),
]
Header = Annotated[
    bool,
    typer.Option(
        "--header",
        help="The first line of a table names its columns; seen without it where it has source and target, or codes.",
    ),
]
Threads = Annotated[int | None, typer.Option("--workers", min=1, help="Threads; default: all usable cores.")]
SeedLanguages = Annotated[
    str, typer.Option("--languages", metavar="CODE,CODE", help="Language of each side, such as eng_Latn,swh_Latn.")
]
SeedColumns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAME,NAME",
        help="Columns of the sides, by name or by number from 1; default: source,target or codes, else the first two.",
    ),
]


def two_of(option: str, given: str, example: str) -> tuple[str, str]:
    """The two different names of an option, with a comma between; raises WeftError for anything else."""
    parts = [part.strip() for part in given.split(",")]
    if len(parts) != 2 or not all(parts) or parts[0] == parts[1]:
        raise WeftError(f"{option} {given}: expected two different names with a comma between, such as {example}")
    return parts[0], parts[1]


def code_of(option: str, given: str) -> str:
    """The code of the language that an option names; raises WeftError for what is none."""
    from weft.model.languages import normalise

    try:
        return normalise(given.strip())
    except ValueError as error:
        raise WeftError(f"{option} {given}: {error}") from None


def languages_of(given: str) -> tuple[str, str]:
    """The codes of two different languages, as --languages names them."""
    from weft.model.languages import normalise

    one, other = two_of("--languages", given, "eng_Latn,swh_Latn")
    try:
        codes = normalise(one), normalise(other)
    except ValueError as error:
        raise WeftError(f"--languages {given}: {error}") from None
    if codes[0] == codes[1]:
        raise WeftError(f"--languages {given}: both are {codes[0]}; expected two different languages")
    return codes


def columns_of(given: str | None, option: str = "--columns") -> tuple[str, str] | None:
    """The names of two columns; None where the option is not given."""
    return None if given is None else two_of(option, given, "source,target")


def free_for(folder: Path) -> None:
    """Raises WeftError before anything is learnt where a model cannot be written to `folder`: it is a file."""
    if folder.exists() and not folder.is_dir():
        raise WeftError(f"{folder}: cannot be written: it is a file; expected a folder, or a name that is free")


def usable(place: Path, file: Path, format: str) -> None:
    """Raises WeftError where pairs of `file` cannot be written to `place`: they keep their format."""
    from weft.engine.pair_blocks import format_of

    if format_of(place) != format:
        raise WeftError(f"{place}: another format than {file}; expected .{format}")
    if place.resolve() == file.resolve():
        raise WeftError(f"{place}: is read already")
    if not place.resolve().parent.is_dir():
        raise WeftError(f"{place}: its folder does not exist")


def say_left(left: Unreadable) -> dict[str, int]:
    """A line on standard error for each file with rows that cannot be read; their number as machines read it."""
    sys.stderr.writelines(f"{line}\n" for line in left.lines())
    return {"unreadable": left.count}


@contextmanager
def progress(file: Path, quiet: bool, name: str) -> Iterator[Callable[[int, int, int], None]]:
    """A bar with the rate, and of files that are not compressed the time that remains."""
    if quiet or not sys.stderr.isatty():
        yield lambda size, pairs, kept: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    total = None if file.suffix in (".gz", ".bz2", ".xz", ".zst") else file.stat().st_size
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=show.console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total)

        def advance(size: int, pairs: int, kept: int) -> None:
            rate = pairs / max(bar.tasks[0].elapsed or 0.0, 1e-3)
            said = f"{pairs:,} pairs, {kept / max(pairs, 1):.1%} kept, {rate:,.0f} pairs/s"
            bar.update(task, completed=size, description=said)

        yield advance
