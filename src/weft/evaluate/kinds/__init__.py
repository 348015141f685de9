"""Kinds of tasks, by name: one module for each."""

from __future__ import annotations

from collections.abc import Mapping

from weft.evaluate.kinds import choice, generate, instructions, prefer, respond, retrieve, short_answers, translate
from weft.evaluate.kinds.contract import Kind

KINDS: Mapping[str, Kind] = {
    held.KIND.name: held.KIND
    for held in (choice, prefer, generate, short_answers, instructions, translate, respond, retrieve)
}
"""What `kind:` of a task may be; `suite.Asking` names the same."""
