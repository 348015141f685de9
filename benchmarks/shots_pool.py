"""Pools of distinct texts for benchmarks of retrieval: real sentences of `$WEFT_DATA`, and real halves put together."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import sys
from collections.abc import Iterator

from corpora import data_folder

TABLES = (
    *(("parallel/oldi_seed.tsv.gz", ("text",)), ("parallel/nusax_train.tsv.gz", ("text",))),
    *(
        ("lid/sib200_train.tsv.gz", ("text",)),
        ("lid/bible_acts.tsv.gz", ("text",)),
        ("lid/udhr_train.tsv.gz", ("text",)),
    ),
    *(("lid/persoarabic_lid_train.tsv.gz", ("text",)), ("lid/afrisenti_tweets_train.tsv.gz", ("text",))),
    ("parallel/tico19.tsv.gz", ("english", "translation")),
    ("qe/mlqe_pe_da_train_dev.tsv.gz", ("source", "translation")),
)
ENGLISH = {"english": None, "source": "src_lang", "text": "lang"}
_SENTENCE = re.compile(r"(?<=[.!?।။።。])\s+|\n|\\n")


def _rows() -> Iterator[tuple[str, bool]]:
    """Texts and whether they are English."""
    csv.field_size_limit(sys.maxsize)
    for name, columns in TABLES:
        with gzip.open(data_folder() / name, "rt", encoding="utf-8") as lines:
            head = next(lines).rstrip("\n").split("\t")
            for line in lines:
                row = dict(zip(head, line.rstrip("\n").split("\t"), strict=False))
                for column in columns:
                    said = row.get(ENGLISH.get(column) or "", "eng" if column == "english" else "")
                    yield row.get(column, ""), said.startswith(("eng", "en"))
    for name in ("docs/hplt_web_docs.jsonl.gz", "quality/hplt_inspection_train.jsonl.gz"):
        with gzip.open(data_folder() / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                held = json.loads(line)
                for part in _SENTENCE.split(held["text"]):
                    yield part, held["lang"] == "eng_Latn"


def real(english: bool) -> list[str]:
    """Distinct texts of at least fifteen characters, of all languages or of English alone."""
    found = (text.strip() for text, is_english in _rows() if is_english or not english)
    return list(dict.fromkeys(text for text in found if len(text) >= 15))


def pool(kind: str, size: int, seed: int = 1) -> tuple[list[str], int]:
    """Distinct texts, and how many of them are real: `many` languages, or `one` (English).

    Where there are fewer, the rest are the first half of a real sentence and the second half of another one, of a
    neighbour in the file three times in four: words stay as frequent and sentences as long as they are.
    """
    draw = random.Random(seed)
    given = real(kind == "one")
    if len(given) >= size:
        return draw.sample(given, size), size
    held = dict.fromkeys(given)
    while len(held) < size:
        at = draw.randrange(len(given))
        near = draw.random() < 0.75
        other = min(max(at + draw.randint(-20, 20), 0), len(given) - 1) if near else draw.randrange(len(given))
        held[_half(given[at], 0) + _half(given[other], 1)] = None
    texts = list(held)
    draw.shuffle(texts)
    return texts, len(given)


def _half(text: str, which: int) -> str:
    spaces = [found.start() for found in re.finditer(" ", text)]
    cut = spaces[len(spaces) // 2] if spaces else len(text) // 2
    return text[:cut] if which == 0 else text[cut:]
