"""The report page: complete, safe against hostile text, and readable in both directions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from weft.engine.build import run
from weft.engine.reading import Build
from weft.recipe import load
from weft.report import write
from weft.report.sections import totals

from .tags import Tags

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)></style></blockquote>'
TEXTS = {
    "swh_Latn": "Watoto wanakwenda shuleni kila siku asubuhi na kurudi nyumbani jioni pamoja na rafiki zao wa karibu. ",
    "urd_Arab": "بچے ہر روز صبح سکول جاتے ہیں اور شام کو اپنے دوستوں کے ساتھ گھر واپس آتے ہیں۔ ",
    "khm_Khmr": "កុមារទៅសាលារៀនរាល់ថ្ងៃពេលព្រឹក ហើយត្រឡប់មកផ្ទះវិញនៅពេលល្ងាចជាមួយមិត្តភក្តិ។ ",
}
RECIPE = """\
name: hostile page
acquire:
  - {path: texts, basis: owned}
construct:
  extends: nothing
  rules: {long_enough: signals.words >= 8}
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A small build in three scripts with hostile text and a damaged line."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "texts").mkdir()
    lines = [json.dumps({"text": text}) for text in TEXTS.values() for _ in range(2)]
    lines += [json.dumps({"text": "Mvua kubwa ilinyesha jana usiku na mto ukafurika hadi kwenye mashamba ya mahindi."})]
    lines += [json.dumps({"text": HOSTILE + TEXTS["swh_Latn"]}), json.dumps({"text": "short"}), "{broken <b>"]
    (folder / "texts/all.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    run(load(folder / "recipe.yaml"), folder / "build", workers=1)
    return Build.open(folder / "build")


@pytest.fixture(scope="module")
def page(build: Build) -> str:
    return write(build).read_text("utf-8")


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert not re.search(r'(?:src|href)="(?!#)', page)
    anchors = {attrs["href"] for tag, attrs in tags.seen if tag == "a"}
    sections = {f"#{attrs['id']}" for tag, attrs in tags.seen if tag == "section"}
    assert anchors == sections


def test_hostile_text_stays_text(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert sum(tag == "script" for tag, _ in tags.seen) == 1 and not any(tag == "img" for tag, _ in tags.seen)
    assert "&lt;script&gt;alert(" in page


def test_text_says_its_language_and_direction(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    quotes = [attrs for tag, attrs in tags.seen if tag == "blockquote"]
    ways = {attrs["lang"]: attrs["dir"] for attrs in quotes}
    assert ways["urd-Arab"] == "rtl" and ways["swh-Latn"] == "auto" and "khm-Khmr" in ways


def test_every_rule_language_and_error_is_there(page: str) -> None:
    for word in ("long_enough", "duplicate", "swh_Latn", "urd_Arab", "invalid_json", "signals.words &gt;= 8"):
        assert word in page, word


def test_the_summary_is_the_contract(build: Build) -> None:
    write(build)
    held = json.loads((build.storage.root / "report/summary.json").read_text("utf-8"))
    assert set(held) == {"version", "stages", "languages"}
    assert all(
        set(stage) == {"stage", "rows_in", "rows_out", "rejected", "errors", "seconds", "cpu_seconds", "bytes"}
        for stage in held["stages"]
    )
    assert held["languages"]["swh_Latn"]["kept"] == 3 and held["languages"]["swh_Latn"]["rejected"] == {"duplicate": 1}
    assert held["stages"][0]["errors"] == 1


def test_languages_of_records_are_counted_once() -> None:
    counted = {"documents": 1, "kept": 1, "bytes": 1, "tokens": 1}
    places = ["swh_Latn", "sft/swh_Latn", "dpo/und_Latn", "pairs/eng_Latn-swh_Latn", "pairs/eng_Latn-zul_Latn"]
    held = dict.fromkeys(places, counted) | {"sft/yor_Latn": counted | {"kept": 0}}
    assert "<b>3</b><span>languages</span>" in totals({"languages": held, "stages": []})


def test_the_same_build_gives_the_same_page(build: Build, page: str) -> None:
    again = write(build).read_text("utf-8")
    assert again == page


def test_a_build_that_is_not_finished_says_so(tmp_path: Path, build: Build) -> None:
    from weft.errors import WeftError

    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/one.jsonl").write_text(json.dumps({"text": "one"}), "utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, "utf-8")
    run(load(tmp_path / "recipe.yaml"), tmp_path / "build", workers=1, only="label")
    with pytest.raises(WeftError, match="run the recipe to the end"):
        write(Build.open(tmp_path / "build"))
