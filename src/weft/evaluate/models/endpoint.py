"""A model behind an OpenAI-compatible endpoint: chat or completions, and log-likelihoods where prompts are echoed."""

from __future__ import annotations

import asyncio
import functools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weft.engine.keys import digest
from weft.engine.service_budget import BudgetSpent, spent
from weft.engine.service_client import Client, Unanswered
from weft.engine.service_file import service_in
from weft.engine.service_http import key_fault, library
from weft.engine.service_loop import Clients
from weft.engine.service_replies import key_of
from weft.engine.storage import Storage
from weft.errors import ShardError, WeftError
from weft.evaluate.answers import whole_text
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.operators.protocols import ECHO, conversation
from weft.recipe.services import Service
from weft.recipe.synthesis import Budget

PROTOCOLS = ("openai-chat", "openai-completions")
OWN_KEYS = ("system", "temperature", "seed", "log_likelihoods", "extra", "budget")
BUDGET_SPENT = "budget_spent"
"""Why a question was not asked, where it could have cost more than was left."""
_ROUNDED = 1e-3
"""How far above 0 a log-probability may be that a server has rounded."""
_TOGETHER = 2_048
"""Questions that are under way together; the service's own limits hold within."""


class Endpoint:
    """A service that a YAML file describes, with the keys of `services:` in a recipe and a few of its own.

    `system` stands before every question; `temperature` is 0 unless given; `extra` joins the body of every request;
    `log_likelihoods: true` says that completions echo prompts with their log-probabilities, as vLLM's do; `budget` has
    the most `cost`, `tokens` and `calls` of all runs that keep their answers in one place.
    """

    def __init__(self, file: Path, keep: Path) -> None:
        service, more = service_in(file, PROTOCOLS, "url, model and protocol of a service", OWN_KEYS)
        library()
        if fault := key_fault(service):
            raise WeftError(f"{file}: {fault}")
        if not isinstance(more.get("log_likelihoods", False), bool):
            raise WeftError(f"{file}: log_likelihoods: expected true or false, got {more['log_likelihoods']!r}")
        self._file, self._service = file, service
        self._system, self._settings = _settings(file, more)
        self.likely = bool(more.get("log_likelihoods", False))
        if self.likely and service.protocol != "openai-completions":
            raise WeftError(f"{file}: log_likelihoods: of protocol openai-completions alone, got {service.protocol}")
        budget = _budget(file, more.get("budget", {}))
        if budget.cost is not None and service.price is None:
            raise WeftError(
                f"{file}: budget.cost: nothing says what an answer costs; expected price beside it, or tokens"
            )

        def clients() -> Clients:
            found = Clients(Storage(keep))
            found.within(budget.model_dump())
            return found

        self._clients = functools.cache(clients)
        self._keep, self._before = keep, spent(keep)
        settled = digest(service.identity(), self._system, self._settings)
        self.told: Mapping[str, Any] = {
            "kind": "endpoint",
            "name": service.model,
            "digest": settled,
            "settings": self._settings,
            **{name: value for name, value in service.identity().items() if value},
        }

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        """An output for each question; one that the service does not answer has its reason."""
        client = self._client(self._service)
        bodies = [self._body(question) for question in questions]
        return self._each(client, bodies, _output, tell, "answers")

    def _body(self, question: Question) -> dict[str, Any]:
        messages = [{"role": "system", "content": self._system}] if self._system else []
        messages.append({"role": "user", "content": question.prompt})
        settings = {"max_tokens": question.max_tokens, **self._settings}
        if question.temperature is not None:
            # A seed of its own makes of each sample a request of its own, which is kept and not asked again.
            settings |= {"temperature": question.temperature, "seed": settings.get("seed", 0) + question.sample}
        if question.stop:
            settings["stop"] = list(question.stop)
        if self._service.protocol == "openai-completions" and not self._system:
            return {"prompt": question.prompt, **settings}
        return conversation(self._service.protocol, messages, settings)

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        """By echoed prompts: tokens of the whole after as many as the context has alone."""
        if not self.likely:
            raise WeftError(
                f"{self._file}: gives no log-likelihoods; expected log_likelihoods: true, where the server echoes "
                "prompts of completions with their log-probabilities (vLLM does), or tasks with by: answer"
            )
        client = self._client(self._service.model_copy(update={"protocol": "openai-echo", "batch": None}))
        contexts = list(dict.fromkeys(pair.context for pair in pairs))
        wholes = list(dict.fromkeys(pair.context + pair.continuation for pair in pairs))
        asked = [{"prompt": text, **ECHO} for text in (*contexts, *wholes)]
        told = self._each(client, asked, _echoed, tell, "log-likelihoods")
        found = dict(zip((*contexts, *wholes), told, strict=True))
        return [_after(found[pair.context], found[pair.context + pair.continuation]) for pair in pairs]

    def _client(self, service: Service) -> Client:
        return self._clients().client(service.protocol, service.model_dump(mode="json"))

    def _each(self, client: Client, bodies: Sequence[Mapping[str, Any]], read: Any, tell: Tell, what: str) -> list[Any]:
        """What `read` makes of each reply; the replies that are kept are not asked for again."""
        found: list[Any] = []
        for first in range(0, len(bodies), _TOGETHER):
            part = bodies[first : first + _TOGETHER]
            done = [first]

            async def ask(one: Mapping[str, Any], done: list[int] = done) -> Any:
                try:
                    answer = read(await client.one(one, key_of({}, dict(one)).hex()))
                except Unanswered as refused:
                    answer = read(refused)
                except BudgetSpent:
                    # What is kept is still read; only what would have to be paid is not asked.
                    answer = read(Unanswered(BUDGET_SPENT, ""))
                done[0] += 1
                tell(what, done[0], len(bodies))
                return answer

            async def every(part: Sequence[Mapping[str, Any]] = part, ask: Any = ask) -> list[Any]:
                return list(await asyncio.gather(*(ask(one) for one in part)))

            def look(done: list[int] = done) -> None:
                if client.failing is not None:
                    tell(client.failing, done[0], len(bodies))

            try:
                found += self._clients().wait(every(), look)
            except ShardError as error:
                raise WeftError(f"{self._file}: {error}") from None
        return found

    def paid(self) -> dict[str, Any]:
        """Calls, tokens and cost that were paid by this run, and by all that keep their answers in its place."""
        every = spent(self._keep)
        now = {name: value - getattr(self._before, name) for name, value in every._asdict().items()}
        return {"this_run": now, "all_runs": every._asdict()}

    def close(self) -> None:
        """Keep the replies."""
        if self._clients.cache_info().currsize:
            self._clients().close()


def _budget(file: Path, given: Any) -> Budget:
    try:
        return Budget.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(("budget", *map(str, fault["loc"])))
        raise WeftError(f"{file}: {where}: {fault['msg']}; expected cost, tokens or calls, numbers above 0") from None


def _settings(file: Path, more: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    system, extra = more.get("system", ""), more.get("extra", {})
    if not isinstance(system, str):
        raise WeftError(f"{file}: system: expected a text")
    if not isinstance(extra, Mapping):
        raise WeftError(f"{file}: extra: expected a mapping, which joins the body of every request")
    settings: dict[str, Any] = {"temperature": more.get("temperature", 0)}
    heat = settings["temperature"]
    if isinstance(heat, bool) or not isinstance(heat, int | float) or not 0 <= heat < math.inf:
        raise WeftError(f"{file}: temperature: expected a number of 0 or more")
    if "seed" in more:
        if isinstance(more["seed"], bool) or not isinstance(more["seed"], int):
            raise WeftError(f"{file}: seed: expected a whole number")
        settings["seed"] = more["seed"]
    try:
        json.dumps(dict(extra), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise WeftError(f"{file}: extra: {error}; expected what JSON has, as it joins the body of requests") from None
    return system, settings | dict(extra)


def _output(answer: Any) -> Output:
    if isinstance(answer, Unanswered):
        return Output(None, reason=answer.reason)
    return Output(whole_text(answer["text"] or answer.get("refusal", "")), answer.get("finish"))


def _echoed(answer: Any) -> Any:
    return None if isinstance(answer, Unanswered) else answer


def _after(context: Any, whole: Any) -> Likelihood | None:
    """Of the tokens that the whole has beyond its context."""
    if context is None or whole is None:
        return None
    held = whole["logprobs"][context["count"] : whole["count"]]
    if not held or not all(_probable(one) for one in held):
        return None
    return Likelihood(math.fsum(held), len(held))


def _probable(one: Any) -> bool:
    """Whether this is the logarithm of a probability above 0."""
    return isinstance(one, int | float) and not isinstance(one, bool) and -math.inf < one <= _ROUNDED
