"""Checks of culture in a suite: registers, names, local forms, what is of a region; gated by adequacy, and not.

Sentences and lists were written for these tests and are not reviewed by native speakers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.evaluate.conftest import Write

from weft.errors import WeftError
from weft.evaluate.comparison import compare
from weft.evaluate.exchange.parts import Left, parts
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.running import Run, Settings, evaluate, save
from weft.evaluate.suite import load
from weft.statistics.proportions import wilson

ABOUT = """suite: manners
version: 1
tasks:
  letter:
    level: culture
    skill: manners
    files: letters.jsonl
"""
TRANSLATE = """    kind: translate
    pivot: eng_Latn
    directions: [from_pivot]
    prompt: "Translate: {source}"
    adequate: 30
    columns: {id: id, language: language, source: english, references: [german],
      slices: {region: region}, wanted: WANTED}
"""
GENERATE = """    kind: generate
    prompt: "{english}"
    columns: {id: id, language: language, answer: german, slices: {region: region}, wanted: WANTED}
"""
ROWS = [
    {"id": "a", "english": "Will you come, Anna Petrova?", "german": "Kommen Sie, Anna Petrova?", "level": "formal"},
    {"id": "b", "english": "Will you come?", "german": "Kommen Sie?", "level": "formal"},
    {"id": "c", "english": "It is raining.", "german": "Es regnet.", "level": None},
    {"id": "d", "english": "Where are you?", "german": "Wo bist du?", "level": "familiar"},
    {
        "id": "e",
        "english": "Do you know it, Wojciech?",
        "german": "Kennst du es, Wojciech?",
        "level": "familiar|formal",
    },
]
MARKERS = "language,marker,level\ndeu,Sie,formal\ndeu,Ihnen,formal\ndeu,du,familiar\ndeu,dich,familiar\n"
REGISTER = "    checks: [register]\n    lists: {markers: markers.csv}\n"


def _data(write: Write, rows: list[dict[str, Any]]) -> None:
    lines = [{"language": "deu_Latn", "region": "AT", **row} for row in rows]
    write("letters.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines))


def _suite(of_kind: str, wanted: str, checks: str) -> str:
    return ABOUT + of_kind.replace("WANTED", wanted) + checks


def _run(write: Write, folder: Path, suite: str, outputs: dict[str, str]) -> Run:
    lines = [json.dumps({"item": item, "output": text}, ensure_ascii=False) for item, text in outputs.items()]
    file = write("outputs.jsonl", "\n".join(lines) + "\n")
    return evaluate(load(str(write("suite.yaml", suite)))[0], Outputs(file), Settings(folder, samples=200), _quiet)


def _quiet(*_: Any) -> None:
    pass


def _values(run: Run) -> dict[str, float]:
    return {one.metric: one.value for one in run.scores if one.slice is None}


def test_a_register_is_right_wrong_or_absent_and_counts_where_the_translation_does(
    write: Write, tmp_path: Path
) -> None:
    _data(write, ROWS)
    write("markers.csv", MARKERS)
    said = {"a": "Kommst du, Anna Petrova?", "b": "Wird gekommen?", "c": "Sie regnen.", "d": "Bist du du du?"}
    said["e"] = "Kennen Sie es, Wojciech?"
    run = _run(write, tmp_path, _suite(TRANSLATE, "{register: level}", REGISTER), said)
    held = {one.metric: one for one in run.scores if one.slice is None}
    # c wants none; a has the other level, b neither, d and e the wanted one.
    assert held["register"].items == 4
    assert _values(run)["register"] == 0.5
    assert (held["register"].low, held["register"].high) == wilson(2, 4)
    assert (held["register_wrong"].value, held["register_absent"].value) == (0.25, 0.25)
    assert not held["register_wrong"].higher_is_better
    adequate = held["register_adequate"].value
    assert 0 < held["register_gated"].value <= min(held["register"].value, adequate) < 1
    by_region = {one.slice for one in run.scores if one.metric == "register_gated"}
    assert by_region == {None, "region=AT"}


def test_what_is_polite_and_no_translation_is_worth_nothing(write: Write, tmp_path: Path) -> None:
    _data(write, ROWS)
    write("markers.csv", MARKERS)
    polite = {row["id"]: "Sie" if "formal" in str(row["level"]) else "du" for row in ROWS}
    values = _values(_run(write, tmp_path, _suite(TRANSLATE, "{register: level}", REGISTER), polite))
    assert (values["register"], values["register_gated"], values["register_adequate"]) == (1.0, 0.0, 0.0)


def test_an_answer_without_a_threshold_is_not_gated(write: Write, tmp_path: Path) -> None:
    _data(write, ROWS)
    write("markers.csv", MARKERS)
    suite = _suite(GENERATE, "{register: level}", REGISTER)
    values = _values(_run(write, tmp_path, suite, {"a": "<think>du du</think>Kommen Sie?"}))
    assert values["register"] == 1.0 and "register_gated" not in values
    gated = _values(_run(write, tmp_path, suite + "    adequate: 30\n", {"a": "Kommen Sie, Anna Petrova?"}))
    assert gated["register_gated"] == 1.0


def test_no_taboo_and_the_right_register_are_one_score_gated_and_not(write: Write, tmp_path: Path) -> None:
    _data(write, ROWS)
    write("markers.csv", MARKERS)
    write("taboos.csv", "language,forbidden\ndeu,Anna\n")
    checks = "    checks: [taboos, register]\n    lists: {markers: markers.csv, taboos: taboos.csv}\n"
    said = {
        "a": "Kommen Sie, Anna Petrova?",
        "b": "Kommen Sie?",
        "c": "Es regnet.",
        "d": "du",
        "e": "Kennst es, Wojciech?",
    }
    run = _run(write, tmp_path, _suite(TRANSLATE, "{register: level}", checks), said)
    rows = run.outcomes["letter"]

    def values(name: str) -> list[float | None]:
        return rows[f"measure.{name}"].list.first().to_list()

    # a has a taboo, c wants no register, d is no translation, e has no marker.
    assert values("culture") == [0, 1, 1, 1, 0]
    assert values("culture_gated") == [0, 1, 1, 0, 0]
    assert values("culture_adequate") == [1, 1, 1, 0, 1]
    assert _values(run)["culture"] == 0.6 and _values(run)["culture_gated"] == 0.4
    alone = _run(write, tmp_path, _suite(TRANSLATE, "{register: level}", REGISTER), said)
    assert "culture" not in _values(alone)


def test_a_level_that_a_language_has_not_costs_its_row(write: Write, tmp_path: Path) -> None:
    _data(write, [*ROWS, {"id": "f", "english": "x", "german": "y", "level": "formel"}])
    write("markers.csv", MARKERS)
    run = _run(write, tmp_path, _suite(TRANSLATE, "{register: level}", REGISTER), {"a": "Kommen Sie?"})
    (lost,) = run.lost
    assert lost["rows"] == 1
    assert "item f: register formel: deu_Latn has none; expected one of formal, familiar" in lost["first"]
    assert "did you mean formal" in lost["first"]


def test_names_of_a_column_and_of_a_list(write: Write, tmp_path: Path) -> None:
    rows = [row | {"names": ["Anna", "Wojciech" if row["id"] == "e" else "Petrova"]} for row in ROWS[::4]]
    _data(write, rows)
    checks = "    checks: [names]\n"
    said = {"a": "Kommen Sie, Anna?", "e": "Kennst du es, Adalbert?"}
    run = _run(write, tmp_path, _suite(TRANSLATE, "{names: names}", checks), said)
    held = {one.metric: one for one in run.scores if one.slice is None}
    # Anna is in no reference of e, so that it is not asked for there: one of Anna, Petrova, Wojciech is found.
    assert held["names"].value == pytest.approx(1 / 3)
    write("names.csv", "language,name,accepted\ndeu,Wojciech,Voytek | Adalbert\ndeu,Anna,Anna\n")
    listed = checks + "    lists: {names: names.csv}\n"
    run = _run(write, tmp_path, _suite(TRANSLATE, "{}", listed), said)
    values = _values(run)
    assert values["names"] == 1.0 and values["names_gated"] <= 1.0
    assert {one.metric: one.items for one in run.scores if one.slice is None}["names"] == 2


FORMS = """deu:
  dates: {patterns: [d. MMMM y, dd.MM.yyyy], months: [Januar, Februar, März, April, Mai, Juni, Juli, August, September,
    Oktober, November, Dezember]}
  numbers: {group: ".", decimal: ","}
  units:
    mile: {measures: length, factor: 1609.344, names: [Meile, Meilen], local: false}
    kilometre: {measures: length, factor: 1000, names: [km, Kilometer], local: true}
deu/CH:
  numbers: {group: "’", decimal: "."}
"""
PLACED = """    checks: [local_forms]
    lists: {forms: forms.yaml}
"""
WANTED = "{date: day, number: count, quantity: far, unit: of}"


def test_dates_numbers_and_units_are_those_of_the_place(write: Write, tmp_path: Path) -> None:
    empty = {"day": None, "count": None, "far": None, "of": None}
    rows = [
        {"id": "a", "day": "2024-03-31"},
        {"id": "b", "day": "2024-03-31"},
        {"id": "c", "count": 1234567},
        {"id": "d", "count": 1234567, "region": "CH"},
        {"id": "e", "far": 10, "of": "mile"},
        {"id": "f", "far": 10, "of": "mile"},
        {"id": "g", "day": "31.3.2024"},
        {"id": "h", "far": 10, "of": "milee"},
    ]
    _data(write, [empty | {"english": "x", "german": "y"} | row for row in rows])
    write("forms.yaml", FORMS)
    said = {"a": "am 31. März 2024", "b": "am 3/31/2024", "c": "1.234.567 Leute", "d": "1.234.567 Leute"}
    said |= {"e": "16 km", "f": "weit"}
    run = _run(write, tmp_path, _suite(GENERATE, WANTED, PLACED), said)
    assert run.lost[0]["rows"] == 2
    assert "item g: date 31.3.2024: expected one such as 2024-03-31" in run.lost[0]["first"]
    held = {one.metric: one for one in run.scores if one.slice is None}
    assert (held["local_dates"].value, held["local_numbers"].value, held["local_units"].value) == (0.5, 0.5, 0.5)
    assert held["local_forms"].value == 0.5
    assert held["local_forms_wrong"].value == pytest.approx(2 / 6)
    assert held["local_forms_absent"].value == pytest.approx(1 / 6)


SALIENT = "    checks: [salience]\n    lists: {salient: salient.csv}\n    endings: 2\n"


def test_what_is_of_a_region(write: Write, tmp_path: Path) -> None:
    rows = [{"id": "a"}, {"id": "b", "region": "CH"}, {"id": "c", "region": "DE"}, {"id": "d"}]
    _data(write, [{"english": "Was isst man?", "german": "y"} | row for row in rows])
    write("salient.csv", "language,term,region,salience\ndeu,Kaiserschmarrn,AT,3\ndeu,Rösti,CH,1\ndeu,Brot,AT,0\n")
    said = {"a": "Kaiserschmarrn und Rösti", "b": "Kaiserschmarrn", "c": "Rösti", "d": "Brot"}
    run = _run(write, tmp_path, _suite(GENERATE, "{}", SALIENT), said)
    rows_of = run.outcomes["letter"]
    assert rows_of["measure.of_region"].to_list() == [[0.75, 1.0], [0.0, 1.0], None, None]
    assert rows_of["measure.names_region"].to_list() == [[1.0, 1.0], [0.0, 1.0], None, [0.0, 1.0]]
    by_region = {one.slice: one.value for one in run.scores if one.metric == "of_region"}
    assert by_region == {None: 0.375, "region=AT": 0.75, "region=CH": 0.0}


def test_salience_is_made_of_counts_where_it_is_not_given(write: Write, tmp_path: Path) -> None:
    _data(write, [{"id": "a", "english": "x", "german": "y"}])
    table = "language,term,region,count,popularity\n"
    write("salient.csv", table + "deu,Rösti,CH,9,1\ndeu,Rösti,AT,1,1\ndeu,Sachertorte,AT,9,5\ndeu,Brot,CH,9,9\n")
    run = _run(write, tmp_path, _suite(GENERATE, "{}", SALIENT), {"a": "Sachertorte"})
    assert _values(run)["of_region"] == 1.0
    write("salient.csv", "language,term,region\ndeu,Rösti,CH\n")
    run = _run(write, tmp_path, _suite(GENERATE, "{}", SALIENT), {"a": "Sachertorte"})
    assert [(one.reason, one.detail) for one in run.not_run] == [
        ("broken_list", "salient.csv: no column count; expected salience, or count and popularity")
    ]


def test_other_harnesses_get_the_items_and_hear_what_is_left(write: Write, tmp_path: Path) -> None:
    _data(write, [*ROWS, {"id": "f", "english": "x", "german": "y", "level": "formel"}])
    write("data/markers.csv", MARKERS)
    write("data/letters.jsonl", (tmp_path / "letters.jsonl").read_text("utf-8"))
    suite, _ = load(str(write("suite.yaml", _suite(TRANSLATE, "{register: level}", REGISTER))))
    left = Left()
    (part,) = parts(suite, Settings(tmp_path / "data"), left)
    assert part.items["item"].to_list() == ["a", "b", "c", "d", "e"]
    told = {row["what"]: row["why"] for row in left.rows}
    assert "item f: register formel" in told["1 row of deu_Latn"] and "check register" in told


@pytest.mark.parametrize(
    ("forms", "said"),
    [
        ("deu:\n  dates: {patterns: [d. MMMM]}\n", "deu: date forms: MMMM in a pattern, and no names of months"),
        ("xx-none:\n  dates: {patterns: [d]}\n", "'xx-none' is no language that is known"),
        ("deu:\n  date: {patterns: [d]}\n", "deu.date: Extra inputs are not permitted"),
        ("deu: [\n", "expected dates, numbers and units by language"),
    ],
)
def test_forms_that_are_none_cost_their_task(write: Write, tmp_path: Path, forms: str, said: str) -> None:
    _data(write, [{"id": "a", "english": "x", "german": "y", "day": None}])
    write("forms.yaml", forms)
    run = _run(write, tmp_path, _suite(GENERATE, "{date: day}", PLACED), {"a": "x"})
    ((reason, detail),) = [(one.reason, one.detail) for one in run.not_run]
    assert reason == "broken_list" and detail.startswith("forms.yaml") and said in detail


@pytest.mark.parametrize(
    ("suite", "said"),
    [
        (_suite(TRANSLATE, "{}", REGISTER), "expected columns.wanted.register"),
        (_suite(TRANSLATE, "{register: level}", "    checks: [register]\n"), "expected lists.markers"),
        (
            _suite(TRANSLATE.replace("    adequate: 30\n", ""), "{register: level}", REGISTER),
            "translations need adequate",
        ),
        (_suite(GENERATE, "{quantity: far}", PLACED), "columns.wanted.quantity and columns.wanted.unit, both or none"),
        (_suite(GENERATE, "{}", PLACED), "expected columns.wanted with date, number, or quantity and unit"),
        (_suite(GENERATE, "{}", "    checks: [names]\n"), "expected lists.names"),
        (_suite(GENERATE.replace("slices: {region: region}, ", ""), "{}", SALIENT), "expected columns.slices.region"),
        (
            _suite(
                GENERATE.replace("kind: generate", "kind: respond"), "{register: level}", REGISTER + "    adequate: 9\n"
            )
            .replace("answer: german, ", "")
            .replace("checks: [register]", "checks: [register, language]\n    metrics: [in_language]"),
            "adequate: of translate and generate alone",
        ),
    ],
)
def test_a_check_says_what_it_needs(write: Write, suite: str, said: str) -> None:
    with pytest.raises(WeftError) as caught:
        load(str(write("suite.yaml", suite)))
    assert said in str(caught.value)


def test_two_models_are_compared_by_every_share_of_a_check(write: Write, tmp_path: Path) -> None:
    _data(write, ROWS)
    write("markers.csv", MARKERS)
    suite = _suite(TRANSLATE, "{register: level}", REGISTER)
    references = {row["id"]: row["german"] for row in ROWS}
    for name, said in (("good", references), ("polite", {item: "Sie du" for item in references})):
        save(_run(write, tmp_path, suite, said), tmp_path / name)
    rows = compare(tmp_path / "polite", tmp_path / "good", samples=200, every=True)["differences"]
    by_metric = {row["metric"]: row for row in rows}
    assert by_metric["register_gated"]["first"] == 0.0 and by_metric["register_gated"]["second"] == 1.0
    assert by_metric["register_gated"]["items"] == 4
