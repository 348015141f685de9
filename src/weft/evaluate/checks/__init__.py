"""Checks of what a model writes, by name: one module for each."""

from __future__ import annotations

from collections.abc import Mapping

from weft.evaluate.checks import local_forms, names, of_language, register, salience, taboos, terms, toxic, unsupported
from weft.evaluate.checks.contract import Check

CHECKS: Mapping[str, Check] = {
    held.CHECK.name: held.CHECK
    for held in (of_language, unsupported, terms, taboos, toxic, register, names, local_forms, salience)
}
"""What `checks:` of a task may name; `suite.Checked` names the same."""
