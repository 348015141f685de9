"""Outputs that only lead to others and were taken away on purpose: done as long as no task has to read them again."""

from __future__ import annotations

from collections.abc import Callable

from weft.engine.graph import Plan, State
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler

FOLDERS = (
    *(f"deduplicate/{name}/" for name in ("bands", "shingles", "romanized_shingles", "earlier-shingles", "cells")),
    *(f"deduplicate/{name}/" for name in ("line-keys", "fingerprints", "passage-texts")),
    *("selection/kept/", "selection/group-keys/"),
)
"""Rows on their way to where they meet: the large ones, of which only the node that comes next reads."""


def is_intermediate(path: str) -> bool:
    """Whether a file of a build only leads to other files, and can be made again from what stays."""
    return path.startswith(FOLDERS)


def pending(plan: Plan, state: State) -> set[str]:
    """Nodes that have something to do, or that wait for one that has; `state` is filled with what is done."""
    scheduler = Scheduler(plan, state, None, Silent())
    return {*scheduler.run().waiting, *scheduler.queued()}


def revive(plan: Plan, fresh: Callable[[], State]) -> None:
    """Let the tasks run again whose files are gone and that a task which has to run may read.

    What has nothing to do after it stays done. `fresh` gives states over one ledger, in which entries are forgotten.
    """
    while fresh().ledger.any_taken():
        state = fresh()
        waiting = pending(plan, state)
        # Files of these folders are read by the nodes that come right after, and by no others.
        readers = {name for node in plan.nodes if node.name in waiting for name in node.after}
        # All of a node's: of a shard whose turn has not come nobody knows yet whether its entry will be found.
        gone = [entry.key for entry in state.ledger.all() if entry.taken and entry.node in readers]
        if not gone:
            return
        for key in gone:
            state.ledger.forget(key)
