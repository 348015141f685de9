"""What a recipe of synthesis says beside its steps: gates, balance, people, and how much may be spent."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from weft.synthesize.balance import BalanceSettings
from weft.synthesize.gates.settings import GateSettings
from weft.synthesize.judging import JudgeSettings, RoundTripSettings


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(_Closed):
    """How much a build may spend in all its runs; what is asked twice is paid once."""

    cost: float | None = Field(None, gt=0, description="In the currency of the services' prices.")
    tokens: int | None = Field(None, gt=0, description="Tokens of requests and replies.")
    calls: int | None = Field(None, gt=0, description="Requests that are answered.")

    def empty(self) -> bool:
        return self == Budget()


class People(_Closed):
    """What speakers say of a sample decides whether records are released."""

    sample: int = Field(50, ge=1, description="Records of each recipe and language that are drawn for people to rate.")
    controls: float = Field(
        0.2, ge=0, le=1, description="Texts by people among the tasks, as a share; nobody is told which they are."
    )
    floor: float = Field(
        0.8, gt=0, lt=1, description="Least share of accepted records: the lower end of its 95 % interval counts."
    )
    required: bool = Field(
        False, description="Records of a recipe and language that nobody has rated are held back until somebody has."
    )
    judgements: str | None = Field(None, description="File of judgements that people gave (JSONL).")


class Synthesis(_Closed):
    """All that `weft synthesize` is told beside its steps."""

    trusted: tuple[str, ...] | None = Field(
        None, description="Sources whose text the gates are calibrated on; default: all sources."
    )
    gates: GateSettings = Field(default_factory=GateSettings, description="What a record has to pass.")
    judge: JudgeSettings | None = Field(
        None, description="A model that rates what passed the gates; null: none is asked."
    )
    round_trip: RoundTripSettings | None = Field(
        None, description="A service that translates back what passed the gates; null: none is asked."
    )
    balance: BalanceSettings = Field(
        default_factory=BalanceSettings, description="How much of a language may be machine-made."
    )
    people: People = Field(default_factory=People, description="The sample that speakers rate.")
    budget: Budget = Field(default_factory=Budget, description="How much may be spent.")
    consents: str | None = Field(
        None, description="File that says what each consent id allows (JSON or YAML: id: [purposes])."
    )

    def files(self) -> list[str]:
        """Every file that the settings name."""
        return [*self.gates.held_out, *(name for name in (self.consents, self.people.judgements) if name is not None)]

    def dear(self) -> dict[str, JudgeSettings | RoundTripSettings]:
        """The gates that ask services, by name, in the order in which they are asked."""
        found = {"round_trip": self.round_trip, "judge": self.judge}
        return {name: settings for name, settings in found.items() if settings is not None}
