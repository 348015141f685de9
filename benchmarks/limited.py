"""A build of text that is three times as large as the memory that a process may have (Linux).

python benchmarks/limited.py [--limit 512] [--times 3] [--workers 1] [--shard-mb 2]: recombined documents in six
languages; every process of `weft run` may have so many megabytes of data (RLIMIT_DATA: what it allocates, its stacks
among it, and no code of libraries). A small build without a limit comes first: what compiles its kernels, once on a
machine, takes more.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpora

RECIPE = """\
name: limited
acquire:
  - path: texts
    basis: crawl-private
settings: {{shard_mb: {shard_mb}}}
"""


def limited(recipe: Path, into: Path, limit: float, workers: int) -> dict[str, float]:
    """Seconds and CPU seconds of a build that ends well; `limit` megabytes for each process, 0: any."""
    most = int(limit * 1e6) if limit else resource.RLIM_INFINITY
    began, before = time.monotonic(), os.times()
    command = [sys.executable, "-m", "weft", "run", str(recipe), "--into", str(into), "--workers", str(workers), "-q"]
    ended = subprocess.run(
        command,
        preexec_fn=functools.partial(resource.setrlimit, resource.RLIMIT_DATA, (most, most)),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"the build ended with status {ended.returncode}: {ended.stderr[-1000:]}")
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": round(time.monotonic() - began, 1), "cpu_seconds": round(busy, 1)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--limit", type=float, default=512, metavar="MB")
    arguments.add_argument("--times", type=float, default=3)
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--shard-mb", type=float, default=2)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
    try:
        each = given.limit * given.times / len(corpora.LANGUAGES)
        size = sum(corpora.write(folder / "texts" / name, name, each, 40) for name in corpora.LANGUAGES)
        recipe = folder / "recipe.yaml"
        recipe.write_text(RECIPE.format(shard_mb=given.shard_mb), "utf-8")
        (folder / "few/texts").mkdir(parents=True)
        shutil.copy(folder / "texts" / corpora.LANGUAGES[0] / "00.parquet", folder / "few/texts")
        shutil.copy(recipe, folder / "few/recipe.yaml")
        limited(folder / "few/recipe.yaml", folder / "first", 0, given.workers)
        found = limited(recipe, folder / "build", given.limit, given.workers)
        release = json.loads((folder / "build/construct/release.json").read_text("utf-8"))
        told = {"limit MB": given.limit, "text MB": round(size / 1e6, 1), **found}
        print(json.dumps(told | {"documents": release.get("documents")}))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
