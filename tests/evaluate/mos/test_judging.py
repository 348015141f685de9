"""Translations of an evaluation get what an estimator says of them; what it does not know is told and not counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.cli.boundary import run as main
from weft.evaluate.mos.model_file import save
from weft.evaluate.mos.ratings import read_ratings
from weft.evaluate.mos.training import Plan, train

from .rated import ratings, words, written

SUITE = """
suite: pairs
version: 1
tasks:
  words:
    kind: translate
    level: domain
    skill: translation
    domain: health
    files: "pairs/{language}.tsv"
    columns: {id: n, source: sw, references: [other]}
    pivot: swh_Latn
    directions: [from_pivot]
    prompt: "{source}"
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judging")
    held = read_ratings(written(ratings(400), folder / "ratings.tsv"), "da")
    save(train(held, Plan()), folder / "quality.mos")
    return folder / "quality.mos"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    first, second = words(0), words(1)
    (tmp_path / "pairs").mkdir()
    lines = [(" ".join(first[n : n + 8]), " ".join(second[n : n + 8])) for n in range(0, 40, 2)]
    table = "n\tsw\tother\n" + "".join(f"{n}\t{one}\t{other}\n" for n, (one, other) in enumerate(lines))
    for name in ("hau_Latn", "yor_Latn"):
        (tmp_path / "pairs" / f"{name}.tsv").write_text(table, "utf-8")
    for kind in ("good", "bad"):
        rows = []
        for code in ("hau_Latn", "yor_Latn"):
            for n, (one, other) in enumerate(lines):
                said = other if kind == "good" else (one, "", " ".join(reversed(second[60 + n : 68 + n])))[n % 3]
                rows.append(json.dumps({"language": code, "item": str(n), "output": said}))
        (tmp_path / f"{kind}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, "utf-8")
    return tmp_path


def _asked(suite: Path, kind: str, model: Path, *more: str) -> list[str]:
    command = ["evaluate", str(suite / "suite.yaml"), "--model", str(suite / f"{kind}.jsonl")]
    return [*command, "--into", str(suite / kind), "--samples", "200", "--quality", str(model), *more]


def test_good_translations_are_judged_better_and_what_is_none_counts(
    suite: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {}
    for kind in ("good", "bad"):
        assert main(_asked(suite, kind, model, "--json")) == 0
        told = json.loads(capsys.readouterr().out)
        (held[kind],) = [one for one in told["scores"] if one["metric"] == "mos_da"]
        refused = {one["language"]: one for one in told["quality"]["translations"]}
        assert refused["yor_Latn"]["reasons"] == {"unsupported_pair": 20} and refused["yor_Latn"]["scored"] == 0
    assert held["good"]["language"] == "hau_Latn" and held["good"]["domain"] == "health"
    assert held["good"]["low"] > held["bad"]["high"] and held["good"]["items"] == held["bad"]["items"] == 20
    assert "|estimator:weft-mos,v1,kind:da," in held["good"]["signature"] and not held["good"]["primary"]
    assert refused["hau_Latn"]["reasons"] == {"copy": 7, "empty": 7} and refused["hau_Latn"]["scored"] == 20


def test_a_person_is_told_of_both_and_runs_are_compared(
    suite: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("bad", "good"):
        assert main(_asked(suite, kind, model)) == 0
    said = capsys.readouterr().out
    assert "mos_da" in said and "not all judged: words yor_Latn from_pivot: 0 of 20" in said
    assert main(["diff", str(suite / "bad"), str(suite / "good"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["differences"]
    (row,) = [one for one in rows if one["metric"] == "mos_da" and one["language"] == "hau_Latn"]
    assert row["value"] > 0 and row["holm"] < 0.05


def test_a_file_that_is_no_estimator_stops_before_anything_is_asked(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_asked(suite, "good", suite / "suite.yaml")) == 2
    assert "no estimator of translation quality" in capsys.readouterr().err and not (suite / "good").exists()
