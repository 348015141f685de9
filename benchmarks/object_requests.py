"""What a build in object storage asks of it, in requests by kind and bytes, beside the same build in a folder.

python -m benchmarks.object_requests [--megabytes 40] [--workers 2]: real sentences, a server of this machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import corpora
from tests.engine.object_server import Faults, Server

from weft.engine import build
from weft.engine.ledger import Ledger
from weft.engine.reading import Build
from weft.recipe import load

RECIPE = """\
name: requests
acquire:
  - path: texts
    basis: owned
"""
LANGUAGES = ("swh_Latn", "khm_Khmr", "hin_Deva")


def told(name: str, proxy: Faults, call: Callable[[], Any]) -> Any:
    """What a call answers; how long it took and what it asked of the storage is printed."""
    proxy.requests, proxy.bytes = Counter(), Counter()
    began = time.monotonic()
    answer = call()
    kinds = " ".join(f"{kind} {number:,}" for kind, number in sorted(proxy.requests.items()))
    up, down = proxy.bytes["up"] / 1e6, proxy.bytes["down"] / 1e6
    print(f"{name:<28} {time.monotonic() - began:6.1f} s  {kinds:<40} up {up:,.1f} MB  down {down:,.1f} MB", flush=True)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shard-mb", type=float, default=None)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    for language in LANGUAGES:
        corpora.write(folder / "texts" / language, language, given.megabytes / len(LANGUAGES))
    text = RECIPE if given.shard_mb is None else f"{RECIPE}settings: {{shard_mb: {given.shard_mb}}}\n"
    (folder / "recipe.yaml").write_text(text, "utf-8")
    server = Server()
    server.bucket("requests")
    proxy = Faults(server)
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}
    os.environ.update({**keys, "AWS_ENDPOINT_URL": proxy.url, "WEFT_CACHE": str(folder / "cache")})
    try:
        _measure(folder, proxy, given.workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, proxy: Faults, workers: int) -> None:
    recipe, url = folder / "recipe.yaml", "s3://requests/build"

    def run(into: str | Path) -> build.RunResult:
        result = build.run(load(recipe), into, workers=workers)
        assert not result.status, result.tally.failures
        return result

    told("warm the kernels", proxy, lambda: run(folder / "first"))
    result = told("a folder", proxy, lambda: run(folder / "local"))
    files = [file for entry in Ledger(folder / "local/ledger").all() for file in entry.files]
    size = sum(file["bytes"] for file in files) / 1e6
    print(f"{sum(result.tally.ran.values())} tasks, {len(files):,} files of {size:,.1f} MB named by the ledger")
    told("object storage", proxy, lambda: run(url))
    told("again, nothing to do", proxy, lambda: run(url))
    opened = told("open it", proxy, lambda: Build.open(url))
    some = opened.documents(text=False).select("id").head(1).collect()["id"][0]

    def elsewhere(name: str) -> None:
        from weft.engine import object_storage

        os.environ["WEFT_CACHE"] = str(folder / name)
        object_storage._cache.cache_clear()

    elsewhere("explaining")
    told("explain, from elsewhere", proxy, lambda: Build.open(url).explain(some))
    elsewhere("changed")
    recipe.write_text(recipe.read_text("utf-8") + "construct:\n  rules: {long: signals.words >= 50}\n", "utf-8")
    result = told("a rule changed, elsewhere", proxy, lambda: run(url))
    print(f"{sum(result.tally.ran.values())} tasks")


if __name__ == "__main__":
    main()
