"""One worker, two workers, and Ray with two, on the same text: seconds without start-up, in turns, as ratios.

`python benchmarks/runners.py [--megabytes 200] [--turns 5] [--language swh_Latn]`. A turn is one build by each of the
three, each in a process of its own and in another order each time, as the load of a machine changes; and two builds of
one worker each at once, which know nothing of each other: no runner can do better on this machine. Start-up is what
lies before the first finished task: processes, libraries, a cluster. CPU seconds are those of the tasks, as their
processes counted them. The last line is a JSON object with medians of the turns.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import corpora

from weft.engine.build import run
from weft.engine.ledger import Entry, Ledger
from weft.engine.progress import Silent
from weft.engine.ray_runner import RayRunner
from weft.engine.work import Task
from weft.recipe import load

RECIPE = """\
name: bench
acquire:
  - path: texts
    basis: crawl-private
construct: {formats: [parquet]}
"""
WAYS = ("local 1", "local 2", "ray 2")
APART = "apart"
"""Two builds at once, with one worker each."""


class Clock(Silent):
    """When the first task and the last ended."""

    first = last = 0.0

    def finished(self, task: Task, entries: list[Entry]) -> None:
        self.last = time.monotonic()
        self.first = self.first or self.last


def build(recipe: Path, into: Path, way: str) -> dict[str, float]:
    """Seconds of one build: with start-up, without, and of CPU in its tasks."""
    name, workers = way.split()
    clock, began = Clock(), time.monotonic()
    runner = RayRunner(str(into), int(workers)) if name == "ray" else None
    done = run(load(recipe), into, workers=int(workers), runner=runner, listener=clock)
    assert done.status == 0, done.to_json()
    spent = sum(entry.cpu_seconds for entry in Ledger(into / "ledger").all())
    return {"whole": time.monotonic() - began, "seconds": clock.last - clock.first, "cpu": spent}


def turn(recipe: Path, folder: Path, ways: list[str]) -> dict[str, dict[str, float]]:
    """One build each way, one after another."""
    told = {}
    for way in ways:
        number, name = (2, "local 1") if way == APART else (1, way)
        places = [folder / f"{way.replace(' ', '-')}-{n}" for n in range(number)]
        begun = [
            subprocess.Popen(
                [sys.executable, __file__, "--way", name, "--recipe", str(recipe), "--into", str(into)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for into in places
        ]
        found = [json.loads(process.communicate()[0]) for process in begun]
        told[way] = {what: max(one[what] for one in found) for what in found[0]}
        told[way]["load"] = os.getloadavg()[0]
        for into in places:
            shutil.rmtree(into)
    return told


def ratios(
    turns: list[dict[str, dict[str, float]]], of: str, to: str, what: str = "seconds", times: float = 1
) -> dict[str, Any]:
    """Median of what one way takes, divided by what another takes in the same turn; and each turn's."""
    every = [times * one[of][what] / one[to][what] for one in turns]
    return {"median": round(statistics.median(every), 3), "turns": [round(ratio, 3) for ratio in every]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--language", default="swh_Latn")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--recipe", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(build(given.recipe, given.into, given.way)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = corpora.write(folder / "texts", given.language, given.megabytes)
        recipe = folder / "recipe.yaml"
        recipe.write_text(RECIPE, "utf-8")
        turn(recipe, folder, ["local 1"])  # kernels that are not in the cache are compiled now
        turns = []
        for number in range(given.turns):
            every = (*WAYS, APART)
            order = [every[(number + n) % len(every)] for n in range(len(every))]
            turns.append(turn(recipe, folder, order))
            print(json.dumps({way: {k: round(v, 2) for k, v in held.items()} for way, held in turns[-1].items()}))
    told = {
        "megabytes": round(size / 1e6),
        "two local workers are faster than one by": ratios(turns, "local 1", "local 2"),
        "two builds of one worker at once do, of one": ratios(turns, "local 1", APART, times=2),
        "ray with two takes, of local with two": ratios(turns, "ray 2", "local 2"),
        "cpu of ray with two, of local with two": ratios(turns, "ray 2", "local 2", "cpu"),
        "load": [round(min(one[way]["load"] for one in turns for way in WAYS), 1),
                 round(max(one[way]["load"] for one in turns for way in WAYS), 1)],
    }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
