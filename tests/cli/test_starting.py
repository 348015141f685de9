"""Commands that a command line does not name have no options built; nothing else differs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import typer

from weft.cli.application import application
from weft.cli.starting import with_options_of


def _tree(command: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], tuple[str, list[str]]]:
    """Help and names of parameters of a command and of all under it."""
    found = {path: (command.help, [parameter.name for parameter in command.params])}
    for name, inner in getattr(command, "commands", {}).items():
        found |= _tree(inner, (*path, name))
    return found


def test_named_commands_are_whole_and_the_others_keep_name_and_help() -> None:
    whole = _tree(typer.main.get_command(application))
    part = _tree(typer.main.get_command(with_options_of(application, {"pairs", "mine", "recipe.yaml"})))
    assert list(part) == list(whole)
    assert {path: help_ for path, (help_, _) in part.items()} == {path: help_ for path, (help_, _) in whole.items()}
    assert part["pairs", "mine"] == whole["pairs", "mine"] and "into" in part["pairs", "mine"][1]
    assert whole[("run",)][1] and not part[("run",)][1]
    # The list of all commands is not spoilt for who asks next in this process.
    assert _tree(typer.main.get_command(application)) == whole


def test_every_command_is_whole_when_it_is_named() -> None:
    whole = _tree(typer.main.get_command(application))
    for path in whole:
        part = _tree(typer.main.get_command(with_options_of(application, set(path))))
        assert part[path] == whole[path], path


def test_completion_knows_options() -> None:
    code = "from weft.cli.boundary import run; raise SystemExit(run([]))"
    asked = {"_WEFT_COMPLETE": "complete_bash", "COMP_WORDS": "weft run --dry", "COMP_CWORD": "2"}
    ran = subprocess.run([sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=False)
    assert "--dry-run" in ran.stdout.split()
