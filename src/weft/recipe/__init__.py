"""Recipes: one YAML file, checked in three ways before any row is read."""

from weft.recipe.loading import from_json, load
from weft.recipe.schema import Construct, Recipe, Settings, Source, Step

__all__ = ["Construct", "Recipe", "Settings", "Source", "Step", "from_json", "load"]
