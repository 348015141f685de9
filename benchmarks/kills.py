"""Kills processes at random while small builds run, starts others, and compares the bytes with an undisturbed build.

`python benchmarks/kills.py --runner local --kills 1000` makes builds one after another until so much was killed: runs
and the processes of their pools (`local`), workers and their processes (`worker`), runs, processes of Ray and whole
nodes of a cluster (`ray`). Every build must come to its end with the same bytes, and then have nothing left to do; the
last line is a JSON object with the counts.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.engine.corpus import write_corpus
from tests.engine.killing import Ground, Local, OnRay, Workers, build_under_kills, made

from weft.engine.build import run
from weft.recipe import load

GROUNDS = {"local": Local, "worker": Workers, "ray": OnRay}


def difference(wanted: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Names of files that only one build has, or that differ."""
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def measure(ground: Ground, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Builds under kills until there were enough, or time is up."""
    draw, began = random.Random(given.seed), time.monotonic()
    until = began + 60 * given.minutes
    recipe = write_corpus(folder, given.documents)
    alone = Local().begin(recipe, folder / "whole")
    assert alone.wait() == 0, alone.communicate()[1]
    # Two kills in the time that a build takes here now: most of them meet tasks.
    pause = time.monotonic() - began
    wanted = made(folder / "whole")
    told: dict[str, Any] = {"runner": given.runner, "builds": 0, "same": 0, "kills": 0, "started": 0, "gave_up": 0}
    killed: Counter[str] = Counter()
    while told["kills"] < given.kills and time.monotonic() < until:
        into = folder / f"build-{told['builds']}"
        kills = min(draw.randint(3, given.most), given.kills - told["kills"])
        done = build_under_kills(ground, recipe, into, kills=kills, draw=draw, until=until, pause=pause)
        killed += done.kills
        told["builds"] += 1
        told["kills"] += done.kills.total()
        told["started"] += done.started
        told["gave_up"] += done.failed
        left = run(load(recipe), into, dry_run=True).planned
        differs = difference(wanted, made(into))
        told["same"] += not differs and not left
        print(json.dumps(told | {"killed": dict(killed), "seconds": round(time.monotonic() - began)}), flush=True)
        if differs or left:
            kept = Path(tempfile.mkdtemp(), into.name)
            shutil.copytree(into, kept)
            raise SystemExit(f"{kept}: other bytes than in peace, in {differs[:5]}; left to do: {dict(left)}")
        shutil.rmtree(into)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", choices=sorted(GROUNDS), default="worker")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--most", type=int, default=30, help="kills of one build")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    ground = GROUNDS[given.runner]()
    try:
        with tempfile.TemporaryDirectory() as name:
            measure(ground, Path(name), given)
    finally:
        ground.close()


if __name__ == "__main__":
    main()
