"""Recipes of synthesis that need no model: texts per second of processor time, and of nlpaug on the same texts.

python benchmarks/offline_recipes.py [--texts 5000] [--peer PYTHON]

Texts are sentences of SIB-200 (part train) in Wolof, words those of GATITOS. Each recipe runs as an operator: documents
in, records out, one thread, after one small batch. PYTHON is an environment with nlpaug 1.1.11: RandomCharAug for noise
and ReservedAug for switched words, with pairs of the lexicon.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))
import corpora

from weft.model.tables import DOCUMENT, LID
from weft.operators.registry import validate
from weft.synthesize.code_switch import code_switch
from weft.synthesize.degraded_preferences import degraded_preferences
from weft.synthesize.noise import noise
from weft.synthesize.other_script import other_script
from weft.synthesize.pivot_join import pivot_join
from weft.synthesize.word_translation import word_translation

LANGUAGE, BATCH, RUNS = "wol_Latn", 2_000, 3


def sentences(count: int, language: str = LANGUAGE) -> list[str]:
    data = corpora.data_folder()
    held = pl.read_csv(data / "lid/sib200_train.tsv.gz", separator="\t", quote_char=None, infer_schema=False)
    own = held.filter(pl.col("lang") == language, pl.col("split") == "train")["text"].to_list()
    return (own * (count // len(own) + 1))[:count]


def lexicon(folder: Path) -> tuple[Path, list[list[str]]]:
    words = pl.read_csv(
        corpora.data_folder() / "lexicon/gatitos.tsv.gz", separator="\t", quote_char=None, infer_schema=False
    )
    own = words.filter(lang=LANGUAGE).select(pl.col("translation").alias(LANGUAGE), pl.col("english").alias("eng_Latn"))
    own.write_csv(folder / "words.tsv", separator="\t", quote_style="never")
    # The peer replaces in both directions, and refuses a word that it has met.
    pairs: list[list[str]] = []
    met: set[str] = set()
    for row in own.iter_rows():
        both = {word.lower() for word in row}
        if not both & met and len(both) == 2:
            met |= both
            pairs.append(list(row))
    return folder / "words.tsv", pairs


def documents(texts: list[str], kind: str, language: str) -> pa.Table:
    rows = []
    for n, text in enumerate(texts):
        row: dict[str, Any] = {
            "id": f"{n:032x}",
            "source": "bench",
            "locator": str(n),
            "text": text,
            "record_kind": kind,
        }
        if kind == "sft":
            places = [("user", 0, len(text)), ("assistant", len(text) + 1, 2 * len(text) + 1)]
            row |= {"text": f"{text}\n{text}"}
            row["parts"] = [{"field": "messages", "role": r, "begin": b, "end": e} for r, b, e in places]
        elif kind == "pair":
            places = [("eng_Latn", 0, len(text)), (LANGUAGE, len(text) + 1, 2 * len(text) + 1)]
            row |= {"text": f"{text}\n{text}"}
            row["parts"] = [{"field": "translation", "language": c, "begin": b, "end": e} for c, b, e in places]
        rows.append(row | {"language_hint": language, "lid": None})
    return pa.Table.from_pylist(rows, DOCUMENT.append(pa.field("lid", LID)))


def rate(factory: Any, batch: pa.Table, parameters: dict[str, Any]) -> tuple[float, int]:
    """Documents per second of processor time, the median of RUNS; records of the last run."""
    make = factory(**validate(factory.spec, parameters))
    make(batch.slice(0, 50))
    rates, made = [], 0
    for _ in range(RUNS):
        begin, made = time.process_time(), 0
        for start in range(0, batch.num_rows, BATCH):
            found = make(batch.slice(start, BATCH))
            made += found.num_rows - found["kind"].null_count
        rates.append(batch.num_rows / (time.process_time() - begin))
    return statistics.median(rates), made


def peer(python: str, task: str, folder: Path, texts: list[str], pairs: list[list[str]]) -> float:
    few = texts[:500]
    (folder / "texts.json").write_text(json.dumps(few), "utf-8")
    (folder / "pairs.json").write_text(json.dumps(pairs), "utf-8")
    command = [python, str(Path(__file__).with_name("peer_nlpaug.py")), task]
    done = subprocess.run(
        [*command, str(folder / "texts.json"), str(folder / "pairs.json")], capture_output=True, text=True, check=True
    )
    return len(few) / float(done.stdout)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--texts", type=int, default=5_000)
    given.add_argument("--peer")
    arguments = given.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, single = lexicon(folder)
        texts = sentences(arguments.texts)
        pl.DataFrame({"eng_Latn": texts, "fra_Latn": texts}).write_csv(
            folder / "pairs.tsv", separator="\t", quote_style="never"
        )
        words = {"lexicon": str(file), "into": "eng_Latn"}
        plain = documents(texts, "text", LANGUAGE)
        hindi = documents(sentences(arguments.texts, "hin_Deva"), "text", "hin_Deva")
        joined = {"pivot": "eng_Latn", "pairs": str(folder / "pairs.tsv"), "most": 1}
        asked: list[tuple[str, Any, pa.Table, dict[str, Any]]] = [
            ("code_switch", code_switch, plain, words),
            ("word_translation", word_translation, plain, words | {"least_share": 0.01}),
            ("noise", noise, plain, {"kinds": ["characters"]}),
            ("other_script", other_script, hindi, {"script": "Latn"}),
            ("pivot_join", pivot_join, documents(texts, "pair", LANGUAGE), joined),
            ("degraded_preferences", degraded_preferences, documents(texts, "sft", LANGUAGE), {}),
        ]
        for title, factory, batch, parameters in asked:
            found, made = rate(factory, batch, parameters)
            print(f"{title}: {found:,.0f} texts per CPU second, {made:,} records of {batch.num_rows:,}", flush=True)
        if arguments.peer:
            for task in ("noise", "code_switch"):
                print(f"nlpaug {task}: {peer(arguments.peer, task, folder, texts, single):,.0f} texts per CPU second")


if __name__ == "__main__":
    main()
