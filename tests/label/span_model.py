"""A language model of a few words, made by counting; nothing is trained.

`python -m tests.label.span_model` writes the one that the examples use.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from weft.language.model import LanguageModel
from weft.text.bayes import count
from weft.text.buffers import string_buffers

WORDS = {
    "ell_Grek": "καλημέρα σε όλους τους φίλους μου",
    "eng_Latn": "the children read books at school every morning and then they walk home",
    "swh_Latn": "watoto wanasoma vitabu shuleni kila siku asubuhi halafu wanarudi nyumbani",
}
EXAMPLE = Path(__file__).parent.parent / "examples" / "label.lid_spans.npz"


def model(bits: int = 12, strength: float = 24.0) -> LanguageModel:
    """A model in which each n-gram of a language's words speaks for that language."""
    labels = tuple(sorted(WORDS, key=lambda code: (code.rpartition("_")[2], code)))
    strings = string_buffers(pa.array([WORDS[label] for label in labels], pa.large_string()))
    counts = count(strings, np.arange(len(labels), dtype=np.int32), len(labels), bits)
    embedding = np.zeros((1 << bits, 8), np.int8)
    embedding[:, : len(labels)] = counts > 0
    output = np.zeros((8, len(labels)), np.float32)
    np.fill_diagonal(output, strength)
    return LanguageModel(labels, embedding, output)


if __name__ == "__main__":
    model().save(EXAMPLE)
