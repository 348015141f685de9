"""What a model keeps of the texts that it was trained on, so that a language can be added when these are gone.

No text can be put together from it again: of each language some dozens of texts, each as a few of its hashed n-grams,
and how common each hashed n-gram is in a language on average.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.language.texts import place_of
from weft.text.buffers import string_buffers
from weft.text.hidden import sample, tally

DRAWN = 16
"""Features that are kept of a text."""
_OF_SCRIPT, _FEWEST, _MOST = 1_000, 32, 200
"""Texts that are kept of all languages of a script together, and at least and at most of each of them."""
_STEPS, _FLOOR = 8, 24
"""Shares are kept as bytes: so many steps to a doubling, from 2**-24 upwards."""
ARRAYS = ("background", "kept", "owners")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Memory:
    """`background` (2**bits,) uint8: the share of each feature among those of a language, the mean of all languages.

    `kept` are the features of the texts that are kept, DRAWN for each, `bits` bits for each feature; `owners` (labels,)
    int32 says how many texts of each label, in the order of the labels.
    """

    background: npt.NDArray[np.uint8]
    kept: npt.NDArray[np.uint8]
    owners: npt.NDArray[np.int32]

    @property
    def bits(self) -> int:
        """2 to the power of this are the features."""
        return len(self.background).bit_length() - 1

    def shares(self) -> Floats:
        """(2**bits,): the background as numbers."""
        return np.exp2(self.background.astype(np.float64) / _STEPS - _FLOOR)

    def texts(self) -> npt.NDArray[np.int32]:
        """(texts, DRAWN): the features of the texts that are kept, label after label."""
        size = int(self.owners.sum()) * DRAWN
        parts = np.unpackbits(self.kept, count=size * self.bits).reshape(size, self.bits).astype(np.int32)
        return (parts @ (1 << np.arange(self.bits, dtype=np.int32))).reshape(-1, DRAWN).astype(np.int32)

    def with_language(self, texts: pl.Series, place: int, rivals: int) -> Memory:
        """The memory of a model that has one more label at `place`, learnt from `texts`, beside `rivals` of its script.

        Adding A and then B gives the background of adding B and then A, but for the rounding to bytes.
        """
        known, before = self.texts(), int(self.owners[:place].sum())
        own = features_of(texts, self.bits, rivals + 1)
        mean = (self.shares() * len(self.owners) + shares_in(texts, self.bits)) / (len(self.owners) + 1)
        held = np.concatenate([known[:before], own, known[before:]])
        return Memory(as_bytes(mean), packed(held, self.bits), np.insert(self.owners, place, len(own)).astype(np.int32))


def remember(texts: pl.DataFrame, labels: tuple[str, ...], rivals: npt.NDArray[np.int64], bits: int) -> Memory:
    """The memory of texts to train on; `rivals` (labels,) are the labels that compete in the script of each."""
    parts = texts.partition_by("language", as_dict=True)
    total, kept, owners = np.zeros(1 << bits), [], []
    for label, many in zip(labels, rivals.tolist(), strict=True):
        own = parts[(label,)]["text"]
        total += shares_in(own, bits)
        kept.append(features_of(own, bits, many))
        owners.append(len(kept[-1]))
    return Memory(as_bytes(total / len(labels)), packed(np.concatenate(kept), bits), np.array(owners, np.int32))


def features_of(texts: pl.Series, bits: int, rivals: int) -> npt.NDArray[np.int32]:
    """(texts, DRAWN): features of the texts of lowest hash, more of them where a script has few languages."""
    most = min(max(_OF_SCRIPT // rivals, _FEWEST), _MOST)
    chosen = sorted(texts.unique().to_list(), key=lambda text: (place_of("memory", text), text))[:most]
    found = sample(string_buffers(pl.Series(chosen, dtype=pl.String).to_arrow()), bits, DRAWN)
    return found[found[:, 0] >= 0]


def shares_in(texts: pl.Series, bits: int) -> Floats:
    """(2**bits,): the share of each feature among all features of some texts."""
    counts = tally(string_buffers(texts.to_arrow()), bits).astype(np.float64)
    found: Floats = counts / max(counts.sum(), 1.0)
    return found


def as_bytes(shares: Floats) -> npt.NDArray[np.uint8]:
    """Shares on a logarithmic scale, rounded to an eighth of a doubling."""
    steps = np.rint((np.log2(np.maximum(shares, 2.0**-_FLOOR)) + _FLOOR) * _STEPS)
    made: npt.NDArray[np.uint8] = np.minimum(steps, 255).astype(np.uint8)
    return made


def packed(features: npt.NDArray[np.int32], bits: int) -> npt.NDArray[np.uint8]:
    """Features end to end, the lowest bit of each first."""
    parts = (features.reshape(-1, 1) >> np.arange(bits, dtype=np.int32)) & 1
    return np.packbits(parts.astype(np.uint8).reshape(-1))


def load_memory(file: Path) -> Memory:
    """Read what a model file keeps; raises WeftError where it keeps nothing, or cannot be read."""
    try:
        with np.load(file, allow_pickle=False) as held:
            if any(name not in held for name in ARRAYS):
                raise WeftError(
                    f"{file}: the model keeps nothing of its texts, so no language can be added; "
                    "expected one that was trained with `remember: true`"
                )
            arrays: dict[str, npt.NDArray[Any]] = {name: held[name] for name in ARRAYS}
            return Memory(**arrays)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise WeftError(f"{file}: not a language model; expected a file that weft train language wrote") from error
