"""A new crawl against an index of an earlier one of its size, beside both at once; datatrove's index on the same text.

python benchmarks/earlier.py [--peer PYTHON] [--megabytes 5 50] [--languages swh_Latn tha_Thai]: recombined documents;
a tenth of the new ones are copies of earlier ones, and a fifth have one other line.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from pipeline import cpu_seconds

RECIPE = """\
name: {name}
acquire:
  - path: {source}
    language_hint: {language}
standardize: false
label: [script, {{lid: {{trust_hint: true}}}}, signals]
deduplicate: [exact, minhash, verify{earlier}]
construct:
  extends: nothing
  formats: [parquet]
  rules: {{{rules}}}
"""
COPIES, LIKE = 0.1, 0.2
PEER_MOST = 5
"""Megabytes up to which the peer is measured: it takes minutes for them."""


def crawls(folder: Path, language: str, megabytes: float) -> float:
    """Folders `old` and `new` of Parquet files, and `both` with the files of both; megabytes of text of each."""
    draw = random.Random(f"{language}{megabytes}")
    old, fresh = (corpora.documents(language, megabytes, seed) for seed in (1, 2))
    pool = corpora.sentences(language)
    new = []
    for text in fresh:
        chance = draw.random()
        if chance < COPIES:
            text = draw.choice(old)
        elif chance < COPIES + LIKE:
            lines = draw.choice(old).split("\n")
            lines[draw.randrange(len(lines))] = draw.choice(pool)
            text = "\n".join(lines)
        new.append(text)
    for name, texts in (("old", old), ("new", new)):
        for place in (folder / name, folder / "both"):
            place.mkdir(parents=True, exist_ok=True)
            for number in range(2):
                part = texts[number::2]
                ids = [f"{name}-{number}-{n}" for n in range(len(part))]
                pq.write_table(
                    pa.table({"id": ids, "text": part}), place / f"{name}{number}.parquet", row_group_size=1000
                )
    return sum(len(text.encode()) for text in new) / 1e6


def build(folder: Path, name: str, source: str, language: str, index: str = "") -> float:
    earlier = f", {{earlier: {{index: {index}}}}}" if index else ""
    rules = "seen_before: earlier IS NULL" if index else ""
    recipe = folder / f"{name}.yaml"
    held = {"name": name, "source": source, "language": language, "earlier": earlier, "rules": rules}
    recipe.write_text(RECIPE.format(**held), "utf-8")
    options = ["--into", str(folder / f"build-{name}"), "--workers", "1", "--quiet"]
    return cpu_seconds([sys.executable, "-m", "weft", "run", str(recipe), *options])


def measure(language: str, megabytes: float, peer: str | None, folder: Path) -> dict[str, object]:
    size = crawls(folder, language, megabytes)
    together = build(folder, "both", "both", language)
    build(folder, "old", "old", language)
    command = [sys.executable, "-m", "weft", "index", str(folder / "build-old"), "--into", str(folder / "index")]
    index = cpu_seconds(command)
    alone = build(folder, "alone", "new", language)
    against = build(folder, "new", "new", language, "index")
    (held,) = json.loads((folder / "index/contents.json").read_text("utf-8"))["releases"]
    found: dict[str, object] = {
        "language": language,
        "MB": round(size, 1),
        "both": round(together, 1),
        "new alone": round(alone, 1),
        "new against the index": round(against, 1),
        "to both": round(against / together, 2),
        "look up": round(against - alone, 1),
        "index": round(index, 1),
        "bytes of index by byte of text": round(held["bytes"] / held["text_bytes"], 2),
    }
    if peer and megabytes <= PEER_MOST:
        script = str(Path(__file__).parent / "peer_datatrove_index.py")
        for stage in ("index", "look-up"):
            command = [peer, script, stage, str(folder), str(folder / "datatrove"), language.split("_")[0]]
            found[f"datatrove, {stage}"] = round(cpu_seconds(command), 1)
        files = (folder / "datatrove/index").rglob("*.index")
        text = sum(len(t.encode()) for t in pq.read_table(folder / "old")["text"].to_pylist())
        found["datatrove, bytes by byte"] = round(sum(f.stat().st_size for f in files) / text, 2)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer")
    arguments.add_argument("--megabytes", type=float, nargs="*", default=[5, 50])
    arguments.add_argument("--languages", nargs="*", default=["swh_Latn", "tha_Thai"])
    given = arguments.parse_args()
    for language in given.languages:
        for megabytes in given.megabytes:
            folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
            try:
                print(json.dumps(measure(language, megabytes, given.peer, folder)), flush=True)
            finally:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
