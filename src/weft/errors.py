"""What can go wrong, by blast radius.

WeftError   a person can mend it (recipe, argument, input): one message, exit status 2
ShardError  one task cannot finish and a repetition will not help: reported, the rest of the build goes on
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WeftError(Exception):
    """A mistake that a person can mend. The message says where, what, and what was expected."""


class ShardError(Exception):
    """A task that broke a rule of the engine or of an operator's contract."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the closest known name, or the empty string when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
