"""What rules about pairs say of each pair: the numbers they judge, which rules refuse it, and whether it stays."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator
from weft.parallel.rule_names import SIGNALS

_TYPE = pa.struct(
    {
        "source": pa.string(),
        "target": pa.string(),
        "keep": pa.bool_(),
        "reasons": pa.list_(pa.string()),
        **dict.fromkeys(SIGNALS, pa.float32()),
    }
)


@operator(
    "label.pair_rules",
    version=1,
    reads=("text", "record_kind", "parts", "meta"),
    writes={"pair_rules": _TYPE},
    files_in=("rules",),
    assets=("language/weights/default.npz",),
)
def pair_rules(
    *,
    rules: str | None = None,
    profile: str | None = None,
    identify: bool = False,
    depth_field: str | None = None,
    most_depth: Annotated[int, Field(ge=0)] = 1,
) -> BatchFunction:
    """Numbers about the sides of a pair, the rules that refuse it, and whether it stays; null for what is no pair.

    `rules` is a file of `weft pairs learn-rules`, `profile` the defaults of another tool (opusfilter,
    bicleaner-hardrules). Without either, and for languages that the file has no rules for, there are numbers alone:
    `keep` and `reasons` are null. With `identify` the language of each side is judged where rules were learnt with it.
    `depth_field` names a field of `meta` that says how many machine steps lie between a human text and the pair; more
    than `most_depth` are refused, and a pair whose depth nobody knows is not.

    The first side is the source; where rules are for the other direction, `source` and `target` say so. Of more than
    two sides each is judged with the first: `reasons` are those of all, `keep` says that none is refused, and the
    numbers are those of the side with most reasons, the first of them.
    """
    if rules is not None and profile is not None:
        raise ValueError("rules and profile exclude one another; expected one of them")
    # The kernels are loaded where they are needed: a list of operators names this one too.
    from weft.parallel.verdicts import verdicts

    judged = verdicts(rules, profile, identify, depth_field, most_depth if depth_field is not None else None, _TYPE)

    def label(batch: pa.Table) -> pa.Table:
        return batch.append_column("pair_rules", judged(batch))

    return label
