"""Reading what a model answered as JSON: each function raises ValueError with a sentence that the model is shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_NOTHING = frozenset({"", "none", "null", "n/a", "-"})


def text(held: Any, name: str) -> str:
    """The text under a name, without white space around it; half of a surrogate pair becomes a question mark."""
    found = optional_text(held, name)
    if found is None:
        raise ValueError(f"there is no text under {name!r}")
    return found


def optional_text(held: Any, name: str) -> str | None:
    """As `text`; None where there is nothing, or a word for it."""
    given = _member(held, name)
    if given is not None and not isinstance(given, str):
        raise ValueError(f"what stands under {name!r} is no text")
    found = (given or "").encode("utf-8", "replace").decode("utf-8").strip()
    return None if found.casefold() in _NOTHING else found


def choice(held: Any, name: str, choices: Collection[str]) -> str:
    """The text under a name, which is one of these."""
    given = _member(held, name)
    found = given.strip().casefold() if isinstance(given, str) else None
    if found is None or found not in choices:
        raise ValueError(f"{name!r} is {str(given)[:60]!r}; expected one of {', '.join(choices)}")
    return found


def flag(held: Any, name: str) -> bool:
    """Whether a name has true; it has true or false."""
    found = _member(held, name)
    if not isinstance(found, bool):
        raise ValueError(f"{name!r} is neither true nor false")
    return found


def number(held: Any, name: str, low: float, high: float) -> float:
    """The number under a name, within these bounds."""
    found = _member(held, name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
        raise ValueError(f"{name!r} is no number from {low:g} to {high:g}")
    return float(found)


def items(held: Any, name: str, most: int) -> list[Any]:
    """The first `most` entries of the list under a name; a reply that is a list alone is taken for it."""
    found = held if isinstance(held, list) else _member(held, name)
    if not isinstance(found, list):
        raise ValueError(f"there is no list under {name!r}")
    return found[:most]


def _member(held: Any, name: str) -> Any:
    if not isinstance(held, dict):
        raise ValueError(f"the reply is no JSON object with {name!r}")
    return held.get(name)
