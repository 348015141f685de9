"""Finding a quotation in a text: letter by letter, or but for white space."""

from __future__ import annotations

import re


def places(text: str, quoted: str) -> list[tuple[int, int]]:
    """Where a quotation stands in a text: first and last (exclusive) character of each place, in order.

    Runs of white space count as one space, and quotation marks around the quotation do not count. Empty where it does
    not stand in it, or is empty.
    """
    words = quoted.strip().split()
    found = _found(text, words)
    if not found and words:
        bare = quoted.strip().strip("\"'“”„«»‘’「」").split()
        found = _found(text, bare)
    return found


def _found(text: str, words: list[str]) -> list[tuple[int, int]]:
    if not words:
        return []
    return [found.span() for found in re.finditer(r"\s+".join(map(re.escape, words)), text)]
