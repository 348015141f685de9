"""The rules by which a build judges what is no plain text."""

from __future__ import annotations

from weft.construct.kinds import RECORD_RULES
from weft.recipe import Recipe


def record_rules(recipe: Recipe) -> dict[str, str]:
    """The rules by which conversations, preferences and pairs are judged: the recipe's own, and few by default."""
    own = {**RECORD_RULES, **recipe.construct.rules}
    return {name: sql for name, sql in own.items() if sql is not None}
