"""Kills workers at random while they build, adds others, and compares the corpus with that of a run without kills.

`python benchmarks/kills.py --kills 1000` makes small builds one after another until so many workers were killed.
Every build must come to its end and give the same bytes; the last line is a JSON object with the counts.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.engine.corpus import contents, write_corpus
from tests.engine.killing import build_under_kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--together", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    began = time.monotonic()
    told = {"kills": 0, "builds": 0, "same": 0, "workers": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = write_corpus(folder, given.documents)
        subprocess.run([sys.executable, "-m", "weft", "run", recipe, "--into", folder / "whole", "-q"], check=True)
        wanted = contents(folder / "whole/construct")
        while told["kills"] < given.kills and time.monotonic() - began < 60 * given.minutes:
            into = folder / f"build-{told['builds']}"
            kills = min(draw.randint(3, 30), given.kills - told["kills"])
            until = began + 60 * given.minutes
            done = build_under_kills(recipe, into, kills=kills, together=given.together, draw=draw, until=until)
            told["builds"] += 1
            told["kills"] += done.kills
            told["workers"] += done.started
            told["same"] += contents(into / "construct") == wanted
            print(json.dumps(told | {"seconds": round(time.monotonic() - began)}), flush=True)
            if told["same"] != told["builds"]:
                raise SystemExit(f"{into}: other bytes than without kills")


if __name__ == "__main__":
    main()
