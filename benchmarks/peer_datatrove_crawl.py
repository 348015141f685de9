"""datatrove's part of the crawl benchmark: WARC, Trafilatura, three filters, four MinHash stages.

Arguments: input folder of WARC files, output folder. Its language filter needs a model that is downloaded, so it is
left out: weft identifies languages in the same run, datatrove does not.
"""

from __future__ import annotations

import sys
from pathlib import Path


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
    from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.readers import JsonlReader, WarcReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    root = Path(target)
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    filters = [
        WarcReader(source, glob_pattern="*.warc.gz"),
        Trafilatura(favour_precision=True, timeout=20),
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
