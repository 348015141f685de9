"""Spans projected by links and by marks, and induced word lists, against what people made.

python benchmarks/projected_words.py [--spans] [--speed CODE] [--words tico19 oldi_seed]: spans as
tests/gates/aligned_words.py draws them, of the pairs that no setting was chosen by. No translation model is at hand, so
marked spans are translated word by word with the induced word list: the least that a translator could do. Word lists
are learnt from English and judged by GATITOS.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from benchmarks import corpora  # noqa: E402  # the folder has to be found first
from tests.gates import aligned_words as measured  # noqa: E402

from weft.parallel import induction, lexicon, marked, projecting, projection, word_alignment  # noqa: E402
from weft.parallel.word_alignment import Aligned, align  # noqa: E402

_SPAN = re.compile(r"\b[A-Z][\w-]+(?: [A-Z][\w-]+)*|\d[\d,.]*|\b\w{9,}\b")
"""What looks like a name, a number, or is a long word."""


def _likeliest(aligned: Aligned) -> dict[int, str]:
    """Of each source word the form of the target word that it is linked with most often, for its frequency."""
    counts = (aligned.counts[:, 0] * aligned.counts[:, 1]) / aligned.target.counts[aligned.cells[:, 1] - 1]
    table = pl.DataFrame({"source": aligned.cells[:, 0], "target": aligned.cells[:, 1], "count": counts})
    first = table.sort("count", descending=True).group_by("source", maintain_order=True).first()
    return {one: aligned.target.forms[other - 1].as_py() for one, other, _ in first.iter_rows()}


def _f1(found: list[projection.Found], gold: list[tuple[int, int]]) -> tuple[float, float, int]:
    exact = overlap = kept = 0.0
    for one, (begin, end) in zip(found, gold, strict=True):
        if one.reason is None:
            kept += 1
            exact += (one.begin, one.end) == (begin, end)
            overlap += 2 * max(0, min(one.end, end) - max(one.begin, begin)) / (one.end - one.begin + end - begin)
    return 2 * exact / (kept + len(gold)), 2 * overlap / (kept + len(gold)), int(kept)


def spans() -> Iterator[str]:
    """A line for each language and way."""
    for language, rows in measured.gold(corpora.data_folder()).items():
        texts = [row.source for row in rows], [row.target for row in rows]
        aligned = align(*texts)
        learnt, words = lexicon.train(*texts, ("source", "target")), _likeliest(aligned)
        found: dict[str, list[projection.Found]] = {"links": [], "marks": []}
        gold: list[tuple[int, int]] = []
        every: list[list[dict[str, int]]] = []
        for n, (row, pair) in enumerate(zip(rows, projection.pairs_of(aligned, *texts), strict=True)):
            drawn = [] if row.tuned else measured.spans(row)
            numbers = aligned.source.numbers[aligned.source.starts[n] : aligned.source.starts[n + 1]]
            asked = [span for span, _ in drawn]
            inside = [projection.words_within(pair.source_words, one["begin"], one["end"]) for one in asked]
            told = [f"[{' '.join(words.get(k, '') for k in numbers[held].tolist())}]" for held in inside]
            gold += [place for _, place in drawn]
            found["marks"] += marked.project([pair], [asked], [told], learnt)[0]
            every.append(asked)
        linked = projection.project(projection.together(aligned, *texts), every)
        found["links"] = [one for row in linked for one in row]
        known = word_alignment.learnt(*texts)
        alone = [
            projection.project(projection.together(known.align(one, other), [one], [other]), [asked])
            for one, other, asked in zip(*texts, every, strict=True)
        ]
        found["links as learnt"] = [one for (row,) in alone for one in row]
        for way, one in found.items():
            exact, overlap, kept = _f1(one, gold)
            yield f"{language}  {way}  exact {exact:.3f}  overlap {overlap:.3f}  kept {kept} of {len(gold)}"


def _pairs(source: str) -> Iterator[tuple[str, pl.Series, pl.Series]]:
    table = pl.read_csv(corpora.data_folder() / f"parallel/{source}.tsv.gz", separator="\t", quote_char=None)
    if source == "oldi_seed":
        english = table.filter(pl.col("lang") == "eng_Latn").select("line", english="text")
        table = table.filter(pl.col("lang") != "eng_Latn").rename({"text": "translation"}).join(english, on="line")
        table = table.sort("lang", "line")
    for (language,), rows in table.drop_nulls().group_by("lang", maintain_order=True):
        yield str(language), rows["english"], rows["translation"]


def words(source: str) -> Iterator[str]:
    """A line for each language that GATITOS has words of."""
    known = pl.read_csv(corpora.data_folder() / "lexicon/gatitos.tsv.gz", separator="\t", quote_char=None)
    for language, english, translation in _pairs(source):
        mine = known.filter(pl.col("lang") == language)
        if not mine.height:
            continue
        began = time.process_time()
        aligned = align(english, translation)
        found = measured.judged(aligned, induction.induced(aligned), mine)
        seconds = time.process_time() - began
        told = []
        for least in (0.3, 0.5, 0.7):
            sure = found.confidence >= least
            told.append(f"{least}: {found.right[sure].mean() if sure.any() else 0:.2f} of {sure.sum()}")
        told += [f"coverage {len(found.right) / found.heads:.3f}", f"P@1 {found.right.sum() / found.heads:.3f}"]
        yield f"{source}  {language}  heads {found.heads}  {'  '.join(told)}  {seconds:.0f} s"


def speed(language: str) -> Iterator[str]:
    """Spans for a CPU second, the alignment apart: by links, and by marks around two words of the translation."""
    ((_, *texts),) = [held for held in _pairs("tico19") if held[0] == language]
    source, target = (side.to_list() for side in texts)
    rows = [
        {"spans": [{"begin": found.start(), "end": found.end()} for found in _SPAN.finditer(text)]} for text in source
    ]
    told = [[f"[{' '.join(text.split()[:2])}]" for _ in row["spans"]] for text, row in zip(target, rows, strict=True)]
    aligned, learnt = align(source, target), lexicon.train(source, target, ("source", "target"))
    pairs = list(projection.pairs_of(aligned, source, target))
    for way in ("links", "marks"):
        for count in (20, 1_000):  # the first ones compile
            size, began = sum(len(row["spans"]) for row in rows[:count]), time.process_time()
            if way == "links":
                list(projecting.linked(aligned, source[:count], target[:count], rows[:count]))
            else:
                list(projecting.by_marks(pairs[:count], rows[:count], told[:count], learnt))
        yield f"{language}  {way}  {size / (time.process_time() - began):,.0f} spans for a CPU second, {size} spans"


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", action="store_true")
    parser.add_argument("--speed", metavar="CODE", help="language of TICO-19")
    parser.add_argument("--words", nargs="*", default=[], choices=("tico19", "oldi_seed"))
    arguments = parser.parse_args()
    for line in spans() if arguments.spans else ():
        print(line, flush=True)
    for line in speed(arguments.speed) if arguments.speed else ():
        print(line, flush=True)
    for source in arguments.words:
        for line in words(source):
            print(line, flush=True)


if __name__ == "__main__":
    main()
