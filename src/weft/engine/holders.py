"""Whose the files of `construct/` are: their paths stay while recipes change, so an entry alone does not tell.

Before a task writes there it claims the place; entries of tasks that held it before no longer count as done.
"""

from __future__ import annotations

from collections.abc import Iterable

from weft.engine.ledger import Entry
from weft.engine.storage import Storage

TOP = "construct/"


def place_of(path: str) -> str | None:
    """`swh_Latn-train-00003` of a file of a language in any format, `release` of the card and what lies beside it.

    None of other files.
    """
    if not path.startswith(TOP):
        return None
    parts = path.removeprefix(TOP).split("/")
    if len(parts) < 3:
        return "release"
    return "-".join([*parts[parts[0] == "rows" :][:-1], parts[-1].partition(".")[0]])


def claim(storage: Storage, path: str, key: str) -> None:
    """From now on the place of `path` holds part of the answer `key`, until it is settled.

    Part of an answer is none: who opens the build meanwhile finds no entry there that counts as done.
    """
    storage.write_bytes(f"selection/holders/{place_of(path)}", f"{key} unfinished".encode())


def settle(storage: Storage, path: str, key: str) -> None:
    """The place of `path` holds the whole answer `key`."""
    storage.write_bytes(f"selection/holders/{place_of(path)}", key.encode())


def lost(storage: Storage, entries: Iterable[Entry]) -> list[str]:
    """Keys of the entries whose files are not those that they wrote any more; places that nobody claimed are kept."""
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        for file in entry.files:
            if (place := place_of(str(file["path"]))) is not None:
                wanted.setdefault(entry.key, set()).add(f"selection/holders/{place}")
    held = storage.contents(sorted({path for paths in wanted.values() for path in paths}))
    return [key for key, paths in wanted.items() if any(held[path] not in (None, key.encode()) for path in paths)]


def keep_only(storage: Storage, wanted: set[str]) -> None:
    """Take away what `construct/` holds besides these files; nobody holds their places from then on."""
    left = {place_of(path) for path in wanted}
    for place in sorted({str(place_of(path)) for path in storage.below(TOP.rstrip("/")) if path not in wanted} - left):
        storage.write_bytes(f"selection/holders/{place}", b"removed")
    storage.keep_only(TOP.rstrip("/"), wanted)
