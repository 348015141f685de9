"""Room on the disk: what a run will write beside what is free, and an end in good order before a disk is full."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from weft.engine.graph import Plan, State
from weft.engine.progress import Silent
from weft.engine.scheduler import Runner, Scheduler
from weft.engine.work import Outcome, Task
from weft.errors import WeftError

FLOOR_BYTES, FLOOR_SHARE = 1_000_000_000, 0.02
"""A run ends before less than this is free: of a small disk, the share."""
_PER_BYTE = {
    **{"documents": 0.4, "label": 0.07, "bands": 0.15, "shingles": 0.33, "select": 0.45, "export": 0.8},
    **{"romanized_shingles": 0.33, "earlier_shingles": 0.33, "line_keys": 0.3, "fingerprints": 0.3, "cells": 0.3},
}
"""Bytes that a step writes for each byte of text: of web text in six scripts, and of its steps the large ones."""
_TEXT = {"warc.gz": 0.6, "warc": 0.15, "gz": 3.5, "zst": 3.5, "xz": 4.5, "bz2": 4.5, "parquet": 2.5, "zip": 3.0}
"""Bytes of text in a byte of a file, by its ending; of others one."""


def free_bytes(folder: Path) -> int:
    """What can still be written on the file system of a folder."""
    return shutil.disk_usage(folder).free


def floor_of(folder: Path) -> int:
    """Bytes that a run leaves free: 1 GB, or of a small file system 2 %."""
    return min(FLOOR_BYTES, int(FLOOR_SHARE * shutil.disk_usage(folder).total))


def to_write(plan: Plan, state: State) -> int:
    """Roughly what the tasks that have to run will write, in bytes; half and double of it are possible.

    `state` is filled with what is done.
    """
    text: dict[int, float] = {}

    def seen(task: Task) -> None:
        if task.node == "documents":
            text[task.shard] = sum((u["stop"] - u["start"]) * _expansion(u["name"]) for u in task.arguments["units"])

    scheduler = Scheduler(plan, state, None, Silent(), seen=seen)
    waiting = set(scheduler.run().waiting)
    text |= {n: _text_of(e[0].counts) for n, e in state.done("documents").items()}
    ready = {node: int(sum(text.get(n, 0.0) for n in held)) for node, held in scheduler.ready_shards().items()}
    whole, total = sum(text.values()), 0.0
    for node in plan.nodes:
        if node.name in waiting:
            done = sum(text.get(shard, 0.0) for shard in state.done(node.name))
            total += _PER_BYTE.get(node.name, 0.0) * (whole - done)
        else:
            # Tasks that are not of a shard, such as an export of a language, share what all shards have.
            found = ready.get(node.name, 0)
            share = found if node.each == "shard" else whole if found else 0
            total += _PER_BYTE.get(node.name, 0.0) * share
    return int(total)


def _text_of(counts: dict[str, object]) -> float:
    return float(str(counts.get("text_bytes", 0)))


def _expansion(name: str) -> float:
    return next((factor for ending, factor in _TEXT.items() if name.lower().endswith(f".{ending}")), 1.0)


class NoRoom(Exception):
    """The disk has less than the floor left; everything that had begun has ended well."""


@dataclass
class Watched:
    """A runner that begins no task when less than `floor` bytes are free.

    `outcomes` raises NoRoom once all that had begun is over.
    """

    runner: Runner
    folder: Path
    floor: int

    @property
    def busy(self) -> int:
        return self.runner.busy

    @property
    def begun(self) -> Callable[[Task], None]:
        return self.runner.begun

    @begun.setter
    def begun(self, listener: Callable[[Task], None]) -> None:
        self.runner.begun = listener

    def submit(self, task: Task) -> None:
        self.runner.submit(task)

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        begin = begin and free_bytes(self.folder) >= self.floor
        if not begin and not self.runner.busy:
            free, least = free_bytes(self.folder) / 1e9, self.floor / 1e9
            raise NoRoom(
                f"{self.folder}: {free:,.2f} GB are free, and a run leaves {least:,.2f} GB; "
                "it has stopped: free some space and run the same command again"
            )
        yield from self.runner.outcomes(begin=begin)

    def close(self) -> None:
        self.runner.close()


@dataclass
class Room:
    """What a run has to know of its disk: whether it goes on where there is too little, and what it leaves free."""

    force: bool = False
    floor: int | None = None
    """Bytes that stay free; default: 1 GB, or 2 % of a small file system."""
    warn: Callable[[str], None] = lambda text: None

    def check(self, folder: Path, needed: int) -> None:
        """Warn where less than twice of what is needed is free.

        Raises WeftError where not even half of it is, unless `force`.
        """
        free = free_bytes(folder)
        told = f"{folder}: the run will write about {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free"
        if free < needed / 2 and not self.force:
            raise WeftError(f"{told}; expected room for it: free some, choose another --into, or go on with --force")
        if free < 2 * needed:
            self.warn(told)

    def watched(self, runner: Runner, folder: Path) -> Watched:
        return Watched(runner, folder, floor_of(folder) if self.floor is None else self.floor)
