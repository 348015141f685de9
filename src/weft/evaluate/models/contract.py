"""What a suite asks of a model, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from weft.parallel.encoding import Vectors

Ability = Literal["answers", "preferences", "vectors", "states"]
Tell = Callable[[str, int, int | None], None]
"""What is done, how much of it, and of how much."""


class Question(NamedTuple):
    """Something to answer in words; the first three say which item it is."""

    task: str
    language: str
    item: str
    prompt: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    variant: str = ""
    """Which noise there is in the prompt; empty: none."""
    sample: int = 0
    """Which of several answers that are drawn; 0: the one that counts."""
    temperature: float | None = None
    """At which a sample is drawn; null: as the model's own settings say."""


class Continued(NamedTuple):
    """Two texts, of which the second follows the first: how probable is it?"""

    context: str
    continuation: str


class Output(NamedTuple):
    """What a model wrote; without text the reason why there is none."""

    text: str | None
    finish: str | None = None
    reason: str | None = None


class Likelihood(NamedTuple):
    """Of a continuation: the sum of its tokens' log-probabilities, in nats, and how many tokens there are."""

    nats: float
    tokens: int


class Model(Protocol):
    """A model to ask; what it answered once it is not asked again."""

    @property
    def told(self) -> Mapping[str, Any]:
        """What decides its answers: kind, name, digest, settings."""
        ...

    @property
    def likely(self) -> bool:
        """Whether it gives log-likelihoods."""
        ...

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        """An output for each question, in order."""
        ...

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        """How probable each continuation is; None where that was not told. Raises WeftError where nobody can tell."""
        ...

    def close(self) -> None:
        """Keep what was answered."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """A model that gives vectors of sentences; it answers nothing."""

    def vectors(self, texts: Sequence[str], tell: Tell) -> Vectors:
        """A vector for each text, and which texts have one."""
        ...


class Reward(NamedTuple):
    """How good an answer is to a question; without a value the reason why nobody can tell."""

    value: float | None
    reason: str | None = None


@runtime_checkable
class Rewards(Protocol):
    """A model that says how good answers are; it answers nothing."""

    def rewards(self, pairs: Sequence[Continued], tell: Tell) -> list[Reward]:
        """The reward of each answer (`continuation`) to its question (`context`, which may be empty)."""
        ...


class States(NamedTuple):
    """States of the last token of texts after each layer, (texts, layers, numbers), and which texts have them."""

    values: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]


@runtime_checkable
class Layered(Protocol):
    """A model that shows its hidden states."""

    def states(self, texts: Sequence[str], tell: Tell) -> States:
        """The states of each text."""
        ...


@runtime_checkable
class Pays(Protocol):
    """A model whose answers are paid for."""

    def paid(self) -> dict[str, Any]:
        """Calls, tokens and cost of `this_run`, and of `all_runs` that keep their answers in its place."""
        ...


_LACKING: Mapping[Ability, tuple[str, str]] = {
    "answers": ("no_answers", "the model gives {given} alone; expected one that answers"),
    "preferences": ("no_preferences", "the model gives {given} alone; expected a language model, or a reward model"),
    "vectors": (
        "no_vectors",
        "the model gives no vectors of sentences; expected the folder of an encoder, or its server",
    ),
    "states": ("no_states", "the model shows no hidden states; expected the folder of a causal language model"),
}
_UNLIKELY = (
    "no_log_likelihoods",
    "the model gives no log-likelihoods, which choose here; a copy of the suite with by: answer asks for words",
)


def lacking(model: Model, wanted: Ability, likely: bool = False) -> tuple[str, str] | None:
    """Why a model cannot give what is wanted: a code and what it means; None where it can.

    `likely` says that a language model has to give it by log-likelihoods.
    """
    if isinstance(model, Encodes):
        given, abilities = "vectors", {"vectors"}
    elif isinstance(model, Rewards):
        given, abilities = "rewards", {"preferences"}
    else:
        given, abilities = "answers", {"answers", "preferences"}
        if likely and not model.likely:
            return _UNLIKELY
    if wanted in abilities or (wanted == "states" and isinstance(model, Layered)):
        return None
    code, said = _LACKING[wanted]
    return code, said.format(given=given)
