"""Forms of places as people write them down: a YAML file of dates, numbers and units of each language or region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from weft.errors import WeftError
from weft.evaluate.culture.local_forms import DateForms, NumberForms, Unit
from weft.model.languages import normalises

OTHERS = DateForms(("yyyy-MM-dd", "d/M/yyyy", "M/d/yyyy"))
"""Dates of other places, where a file names none: what is none of a place's own is then wrong, and not absent."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Dates(_Part):
    patterns: list[str] = Field(min_length=1)
    months: list[str] = Field(default_factory=list)
    short: list[str] = Field(default_factory=list)
    year: int = 0
    zero: str = ""
    calendar: str = "gregory"

    def made(self) -> DateForms:
        names = tuple(self.months), tuple(self.short)
        return DateForms(tuple(self.patterns), *names, self.year, self.zero, self.calendar)


class _Numbers(_Part):
    group: str = ","
    decimal: str = "."
    sizes: list[int] = [3]
    grouped_from: int = 5
    zero: str = ""

    def made(self) -> NumberForms:
        return NumberForms(self.group, self.decimal, tuple(self.sizes), self.grouped_from, self.zero)


class _Unit(_Part):
    measures: str
    factor: float = Field(gt=0)
    names: list[str] = Field(min_length=1)
    local: bool


class _Place(_Part):
    dates: Annotated[list[_Dates], BeforeValidator(lambda given: [given] if isinstance(given, dict) else given)] = []
    other_dates: list[_Dates] = Field(default_factory=list)
    numbers: _Numbers | None = None
    units: dict[Annotated[str, Field(min_length=1)], _Unit] = Field(default_factory=dict)


@dataclass(frozen=True)
class PlaceForms:
    """What a place's own forms are; null: nothing is known of them."""

    dates: tuple[DateForms, ...]
    """Several where a place has two calendars; none: nothing is known."""
    other_dates: tuple[DateForms, ...]
    numbers: NumberForms | None
    units: Mapping[str, Unit]
    """By a name of their own, which items give."""


_FILE = TypeAdapter(dict[str, _Place])


def place_forms(file: str) -> Mapping[str, PlaceForms]:
    """The forms of each `language` or `language/REGION` of a YAML file.

    Raises WeftError for a file that is missing or not understood, and for patterns and forms that are none.
    """
    place = Path(file)
    try:
        held = _FILE.validate_python(YAML(typ="safe").load(place.read_text("utf-8")))
    except FileNotFoundError:
        raise WeftError(f"forms: no file {place.name}; expected a YAML file of dates, numbers and units") from None
    except RecursionError:
        raise WeftError(f"{place.name}: nested too deeply; expected dates, numbers and units by language") from None
    except (OSError, ValueError, YAMLError) as error:
        raise WeftError(f"{place.name}: {_told(error)}; expected dates, numbers and units by language") from None
    made = {}
    for given, one in held.items():
        language, mark, region = given.partition("/")
        code = normalises(language)
        if code is None:
            raise WeftError(f"{place.name}: {language!r} is no language that is known; expected a code")
        try:
            made[f"{code}{mark}{region}"] = PlaceForms(
                tuple(dates.made() for dates in one.dates),
                tuple(dates.made() for dates in one.other_dates) or (OTHERS,),
                one.numbers.made() if one.numbers else None,
                {name: Unit(u.measures, u.factor, tuple(u.names), u.local) for name, u in one.units.items()},
            )
        except WeftError as error:
            raise WeftError(f"{place.name}, {given}: {error}") from None
    return made


def of_place(forms: Mapping[str, PlaceForms], language: str, region: str | None) -> PlaceForms | None:
    """The forms of a region of a language, or of the language."""
    return forms.get(f"{language}/{region}") or forms.get(language)


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
