"""Peak resident memory of a build at one and at ten times a corpus: of all its processes together (Linux).

python benchmarks/memory.py [--megabytes 24] [--workers 2]: recombined documents of Swahili, Khmer and Hindi.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpora

LANGUAGES = ("swh_Latn", "khm_Khmr", "hin_Deva")
RECIPE = """\
name: memory
acquire:
  - path: {source}
    basis: crawl-private
"""


def resident(process: int) -> int:
    """Bytes of memory of a process and its descendants that are in RAM, shared pages counted once in each."""
    total, waiting = 0, [process]
    while waiting:
        number = waiting.pop()
        try:
            held = Path(f"/proc/{number}/statm").read_text().split()[1]
            for task in Path(f"/proc/{number}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it ended in the meantime
        total += int(held) * os.sysconf("SC_PAGESIZE")
    return total


def peak(source: Path, target: Path, workers: int) -> int:
    target.mkdir(parents=True)
    (target / "recipe.yaml").write_text(RECIPE.format(source=source), "utf-8")
    build = ["--into", str(target / "build"), "--workers", str(workers), "--quiet"]
    command = [sys.executable, "-m", "weft", "run", str(target / "recipe.yaml"), *build]
    highest = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            highest = max(highest, resident(process.pid))
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"the build ended with status {process.returncode}")
    return highest


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=24)
    arguments.add_argument("--workers", type=int, default=2)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
    try:
        found = {}
        for times in (1, 10):
            size = 0
            for language in LANGUAGES:
                each = given.megabytes * times / len(LANGUAGES)
                size += corpora.write(folder / f"in{times}" / language, language, each)
            found[times] = peak(folder / f"in{times}", folder / f"out{times}", given.workers)
            print(json.dumps({"MB": round(size / 1e6, 1), "peak MB": round(found[times] / 1e6)}), flush=True)
        print(json.dumps({"ratio": round(found[10] / found[1], 3)}), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
