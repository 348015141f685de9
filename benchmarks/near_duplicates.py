"""Near-duplicates alone: weft beside datatrove's MinHash, how cost grows, and how long clustering takes.

python benchmarks/near_duplicates.py --peer PYTHON [--megabytes 192] [--peer-megabytes 12] [--languages …]
python benchmarks/near_duplicates.py --growth 10 100 1000     MB of Swahili: CPU seconds, and the exponent between them
python benchmarks/near_duplicates.py --edges 100000000        connected components of random edges

datatrove: MinHash 14 × 8, signatures, buckets and clusters. weft: MinHash 20 × 7, exact hashes and verified
similarities too; `operators` alone, from Parquet to clusters, and a `build` with script, language and all signals,
stored. CPU seconds are the operating system's, start-up included.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from pipeline import SAME, cpu_seconds


def ours(language: str, source: Path, target: Path) -> float:
    """CPU seconds of labels and deduplication; documents are parsed before."""
    target.mkdir(parents=True)
    (target / "recipe.yaml").write_text(SAME.format(source=source, language=language), "utf-8")
    command = [sys.executable, "-m", "weft", "run", str(target / "recipe.yaml"), "--workers", "1", "--quiet"]
    cpu_seconds([*command, "--into", str(target / "build"), "--only", "parse"])
    return cpu_seconds([*command, "--into", str(target / "build"), "--only", "deduplicate"])


def beside(language: str, megabytes: float, peer_megabytes: float, peer: str, folder: Path) -> dict[str, float | str]:
    size = corpora.write(folder / "in", language, megabytes) / 1e6
    ours(language, folder / "in", folder / "warm")
    own = ours(language, folder / "in", folder / "weft")
    alone = cpu_seconds([sys.executable, str(Path(__file__).with_name("own_minhash.py")), str(folder / "in")])
    part = corpora.write(folder / "part", language, peer_megabytes) / 1e6
    script = str(Path(__file__).with_name("peer_datatrove_minhash.py"))
    other = cpu_seconds([peer, script, str(folder / "part"), str(folder / "datatrove"), language])
    rates = {"build": round(size / own, 2), "operators": round(size / alone, 2), "datatrove": round(part / other, 3)}
    ratios = {name: round(rates[name] / rates["datatrove"], 1) for name in ("build", "operators")}
    return {"language": language, "MB": round(size, 1), **rates, "ratios": json.dumps(ratios)}


def growth(sizes: list[float], folder: Path) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = []
    for megabytes in sizes:
        size = corpora.write(folder / f"in-{megabytes}", "swh_Latn", megabytes) / 1e6
        own = ours("swh_Latn", folder / f"in-{megabytes}", folder / f"out-{megabytes}")
        rows.append({"MB": round(size, 1), "cpu_s": round(own, 2)})
        shutil.rmtree(folder / f"in-{megabytes}")
        shutil.rmtree(folder / f"out-{megabytes}")
    for first, second in pairwise(rows):
        second["exponent"] = round(math.log(second["cpu_s"] / first["cpu_s"]) / math.log(second["MB"] / first["MB"]), 3)
    return rows


def clustering(edges: int, folder: Path) -> None:
    """What clustering takes, printed by the process that does it, the edges on disk."""
    script = [sys.executable, str(Path(__file__).with_name("own_clustering.py"))]
    subprocess.run([*script, "write", str(folder), str(edges)], check=True)
    subprocess.run([*script, "cluster", str(folder), str(edges)], check=True)
    shutil.rmtree(folder)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--peer")
    arguments.add_argument("--megabytes", type=float, default=192)
    arguments.add_argument("--peer-megabytes", type=float, default=12)
    arguments.add_argument("--languages", nargs="*", default=list(corpora.LANGUAGES))
    arguments.add_argument("--growth", type=float, nargs="*")
    arguments.add_argument("--edges", type=int)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
    try:
        if given.edges:
            clustering(given.edges, folder / "edges")
        for row in growth(given.growth, folder) if given.growth else ():
            print(json.dumps(row), flush=True)
        for language in given.languages if given.peer else ():
            own = folder / language
            print(json.dumps(beside(language, given.megabytes, given.peer_megabytes, given.peer, own)), flush=True)
            shutil.rmtree(own)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
