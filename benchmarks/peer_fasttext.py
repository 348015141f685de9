"""fastText trained on lines `__label__xxx_Xxxx text`, in the environment of the peers: INPUT, OUTPUT.

Settings near those of OpenLID (Burchell et al. 2023), smaller in width and table; one thread, so that it can be done
again.
"""

from __future__ import annotations

import sys

SETTINGS = {
    "lr": 0.8, "epoch": 5, "dim": 64, "minn": 2, "maxn": 5, "bucket": 1_000_000, "minCount": 10, "loss": "softmax",
    "thread": 1,
}  # fmt: skip


def main(source: str, target: str) -> None:
    import fasttext

    fasttext.train_supervised(source, verbose=0, **SETTINGS).save_model(target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
