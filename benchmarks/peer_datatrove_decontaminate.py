"""datatrove's part of benchmarks/decontaminate.py, in the environment of the peers: its n-gram filter at its defaults.

Argument: JSON with `language`, `items` and `texts`; prints seconds of processor time, megabytes, and which texts its
filter removes. Its indexer needs a library of evaluation tasks, so the index is written as it writes it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def main(file: str) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.utils.hashing import create_hash_func
    from datatrove.utils.text import ngrams, simplify_text

    given = json.loads(Path(file).read_text("utf-8"))
    config = NGramsDecontConfig()
    with tempfile.TemporaryDirectory() as folder:
        made = NGramsDecontFilter(folder, config, language=given["language"])
        hashed = create_hash_func(config.hash_config)
        hashes = {
            hashed(" ".join(gram))
            for item in given["items"]
            for gram in ngrams(
                made.tokenizer.word_tokenize(simplify_text(item, config.norm_config)), config.n_grams
            )
        }  # fmt: skip
        np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(Path(folder) / "items.index.hashes")
        documents = [Document(text=text, id=str(n)) for n, text in enumerate(given["texts"])]
        made.filter(documents[0])
        start = time.process_time()
        flags = [made.filter(document) is not True for document in documents]
        seconds = time.process_time() - start
    megabytes = sum(len(text.encode()) for text in given["texts"]) / 1e6
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "flags": flags}))


if __name__ == "__main__":
    main(sys.argv[1])
