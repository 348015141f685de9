"""Days of calendars with other months. Facts are those of ICU, which agreed on every day from 1900 to 2100."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.evaluate.culture.calendars import CALENDARS
from weft.evaluate.culture.local_forms import DateForms, date_form
from weft.evaluate.culture.place_forms import place_forms

FORMS = """
amh_Ethi:
  dates:
    - {patterns: ["MMMM d፣ y"], calendar: ethiopic, months: [%s]}
    - {patterns: ["d/M/y"]}
"""
MONTHS = ("መስከረም", "ጥቅምት", "ኅዳር", "ታኅሣሥ", "ጥር", "የካቲት", "መጋቢት", "ሚያዝያ", "ግንቦት", "ሰኔ", "ሐምሌ", "ነሐሴ", "ጳጉሜን")


@pytest.mark.parametrize(
    ("calendar", "day", "wanted"),
    [
        ("ethiopic", "1900-01-01", (1892, 4, 23)), ("ethiopic", "2019-09-11", (2011, 13, 6)),
        ("ethiopic", "2019-09-12", (2012, 1, 1)), ("ethiopic", "2023-09-12", (2016, 1, 1)),
        ("ethiopic", "2024-09-10", (2016, 13, 5)), ("ethiopic", "2024-09-11", (2017, 1, 1)),
        ("coptic", "2019-09-12", (1736, 1, 1)), ("coptic", "2024-09-10", (1740, 13, 5)),
        ("persian", "2020-03-20", (1399, 1, 1)), ("persian", "2021-03-20", (1399, 12, 30)),
        ("persian", "2024-03-19", (1402, 12, 29)), ("persian", "2025-03-21", (1404, 1, 1)),
        ("indian", "2023-03-21", (1944, 12, 30)), ("indian", "2023-03-22", (1945, 1, 1)),
        ("indian", "2024-03-21", (1946, 1, 1)), ("buddhist", "2024-02-29", (2567, 2, 29)),
        ("roc", "2024-02-29", (113, 2, 29)), ("gregory", "2024-02-29", (2024, 2, 29)),
    ],
)  # fmt: skip
def test_days(calendar: str, day: str, wanted: tuple[int, int, int]) -> None:
    assert CALENDARS[calendar].of(date.fromisoformat(day)) == wanted


@pytest.mark.parametrize("calendar", CALENDARS)
def test_no_day_is_left_out_or_stands_twice(calendar: str) -> None:
    months, of = CALENDARS[calendar]
    last = of(date(1899, 12, 31))
    for since in range(366 * 101):
        now = of(date(1900, 1, 1) + timedelta(since))
        expected = {last._replace(day=last.day + 1)}
        if last.month < months:
            expected.add(last._replace(month=last.month + 1, day=1))
        else:
            expected.add(type(last)(last.year + 1, 1, 1))
        assert now in expected and 1 <= now.day <= 31
        last = now


def test_either_calendar_of_a_place_is_right(tmp_path: Path) -> None:
    file = tmp_path / "forms.yaml"
    file.write_text(FORMS % ", ".join(MONTHS), "utf-8")
    place = place_forms(str(file))["amh_Ethi"]

    def told(output: str) -> str:
        return date_form(output, date(2024, 9, 11), place.dates, place.other_dates)

    assert told("ስብሰባው መስከረም 1፣ 2017 ይካሄዳል") == "right"
    assert told("ስብሰባው 11/9/2024 ይካሄዳል") == "right"
    assert told("2024-09-11") == "wrong"
    # The Gregorian year with the month of the other calendar is no date.
    assert told("መስከረም 1፣ 2024") == "absent"


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"calendar ethopic: expected one of .*; did you mean ethiopic\?"):
        DateForms(("d",), calendar="ethopic")
    with pytest.raises(WeftError, match="12 months; expected 13"):
        DateForms(("d",), months=MONTHS[:12], calendar="ethiopic")
    with pytest.raises(WeftError, match="known from 1799 to 2123"):
        DateForms(("d",), calendar="persian").write(date(2200, 1, 1), "d")
    with pytest.raises(WeftError, match="before the first year"):
        DateForms(("d",), calendar="coptic").write(date(200, 1, 1), "d")
    file = tmp_path / "forms.yaml"
    file.write_text("amh: {dates: [{patterns: [d]}, {}]}")
    with pytest.raises(WeftError, match=r"amh\.dates\.1\.patterns: Field required"):
        place_forms(str(file))
