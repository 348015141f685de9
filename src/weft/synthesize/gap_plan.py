"""A plan of what a collection has too little of: structures by language, how many texts, and what can be checked."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.synthesize.questions import MARKS, is_question

Language = Annotated[str, AfterValidator(normalise)]
_WITHOUT_SPACES = ("Thai", "Laoo", "Khmr", "Mymr", "Hans", "Hant", "Jpan", "Tibt")


class Target(BaseModel):
    """A structure that is too rare in a language, and how many texts of it are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="What records of it are tagged with.")
    language: Language = Field(description="Code of the language.")
    amount: int = Field(ge=1, description="Texts that are wanted.")
    words: tuple[int, int] | None = Field(None, description="Fewest and most words of a text.")
    domain: str | None = Field(None, description="What the text is about: health, farming, law.")
    construction: str | None = Field(None, description="Questions, negation, imperatives, in words that a model reads.")
    address: str | None = Field(None, description="Form of address or register, in words that a model reads.")
    question: bool | None = Field(None, description="True: it ends with a question mark; false: it has none.")
    any_of: tuple[str, ...] = Field((), description="Words of which one at least must be in the text.")
    none_of: tuple[str, ...] = Field((), description="Words of which none may be in the text.")

    @model_validator(mode="after")
    def _says_something(self) -> Target:
        if self.words is not None and not 1 <= self.words[0] <= self.words[1]:
            raise ValueError(f"words are {list(self.words)}; expected the fewest and the most")
        asked = (self.words, self.domain, self.construction, self.address, self.question)
        if all(one is None for one in asked) and not self.any_of and not self.none_of:
            raise ValueError("it names no structure; expected words, domain, construction, address, question or lists")
        return self

    def told(self) -> str:
        """What a text of it is, as a prompt lists it."""
        lines = []
        if self.words is not None:
            lines.append(f"has {self.words[0]} to {self.words[1]} words;")
        if self.domain is not None:
            lines.append(f"belongs to this domain: {self.domain};")
        if self.construction is not None:
            lines.append(f"uses this construction wherever it is natural, and once at least: {self.construction};")
        if self.address is not None:
            lines.append(f"keeps this form of address or register throughout: {self.address};")
        if self.question is not None:
            lines.append("ends with a question;" if self.question else "asks no question;")
        if self.any_of:
            lines.append(f"has one of these words at least, as they stand here: {', '.join(self.any_of)};")
        if self.none_of:
            lines.append(f"has none of these words: {', '.join(self.none_of)};")
        return "\n".join(f"- {line}" for line in lines)

    def missed(self, text: str, words: int) -> str | None:
        """What of all that can be checked a text of so many words is not; None where it fits."""
        if self.words is not None and not self.words[0] <= words <= self.words[1]:
            return f"{words} words; expected {self.words[0]} to {self.words[1]}"
        if self.question is True and not is_question(text, self.language):
            return "it does not end with a question mark"
        if self.question is False and any(mark in text for mark in MARKS):
            return "it has a question mark"
        if self.any_of and not any(has_word(text, word, self.language) for word in self.any_of):
            return f"it has none of {', '.join(self.any_of)}"
        found = next((word for word in self.none_of if has_word(text, word, self.language)), None)
        return None if found is None else f"it has {found}"


class Plan(BaseModel):
    """All targets, and how many documents of each language there are to draw from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: dict[Language, Annotated[int, Field(ge=1)]] = Field(description="Documents of each language.")
    targets: tuple[Target, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Plan:
        for target in self.targets:
            if target.language not in self.documents:
                raise ValueError(
                    f"{target.name}: documents says nothing of {target.language}; expected how many there are"
                )
        names = [(target.language, target.name) for target in self.targets]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice[1]} of {twice[0]} is named twice; expected one target of that name")
        return self


def read_plan(file: str) -> Plan:
    """The plan in a YAML or JSON file. Raises WeftError that names the file, the place and what was expected."""
    try:
        held = YAML(typ="safe").load(Path(file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WeftError(f"plan {file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except YAMLError as error:
        raise WeftError(f"plan {file}: not valid YAML: {str(error).splitlines()[0]}") from None
    try:
        return Plan.model_validate(held)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise WeftError(f"plan {file}, {place}: {fault['msg'].removeprefix('Value error, ')}") from None


def has_word(text: str, word: str, language: str) -> bool:
    """Whether a text has a word, whatever its case: as a whole word, but in scripts that put none apart anywhere."""
    held, wanted = text.casefold(), word.casefold()
    place = held.find(wanted)
    while place >= 0:
        end = place + len(wanted)
        if language.endswith(_WITHOUT_SPACES) or not (_letter(held[place - 1 : place]) or _letter(held[end : end + 1])):
            return True
        place = held.find(wanted, place + 1)
    return False


def _letter(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LMN"
