"""How well a scorer's heads tell planted mistakes from right pairs, in every language of the parallel sets.

python benchmarks/pair_heads.py [--sets tico19,oldi_seed,nusax] [--languages CODE,…] [--whole-words]: rows of a Markdown
table as they are known: for each language the share of right pairs that pass every head, then AUC and the reach of its
95 % interval for each kind of mistake, of pairs that nothing was learnt from; "of N" where fewer than 300 were planted.
Each language comes once before any comes from another set. NusaX is small: each of six scorers is tested on a sixth.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.gates.pair_heads import OUT_OF_STEP, Told, over_folds, split, told
from tests.gates.pair_sets import PairSet, pair_sets

from weft.parallel.choosing import chosen
from weft.parallel.lexicon import Folding
from weft.parallel.negatives import KINDS
from weft.parallel.scorer import train

ENOUGH = 300
Sides = list[list[str]]


def divided(held: PairSet) -> list[tuple[Sides, Sides]]:
    """What is learnt from and what is tested on, of each scorer."""
    if held.name != "nusax":
        return [split(held)]
    parts = [[side.to_list() for side in fold] for fold in held.folds()]
    return [(sides[:2], sides[2:]) for sides in parts]


def near(held: PairSet, every: list[PairSet]) -> PairSet | None:
    """Another language of the set that is written in the same script."""
    script = held.languages[1].partition("_")[2]
    others = [one for one in every if one.name == held.name and one.languages[1].endswith(script) and one is not held]
    return others[len(held.languages[1]) * 7 % len(others)] if others else None


def measured(held: PairSet, every: list[PairSet], whole_words: bool) -> tuple[float, list[Told]]:
    found, other, parts = [], near(held, every), divided(held)
    theirs = [rest[1] for _, rest in divided(other)] if other else [None] * len(parts)
    foldings = (Folding(), Folding()) if whole_words else chosen(*parts[0][0], held.languages)
    for (seed, rest), texts in zip(parts, itertools.cycle(theirs)):
        found.append(told(train(seed[0], seed[1], held.languages, foldings), rest, texts))
    return over_folds(found)


def cell(row: Told) -> str:
    if not row.count:
        return ""
    count = "" if row.count >= ENOUGH else f" of {row.count}"
    value = f"{row.auc:.3f} ±{(row.high - row.low) / 2:.3f}{count}"
    return value.replace("0.", ".")


def in_order(every: list[PairSet]) -> list[PairSet]:
    """Each language once before any comes again."""
    first = {held.languages[1]: held for held in reversed(every)}
    return sorted(every, key=lambda held: first[held.languages[1]] is not held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="tico19,oldi_seed,nusax")
    parser.add_argument("--languages", default="")
    parser.add_argument("--whole-words", action="store_true", help="do not choose how words are compared: much faster")
    given = parser.parse_args()
    data, wanted = Path(os.environ["WEFT_DATA"]), set(filter(None, given.languages.split(",")))
    every = list(pair_sets(data, tuple(given.sets.split(","))))
    kinds = [*(name for name, _ in KINDS), "language"]
    titles = " | ".join(name.replace("_", " ") for name in kinds)
    print(f"| set | language | pass | {titles} |\n| --- | --- |{' --- |' * (len(kinds) + 1)}", flush=True)
    for held in in_order(every):
        if (held.name, held.languages[1]) in OUT_OF_STEP or (wanted and held.languages[1] not in wanted):
            continue
        passed, rows = measured(held, every, given.whole_words)
        cells = {row.kind: cell(row) for row in rows}
        listed = " | ".join(cells.get(kind, "") for kind in kinds)
        print(f"| {held.name} | {held.languages[1]} | {passed:.3f} | {listed} |", flush=True)


if __name__ == "__main__":
    main()
