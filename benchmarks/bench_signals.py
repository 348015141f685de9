"""MB per CPU-second of the text kernels, one process: python benchmarks/bench_signals.py [MB] [LANGUAGE …].

Input: real web documents ($WEFT_DATA, else ../shared/data), three at a time put together until there is enough.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft.label.script import script
from weft.label.signals import signals
from weft.label.tokens import tokens

LANGUAGES = "swh_Latn yor_Latn hin_Deva tha_Thai lao_Laoo mya_Mymr khm_Khmr amh_Ethi kor_Hang cmn_Hans".split()
DATA = Path(os.environ.get("WEFT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def corpus(language: str, megabytes: float) -> pa.Table:
    """Documents of about 3 KB, the same for each call."""
    with gzip.open(DATA / "docs" / "hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        pool = [row["text"] for row in map(json.loads, lines) if row["lang"] == language]
    draw, texts, size = random.Random(7), [], 0
    while size < megabytes * 1e6:
        texts.append("\n".join(draw.sample(pool, 3)))
        size += len(texts[-1].encode())
    lid = pa.array([{"language": language}] * len(texts), pa.struct({"language": pa.string()}))
    return pa.table({"text": pa.array(texts, pa.large_string()), "lid": lid})


def seconds(work: Callable[[pa.Table], pa.Table], batch: pa.Table) -> tuple[float, Any]:
    start = time.process_time()
    made = work(batch)
    return time.process_time() - start, made


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 8
    first, second, third = script(), tokens(), signals()
    print(f"{'MB per CPU-second':18} {'script':>8} {'tokens':>8} {'signals':>8} {'all':>8}")
    for language in sys.argv[2:] or LANGUAGES:
        batch = corpus(language, megabytes)
        size = batch["text"].nbytes / 1e6
        third(second(first(batch[:10])))
        a, batch = seconds(first, batch)
        b, batch = seconds(second, batch)
        c, batch = seconds(third, batch)
        print(f"{language:18} {size / a:8.0f} {size / b:8.0f} {size / c:8.0f} {size / (a + b + c):8.0f}", flush=True)


if __name__ == "__main__":
    main()
