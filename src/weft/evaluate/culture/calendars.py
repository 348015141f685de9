"""Calendars with other months: year, month and day of a date.

Names are those of CLDR and BCP 47. All are by calculation (Reingold and Dershowitz, Calendrical Calculations, 2018;
Persian by the rule of 33 years, as ICU has it), so there is none here that goes by sightings of the moon or by tables
of a government, as those of Islam and of Nepal do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from weft.errors import WeftError


class Day(NamedTuple):
    """A day of a calendar; months and days begin at 1."""

    year: int
    month: int
    day: int


class Calendar(NamedTuple):
    """How many months a year has, and which day a date is."""

    months: int
    of: Callable[[date], Day]


_ETHIOPIC = date(8, 8, 27).toordinal()
"""The first day of the year 1: 29 August of the year 8 in the Julian calendar."""
_COPTIC = date(284, 8, 29).toordinal()
_PERSIAN = date(622, 3, 21).toordinal()
_PERSIAN_YEARS = range(1178, 1502)
"""Years in which the rule of 33 years begins the year with the equinox of Tehran: from 1799 to 2123."""


def _julian_like(first: int) -> Callable[[date], Day]:
    """Twelve months of 30 days and a last one of five, or of six in the third of four years."""

    def of(day: date) -> Day:
        since = day.toordinal() - first
        if since < 0:
            raise WeftError(f"date {day}: before the first year of the calendar")
        year = (4 * since + 1463) // 1461
        rest = since - 365 * (year - 1) - year // 4
        return Day(year, rest // 30 + 1, rest % 30 + 1)

    return of


def _persian(day: date) -> Day:
    """Six months of 31 days, five of 30 and a last one of 29 or 30."""
    year = day.year - 621
    if day.toordinal() < _persian_year(year):
        year -= 1
    if year not in _PERSIAN_YEARS:
        raise WeftError(f"date {day}: the Persian calendar is known from 1799 to 2123")
    rest = day.toordinal() - _persian_year(year)
    if rest < 186:
        return Day(year, rest // 31 + 1, rest % 31 + 1)
    return Day(year, (rest - 186) // 30 + 7, (rest - 186) % 30 + 1)


def _persian_year(year: int) -> int:
    return _PERSIAN + 365 * (year - 1) + (8 * year + 21) // 33


def _indian(day: date) -> Day:
    """India's national calendar: year 78 behind, from 22 March on, or 21 March where February has 29 days."""
    year = day.year
    first = date(year, 3, 21 if _leap(year) else 22).toordinal()
    if day.toordinal() < first:
        year -= 1
        first = date(year, 3, 21 if _leap(year) else 22).toordinal()
    lengths = (31 if _leap(year) else 30, 31, 31, 31, 31, 31, 30, 30, 30, 30, 30, 30)
    rest = day.toordinal() - first
    month = 0
    while rest >= lengths[month]:
        rest -= lengths[month]
        month += 1
    return Day(year - 78, month + 1, rest + 1)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _offset(years: int) -> Callable[[date], Day]:
    return lambda day: Day(day.year + years, day.month, day.day)


CALENDARS: Mapping[str, Calendar] = {
    "gregory": Calendar(12, _offset(0)),
    "buddhist": Calendar(12, _offset(543)),
    "roc": Calendar(12, _offset(-1911)),
    "ethiopic": Calendar(13, _julian_like(_ETHIOPIC)),
    "coptic": Calendar(13, _julian_like(_COPTIC)),
    "persian": Calendar(12, _persian),
    "indian": Calendar(12, _indian),
}
