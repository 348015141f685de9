"""Dates, numbers and measures in the forms of a place: its order, names, digits, separators and units, given as data.

Patterns are those of CLDR (Unicode Technical Standard 35, part 4), of which d, M and y are known. Three answers: the
local form is there, the same date or quantity in another form is, or it is not there at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from weft.errors import WeftError, nearest
from weft.evaluate.culture.calendars import CALENDARS, Day
from weft.evaluate.culture.wording import normal, occurrences, phrase, read
from weft.evaluate.numbers import numbers

Verdict = Literal["right", "wrong", "absent"]
SCORES = {"right": 1.0, "wrong": 0.0}
"""The `value` of a verdict; what is absent has none, and is counted apart."""
_FIELD = re.compile(r"'([^']*)'|(d{1,2}|M{1,4}|y{1,4})|([^'dMy]+)")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class DateForms:
    """How a place writes dates.

    `patterns` of CLDR: d dd M MM MMM MMMM y yy yyyy, text between apostrophes. `months` are the names of all months of
    the `calendar`, `short` as many for MMM. `year` is added to the year. `zero` is the digit 0 that has to be used, any
    digits without it.
    """

    patterns: tuple[str, ...]
    months: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    year: int = 0
    zero: str = ""
    calendar: str = "gregory"

    def __post_init__(self) -> None:
        if self.calendar not in CALENDARS:
            known = ", ".join(CALENDARS)
            raise WeftError(
                f"calendar {self.calendar}: expected one of {known}{nearest(self.calendar, tuple(CALENDARS))}"
            )
        months = CALENDARS[self.calendar].months
        for name, held in (("months", self.months), ("short months", self.short)):
            if held and len(held) != months:
                raise WeftError(f"date forms: {len(held)} {name}; expected {months}")
        for pattern in self.patterns:
            self.write(date(2000, 1, 1), pattern)

    def write(self, day: date, pattern: str) -> str:
        """A date as a pattern has it, in the digits 0 to 9.

        Raises WeftError for what the pattern cannot have, and for dates that the calendar has not.
        """
        local, out, at = CALENDARS[self.calendar].of(day), [], 0
        for found in _FIELD.finditer(pattern):
            if found.start() != at:
                break
            at = found.end()
            quoted, letters, between = found.groups()
            out.append(self._field(local, letters) if letters else (quoted or "'") if quoted is not None else between)
        if at != len(pattern) or not pattern:
            raise WeftError(
                f"date pattern {pattern!r}: not understood at character {at + 1}; expected d, M, y and text"
            )
        return "".join(out)

    def _field(self, day: Day, letters: str) -> str:
        if letters[0] == "y":
            year = day.year + self.year
            return f"{year % 100:02}" if len(letters) == 2 else f"{year:0{len(letters)}}"
        number = day.day if letters[0] == "d" else day.month
        if len(letters) < 3:
            return f"{number:0{len(letters)}}"
        held = self.months if len(letters) == 4 else self.short
        if not held:
            raise WeftError(f"date forms: {letters} in a pattern, and no names of months for it; expected "
                            f"{CALENDARS[self.calendar].months}")  # fmt: skip
        return held[number - 1]


def date_form(
    output: str, day: date, local: DateForms | Sequence[DateForms], others: Sequence[DateForms] = ()
) -> Verdict:
    """How an output has a date: in a local form, in one of `others` (or in other digits), or not at all.

    `local` are several where a place writes dates of two calendars, or in two scripts' digits.
    """
    found = False
    for forms in (local,) if isinstance(local, DateForms) else local:
        if any(_stands(output, forms.write(day, pattern)) for pattern in forms.patterns):
            if _digits_of(output, forms.zero):
                return "right"
            found = True
    strange = any(_stands(output, forms.write(day, one)) for forms in others for one in forms.patterns)
    return "wrong" if found or strange else "absent"


@dataclass(frozen=True)
class NumberForms:
    """How a place writes numbers: signs between groups and before decimals, sizes of groups from the right.

    `sizes` are (3,), or (3, 2) of South Asia: the last one repeats. A whole part of fewer than `grouped_from` digits
    may stand without groups. `zero` as in `DateForms`.
    """

    group: str = ","
    decimal: str = "."
    sizes: tuple[int, ...] = (3,)
    grouped_from: int = 5
    zero: str = ""

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1 or self.group == self.decimal or not self.decimal:
            raise WeftError(f"number forms: groups {self.group!r} of {self.sizes}, decimals {self.decimal!r}; expected "
                            "two signs that differ, and sizes from 1 on")  # fmt: skip

    def write(self, value: Decimal) -> tuple[str, ...]:
        """The forms that a number may have, in the digits 0 to 9."""
        sign, whole, decimals = _parts(value)
        groups, rest, place = list[str](), whole, 0
        while rest:
            size = self.sizes[min(place, len(self.sizes) - 1)]
            groups.insert(0, rest[-size:])
            rest, place = rest[:-size], place + 1
        tail = self.decimal + decimals if decimals else ""
        made = [sign + self.group.join(groups) + tail]
        if len(whole) < self.grouped_from:
            made.append(sign + whole + tail)
        return tuple(dict.fromkeys(made))


def number_form(output: str, value: Decimal, local: NumberForms) -> Verdict:
    """How an output has a number: in a local form, in another one, or not at all."""
    found = any(_stands(output, form) for form in local.write(value))
    if found and _digits_of(output, local.zero):
        return "right"
    return "wrong" if found or any(value in one for one in numbers(output)) else "absent"


@dataclass(frozen=True)
class Unit:
    """A unit: what it measures, how many of the first unit of that it is, its names, and whether the place uses it."""

    measures: str
    factor: float
    names: tuple[str, ...]
    local: bool


def unit_form(output: str, value: float, unit: Unit, units: Sequence[Unit], *, tolerance: float = 0.05) -> Verdict:
    """How an output has a quantity: in a local unit with the right number, in another one or a wrong number, or not.

    `units` are all that are known, in the language of the output. A number stands before its unit or after it. The
    `tolerance` is a share of the quantity: people round what they convert.
    """
    wanted, held = value * unit.factor, read([output])[0]
    verdict: Verdict = "absent"
    for one in units:
        if one.measures != unit.measures:
            continue
        for name in one.names:
            for start, stop in occurrences(phrase(name).text.strip(), held):
                said = _beside(held.text, start, stop)
                if not said:
                    continue
                near = any(abs(float(n) * one.factor - wanted) <= tolerance * abs(wanted) for n in said)
                if near and one.local:
                    return "right"
                verdict = "wrong"
    return verdict


_BEFORE = re.compile(r"(?<![\d.,])[-+\u2212]?\d[\d.,\s]*$")
_AFTER = re.compile(r"^\s*[:=]?\s*([-+\u2212]?\d[\d.,]*)")


def _beside(text: str, start: int, stop: int) -> frozenset[Decimal]:
    """What the number that stands beside a unit may mean; nothing where the unit is part of a word."""
    before, after = text[:start], text[stop:]
    if (after and after[0].isalpha()) or (before and before[-1].isalpha()):
        return frozenset()
    found = _BEFORE.search(before)
    piece = found.group() if found else (led.group(1) if (led := _AFTER.match(after)) else "")
    read_as = numbers(piece)
    return read_as[-1] if read_as else frozenset()


def _parts(value: Decimal) -> tuple[str, str, str]:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise WeftError(f"number {value}; expected one that is finite")
    text = format(abs(value), "f")
    whole, _, decimals = text.partition(".")
    return "-" if sign and any(digits) else "", whole, decimals


def _stands(output: str, form: str) -> bool:
    """Whether a form is in an output with no further digit beside it; runs of space are one."""
    text, wanted = (_SPACES.sub(" ", normal(one)).strip() for one in (output, form))
    at = text.find(wanted)
    while at >= 0:
        before, after = text[max(at - 2, 0) : at], text[at + len(wanted) : at + len(wanted) + 2]
        # 1,234 is not in 51,234 nor in 1,234.5 or 1,234,567.
        open_left = wanted[:1].isdigit() and bool(re.search(r"\d[.,]?$", before))
        open_right = wanted[-1:].isdigit() and bool(re.match(r"[.,]?\d", after))
        if not open_left and not open_right:
            return True
        at = text.find(wanted, at + 1)
    return False


def _digits_of(output: str, zero: str) -> bool:
    """Whether all digits of a text are of the script of `zero`; any do without one."""
    if not zero:
        return True
    return all(ord(c) - int(unicodedata.decimal(c)) == ord(zero) for c in output if c.isdecimal())
