"""Checks of what a model writes, by name: one module for each."""

from __future__ import annotations

from collections.abc import Mapping

from weft.evaluate.checks import of_language, taboos, terms, toxic, unsupported
from weft.evaluate.checks.contract import Check

CHECKS: Mapping[str, Check] = {held.CHECK.name: held.CHECK for held in (of_language, unsupported, terms, taboos, toxic)}
"""What `checks:` of a task may name; `suite.Checked` names the same."""
