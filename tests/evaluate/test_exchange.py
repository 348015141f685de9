"""Suites for other harnesses, and their results as runs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ruamel.yaml import YAML
from tests.evaluate.conftest import TEXTS, TOPIC, Write
from typer.testing import CliRunner

from weft.cli.application import application
from weft.errors import WeftError
from weft.evaluate.comparison import compare
from weft.evaluate.exchange import leaderboard, lm_eval, lm_eval_functions, opencompass
from weft.evaluate.exchange.imported import names, save
from weft.evaluate.exchange.parts import Left
from weft.evaluate.exchange.reading import read
from weft.evaluate.kinds.written import plain
from weft.evaluate.models.outputs import Outputs
from weft.evaluate.reading_runs import read_scores
from weft.evaluate.running import Settings, evaluate
from weft.evaluate.running import save as keep
from weft.evaluate.suite import load
from weft.report.evaluation_page import write as write_page

SUITE = (
    TOPIC
    + """    normalise: characters
  said:
    kind: choice
    by: answer
    level: language
    skill: topic
    files: "topic/{language}.jsonl"
    columns: {answer: topic}
    choices: [travel, health]
    prompt: "{text}\\n{choices}"
    samples: {count: 3}
  words:
    kind: generate
    level: language
    skill: words
    files: "topic/{language}.jsonl"
    columns: {answer: topic}
    prompt: "{text}?"
    metrics: [exact, contains, number]
  translation:
    kind: translate
    level: language
    skill: translation
    files: "topic/{language}.jsonl"
    columns: {text: text}
    pivot: amh_Ethi
    prompt: "{source}\\n"
    metrics: [chrf++, chrf, bleu, bleu-char, ter]
    shots: {count: 1}
    stop: ["\\n"]
"""
)


@pytest.fixture
def suite(write: Write, topics: Path) -> Path:
    return write("suite.yaml", SUITE)


def yaml(file: Path) -> Any:
    reader = YAML(typ="safe")
    reader.constructor.add_constructor("!function", lambda _, node: f"!{node.value}")
    return reader.load(file)


def test_tasks_of_lm_eval_ask_what_weft_asks(suite: Path, topics: Path, tmp_path: Path) -> None:
    held, _ = load(str(suite))
    made = lm_eval.export(held, Settings(topics), tmp_path / "lm")
    asked = evaluate(held, _Silent(), Settings(topics, samples=100), _quiet).outcomes
    tree = yaml(tmp_path / "lm" / "weft_small_topic_swh_Latn.yaml")
    assert (tree["output_type"], tree["target_delimiter"], tree["doc_to_text"]) == ("multiple_choice", "", "prompt")
    assert [row["metric"] for row in tree["metric_list"]] == ["acc_norm", "acc", "acc_bytes"]
    rows = _lines(tmp_path / "lm" / tree["dataset_kwargs"]["file"])
    said = asked["said"]
    assert rows[1] == {
        "id": "1",
        "language": "swh_Latn",
        "prompt": "Daktari wa meno 1\nThe topic is:",
        "choices": [" travel", " health"],
        "right": 1,
    }
    tree = yaml(tmp_path / "lm" / "weft_small_said_khm_Khmr.yaml")
    rows = _lines(tmp_path / "lm" / tree["dataset_kwargs"]["file"])
    assert [row["prompt"] for row in rows] == said.filter(language="khm_Khmr")["prompt"].to_list()
    assert [row["label"] for row in rows] == ["A", "B"] * 4
    (chosen,) = tree["filter_list"]
    assert re.findall(chosen["filter"][0]["regex_pattern"], "A or B? C") == ["A", "B"]
    tree = yaml(tmp_path / "lm" / "weft_small_translation_swh_Latn_to_pivot.yaml")
    assert tree["generation_kwargs"]["until"] == ["\n"]
    assert tree["metric_list"][0]["aggregation"] == "!weft_lm_eval.chrf_plus_plus"
    for row in tree["metric_list"]:
        assert callable(getattr(lm_eval_functions, row["aggregation"].removeprefix("!weft_lm_eval.")))
    group = yaml(tmp_path / "lm" / "weft_small_translation_to_pivot.yaml")
    assert group["aggregate_metric_list"][0] == {
        "metric": "chrf++",
        "aggregation": "mean",
        "weight_by_size": False,
        "filter_list": ["none"],
    }
    assert len(group["task"]) == 2
    left = {(row["task"], row["what"]) for row in made.left}
    assert ("said", "samples") in left
    assert {("topic", "consistent"), ("topic", "slices"), ("words", "metric number")} <= left
    assert json.loads((tmp_path / "lm" / "not-carried.json").read_text("utf-8")) == made.left


def test_functions_of_lm_eval_score_as_weft(suite: Path, topics: Path, tmp_path: Path, write: Write) -> None:
    held, _ = load(str(suite))
    lm_eval.export(held, Settings(topics), tmp_path / "lm")
    rows = _lines(tmp_path / "lm" / "data" / "weft_small_translation_swh_Latn_from_pivot.jsonl")
    texts = [" ".join(row["references"][0].split()[1:]) for row in rows]
    texts[0] = f"<think>no</think> {texts[0]}"
    said = [{"item": f"{row['id']}/from_pivot", "output": text} for row, text in zip(rows, texts, strict=True)]
    file = write("out.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in said))
    ours = evaluate(held, Outputs(file), Settings(topics, frozenset(["translation"]), samples=100), _quiet).scores
    pairs = [lm_eval_functions.translated(row, [text])["chrf++"] for row, text in zip(rows, texts, strict=True)]
    values = {one.metric: one.value for one in ours if (one.language, one.direction) == ("swh_Latn", "from_pivot")}
    for name in ("chrf++", "chrf", "bleu", "bleu-char", "ter"):
        score = getattr(lm_eval_functions, name.replace("++", "_plus_plus").replace("-", "_"))
        assert score(pairs) == pytest.approx(values[name], abs=1e-9)
    for text in ("«Ndiyo!» ", "ＡＢＣ", "ጉዞ።", "a  B", "", "..."):
        assert lm_eval_functions.plain(text) == plain(text)
    doc = {"answers": ["travel", None]}
    assert lm_eval_functions.generated(doc, ["Travel."]) == {"exact_match": 1.0, "contains": 1.0}
    assert lm_eval_functions.generated(doc, ["to travel far"]) == {"exact_match": 0.0, "contains": 1.0}


def test_a_configuration_of_opencompass(suite: Path, topics: Path, tmp_path: Path) -> None:
    held, _ = load(str(suite))
    made = opencompass.export(held, Settings(topics), tmp_path / "oc")
    text = (tmp_path / "oc" / opencompass.CONFIG).read_text("utf-8")
    tree = ast.parse(text)
    imported = {name.name for one in tree.body if isinstance(one, ast.ImportFrom) for name in one.names}
    used = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)} - {"dict", "datasets"}
    assert used == imported
    (listed,) = [one.value for one in tree.body if isinstance(one, ast.Assign)]
    held_names = {name: type(name, (), {}) for name in imported}
    found = {one["abbr"]: one for one in eval(ast.unparse(listed), {"dict": dict, **held_names})}
    topic = found["weft_small_topic_swh_Latn"]
    assert topic["infer_cfg"]["prompt_template"]["template"] == {"0": "{prompt}{choice_0}", "1": "{prompt}{choice_1}"}
    assert topic["infer_cfg"]["inferencer"]["type"].__name__ == "PPLInferencer"
    assert _lines(tmp_path / "oc" / topic["path"])[1]["choice_1"] == " health"
    # It puts in one column after another: what a text has in braces is nothing to put in where the prompt is the last.
    assert {list(_lines(tmp_path / "oc" / one["path"])[0])[-1] for one in found.values()} == {"prompt"}
    said = found["weft_small_said_swh_Latn"]["eval_cfg"]
    assert said["pred_postprocessor"]["options"] == "AB"
    assert found["weft_small_translation_swh_Latn_to_pivot"]["infer_cfg"]["inferencer"]["stopping_criteria"] == ["\n"]
    left = {(row["task"], row["what"]) for row in made.left}
    assert {("translation", "metric chrf++"), ("words", "metric contains"), ("topic", "normalise: characters")} <= left


def test_what_no_harness_can_ask_is_told(write: Write, topics: Path, tmp_path: Path) -> None:
    text = TOPIC.replace("kind: choice", "kind: instructions").replace("    choices: [travel, health]\n", "")
    text = text.replace("{answer: topic, slices: {topic: topic}}", "{id: id}").replace("    consistent: true\n", "")
    held, _ = load(str(write("suite.yaml", text)))
    with pytest.raises(WeftError, match="nothing that lm-evaluation-harness can ask: topic: kind instructions"):
        lm_eval.export(held, Settings(topics), tmp_path / "lm")


def _results(write: Write, place: str, rights: dict[str, list[float]], samples: bool = True) -> Path:
    """Files in the form of lm-evaluation-harness 0.4.13, of choices by log-likelihood."""
    results = {}
    for code, right in rights.items():
        name = f"weft_small_topic_{code}"
        mean = sum(right) / len(right)
        results[name] = {"alias": name, "acc,none": mean, "acc_stderr,none": 0.1}
        results[name] |= {"acc_norm,none": mean, "acc_norm_stderr,none": 0.1, "mcc,none": 0}
        lines = [
            {
                "doc_id": n,
                "doc": {"id": str(n)},
                "arguments": {"gen_args_0": {"arg_0": f"{n}?", "arg_1": " travel"}},
                "resps": [[["-1.0", "False"]], [["-2.0", "False"]]],
                "filter": "none",
                "acc": one,
                "acc_norm": one,
            }
            for n, one in enumerate(right)
        ]
        if samples:
            write(f"{place}/samples_{name}_T1.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    results["weft_small_topic"] = {"alias": "weft_small_topic", "acc,none": 0.5}
    tree = {
        "results": results,
        "group_subtasks": {"weft_small_topic": [f"weft_small_topic_{code}" for code in rights]},
        "n-samples": {f"weft_small_topic_{code}": {"original": 8, "effective": 8} for code in rights},
        "model_name": "tiny",
        "config": {"model": "hf"},
    }
    return write(f"{place}/results_T1.json", json.dumps(tree))


def test_results_of_lm_eval_are_a_run(suite: Path, topics: Path, write: Write, tmp_path: Path) -> None:
    held, _ = load(str(suite))
    first = {code: [1.0, 0.0] * 4 for code in TEXTS}
    second = {code: [1.0] * 8 for code in TEXTS}
    for place, rights in (("a", first), ("b", second)):
        save(read(_results(write, place, rights), None, held, Settings(topics)), held, tmp_path / f"run-{place}")
    told = read_scores(tmp_path / "run-a")
    score = next(one for one in told["scores"] if (one["language"], one["metric"]) == ("swh_Latn", "accuracy"))
    assert (score["value"], score["items"], score["primary"], score["chance"]) == (0.5, 8, True, 0.5)
    assert "norm:characters|interval:wilson" in score["signature"]
    assert {one["metric"] for one in told["scores"]} == {"accuracy", "accuracy_none", "accuracy_characters"}
    assert told["averages"][0]["languages"] == 3
    assert any(row["what"] == "mcc,none" for row in told["imported"]["left_out"])
    both = compare(tmp_path / "run-a", tmp_path / "run-b", samples=500)
    assert {row["value"] for row in both["differences"]} == {0.5}
    assert both["untested"] == []


def test_results_without_items_have_no_paired_test(suite: Path, topics: Path, write: Write, tmp_path: Path) -> None:
    held, _ = load(str(suite))
    rights = {code: [1.0, 0.0] * 4 for code in TEXTS}
    found = read(_results(write, "a", rights, samples=False), None, held, Settings(topics))
    told = save(found, held, tmp_path / "run")
    score = next(one for one in told["scores"] if one["primary"])
    assert (score["low"], score["high"]) == (pytest.approx(0.5 - 0.196, abs=1e-3), pytest.approx(0.696, abs=1e-3))
    assert told["imported"]["without_items"] == ["topic"]
    both = compare(tmp_path / "run", tmp_path / "run", samples=100)
    assert both["differences"] == []
    assert [row["task"] for row in both["untested"]] == ["topic"]
    page, figures = write_page(tmp_path / "run", tmp_path / "run")
    assert "Not tested: topic: " in page.read_text("utf-8")
    assert figures["slices"] == []


def test_figures_that_their_items_do_not_give_are_told(suite: Path, topics: Path, write: Write, tmp_path: Path) -> None:
    file = _results(write, "a", {"swh_Latn": [1.0, 0.0] * 4})
    file.write_text(file.read_text("utf-8").replace('"acc,none": 0.5, "acc_st', '"acc,none": 0.7, "acc_st'), "utf-8")
    told = save(read(file, None, None, None), None, tmp_path / "run")
    (row,) = [one for one in told["imported"]["left_out"] if "0.7" in one["why"]]
    assert "its items give 0.5" in row["why"]


def test_languages_of_names() -> None:
    left = Left()
    given = ["belebele_swh_Latn", "xnli_sw", "xnli_en", "glue_rte", "irokobench_hau", "irokobench_yor", "arc_easy"]
    found = names(given, None, left)
    assert [(one.task, one.language) for one in found.values()] == [
        ("belebele", "swh_Latn"),
        ("xnli", "swh_Latn"),
        ("xnli", "eng_Latn"),
        ("glue_rte", "und"),
        ("irokobench", "hau_Latn"),
        ("irokobench", "yor_Latn"),
        ("arc_easy", "und"),
    ]
    assert [row["task"] for row in left.rows] == ["glue_rte", "arc_easy"]


def test_results_of_opencompass(suite: Path, topics: Path, write: Write, tmp_path: Path) -> None:
    held, _ = load(str(suite))
    said = {str(n): {"origin_prompt": "x", "prediction": f"({'AB'[n % 2]})", "gold": "AB"[n % 2]} for n in range(8)}
    write("oc/predictions/tiny/weft_small_said_swh_Latn.json", json.dumps(said))
    rows = [
        "dataset,version,metric,mode,tiny,other",
        "weft_small_said_swh_Latn,abc,accuracy,gen,100.00,0",
        "weft_small_topic_swh_Latn,abc,accuracy,ppl,62.50,0",
        "weft_small_topic_khm_Khmr,-,-,-,-,0",
    ]
    file = write("oc/summary/summary_1.csv", "\n".join(rows) + "\n")
    with pytest.raises(WeftError, match="has 2 models; expected --model with one of tiny, other"):
        read(file, None, held, Settings(topics))
    told = save(read(file, "tiny", held, Settings(topics)), held, tmp_path / "run", samples=200)
    found = {(one["task"], one["language"], one["metric"]): one for one in told["scores"]}
    assert found["said", "swh_Latn", "accuracy"]["value"] == 1.0
    assert found["said", "swh_Latn", "unclear"]["value"] == 0.0
    assert found["topic", "swh_Latn", "accuracy"]["value"] == 0.625
    assert (found["topic", "swh_Latn", "accuracy"]["low"], found["topic", "swh_Latn", "accuracy"]["high"]) == (0.0, 1.0)
    assert told["imported"]["without_items"] == ["topic"]
    assert told["not_run"] == [
        {
            "task": "topic",
            "language": "khm_Khmr",
            "reason": "not_in_file",
            "detail": "weft_small_topic_khm_Khmr has no score",
            "noise": None,
        }
    ]
    alone = read(tmp_path / "oc/predictions/tiny/weft_small_said_swh_Latn.json", None, None, None)
    assert (alone.figures[0].metric, alone.figures[0].value, alone.model["name"]) == ("exact", 0.0, "tiny")


def test_a_run_for_a_leaderboard(suite: Path, topics: Path, write: Write, tmp_path: Path) -> None:
    held, _ = load(str(suite))
    said = [{"language": code, "item": str(n), "output": "AB"[n % 2]} for code in TEXTS for n in range(8)]
    file = write("out.jsonl", "".join(json.dumps(row) + "\n" for row in said))
    keep(evaluate(held, Outputs(file), Settings(topics, frozenset(["said"]), samples=100), _quiet), tmp_path / "run")
    leaderboard.export(tmp_path / "run", tmp_path / "lead")
    told = json.loads((tmp_path / "lead" / leaderboard.RESULTS).read_text("utf-8"))
    one = told["results"]["weft_small_said_swh_Latn"]
    assert one["acc,none"] == 1.0
    assert one["acc_stderr,none"] == pytest.approx((1 - 8 / (8 + 1.96**2)) / (2 * 1.96), abs=1e-4)
    assert told["groups"]["weft_small_said"]["acc,none"] == 1.0
    assert told["higher_is_better"]["weft_small_said_swh_Latn"]["unclear"] is False
    assert told["n-samples"]["weft_small_said_swh_Latn"] == {"original": 8, "effective": 8}
    back = save(read(tmp_path / "lead" / leaderboard.RESULTS, None, held, Settings(topics)), held, tmp_path / "back")
    assert {(row["metric"], row["value"]) for row in back["scores"] if row["primary"]} == {("accuracy", 1.0)}
    assert {row["language"] for row in back["scores"]} == set(TEXTS)


def test_commands_and_mistakes(suite: Path, topics: Path, write: Write, tmp_path: Path) -> None:
    into = str(tmp_path / "made")
    run = CliRunner()
    done = run.invoke(application, ["evaluate", str(suite), "--export", "lm-eval", "--into", into])
    assert done.exit_code == 0 and "not carried over: words: metric number" in done.output
    file = _results(write, "a", {code: [1.0, 0.0] * 4 for code in TEXTS}, samples=False)
    done = run.invoke(
        application, ["evaluate", "--import", str(file), "--suite", str(suite), "--into", str(tmp_path / "b"), "--json"]
    )
    assert json.loads(done.output)["imported"]["harness"] == "lm-eval"
    broken = write("broken.json", "{")
    other = write("other.json", '{"a": 1}')
    for given, fault in (
        ([str(suite), "--export", "lm_eval", "--into", into], "expected one of lm-eval, opencompass, leaderboard; did"),
        ([str(suite), "--export", "lm-eval"], "--into is missing"),
        (["--export", "opencompass", "--into", into], "SUITE is missing"),
        ([str(topics), "--export", "leaderboard", "--into", into], "has no scores.json"),
        (["--import", str(tmp_path / "none.json"), "--into", into], "no such file"),
        (["--import", str(broken), "--into", into], "cannot be read"),
        (["--import", str(other), "--into", into], "is none of them"),
    ):
        result = run.invoke(application, ["evaluate", *given])
        assert isinstance(result.exception, WeftError) and fault in str(result.exception)


class _Silent:
    likely = False
    told: ClassVar[dict[str, Any]] = {"kind": "test"}

    def generate(self, questions: Any, tell: Any) -> Any:
        from weft.evaluate.models.contract import Output

        return [Output("", "stop") for _ in questions]

    def likelihoods(self, pairs: Any, tell: Any) -> Any:
        raise AssertionError

    def close(self) -> None:
        pass


def _quiet(what: str, done: int, total: int | None) -> None:
    pass


def _lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
