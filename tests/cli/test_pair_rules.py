"""`weft pairs learn-rules` and `weft pairs filter`: what they say, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.parallel.bitexts import bitext
from tests.parallel.tiny_scorer import write

from weft.cli.boundary import run
from weft.engine import pair_blocks
from weft.parallel.model_folder import load


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
    write(made / "model")
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


def scored(folder: Path) -> tuple[Path, list[list[str]], list[float]]:
    """A file of pairs of which some are wrong, with the reasons and probabilities of the scorer alone."""
    source, target = bitext(40, seed=7)
    target[3], target[5], target[8] = source[3], target[30], ""
    file = folder / "made.tsv"
    file.write_text("".join(f"{a}\t{b}\n" for a, b in zip(source, target, strict=True)), "utf-8")
    said = load(folder / "model").score(source, target)
    return file, said["reasons"].to_list(), said["probability"].round(4).to_list()


def reasons(folder: Path, *arguments: str) -> dict[str, list[str]]:
    """Of the lines that are rejected what is said of each, by its source; every line is there once."""
    into = folder / "kept_made.tsv"
    assert run(["pairs", "filter", str(folder / "made.tsv"), "--into", str(into), "--json", *arguments]) == 0
    rest = [line.split("\t") for line in (folder / "kept_made.rejected.tsv").read_text("utf-8").splitlines()]
    kept = [line.split("\t")[0] for line in into.read_text("utf-8").splitlines()]
    assert sorted([*kept, *(line[0] for line in rest)]) == sorted(bitext(40, seed=7)[0])
    return {line[0]: line[2].split(",") for line in rest}


def test_rules_and_heads_judge_in_one_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, heads, _ = scored(folder)
    source = bitext(40, seed=7)[0]
    rules, model = ("--rules", str(folder / "rules.json")), ("--model", str(folder / "model"))
    by_rules, by_heads = reasons(folder, *rules), reasons(folder, *model)
    capsys.readouterr()
    both = reasons(folder, *rules, *model)
    told = json.loads(capsys.readouterr().out)
    assert by_heads == {text: said for text, said in zip(source, heads, strict=True) if said}
    assert both == {text: [*by_rules.get(text, []), *by_heads.get(text, [])] for text in by_rules | by_heads}
    assert "copy" in both[source[3]] and "mismatch" in both[source[5]] and "empty" in both[source[8]]
    assert told["rules"]["mismatch"]["drops"] == sum("mismatch" in said for said in both.values())
    turned = reasons(folder, *rules, *model, "--columns", "2,1", "--languages", "swh_Latn,eng_Latn")
    assert turned == both


def test_any_number_of_threads_judges_alike(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(folder)
    given = ("--rules", str(folder / "rules.json"), "--model", str(folder / "model"), "--least-probability", "0.5")
    one = reasons(folder, *given, "--workers", "1")
    written = (folder / "kept_made.tsv").read_bytes(), (folder / "kept_made.rejected.tsv").read_bytes()
    monkeypatch.setattr(pair_blocks, "BLOCK", 700)
    assert reasons(folder, *given, "--workers", "3") == one
    assert written == ((folder / "kept_made.tsv").read_bytes(), (folder / "kept_made.rejected.tsv").read_bytes())


def test_heads_can_be_left_out_for_a_probability(folder: Path) -> None:
    _, heads, probable = scored(folder)
    source = bitext(40, seed=7)[0]
    given = ("--model", str(folder / "model"), "--least-probability", "0.9")
    assert reasons(folder, *given, "--without", "heads") == {
        text: ["improbable"] for text, value in zip(source, probable, strict=True) if value < 0.9
    }
    fewer = reasons(folder, *given, "--without", "mismatch")
    for text, said, value in zip(source, heads, probable, strict=True):
        wanted = [name for name in said if name != "mismatch"] + ["improbable"] * (value < 0.9)
        assert fewer.get(text, []) == wanted


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
        (("--rules", "RULES", "--least-probability", "0.5"), "of which model? Expected --model FOLDER"),
        (("--model", "MODEL", "--languages", "en,fr"), "is of eng_Latn,swh_Latn; expected one of eng_Latn,fra_Latn"),
        (("--model", "MODEL", "--without", "heads"), "no head is left; expected --least-probability"),
        (("--model", "MODEL", "--without", "copid"), "there is no such rule"),
        (("--rules", "RULES", "--model", "x"), "no model here"),
    ],
)
def test_mistakes_have_one_message(
    folder: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RULES": str(folder / "rules.json"), "MODEL": str(folder / "model")}
    given = [places.get(word, word) for word in arguments]
    assert filtered(folder, *given) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and message in said and "Traceback" not in said
