"""Corpora for benchmarks: real sentences of `$WEFT_DATA` recombined into documents, with planted copies and junk."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LANGUAGES = ("swh_Latn", "khm_Khmr", "mya_Mymr", "amh_Ethi", "hin_Deva", "tha_Thai")
EXACT, NEAR, JUNK = 0.05, 0.15, 0.06


def data_folder() -> Path:
    """`$WEFT_DATA`, or the folder beside the checkout."""
    return Path(os.environ.get("WEFT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def sentences(language: str) -> list[str]:
    """Real sentences and lines of a language, without repeats."""
    found: list[str] = []
    with gzip.open(data_folder() / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["lang"] == language:
                found += [part for part in row["text"].replace("\\n", "\n").split("\n") if len(part) > 20]
    for name, column in (
        ("lid/sib200_train.tsv.gz", "text"),
        ("lid/udhr_train.tsv.gz", "text"),
        ("parallel/tico19.tsv.gz", "translation"),
    ):
        with gzip.open(data_folder() / name, "rt", encoding="utf-8") as lines:
            head = next(lines).rstrip("\n").split("\t")
            for line in lines:
                row = dict(zip(head, line.rstrip("\n").split("\t"), strict=False))
                if row["lang"] == language and len(row[column]) > 20:
                    found.append(row[column])
    return list(dict.fromkeys(found))


def documents(language: str, megabytes: float, seed: int = 1) -> list[str]:
    """Documents of 4 to 40 sentences, five to a paragraph, up to a size; with planted copies and junk."""
    draw = random.Random(f"{language}{seed}")
    pool = sentences(language)
    made: list[str] = []
    size = 0
    while size < megabytes * 1e6:
        chance = draw.random()
        if made and chance < EXACT:
            text = draw.choice(made)
        elif made and chance < EXACT + NEAR:
            lines = draw.choice(made).split("\n")
            lines[draw.randrange(len(lines))] = draw.choice(pool)
            text = "\n".join(lines)
        elif chance < EXACT + NEAR + JUNK:
            text = "\n".join([draw.choice(pool)[:25]] * draw.randint(5, 60))
        else:
            chosen = draw.choices(pool, k=draw.randint(4, 40))
            text = "\n".join(" ".join(chosen[n : n + 5]) for n in range(0, len(chosen), 5))
        made.append(text)
        size += len(text.encode())
    return made


def write(folder: Path, language: str, megabytes: float, files: int = 4) -> int:
    """Parquet files of documents (id, text); returns the bytes of text."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = documents(language, megabytes)
    for number in range(files):
        part = texts[number::files]
        ids = [f"{language}-{number}-{n}" for n in range(len(part))]
        pq.write_table(pa.table({"id": ids, "text": part}), folder / f"{number:02d}.parquet", row_group_size=1000)
    return sum(len(text.encode()) for text in texts)
