"""Evaluation items in web text: weft beside datatrove's n-gram filter and a set of n-grams in plain Python.

python benchmarks/decontaminate.py --peer PYTHON [--megabytes 16] [--languages …]: PYTHON has datatrove and its word
tokenizers installed (benchmarks/peers.txt). Documents are real web documents, three at a time put together; in every
tenth an item of SIB-200 is planted, in turn as it is, over other line ends in capitals, and with a word (or four
characters of a script without spaces) left out. MB of text per CPU-second of the search alone, one process; the peers
get an eighth of the text. Shares are of documents: found, by how the item was planted, and documents without an item
that were flagged all the same.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))
import corpora

from weft.model.evaluation_items import Fields, read_items
from weft.model.item_index import Limits, make
from weft.model.item_search import find

LANGUAGES = "swh_Latn hin_Deva amh_Ethi tha_Thai khm_Khmr mya_Mymr".split()
WAYS = ("as it is", "other lines and case", "a word less")
SPACED, DENSE = 8, 20
"""Words, or characters where there are few spaces, of the n-grams of the plain set."""


def laid_out(item: str, way: int, draw: random.Random) -> str:
    if way == 1:
        return item.replace(" ", "\n").upper()
    if way == 2 and item.count(" ") > len(item) / 14:
        words = item.split(" ")
        del words[draw.randrange(len(words))]
        return " ".join(words)
    if way == 2:
        at = draw.randrange(max(len(item) - 4, 1))
        return item[:at] + item[at + 4 :]
    return item


def corpus(language: str, items: Sequence[str], megabytes: float) -> tuple[list[str], list[int]]:
    """Documents, and for each the way in which an item was planted; -1: there is none."""
    with gzip.open(corpora.data_folder() / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        pool = [row["text"] for row in map(json.loads, lines) if row["lang"] == language]
    draw, texts, ways, size = random.Random(7), [], [], 0
    while size < megabytes * 1e6:
        parts, way = draw.sample(pool, 3), -1
        if len(texts) % 10 == 0:
            way = len(texts) // 10 % len(WAYS)
            parts.insert(1, laid_out(draw.choice(items), way, draw))
        texts.append("\n".join(parts))
        ways.append(way)
        size += len(texts[-1].encode())
    return texts, ways


def plain(items: Sequence[str]) -> Callable[[str], bool]:
    """What is written in an afternoon: whether a document has an n-gram of an item."""

    def grams(text: str) -> set[tuple[str, ...]]:
        words = text.lower().split()
        units, size = (words, SPACED) if len(words) > len(text) / 14 else (list(text.lower()), DENSE)
        return {tuple(units[n : n + size]) for n in range(len(units) - size + 1)}

    known = set().union(*map(grams, items))
    return lambda text: not known.isdisjoint(grams(text))


def told(flags: Sequence[bool], ways: Sequence[int]) -> dict[str, float]:
    """Share of documents flagged, by way of planting."""
    shares = {}
    for way, name in [*enumerate(WAYS), (-1, "false alarms")]:
        found = [flag for flag, own in zip(flags, ways, strict=True) if own == way]
        shares[name] = round(sum(found) / max(len(found), 1), 4)
    return shares


def timed(work: Callable[[], Sequence[bool]], texts: Sequence[str]) -> tuple[float, Sequence[bool]]:
    start = time.process_time()
    flags = work()
    return round(sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - start), 2), flags


def datatrove(python: str, language: str, items: Sequence[str], texts: Sequence[str]) -> tuple[float, list[bool]]:
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.json"
        given.write_text(json.dumps({"language": language[:3], "items": list(items), "texts": list(texts)}), "utf-8")
        script = Path(__file__).parent / "peer_datatrove_decontaminate.py"
        done = subprocess.run([python, str(script), str(given)], check=True, stdout=subprocess.PIPE, text=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return round(answer["megabytes"] / answer["seconds"], 2), answer["flags"]


def measure(language: str, megabytes: float, every: pl.DataFrame, peer: str | None) -> list[dict[str, Any]]:
    own = every.filter(pl.col("benchmark").str.ends_with(f"/{language}"))
    items = own["text"].to_list()
    texts, ways = corpus(language, items, megabytes)
    few, few_ways = texts[: len(texts) // 8], ways[: len(texts) // 8]

    def weft(index: Any) -> Callable[[], list[bool]]:
        def search() -> list[bool]:
            rows = {one.row for start in range(0, len(texts), 2_000) for one in _found(index, texts, start)}
            return [row in rows for row in range(len(texts))]

        return search

    rows = []
    for name, held in (("weft", own), ("weft, 205 languages of items", every)):
        index = make(held, Limits())
        find(index, pa.array(texts[:10], pa.large_string()), 0.75)
        rate, flags = timed(weft(index), texts)
        rows.append({"tool": name, "MB per CPU-second": rate} | told(flags, ways))
    flagged = plain(items)
    rate, flags = timed(lambda: [flagged(text) for text in few], few)
    rows.append({"tool": "n-gram set in Python", "MB per CPU-second": rate} | told(flags, few_ways))
    if peer:
        rate, flags = datatrove(peer, language, items, few)
        rows.append({"tool": "datatrove", "MB per CPU-second": rate} | told(flags, few_ways))
    return [{"language": language} | row for row in rows]


def _found(index: Any, texts: Sequence[str], start: int) -> Any:
    part = pa.array(texts[start : start + 2_000], pa.large_string())
    return (one._replace(row=one.row + start) for one in find(index, part, 0.75))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer")
    arguments.add_argument("--megabytes", type=float, default=16)
    arguments.add_argument("--languages", nargs="*", default=LANGUAGES)
    given = arguments.parse_args()
    every = read_items([corpora.data_folder() / "lid/sib200_train.tsv.gz"], Fields(("text",), "id", "lang"))
    for language in given.languages:
        for row in measure(language, given.megabytes, every, given.peer):
            print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
