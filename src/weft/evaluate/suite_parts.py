"""Parts of a task that a suite may have: what is made of texts, and what an answer is set beside."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a suite: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Probes(Part):
    """Facts in long texts: at which depths of which lengths."""

    lengths: list[Annotated[int, Field(ge=100)]] = Field(min_length=1, description="Characters of a text.")
    depths: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        [0.0, 0.25, 0.5, 0.75, 1.0], min_length=1, description="Where the fact stands, from 0 to 1."
    )
    each: int = Field(4, ge=1, le=1000, description="Texts of every length; each is asked with the fact at each depth.")
    distractors: int = Field(0, ge=0, le=100, description="Facts about others beside it.")
    own_digits: bool = Field(False, description="Numbers in the digits of the script.")


class Natural(Part):
    """Texts of people, beside which what a model writes is natural or not."""

    files: str = Field(min_length=1, description="Native texts below the data folder; {language} is a code or name.")
    translated: str | None = Field(None, description="Texts that were translated into the language, for an accent.")
    text: str = Field("text", description="The column of texts.")
