"""Strict F1 of sentence alignment by language: documents of parallel lines, and stories by page.

alignment.py [--rates light|heavy] [--source tico19|oldi|nusax|stories] [--languages a,b] [--modes …] [--tuning]

Reads $WEFT_DATA. One line for each language: F1 of each mode with the interval of 95 % over documents.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conftest import data_folder
from gates import alignments

TUNING = {
    "tico19": ("swh_Latn", "tir_Ethi", "tam_Taml", "dik_Latn", "mya_Mymr"),
    "oldi": ("ace_Arab", "bam_Latn"),
    "nusax": ("bug_Latn",),
    "stories": (*("myx_Latn", "sot_Latn", "amh_Ethi", "zul_Latn", "mas_Latn", "swh_Latn", "xho_Latn", "hau_Latn"),),
}
"""Languages on which weights were chosen; they are left out of what is reported unless they are asked for."""

WRONG = {
    ("tico19", "som_Latn"): "from about line 1,100 on its translations stand one line too early",
    ("oldi", "mni_Beng"): "from about line 1,550 on many of its translations belong to none of the lines near by",
}
"""Languages whose lines do not belong together as the data has them."""


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--rates", choices=("light", "heavy"), default="heavy")
    given.add_argument("--source", choices=tuple(TUNING), default="tico19")
    given.add_argument("--languages", default="")
    given.add_argument("--modes", default=",".join(mode for mode in alignments.MODES if "," not in mode))
    given.add_argument("--tuning", action="store_true")
    options = given.parse_args()
    rates = alignments.LIGHT if options.rates == "light" else alignments.HEAVY
    modes = options.modes.split(",")
    print("language", "documents", "beads", *modes, sep="\t")
    total: dict[str, list[float]] = {mode: [] for mode in modes}
    seconds = time.process_time()
    held = (alignments.stories if options.source == "stories" else lambda data: alignments.lines(data, options.source))(
        data_folder()
    )
    for language, pairs in held.items():
        if (options.languages and language not in options.languages.split(",")) or (
            language in TUNING[options.source]
        ) != options.tuning:
            continue
        if (options.source, language) in WRONG:
            print(f"# {language} is left out: {WRONG[options.source, language]}")
            continue
        if options.source == "stories":
            seed, made, more = alignments.story_documents(pairs, rates)
        else:
            seed, made = alignments.documents(pairs, options.source, rates)
            more = []
        cells = []
        for mode in modes:
            counts = alignments.counted(made, seed, mode, more)
            found = alignments.f1(tuple(np.sum(counts, axis=0)))
            low, high = alignments.interval(counts)
            total[mode].append(found)
            cells.append(f"{found:.3f} ({low:.3f}-{high:.3f})")
        print(language, len(made), sum(len(own.beads) for own in made), *cells, sep="\t", flush=True)
    for mode, found in total.items():
        print(
            f"# {mode}: least {min(found):.3f}, median {np.median(found):.3f}, 0.90 and more in "
            f"{sum(value >= 0.9 for value in found)} of {len(found)} languages"
        )
    print(f"# {time.process_time() - seconds:.0f} s of CPU")


if __name__ == "__main__":
    main()
