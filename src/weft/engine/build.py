"""Runs a recipe into a build folder, and opens a build folder to read it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weft.engine import holders, known, places
from weft.engine.graph import Plan, State
from weft.engine.intermediate import revive
from weft.engine.ledger import Ledger
from weft.engine.local import LocalRunner, usable_cores
from weft.engine.manifest import PATH as MANIFEST
from weft.engine.manifest import Manifest
from weft.engine.plan import compile_plan
from weft.engine.plan_synthesis import STAGES as synthesis_stages
from weft.engine.progress import Silent
from weft.engine.room import NoRoom, Room, to_write
from weft.engine.scheduler import Listener, Runner, Scheduler, Tally
from weft.engine.service_keys import check_keys
from weft.engine.storage import Storage
from weft.engine.watching.kept import kept
from weft.engine.work import rooms_registry
from weft.errors import WeftError, nearest
from weft.recipe import Recipe

STAGES = ("acquire", "parse", "standardize", "label", "deduplicate", "construct")
RECIPE = "recipe.json"


@dataclass
class RunResult:
    """What a run did. `status` is the exit status: 0 when everything is done, 1 when some shard failed."""

    into: Path | str
    """The folder, or the URL in object storage."""
    tally: Tally
    planned: Counter[str] = field(default_factory=Counter)
    """Dry run: tasks that would run, by node."""
    stopped: str | None = None
    """Why the run ended before everything was done: the disk has no more room."""

    @property
    def status(self) -> int:
        return 1 if self.tally.failures or self.stopped else 0

    def to_json(self) -> dict[str, Any]:
        return {
            "into": str(self.into),
            "ran": dict(self.tally.ran),
            "cached": dict(self.tally.cached),
            "would_run": dict(self.planned),
            "not_planned_yet": self.tally.waiting,
            "stopped": self.stopped,
            "failures": [
                {"node": f.task.node, "shard": f.task.shard, "reason": f.failure} for f in self.tally.failures
            ],
        }


def run(
    recipe: Recipe,
    into: str | Path,
    *,
    workers: int | None = None,
    runner: Runner | None = None,
    only: str | None = None,
    dry_run: bool = False,
    listener: Listener | None = None,
    room: Room | None = None,
) -> RunResult:
    """Build a recipe into a folder; whatever the ledger has an entry for is not done again.

    Raises WeftError for what a person can mend: no input files, a folder in use, an unknown stage, a disk too small.
    """
    storage = places.open_storage(into)
    stages = stages_of(recipe)
    if only is not None and only not in stages:
        raise WeftError(f"--only {only}: expected one of {', '.join(stages)}{nearest(only, stages)}")
    check_folder(storage)
    with places.building(storage, dry_run=dry_run):
        return _run_locked(recipe, storage, workers, runner, only, dry_run, listener or Silent(), room or Room())


def check_folder(storage: Storage) -> None:
    """Raises WeftError for a folder that is no build and not empty; makes one that is not there."""
    if places.in_objects(storage.place):
        # A run that has just begun, or was killed then, has left no more than its lease and what it reads. The recipe
        # is asked for last: while this looks, another may begin.
        others = {path for path in storage.below("") if not path.startswith("ledger/")}
        if others - {MANIFEST, RECIPE} and not storage.exists(RECIPE):
            raise WeftError(f"{storage.place}: holds other objects; expected a folder without any, or an earlier build")
        return
    root = storage.root
    if root.exists() and not root.is_dir():
        raise WeftError(f"{root}: is a file; expected a folder to build into")
    if root.is_dir() and any(root.iterdir()) and not (storage.exists("ledger") or storage.exists(RECIPE)):
        raise WeftError(f"{root}: holds other files; expected an empty folder or an earlier build")
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeftError(f"{root}: cannot be created: {error.strerror}") from error


def _run_locked(
    recipe: Recipe,
    storage: Storage,
    workers: int | None,
    runner: Runner | None,
    only: str | None,
    dry_run: bool,
    listener: Listener,
    room: Room,
) -> RunResult:
    plan, state = prepare(recipe, storage, save=not dry_run)
    plan = _only(plan, only, stages_of(recipe))
    revive(plan, lambda: State(state.ledger, list(plan.shards)))
    if dry_run:
        scheduler = Scheduler(plan, state, None, listener)
        tally = scheduler.run()
        return RunResult(built_at(storage), tally, scheduler.queued())
    check_keys(recipe, storage)
    room.check(storage.disk, storage.to_fill(to_write(plan, State(state.ledger, list(plan.shards)))))
    used = room.watched(runner or LocalRunner(storage.place, workers), storage.disk)
    kind = "local" if runner is None else type(runner).__name__.removesuffix("Runner").lower()
    stopped = None
    try:
        with kept(storage, recipe, plan, listener, role="run", runner=kind, workers=workers or usable_cores()) as told:
            scheduler = Scheduler(plan, state, used, told)
            scheduler.run()
    except NoRoom as full:
        stopped = str(full)
    finally:
        used.close()
    known.save(storage, known.gathered(recipe, rooms_registry(), state))
    state.ledger.compact()
    if recipe.services:
        places.compact_replies(storage)
    return RunResult(built_at(storage), scheduler.tally, stopped=stopped)


def built_at(storage: Storage) -> Path | str:
    """The folder of a build, or its URL in object storage."""
    return storage.place if places.in_objects(storage.place) else storage.root


def stages_of(recipe: Recipe) -> tuple[str, ...]:
    """The stages of a recipe: of one that builds a corpus, or of one that makes records."""
    return synthesis_stages if recipe.synthesize else STAGES


def _only(plan: Plan, only: str | None, stages: tuple[str, ...]) -> Plan:
    """The plan up to and with a stage; acquire, parse and standardize are one node."""
    if only is None:
        return plan
    last = max(stages.index(only), stages.index("parse"))
    return Plan(tuple(n for n in plan.nodes if stages.index(n.stage) <= last), plan.shards)


def prepare(recipe: Recipe, storage: Storage, *, save: bool) -> tuple[Plan, State]:
    """The plan of a recipe over the files as they are now, and what the ledger knows."""
    manifest = Manifest.load(storage)
    for source in recipe.acquire:
        _check_apart(source.name, source.path, storage.place)
        manifest.update(
            source.name,
            source.path,
            source.format,
            base=Path(recipe.base),
            build=storage.root,
            shard_bytes=int(recipe.settings.shard_mb * 1_000_000),
        )
    if save:
        manifest.save(storage)
        text = json.dumps({"base": str(recipe.base), "recipe": recipe.to_json()}, indent=1, ensure_ascii=False) + "\n"
        if storage.content(RECIPE) != text.encode("utf-8"):
            storage.write_bytes(RECIPE, text.encode("utf-8"))
    plan = compile_plan(recipe, manifest, rooms_registry())
    return plan, State(_present(places.open_ledger(storage), storage), list(plan.shards))


def _check_apart(source: str, path: str, into: str) -> None:
    """A build that read itself would grow with each run; of folders the listing leaves it out."""
    top = path.split("*")[0].rstrip("/")
    if places.in_objects(into) and places.in_objects(path) and f"{into}/".startswith(f"{top}/"):
        raise WeftError(f"source {source}: {path} holds the build {into}; expected a source that lies apart from it")


def prepare_known(recipe: Recipe, storage: Storage, *, as_made: bool = True) -> tuple[Plan, State]:
    """The plan over the files that the manifest already knows: reading a build does not look at its sources.

    `as_made`: nor at other things outside of it (`engine.known`); who goes on building it looks at them.
    """
    kept = known.load(storage, recipe) if as_made else None
    plan = compile_plan(recipe, Manifest.load(storage), rooms_registry(), kept)
    return plan, State(_present(places.open_ledger(storage), storage), list(plan.shards))


def _present(ledger: Ledger, storage: Storage) -> Ledger:
    """The ledger without entries whose files someone has removed, cut short or replaced: those tasks run again."""
    for entry in ledger.all():
        left = [file for file in entry.files if file["path"] not in entry.taken]
        if not all(storage.whole(file["path"], file["bytes"]) for file in left):
            ledger.forget(entry.key)
    for key in holders.lost(storage, ledger.all()):
        ledger.forget(key)
    return ledger
