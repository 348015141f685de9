"""Answers to one question by how good a judge holds them to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weft.operators.protocols import answered, reward
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Sampling, ask_json, fenced
from weft.synthesize.gathering import together
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.translating import named

REWARD = "tei-predict"
"""The protocol of reward models: one number for each question with its answer."""
JUDGES = (*CHATS, REWARD)
PLACES = ("language", "count", "question", "answers")
_LOWEST, _HIGHEST = 1.0, 10.0


@dataclass(frozen=True)
class Ranked:
    """Scores of answers as a judge saw them in one order, and in the reversed one; of a reward model both are one."""

    first: tuple[float, ...]
    swapped: tuple[float, ...]
    calls: tuple[Mapping[str, Any], ...]

    @property
    def means(self) -> list[float]:
        return [(one + other) / 2 for one, other in zip(self.first, self.swapped, strict=True)]

    def best(self) -> int | None:
        """The answer that is at the top in both orders: of equal ones the first. None where the order decides."""
        tops = [n for n in range(len(self.first)) if self._top(n)]
        return max(tops, key=lambda n: (self.means[n], -n)) if tops else None

    def _top(self, place: int) -> bool:
        return self.first[place] == max(self.first) and self.swapped[place] == max(self.swapped)

    def ends(self) -> tuple[int, int] | None:
        """The best and the worst answer by the mean, of equal ones the first; None where not both orders agree."""
        means = self.means
        best = max(range(len(means)), key=lambda n: (means[n], -n))
        worst = min(range(len(means)), key=lambda n: (means[n], n))
        agrees = self.first[best] > self.first[worst] and self.swapped[best] > self.swapped[worst]
        return (best, worst) if agrees else None


def judging(prompt: str) -> Prompt:
    """A prompt for a judge, by its name or file. Raises WeftError."""
    return load(prompt, PLACES)


async def ranked(
    client: ServiceClient, row: int, prompt: Prompt, question: str, language: str, answers: Sequence[str]
) -> Ranked | None:
    """What a judge says of answers to a question; None where it does not answer, or not readably.

    A judge that chats sees all answers twice, the second time in the reversed order; a reward model sees each with
    the question, an empty line between them.
    """
    if client.protocol == REWARD:
        return await _rewarded(client, row, question, answers)
    orders = [list(range(len(answers))), list(reversed(range(len(answers))))]

    async def asked(order: list[int]) -> tuple[tuple[float, ...], tuple[Mapping[str, Any], ...]] | None:
        shown = "\n\n".join(f"Answer {n}:\n{fenced(answers[place])}" for n, place in enumerate(order, 1))
        fields = {
            "language": named(language),
            "count": str(len(answers)),
            "question": fenced(question),
            "answers": shown,
        }
        found = await ask_json(client, row, prompt, fields, Sampling(), lambda held: _scores(held, len(answers)))
        if found is None:
            return None
        back = sorted(zip(order, found.value, strict=True))
        return tuple(score for _, score in back), found.calls

    first, swapped = await together(asked(order) for order in orders)
    if first is None or swapped is None:
        return None
    return Ranked(first[0], swapped[0], (*first[1], *swapped[1]))


def _scores(held: Any, count: int) -> list[float]:
    given = held.get("scores") if isinstance(held, dict) else held
    if not isinstance(given, list) or len(given) != count:
        raise ValueError(f"scores is no list of {count} numbers")
    for one in given:
        if isinstance(one, bool) or not isinstance(one, int | float) or not _LOWEST <= one <= _HIGHEST:
            raise ValueError(f"a score is no number from {_LOWEST:g} to {_HIGHEST:g}")
    return [float(one) for one in given]


async def _rewarded(client: ServiceClient, row: int, question: str, answers: Sequence[str]) -> Ranked | None:
    items = [answered(question, answer) for answer in answers]
    found = await client.ask_each([row] * len(items), items, {})
    if any(one is None for one in found):
        return None
    scores = tuple(reward(one) for one in found)
    calls = tuple({"protocol": client.protocol, "raw": f"{score:g}"} for score in scores)
    return Ranked(scores, scores, calls)
