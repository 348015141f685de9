"""Parts of a suite: what is drawn, shown before, made of texts, set beside answers, and put together."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from weft.model.languages import normalise


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


class Shots(Part):
    """Examples before the question, drawn from other rows of the same language."""

    count: int = Field(ge=1, le=64, description="Examples.")
    rows: str | None = Field(None, description="SQL condition of the rows they come from; they are never asked.")


class Samples(Part):
    """Answers that are drawn, beside the one that counts."""

    count: int = Field(ge=2, le=256, description="Answers to each question.")
    temperature: float = Field(0.7, gt=0, le=2, description="At which they are drawn.")


class Noisy(Part):
    """Noise in what is asked: robustness is what it leaves of a score."""

    kinds: list[Literal["typos", "similar", "diacritics", "order", "spaces", "form", "mixed"]] = Field(
        min_length=1, description="Each is asked by itself."
    )
    strength: float = Field(0.1, gt=0, le=1, description="Share of words that change.")
    columns: list[str] = Field(
        default_factory=list, description="Of the prompt; none: all, and of translations the source."
    )
    lexicon: str | None = Field(None, description="mixed: tables of words below the data folder.")
    into: str | None = Field(None, description="mixed: the language whose words stand among those of the text.")

    @field_validator("into", mode="after")
    @classmethod
    def _code(cls, value: str | None) -> str | None:
        return None if value is None else normalise(value)


class Composite(Part):
    """One figure of several, which is never shown without them."""

    weights: dict[str, Annotated[float, Field(gt=0, le=1000)]] = Field(
        min_length=1, description="Of task/metric, or of a task's first metric."
    )


def fault_of_path(name: str, given: str) -> str | None:
    """What is wrong with a path below the data folder; null: nothing."""
    path = PurePosixPath(given.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "*" in given:
        return f"{name}: {given!r} is not below the data folder; expected a path such as topics/{{language}}.tsv"
    return None


def fault_of_rows(name: str, given: str | None) -> str | None:
    """What is wrong with an SQL condition; null: nothing, or nothing that can be known without a table."""
    if given is None:
        return None
    import polars as pl

    try:
        pl.sql_expr(given)
    except pl.exceptions.PolarsError as error:
        said = str(error).partition("\n")[0]
        return f"{name}: {given!r} is no SQL condition ({said}); expected one such as split = 'test'"
    return None
