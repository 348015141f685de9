"""What a pair of a chosen and a rejected answer has to keep, so that a model learns the difference that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from weft.synthesize.similarity import alike


class Guards(BaseModel):
    """Bounds of a preference; synthetic-quality-lid §2.6 proposes these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortest: Annotated[float, Field(gt=0, le=1)] = 0.67
    """Characters of the rejected answer for each of the chosen one, at least: length must not tell them apart."""
    longest: Annotated[float, Field(ge=1)] = 1.5
    """The same, at most."""
    alike: Annotated[float, Field(gt=0, le=100)] = 85.0
    """chrF of both from which on they are the same answer."""


def faults(chosen: Sequence[str], rejected: Sequence[str], guards: Guards) -> list[tuple[str, str] | None]:
    """Why `chosen[n]` and `rejected[n]` make no preference: a stable reason and a sentence; None where they make one.

    `same_answer`, `length_ratio`, `too_alike`. Both languages are for the gates to judge, as a wrong one may be meant.
    """
    scores = alike(rejected, chosen)
    held = zip(chosen, rejected, scores, strict=True)
    return [_fault(one.strip(), other.strip(), score, guards) for one, other, score in held]


def _fault(chosen: str, rejected: str, score: float, guards: Guards) -> tuple[str, str] | None:
    if not chosen or not rejected or chosen == rejected:
        return "same_answer", "chosen and rejected are the same, or one is empty"
    ratio = len(rejected) / len(chosen)
    if not guards.shortest <= ratio <= guards.longest:
        return "length_ratio", f"the rejected answer has {ratio:.2f} of the characters of the chosen one"
    if score >= guards.alike:
        return "too_alike", f"chrF of both is {score:.1f}; expected less than {guards.alike:g}"
    return None


def agreed(first: int, second: int) -> int | None:
    """The answer that a judge prefers, of two that it saw in one order (`first`) and swapped (`second`).

    Both are numbers of the answers as they were shown: 0 or 1. None where the order decided.
    """
    return first if first == 1 - second else None
