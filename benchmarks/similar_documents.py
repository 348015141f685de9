"""weft beside rensa and text-dedup: MB of text per CPU-second, and how many of the near-duplicates each finds.

python benchmarks/similar_documents.py --peer PYTHON [--megabytes 192] [--peer-megabytes 24]

PYTHON has rensa and text-dedup installed (`benchmarks/peers_minhash.txt`; `make bench` makes that environment). CPU
seconds are the operating system's, of a process and its children, start-up included; `same_input` compares rates where
weft gets the little that the peers get. What is found is measured there against all pairs of documents: sets of five
words, or of twelve characters where words are not spaced, made in plain Python. `recall`: of pairs that are similar by
at least .8 and not the same, those in one cluster (where a tool only says what to take out: the later one taken out).
`precision`: of documents taken out, those that are as similar to another one of their cluster (or to any).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from pipeline import cpu_seconds

THRESHOLD, WORDS, CHARACTERS = 0.8, 5, 12
UNSPACED = ("tha_Thai", "khm_Khmr", "mya_Mymr")
HERE = Path(__file__).parent


def commands(peer: str, language: str) -> dict[str, list[str]]:
    unit = "characters" if language in UNSPACED else "words"
    rensa, text_dedup = str(HERE / "peer_rensa.py"), str(HERE / "peer_text_dedup.py")
    return {
        "weft": [sys.executable, str(HERE / "own_minhash.py")],
        "rensa, documented": [peer, rensa, "documented"],
        "rensa, rho": [peer, rensa, "rho"],
        "rensa, same work": [peer, rensa, unit],
        "text-dedup, documented": [peer, text_dedup, "documented"],
        "text-dedup, 20 x 7": [peer, text_dedup, "same"],
    }


def run(command: list[str], source: Path, target: Path) -> float:
    """CPU seconds of one tool over a folder."""
    return cpu_seconds([*command[:2], str(source), str(target), *command[2:]])


def shingle_sets(folder: Path, language: str) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    sets = []
    for file in sorted(folder.glob("*.parquet")):
        for text in pq.read_table(file, columns=["text"])["text"].to_pylist():
            parts = text.lower().split()
            items, width = ("".join(parts), CHARACTERS) if language in UNSPACED else (tuple(parts), WORDS)
            grams = {items[n : n + width] for n in range(max(1, len(items) - width + 1))}
            sets.append(np.sort(np.array([hash(gram) for gram in grams], np.int64)))
    return sets


def similar_pairs(folder: Path, language: str) -> pa.Table:
    """All pairs (first, second, similarity) of documents that are similar by at least THRESHOLD, each compared."""
    from weft.text.jaccard import similarities

    sets = shingle_sets(folder, language)
    sizes = np.array([len(one) for one in sets])
    values = np.concatenate(sets).view(np.uint64)
    # Sorted as they are compared: as numbers without sign.
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    for start, stop in pairwise(offsets.tolist()):
        values[start:stop].sort()
    found = []
    for one in range(len(sets)):
        others = (
            one
            + 1
            + np.flatnonzero(
                np.minimum(sizes[one + 1 :], sizes[one]) >= THRESHOLD * np.maximum(sizes[one + 1 :], sizes[one])
            )
        )
        alike = similarities(values, offsets, np.full(len(others), one), others)
        near = alike >= THRESHOLD
        found.append(pa.table({"first": np.full(near.sum(), one), "second": others[near], "similarity": alike[near]}))
    return pa.concat_tables(found)


def quality(target: Path, pairs: pa.Table, texts: list[str]) -> dict[str, float]:
    found = pq.read_table(target / "found.parquet")
    removed = found["removed"].to_numpy()
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    clusters = np.array(found["cluster"].to_pylist(), object)
    flags_only = clusters[0] is None
    together = removed[second] if flags_only else clusters[first] == clusters[second]
    folded = np.array([" ".join(text.lower().split()) for text in texts], object)
    near = folded[first] != folded[second]
    right = np.zeros(len(removed), np.bool_)
    for side in (first, second):
        right[side[together | flags_only]] = True
    return {
        "recall": round(float(together[near].mean()), 4),
        "pairs": int(near.sum()),
        "precision": round(float(right[removed].mean()), 4),
        "taken_out": int(removed.sum()),
    }


def measure(language: str, given: argparse.Namespace, folder: Path) -> None:
    size = corpora.write(folder / "in", language, given.peer_megabytes) / 1e6
    pairs = similar_pairs(folder / "in", language)
    texts = [t for file in sorted((folder / "in").glob("*.parquet")) for t in pq.read_table(file)["text"].to_pylist()]
    tools = commands(given.peer, language)
    large = corpora.write(folder / "large", language, given.megabytes) / 1e6
    run(tools["weft"], folder / "in", folder / "warm")
    own = large / run(tools["weft"], folder / "large", folder / "out")
    print(json.dumps({"language": language, "tool": "weft", "MB": round(large), "MB_per_cpu_s": round(own, 2)}))
    rates: dict[str, float] = {}
    for name, command in tools.items():
        rates[name] = size / run(command, folder / "in", folder / name)
        ratios = {"ratio": round(own / rates[name], 1), "same_input": round(rates["weft"] / rates[name], 1)}
        row = {"language": language, "tool": name, "MB": round(size), "MB_per_cpu_s": round(rates[name], 2), **ratios}
        print(json.dumps(row | quality(folder / name, pairs, texts)), flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--peer", required=True)
    arguments.add_argument("--megabytes", type=float, default=192)
    arguments.add_argument("--peer-megabytes", type=float, default=24)
    arguments.add_argument("--languages", nargs="*", default=list(corpora.LANGUAGES))
    given = arguments.parse_args()
    for language in given.languages:
        folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
        try:
            measure(language, given, folder)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
