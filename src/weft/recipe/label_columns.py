"""The columns that stand beside the documents once all labels are there."""

from __future__ import annotations

import pyarrow as pa

from weft.construct.thresholds import THRESHOLD_TYPE
from weft.model.tables import CUT, DOCUMENT, RELATIONS
from weft.operators.registry import Registry
from weft.recipe.schema import VECTORS, Step


def label_schema(steps: list[Step], registry: Registry, *, clusters: bool, cut: bool = False) -> pa.Schema:
    """Columns that selection rules may read: document columns without text, stored labels, thresholds."""
    fields: dict[str, pa.DataType] = {f.name: f.type for f in DOCUMENT if f.name != "text"}
    for step in steps:
        spec = registry.get(step.operator)
        if spec.short == "shared":
            continue  # who keeps a document was decided by what the rules say, before there is such a label
        if spec.room == "deduplicate" and spec.short in RELATIONS:
            fields[spec.short] = RELATIONS[spec.short]
        elif not spec.transient and spec.short not in VECTORS:
            written = spec.writing(step.params).items()
            fields |= {name: kind for name, kind in written if name not in ("text", "problem", "mime")}
    if clusters:
        fields["deduplicate"] = pa.struct({"cluster": pa.string(), "size": pa.int32(), "kind": pa.string()})
    if cut:
        fields["cut"] = CUT
    fields["threshold"] = THRESHOLD_TYPE
    return pa.schema(list(fields.items()))
