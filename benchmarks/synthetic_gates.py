"""How many planted faults the gates of synthetic records refuse, and how much trusted text they lose, by language.

python benchmarks/synthetic_gates.py [--part test] [--only LANGUAGE,…] [--translationese] [--markdown] [--json FILE]
python benchmarks/synthetic_gates.py --summary FILE

OLDI Seed, TICO-19 and NusaX, each calibrated by itself on half of its blocks of ten lines; `--part tune` is what the
gates were tuned on. `--summary` reads the lines that a run printed: of each fault how many languages reach 0.95, and
which do not. With --translationese, what a classifier of made and native text can tell.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.conftest import data_folder
from tests.gates.planted_records import Corpus, Tally, corpora, each_measured, sib200

from weft.parallel.lexicon import Folding, train
from weft.synthesize.gates.translationese import learn

FAULTS = (
    *("none", "near language", "far language", "English", "copy", "truncation", "number changed", "loop"),
    "contamination",
)
_TEXTS = 400
_READ_UD = {"amh_Ethi", "mlt_Latn", "wol_Latn", "fao_Latn", "uig_Arab"}


def interval(share: float, size: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if not size:
        return 0.0, 1.0
    z = 1.96
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    spread = z / (1 + z * z / size) * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return middle - spread, middle + spread


def row(name: str, held: list[Tally], markdown: bool) -> str:
    """A line of the table: loss with its interval, and the share of each fault that is refused, of how many."""
    found = {each.fault: each for each in held}
    cells = [name]
    for fault in FAULTS:
        each = found[fault]
        low, high = interval(each.share, each.of)
        if fault == "none":
            cells.append(f"{100 * each.share:.1f} ({100 * low:.1f}–{100 * high:.1f})")
        else:
            cells.append(f"{each.share:.3f} ({low:.2f}) {each.of}" if each.of else "–")
    return "| " + " | ".join(cells) + " |" if markdown else "  ".join(cells)


_CELL = re.compile(r"(?P<share>[\d.]+) \((?P<low>[\d.]+)(?:–(?P<high>[\d.]+))?\)(?: (?P<of>\d+))?|–")


def summary(lines: list[str], fewest: int = 30) -> list[str]:
    """A line for loss and each fault: of languages with `fewest` records how many are good enough, and the others."""
    cells: dict[str, list[tuple[str, float, str]]] = {fault: [] for fault in FAULTS}
    for line in lines:
        name, *held = [part.strip() for part in re.split(r"\||  +", line.strip("| ")) if part.strip()]
        if "/" in name and len(held) == len(FAULTS):
            for fault, cell in zip(FAULTS, held, strict=True):
                found = _CELL.fullmatch(cell)
                if found and found["share"] and int(found["of"] or fewest) >= fewest:
                    cells[fault].append((name, float(found["share"]), cell))
    made = ["| | languages | good enough | worst | which are not |", "| --- | --- | --- | --- | --- |"]
    for fault, held in cells.items():
        loss = fault == "none"
        missed = sorted((each for each in held if each[1] > 5 or not loss), key=lambda each: each[1], reverse=loss)
        missed = [each for each in missed if loss or each[1] < 0.95]
        worst = (max if loss else min)((share for _, share, _ in held), default=float("nan"))
        told = "; ".join(f"{name} {cell}" for name, _, cell in missed)
        title = "loss, %" if loss else fault
        made.append(f"| {title} | {len(held)} | {len(held) - len(missed)} | {worst:g} | {told} |")
    return made


def word_for_word(corpus: Corpus) -> list[str]:
    """The sources of the part that tests, each word by its likeliest translation in the part that teaches."""
    teach, test = corpus.part("teach"), corpus.part("test")
    lexicon = train(
        [of for of, _ in teach], [text for _, text in teach], (corpus.source, corpus.language), (Folding(True, 0),) * 2
    )
    side = lexicon.side(0, [of for of, _ in test])
    cells, forms = lexicon.cells[0], lexicon.vocabularies[1].forms.to_pylist()
    best: dict[int, str] = {}
    for word in set(side.numbers.tolist()) - {0}:
        own = slice(int(cells.starts[word]), int(cells.starts[word + 1]))
        if own.start < own.stop:
            best[word] = forms[int(cells.target[own][cells.value[own].argmax()]) - 1]
    starts = side.tokens.starts.tolist()
    numbers = side.numbers.tolist()
    return [
        " ".join(best[number] for number in numbers[begin:end] if number in best) for begin, end in pairwise(starts)
    ]


def translationese(folder: Path) -> None:
    """AUC of classifiers of two kinds of text: what each says depends on what the two kinds differ in."""
    read: Any = pl.read_ndjson
    print("word-for-word translations against human ones of the same sentences (OLDI Seed, part that tests)")
    for corpus in corpora(folder, ("oldi_seed",)):
        if corpus.language in ("bho_Deva", "lij_Latn", "mri_Latn", "nqo_Nkoo", "shn_Mymr", "fuv_Latn"):
            human = pl.Series([text for _, text in corpus.part("test")])
            found = learn(human, pl.Series(word_for_word(corpus)))
            print(f"  {corpus.language}: AUC {found.auc:.3f}, {found.texts[0]} and {found.texts[1]} texts")
    held = sib200(folder)
    web = read(folder / "docs" / "hplt_web_docs.jsonl.gz")
    trees = read(folder / "ud" / "ud_lowres_train.jsonl.gz")
    print(
        "native text (UD) against sentences translated from English (SIB-200), and against web text (HPLT) as control"
    )
    for language in sorted(_READ_UD):
        native = trees.filter(pl.col("lang") == language)["text"].head(_TEXTS)
        made = pl.Series(list(held[language].values())[:_TEXTS])
        pages = web.filter(pl.col("lang") == language)["text"]
        pieces = pl.concat([pages.str.slice(at, 130) for at in range(0, 910, 130)])
        lines = pieces.filter(pieces.str.len_chars() == 130).head(_TEXTS)
        other = f"{learn(native, lines).auc:.3f} ({len(lines)})" if len(lines) >= 50 else f"– ({len(lines)})"
        print(f"  {language}: AUC {learn(native, made).auc:.3f} ({len(native)}, {len(made)}); control {other}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("tune", "test"), default="test")
    parser.add_argument("--only", default="")
    parser.add_argument("--translationese", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--summary", type=Path)
    given = parser.parse_args()
    if given.summary:
        print("\n".join(summary(given.summary.read_text("utf-8").splitlines())))
        return
    folder = data_folder()
    if given.translationese:
        translationese(folder)
        return
    only = set(given.only.split(",")) - {""}
    chosen = [each for each in corpora(folder) if not only or each.language in only]
    started = time.process_time()
    tallies = {}
    print(("| " if given.markdown else "") + " | ".join(["language", *FAULTS]))
    for name, held in each_measured(chosen, sib200(folder), given.part):
        tallies[name] = held
        print(row(name, held, given.markdown), flush=True)
    print(f"{time.process_time() - started:.0f} CPU-seconds")
    if given.json:
        told = {name: [each._asdict() for each in held] for name, held in tallies.items()}
        given.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
