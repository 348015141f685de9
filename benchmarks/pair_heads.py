"""How well a scorer's heads tell planted mistakes from right pairs, in every language of the parallel sets.

python benchmarks/pair_heads.py [--sets tico19,oldi_seed,nusax] [--languages CODE,…]: a row for each language with the
share of right pairs that pass, then AUC (95 % interval) and the share refused for each kind of mistake, of pairs that
nothing was learnt from.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.gates.pair_heads import OUT_OF_STEP, scorer, split, told
from tests.gates.pair_sets import PairSet, pair_sets


def other_texts(held: PairSet, every: list[PairSet]) -> list[str] | None:
    """The same lines in another language of the set that is written in the same script."""
    script = held.languages[1].partition("_")[2]
    near = [one for one in every if one.name == held.name and one.languages[1].endswith(script) and one is not held]
    return split(near[len(held.languages[1]) * 7 % len(near)])[1][1] if near else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="tico19,oldi_seed,nusax")
    parser.add_argument("--languages", default="")
    given = parser.parse_args()
    data, wanted = Path(os.environ["WEFT_DATA"]), set(filter(None, given.languages.split(",")))
    every = list(pair_sets(data, tuple(given.sets.split(","))))
    for held in every:
        if (held.name, held.languages[1]) in OUT_OF_STEP or (wanted and held.languages[1] not in wanted):
            continue
        made, rest = scorer(held)
        passed, rows = told(made, rest, other_texts(held, every))
        cells = [
            f"{row.kind} {row.count}: {row.auc:.3f} ({row.low:.3f}-{row.high:.3f}), {row.refused:.2f}" for row in rows
        ]
        folding = "/".join(f"{'' if one.fold_marks else 'marks '}{one.prefix}" for one in made.lexicon.foldings)
        head = f"{held.name} {held.languages[1]}: pass {passed:.3f} of {len(rest[0])}, {folding}"
        print("\n  ".join([head, *cells]), flush=True)


if __name__ == "__main__":
    main()
