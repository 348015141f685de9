"""The shape of a recipe. Unknown keys are refused everywhere."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from weft.acquire.formats import MIXED
from weft.construct.mixture_settings import Mixture
from weft.construct.ordering import Order
from weft.errors import nearest
from weft.recipe.services import Service, told
from weft.recipe.synthesis import Synthesis

# pydantic keeps a long deprecated method of this name; `construct` is our word for the stage.
warnings.filterwarnings("ignore", message='Field name "construct" in "Recipe')

Basis = Literal["unknown", "licence", "public-domain", "crawl-private", "owned", "consent", "legitimate-interest"]
Format = Literal["parquet", "jsonl.zst"]
Kind = Literal["text", "sft", "dpo", "pair"]
Cut = Literal["deduplicate.lines", "deduplicate.substrings"]
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*(?: (?:AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*")
_OFTEN = (
    *("unknown", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0"),
    *("CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "ODC-By-1.0", "ODbL-1.0", "PDDL-1.0", "Apache-2.0"),
    *("MIT", "BSD-3-Clause", "GFDL-1.3-or-later", "LicenseRef-"),
)
_SEMANTIC = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
_NAME = re.compile(r"\w(?:[\w .-]*\w)?")


def _license(value: str) -> str:
    if not _LICENSE.fullmatch(value):
        close = nearest(value.replace(" ", "-"), _OFTEN)
        raise ValueError(f"expected an SPDX id such as CC-BY-4.0, a LicenseRef-* name, or unknown{close}")
    for part in re.split(" (?:AND|OR|WITH) ", value):
        # CC-BY-4 and CC0 are written often and are no ids; that all others are in SPDX's list is not checked.
        whole = [name for name in _OFTEN if re.fullmatch(rf"{re.escape(part)}[-.]\d.*", name, re.IGNORECASE)]
        if whole:
            raise ValueError(f"{part} is no SPDX id: its version is cut; expected {' or '.join(whole)}")
    return value


def _name(value: str) -> str:
    if value and not _NAME.fullmatch(value):
        raise ValueError("expected a name of letters, digits, space, dot, - and _")
    return value


def _version(value: str | None) -> str | None:
    if value is not None and not _SEMANTIC.fullmatch(value):
        raise ValueError("expected a semantic version, such as 1.2.0 or 2.0.0-rc.1, in quotes")
    return value


def _unknown(value: object) -> object:
    if isinstance(value, str) and value.casefold() not in ("unknown", "true", "false", "yes", "no", "on", "off"):
        raise ValueError("expected true, false or unknown")
    return None if value == "unknown" else value


def _language(value: str | None) -> str | None:
    if value is None:
        return None
    from weft.model.languages import normalise

    return normalise(value)


License = Annotated[str, AfterValidator(_license)]
Language = Annotated[str | None, AfterValidator(_language)]
Version = Annotated[str | None, AfterValidator(_version)]
Name = Annotated[str, AfterValidator(_name)]
MayRedistribute = Annotated[
    bool | None, BeforeValidator(_unknown, json_schema_input_type=bool | Literal["unknown"] | None)
]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class SideOfSource(_Closed):
    """What may be done with the sides of a pair in one language; what is not stated is as the source states it."""

    license: License | None = Field(None, description="SPDX id, LicenseRef-*, or unknown.")
    consent: str | None = Field(None, description="Id in the consent register.")
    redistribute: MayRedistribute = Field(
        None, description="Whether the side may be passed on: true, false or unknown."
    )


class Source(_Closed):
    """Where text comes from, and what may be done with it."""

    path: str = Field(min_length=1, description="A file, a folder, a pattern (crawl/*.warc.gz) or an fsspec URL.")
    name: Name = Field("", description="Short name of the source; by default the path's last part.")
    format: str = Field("auto", description="A reader (warc, jsonl, …), or auto: by the file's ending.")
    license: License = Field("unknown", description="SPDX id, LicenseRef-*, or unknown.")
    consent: str | None = Field(None, description="Id in the consent register.")
    basis: Basis = Field("unknown", description="Why the text may be used when there is no consent.")
    redistribute: MayRedistribute = Field(
        None, description="Whether the text may be passed on: true, false or unknown."
    )
    language_hint: Language = Field(None, description="Language of text that does not say its own.")
    kind: Kind = Field(
        "text", description="text; sft, dpo or pair: conversations, preferences or parallel text (needs a format)."
    )
    sides: dict[str, SideOfSource] = Field(
        default_factory=dict,
        description="Of pairs: licence, consent and redistribution of the sides in a language, where they differ.",
    )
    priority: int = Field(0, description="In a cluster of duplicates the highest priority survives.")
    options: dict[str, Any] = Field(default_factory=dict, description="Parameters of the reader.")

    @model_serializer(mode="wrap")
    def _without_the_usual(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        held: dict[str, Any] = handler(self)
        usual = {"kind": "text", "sides": {}}
        return {name: value for name, value in held.items() if name not in usual or value != usual[name]}

    @field_validator("sides")
    @classmethod
    def _codes(cls, given: dict[str, SideOfSource]) -> dict[str, SideOfSource]:
        return {_language(name) or name: terms for name, terms in given.items()}

    def mixed(self) -> bool:
        """Whether its rows say of what kind they are."""
        return self.format in MIXED

    def terms(self) -> dict[str, dict[str, Any]]:
        """What is stated of the sides in each language, and of those in others under `*`."""
        rest = {"license": self.license, "consent": self.consent, "redistribute": self.redistribute}
        rest = {name: value for name, value in rest.items() if value not in (None, "unknown")}
        own = {code: rest | side.model_dump(exclude_none=True) for code, side in self.sides.items()}
        return ({"*": rest} if rest else {}) | own


class Step(_Closed):
    """An operator with all its parameters, and the condition under which a row takes part."""

    operator: str
    params: Mapping[str, Any] = Field(default_factory=dict)
    where: str | None = None


class Fractions(_Closed):
    """Shares of the documents; clusters of duplicates, groups and pairs with a side in common never span two splits."""

    train: float = Field(0.98, ge=0, le=1, description="By default what the other two leave.")
    validation: float = Field(0.01, ge=0, le=1)
    test: float = Field(0.01, ge=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _rest(cls, given: object) -> object:
        if not isinstance(given, Mapping) or "train" in given:
            return given
        others = [given.get("validation", 0.01), given.get("test", 0.01)]
        if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in others) or sum(others) > 1:
            return given
        return {**given, "train": round(1 - sum(others), 12)}

    @model_validator(mode="after")
    def _sum(self) -> Fractions:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares add up to {total:g}; expected 1")
        return self


class Groups(_Closed):
    """How groups and pairs with a side in common are kept in one split."""

    least_characters: int = Field(
        1, ge=1, description="Characters from which a side of a pair keeps all pairs that share it in one split."
    )
    largest: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Share of all documents above which what belongs together is in the split with the largest share.",
    )


class Construct(_Closed):
    """What enters the corpus and in which form."""

    extends: Literal["default", "nothing"] = Field("default", description="Rules to start from.")
    rules: dict[str, str | None] = Field(
        default_factory=dict, description="Name: SQL condition that a row must meet; null takes a default rule out."
    )
    thresholds: dict[str, Any] = Field(default_factory=dict, description="Parameters of construct.thresholds.")
    redistributable_only: bool = Field(
        False, description="Keep only sources that say redistribute: true; a licence alone does not count."
    )
    split: Fractions = Field(default_factory=Fractions)
    groups: Groups = Field(default_factory=Groups)
    formats: tuple[Format, ...] = Field(("parquet", "jsonl.zst"), min_length=1)
    cut: tuple[Cut, ...] = Field((), description="Labels whose spans are taken out of the text.")
    mixture: Mixture | None = Field(None, description="How often each document of train is read; null: once.")
    order: Order | None = Field(None, description="How rows of train follow one another; null: as in the corpus.")

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # The recipe is printed in the card: one that mixes, sorts and cuts nothing gives the bytes that it gave before.
        held: dict[str, Any] = handler(self)
        for name in ("mixture", "order", "cut"):
            if not held.get(name):
                held.pop(name, None)
        if self.groups == Groups():
            held.pop("groups", None)
        return held

    def inherited_rules(self) -> dict[str, str]:
        """The rules that `extends` names."""
        from weft.construct.defaults import DEFAULT_RULES

        return dict(DEFAULT_RULES) if self.extends == "default" else {}

    def all_rules(self) -> dict[str, str]:
        """Rules in the order in which they are tried: the defaults that are kept, then the recipe's own."""
        rules: dict[str, str | None] = {**self.inherited_rules(), **self.rules}
        return {name: sql for name, sql in rules.items() if sql is not None}


class Settings(_Closed):
    """How the build is laid out; what changes answers is here and nowhere in the environment."""

    seed: int = Field(1, ge=0)
    shard_mb: float = Field(64, gt=0, le=4096, description="Input megabytes of a shard, at most.")


class Recipe(_Closed):
    """A recipe whose steps are resolved to operators with all parameters."""

    name: str
    version: str | None = None
    base: Path = Field(exclude=True)
    acquire: tuple[Source, ...] = Field(min_length=1)
    parse: tuple[Step, ...] = ()
    standardize: tuple[Step, ...] = ()
    label: tuple[Step, ...] = ()
    synthesize: tuple[Step, ...] = ()
    synthesis: Synthesis = Field(default_factory=Synthesis)
    deduplicate: tuple[Step, ...] = ()
    construct: Construct = Field(default_factory=Construct)  # type: ignore[assignment]  # see the filter above
    services: dict[str, Service] = Field(default_factory=dict)
    settings: Settings = Field(default_factory=Settings)

    def clusters(self) -> bool:
        """Whether documents meet, so that there are clusters."""
        return any(step.operator.partition(".")[2] in MEETING for step in self.deduplicate)

    def records(self) -> bool:
        """Whether some source holds records rather than plain text."""
        return any(source.kind != "text" or source.mixed() for source in self.acquire)

    def synthetic(self) -> bool:
        """Whether some source holds what a machine made."""
        return any(source.mixed() for source in self.acquire)

    def grouped(self) -> bool:
        """Whether some source says what belongs together: it holds pairs, or names a field with the group."""
        return any(
            source.kind == "pair" or source.mixed() or bool(source.options.get("group_field"))
            for source in self.acquire
        )

    def to_json(self) -> dict[str, Any]:
        """Canonical plain data, from which `weft.recipe.from_json` makes an equal recipe."""
        held = self.model_dump(mode="json")
        absent = [name for name in ("version", "services", "synthesize") if not held[name]]
        absent += [] if self.synthesize else ["synthesis"]
        return {name: value for name, value in held.items() if name not in absent}

    def answering(self) -> dict[str, Any]:
        """Plain data of all that decides what is built: not where services are and how much may be asked of them."""
        return told(self.to_json())


STAGES = ("parse", "standardize", "label", "deduplicate")
DEFAULT_STEPS: dict[str, tuple[str, ...]] = {
    "parse": ("document",),
    "standardize": ("mojibake", "zawgyi", "unicode"),
    "label": ("script", "lid", "signals"),
    "deduplicate": ("exact", "minhash", "verify"),
}
MAKING_STEPS: dict[str, tuple[str, ...]] = {
    "parse": DEFAULT_STEPS["parse"],
    "standardize": DEFAULT_STEPS["standardize"],
    "label": ("script", "lid"),
}
"""Steps of a recipe that makes records, where it names none."""


SIGNATURES = ("url_key", "exact", "minhash", "romanized", "pairs")
"""Steps of the deduplicate stage by which rows meet: hashes of one row, which no rule reads."""

MEETING = (*SIGNATURES, "semantic")
"""Steps of the deduplicate stage by which documents meet and become clusters."""

VERIFIERS = ("verify", "verify_romanized", "semantic")
"""Steps of the deduplicate stage that compare documents; they write no label."""

VECTORS = ("embedding", "embedding_given", "embedding_served", "sentence_embeddings")
"""Labels that are vectors, which no rule reads."""

ROW_LABELS = (*SIGNATURES, "contamination")
"""Steps of the deduplicate stage that are labels of one row; the others relate rows."""


class RecipeFile(_Closed):
    """A recipe as it is written: steps are names, or a name with parameters."""

    name: Name = Field("", description="Name of the corpus; by default the recipe's folder.")
    version: Version = Field(None, description="Version of the release (semantic versioning: 1.2.0); default: none.")
    acquire: list[Source] = Field(min_length=1, description="Where text comes from.")
    parse: list[Any] | None = Field(None, description="Steps that make text of what was read.")
    standardize: list[Any] | Literal[False] | None = Field(None, description="Steps that mend text; false: none.")
    label: list[Any] | None = Field(None, description="Steps that add a label each.")
    synthesize: list[Any] | None = Field(
        None, min_length=1, description="Steps that make records (weft synthesize); each may be there several times."
    )
    synthesis: Synthesis = Field(
        default_factory=Synthesis, description="Gates, balance, people and budget of what is made."
    )
    deduplicate: list[Any] | Literal[False] | None = Field(None, description="How duplicates are found; false: not.")
    construct: Construct = Field(default_factory=Construct)  # type: ignore[assignment]  # see the filter above
    services: dict[Name, Service] = Field(default_factory=dict, description="Model servers that steps ask, by name.")
    settings: Settings = Field(default_factory=Settings)
