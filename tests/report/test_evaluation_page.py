"""The page of an evaluation: complete, safe against what models write, and without zeros for what was not run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from weft.cli.application import application
from weft.evaluate.models.contract import Tell
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.reading_runs import read_scores
from weft.evaluate.running import Settings, evaluate, save
from weft.evaluate.suite import load
from weft.report.evaluation_page import write
from weft.report.evaluation_parts import scores
from weft.report.evaluation_samples import _spread, _text

from .tags import Tags

QUIET: Tell = lambda what, done, total: None  # noqa: E731
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e'
SUITE = """suite: small
version: 3
tasks:
  topic:
    kind: choice
    level: language
    skill: topic
    files: "topic/{language}.jsonl"
    columns: {answer: topic, slices: {topic: topic}}
    choices: [travel, health]
    prompt: "{text}\\nThe topic is:\\n{choices}"
    by: answer
    consistent: true
  news:
    kind: translate
    level: domain
    skill: translation
    domain: news
    files: "news/{language}.jsonl"
    columns: {id: id, text: text}
    pivot: eng_Latn
    directions: [from_pivot]
    prompt: "Into {target_language}: {source}"
composites:
  both: {weights: {topic: 1, news: 3}}
"""
TEXTS = {"swh_Latn": "Safari ya treni", "arb_Arab": "رحلة بالقطار", "amh_Ethi": "የባቡር ጉዞ"}


def _jsonl(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return file


def _run(folder: Path, name: str, right: float, tasks: frozenset[str] | None = None) -> Path:
    """A run of two tasks: topics in two languages of three, and translations into Arabic that are hostile."""
    answers = []
    for code, text in TEXTS.items():
        rows = [{"id": n, "text": f"{text} {n}", "topic": ("travel", "health")[n % 2]} for n in range(80)]
        _jsonl(folder / f"topic/{code}.jsonl", rows)
        for n in range(80):
            said = "AB"[n % 2] if n < right * 80 else "AB"[1 - n % 2]
            answers.append({"task": "topic", "language": code, "item": str(n), "output": said})
    (folder / "topic/amh_Ethi.jsonl").write_text("{broken\n", "utf-8")
    for code, text in (("eng_Latn", "A journey"), ("arb_Arab", TEXTS["arb_Arab"])):
        _jsonl(folder / f"news/{code}.jsonl", [{"id": n, "text": f"{text} {n}"} for n in range(8)])
    answers += [
        {"task": "news", "language": "arb_Arab", "item": str(n), "output": HOSTILE if n == 3 else f"رحلة {n}"}
        for n in range(8)
    ]
    model = Outputs(_jsonl(folder / f"{name}.jsonl", answers))
    (folder / "suite.yaml").write_text(SUITE, "utf-8")
    run = evaluate(load(str(folder / "suite.yaml"))[0], model, Settings(folder, tasks, samples=200), QUIET)
    save(run, folder / name)
    return folder / name


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("evaluation")
    return _run(folder, "first", 0.5), _run(folder, "second", 1.0)


@pytest.fixture(scope="module")
def page(runs: tuple[Path, Path]) -> str:
    return write(runs[0], runs[1])[0].read_text("utf-8")


def _section(page: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}">.*?</section>', page, re.DOTALL)
    assert found is not None, anchor
    return found.group()


def test_the_page_has_its_parts_and_takes_nothing_from_elsewhere(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    ids = {attributes["id"] for _, attributes in tags.seen if attributes.get("id")}
    links = {str(attributes["href"]).removeprefix("#") for tag, attributes in tags.seen if tag == "a"}
    expected = {"heat", "means", "composites", "differences", "consistency", "slices", "samples", "not_run", "scores"}
    assert links == expected and expected <= ids
    assert not [tag for tag, held in tags.seen if held.get("src") or tag == "link"]
    assert not re.search(r"https?://|url\(|@import", page)
    assert "small" in page and "version 3" in page


def test_what_a_model_wrote_is_text(page: str) -> None:
    assert HOSTILE not in page and "<img" not in page
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in _section(page, "samples")


def test_what_was_not_run_is_hatched_and_no_zero(page: str) -> None:
    heat = _section(page, "heat")
    rows = {code: row for code, row in re.findall(r'<tr data-name="(\w+) [^"]*">(.*?)</tr>', heat)}
    assert set(rows) == set(TEXTS)
    assert rows["amh_Ethi"].count("<td class=none") == 2 and "0.000" not in rows["amh_Ethi"]
    assert re.search(r'<td class=none title="[^"]*broken[^"]*">', rows["amh_Ethi"])
    assert rows["swh_Latn"].count("<td class=none") == 1
    # Half of the answers to two choices is chance: the palest of all.
    assert re.search(r'<td class="h0" title="0.500 \(0.3\d\d to 0.6\d\d\), 80 items">0.500</td>', rows["swh_Latn"])
    assert "broken" in _section(page, "not_run")


def test_a_composite_has_its_parts(page: str) -> None:
    rows = re.findall(r"<tr><td>(.*?)</tr>", _section(page, "composites"))
    (swahili,) = [row for row in rows if row.startswith("Swahili")]
    assert "not run" in swahili and "0.000" in swahili
    assert "news × 3" in page


def test_samples_stand_in_the_direction_of_their_language(page: str) -> None:
    samples = _section(page, "samples")
    assert re.search(r'<dt>right</dt><dd><div class="sample" lang="ar[^"]*" dir="rtl">رحلة بالقطار', samples)
    assert re.search(r'<dt>asked</dt><dd><div class="sample" dir="auto">', samples)


def test_an_answer_in_another_script_has_the_direction_of_its_own_letters() -> None:
    assert 'dir="ltr"' in _text("The answer is (A).", "arb_Arab")
    assert 'dir="rtl"' in _text("COVID-19 الجواب هو الأول", "arb_Arab")
    assert 'dir="rtl"' in _text("(1)", "arb_Arab") and 'dir="ltr"' in _text("(1)", "swh_Latn")


def test_samples_are_of_each_script_first() -> None:
    codes = ["swh_Latn", "hau_Latn", "yor_Latn", "ibo_Latn", "lug_Latn", "wol_Latn", "ful_Latn", "arb_Arab", "amh_Ethi"]
    assert _spread(codes) == ["swh_Latn", "hau_Latn", "yor_Latn", "ibo_Latn", "arb_Arab", "amh_Ethi"]


def test_differences_have_means_first_and_say_which_is_better(runs: tuple[Path, Path], page: str) -> None:
    differences = _section(page, "differences")
    assert differences.index("mean of 2 languages") < differences.index("Swahili")
    assert 'class="worse"' in differences and 'class="better"' not in differences
    _, figures = write(runs[1], runs[0])
    assert [row["value"] for row in figures["differences"]["means"]] == [0.5]


def test_the_same_run_makes_the_same_page(runs: tuple[Path, Path], page: str) -> None:
    assert write(runs[0], runs[1])[0].read_text("utf-8") == page


def test_alone_a_run_has_no_differences(runs: tuple[Path, Path]) -> None:
    file, figures = write(runs[1])
    page = file.read_text("utf-8")
    assert 'id="differences"' not in page and figures["differences"] is None
    assert json.loads((file.parent / "evaluation.json").read_text("utf-8")) == figures


def test_a_run_of_which_nothing_ran(tmp_path: Path) -> None:
    _run(tmp_path, "first", 1.0)
    (tmp_path / "first/scores.json").unlink()
    for file in (tmp_path / "topic").iterdir():
        file.write_text("{broken\n", "utf-8")
    model = Outputs(tmp_path / "first.jsonl")
    run = evaluate(load(str(tmp_path / "suite.yaml"))[0], model, Settings(tmp_path, frozenset({"topic"})), QUIET)
    save(run, tmp_path / "nothing")
    page = write(tmp_path / "nothing")[0].read_text("utf-8")
    assert 'id="heat"' not in page and "broken" in _section(page, "not_run")


def test_of_very_many_scores_those_of_slices_are_left_to_the_file(runs: tuple[Path, Path]) -> None:
    held = read_scores(runs[1])
    whole = [one for one in held["scores"] if one["slice"] is None]
    of_slices = [one for one in held["scores"] if one["slice"] is not None]
    assert whole and of_slices
    few = scores(held)
    assert few.count("<tr>") == len(held["scores"]) + 1 and "scores.json" not in few
    many = scores({"scores": [*whole, *of_slices * 4000]})
    assert many.count("<tr>") == len(whole) + 1 and "more, of slices, are in scores.json" in many


def test_the_command_says_where_the_page_is(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert application(["report", str(runs[0])], standalone_mode=False) == 0
    assert capsys.readouterr().out.strip().endswith("evaluation.html")
    assert application(["report", str(runs[0]), "--against", str(runs[1]), "--json"], standalone_mode=False) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["page"].endswith("evaluation.html") and held["differences"]["means"]
