"""What selection and export have to know of the order of train; nothing without `construct.order`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weft.engine.graph import State
from weft.model.tables import DOCUMENT

if TYPE_CHECKING:
    from weft.engine.plan import Compiler

_HELD = ("id", "source", "license", "basis", "consent", "redistribute", "text")
"""Columns of documents that selection reads anyway, and the text, which no expression reads."""


def ordering(compiler: Compiler, state: State) -> tuple[dict[str, Any], list[object]]:
    """Arguments of a selection, and what its key holds of them."""
    order = compiler.recipe.construct.order
    if order is None:
        return {}, []
    settings = order.model_dump(mode="json")
    read = order.columns()
    columns = [name for name in DOCUMENT.names if name in read and name not in _HELD]
    thresholds = state.one("thresholds", 0) if "threshold" in read else None
    given: dict[str, Any] = {"settings": settings, "columns": columns, "seed": compiler.recipe.settings.seed}
    if thresholds is not None:
        given["thresholds"] = state.path("thresholds", 0)
    return {"order": given}, ["order", settings, *([thresholds.key] if thresholds is not None else [])]


def order_of_release(compiler: Compiler, state: State) -> dict[str, Any]:
    """What the release says of the order; documents and rows of each phase over all shards."""
    given = order_of_files(compiler)
    if not given:
        return {}
    phases: dict[str, list[int]] = {}
    for entries in state.done("select").values():
        for name, (documents, rows) in entries[0].counts.get("phases", {}).items():
            held = phases.setdefault(name, [0, 0])
            phases[name] = [held[0] + documents, held[1] + rows]
    return {"order": given["order"] | {"phases": phases}}


def order_of_files(compiler: Compiler) -> dict[str, Any]:
    """Arguments of an export."""
    order = compiler.recipe.construct.order
    if order is None:
        return {}
    return {"order": {"settings": order.model_dump(mode="json"), "seed": compiler.recipe.settings.seed}}
