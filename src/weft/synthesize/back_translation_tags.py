"""Pairs with a machine-made source, tagged as such or by how good they are."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents

NAME, VERSION = "synthesize.back_translation_tags", 1


@operator(NAME, version=VERSION, reads=(*PARENT, "meta"), writes=WRITES, rows="make")
def back_translation_tags(
    *,
    made: Annotated[str, Field(min_length=2)],
    score: str | None = None,
    bounds: Annotated[list[float], Field(min_length=1, max_length=3)] | None = None,
) -> BatchFunction:
    """Put a reserved tag before the side of a pair that a machine made from the other: `<BT>`, or one of its quality.

    The side in the language `made` is the machine's, the source in training; pairs have two sides. With `score`, the
    name of a number in the document's `meta`, and one to three ascending `bounds`, the tag is `<BT1>` below the first
    bound, `<BT2>` from it on, and so on (HintedBT, Ramnath et al. 2021); a pair without that number gives no record.
    """
    if (score is None) != (bounds is None):
        raise WeftError(f"{NAME}: score and bounds go together; expected both or neither")
    if bounds is not None and sorted(set(bounds)) != bounds:
        raise WeftError(f"{NAME}: bounds are {bounds}; expected ascending numbers")

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        metas = batch["meta"].to_pylist()
        for parent in parents(batch):
            if parent.kind != "pair" or made not in parent.sides or len(parent.sides) != 2:
                told = f"{parent.kind} of {', '.join(sorted(parent.sides)) or 'no sides'}; expected {made} and another"
                making.none(parent.row, "no_such_side", told)
                continue
            tag, note = "<BT>", {}
            if score is not None and bounds is not None:
                value = _number(metas[parent.row], score)
                if value is None:
                    making.none(parent.row, "no_score", f"meta has no number {score}")
                    continue
                place = 1 + sum(value >= bound for bound in bounds)
                tag, note = f"<BT{place}>", {"score": value, "bin": place}
            (other,) = (code for code in parent.sides if code != made)
            human = parent.sides[other]
            text = f"{tag} {parent.sides[made]}"
            parts = [
                Part("translation", text, made, "back_translation", of=human, of_language=other),
                Part("translation", human, other),
            ]
            making.record(parent.row, "pair", parts, language=other, skill="translation", note={"tag": tag, **note})
        return making.table()

    return make


def _number(meta: str | None, name: str) -> float | None:
    """A finite number of this name in meta."""
    try:
        held: Any = json.loads(meta or "{}")
    except (ValueError, RecursionError):
        return None
    value = held.get(name) if isinstance(held, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
