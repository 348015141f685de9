"""Check `local_forms`: whether dates, numbers and quantities stand as people of the place write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate.checks.adequacy import faults_of_gate, gated
from weft.evaluate.checks.contract import Check
from weft.evaluate.checks.wanted import column, regions, said, targets
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.culture.place_forms import PlaceForms
    from weft.evaluate.suite import Task

_ASKED = ("date", "number", "quantity")
_VERDICTS = ("right", "wrong", "absent")


def _faults(task: Task) -> Iterator[str]:
    if "forms" not in task.lists:
        yield "checks: local_forms: expected lists.forms, a YAML file of dates, numbers and units by language"
    if not any(name in task.columns.wanted for name in _ASKED):
        yield "checks: local_forms: expected columns.wanted with date, number, or quantity and unit"
    if ("quantity" in task.columns.wanted) != ("unit" in task.columns.wanted):
        yield "checks: local_forms: expected columns.wanted.quantity and columns.wanted.unit, both or none"
    yield from faults_of_gate(task, "local_forms")


def _lacking(task: Task, items: pl.DataFrame) -> list[str | None]:
    """Dates and numbers that are none, and units that the file does not have."""
    from weft.evaluate.culture.place_forms import of_place, place_forms

    forms = place_forms(task.lists["forms"])
    columns = (column(items, name) for name in (*_ASKED, "unit"))
    rows = zip(targets(items), regions(items), *columns, strict=True)
    return [
        _fault(of_place(forms, language, region), day, number, quantity, unit)
        for language, region, day, number, quantity, unit in rows
    ]


def _fault(
    place: PlaceForms | None, day: str | None, number: str | None, quantity: str | None, unit: str | None
) -> str | None:
    if day is not None and _date(day) is None:
        return f"date {day}: expected one such as 2024-03-31"
    if place is not None and (when := _date(day)) is not None:
        try:
            for forms in place.dates:
                forms.write(when, forms.patterns[0])
        except WeftError as error:
            return str(error)
    for name, given in (("number", number), ("quantity", quantity)):
        if given is not None and _number(given) is None:
            return f"{name} {given}: expected a number such as 12345.6"
    if place is not None and unit is not None and unit not in place.units:
        known = ", ".join(place.units) or "none"
        return f"unit {unit}: the forms of its place have {known}{nearest(unit, place.units)}"
    return None


def _local(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Shares of dates, numbers and quantities that are in a local form, in another one (`wrong`), or not there."""
    from weft.evaluate.culture.place_forms import of_place, place_forms

    forms = place_forms(task.lists["forms"])
    sums = np.zeros((len(_ASKED), len(_VERDICTS), items.height, 2))
    columns = (column(items, name) for name in (*_ASKED, "unit"))
    rows = zip(said(texts), targets(items), regions(items), *columns, strict=True)
    for row, (text, language, region, *wanted) in enumerate(rows):
        place = of_place(forms, language, region)
        if text is None or place is None:
            continue
        for kind, verdict in enumerate(_verdicts(text, place, *wanted)):
            if verdict is not None:
                sums[kind, :, row, 1] = 1
                sums[kind, _VERDICTS.index(verdict), row, 0] = 1
    whole = sums.sum(axis=0)
    parts = {f"local_{name}": sums[kind, 0] for kind, name in enumerate(("dates", "numbers", "units"))}
    return gated(task, items, texts, "local_forms", whole[0]) | counts(
        {"local_forms_wrong": whole[1], "local_forms_absent": whole[2], **parts}
    )


def _verdicts(
    text: str, place: PlaceForms, day: str | None, number: str | None, quantity: str | None, unit: str | None
) -> list[str | None]:
    """Of the date, the number and the quantity; None of what is not wanted or of which the place has no forms."""
    from weft.evaluate.culture.local_forms import date_form, number_form, unit_form

    found: list[str | None] = [None, None, None]
    if place.dates and (when := _date(day)) is not None:
        found[0] = date_form(text, when, place.dates, place.other_dates)
    if place.numbers is not None and (value := _number(number)) is not None:
        found[1] = number_form(text, value, place.numbers)
    if unit is not None and unit in place.units and (value := _number(quantity)) is not None:
        found[2] = unit_form(text, float(value), place.units[unit], list(place.units.values()))
    return found


def _date(given: str | None) -> date | None:
    try:
        return None if given is None else date.fromisoformat(given.strip())
    except ValueError:
        return None


def _number(given: str | None) -> Decimal | None:
    try:
        value = None if given is None else Decimal(given.strip())
    except InvalidOperation:
        return None
    if value is None or not value.is_finite():
        return None
    # A column that has a fraction somewhere makes 12345.0 of 12345.
    return value.to_integral_value() if value == value.to_integral_value() else value


CHECK = Check("local_forms", _local, _faults, _lacking)
