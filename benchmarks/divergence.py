"""Labels of divergence on documents made of lines of TICO-19 that nothing was learnt from: a row for each language.

python benchmarks/divergence.py --languages hau_Latn,lug_Latn --json figures.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import data_folder  # noqa: E402
from tests.gates import alignments, divergent  # noqa: E402


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--languages", required=True)
    arguments.add_argument("--keep", type=float, default=0.9)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    lines = alignments.lines(data_folder(), "tico19")
    told = []
    for code in given.languages.split(","):
        began = time.process_time()
        made = divergent.learnt(lines[code], ("eng_Latn", code), given.keep)
        learnt = time.process_time() - began
        found = divergent.confusions(made, lines[code])
        seconds = time.process_time() - began - learnt
        count = int(np.sum(found))
        for side, name in enumerate(("eng_Latn", code)):
            values, (low, high) = divergent.scores(np.sum(found, axis=0)[side]), divergent.interval(found, side)
            shown = "  ".join(f"{v:.2f} ({a:.2f}-{b:.2f})" for v, a, b in zip(values, low, high, strict=True))
            print(f"{code}  sentences of {name}: same, inferable, new, macro F1, accuracy  {shown}")
            told.append(
                [code, name, values.tolist(), low.tolist(), high.tolist(), np.sum(found, axis=0)[side].tolist()]
            )
        print(f"{code}  {learnt:.1f} s of CPU to learn; {count / max(seconds, 1e-3):,.0f} sentences a CPU second")
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
