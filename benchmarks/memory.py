"""Peak resident memory of every step of a build at one, five and twenty times a corpus (Linux).

python benchmarks/memory.py [--megabytes 24] [--times 1,5,20] [--workers 1] [--steps default|all] [--shard-mb 2]:
recombined documents of Swahili, Khmer and Hindi, a fifth of them copies, in shards of one size. A line for each size,
then for each step the peak of its tasks at each size, and of the last beside the first.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpora
import stage_memory

LANGUAGES = ("swh_Latn", "khm_Khmr", "hin_Deva")
RECIPE = """\
name: memory
acquire:
  - path: {source}
    basis: crawl-private
settings: {{shard_mb: {shard_mb}}}
"""
ALL = """\
deduplicate: [exact, minhash, verify, romanized, verify_romanized, lines, substrings, {{earlier: {{index: {index}}}}}]
construct:
  cut: [deduplicate.lines, deduplicate.substrings]
  mixture: {{method: unimax, epochs: 2}}
"""


def _build(recipe: Path, into: Path, workers: int) -> None:
    from weft.engine import build
    from weft.engine.local import LocalRunner
    from weft.recipe import load

    stage_memory.forget()
    runner = LocalRunner(str(into), workers, stage_memory.measured)
    result = build.run(load(recipe), into, runner=runner)
    with open(f"{into}.peaks", "a") as sink:
        sink.write(json.dumps({"node": "(driver)", "shard": -1, "peak": stage_memory.peak()}) + "\n")
    if result.status:
        raise SystemExit(json.dumps(result.to_json()["failures"][:3]))


def peaks(source: Path, target: Path, workers: int, recipe: str) -> dict[str, int]:
    """The highest peak of each node's tasks, and of the process that gives them out, in bytes."""
    target.mkdir(parents=True)
    (target / "recipe.yaml").write_text(recipe.replace("{source}", str(source)), "utf-8")
    # A process of its own, so that its peak is of this build alone.
    process = multiprocessing.get_context("spawn").Process(
        target=_build, args=(target / "recipe.yaml", target / "build", workers)
    )
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"the build ended with status {process.exitcode}")
    found: dict[str, int] = defaultdict(int)
    for line in Path(f"{target}/build.peaks").read_text().splitlines():
        held = json.loads(line)
        found[held["node"]] = max(found[held["node"]], held["peak"])
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=24)
    arguments.add_argument("--times", default="1,5,20")
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--steps", choices=("default", "all"), default="default")
    arguments.add_argument("--shard-mb", type=float, default=2)
    arguments.add_argument("--index", type=Path, help="with --steps all: an index of earlier releases (weft index)")
    arguments.add_argument("--keep", type=Path, help="a folder where corpora and builds stay")
    given = arguments.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="weft-bench-"))
    recipe = RECIPE.replace("{shard_mb}", str(given.shard_mb)).replace("{{", "{").replace("}}", "}")
    if given.steps == "all":
        recipe += ALL.replace("{{", "{").replace("}}", "}").replace("{index}", str(given.index))
    try:
        found: dict[int, dict[str, int]] = {}
        for times in map(int, given.times.split(",")):
            size = 0.0
            for language in LANGUAGES:
                each = given.megabytes * times / len(LANGUAGES)
                size += each
                if not (folder / f"in{times}" / language).exists():
                    corpora.write(folder / f"in{times}" / language, language, each, 4 * times)
            began = time.monotonic()
            target = folder / f"out-{given.steps}-{times}"
            found[times] = peaks(folder / f"in{times}", target, given.workers, recipe)
            highest = max(found[times].values())
            told = {"times": times, "text MB": round(size, 1), "seconds": round(time.monotonic() - began, 1)}
            print(json.dumps(told | {"highest peak MB": round(highest / 1e6)}), flush=True)
        first, last = found[min(found)], found[max(found)]
        for node in last:
            told = {f"{times}x": round(held.get(node, 0) / 1e6, 1) for times, held in sorted(found.items())}
            print(json.dumps({"step": node, **told, "ratio": round(last[node] / first[node], 2)}), flush=True)
    finally:
        if given.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
