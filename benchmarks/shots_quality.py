"""Translations of retrieved texts beside those of random ones, in chrF: a row for each language and direction.

python benchmarks/shots_quality.py [--test] [--units words,characters,auto] [--seeds 1,2,3] [--collections tico19]
    [--languages …]

Without --test on the lines on which units were chosen.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import data_folder  # noqa: E402
from tests.gates import shots  # noqa: E402
from tests.gates.pair_sets import pair_sets  # noqa: E402


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--test", action="store_true")
    arguments.add_argument("--units", default="auto")
    arguments.add_argument("--seeds", default="1")
    arguments.add_argument("--collections", default="tico19")
    arguments.add_argument("--languages", default="")
    given = arguments.parse_args()
    wanted = tuple(given.languages.split(",")) if given.languages else ()
    for held in pair_sets(data_folder(), tuple(given.collections.split(","))):
        if wanted and held.languages[1] not in wanted:
            continue
        for source, sides in zip(held.languages, ((held.source, held.target), (held.target, held.source)), strict=True):
            pool, asked = shots.parts(*sides, test=given.test)
            for units in given.units.split(","):
                for seed in map(int, given.seeds.split(",")):
                    for name, one in shots.compare(pool, asked, units, seed).items():
                        told = f"{one.retrieved:.1f}\t{one.random:.1f}\t{one.more:.1f} ({one.low:.1f}-{one.high:.1f})"
                        where = f"{held.name}\t{source} of {'-'.join(held.languages)}\t{len(asked[0])}\t{units}\t{seed}"
                        print(f"{where}\t{name}\t{told}", flush=True)


if __name__ == "__main__":
    main()
