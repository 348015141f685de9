"""The recipe of a language model: which labelled texts, how they are split and weighted, how long it is trained."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

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
        ("lang",),
        description="Columns of languages, one for each column of texts, or one for all; =eng_Latn: all are in that.",
    )
    group: str | None = Field(
        None, description="Rows that are equal here (translations of one sentence) fall into one part of the split."
    )
    variety: str | None = Field(
        None, description="Column that names dialects or spellings (a file's name, the source's own code)."
    )
    dev: tuple[str, ...] = Field(
        (), description="Groups that are kept out for tuning, in place of those of lowest hash."
    )
    test: tuple[str, ...] = Field(
        (), description="Groups that are kept out for tests, in place of those of lowest hash."
    )
    checked: bool = Field(True, description="Whether people have seen the labels; refusals are set by those alone.")
    doubted: bool = Field(
        False, description="Whether texts to train on that a model of the other sources takes for another language go."
    )
    cost: float | None = Field(
        None, gt=0, lt=0.5, description="Right answers that may be refused; default: as of all, of a checked source."
    )
    weight: float = Field(1.0, gt=0, description="How often a text is drawn, beside those of other sources.")
    most: int | None = Field(None, ge=1, description="Texts of each language that are taken at most.")
    cut: int | None = Field(None, ge=20, description="Characters of a text that are read at most.")
    joined: int | None = Field(
        None, ge=2, description="Entries of a word list that make one text together, each entry in one text."
    )
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
    depth: Literal[4, 8] = Field(8, description="Bits of each of these numbers in the model's file.")
    draws: int = Field(3_000_000, ge=1_000, description="Steps of the training.")
    rate: float = Field(0.3, gt=0, description="Learning rate at the begin; it falls to 0.")
    keep: float = Field(0.5, gt=0, le=1, description="Share of the n-grams of a text that each step sees.")
    evenness: float = Field(
        0.3, ge=0, le=1, description="Languages are drawn by size to this power; 0 draws all alike."
    )
    min_rows: int = Field(12, ge=2, description="Texts that a language needs.")
    min_characters: int = Field(1_500, ge=1, description="Characters that a language needs.")
    seed: int = Field(1, ge=0)


class NoiseRecipe(_Closed):
    """Text of no language that a model learns to know: mojibake, code, menus."""

    mojibake: int = Field(0, ge=0, description="Texts read in a wrong encoding, for each pair of encodings; 0: none.")
    pages: tuple[str, ...] = Field(
        (), description="Archives (.tar.gz) of web pages, below the folder of the data, from which code and menus come."
    )
    weight: float = Field(1.0, gt=0, description="How often such a text is drawn, beside those of the sources.")
    license: str = Field("LicenseRef-web", min_length=1, description="Of the pages: it binds the weights.")


class RefusalRecipe(_Closed):
    """How a model learns to say that it does not know a language."""

    left_out: float = Field(0.12, gt=0, lt=0.5, description="Share of the languages that a second model never sees.")
    draws: int | None = Field(None, ge=1_000, description="Steps of the second model; default: as many as the first.")
    grams: int = Field(1_000, ge=10, description="Commonest 4-grams of each language that are known.")
    words: int = Field(400, ge=10, description="Commonest words of each language that are known.")
    bits: int = Field(22, ge=10, le=26, description="2 to the power of this are the bits of the filters of each.")
    cost: float = Field(0.02, gt=0, lt=0.5, description="Right answers of any checked source that may be refused.")


class TrainingRecipe(_Closed):
    """A language model's recipe."""

    name: str = Field("language", pattern=r"[a-z0-9-]+")
    sources: tuple[Source, ...] = Field(min_length=1)
    hold_out: HoldOut = Field(default_factory=HoldOut)
    model: Shape = Field(default_factory=Shape)
    refusal: RefusalRecipe = Field(default_factory=RefusalRecipe)
    noise: NoiseRecipe | None = Field(None, description="Text of no language; default: the model learns none.")
    families: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Code of a group: languages that are told apart badly."
    )
    varieties: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="Language: code of each variety (BCP-47 or Glottolog): its names in the sources' column `variety`. "
        "`none` are texts beside which varieties of a few speakers must stand out.",
    )
    variety_precision: float = Field(0.95, gt=0, lt=1, description="Of varieties that are answered; else none is.")
    remember: bool = Field(
        True, description="Whether the model keeps hashed n-grams of its texts (1 MB): by them languages can be added."
    )
    precision: float = Field(0.98, gt=0, lt=1, description="Of single languages within a group; else it is answered.")

    def small(self) -> TrainingRecipe:
        """The variant of under 4 MB: a quarter of the n-grams at half the depth, fewer common ones, and no memory."""
        shape = self.model.model_copy(update={"bits": min(self.model.bits, 16), "depth": 4})
        refusal = self.refusal.model_copy(update={"grams": 400, "words": 200, "bits": 21})
        less = {"name": f"{self.name}-small", "model": shape, "refusal": refusal, "remember": False}
        return self.model_copy(update=less)

    def doubts(self) -> Shape:
        """The shape of the model that judges doubted sources: smaller, for it has to know gross errors alone."""
        return self.model.model_copy(
            update={"bits": min(self.model.bits, 16), "draws": min(self.model.draws, 1_000_000)}
        )

    @field_validator("varieties")
    @classmethod
    def _named_once(cls, value: dict[str, dict[str, tuple[str, ...]]]) -> dict[str, dict[str, tuple[str, ...]]]:
        from langcodes import tag_is_valid

        for language, codes in value.items():
            for code in codes:
                if code != "none" and not re.fullmatch("[a-z]{4}[0-9]{4}", code) and not tag_is_valid(code):
                    raise ValueError(f"{language}: {code} is no BCP-47 tag and no Glottolog code")
            names = [name for several in codes.values() for name in several]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{language}: {name} stands for more than one variety")
        return value


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
        *NoiseRecipe.model_fields,
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
