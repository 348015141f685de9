"""Alignment error rate on pairs whose words people linked, beside fast_align and eflomal where they are installed.

python benchmarks/word_alignment.py [--fast-align PROGRAM] [--eflomal PROGRAM] [--seeds 3] [--json]: each language's
pairs are aligned by themselves, all programs on the same tokens (the peers in lower case); figures are of the pairs
that no setting was chosen by. Of each peer all ways to join its directions are printed. eflomal draws its own seeds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from benchmarks import corpora  # noqa: E402  # the folder has to be found first
from tests.gates import aligned_words as measured  # noqa: E402

from weft.parallel.word_alignment import Settings, align  # noqa: E402
from weft.text.symmetrised import METHODS, links  # noqa: E402

Pairs = list[set[tuple[int, int]]]


def _read(text: str) -> Pairs:
    return [{(int(i), int(j)) for i, j in (one.split("-") for one in line.split())} for line in text.splitlines()]


def _fast_align(program: str, file: Path) -> tuple[Pairs, Pairs]:
    """Both directions with the options that its authors recommend."""
    asked = [program, "-i", str(file), "-d", "-o", "-v"]
    told = [subprocess.run([*asked, *more], capture_output=True, text=True, check=True).stdout for more in ([], ["-r"])]
    return _read(told[0]), _read(told[1])


def _eflomal(program: str, file: Path, *more: str) -> tuple[Pairs, Pairs]:
    out = [file.with_suffix(ending) for ending in (".forward", ".reverse")]
    asked = [program, "-i", str(file), "-f", str(out[0]), "-r", str(out[1]), "--overwrite", "-m", "3", *more]
    subprocess.run(asked, capture_output=True, check=True)
    return _read(out[0].read_text()), _read(out[1].read_text())


def _eflomal_prefixes(program: str, file: Path) -> tuple[Pairs, Pairs]:
    """With the first four letters of words, as weft takes them of so few pairs."""
    return _eflomal(program, file, "--source-prefix", "4", "--target-prefix", "4")


def _joined(rows: list[measured.Gold], forward: Pairs, backward: Pairs) -> Iterator[tuple[str, Pairs]]:
    """Links of one direction, of both, and of grow-diag-final-and."""
    yield "forward", forward
    yield "reverse", backward
    yield "intersection", [one & other for one, other in zip(forward, backward, strict=True)]
    grown = []
    for row, one, other in zip(rows, forward, backward, strict=True):
        size, count = len(row.source.split(" ")), len(row.target.split(" "))
        held = np.zeros((2, count, size), np.float32)
        for side, found in enumerate((one, other)):
            for i, j in found:
                held[side, j, i] = 1.0
        starts = np.array([0, size], np.int64), np.array([0, count], np.int64)
        told = links(*starts, held[0].ravel(), held[1].ravel(), "grow-diag-final-and", 0.5)
        grown.append(set(zip(told.source.tolist(), told.target.tolist(), strict=True)))
    yield "grow-diag-final-and", grown


def _rated(rows: list[measured.Gold], found: Pairs) -> dict[str, Any]:
    kept = measured.untuned(rows, found)
    low, high = measured.interval(*kept)
    return {"aer": round(measured.error_rate(*kept), 4), "low": round(low, 4), "high": round(high, 4)}


def measure(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row for each program, language, way to join both directions, and seed."""
    programs = {
        "fast_align": (_fast_align, arguments.fast_align),
        "eflomal": (_eflomal, arguments.eflomal),
        "eflomal -4": (_eflomal_prefixes, arguments.eflomal),
    }
    for language, rows in measured.gold(corpora.data_folder()).items():
        texts = [row.source for row in rows], [row.target for row in rows]
        for method in METHODS:
            for seed in range(1, arguments.seeds + 1) if method in ("mean", "grow-diag-final-and") else [1]:
                began = time.process_time()
                aligned = align(*texts, Settings(division="space", method=method, seed=seed))
                seconds = time.process_time() - began
                rated = _rated(rows, measured.links_of(aligned))
                yield {"language": language, "program": "weft", "ways": method, "seed": seed, **rated, "cpu": seconds}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pairs"
            file.write_text("".join(f"{a.lower()} ||| {b.lower()}\n" for a, b in zip(*texts, strict=True)), "utf-8")
            for name, (ask, program) in programs.items():
                for seed in range(arguments.seeds if name != "fast_align" else 1) if program else ():
                    for ways, found in _joined(rows, *ask(program, file)):
                        told = _rated(rows, found)
                        yield {"language": language, "program": name, "ways": ways, "seed": seed + 1, **told}


def main() -> None:
    """Print the rows as a table or as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast-align", help="The program fast_align.")
    parser.add_argument("--eflomal", help="The program eflomal-align.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for row in measure(arguments):
        if arguments.json:
            print(json.dumps(row))
            continue
        name = f"{row['language']}  {row['program']:10}  {row['ways']:20}  {row['seed']}"
        print(f"{name}  {row['aer']:.3f} ({row['low']:.3f}-{row['high']:.3f})", flush=True)


if __name__ == "__main__":
    main()
