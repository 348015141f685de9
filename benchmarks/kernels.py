"""MB of text per CPU-second of the labels' kernels, words beside ICU's own word breaker, one process.

python benchmarks/kernels.py [--megabytes 8] [--languages …]: real web documents, three at a time put together until
there is enough. ICU (icu4py) gives its segments as Python tuples, and gets a quarter of the text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from icu4py.breakers import WordBreaker

sys.path.insert(0, str(Path(__file__).parent))
import corpora

from weft.label.script import script
from weft.label.signals import signals
from weft.label.tokens import tokens

LANGUAGES = "swh_Latn yor_Latn hin_Deva tha_Thai lao_Laoo mya_Mymr khm_Khmr amh_Ethi kor_Hang cmn_Hans".split()


def corpus(language: str, megabytes: float) -> pa.Table:
    """Documents of about 3 KB, the same for each call."""
    with gzip.open(corpora.data_folder() / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        pool = [row["text"] for row in map(json.loads, lines) if row["lang"] == language]
    draw, texts, size = random.Random(7), [], 0
    while size < megabytes * 1e6:
        texts.append("\n".join(draw.sample(pool, 3)))
        size += len(texts[-1].encode())
    lid = pa.array([{"language": language}] * len(texts), pa.struct({"language": pa.string()}))
    return pa.table({"text": pa.array(texts, pa.large_string()), "lid": lid})


def timed(work: Callable[[pa.Table], pa.Table], batch: pa.Table) -> tuple[float, pa.Table]:
    """MB of text per CPU-second of a label, and its table."""
    start = time.process_time()
    made = work(batch)
    return batch["text"].nbytes / 1e6 / (time.process_time() - start), made


def icu(texts: list[str]) -> float:
    """MB per CPU-second of ICU's word breaker."""
    start = time.process_time()
    for text in texts:
        for _ in WordBreaker(text, "en").segments():
            pass
    return sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - start)


def measure(language: str, megabytes: float) -> dict[str, float | str]:
    first, second, third = script(), tokens(), signals()
    batch = corpus(language, megabytes)
    third(second(first(batch[:10])))
    peer = icu(batch["text"][: batch.num_rows // 4].to_pylist())
    rates = {}
    for name, work in (("script", first), ("words", second), ("signals", third)):
        rates[name], batch = timed(work, batch)
    rates |= {"together": 1 / sum(1 / rate for rate in rates.values()), "ICU words": peer}
    return {"language": language} | {k: round(v) for k, v in rates.items()} | {"ratio": round(rates["words"] / peer, 1)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=8)
    arguments.add_argument("--languages", nargs="*", default=LANGUAGES)
    given = arguments.parse_args()
    for language in given.languages:
        print(json.dumps(measure(language, given.megabytes)), flush=True)


if __name__ == "__main__":
    main()
