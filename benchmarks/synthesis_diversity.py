"""What the figures of variety say of text that is known: other text by people, repeated, shuffled, of another domain.

synthesis_diversity.py [--languages a,b] [--seeds N]

Reads $WEFT_DATA: parallel/oldi_seed.tsv.gz (text by people), lid/bible_acts.tsv.gz (another domain). One line for each
language and kind of text, means over the seeds; then how often the interval of the excess holds 0.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conftest import data_folder

from weft.synthesize.diversity import Sizes, diversity

LANGUAGES = (
    "ban_Latn bam_Latn bho_Deva bug_Latn dik_Latn dzo_Tibt fuv_Latn kas_Arab lij_Latn nqo_Nkoo nus_Latn shn_Mymr "
    "taq_Tfng"
).split()
SHOWN = ("distinct_1", "distinct_2", "similarity_best", "words_divergence", "words_baseline", "words_excess",
         "characters_excess")  # fmt: skip


def kinds(lines: list[str], other: list[str], seed: int) -> dict[str | None, list[str]]:
    """Texts by people (None), and texts of which is known how they differ from them."""
    draw = random.Random(seed)
    drawn = draw.sample(lines, len(lines))
    people, held = drawn[:1200], drawn[1200:]
    shuffled = [" ".join(draw.sample(line.split(), len(line.split()))) for line in held[:600]]
    made = {None: people, "people": held[:600], "repeated": held[:40] * 15, "shuffled": shuffled}
    return made | ({"domain": draw.sample(other, min(600, len(other)))} if len(other) >= 200 else {})


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--languages", default=",".join(LANGUAGES))
    given.add_argument("--seeds", type=int, default=3)
    asked = given.parse_args()
    seed_lines = pl.read_csv(data_folder() / "parallel/oldi_seed.tsv.gz", separator="\t", quote_char=None)
    acts = pl.read_csv(data_folder() / "lid/bible_acts.tsv.gz", separator="\t", quote_char=None)
    found, inside = [], Counter[str]()
    for language in asked.languages.split(","):
        lines, other = (held.filter(pl.col("lang") == language)["text"].to_list() for held in (seed_lines, acts))
        for seed in range(asked.seeds):
            texts = [
                {"id": f"{kind} {n}", "text": text, "language": language, "recipe": kind}
                for kind, held in kinds(lines, other, seed).items()
                for n, text in enumerate(held)
            ]
            schema = {"id": pl.String, "text": pl.String, "language": pl.String, "recipe": pl.String}
            measured = diversity(pl.DataFrame(texts, schema), seed, Sizes(resamples=100))
            found.append(measured)
            for row in measured.filter(pl.col("words_low").is_not_null()).iter_rows(named=True):
                for what in ("words", "characters"):
                    inside[f"{row['recipe']} {what}"] += row[f"{what}_low"] <= 0 <= row[f"{what}_high"]
                inside[f"{row['recipe']} all"] += 1
    means = pl.concat(found).group_by("language", "recipe").agg(pl.col(SHOWN).mean()).sort("language", "recipe")
    overall = means.group_by("recipe").agg(pl.col(SHOWN).mean(), pl.len().alias("languages")).sort("recipe")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, float_precision=3):
        print(means, overall, sep="\n")
    print("intervals that hold 0:", dict(sorted(inside.items())))


if __name__ == "__main__":
    main()
