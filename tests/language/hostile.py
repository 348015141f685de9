"""A model with everything that a model can have, and texts that nobody means well by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from weft.language.calibration import filters
from weft.language.families import with_families
from weft.language.model import LanguageModel
from weft.language.recipe import RefusalRecipe, Shape
from weft.language.refusal import KNOTS, Refusal
from weft.language.tents import linear
from weft.language.training import fit
from weft.language.varieties import Varieties
from weft.language.variety_training import fit_variety
from weft.operators.samples import HARD_TEXTS

HOSTILE: tuple[str | None, ...] = (
    None,
    "",
    "a",
    "я",
    "字",
    "👩\u200d👩\u200d👧 🇰🇪 👍🏽" * 50,
    "x" * 200_000,
    "бука" * 50_000,
    "ሀለ" * 50_000,
    "漢字かな" * 20_000,
    "ba ka бо ка ሀለ ሐመ ελλ ไทย 漢字 ქარ",
    "\x00" * 1_000,
    "ba\x00ka\x00to",
    "\ue000\uf8ff\U000f0000" * 300,
    "0123456789" * 1_000,
    "١٢٣٤٥ ೧೨೩ 3.14" * 100,
    "\u200d\u200c" * 500,
    "\u200b\ufeff\u2060\u00ad" * 500,
    "\u0301" * 100_000,
    "e" + "\u0301\u0316" * 50_000,
    "\u202e\u202d\u2066\u2069\u200f" * 200 + "bakato",
    "\u202ebakato mine sura\u202c",
    "\ufffd" * 200,
    "\udbff".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    "\uffff\U0010ffff\ufdd0",
    " \t\r\n\u2028\u2029\x85\u3000" * 300,
    "ba\n" * 30_000,
    "\U00020000\U0001d518\U0001e900" * 200,
    *HARD_TEXTS,
)

_PIECES = [
    *("ba", "ka", "sch", "бо", "жы", "ሀለ", "字", "ก", "\u0301", "\u200d", "\u202e", "\x00", "\ue000", "\ufffd", "7"),
    *("👍", " ", "\n", "x" * 50, "\U0010ffff", "ß", "İ", "ǅ", "'", "\u2019", "e\u0323\u0301", "\u1100\u1161\u11a8"),
]
texts = st.one_of(st.none(), st.text(max_size=30), st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))


def made(rows: pl.DataFrame) -> LanguageModel:
    """Trained on the invented languages, with a family, a refiner, a refusal and varieties."""
    train = rows.filter(pl.col("split") == "train")
    shape = Shape(bits=12, width=16, draws=6_000, min_characters=500)
    model = with_families(fit(train, shape), {"xyz_Cyrl": ("ddd_Cyrl", "eee_Cyrl")}, train)
    model = replace(model, margins={"xyz_Cyrl": 1.01})
    size = len(model.labels)
    usual = np.full((size, 2), 0.5, np.float32), np.full((size, 2), 0.2, np.float32)
    weights = linear((0.6, 0.35, 0.7, 0.5), -1.7, KNOTS).astype(np.float32)
    refusal = Refusal(
        *filters(train, model.labels, RefusalRecipe()), *usual, weights, np.full(len(model.labels), -1.0, np.float32)
    )
    own = train.filter(pl.col("language") == "aaa_Latn").with_row_index()
    named = own.with_columns(
        text=pl.when(pl.col("index") % 2 == 0).then(pl.col("text").str.replace_all("a", "å")).otherwise("text"),
        variety=pl.when(pl.col("index") % 2 == 0).then(pl.lit("q-ring")).otherwise(pl.lit("q-plain")),
    )
    variety = fit_variety(named, ("q-plain", "q-ring"))._replace(thresholds=(0.5, 0.5))
    varieties = Varieties({"aaa_Latn": variety}, np.array([-8.7, 0.7, 7.2], np.float32))
    return replace(model, refusal=refusal, varieties=varieties)


def raw(parts: list[bytes]) -> pa.Array:
    """A large_string array of bytes that nobody has looked at."""
    ends = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(parts), pa.py_buffer(ends), pa.py_buffer(b"".join(parts)))
