"""The command `weft index`: options, and what a person is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.errors import WeftError

Build = Annotated[Path | None, typer.Argument(help="A build to add; none: say what the index holds.")]
Into = Annotated[Path, typer.Option("--into", metavar="INDEX", help="The index: a folder, made when it is not there.")]
Release = Annotated[
    str | None,
    typer.Option("--release", help="Name of the build in the index; default: the recipe's, with @ and its version."),
]
Which = Annotated[
    str,
    typer.Option(
        "--which",
        metavar="kept|copies|all",
        help="Documents of the corpus; also the other members of their clusters; or all of the build.",
    ),
]
Forget = Annotated[
    list[str] | None, typer.Option("--forget", metavar="RELEASE", help="Take a release out; repeatable.")
]
ForgetIds = Annotated[
    Path | None,
    typer.Option("--forget-ids", metavar="FILE", help="Take documents out of all releases: one id on a line."),
]


def index(
    build: Build = None,
    *,
    into: Into,
    release: Release = None,
    which: Which = "kept",
    forget: Forget = None,
    forget_ids: ForgetIds = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Add what a build kept to an index of releases, by which later builds know it again; forget; list."""
    from weft.engine import indexing

    if forget or forget_ids is not None:
        if build is not None:
            raise WeftError("--forget and --forget-ids stand alone; expected no build beside them")
        told = indexing.forget(into, forget or [], _ids(forget_ids) if forget_ids is not None else [])
        if as_json:
            show.as_json(told)
        else:
            show.say(_forgotten(told))
        return 0
    if build is None:
        if release is not None or which != "kept":
            raise WeftError("--release and --which are of a build that is added; expected its folder")
        _list(indexing.listed(into), as_json)
        return 0
    with progress(f"index {build}", quiet) as advance:
        added = indexing.add(build, into, release, which, advance)
    if as_json:
        show.as_json(added)
    else:
        show.say(_added(added))
    return 0


@contextmanager
def progress(what: str, quiet: bool) -> Iterator[Callable[[dict[str, int]], None]]:
    """Documents and text so far, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda counted: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=show.console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(what)

        def advance(counted: dict[str, int]) -> None:
            rate = counted["text_bytes"] / 1e6 / max(bar.tasks[0].elapsed or 0.0, 1e-3)
            bar.update(task, description=f"{what}: {counted['documents']:,} documents, {rate:,.1f} MB/s")

        yield advance


def _ids(file: Path) -> list[str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        raise WeftError(f"--forget-ids {file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WeftError(f"--forget-ids {file}: is not UTF-8 text (byte {error.start}); expected ids") from None
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise WeftError(f"--forget-ids {file}: holds nothing; expected one id on a line")
    return found


def _forgotten(told: dict[str, Any]) -> str:
    unknown = f"; ids that are not in the index: {told['unknown_ids']:,}" if told["unknown_ids"] else ""
    return f"forgot documents: {told['documents']:,}{unknown}"


def _added(told: dict[str, Any]) -> str:
    if told["added"] is None:
        return f"nothing to do: {told['release']} holds these documents already"
    sizes = f"{told['text_bytes'] / 1e6:,.1f} MB of text in {told['bytes'] / 1e6:,.1f} MB"
    return f"added {told['release']}: {told['documents']:,} documents, {sizes}"


def _list(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show.as_json(told)
        return
    rows = [
        (
            one["release"],
            one["which"],
            one["documents"],
            f"{one['text_bytes'] / 1e6:,.1f}",
            f"{one['bytes'] / 1e6:,.1f}",
        )
        for one in told["releases"]
    ]
    show.table(("release", "which", "documents", "MB of text", "MB here"), rows, right=frozenset({2, 3, 4}))
