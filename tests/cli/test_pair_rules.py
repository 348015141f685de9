"""`weft pairs learn-rules` and `weft pairs filter`: what they say, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.cli.boundary import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seed, its rules, and pairs to filter."""
    made = tmp_path_factory.mktemp("pairs")
    lines = [
        f"the school bought {n} new books for children\tshule ilinunua vitabu vipya {n} kwa watoto\n"
        for n in range(150)
    ]
    (made / "seed.tsv").write_text("".join(lines), "utf-8")
    (made / "in.tsv").write_text(lines[3] + lines[4].replace("vipya 4", "vipya 5") + "a\tb\n", "utf-8")
    arguments = ["--languages", "en,swh_Latn", "--into", str(made / "rules.json"), "--no-identify"]
    assert run(["pairs", "learn-rules", str(made / "seed.tsv"), *arguments]) == 0
    return made


def filtered(folder: Path, *arguments: str) -> int:
    return run(["pairs", "filter", str(folder / "in.tsv"), "--into", str(folder / "out.tsv"), *arguments])


def test_counts_by_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert filtered(folder, "--rules", str(folder / "rules.json"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["read"], told["kept"]) == (3, 2) and told["rules"]["numbers_differ"] == {"drops": 1, "alone": 1}
    assert (folder / "out.rejected.tsv").read_text("utf-8").endswith("\tnumbers_differ\n")
    rules = str(folder / "rules.json")
    assert filtered(folder, "--rules", rules, "--without", "numbers_differ", "--languages", "swh_Latn,eng_Latn") == 0
    assert "3 pairs read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected --rules FILE"),
        (("--profile", "opusfiltr"), "did you mean opusfilter?"),
        (("--rules", "RULES", "--without", "copid"), "did you mean copied?"),
        (("--rules", "RULES", "--languages", "en,fr"), "no rules for eng_Latn-fra_Latn; it has eng_Latn-swh_Latn"),
        (("--rules", "RULES", "--languages", "en"), "--languages en: expected two different names"),
        (("--rules", "RULES", "--columns", "1"), "--columns 1: expected two different names"),
        (("--rules", "RULES", "--columns", "0,1"), "counted from 1"),
        (("--rules", "RULES", "--rejected", "x.jsonl"), "another format"),
    ],
)
def test_mistakes_have_one_message(
    folder: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(folder / "rules.json") if word == "RULES" else word for word in arguments]
    assert filtered(folder, *given) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and message in said and "Traceback" not in said
