"""Properties of code points as two-stage tables that kernels index: category, script, flags, case folding."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

LETTER, MARK, NUMBER, TERMINAL, SPACE, SOUTH_EAST, EAST, JOINER = (1 << n for n in range(8))
"""Bits of `flags`. SOUTH_EAST and EAST: letters, marks and digits of scripts that put no space between words.
JOINER: apostrophes and middle dots, which stay inside a word when letters stand on both sides."""

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()


class Table(NamedTuple):
    """The value of code point `c` is `blocks[stage[c >> 8] * 256 + (c & 255)]`; `fold` holds differences to `c`."""

    stage: npt.NDArray[np.uint16]
    blocks: npt.NDArray[Any]


class UnicodeTables(NamedTuple):
    """All tables; `script_names[n]` is the ISO 15924 code of script number n."""

    category: Table
    script: Table
    flags: Table
    fold: Table
    script_names: tuple[str, ...]


@functools.cache
def tables() -> UnicodeTables:
    """The shipped tables (made by tools/make_unicode_tables.py; Unicode License v3)."""
    with resources.files("weft.text").joinpath("unicode_tables.npz").open("rb") as source:
        held = np.load(source)
        made = {n: Table(held[f"{n}_index"], held[f"{n}_blocks"]) for n in ("category", "script", "flags", "fold")}
        names = tuple(str(name) for name in held["script_names"])
    return UnicodeTables(**made, script_names=names)


def script_number(name: str) -> int:
    """Number of an ISO 15924 script in the tables; raises ValueError for one that Unicode does not have."""
    return tables().script_names.index(name)
