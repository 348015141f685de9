"""What a recipe may say of its gates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from weft.model.languages import normalise

GATES = (
    *("finish", "script", "language", "length", "ending", "repetition", "copy", "numbers", "lexical", "near_source"),
    "contamination",
)
"""Gates in the order of the chain, from cheap to dear."""

Gate = Literal[
    "finish",
    "script",
    "language",
    "length",
    "ending",
    "repetition",
    "copy",
    "numbers",
    "lexical",
    "near_source",
    "contamination",
]
Share = Annotated[float, Field(ge=0, le=0.2)]


class Losses(BaseModel):
    """Share of trusted text that each gate may refuse, in each language: what a band leaves outside.

    Together they are what the chain costs at most, 4.4 % as they stand, and less where gates refuse the same texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    script: Share = Field(0.001, description="texts with the smallest share of letters of their language's script")
    language: Share = Field(0.012, description="texts that look most like another language")
    length: Share = Field(0.002, description="translations that are shortest or longest for their source")
    ending: Share = Field(
        0.014,
        description="texts that look most as if they were cut off; half as many again where cut texts are hard to see",
    )
    repetition: Share = Field(0.002, description="texts that repeat themselves most")
    copy_: Share = Field(0.001, alias="copy", description="translations that share most with their source")
    numbers: Share = Field(
        0.01,
        description="translations whose numbers, addresses, placeholders or code differ from the source's; "
        "where people change more of them, a milder form is judged, or nothing",
    )
    lexical: Share = Field(0.002, description="texts with the fewest n-grams and words that trusted text has")


class GateSettings(BaseModel):
    """The `gates:` of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: Losses = Field(default_factory=lambda: Losses(), description="share of trusted text that each gate may lose")
    leave_out: tuple[Gate, ...] = Field((), description="gates that do not judge")
    trusted: int = Field(
        2_000, ge=100, le=100_000, description="trusted texts of a language, or of a pair of languages, that are kept"
    )
    lexicons: int = Field(
        100, ge=0, le=10_000, description="pairs of languages, those with most trusted pairs, whose words are learnt"
    )
    fewest: int = Field(
        100, ge=20, le=10_000, description="trusted texts below which nothing is learnt: what needs them is unjudged"
    )
    shortest: int = Field(
        12, ge=1, le=200, description="characters below which the language and the words of a text are unjudged"
    )
    confusable: tuple[tuple[str, ...], ...] = Field(
        (),
        description="groups of languages that may be taken for one another, beside those of weft's identifier: "
        "a text of another language of the group passes unless trusted text of both tells them apart",
    )
    script_share: float = Field(0.9, ge=0, le=1, description="share of letters in the script that always passes")
    wide_ratio: tuple[float, float] = Field(
        (0.25, 4.0), description="length in characters to that of the source that passes where no pairs are trusted"
    )
    near_source: float = Field(
        0.8, gt=0, le=1, description="Jaccard similarity of character 5-grams from which a text repeats its source"
    )
    near_output: float = Field(
        0.8, gt=0, le=1, description="the same of two outputs, from which the later one is a duplicate"
    )
    held_out: tuple[str, ...] = Field(
        (), description="files of evaluation items that no record may hold, as those of deduplicate.contamination"
    )
    held_out_text: tuple[str, ...] = Field(("text",), min_length=1, description="columns of items in these files")
    held_out_near: float = Field(
        0.75, ge=0.5, le=1, description="share of an item's letters in order from which a text holds it"
    )
    seed: int = Field(0, ge=0, description="draws the trusted texts")

    @field_validator("wide_ratio")
    @classmethod
    def _ordered(cls, given: tuple[float, float]) -> tuple[float, float]:
        low, high = given
        if not 0 < low < high:
            raise ValueError(f"expected two positive numbers, the smaller first, got {low:g} and {high:g}")
        return given

    @field_validator("confusable")
    @classmethod
    def _groups(cls, given: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        groups = tuple(tuple(normalise(code) for code in group) for group in given)
        for group in groups:
            if len(set(group)) < 2:
                raise ValueError(f"expected two languages or more in a group, got {', '.join(group) or 'none'}")
        return groups

    def judges(self, gate: str) -> bool:
        """Whether a gate is in the chain."""
        return gate not in self.leave_out
