"""Guidelines by which people judge texts: a versioned file with the scales that its headings name."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

from ruamel.yaml import YAML

SCALES = ("adequacy", "fluency", "naturalness", "harm")
"""Scales from 1 (worst) to 5."""
LOWEST, HIGHEST = 1, 5
LANGUAGE = ("yes", "partly", "no")
"""Answers to whether a text is in the language that the task names."""


@dataclass(frozen=True)
class Guidelines:
    """A text for reviewers, and what tasks and judgements call it."""

    name: str
    version: int
    text: str

    @property
    def title(self) -> str:
        return f"{self.name}@{self.version}"


@functools.cache
def guidelines() -> Guidelines:
    """The guidelines that weft brings."""
    held = importlib.resources.files("weft.synthesize").joinpath("review_guidelines.md").read_text("utf-8")
    _, head, text = held.split("---\n", 2)
    told = YAML(typ="safe", pure=True).load(head)
    return Guidelines(str(told["name"]), int(told["version"]), text.strip() + "\n")
