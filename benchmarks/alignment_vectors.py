"""Strict F1 of sentence alignment with vectors beside words: none, those of a weak encoder, and wild ones.

alignment_vectors.py LANGUAGE … reads $WEFT_DATA. The encoder is made of the first 2,000 lines of TICO-19: words and
their parts by four letters, weighed by how rare they are, in the 128 main directions of both languages together
(latent semantic indexing, Deerwester et al. 1990). It knows less than the lexicon that is learnt from the same lines.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conftest import data_folder
from gates import alignments

from weft.parallel.alignment import Document, Weights, document
from weft.parallel.alignment_passes import How, Seed, aligned
from weft.parallel.alignment_vectors import fitted

WIDTH, DIRECTIONS = 8_192, 128
Side = Callable[[list[str]], Any]


def bags(texts: list[str]) -> Any:
    out = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()):
            out[row, zlib.crc32(word.encode()) % WIDTH] += 1
            held = f"^{word}$"
            for at in range(len(held) - 3):
                out[row, zlib.crc32(held[at : at + 4].encode()) % WIDTH] += 0.3
    return np.sqrt(out)


def unit(vectors: Any) -> Any:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def encoder(seed: list[alignments.Pair]) -> list[Side]:
    """What gives vectors to texts of either side."""
    held = [bags([pair[side] for pair in seed]) for side in range(2)]
    rare = [np.log(len(seed) / (1 + (side > 0).sum(axis=0))) + 0.1 for side in held]
    held = [unit(side * weight) for side, weight in zip(held, rare, strict=True)]
    values, main = np.linalg.eigh(sum(side @ side.T for side in held).astype(np.float64))
    turned = [side.T @ main[:, -DIRECTIONS:] / np.sqrt(values[-DIRECTIONS:]) for side in held]
    return [
        lambda texts, side=side: unit(unit(bags(texts) * rare[side]) @ turned[side]).astype(np.float32)
        for side in range(2)
    ]


def main() -> None:
    every, draw = alignments.lines(data_folder(), "tico19"), np.random.default_rng(1)
    wild: Side = lambda texts: unit(draw.normal(size=(len(texts), DIRECTIONS))).astype(np.float32)  # noqa: E731
    for language in sys.argv[1:]:
        lines, documents = alignments.documents(every[language], "tico19", alignments.HEAVY)
        seed = Seed(*(pl.Series([pair[side] for pair in lines]) for side in range(2)))
        for name, sides in (("none", None), ("weak", encoder(lines)), ("wild", [wild, wild])):
            pairs: list[tuple[Document, Document]] = []
            for made in documents:
                one, other = document(made.first), document(made.second)
                if sides is not None:
                    one, other = (
                        replace(one, vectors=sides[0](made.first)),
                        replace(other, vectors=sides[1](made.second)),
                    )
                pairs.append((one, other))
            weights = None
            if sides is not None:
                fit = fitted([(one.vectors, other.vectors) for one, other in pairs])
                weights = Weights(vectors=fit.weight, level=fit.level)
            cells = []
            for own in (None, seed):
                found = aligned(pairs, How(("eng_Latn", language), seed=own, weights=weights))
                counts = [
                    alignments.strict(path.beads, made.beads) for path, made in zip(found, documents, strict=True)
                ]
                low, high = alignments.interval(counts)
                cells.append(f"{alignments.f1(tuple(np.array(counts).sum(axis=0))):.3f} ({low:.3f}-{high:.3f})")
            print(language, name, "no seed", cells[0], "seed", cells[1], flush=True)


if __name__ == "__main__":
    main()
