"""`weft pairs report`: a page and the same figures as JSON, with and without rules and models, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run
from weft.parallel import model_folder, rule_file
from weft.parallel.rules import Bound, Rules
from weft.parallel.scorer import train
from weft.report.pairs_page import page

CODES = ("eng_Latn", "swh_Latn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, rules for them, a model, multi-way rows, and rules for other languages."""
    made = tmp_path_factory.mktemp("report")
    source, target = bitext(80, seed=3)
    target[4] = source[4]
    lines = "".join(f"{a}\t{b}\n" for a, b in zip(source, target, strict=True))
    for name in ("pairs.tsv", "crawl.eng_Latn-swh_Latn.tsv"):
        (made / name).write_text(lines, "utf-8")
    rules = Rules(CODES, (Bound("same", "same", high=0.5),))
    rule_file.save(made / "rules.json", {"eng_Latn-swh_Latn": rules})
    rule_file.save(made / "other.json", {"eng_Latn-fra_Latn": Rules(("eng_Latn", "fra_Latn"), rules.bounds)})
    model_folder.save(train(*bitext(150), CODES), made / "model")
    rows = [{"en": a, "sw": b, "so": b} for a, b in zip(source, target, strict=True)]
    (made / "groups.jsonl").write_text("".join(json.dumps({"translation": row}) + "\n" for row in rows), "utf-8")
    (made / "fields.jsonl").write_text('{"source": "a", "target": "b"}\n', "utf-8")
    return made


def reported(folder: Path, *arguments: str, into: str = "page.html") -> int:
    given = [str(folder / word[1:]) if word.startswith("@") else word for word in arguments]
    return run(["pairs", "report", *given, "--into", str(folder / into)])


def told(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert reported(folder, *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_page_has_the_figures_that_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("@crawl.eng_Latn-swh_Latn.tsv", "--rules", "@rules.json", "--model", "@model")
    found = told(folder, capsys, *given)
    (part,) = found["pairs"]
    assert part["languages"] == list(CODES) and part["sets"]["rules"]["passes"]["pairs"] == 79
    assert part["borders"][0]["refused"][0]["row"] == 5 and "scores" in part
    assert Path(found.pop("page")) == folder / "page.html"
    assert (folder / "page.html").read_text("utf-8") == page("page", found)
    assert reported(folder, *given) == 0
    assert "98.75%" in capsys.readouterr().out


def test_several_files_and_languages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = f"som_Latn-eng_Latn={folder / 'pairs.tsv'}"
    found = told(folder, capsys, "@crawl.eng_Latn-swh_Latn.tsv", named, "@groups.jsonl", "--rules", "@rules.json")
    assert [part["languages"] for part in found["pairs"]] == [
        ["eng_Latn", "swh_Latn"], ["som_Latn", "eng_Latn"], ["eng_Latn", "swh_Latn"], ["eng_Latn", "som_Latn"]
    ]  # fmt: skip
    assert ["rules" in part["sets"] for part in found["pairs"]] == [True, False, True, False]
    assert found["coverage"]["languages"] == ["eng_Latn", "som_Latn", "swh_Latn"]
    assert found["coverage"]["matrix"] == [[240, 160, 160], [160, 160, 80], [160, 80, 160]]


def test_rules_or_a_model_of_two_languages_say_those_of_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in (("--rules", "@rules.json"), ("--model", "@model"), ("--languages", "en,sw")):
        assert told(folder, capsys, "@pairs.tsv", *option)["pairs"][0]["languages"] == list(CODES)


def test_sides_are_shown_as_rules_else_as_a_model_is_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turned = f"swh_Latn-eng_Latn={folder / 'pairs.tsv'}"
    right = told(folder, capsys, "@crawl.eng_Latn-swh_Latn.tsv", "--model", "@model")["pairs"][0]
    (part,) = told(folder, capsys, turned, "--columns", "2,1", "--model", "@model")["pairs"]
    assert part["turned"] and part["languages"] == list(CODES)
    assert part["scores"] == right["scores"]
    rule_file.save(
        folder / "turned.json", {"swh_Latn-eng_Latn": Rules(CODES[::-1], (Bound("same", "same", high=0.5),))}
    )
    (part,) = told(folder, capsys, turned, "--columns", "2,1", "--model", "@model", "--rules", "@turned.json")["pairs"]
    assert not part["turned"] and part["languages"] == list(CODES[::-1])
    assert (
        part["scores"]["languages"] == list(CODES)
        and part["scores"]["reasons"]["copy"] == right["scores"]["reasons"]["copy"]
    )
    assert "the scorer&#x27;s source is English" in (folder / "page.html").read_text("utf-8")


def test_the_same_seed_shows_the_same_pairs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("@pairs.tsv", "--languages", "en,sw", "--examples", "2")
    one, again, other = (told(folder, capsys, *given, "--seed", seed)["pairs"] for seed in ("1", "1", "2"))
    assert one == again and one[0]["borders"] and one[0]["sets"] == other[0]["sets"]
    assert one[0]["borders"] != other[0]["borders"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("@pairs.tsv",), "of which languages? expected --languages CODE,CODE"),
        (("@none.tsv", "--languages", "en,sw"), "no such file"),
        (("@pairs.doc", "--languages", "en,sw"), "no format of pairs by its name"),
        (("swh_Latn=@pairs.tsv",), "expected LANGUAGE-LANGUAGE=FILE"),
        (("@pairs.tsv", "--languages", "en,sw", "--columns", "a,b"), "no column a"),
        (
            ("@pairs.tsv", "--languages", "en,sw", "--rules", "@other.json"),
            "rules for eng_Latn-fra_Latn; the pairs are",
        ),
        (("@groups.jsonl", "--rules", "@other.json"), "the pairs are eng_Latn-swh_Latn, eng_Latn-som_Latn"),
        (("@pairs.tsv", "--languages", "en,fr", "--model", "@model"), "is of eng_Latn-swh_Latn; the pairs are"),
        (("@pairs.tsv", "--model", "@nothing"), "no model here"),
        (("@groups.jsonl", "--pivot", "nowhere"), "--pivot nowhere: 'nowhere' is no language"),
        (("@groups.jsonl", "--pivot", "fr"), "no row has a text in fra_Latn"),
    ],
)
def test_mistakes_have_one_message(
    folder: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reported(folder, *arguments, into="never.html") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and message in said and "Traceback" not in said
    assert not (folder / "never.html").exists()


@pytest.mark.parametrize("into", ["page.txt", "nowhere/page.html"])
def test_a_page_has_to_have_a_place(folder: Path, into: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reported(folder, "@pairs.tsv", into=into) == 2
    assert "expected a file that ends in .html, in a folder that is there" in capsys.readouterr().err
