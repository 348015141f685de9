"""Properties of code points as two-stage tables that kernels index: category, script, flags, letter case."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

LETTER, MARK, NUMBER, TERMINAL, SPACE, SOUTH_EAST, EAST, JOINER = (1 << n for n in range(8))
"""Bits of `flags`. SOUTH_EAST and EAST: letters, marks and digits of scripts that put no space between words.
JOINER: apostrophes and middle dots, which stay inside a word when letters stand on both sides."""

_A_NUMBER = np.uint32(0x1FFFFE)
"""Stands for any digit; no code point is as high."""

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()


_NAMES = ("category", "script", "flags", "lower", "fold")


class Table(NamedTuple):
    """The value of code point `c` is `blocks[stage[c >> 8] * 256 + (c & 255)]`; case tables hold differences to `c`."""

    stage: npt.NDArray[np.uint16]
    blocks: npt.NDArray[Any]


class UnicodeTables(NamedTuple):
    """All tables; `script_names[n]` is the ISO 15924 code of script number n.

    `lower` is lower case, one letter for one. `fold` is Unicode's simple case folding, by which texts are compared:
    ς is σ as well, ſ is s; İ and ı stay apart from i, and marks are untouched.
    """

    category: Table
    script: Table
    flags: Table
    lower: Table
    fold: Table
    script_names: tuple[str, ...]


@functools.cache
def tables() -> UnicodeTables:
    """The shipped tables (made by tools/make_unicode_tables.py; Unicode License v3)."""
    with resources.files("weft.text").joinpath("unicode_tables.npz").open("rb") as source:
        held = np.load(source)
        made = {name: Table(held[f"{name}_index"], held[f"{name}_blocks"]) for name in _NAMES}
        names = tuple(str(name) for name in held["script_names"])
    return UnicodeTables(**made, script_names=names)


def flat(table: Table) -> npt.NDArray[Any]:
    """The values of all 0x110000 code points: one look-up where a table takes two."""
    blocks: npt.NDArray[Any] = table.blocks.reshape(-1, 256)
    return blocks[table.stage].reshape(-1)


@functools.cache
def characters() -> npt.NDArray[np.uint32]:
    """What most kernels ask of a code point, in one number: its flags << 24 | the code point with case folded."""
    found = tables()
    folded = np.arange(0x110000, dtype=np.int32) + flat(found.fold)
    held: npt.NDArray[np.uint32] = flat(found.flags).astype(np.uint32) << np.uint32(24) | folded.astype(np.uint32)
    return held


@functools.cache
def digits_alike() -> npt.NDArray[np.uint32]:
    """`characters`, but every digit and number is the same character, which no text has."""
    known = characters()
    number = (known >> np.uint32(24)) & NUMBER != 0
    held: npt.NDArray[np.uint32] = np.where(number, (known >> np.uint32(24) << np.uint32(24)) | _A_NUMBER, known)
    return held


def script_number(name: str) -> int:
    """Number of an ISO 15924 script in the tables; raises ValueError for one that Unicode does not have."""
    return tables().script_names.index(name)
