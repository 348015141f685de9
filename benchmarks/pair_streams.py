"""Memory and speed of `weft pairs filter` and `weft pairs score` over files of millions of pairs.

python benchmarks/pair_streams.py [--filter 1,5,20] [--score 1,5,20] [--longest N] [--folder FOLDER] [--json]

Numbers are millions of pairs. The pairs are the lines of TICO-19 of one language that are not in the seed (its first
2,000 lines), again and again, each time with a number of their own on both sides; one in ten has the target of another
line. With `--longest` only lines of so many characters at most are taken. Rules and scorer are learnt from the seed. A
process of its own does each run: peak memory is what the operating system says of it, CPU time that of all its threads,
the start of Python and the reading of models included. The file grows from one number to the next and is deleted at the
end, as is what was written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
import corpora

SEED = 2_000
MILLION = 1_000_000
PART = 200_000
WRONG = 0.1


def lines(language: str, longest: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The seed, and of the other lines those with at most `longest` characters on either side: `source`, `target`."""
    every = pl.read_csv(
        corpora.data_folder() / "parallel" / "tico19.tsv.gz", separator="\t", quote_char=None, infer_schema=False
    )
    rows = every.filter(pl.col("lang") == language).select(
        source=pl.col("english").fill_null(""), target=pl.col("translation").fill_null("")
    )
    short = pl.all_horizontal(pl.all().str.len_chars() <= longest)
    return rows.head(SEED), rows.tail(-SEED).filter(short)


def parts(rows: pl.DataFrame, first: int, last: int) -> Iterator[pl.DataFrame]:
    """Pairs `first` to `last` of the endless file: each is made of its number alone."""
    for begin in range(first, last, PART):
        number = np.arange(begin, min(begin + PART, last))
        place = number % rows.height
        # A number drawn from the pair's own says which are wrong, so that a file can grow.
        drawn = (number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)).astype(np.int64)
        other = np.where(drawn % 1000 < WRONG * 1000, (place + 1 + drawn // 1000 % (rows.height - 1)), place)
        end = pl.format(" ({})", pl.lit(pl.Series(number)))
        yield pl.DataFrame(
            {"source": rows["source"].gather(place), "target": rows["target"].gather(other % rows.height)}
        ).with_columns(pl.concat_str(pl.col("source"), end), pl.concat_str(pl.col("target"), end))


def grow(file: Path, rows: pl.DataFrame, first: int, last: int) -> None:
    """Append pairs to a table without a header."""
    with file.open("ab") as stream:
        for part in parts(rows, first, last):
            part.write_csv(stream, separator="\t", include_header=False, quote_style="never")


def learnt(folder: Path, seed: pl.DataFrame, codes: str) -> None:
    """Rules and scorer of the seed."""
    seed.write_csv(folder / "seed.tsv", separator="\t", include_header=False, quote_style="never")
    for command in (
        ["pairs", "learn-rules", "seed.tsv", "--languages", codes, "--no-identify", "--into", "rules.json"],
        ["train", "pairs", "seed.tsv", "--languages", codes, "--into", "model"],
    ):
        subprocess.run([sys.executable, "-m", "weft", *command, "--json"], cwd=folder, check=True, capture_output=True)


def measured(folder: Path, command: list[str]) -> dict[str, Any]:
    """What a run says, with its peak memory in MB and its CPU-seconds."""
    began = time.monotonic()
    with (folder / "told.json").open("w") as told:
        run = subprocess.Popen([sys.executable, "-m", "weft", "pairs", *command, "--json"], cwd=folder, stdout=told)
        _, status, used = os.wait4(run.pid, 0)
    if status:
        raise SystemExit(f"weft pairs {command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    cpu = used.ru_utime + used.ru_stime
    said = json.loads((folder / "told.json").read_text())
    return {
        "command": command[0],
        "pairs": said["read"],
        "passed": said.get("kept", said.get("pass")),
        "memory_mb": round(used.ru_maxrss / 1024),
        "cpu_seconds": round(cpu, 1),
        "pairs_per_cpu_second": round(said["read"] / cpu),
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="1,5,20", help="Millions of pairs, with commas; empty: none.")
    parser.add_argument("--score", default="1,5,20", help="The same of scoring.")
    parser.add_argument("--language", default="swh_Latn")
    parser.add_argument("--longest", type=int, default=1_000, help="Characters of a line; default: all lines.")
    parser.add_argument("--folder", type=Path, help="Where the files are made, 6 GB for 20 million pairs and as many "
                        "again for what is written; default: a temporary folder.")  # fmt: skip
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sizes = {name: {float(n) for n in getattr(given, name).split(",") if n} for name in ("filter", "score")}
    commands = {
        "filter": ["filter", "pairs.tsv", "--rules", "rules.json", "--no-identify", "--rejected", "rest.tsv"],
        "score": ["score", "pairs.tsv", "--model", "model"],
    }
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder, there = Path(made), 0
        seed, rows = lines(given.language, given.longest)
        learnt(folder, seed, f"eng_Latn,{given.language}")
        for size in sorted(sizes["filter"] | sizes["score"]):
            grow(folder / "pairs.tsv", rows, there, int(size * MILLION))
            there = int(size * MILLION)
            for name in ("filter", "score"):
                if size not in sizes[name]:
                    continue
                found = measured(folder, [*commands[name], "--into", "out.tsv", "--workers", str(given.workers)])
                found["file_mb"] = round((folder / "pairs.tsv").stat().st_size / 1e6)
                for file in ("out.tsv", "rest.tsv"):
                    (folder / file).unlink(missing_ok=True)
                print(json.dumps(found) if given.json else "  ".join(f"{k} {v:,}" if isinstance(v, int | float) else v
                      for k, v in found.items()), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
