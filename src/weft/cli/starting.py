"""A quick start: options are worked out for the commands that a command line names, and for no others.

Typer builds every command with all its options before it looks at what was called, more than a third of the time of
`weft --help`. Of a command that is not named, its name and its help are enough.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy

from typer import Typer
from typer.main import get_command_name
from typer.models import CommandInfo, TyperInfo


def with_options_of(application: Typer, words: Collection[str]) -> Typer:
    """A copy of `application` in which only commands whose names are among `words` have options.

    The others stand in the list and in what is suggested for a mistyped name. A word that is a file's name and by
    chance a command's costs that command's options, no more.
    """
    held = copy(application)
    held.registered_commands = [_command(command, words) for command in application.registered_commands]
    held.registered_groups = [_group(group, words) for group in application.registered_groups]
    return held


def _command(command: CommandInfo, words: Collection[str]) -> CommandInfo:
    callback = command.callback
    assert callback is not None
    name = command.name or get_command_name(callback.__name__)
    if name in words:
        return command
    bare = copy(command)
    bare.name, bare.help, bare.callback = name, command.help or callback.__doc__, _nothing
    return bare


def _group(group: TyperInfo, words: Collection[str]) -> TyperInfo:
    held = copy(group)
    if held.typer_instance is not None:
        held.typer_instance = with_options_of(held.typer_instance, words)
    return held


def _nothing() -> None:
    """What stands for the function of a command that is not called."""
