"""Figures of a report on pairs: the counts of the filter and the scorer, however the file is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.parallel.bitexts import bitext

from weft.engine import pair_blocks
from weft.engine.multiway_blocks import group_of, is_multiway
from weft.engine.pair_blocks import layout
from weft.engine.pair_filter import Job, filter_pairs
from weft.engine.pair_report import Given, Report
from weft.engine.pair_seen import Judges
from weft.parallel import multiway_files
from weft.parallel.rules import Bound, Rules
from weft.parallel.scorer import Scorer, train
from weft.report.pairs_borders import shown
from weft.report.pairs_page import page

CODES = ("eng_Latn", "swh_Latn")
RULES = Rules(CODES, (Bound("numbers", "numbers_differ", high=0), Bound("words", "source_units", 4, 12)))


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return train(*bitext(200), CODES)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Right pairs, wrong numbers, pairs of other lines, one line that is no pair, and one pair twice."""
    source, target = bitext(120, seed=5)
    target[0] = target[0].replace(target[0].split()[0], "77777")
    target[7] = target[70]
    lines = [f"{a}\t{b}\n" for a, b in zip(source, target, strict=True)]
    made = tmp_path / "pairs.tsv"
    made.write_text("".join([*lines[:60], "no pair\n", lines[0], *lines[60:]]), "utf-8")
    return made


def told(given: Given, workers: int = 1, **more: Any) -> dict[str, Any]:
    held = Report(lambda languages: Judges(languages, **more), workers)
    held.read(given)
    return held.figures()


def test_counts_are_those_of_the_filter(file: Path, tmp_path: Path) -> None:
    (part,) = told(Given(layout(file, (), False), CODES), rules=RULES)["pairs"]
    out = [tmp_path / "kept.tsv", tmp_path / "out.tsv"]
    done = filter_pairs(Job(layout(file, (), False), RULES, *out))
    assert (part["read"], part["unreadable"], part["judged"]) == (122, 1, 121)
    found = {rule["rule"]: rule for rule in part["sets"]["rules"]["rules"]}
    for name in ("numbers", "words"):
        assert (found[name]["refused"], found[name]["alone"]) == tuple(done["rules"][name].values())
        assert found[name]["passes"]["pairs"] == 121 - found[name]["refused"]
    passes = part["sets"]["rules"]["passes"]
    assert 0 < passes["pairs"] == done["kept"] < 121
    assert 0 < passes["low"] < passes["share"] < passes["high"] < 1
    beside = part["beside"]["opusfilter"]
    assert beside["both"] + beside["rules_only"] == done["kept"]
    assert sum(beside[key] for key in ("both", "rules_only", "profile_only", "neither")) == 121


def test_borders_hold_the_nearest_pairs_of_the_file(file: Path) -> None:
    (part,) = told(Given(layout(file, (), False), CODES), rules=RULES, borders=2)["pairs"]
    edges = {(edge["rule"], edge["side"]): edge for edge in part["borders"]}
    assert set(edges) == {("numbers", "high"), ("words", "high")}  # none is too short: no border there
    (wrong,) = edges["numbers", "high"]["refused"]
    assert wrong["row"] == 1 and wrong["target"].startswith("77777")  # the same pair again is shown once
    words = edges["words", "high"]
    assert [one["value"] for one in words["refused"]] == [13, 13] and [one["value"] for one in words["kept"]] == [
        12,
        12,
    ]
    lines = file.read_text("utf-8").splitlines()
    for one in [*words["refused"], *words["kept"]]:
        assert lines[one["row"] - 1] == f"{one['source']}\t{one['target']}"
        assert len(one["source"].split()) == one["value"]


def test_workers_and_blocks_leave_no_trace(file: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    given, more = Given(layout(file, (), False), CODES), {"rules": RULES, "scorer": scorer, "drawn": 50}
    whole = told(given, **more)
    monkeypatch.setattr(pair_blocks, "BLOCK", 900)
    assert told(given, 3, **more) == whole
    assert told(given, 1, **more, seed=2) != whole


def test_scores_beside_mismatches(file: Path, scorer: Scorer) -> None:
    (part,) = told(Given(layout(file, (), False), CODES), rules=RULES, scorer=scorer)["pairs"]
    held = part["scores"]
    frame = pl.read_csv(file, separator="\t", has_header=False, quote_char=None, new_columns=["a", "b"])
    wanted = scorer.score(*frame.drop_nulls().get_columns())
    assert held["passes"]["pairs"] == int(wanted["keep"].sum()) >= held["passes_rules_too"]["pairs"] > 0
    for reason, counts in held["reasons"].items():
        assert counts["pairs"] == sum(reason in row for row in wanted["reasons"])
    for key in ("score", "probability"):
        assert sum(one["pairs"] for one in held[key]) == 121
        assert sum(one["mismatches"] for one in held[key]) == held["mismatches"]["pairs"] == 120
    assert held["auc"]["score"] > 0.95 and held["mismatches"]["passes"]["share"] < 0.1


def test_the_other_direction_is_shown_as_the_rules_are(file: Path, scorer: Scorer) -> None:
    wanted = told(Given(layout(file, (), False), CODES), rules=RULES, scorer=scorer)["pairs"][0]
    given = Given(layout(file, ("2", "1"), False), CODES[::-1])
    held = Report(lambda languages: Judges(CODES, RULES, True, scorer), 1)
    held.read(given)
    (part,) = held.figures()["pairs"]
    assert part == wanted | {"turned": True}


@pytest.mark.parametrize("name", ["groups.jsonl", "groups.parquet", "odd.jsonl"])
def test_multiway_rows(tmp_path: Path, name: str) -> None:
    rows = [
        {"en": "The school bought 3 books.", "sw": "Shule ilinunua vitabu 3.", "km": None},
        {"en": "A tree.", "sw": None, "km": "ដើមឈើ"},
        {"en": "Water is here today.", "sw": "Maji yapo hapa leo.", "km": "ទឹកនៅទីនេះ"},
    ]
    made = tmp_path / name
    if name.endswith("parquet"):
        pl.DataFrame({"translation": rows}).write_parquet(made)
    else:
        lines = [json.dumps({"translation": row}, ensure_ascii=False) for row in rows]
        odd = ["no json", '{"translation": {"en": "x y", "sw": 5, "speaker 7": "?"}}'] if name.startswith("odd") else []
        made.write_text("\n".join([*lines, *odd, ""]), "utf-8")
    assert is_multiway(made)
    found = told(Given(layout(made, ("translation",), False)), 2)
    more = int(name.startswith("odd"))
    assert found["coverage"] == {
        "languages": ["eng_Latn", "khm_Khmr", "swh_Latn"],
        "groups": 3,
        "matrix": [[3, 2, 2], [2, 2, 1], [2, 1, 2]],
        "sizes": [[0, 2, 1], [0, 1, 1], [0, 1, 1]],
    }
    assert [(part["languages"][1], part["read"]) for part in found["pairs"]] == [("swh_Latn", 2), ("khm_Khmr", 2)]
    (group,) = found["groups"]
    assert group["pivot"] == "eng_Latn" and group["rows"] == 3 + 2 * more
    assert (group["unreadable"], group["unknown"]) == (more, 2 * more)
    turned = told(Given(layout(made, ("translation",), False), None, "khm_Khmr"))
    assert {tuple(part["languages"]) for part in turned["pairs"]} == {
        ("khm_Khmr", "eng_Latn"),
        ("khm_Khmr", "swh_Latn"),
    }


@pytest.mark.parametrize(("content", "rows"), [("no pair\n", 1), ("a b c d e.\tf g h i j.\n", 1)])
def test_of_one_row_no_mismatch_is_made(tmp_path: Path, scorer: Scorer, content: str, rows: int) -> None:
    (tmp_path / "one.tsv").write_text(content, "utf-8")
    (part,) = told(Given(layout(tmp_path / "one.tsv", (), False), CODES), rules=RULES, scorer=scorer)["pairs"]
    assert part["read"] == rows and part["scores"]["mismatches"]["pairs"] == 0 and "auc" not in part["scores"]


def test_an_empty_file_has_figures_too(tmp_path: Path, scorer: Scorer) -> None:
    (tmp_path / "none.tsv").write_text("", "utf-8")
    found = told(Given(layout(tmp_path / "none.tsv", (), False), CODES), rules=RULES, scorer=scorer)
    (part,) = found["pairs"]
    assert part["scores"]["score"] == [] and "<h2>Scores</h2>" in page("x", found)
    assert part["read"] == 0 and part["sets"]["rules"]["passes"] == {"pairs": 0, "share": 0, "low": 0, "high": 1}


def test_a_block_of_groups_holds_what_the_reader_of_whole_files_reads(tmp_path: Path) -> None:
    rows = [{"en": "a tree", "swh_Latn": " ", "km": None}, {"en": "", "km": "ដើម"}, {"km": "ទឹក", "swh_Latn": "maji"}]
    file = tmp_path / "groups.jsonl"
    file.write_text("".join(json.dumps({"translation": row}) + "\n" for row in rows), "utf-8")
    group = group_of(file.read_bytes())
    whole = multiway_files.read_units(multiway_files.Given(file)).unnest("translation")
    assert all(group.table[code].equals(whole[code]) for code in ("eng_Latn", "khm_Khmr", "swh_Latn"))
    assert group.table["eng_Latn"].to_list() == ["a tree", None, None] and group[1:] == (3, 0, 0)
    # What costs a whole file there costs a text here: a language twice, a name that is none, what is no text.
    odd = ({"en": "a", "eng_Latn": "b", "speaker": "?"}, {"eng_Latn": "c", "km": 5})
    table, *counts = group_of("".join(json.dumps({"translation": row}) + "\n" for row in odd).encode())
    assert table["eng_Latn"].to_list() == ["a", "c"] and counts == [2, 0, 2]


def test_large_bounds_are_written_out() -> None:
    assert [shown(value) for value in (1023.9999, 150.0, 0.2508, None)] == ["1,024", "150", "0.251", "∞"]
