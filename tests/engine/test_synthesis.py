"""Runs of synthesis: parents accounted for, the same bytes on any workers, nothing paid twice or over budget."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.corpus import contents
from tests.engine.inline import InlineRunner

from weft.engine import build
from weft.engine.build import RunResult
from weft.engine.service_budget import spent
from weft.engine.tasks.choosing import in_state
from weft.errors import WeftError
from weft.recipe import Recipe, load
from weft.sample.fake_server import FakeServer

WORDS = {"kitabu": "book", "mtoto": "child", "shule": "school", "soko": "market", "mwalimu": "teacher"}
SENTENCES = (
    "Mtoto anasoma kitabu chake kila siku asubuhi kabla ya kwenda shule.",
    "Mwalimu alinunua ndizi nyingi katika soko la kijiji jana jioni.",
    "Wakulima walikusanyika chini ya mti mkubwa kuzungumza kuhusu mvua.",
    "Mama alipika chakula kizuri kwa wageni wote waliofika nyumbani.",
)
"""Written for this test, and not reviewed by native speakers."""


def run(given: Recipe, into: Path, workers: int = 0) -> RunResult:
    """A run in this process, or with so many others."""
    return build.run(given, into, workers=workers or None, runner=None if workers else InlineRunner(into))


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(WORDS) as made:
        yield made


def recipe(folder: Path, server: FakeServer | None = None, count: int = 16, **sections: str) -> Path:
    """A recipe over `count` texts, that makes code-switched text and, where there is a server, back-translations."""
    texts = folder / "texts"
    texts.mkdir(parents=True)
    for number in range(count):
        text = f"{SENTENCES[number % 4]} Nambari {number} ni ya {number * 7}. {SENTENCES[(number + 1) % 4]}"
        (texts / f"{number:03d}.txt").write_text(text, "utf-8")
    pairs = "".join(f"{word}\t{other}\n" for word, other in WORDS.items())
    (folder / "lexicon.tsv").write_text(f"swh_Latn\teng_Latn\n{pairs}", "utf-8")
    steps = ["code_switch: {lexicon: lexicon.tsv, lexicon_license: CC-BY-4.0, into: eng_Latn}"]
    if server is not None:
        steps.append("back_translation: {service: writer, language: swh_Latn, into: eng_Latn, division: document}")
    held = {
        "name": "made",
        "acquire": "[{path: texts, license: CC-BY-4.0, basis: licence, language_hint: swh_Latn}]",
        "synthesize": "".join(f"\n  - {step}" for step in steps),
        "synthesis": "{gates: {leave_out: [copy, language, lexical, ending]}}",
        "settings": "{shard_mb: 0.002}",
    }
    if server is not None:
        held["services"] = (
            f"{{writer: {{url: '{server.url}', protocol: openai-chat, model: weft-fake, backoff_seconds: 0.01, "
            "concurrency: 8, price: {input: 1000, output: 2000}}}"
        )
    file = folder / "recipe.yaml"
    file.write_text("".join(f"{name}: {text}\n" for name, text in (held | sections).items()), "utf-8")
    return file


def summary(build: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((build / "report/summary.json").read_text("utf-8"))
    return found


def released(build: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((build / "records").rglob("*.parquet"))], how="diagonal")


def outputs(build: Path) -> dict[str, bytes]:
    """Bytes of what a run gives: records, rejects, people's tasks and the summary."""
    found = {}
    for name in ("records", "rejects", "people", "report"):
        found |= {f"{name}/{path}": held for path, held in contents(build / name).items()}
    return found


def test_every_parent_gives_a_record_or_a_reason_and_says_who_made_what(tmp_path: Path, server: FakeServer) -> None:
    result = run(load(recipe(tmp_path, server)), tmp_path / "made")
    assert result.status == 0
    held = summary(tmp_path / "made")
    for step in held["steps"]:
        assert step["parents"] == 16
        assert step["made"] + sum(step["no_record"].values()) >= 16
        assert step["released"] + sum(step["rejected"].values()) == step["made"]
    rows = released(tmp_path / "made")
    assert rows["id"].n_unique() == rows.height == held["released"] > 0
    assert set(rows["license"]) == {"CC-BY-4.0"}
    pair = rows.filter(pl.col("kind") == "pair").to_dicts()[0]
    made = {part["language"]: part["made"] for part in pair["parts"]}
    assert made == {"eng_Latn": True, "swh_Latn": False}
    (call,) = pair["calls"]
    assert call["server"] == "weft-fake@weft-fake-1" and call["prompt"].startswith("translate@")
    assert call["cost"] == pytest.approx((call["tokens_in"] * 1000 + call["tokens_out"] * 2000) / 1e6)
    assert held["stand_in"] == held["steps"][1]["released"]
    assert {one["gate"] for one in pair["gates"]} >= {"finish", "script", "length", "numbers"}
    assert sum(held["gates"]["eng_Latn"]["finish"].values()) == held["steps"][1]["made"]
    assert set(held["gates"]["swh_Latn"]["numbers"]) <= {"pass", "fail", "unjudged"}


def test_the_same_bytes_on_any_number_of_workers(tmp_path: Path, server: FakeServer) -> None:
    given = load(recipe(tmp_path, server))
    run(given, tmp_path / "one")
    run(given, tmp_path / "two", workers=2)
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")


def test_what_was_paid_is_paid_once_and_read_again_without_a_server(tmp_path: Path) -> None:
    with FakeServer(WORDS) as server:
        given = load(recipe(tmp_path, server))
        run(given, tmp_path / "made")
        assert server.stats()["paid"]["again"] == 0
    before = outputs(tmp_path / "made")
    for name in ("synthesize", "records", "ledger"):
        for path in sorted((tmp_path / "made" / name).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    assert run(given, tmp_path / "made").status == 0
    assert outputs(tmp_path / "made") == before


def test_nothing_is_asked_beyond_the_budget_and_a_larger_one_goes_on(tmp_path: Path, server: FakeServer) -> None:
    file = recipe(tmp_path, server, synthesis="{budget: {calls: 9}, gates: {leave_out: [copy]}}")
    made = tmp_path / "made"
    run(load(file), made)
    assert spent(made).calls == server.stats()["paid"]["calls"] == 9
    assert summary(made)["unasked"] == 7
    errors = {row["reason"] for row in _errors(made)}
    assert errors == {"budget_spent"}
    run(load(file, ["synthesis.budget.calls=100"]), made)
    assert spent(made).calls == server.stats()["paid"]["calls"] == 16
    assert server.stats()["paid"]["again"] == 0 and summary(made)["unasked"] == 0


def test_a_budget_of_money_is_never_passed(tmp_path: Path, server: FakeServer) -> None:
    file = recipe(tmp_path, server, synthesis="{budget: {cost: 4.0}, gates: {leave_out: [copy]}}")
    run(load(file), tmp_path / "made")
    held = spent(tmp_path / "made")
    assert 0 < held.cost <= 4.0 and summary(tmp_path / "made")["unasked"] > 0


def test_a_budget_that_ends_leaves_documents_done_and_not_all_half_done(tmp_path: Path, server: FakeServer) -> None:
    step = (
        "back_translation: {service: writer, returning: writer, language: swh_Latn, into: eng_Latn, division: document}"
    )
    file = recipe(tmp_path, server, synthesize=f"\n  - {step}", synthesis="{budget: {calls: 11}}")
    run(load(file, ["services.writer.concurrency=2", "settings.shard_mb=4"]), tmp_path / "made")
    (told,) = summary(tmp_path / "made")["steps"]
    assert spent(tmp_path / "made").calls == 11
    done = told["made"] + sum(told["no_record"].values())
    assert told["unasked"] == 16 - done and done >= 4  # two calls each; two slices of two are under way at a time


def test_labels_are_paid_from_the_same_budget_and_never_lost_by_it(tmp_path: Path, server: FakeServer) -> None:
    service = f"{{url: '{server.url}', protocol: openai-embeddings, model: weft-fake, items_per_request: 1}}"
    file = recipe(
        tmp_path,
        label="[script, lid, embedding_served: {service: encoder, dimensions: 64}]",
        services=f"{{encoder: {service}}}",
        synthesis="{budget: {calls: 5}, gates: {leave_out: [copy]}}",
    )
    made = tmp_path / "made"
    failed = run(load(file), made)
    assert failed.status != 0
    assert any(
        "the budget of the recipe leaves no room: calls 5 spent of 5" in str(one.failure)
        for one in failed.tally.failures
    )
    assert spent(made).calls == server.stats()["asked"] == 5
    assert run(load(file, ["synthesis.budget.calls=100"]), made).status == 0
    assert spent(made).calls == server.stats()["asked"] == 16
    labels = pl.concat([pl.read_parquet(path) for path in (made / "label/embedding_served").glob("*.parquet")])
    assert labels.height == 16 and labels["embedding_served"].null_count() == 0


def test_one_operator_may_stand_twice_and_its_build_outlives_its_files(tmp_path: Path) -> None:
    from weft.engine.reading import Build

    steps = [
        f"code_switch: {{lexicon: {name}.tsv, into: eng_Latn, seed: {seed}}}"
        for seed, name in ((1, "lexicon"), (2, "few"))
    ]
    file = recipe(tmp_path, synthesize="".join(f"\n  - {step}" for step in steps))
    (tmp_path / "few.tsv").write_text("swh_Latn\teng_Latn\nkitabu\tbook\n", "utf-8")
    run(load(file), tmp_path / "made")
    for name in ("lexicon", "few"):
        (tmp_path / f"{name}.tsv").unlink()
    build = Build.open(tmp_path / "made")
    for node in ("make_0_code_switch", "make_1_code_switch", "gate_0_code_switch", "gate_1_code_switch", "release"):
        assert build.state.done(node), node


def test_records_of_an_earlier_run_are_nobodys_text(tmp_path: Path) -> None:
    """They stand in a recipe for steps that know what a machine made; others would call it a person's."""
    gates = "{gates: {leave_out: [copy, language, lexical, ending]}}"
    run(load(recipe(tmp_path / "one", synthesis=gates)), tmp_path / "made")
    assert summary(tmp_path / "made")["released"] > 0
    acquire = (
        "[{path: texts/000.txt, license: CC-BY-4.0, basis: licence, language_hint: swh_Latn},"
        f" {{path: '{tmp_path}/made/records/text/*.parquet', name: earlier, format: synthetic, basis: licence}}]"
    )
    file = recipe(tmp_path / "two", acquire=acquire, synthesis=gates)
    run(load(file), tmp_path / "again")
    held = summary(tmp_path / "again")
    assert held["steps"][0]["parents"] == 1
    human = (tmp_path / "two/texts/000.txt").read_text("utf-8")
    assert held["languages"]["swh_Latn"]["human"] == len(human)
    with pytest.raises(WeftError, match="earlier has records that machines made"):
        load(file, ["synthesis.trusted=[earlier]"])


def test_what_a_judge_does_not_rate_is_not_released(tmp_path: Path) -> None:
    with FakeServer(faults=1.0, kinds=("refusal",)) as judge:
        service = f"{{url: '{judge.url}', protocol: openai-chat, model: weft-fake}}"
        synthesis = "{judge: {service: judge}, gates: {leave_out: [copy, language, lexical, ending]}}"
        file = recipe(tmp_path, count=4, services=f"{{judge: {service}}}", synthesis=synthesis)
        run(load(file), tmp_path / "made")
    held = summary(tmp_path / "made")
    made = held["steps"][0]["made"]
    assert held["released"] == 0 and held["steps"][0]["rejected"] == {"judge": made} and made > 0
    assert held["judges"]["unrated"] == made + 4 and held["judges"]["calls"] > 0 and held["judges"]["cost"] is None
    assert held["steps"][0]["cost"] == 0
    assert {(row["stage"], row["reason"]) for row in _errors(tmp_path / "made")} == {
        ("gates.judge", "reply_unreadable")
    }


def _errors(build: Path) -> list[dict[str, Any]]:
    from weft.engine.reading import Build

    return Build.open(build).errors().to_dicts()


def test_rows_that_nobody_allows_give_no_records(tmp_path: Path) -> None:
    acquire = (
        "[{path: texts/00*.txt, license: CC-BY-4.0, basis: consent, consent: kept, language_hint: swh_Latn},"
        " {path: texts/010.txt, name: other, basis: consent, consent: narrow, language_hint: swh_Latn},"
        " {path: texts/011.txt, name: nd, license: CC-BY-ND-4.0, basis: licence, language_hint: swh_Latn}]"
    )
    file = recipe(tmp_path, acquire=acquire, synthesis="{consents: consents.yaml}")
    (tmp_path / "consents.yaml").write_text("kept: [train, synthesise_from]\nnarrow: [train]\n", "utf-8")
    run(load(file), tmp_path / "made")
    held = summary(tmp_path / "made")
    assert held["denied"] == {"consent_without_purpose": 1, "no_derivatives": 1}
    assert held["steps"][0]["parents"] == 10
    assert set(released(tmp_path / "made")["consent"]) == {"kept"}


def test_a_judge_is_bound_by_what_it_says_of_people(tmp_path: Path, server: FakeServer) -> None:
    synthesis = "{judge: {service: writer, floor: 1.5}, gates: {leave_out: [copy, language, lexical, ending]}}"
    file = recipe(tmp_path, server, synthesis=synthesis)
    text = file.read_text("utf-8").replace("model: weft-fake", "model: weft-fake, structured_output: json_schema")
    file.write_text(text, "utf-8")
    run(load(file), tmp_path / "made")
    rows = released(tmp_path / "made")
    told = [[one for one in row if one["gate"] == "judge"] for row in rows["gates"].to_list()]
    assert all(len(one) == 1 and one[0]["score"] >= one[0]["low"] >= 1.5 for one in told)
    assert sum(step["rejected"].get("judge", 0) for step in summary(tmp_path / "made")["steps"]) > 0


def test_a_text_that_a_person_wrote_is_not_lost_by_an_operator_that_fails(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = recipe(tmp_path, server, count=8)
    (tmp_path / "texts/003.txt").write_text(f"{SENTENCES[0]} [[fake refuse]]", "utf-8")
    run(load(file), tmp_path / "made")
    assert [row["reason"] for row in _errors(tmp_path / "made")] == ["service_refused"]
    step = summary(tmp_path / "made")["steps"][1]
    assert (step["parents"], step["errors"]) == (8, 1) and "service_refused" not in step["no_record"]


@pytest.mark.slow
def test_killed_at_any_time_it_pays_again_only_what_was_in_flight(tmp_path: Path) -> None:
    with FakeServer(WORDS, latency=0.02) as server:
        file = recipe(tmp_path, server, count=60)
        arguments = [
            sys.executable,
            "-m",
            "weft",
            "synthesize",
            str(file),
            "--into",
            str(tmp_path / "made"),
            "--workers",
            "1",
            "--quiet",
        ]
        for seconds in (3.5, 4.5):
            process = subprocess.Popen(arguments)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
            process.wait()
        assert subprocess.run(arguments, check=False).returncode == 0
        paid = server.stats()["paid"]
    assert paid["distinct"] == 60
    assert paid["again"] <= 2 * 8  # at most what one kill finds in flight


def test_people_let_go_what_they_accept_and_hold_back_the_rest(tmp_path: Path, server: FakeServer) -> None:
    settings = "{gates: {leave_out: [copy, language, lexical, ending]}, people: {required: true, floor: 0.4%s}}"
    file = recipe(tmp_path, server, synthesis=settings % "")
    made = tmp_path / "made"
    run(load(file), made)
    before = summary(made)
    assert before["released"] == 0 and set(before["rejected"]) >= {"not_rated"}
    (table,) = sorted((made / "synthesize/people").glob("*.parquet"))
    key = {row["task"]: row for row in pl.read_parquet(table).to_dicts()}
    said = []
    for line in (made / "people/tasks.jsonl").read_text("utf-8").splitlines():
        task = json.loads(line)
        assert not set(task) & {"recipe", "id", "control", "source"}
        rating = 2 if key[task["task"]]["recipe"].startswith("synthesize.code_switch") else 5
        ratings = dict.fromkeys(task["scales"], rating)
        said.append({"task": task["task"], "reviewer": "one", "language": "yes", "ratings": ratings})
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(one) + "\n" for one in said), "utf-8")
    file.write_text(file.read_text("utf-8").replace("floor: 0.4", "floor: 0.4, judgements: said.jsonl"), "utf-8")
    paid = server.stats()["paid"]["calls"]
    run(load(file), made)
    held = summary(made)
    assert server.stats()["paid"]["calls"] == paid
    assert held["steps"][0]["released"] == 0 and held["steps"][0]["rejected"]["people"] > 0
    assert held["steps"][1]["released"] > 0 and "people" not in held["steps"][1]["rejected"]
    states = {one["recipe"]: one for one in held["people"]["acceptance"]}
    good = states["synthesize.back_translation@1"]
    assert good["state"] == "allowed" and 0.4 <= good["low"] < 0.5 and good["rate"] == 1.0
    assert json.loads(released(made)["reviewed"][0])["rated"] == good["rated"]


def test_what_nobody_could_be_asked_about_is_not_rated() -> None:
    """A record in no known language is in no draw: where people have to be asked, it does not go either."""
    names = {"recipe": ["a", "a", "b"], "version": [1, 1, 1], "language": ["swh_Latn", None, "swh_Latn"]}
    rows = pl.DataFrame(names | {"place": [0, 0, 1], "row": [0, 1, 0]}).with_columns(
        pl.lit(None, pl.String).alias("rule"), pl.lit(None, pl.String).alias("detail")
    )
    states = pl.DataFrame(
        {"recipe": ["a@1", "b@1"], "language": ["swh_Latn"] * 2, "state": ["allowed", "held"], "detail": ["", "no"]}
    )
    assert in_state(rows, states, "unknown").rows() == [(0, 1, "nobody has rated it")]
    assert in_state(rows, states, "held").rows() == [(1, 0, "no")]


def test_balance_caps_what_a_machine_made(tmp_path: Path, server: FakeServer) -> None:
    gates = "gates: {leave_out: [copy, language, lexical, ending]}"
    file = recipe(tmp_path, server, synthesis=f"{{{gates}, balance: {{largest_share: 0.25}}}}")
    run(load(file), tmp_path / "made")
    held = summary(tmp_path / "made")["languages"]
    made = sum(amounts["made"] for amounts in held.values())  # all of it is for training in Swahili
    assert 0 < made <= 0.25 * (made + held["swh_Latn"]["human"])
    assert summary(tmp_path / "made")["rejected"]["balance"] > 0


def test_the_story_of_a_record_and_of_a_document(tmp_path: Path, server: FakeServer) -> None:
    from weft.engine.reading import Build

    run(load(recipe(tmp_path, server)), tmp_path / "made")
    build = Build.open(tmp_path / "made")
    record = released(tmp_path / "made").filter(pl.col("kind") == "pair").to_dicts()[0]
    story = build.explain(record["id"])
    assert story["outcome"] == "released" and "weft-fake" in story["stages"][1]["changes"]["call 0"]
    rejected = pl.read_parquet(tmp_path / "made/rejects/records.parquet").to_dicts()[0]
    assert build.explain(rejected["id"])["outcome"].startswith(f"left out by {rejected['rule']}")
    told = build.explain(record["parents"][0])
    assert record["id"] in told["stages"][-1]["changes"]


def test_a_recipe_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = recipe(tmp_path)
    text = file.read_text("utf-8")
    file.write_text(f"{text}construct: {{extends: nothing}}\n", "utf-8")
    with pytest.raises(WeftError, match="makes records and no corpus"):
        load(file)
    (tmp_path / "said.jsonl").write_text('{"task": 3}\n', "utf-8")
    file.write_text(text.replace("{gates:", "{people: {judgements: said.jsonl}, gates:"), "utf-8")
    with pytest.raises(WeftError, match="line 1: task is 3; expected a text"):
        load(file)
    file.write_text(text.replace("{gates:", "{budget: {cost: 3}, judge: {service: nobody}, gates:"), "utf-8")
    with pytest.raises(WeftError) as raised:
        load(file)
    assert "there is no service nobody" in str(raised.value) and "expected price under a service" in str(raised.value)
