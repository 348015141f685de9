"""Ratings that are made: sentences of invented words, translated word by word, some words of each lost or wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

_HEADS, _TAILS = ("ba", "ki", "mo", "te", "lu", "sha", "ngo", "re"), ("no", "la", "si", "pu", "wi", "da", "fe", "zo")


def words(kind: int, count: int = 120) -> list[str]:
    """Invented words of language `kind`."""
    made = [a + b + c for a in _HEADS for b in _TAILS for c in (_TAILS if kind else _HEADS)]
    return [made[(n * 5 + kind * 7) % len(made)] for n in range(count)]


def ratings(count: int = 600, seed: int = 0, pair: tuple[str, str] = ("swh_Latn", "hau_Latn")) -> pl.DataFrame:
    """Rows with `score` 0 to 100: the share of words that are right, and some noise."""
    random = np.random.default_rng(seed)
    first, second = words(0), words(1)
    rows = []
    for number in range(count):
        chosen = random.integers(0, len(first), random.integers(5, 14))
        right = random.random(len(chosen)) < random.random() ** 0.7
        wrong = random.integers(0, len(second), len(chosen))
        made = [second[n] if ok else second[w] for n, ok, w in zip(chosen, right, wrong, strict=True)]
        score = float(np.clip(100 * right.mean() + random.normal(0, 5), 0, 100))
        rows.append(
            {
                "src_lang": pair[0],
                "tgt_lang": pair[1],
                "source": " ".join(first[n] for n in chosen),
                "translation": " ".join(made),
                "score": score,
                "domain": "news" if number % 3 else "health",
                "doc": f"d{number // 4}",
            }
        )
    return pl.DataFrame(rows)


def written(frame: pl.DataFrame, file: Path) -> Path:
    """The rows as a TSV."""
    frame.write_csv(file, separator="\t", quote_style="never")
    return file
