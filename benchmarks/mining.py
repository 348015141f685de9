"""Mining two corpora of 100,000 sentences: seconds, memory, and what is right of what is found.

python benchmarks/mining.py [--data FOLDER] [--language swh_Latn] [--sentences 100000] [--threads 2] [--pairs 0.2]
    [--vectors]

The corpora hold the lines of TICO-19 that are not in the seed, and lines that are made: two clauses of other lines, cut
at spaces and joined. Of `pairs` of the made lines the source and the target are made of the same two pairs, in the same
way (first halves and second halves by words), so they translate each other roughly; of the others source and target
are made of different lines. Lines of SIB-200 and UDHR of both languages stand among them, without partners or with
them (SIB-200 is parallel by id, which is then a pair). Seed: 2,000 pairs of TICO-19.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl


def read(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)


def made(source: list[str], target: list[str], count: int, share: float, draw: np.random.Generator) -> pl.DataFrame:
    """Joined halves of lines; `key` is the same for sides that are made of the same two pairs."""
    sides = []
    paired = int(count * share)
    one, other = (draw.integers(0, len(source), (count, 2)) for _ in range(2))
    other[:paired] = one[:paired]
    for lines, parts in ((source, one), (target, other)):
        words = [line.split() for line in lines]
        halves = [(" ".join(w[: (len(w) + 1) // 2]), " ".join(w[len(w) // 2 :])) for w in words]
        sides.append([f"{halves[a][0]} {halves[b][1]}" for a, b in parts])
    keys = [f"made {n}" for n in range(count)]
    return pl.DataFrame(
        {"source": sides[0], "target": sides[1], "key": [k if n < paired else "" for n, k in enumerate(keys)]}
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WEFT_DATA", "../shared/data")))
    parser.add_argument("--language", default="swh_Latn")
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=float, default=0.2)
    parser.add_argument("--vectors", action="store_true", help="with vectors learnt from the seed")
    return parser.parse_args()


def corpora(given: argparse.Namespace) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The seed, and rows `text` and `key` of both sides, mixed."""
    draw = np.random.default_rng(6)
    tico = read(given.data / "parallel/tico19.tsv.gz").filter(pl.col("lang") == given.language)
    order = draw.permutation(tico.height)
    seed, rest = tico[order[:2000]], tico[order[2000:]]
    sib = read(given.data / "lid/sib200_train.tsv.gz")
    both = sib.filter(pl.col("lang") == "eng_Latn").join(sib.filter(pl.col("lang") == given.language), on="id")
    udhr = read(given.data / "lid/udhr_train.tsv.gz")
    real = pl.DataFrame(
        {
            "source": [*rest["english"], *both["text"]],
            "target": [*rest["translation"], *both["text_right"]],
            "key": [*(f"tico {n}" for n in rest["id"]), *(f"sib {n}" for n in both["id"])],
        }
    )
    more = made(
        rest["english"].to_list(), rest["translation"].to_list(), given.sentences - real.height, given.pairs, draw
    )
    rows = pl.concat([real, more])
    sides = []
    for name, code in (("source", "eng_Latn"), ("target", given.language)):
        extra = udhr.filter(pl.col("lang") == code)["text"]
        texts = pl.concat([rows.select(pl.col(name).alias("text"), "key"), pl.DataFrame({"text": extra, "key": ""})])
        alone = pl.format(f"{name} {{}}", pl.int_range(pl.len()))
        mixed = texts[draw.permutation(texts.height)]
        sides.append(mixed.with_columns(pl.when(pl.col("key") == "").then(alone).otherwise("key").alias("key")))
    return seed, sides


def main() -> None:
    given = arguments()
    seed, sides = corpora(given)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.parquet" for n in range(2)]
        for file, side in zip(files, sides, strict=True):
            side.write_parquet(file)
        seed.select(pl.col("english").alias("source"), pl.col("translation").alias("target")).write_parquet(
            Path(folder) / "seed.parquet"
        )
        command = [sys.executable, "-m", "weft", "pairs", "mine", *map(str, files), "--seed", f"{folder}/seed.parquet"]
        command += [
            "--paired",
            str(given.pairs),
            "--languages",
            f"eng_Latn,{given.language}",
            "--into",
            f"{folder}/mined.parquet",
            "--id",
            "key",
        ]
        command += ["--seed-vectors"] * given.vectors
        began = time.monotonic()
        done = subprocess.run(
            [*command, "--json", "--threads", str(given.threads)], capture_output=True, text=True, check=True
        )
        seconds = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        mined = pl.read_parquet(f"{folder}/mined.parquet")
    keys = [set(side["key"]) for side in sides]
    there = len(keys[0] & keys[1])
    right = (mined["source_id"] == mined["target_id"]).sum()
    print(json.dumps(
        {
            "sentences": [side["text"].n_unique() for side in sides], "pairs_there": there, "mined": mined.height,
            "precision": round(right / max(mined.height, 1), 3), "recall": round(right / there, 3),
            "seconds": round(seconds, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
            "memory_gb": round(used.ru_maxrss / 1e6, 2), "told": json.loads(done.stdout),
        }, indent=1,
    ))  # fmt: skip


if __name__ == "__main__":
    main()
