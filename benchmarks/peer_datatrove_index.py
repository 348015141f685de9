"""datatrove's part of the benchmark of an index of earlier documents; in the peers' environment.

Arguments: `index` or `look-up`, the folder with `old` and `new`, output folder, language code of datatrove (swh).
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(stage: str, source: str, target: str, language: str) -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashBuildIndex, MinhashConfig
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.utils.hashing import HashConfig

    root, name = Path(target), "old" if stage == "index" else "new"
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    signatures, buckets, remove = (str(root / f"{name}-{part}") for part in ("signatures", "buckets", "remove"))
    index = str(root / "index")
    stages: list[tuple[int, list[object]]] = [
        (
            1,
            [
                ParquetReader(str(Path(source) / name)),
                MinhashDedupSignature(signatures, config=config, language=language),
            ],
        )
    ]
    if stage == "index":
        stages.append((config.num_buckets, [MinhashBuildIndex(signatures, index, "old", config=config)]))
    else:
        held = MinhashDedupBuckets(signatures, buckets, index_folder=index, config=config, only_dedup_in_index=False)
        stages += [(config.num_buckets, [held]), (1, [MinhashDedupCluster(buckets, remove, config=config)])]
    for number, (tasks, steps) in enumerate(stages):
        LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=str(root / f"logs-{name}{number}")).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
