"""How well metrics agree with people: figures, intervals, tests between metrics, and tables that are none."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from weft.cli.application import application
from weft.errors import WeftError
from weft.evaluate.metric_evaluation import Columns, evaluate_metrics, read_scores
from weft.statistics.correlation import kendall, of_moments, pearson, spearman, williams
from weft.statistics.pairwise import (
    pairwise_accuracy,
    soft_pairwise_accuracy,
    tie_accuracies,
    tie_accuracy,
)


def table(tmp_path: Path, segments: int = 60, systems: int = 5, levels: int = 4) -> Path:
    """People's scores on few levels; `good` follows them closely, `poor` hardly, `errors` is good turned round."""
    draws = np.random.default_rng(7)
    rows = []
    for segment in range(segments):
        hard = draws.normal()
        for system in range(systems):
            true = hard + 0.5 * system + draws.normal()
            good = true + 0.3 * draws.normal()
            row = {"system": f"s{system}", "segment": segment, "human": float(np.round(true * levels / 4))}
            rows.append(row | {"good": good, "poor": 0.2 * true + draws.normal(), "errors": -good, "note": "x"})
    file = tmp_path / "scores.tsv"
    pl.DataFrame(rows).write_csv(file, separator="\t")
    return file


def test_figures_are_those_of_the_statistics(tmp_path: Path) -> None:
    file = table(tmp_path)
    (scores,) = read_scores(file, Columns(metrics=("good", "poor")))
    found = evaluate_metrics([scores], 0.5, 300, 1)
    (pair,) = found["pairs"]
    held = pl.read_csv(file, separator="\t")
    human = held["human"].to_numpy()
    for told in pair["metrics"]:
        metric = held[told["metric"]].to_numpy()
        assert told["pearson"]["value"] == pytest.approx(pearson(human, metric))
        assert told["spearman"]["value"] == pytest.approx(spearman(human, metric))
        assert told["kendall"]["value"] == pytest.approx(kendall(human, metric))
        matrix = metric.reshape(60, 5)
        assert told["spa"]["value"] == pytest.approx(soft_pairwise_accuracy(human.reshape(60, 5), matrix, seed=1))
        assert told["pairwise_accuracy"]["value"] == pytest.approx(pairwise_accuracy(human.reshape(60, 5), matrix))
        for name in ("pearson", "spearman", "kendall", "acc_eq", "spa", "pairwise_accuracy"):
            assert told[name]["low"] <= told[name]["value"] <= told[name]["high"]
    assert pair["tuned_on"] + pair["metrics"][0]["acc_eq"]["items"] == 60
    good, poor = pair["metrics"]
    assert good["pearson"]["low"] > poor["pearson"]["high"]
    assert good["acc_eq"]["above_all_ties"]["low"] > 0


def test_better_metrics_are_told_from_worse_and_equal_ones_are_not(tmp_path: Path) -> None:
    (scores,) = read_scores(table(tmp_path), Columns(metrics=("poor", "good", "errors"), lower=frozenset(["errors"])))
    rows = evaluate_metrics([scores], 0.5, 500, 0)["comparisons"]
    held = {(row["statistic"], row["first"], row["second"]): row for row in rows}
    assert len(rows) == 5 * 3
    for statistic in ("pearson", "spearman", "acc_eq"):
        assert held[statistic, "poor", "good"]["holm"] < 0.01 < 0 + held[statistic, "poor", "good"]["low"]
    for statistic in ("pearson", "spearman", "acc_eq", "spa", "pairwise_accuracy"):
        same = held[statistic, "good", "errors"]
        assert (same["value"], same["p"]) == (pytest.approx(0, abs=1e-12), 1.0)
    assert held["pearson", "poor", "good"]["williams_p"] < 1e-6
    assert held["pearson", "good", "errors"]["williams_p"] is None


def test_a_metric_by_lot_is_worth_its_ties_when_people_hold_most_equal(tmp_path: Path) -> None:
    """The trap of acc_eq: the best epsilon calls all a tie, which the baseline beside it shows."""
    draws = np.random.default_rng(3)
    human = (draws.random((200, 4)) < 0.05).astype(float)
    rows = [
        {"system": s, "segment": n, "human": human[n, s], "lot": draws.normal()} for n in range(200) for s in range(4)
    ]
    file = tmp_path / "scores.jsonl"
    pl.DataFrame(rows).write_ndjson(file)
    (pair,) = evaluate_metrics(read_scores(file, Columns()), 0.5, 200, 0)["pairs"]
    told = pair["metrics"][0]["acc_eq"]
    assert told["value"] == pytest.approx(told["all_ties"], abs=0.02)
    assert told["all_ties"] > 0.8
    assert told["above_all_ties"]["low"] <= 0 <= told["above_all_ties"]["high"]


def test_the_same_figures_again_and_of_pairs_by_themselves(tmp_path: Path) -> None:
    held = pl.read_csv(table(tmp_path), separator="\t")
    both = pl.concat([held.with_columns(pair=pl.lit(name)) for name in ("en-sw", "en-am")])
    file = tmp_path / "pairs.csv"
    both.write_csv(file)
    scores = read_scores(file, Columns(pair="pair", metrics=("good", "poor")))
    found = [evaluate_metrics(scores, 0.4, 200, 5) for _ in range(2)]
    assert json.dumps(found[0]) == json.dumps(found[1])
    assert [one["pair"] for one in found[0]["pairs"]] == ["en-sw", "en-am"]
    # Holm counts the comparisons of both pairs.
    rows = [row for row in found[0]["comparisons"] if row["statistic"] == "pearson"]
    assert rows[0]["holm"] == pytest.approx(2 * rows[0]["p"])


def test_rows_without_a_score_are_left_out_for_all(tmp_path: Path) -> None:
    held = pl.read_csv(table(tmp_path), separator="\t").with_row_index()
    file = tmp_path / "gaps.tsv"
    gaps = held.with_columns(poor=pl.when(pl.col("index") % 10 == 3).then(None).otherwise(pl.col("poor")))
    gaps.drop("index").write_csv(file, separator="\t")
    (scores,) = read_scores(file, Columns(metrics=("good", "poor")))
    (pair,) = evaluate_metrics([scores], 0.5, 100, 0)["pairs"]
    assert pair["rows"] == 270
    kept = held.filter(pl.col("index") % 10 != 3)
    assert pair["metrics"][0]["pearson"]["value"] == pytest.approx(pearson(kept["human"], kept["good"]))


def test_accuracies_of_items_are_those_of_tie_accuracy() -> None:
    draws = np.random.default_rng(1)
    human, metric = draws.integers(0, 3, (30, 4)).astype(float), draws.normal(size=(30, 4))
    human[4, 1], human[5] = np.nan, np.nan
    each = tie_accuracies(human, metric, 0.4)
    assert np.isnan(each).sum() == 1
    assert np.nanmean(each) == pytest.approx(tie_accuracy(human, metric, 0.4).accuracy)


def test_williams_is_that_of_student_s_distribution() -> None:
    """Expected values by scipy.stats.t 1.17.1 and the formula of Graham and Baldwin (2014)."""
    assert williams(0.5, 0.4, 0.6, 103) == pytest.approx(0.1979837405598049, rel=1e-9)
    assert williams(0.3, 0.1, 0.2, 50) == pytest.approx(0.26379175372640573, rel=1e-9)
    assert williams(0.3, 0.3, 0.2, 50) == 1.0
    assert math.isnan(williams(0.3, 0.1, 0.2, 3))


def test_pairwise_accuracy_leaves_out_what_people_hold_equal() -> None:
    human = np.array([[3.0, 2.0, 2.0], [1.0, 0.0, 0.0]])
    assert pairwise_accuracy(human, [[3.0, 4.0, 1.0], [1.0, 1.0, 1.0]]) == 0.5
    assert math.isnan(pairwise_accuracy(np.ones((2, 3)), human))


def test_the_command_and_its_mistakes(tmp_path: Path) -> None:
    file = table(tmp_path)
    run = CliRunner()
    into = tmp_path / "made.json"
    done = run.invoke(
        application, ["meta-evaluate", str(file), "--metric", "good", "--samples", "100", "--into", str(into)]
    )
    assert done.exit_code == 0 and "all ties" in done.output
    assert json.loads(into.read_text("utf-8"))["pairs"][0]["systems"] == 5
    done = run.invoke(application, ["meta-evaluate", str(file), "--samples", "100", "--without", "s0", "--json"])
    told = json.loads(done.output)["pairs"][0]
    assert [one["metric"] for one in told["metrics"]] == ["good", "poor", "errors"]
    assert told["systems"] == 4
    twice = tmp_path / "twice.csv"
    twice.write_text("system,segment,human,m\na,1,1,1\na,1,2,2\nb,1,1,1\n", "utf-8")
    words = tmp_path / "words.csv"
    words.write_text("system,segment,human,m\na,1,good,1\nb,1,1,1\n", "utf-8")
    one = tmp_path / "one.csv"
    one.write_text("system,segment,human,m\na,1,1,1\na,2,1,1\n", "utf-8")
    doubled = tmp_path / "doubled.csv"
    doubled.write_text("system,segment,human,m,m\na,1,1,1,1\nb,1,1,1,1\n", "utf-8")
    large = tmp_path / "large.csv"
    large.write_text("system,segment,human,m\na,1,1,inf\nb,1,1,1\n", "utf-8")
    nested = tmp_path / "nested.jsonl"
    nested.write_text('{"system": "a", "segment": 0, "human": [1], "m": 1}\n', "utf-8")
    for given, fault in (
        ([str(doubled)], "column m stands twice"),
        ([str(file), "--metric", "human"], "--metric human: is what people said"),
        ([str(large)], "column m has 'inf'; expected numbers up to"),
        ([str(nested)], "column human holds lists or objects"),
        ([str(file), "--without", "s9"], "--without s9: the systems are s0"),
        ([str(file), "--into", str(words)], "exists, and is nothing that weft meta-evaluate wrote"),
        ([str(file), "--metric", "god"], "no column god; it has .*; did you mean good"),
        ([str(file), "--human", "note", "--metric", "good"], "column note has 'x'; expected numbers"),
        ([str(twice)], "segment 1 of a .* stands twice"),
        ([str(words)], "column human has 'good'"),
        ([str(one)], "1 system; expected two"),
        ([str(file), "--metric", "good", "--metric", "good"], "named twice"),
    ):
        result = run.invoke(application, ["meta-evaluate", *given])
        assert isinstance(result.exception, WeftError)
        with pytest.raises(WeftError, match=fault):
            raise result.exception


def test_what_is_left_out_and_what_is_no_metric_is_told(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    rows = ["system,segment,human,good,gaps,constant,words"]
    for segment in range(40):
        for system in range(4):
            score = system + draw.normal()
            gap = "" if (segment + system) % 4 == 0 else f"{score:.3f}"
            rows.append(f"s{system},{segment},{score:.3f},{score + draw.normal():.3f},{gap},1,{'x' if segment else 1}")
    file = tmp_path / "scores.csv"
    file.write_text("\n".join(rows) + "\n", "utf-8")
    done = CliRunner().invoke(application, ["meta-evaluate", str(file), "--samples", "100", "--json"])
    assert "NaN" not in done.output
    told = json.loads(done.output)
    assert told["not_taken"] == {"words": "'x' is no number"}
    (pair,) = told["pairs"]
    assert (pair["rows"], pair["lacking"], pair["segments"], pair["system_segments"]) == (120, {"gaps": 40}, 40, 0)
    held = {one["metric"]: one for one in pair["metrics"]}
    assert held["constant"]["pearson"]["value"] is None and held["good"]["pearson"]["value"] > 0.5
    of_pearson = [row for row in told["comparisons"] if row["statistic"] == "pearson"]
    for row in of_pearson:
        constant = "constant" in (row["first"], row["second"])
        assert (row["p"] is None, row["value"] is None, "holm" not in row) == (constant,) * 3
    done = CliRunner().invoke(application, ["meta-evaluate", str(file), "--samples", "100"])
    for said in ("40 without gaps", "words: 'x' is no number", "of the 0 segments that all systems have"):
        assert said in done.output


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_tiny_table_has_no_impossible_figures(tmp_path: Path, seed: int) -> None:
    """Resamples of the same segment twice have correlations of what rounding leaves."""
    draws, rows = np.random.default_rng(seed), []
    for segment in range(2):
        for system in range(2):
            true = draws.normal()
            row = {"system": system, "segment": segment, "human": round(true)}
            rows.append(row | {"m": true + draws.normal(), "e": -true})
    file = tmp_path / "tiny.tsv"
    pl.DataFrame(rows).write_csv(file, separator="\t")
    found = evaluate_metrics(read_scores(file, Columns()), 0.5, 100, 0)
    json.dumps(found, allow_nan=False)
    for one in found["pairs"][0]["metrics"]:
        assert one["pearson"]["low"] is None or -1.0001 <= one["pearson"]["low"] <= one["pearson"]["high"] <= 1.0001


def test_a_resample_that_does_not_vary_has_no_correlation() -> None:
    flat = np.array([4, 1, 2, 0.25, 3, np.nextafter(0.5, 1)])
    assert np.isnan(of_moments(flat))
