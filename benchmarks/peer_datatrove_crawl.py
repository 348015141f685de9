"""datatrove's part of the crawl benchmark: WARC, Trafilatura, ftfy, CLD2, three filters, four MinHash stages.

Arguments: input folder of WARC files, output folder. Its own language filter needs a model that is downloaded; CLD2,
which weft uses for now, stands in, over the same first 4,096 bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path


def identified(document: object) -> bool:
    """Whether CLD2 knows the language; the filters that follow are the same for all of them."""
    import pycld2

    text = document.text.encode("utf-8", "ignore")[:4096].decode("utf-8", "ignore")  # type: ignore[attr-defined]
    try:
        _, _, details = pycld2.detect(text, isPlainText=True, bestEffort=True)
    except (pycld2.error, ValueError):
        return False
    document.metadata["language"] = details[0][1]  # type: ignore[attr-defined]
    return bool(details[0][1] != "un")


def main(source: str, target: str) -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import (
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
        LambdaFilter,
    )
    from datatrove.pipeline.formatters import FTFYFormatter
    from datatrove.pipeline.readers import JsonlReader, WarcReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    root = Path(target)
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    filters = [
        WarcReader(source, glob_pattern="*.warc.gz"),
        Trafilatura(favour_precision=True, timeout=20),
        FTFYFormatter(),
        LambdaFilter(identified),
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        FineWebQualityFilter(),
        JsonlWriter(str(root / "filtered")),
    ]
    sig, buckets, ids = str(root / "signatures"), str(root / "buckets"), str(root / "remove")
    stages = [
        filters,
        [JsonlReader(str(root / "filtered")), MinhashDedupSignature(sig, config=config)],
        [MinhashDedupBuckets(sig, buckets, config=config)],
        [MinhashDedupCluster(buckets, ids, config=config)],
        [JsonlReader(str(root / "filtered")), MinhashDedupFilter(ids), JsonlWriter(str(root / "out"))],
    ]
    for number, stage in enumerate(stages):
        tasks = config.num_buckets if number == 2 else 1
        LocalPipelineExecutor(stage, tasks=tasks, workers=1, logging_dir=str(root / f"logs{number}")).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
