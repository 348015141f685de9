"""What holds clusters of documents together."""

from __future__ import annotations

KINDS = (None, "exact", "page", "near", "script", "pair", "semantic")
"""What holds a cluster together, by the number that stands for it: nothing (one document), at most the same text, at
most the same page, similar text too, the same text in another script too, sides of pairs that are the same, or what
says the same too."""
EXACT, PAGE, NEAR, SCRIPT, PAIR, SEMANTIC = range(1, len(KINDS))
