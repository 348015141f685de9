"""Mining with seeds of several sources, tested on TICO-19: P@1, F1 and precision of each language with 95 % intervals.

python benchmarks/mining_seeds.py [--seeds lines,documents,few,oldi,storybooks] [--languages CODE,CODE] [--json]

`lines`: seed and test are lines of TICO-19 at random. `documents`: its first 2,000 lines teach, the other 1,071 are the
test; `few`: only its first 300 teach. That is also the test of the seeds of Wikipedia (`oldi`) and of children's
stories (`storybooks`). Without --languages all that a seed of at least 100 pairs is there for.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import corpora
from tests.gates import mined

SEEDS = ("lines", "documents", "few", "oldi", "storybooks")
FEW = 300
LEAST = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default=",".join(SEEDS))
    parser.add_argument("--languages", default="")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    data = corpora.data_folder()
    every = mined.read(data / "parallel/tico19.tsv.gz")["lang"].unique().sort().to_list()
    for source in given.seeds.split(","):
        if source not in SEEDS:
            parser.error(f"--seeds {source}: expected some of {', '.join(SEEDS)}")
        found = []
        for code in given.languages.split(",") if given.languages else every:
            seed, test = mined.tico(data, code, "lines" if source == "lines" else "documents")
            if source in ("oldi", "storybooks"):
                seed = mined.oldi(data, code) if source == "oldi" else mined.storybooks(data, code)
            seed = seed.head(FEW) if source == "few" else seed
            if seed.height < LEAST:
                continue
            figures = mined.measured(seed, test, code)
            found.append(figures.p_at_1[0])
            told = {name: [round(number, 3) for number in value] for name, value in figures._asdict().items()}
            if given.json:
                print(json.dumps({"language": code, "seed": source, "pairs": seed.height, **told}), flush=True)
                continue
            cells = [f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" for value in told.values()]
            print(f"| {code} | {source} | {seed.height:,} | {' | '.join(cells)} |", flush=True)
        if found and not given.json:
            print(f"# {source}: mean P@1 {sum(found) / len(found):.3f} of {len(found)} languages", flush=True)


if __name__ == "__main__":
    main()
