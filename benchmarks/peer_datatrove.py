"""datatrove's part of the benchmark: three filters and four MinHash stages, in the environment of the peers.

Arguments: input folder, output folder, language code of datatrove (swh), the filters' thresholds as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(source: str, target: str, language: str, thresholds: dict) -> None:  # type: ignore[type-arg]
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.readers import JsonlReader, ParquetReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    root = Path(target)
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
    t = thresholds
    filters = [
        ParquetReader(source),
        GopherRepetitionFilter(
            language=language, dup_line_frac=t["dup_line_frac"], dup_para_frac=0, dup_line_char_frac=0,
            dup_para_char_frac=0,
        ),
        FineWebQualityFilter(
            language=language, short_line_thr=999, char_duplicates_ratio=0.1,
            line_punct_thr=t["line_punct_thr"], new_line_ratio=t["new_line_ratio"],
        ),
        GopherQualityFilter(
            language=language, max_avg_word_length=t["max_avg_word_length"],
            min_avg_word_length=t["min_avg_word_length"],
            stop_words=t["stopwords"], max_non_alpha_words_ratio=t["max_non_alpha_words_ratio"], min_stop_words=2,
        ),
        JsonlWriter(str(root / "filtered")),
    ]  # fmt: skip
    sig, buckets, ids = str(root / "signatures"), str(root / "buckets"), str(root / "remove")
    stages = [
        filters,
        [JsonlReader(str(root / "filtered")), MinhashDedupSignature(sig, config=config, language=language)],
        [MinhashDedupBuckets(sig, buckets, config=config)],
        [MinhashDedupCluster(buckets, ids, config=config)],
        [JsonlReader(str(root / "filtered")), MinhashDedupFilter(ids), JsonlWriter(str(root / "out"))],
    ]
    for number, stage in enumerate(stages):
        tasks = config.num_buckets if number == 2 else 1
        LocalPipelineExecutor(stage, tasks=tasks, workers=1, logging_dir=str(root / f"logs{number}")).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
