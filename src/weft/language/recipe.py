"""The recipe of a language model: which labelled texts, how they are split and weighted, how long it is trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from weft.errors import WeftError, nearest


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Source(_Closed):
    """One file of labelled texts: tab-separated with a header, or JSON lines; `.gz` and `.zst` are read through."""

    name: str = Field(min_length=1, description="Short name, by which results are reported.")
    path: str = Field(min_length=1, description="File, below the folder of the data.")
    license: str = Field(min_length=1, description="SPDX id, or LicenseRef-*: it binds the weights.")
    text: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        ("text",), description="Columns of texts; a list in a column is a text for each of its items."
    )
    language: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        ("lang",), description="Columns of languages, one for each column of texts."
    )
    group: str | None = Field(
        None, description="Rows that are equal here (translations of one sentence) fall into one part of the split."
    )
    dev: tuple[str, ...] = Field(
        (), description="Groups that are kept out for tuning, in place of those of lowest hash."
    )
    test: tuple[str, ...] = Field(
        (), description="Groups that are kept out for tests, in place of those of lowest hash."
    )
    checked: bool = Field(True, description="Whether people have seen the labels; refusals are set by those alone.")
    weight: float = Field(1.0, gt=0, description="How often a text is drawn, beside those of other sources.")
    most: int | None = Field(None, ge=1, description="Texts of each language that are taken at most.")
    cut: int | None = Field(None, ge=20, description="Characters of a text that are read at most.")
    words: tuple[int, int] | None = Field(None, description="Fewest and most words of a text that is taken.")

    @field_validator("text", "language", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class HoldOut(_Closed):
    """Shares of the groups of each source that training never sees."""

    dev: float = Field(0.1, ge=0, lt=0.5)
    test: float = Field(0.1, ge=0, lt=0.5)


class Shape(_Closed):
    """Size of the model and length of the training."""

    bits: int = Field(18, ge=10, le=22, description="2 to the power of this are the rows of the embedding.")
    width: int = Field(64, ge=8, le=256, multiple_of=8, description="Numbers in a row of the embedding.")
    draws: int = Field(3_000_000, ge=1_000, description="Steps of the training.")
    rate: float = Field(0.3, gt=0, description="Learning rate at the begin; it falls to 0.")
    keep: float = Field(0.5, gt=0, le=1, description="Share of the n-grams of a text that each step sees.")
    evenness: float = Field(
        0.3, ge=0, le=1, description="Languages are drawn by size to this power; 0 draws all alike."
    )
    min_rows: int = Field(12, ge=2, description="Texts that a language needs.")
    min_characters: int = Field(1_500, ge=1, description="Characters that a language needs.")
    seed: int = Field(1, ge=0)


class RefusalRecipe(_Closed):
    """How a model learns to say that it does not know a language."""

    left_out: float = Field(0.12, gt=0, lt=0.5, description="Share of the languages that a second model never sees.")
    draws: int | None = Field(None, ge=1_000, description="Steps of the second model; default: as many as the first.")
    cost: float = Field(0.02, gt=0, lt=0.5, description="Right answers of any checked source that may be refused.")


class TrainingRecipe(_Closed):
    """A language model's recipe."""

    name: str = Field("language", pattern=r"[a-z0-9-]+")
    sources: tuple[Source, ...] = Field(min_length=1)
    hold_out: HoldOut = Field(default_factory=HoldOut)
    model: Shape = Field(default_factory=Shape)
    refusal: RefusalRecipe = Field(default_factory=RefusalRecipe)
    families: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Code of a group: languages that are told apart badly."
    )
    precision: float = Field(0.98, gt=0, lt=1, description="Of single languages within a group; else it is answered.")


def load_recipe(file: Path) -> TrainingRecipe:
    """Read a recipe; raises WeftError that names each wrong key and what was expected."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        tree = YAML(typ="safe").load(file.read_text("utf-8"))
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise WeftError(f"{file}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, dict):
        raise WeftError(f"{file}: expected a mapping with the key sources")
    try:
        return TrainingRecipe.model_validate(tree)
    except ValidationError as error:
        raise WeftError("\n".join(_faults(file, error))) from None


def _faults(file: Path, error: ValidationError) -> list[str]:
    known = {
        *TrainingRecipe.model_fields,
        *Source.model_fields,
        *HoldOut.model_fields,
        *Shape.model_fields,
        *RefusalRecipe.model_fields,
    }
    found = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            found.append(f"{file}: {place}: no such key{nearest(str(fault['loc'][-1]), known)}")
        else:
            found.append(f"{file}: {place}: {fault['msg'][:1].lower()}{fault['msg'][1:]}")
    return found


def data_folder(given: Path | None = None) -> Path:
    """Where the labelled texts lie: as given, or `$WEFT_DATA`; raises WeftError when neither says it."""
    if given is not None:
        return given
    if "WEFT_DATA" in os.environ:
        return Path(os.environ["WEFT_DATA"])
    raise WeftError("no folder of labelled texts; expected --data FOLDER, or its path in WEFT_DATA")
