"""How near `weft run --estimate` is: estimates from samples, then the build of all, and one beside the other (Linux).

python benchmarks/estimate.py [--megabytes 3600] [--samples 16] [--workers 1] [--shard-mb 64] [--keep FOLDER]:
recombined documents of Swahili, Khmer and Hindi, a fifth of them copies, in Parquet of 0.43 bytes for a byte of text;
samples are of so many megabytes as stored. CPU seconds are those of the ledger's entries, wall time is that from the
start of the build to its end, memory the peak of the worker with the most. On a machine that others use a worker waits
for a core: `wall with cores s` is without that, and what the estimate of wall time is held against; `load` is that of
the machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import corpora
import stage_memory

LANGUAGES = ("swh_Latn", "khm_Khmr", "hin_Deva")
RECIPE = """\
name: estimate
acquire:
  - {{path: texts, basis: crawl-private}}
settings: {{shard_mb: {shard_mb}}}
"""
FILE_MB = 20
"""Text of a file."""


def estimated(recipe: Path, sample: float, workers: int) -> dict[str, Any]:
    """What an estimate says, and what it took."""
    from weft.engine.estimate import Scale, measure, project
    from weft.recipe import load

    began, before = time.monotonic(), os.times()
    found = project(measure(load(recipe), int(sample * 1e6)), Scale(workers=workers))
    after = os.times()
    busy = sum(after[n] - before[n] for n in range(4))
    told = {name: _told(read) for name, read in (("low", found.low), ("high", found.high))}
    totals = {name: found.total(name) for name in found.low}
    said = {"documents": found.rows, "memory MB": round(found.memory_bytes / 1e6)}
    took = {"took s": round(time.monotonic() - began, 1), "took CPU s": round(busy, 1)}
    steps = {stage["node"]: round(stage["cpu_hours"] * 3600, 2) for stage in found.stages}
    return {**_told(totals), **said, **took, **told, "steps": steps}


def _told(totals: Mapping[str, float]) -> dict[str, float]:
    disk = sum(held for name, held in totals.items() if name.endswith("_bytes"))
    hours = {"CPU s": totals["cpu_hours"], "wall s": totals["wall_hours"]}
    return {name: round(value * 3600, 1) for name, value in hours.items()} | {"disk GB": round(disk / 1e9, 3)}


def _build(recipe: Path, into: Path, workers: int) -> None:
    from weft.engine import build
    from weft.engine.local import LocalRunner
    from weft.recipe import load

    runner = LocalRunner(str(into), workers, stage_memory.noted)
    result = build.run(load(recipe), into, runner=runner)
    Path(f"{into}.queued").write_text(str(stage_memory.queued()), "utf-8")
    if result.status:
        raise SystemExit(json.dumps(result.to_json()["failures"][:3]))


def built(recipe: Path, into: Path, workers: int) -> dict[str, Any]:
    """What a build took."""
    from weft.engine.ledger import Ledger

    load = os.getloadavg()[0]
    # A process of its own, so that start-up is part of its time as it is of a command's.
    process = multiprocessing.get_context("spawn").Process(target=_build, args=(recipe, into, workers))
    began = time.monotonic()
    process.start()
    process.join()
    seconds = time.monotonic() - began
    if process.exitcode:
        raise SystemExit(f"the build ended with status {process.exitcode}")
    driver = float(Path(f"{into}.queued").read_text("utf-8"))
    cpu: dict[str, float] = {}
    disk = documents = 0
    for entry in Ledger(into / "ledger").all():
        cpu[entry.node] = cpu.get(entry.node, 0.0) + entry.cpu_seconds
        disk += sum(int(file["bytes"]) for file in entry.files)
        documents += int(entry.counts.get("rows_out", 0)) if entry.node == "documents" else 0
    peaks = [json.loads(line) for line in Path(f"{into}.peaks").read_text("utf-8").splitlines()]
    highest = max(held["peak"] for held in peaks)
    said = {"CPU s": round(sum(cpu.values()), 1), "wall s": round(seconds, 1), "disk GB": round(disk / 1e9, 3)}
    said |= {"documents": documents, "memory MB": round(highest / 1e6)}
    # What processes waited for a core is no part of their time on a machine that has one for each.
    waited = {held["process"]: held["queued"] for held in peaks}
    queued = sum(waited.values()) / workers + driver
    said |= {"wall with cores s": round(seconds - queued, 1)}
    loads = {"load": [round(load, 1), round(os.getloadavg()[0], 1)]}
    return said | loads | {"steps": {name: round(held, 2) for name, held in cpu.items()}}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=3600)
    arguments.add_argument("--samples", default="16")
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--shard-mb", type=float, default=64)
    arguments.add_argument("--keep", type=Path, help="a folder where the corpus stays")
    given = arguments.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="weft-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    recipe, into = folder / "recipe.yaml", folder / "build"
    recipe.write_text(RECIPE.format(shard_mb=given.shard_mb), "utf-8")
    try:
        each = given.megabytes / len(LANGUAGES)
        for language in LANGUAGES:
            if not (folder / "texts" / language).exists():
                corpora.write(folder / "texts" / language, language, each, max(1, round(each / FILE_MB)))
        stored = sum(file.stat().st_size for file in (folder / "texts").rglob("*.parquet"))
        estimates = {}
        for size in map(float, given.samples.split(",")):
            estimates[size] = estimated(recipe, size, given.workers)
            told = {"sample MB": size, "times": round(stored / size / 1e6, 1)}
            print(json.dumps(told | estimates[size]), flush=True)
        shutil.rmtree(into, ignore_errors=True)
        Path(f"{into}.peaks").unlink(missing_ok=True)
        took = built(recipe, into, given.workers)
        print(json.dumps({"build": stored, **took}), flush=True)
        for size, said in estimates.items():
            beside = {name: took[name] for name in ("CPU s", "disk GB", "documents", "memory MB")}
            beside["wall s"] = took["wall with cores s"]
            off = {name: f"{said[name] / held - 1:+.0%}" for name, held in beside.items()}
            print(json.dumps({"sample MB": size, "estimate beside build": off}), flush=True)
    finally:
        shutil.rmtree(into if given.keep else folder, ignore_errors=True)


if __name__ == "__main__":
    main()
