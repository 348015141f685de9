"""datatrove's part of the benchmark of near-duplicates: signatures, buckets, clusters; in the peers' environment.

Arguments: input folder, output folder, language code of datatrove (swh).
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(source: str, target: str, language: str) -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.utils.hashing import HashConfig

    root = Path(target)
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    signatures, buckets, remove = (str(root / name) for name in ("signatures", "buckets", "remove"))
    stages = [
        [ParquetReader(source), MinhashDedupSignature(signatures, config=config, language=language)],
        [MinhashDedupBuckets(signatures, buckets, config=config)],
        [MinhashDedupCluster(buckets, remove, config=config)],
    ]
    for number, stage in enumerate(stages):
        tasks = config.num_buckets if number == 1 else 1
        LocalPipelineExecutor(stage, tasks=tasks, workers=1, logging_dir=str(root / f"logs{number}")).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
