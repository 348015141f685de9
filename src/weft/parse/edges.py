"""Takes menus, bylines and footers from the ends of a page's main text, where extractors leave them."""

from __future__ import annotations

import re

LONG = 100
SENTENCE = 30
MOST = 0.3
"""No end loses more than this share of the text, so a poem before a paragraph stays."""
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff01-\uff60]")
_WIDE_FACTOR = 2.5
_ENDINGS = frozenset(".!?…:;»”\"')」』。！？।॥؟؛۔។៕៖።፧፨။၊།༎։᠃᱾᱿߹꧉᭟᥄꘎᰻᭞")
"""What ends a sentence or a quotation, in many scripts; where words have no such mark, length decides."""


def without_ragged_ends(text: str) -> str:
    """The text from the line before the first long line or sentence to the last one; all of it when there is none."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if _is_prose(line)), None)
    if first is None:
        return text
    last = next(n for n in range(len(lines) - 1, -1, -1) if _is_prose(lines[n]))
    most = MOST * len(text)
    if sum(map(len, lines[:first])) > most:
        first = 0
    if sum(map(len, lines[last + 1 :])) > most:
        last = len(lines) - 1
    return "\n".join(lines[_headline(lines, first) : last + 1])


def _headline(lines: list[str], first: int) -> int:
    """The line before the first one that is kept: it is the headline more often than not."""
    before = next((n for n in range(first - 1, -1, -1) if lines[n].strip()), None)
    return first if before is None else before


def _is_prose(line: str) -> bool:
    line = line.strip()
    size = float(len(line))
    if size < LONG and not line.isascii():
        size += len(_WIDE.findall(line)) * (_WIDE_FACTOR - 1)
    return size >= LONG or (size >= SENTENCE and line[-1] in _ENDINGS)
