"""The commands in the order in which somebody needs them, with what each does in full."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

SECTIONS = {
    "To begin": ("demo", "init", "inspect", "identify", "operators", "doctor"),
    "Building": ("recipe", "run", "synthesize", "worker", "status", "logs", "clean"),
    "What came of it": ("report", "explain", "errors", "diff"),
    "Parallel text": ("pairs",),
    "What a model can do": ("evaluate", "meta-evaluate"),
    "With a release": ("export", "pack", "interleave", "index", "share", "decontaminate"),
    "Models and tokenizers": ("train", "tokenizer"),
}
"""Every command of `weft` once, by what it is for."""


class Sections(TyperGroup):
    """The group of all commands: `--help` lists them by section, and cuts no sentence short."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of the help page."""
        for title, names in SECTIONS.items():
            found = [(name, self.commands[name]) for name in names if name in self.commands]
            with formatter.section(title):
                formatter.write_dl([(name, command.get_short_help_str(limit=200)) for name, command in found])
