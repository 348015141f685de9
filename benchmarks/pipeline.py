"""weft beside datatrove: documents in Parquet to filtered, deduplicated documents, MB of text per CPU-second.

python benchmarks/pipeline.py --peer PYTHON [--megabytes 192] [--languages …]: PYTHON has datatrove and its word
tokenizers installed (`make bench` makes that environment). One worker each, same input; CPU seconds are the
operating system's, of the process and its children, start-up included.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpora

SAME = """\
name: bench
acquire:
  - path: {source}
    basis: crawl-private
    language_hint: {language}
standardize: false
label: [script, {{lid: {{trust_hint: true}}}}, signals]
construct: {{formats: [parquet]}}
"""
"""What datatrove does, which is told the language and standardizes nothing."""
ALL = """\
name: bench
acquire:
  - path: {source}
    basis: crawl-private
construct: {{formats: [parquet]}}
"""
"""What weft does when nothing is said: text is repaired and brought into NFC, the language is identified."""


def cpu_seconds(command: list[str], **extra: str) -> float:
    """CPU seconds of a command and its children; it has to end well."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | extra)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def thresholds(language: str) -> dict[str, object]:
    """FineWeb-2's published configuration of a language."""
    with gzip.open(corpora.data_folder() / "terms/fineweb2_language_config.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["lang"] == language:
                return row
    raise SystemExit(f"no FineWeb-2 configuration of {language}")


def ours(recipe: str, language: str, source: Path, target: Path) -> float:
    target.mkdir(parents=True)
    (target / "recipe.yaml").write_text(recipe.format(source=source, language=language), "utf-8")
    build = ["--into", str(target / "build"), "--workers", "1", "--quiet", "--only", "construct"]
    return cpu_seconds([sys.executable, "-m", "weft", "run", str(target / "recipe.yaml"), *build])


def theirs(peer: str, source: Path, target: Path, language: str) -> float:
    script = Path(__file__).parent / "peer_datatrove.py"
    return cpu_seconds([peer, str(script), str(source), str(target), language, json.dumps(thresholds(language))])


def measure(language: str, megabytes: float, peer: str, folder: Path) -> dict[str, float | str]:
    size = corpora.write(folder / "in", language, megabytes) / 1e6
    ours(SAME, language, folder / "in", folder / "warm")
    same, everything = (
        ours(recipe, language, folder / "in", folder / name) for recipe, name in ((SAME, "same"), (ALL, "all"))
    )
    peer_cpu = theirs(peer, folder / "in", folder / "datatrove", language)
    rates = {"weft": size / same, "weft, all steps": size / everything, "datatrove": size / peer_cpu}
    ratios = {"ratio": round(peer_cpu / same, 1), "ratio, all steps": round(peer_cpu / everything, 1)}
    return {"language": language, "MB": round(size, 1), **{k: round(v, 3) for k, v in rates.items()}, **ratios}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer", required=True)
    arguments.add_argument("--megabytes", type=float, default=192)
    arguments.add_argument("--languages", nargs="*", default=list(corpora.LANGUAGES))
    given = arguments.parse_args()
    for language in given.languages:
        folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
        try:
            print(json.dumps(measure(language, given.megabytes, given.peer, folder)), flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
