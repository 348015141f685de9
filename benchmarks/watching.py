"""What watching costs: log and progress in the run, and a refresh of `weft status` in the process that looks.

python benchmarks/watching.py [--shards 10000]: the plan of so many shards is run with tasks that do nothing, once
unwatched and once with log and progress, while another process asks for the status twice a second.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import scheduling

from weft.engine import crew, leases
from weft.engine.graph import State
from weft.engine.ledger import Ledger
from weft.engine.plan import compile_plan
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler
from weft.engine.storage import Storage
from weft.engine.watching.kept import kept
from weft.engine.watching.status import status
from weft.engine.work import rooms_registry
from weft.recipe import load


def build(recipe: Path, made: Path, folder: Path, shards: int, watched: bool) -> None:
    """Run the plan in this process and print what a task cost."""
    checked, entries = load(recipe), Ledger(made / "ledger").all()
    storage = Storage(folder)
    storage.path("ledger").mkdir(parents=True)
    shutil.copyfile(made / "recipe.json", folder / "recipe.json")
    state = State(Ledger(storage.path("ledger")), list(range(shards)))
    plan = compile_plan(checked, scheduling.many(shards), rooms_registry())
    runner = scheduling.Nothing(entries, storage.path("ledger"))
    with leases.held(storage.path(crew.WORKERS), "run-x", role="run"):
        cpu = time.process_time()
        if watched:
            with kept(storage, checked, plan, Silent(), role="run", runner="nothing", workers=1) as told:
                Scheduler(plan, state, runner, told).run()
        else:
            Scheduler(plan, state, runner, Silent()).run()
        cpu = time.process_time() - cpu
    runner.close()
    sizes = {path.name: path.stat().st_size for path in [*folder.glob("logs/*"), *folder.glob("ledger/progress.json")]}
    each = round(1000 * cpu / runner.tasks, 4)
    print(
        json.dumps({"watched": watched, "tasks": runner.tasks, "cpu_milliseconds_per_task": each, **sizes}), flush=True
    )


def read_bytes() -> int:
    """Bytes that this process has read (Linux)."""
    return int(Path("/proc/self/io").read_text().split()[1])


def look(folder: Path, child: multiprocessing.process.BaseProcess) -> None:
    """Ask for the status while a child builds, and print what a refresh cost."""
    cpu, bytes_, wall, tasks = [], [], [], 0
    while child.is_alive():
        time.sleep(0.5)
        if not (folder / "ledger/progress.json").exists():
            continue
        before, began, clock = read_bytes(), time.process_time(), time.perf_counter()
        held = status(folder, whole=False)
        if held["live"]:
            cpu.append(1000 * (time.process_time() - began))
            wall.append(1000 * (time.perf_counter() - clock))
            bytes_.append(read_bytes() - before)
            tasks = held["tasks_done"]
    middle = {"cpu_milliseconds": cpu, "wall_milliseconds": wall, "bytes_read": bytes_}
    told = {name: round(statistics.median(held), 2) for name, held in middle.items()}
    print(json.dumps({"refreshes": len(cpu), "tasks_done_at_the_last": tasks, **told}), flush=True)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--shards", type=int, default=10_000)
    shards = given.parse_args().shards
    folder = Path(tempfile.mkdtemp())
    try:
        recipe, made = scheduling.small(folder)
        for watched in (False, True):
            context = multiprocessing.get_context("spawn")
            place = folder / f"watched-{watched}"
            child = context.Process(target=build, args=(recipe, made, place, shards, watched))
            child.start()
            if watched:
                look(place, child)
            child.join()
            if child.exitcode:
                sys.exit(child.exitcode)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
