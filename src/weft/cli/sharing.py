"""The commands `weft share export`, `show` and `merge`: options, and what a person is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.indexing import progress
from weft.cli.options import Json, Quiet
from weft.errors import WeftError, nearest

share = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Decide with other holders of text what each keeps, without showing them any.",
)

KEY = "WEFT_SHARE_KEY"
_SHORTEST = 16
"""Bytes of a secret: a shorter one could be tried out."""


@share.command()
def export(
    build: Annotated[Path, typer.Argument(help="A finished build.")],
    *,
    into: Annotated[Path, typer.Option("--into", metavar="SHARE", help="The share: a folder of its own.")],
    holder: Annotated[
        str, typer.Option("--holder", metavar="NAME", help="Who holds the text, as others will read it.")
    ],
    parts: Annotated[
        str, typer.Option("--with", metavar="PART,…", help="Parts: counts, labels, signatures, profiles.")
    ] = "counts,labels,signatures,profiles",
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", metavar="FILE", help=f"Secret of all holders for their hashes; or ${KEY}."),
    ] = None,
    least_characters: Annotated[
        int | None,
        typer.Option("--least-characters", min=0, help="Leave out shorter documents; default: 100, with a key none."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Share this column that a rule reads, all the same; repeatable."),
    ] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Share hashes of addresses, so that pages meet.")] = False,
    ids: Annotated[bool, typer.Option("--ids", help="Share the ids of documents.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Write what other holders need to know of a build: counts, labels, hashes; no text."""
    from weft.engine.sharing import Wanted
    from weft.engine.sharing import export as write

    if not holder.strip() or len(holder) > 100 or not holder.isprintable() or "/" in holder:
        raise WeftError(f"--holder {holder!r}: expected a name of at most 100 printable characters, none of them /")
    wanted = Wanted(
        holder, _parts(parts), _secret(key_file), least_characters, pages=pages, ids=ids, columns=tuple(column or [])
    )
    with progress(f"share {build}", quiet) as advance:
        told = write(build, into, wanted, advance)
    if as_json:
        show.as_json(told)
    else:
        _say_share(told)
    return 0


@share.command("show")
def show_(
    folder: Annotated[Path, typer.Argument(help="A share, or a joint plan.")],
    as_json: Json = False,
) -> int:
    """What is in a share or a joint plan."""
    from weft.deduplicate.share_contents import JOINT, check_files, read_joint, read_share
    from weft.engine import sharing, sharing_merge

    if (folder / JOINT).is_file():
        joint = read_joint(folder)
        check_files(folder, joint.files)
        told = sharing_merge.told(folder, joint) | {"counts": sharing_merge.counts(folder)}
        if as_json:
            show.as_json(told)
        else:
            _say_joint(told)
        return 0
    held = read_share(folder)
    check_files(folder, held.files)
    told = sharing.told(folder, held)
    if as_json:
        show.as_json(told | {"parameters": held.parameters})
    else:
        _say_share(told)
    return 0


@share.command()
def merge(
    shares: Annotated[list[Path], typer.Argument(help="The shares of all holders, in any order.")],
    *,
    into: Annotated[Path, typer.Option("--into", metavar="JOINT", help="The joint plan: a folder of its own.")],
    prefer: Annotated[
        list[str] | None,
        typer.Option(
            "--prefer", metavar="NAME=N", help="Of copies that of the holder with the highest N stays (default: 0)."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Add shares up, find what several holders have, and decide who keeps it. All who do this get the same plan."""
    from weft.engine.sharing_merge import counts
    from weft.engine.sharing_merge import merge as write

    told = write(shares, into, _preferences(prefer or []))
    told |= {"counts": counts(into)}
    if as_json:
        show.as_json(told)
    else:
        _say_joint(told)
    return 0


def _parts(given: str) -> tuple[str, ...]:
    from weft.deduplicate.share_contents import PARTS

    found = [name.strip() for name in given.split(",") if name.strip()]
    for name in found:
        if name not in PARTS:
            raise WeftError(f"--with {name}: expected some of {', '.join(PARTS)}{nearest(name, PARTS)}")
    if not found:
        raise WeftError(f"--with: names nothing; expected some of {', '.join(PARTS)}")
    return tuple(name for name in PARTS if name in found)


def _secret(file: Path | None) -> bytes | None:
    """The holders' secret, from a file or the environment; it is never written anywhere."""
    if file is not None:
        try:
            held = file.read_bytes().strip()
        except OSError as error:
            raise WeftError(f"--key-file {file}: cannot be read: {error.strerror}") from error
        where = f"--key-file {file}"
    elif KEY in os.environ:
        held, where = os.environ[KEY].strip().encode("utf-8"), f"${KEY}"
    else:
        return None
    if len(held) < _SHORTEST:
        raise WeftError(
            f"{where}: holds {len(held)} bytes; expected a secret of {_SHORTEST} or more, "
            "such as openssl rand -hex 32 makes"
        )
    return held


def _preferences(given: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in given:
        name, _, number = one.rpartition("=")
        try:
            found[name] = int(number)
        except ValueError:
            raise WeftError(f"--prefer {one}: expected a holder's name and a whole number, such as archive=1") from None
        if not name:
            raise WeftError(f"--prefer {one}: expected a holder's name and a whole number, such as archive=1")
    return found


def _say_share(told: dict[str, Any]) -> None:
    sizes = f"{show.size(told['text_bytes'])} of text in {show.size(told['bytes'])}"
    show.say(f"share of {told['holder']}: {told['documents']:,} of {told['rows']:,} documents, {sizes}, no text")
    show.entry("parts", ", ".join(told["parts"]), indent=2)
    if "signatures" in told["parts"]:
        show.entry(
            "hashes", "with a key" if told["key"] else "without a key: known texts can be found in them", indent=2
        )
        if told["least_characters"]:
            show.entry("left out", f"documents under {told['least_characters']} characters", indent=2)
    if told["extras"]:
        show.entry("also", ", ".join(told["extras"]), indent=2)
    show.entry("licences", told["licences"], indent=2)


_DECISIONS = {
    "joint": "rules tried again over all",
    "own": "rules as each holder decided",
    "none": "none: the shares have no signatures",
}


def _say_joint(told: dict[str, Any]) -> None:
    show.say(f"joint plan of {len(told['holders'])} holders; decisions: {_DECISIONS[told['decisions']]}")
    if told["decisions"] != "none":
        show.say(f"documents that several holders have: {told['clusters']:,}")
    names = ("documents", "passing", "shared", "clusters", "clusters_kept")
    rows = [(held["holder"], held["prefer"], *(held.get(name) for name in names)) for held in told["holders"]]
    head = ("holder", "prefer", "documents", "pass", "shared", "clusters", "kept here")
    show.table(head, rows, right=frozenset(range(1, 7)))
    if told["counts"]:
        rows = [(c["language"], c["documents"], c["bytes"], c["tokens"]) for c in told["counts"]]
        show.table(("kept before this", "documents", "bytes", "words"), rows, right=frozenset({1, 2, 3}))
