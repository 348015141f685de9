"""What of a build folder nothing needs any more, and taking it away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from weft.engine import places
from weft.engine.build import RECIPE, prepare_known
from weft.engine.intermediate import FOLDERS, is_intermediate, pending
from weft.engine.ledger import Entry, Ledger
from weft.engine.service_replies import FOLDER, folder_of
from weft.engine.storage import Storage
from weft.engine.watching import read_log
from weft.errors import WeftError
from weft.recipe import Recipe, from_json

Why = Literal["earlier", "killed", "intermediate", "log", "replies"]
OUTPUTS = ("documents", "label", "errors", "deduplicate", "selection", "synthesize")
"""Folders in which every file is one that a task wrote; `construct/` and the report are never looked at."""
_HELD = "selection/holders/"


@dataclass(frozen=True)
class Waste:
    """A file that can go: of an earlier recipe, of a killed run, one that only led to others, an old log, replies."""

    path: str
    bytes: int
    why: Why


@dataclass(frozen=True)
class Cleaning:
    """What can go from a build; `entries` are those of the ledger whose outputs nothing names any more."""

    build: str
    finished: bool
    deleted: bool
    files: tuple[Waste, ...]
    entries: int

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def to_json(self) -> dict[str, Any]:
        files = [{"path": file.path, "bytes": file.bytes, "why": file.why} for file in self.files]
        return {
            "build": self.build,
            "finished": self.finished,
            "deleted": self.deleted,
            "bytes": self.bytes,
            "ledger_entries": self.entries,
            "files": files,
        }


def clean(build: str | Path, *, delete: bool = False, intermediate: bool = False, replies: bool = False) -> Cleaning:
    """What the recipe of a build does not need; with `delete` it is taken away.

    Replies of model servers cost money: with `replies` those of models go that the recipe does not name any more. Of
    steps that are not finished everything is kept. Raises WeftError for a folder that is no build, while a run writes
    it, and for `intermediate` where steps are not finished.
    """
    storage = places.open_storage(build)
    if not storage.exists(RECIPE):
        raise WeftError(f"{build}: is not a build folder (no {RECIPE} in it); expected the folder of `weft run --into`")
    with places.locked(storage):
        return _clean_locked(storage, delete, intermediate, replies)


def _clean_locked(storage: Storage, delete: bool, intermediate: bool, replies: bool) -> Cleaning:
    held = json.loads(storage.content(RECIPE) or b"{}")
    recipe = from_json(held["recipe"], base=Path(held["base"]))
    plan, state = prepare_known(recipe, storage)
    unfinished = pending(plan, state)
    if unfinished and intermediate:
        steps = ", ".join(node.name for node in plan.nodes if node.name in unfinished)
        raise WeftError(f"{storage.place}: --intermediate: steps are not finished ({steps}); run the recipe to its end")
    kept = {entry.key: entry for tasks in state.entries.values() for done in tasks.values() for entry in done}
    # An unfinished step may yet find that what it wrote before is what it needs.
    kept |= {entry.key: entry for entry in state.ledger.all() if entry.node in unfinished}
    files = [*_left_behind(storage), *_unnamed(storage, kept.values())]
    files += [Waste(path, storage.size(path), "log") for path in read_log.old(storage)]
    files += _unasked(storage, recipe) if replies else []
    if intermediate:
        there = {path: size for folder in FOLDERS for path, size in storage.below(folder.rstrip("/")).items()}
        kept = {key: _taken(entry, there, files) for key, entry in kept.items()}
    dropped = len(places.open_ledger(storage, read_only=True)) - len(kept)
    if delete:
        _delete(storage, state.ledger, list(kept.values()), files)
    return Cleaning(storage.place, not unfinished, delete, tuple(files), dropped)


def _left_behind(storage: Storage) -> Iterator[Waste]:
    """Attempts of runs that were killed; with the build's lock held nobody writes them any more."""
    for path, size in [*storage.below("tmp").items(), *places.left_behind(storage)]:
        yield Waste(path, size, "killed")


def _unnamed(storage: Storage, kept: Any) -> Iterator[Waste]:
    needed = {path for entry in kept for file in entry.files for path in _with_index(str(file["path"]))}
    for folder in OUTPUTS:
        for path, size in storage.below(folder).items():
            if path not in needed and not path.startswith(_HELD):
                yield Waste(path, size, "earlier")


def _unasked(storage: Storage, recipe: Recipe) -> Iterator[Waste]:
    """Replies of models that no service of the recipe names."""
    named = {folder_of(service.identity()) for service in recipe.services.values()}
    for path, size in storage.below(FOLDER).items():
        if path.split("/")[1] not in named:
            yield Waste(path, size, "replies")


def _taken(entry: Entry, there: dict[str, int], files: list[Waste]) -> Entry:
    """The entry without its intermediate files, which join `files`."""
    gone = [str(file["path"]) for file in entry.files if is_intermediate(str(file["path"]))]
    files += [Waste(path, there[path], "intermediate") for name in gone for path in _with_index(name) if path in there]
    return replace(entry, taken=gone) if gone else entry


def _with_index(path: str) -> tuple[str, ...]:
    """A file, and that of its record batches by destination where it is an exchange file."""
    return (path, f"{path}.index") if path.endswith(".arrow") else (path,)


def _delete(storage: Storage, ledger: Ledger, kept: list[Entry], files: list[Waste]) -> None:
    # The ledger first: a kill in between leaves files that nothing names, which the next cleaning finds.
    for entry in ledger.all():
        ledger.forget(entry.key)
    ledger.add(kept)
    ledger.compact(always=True)
    storage.remove([file.path for file in files])
