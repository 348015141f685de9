"""What the scheduler itself costs: the plan of a build with many shards, and tasks that do nothing.

python benchmarks/scheduling.py [--shards 1000,10000,125000]: a small build is made first; its ledger entries, with
other shards and keys, are what the tasks of the large plans answer. Nothing is read or written but the ledger.
Memory is the peak of the whole process, with its libraries and the manifest; a second process finds everything done.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from weft.engine import build
from weft.engine.graph import State
from weft.engine.ledger import Entry, Ledger, LedgerWriter
from weft.engine.manifest import Manifest, Shard, Unit
from weft.engine.plan import compile_plan
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler
from weft.engine.work import Outcome, Task, rooms_registry
from weft.recipe import load

RECIPE = """\
name: many
acquire:
  - path: texts
    basis: owned
"""
WORDS = ("habari", "watu", "nyumba", "shule", "mtoto", "maji", "chakula", "safari", "barua", "kazi", "siku", "mwaka")
TOGETHER = 8
"""Outcomes that come at once, as from a machine with as many workers."""


def small(folder: Path) -> tuple[Path, Path]:
    """The recipe and the build of 120 documents."""
    (folder / "texts").mkdir(parents=True)
    rows = [" ".join(WORDS[(n * (w + 3) + w * w) % len(WORDS)] for w in range(60 + n % 7)) for n in range(120)]
    lines = [json.dumps({"id": str(n), "text": text}) for n, text in enumerate(rows)]
    (folder / "texts/a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE, "utf-8")
    build.run(load(recipe), folder / "build", workers=1)
    return recipe, folder / "build"


class Nothing:
    """A runner whose tasks answer at once with an entry of the small build, in the order in which they came."""

    def __init__(self, entries: list[Entry], ledger: Path) -> None:
        self._templates: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if not any(self._kind(entry) == self._kind(held) for held in self._templates[entry.node]):
                self._templates[entry.node].append(entry)
        self._ledger = LedgerWriter(ledger)
        self._waiting: list[Task] = []
        self._next = 0
        self._lines: list[Entry] = []
        self.tasks = 0

    @staticmethod
    def _kind(entry: Entry) -> tuple[str, ...]:
        return tuple(str(file["path"]).split("/")[1] for file in entry.files)

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    busy = 0
    """A task begins and ends within `outcomes`."""

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        taken = self._waiting[self._next : self._next + TOGETHER]
        self._next += len(taken)
        if self._next > 10_000:
            del self._waiting[: self._next]
            self._next = 0
        for task in taken:
            self.tasks += 1
            yield Outcome(task, tuple(self._answers(task)))

    def _answers(self, task: Task) -> list[Entry]:
        templates = self._templates[task.node]
        if not task.keys:
            return [self._one(templates[0], task, task.key)]
        return [self._one(self._label(templates, name), task, key) for name, key in task.keys.items()]

    @staticmethod
    def _label(templates: list[Entry], operator: str) -> Entry:
        short = operator.partition(".")[2]
        return next(t for t in templates if str(t.files[0]["path"]).split("/")[1] == short)

    def _one(self, template: Entry, task: Task, key: str) -> Entry:
        files = [dict(file) | {"path": _named(str(file["path"]), task.shard, key)} for file in template.files]
        # As it comes out of a worker: through text, nothing shared with the template.
        made = Entry(**json.loads(replace(template, key=key, shard=task.shard, files=files).to_json()))
        self._lines.append(made)
        if len(self._lines) >= 4096:
            self.flush()
        return made

    def flush(self) -> None:
        self._ledger.append(self._lines)
        self._lines = []

    def close(self) -> None:
        self.flush()
        self._ledger.close()


def _named(path: str, shard: int, key: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/{shard:05d}-{key[:12]}.{name.partition('.')[2]}"


def many(shards: int) -> Manifest:
    """Shards of one unit each, as large as real ones."""
    units = [Unit(f"/data/crawl/{n:07d}.parquet", f"{n:07d}.parquet", "parquet", 0, 1 << 26, 1 << 26, f"{n:032x}")
             for n in range(shards)]  # fmt: skip
    return Manifest([Shard("texts", (unit,)) for unit in units])


def peak() -> int:
    """Bytes that this process held at the most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(recipe: Path, made: Path, folder: Path, shards: int) -> dict[str, Any]:
    """One run of the plan over so many shards."""
    checked, entries = load(recipe), list(Ledger(made / "ledger").all())
    manifest = many(shards)
    before = peak()
    state = State(Ledger(folder), list(range(shards)))
    runner = Nothing(entries, folder)
    began, cpu = time.monotonic(), time.process_time()
    tally = Scheduler(compile_plan(checked, manifest, rooms_registry()), state, runner, Silent()).run()
    seconds, busy = time.monotonic() - began, time.process_time() - cpu
    held = peak()
    runner.close()
    assert not tally.failures and not tally.waiting, (tally.failures, tally.waiting)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return {
        "shards": shards,
        "tasks": runner.tasks,
        "entries": len(state.ledger),
        "milliseconds_per_task": round(1000 * seconds / runner.tasks, 3),
        "cpu_milliseconds_per_task": round(1000 * busy / runner.tasks, 3),
        "seconds": round(seconds, 1),
        "megabytes_before": round(before / 1e6),
        "driver_megabytes": round(held / 1e6),
        "bytes_of_memory_per_task": round((held - before) / runner.tasks),
        "ledger_megabytes": round(size / 1e6, 1),
        "ledger_bytes_per_task": round(size / runner.tasks),
    }


def again(recipe: Path, folder: Path, shards: int) -> dict[str, Any]:
    """The same plan with everything done."""
    began, cpu = time.monotonic(), time.process_time()
    state = State(Ledger(folder), list(range(shards)))
    loaded, took = time.monotonic() - began, time.process_time() - cpu
    tally = Scheduler(compile_plan(load(recipe), many(shards), rooms_registry()), state, None, Silent()).run()
    assert not tally.waiting
    found = {"seconds_to_load": round(loaded, 2), "seconds_to_find_all_done": round(time.monotonic() - began, 2)}
    busy = {"cpu_seconds_to_load": round(took, 2), "cpu_seconds": round(time.process_time() - cpu, 2)}
    return {"shards": shards, "again": True, **found, **busy, "driver_megabytes": round(peak() / 1e6)}


def _child(recipe: Path, made: Path, folder: Path, shards: int, done: bool) -> None:
    told = again(recipe, folder, shards) if done else measure(recipe, made, folder, shards)
    print(json.dumps(told), flush=True)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--shards", default="1000,10000,125000")
    counts = [int(text) for text in given.parse_args().shards.split(",")]
    folder = Path(tempfile.mkdtemp())
    try:
        recipe, made = small(folder)
        for count in counts:
            for done in (False, True):
                # A process of its own each, so that the peak is of this alone.
                context = multiprocessing.get_context("spawn")
                child = context.Process(target=_child, args=(recipe, made, folder / f"ledger-{count}", count, done))
                child.start()
                child.join()
                if child.exitcode:
                    sys.exit(child.exitcode)
            shutil.rmtree(folder / f"ledger-{count}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
