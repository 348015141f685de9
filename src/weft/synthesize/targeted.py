"""Texts of kinds that a collection has too little of: a plan names them, documents give their matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Sampling, ask_json, fenced, settled
from weft.synthesize.gap_plan import Target, read_plan
from weft.synthesize.gathering import together
from weft.synthesize.making import WRITES, Part
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, shown, wanted, word_counts
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.targeted", 1


@operator(
    _NAME,
    version=_VERSION,
    reads=READS,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    protocols=CHATS,
    libraries=("icu4py",),
    files_in=("plan",),
)
def targeted(
    *,
    service: Annotated[str, Field(min_length=1)],
    plan: Annotated[str, Field(min_length=1)],
    surplus: Annotated[float, Field(ge=1, le=10)] = 1.25,
    tries: Annotated[int, Field(ge=1, le=10)] = 2,
    max_characters: Annotated[int, Field(ge=200)] = 6_000,
    seed: int = 1,
    prompt: str = "targeted_text",
    sampling: Sampling = Sampling(temperature=0.7, top_p=0.95),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Texts with structures that the file `plan` names as too rare; documents that are drawn for them give the matter.

    The plan (YAML or JSON) has `documents`, how many there are of each language, and `targets`, each with `name`,
    `language`, `amount` and some of `words` (fewest, most), `domain`, `construction`, `address`, `question`, `any_of`,
    `none_of`. A document is drawn for a target by `seed`, target and its id, `surplus` times the amount over the number
    of documents being its chance; so the amount is met on average, whatever order documents come in, and `rank` in
    the note of a record says how early it was drawn. What can be checked (words, question marks, lists of words) is
    checked, and asked for anew up to `tries` times (`target_missed`). No record of documents that no target drew
    (`not_drawn`) or of languages that the plan does not name. The tag `target` is in the note. Raises WeftError for a
    plan that cannot be read, and for several tries at temperature 0.
    """
    settings, read = settled(sampling, Sampling()), read_plan(plan)
    if settings.temperature == 0 and tries > 1:
        raise WeftError(f"{tries} tries at temperature 0 are one text; expected a temperature in sampling, or tries: 1")
    chances = [(one, surplus * one.amount / read.documents[one.language]) for one in read.targets]
    recipe = _Recipe(load(prompt, ("language", "wanted", "text")), settings, tries, max_characters)
    taken = wanted(("text",), sorted(read.documents))

    async def ask(client: ServiceClient, one: Seed) -> list[Made | Refusal] | Refusal:
        drawn = [found for target, chance in chances for found in _drawn(target, chance, one, seed)]
        if not drawn:
            return Refusal("not_drawn", "no target of the plan drew it")
        return await together(recipe.text(client, one, *found) for found in drawn)

    return serving(_NAME, _VERSION, taken.refused, ask)


def _drawn(target: Target, chance: float, one: Seed, seed: int) -> list[tuple[Target, int, float]]:
    """The target with number and rank (0 to 1) of each text that it wants of a document."""
    if target.language != one.language:
        return []
    from weft.text.draws import keys_of, uniform

    place = float(uniform(keys_of([f"{target.language} {target.name} {one.parent.id}"], seed))[0])
    # A chance above 1 is that many texts for sure, and one more by what is left.
    count = int(chance) + (place < chance - int(chance))
    return [(target, number, round((number + place) / chance, 6)) for number in range(count)]


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    sampling: Sampling
    tries: int
    most: int

    async def text(self, client: ServiceClient, seed: Seed, target: Target, number: int, rank: float) -> Made | Refusal:
        """A text for a target: the first try that fits."""
        fields = {"language": named(seed.language), "wanted": target.told()}
        fields |= {"text": fenced(shown(seed.parent.text, self.most))}
        calls: list[Any] = []
        fault = ""
        for sample in range(number * self.tries, (number + 1) * self.tries):
            parsed = await ask_json(client, seed.parent.row, self.prompt, fields, self.sampling, _read, sample=sample)
            if parsed is None:
                return NO_ANSWER
            calls += parsed.calls
            made, reason = parsed.value
            if made is None:
                return Refusal("declined", f"{target.name}: {reason}", calls)
            missed = target.missed(made, word_counts([made])[0])
            if missed is None:
                part = Part("text", made, seed.language, "answer", seed.parent.text, seed.language)
                note = {"target": target.name, "rank": rank, "tries": sample - number * self.tries + 1}
                return Made("text", [part], seed.language, "writing", note, calls)
            fault = missed
        return Refusal("target_missed", f"{target.name}: {fault}", calls)


def _read(held: Any) -> tuple[str | None, str]:
    reason = reading.optional_text(held, "reason") or "the model wrote no text"
    return reading.optional_text(held, "text"), reason
