"""Kinds of tasks, by name: one module for each."""

from __future__ import annotations

from collections.abc import Mapping

from weft.evaluate.kinds import (
    choice,
    generate,
    instructions,
    likeness,
    long_context,
    norms,
    prefer,
    respond,
    retrieve,
    short_answers,
    stereotypes,
    survey,
    translate,
)
from weft.evaluate.kinds.contract import Kind

_ALL = (
    choice,
    prefer,
    generate,
    short_answers,
    instructions,
    translate,
    respond,
    survey,
    stereotypes,
    norms,
    retrieve,
    likeness,
    long_context,
)
KINDS: Mapping[str, Kind] = {held.KIND.name: held.KIND for held in _ALL}
"""What `kind:` of a task may be; `suite.Asking` names the same."""
