"""Builds that hold conversations, preferences and pairs beside plain text."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa
import pytest
from tests.engine.corpus import WORDS, contents, documents
from tests.engine.here import run_here

import weft
from weft.construct.difference import difference, listed
from weft.construct.kinds import RECORD_RULES
from weft.engine.apply import Ready
from weft.engine.build import prepare
from weft.engine.reading import open_build
from weft.engine.storage import Storage
from weft.engine.tasks import documents as documents_task
from weft.engine.work import Context, rooms_registry
from weft.model.tables import PROBLEM
from weft.operators.contract import OperatorSpec

TALK = [
    {"role": "system", "content": "Jibu kwa Kiswahili."},
    {"role": "user", "content": "Habari  ya â€œleoâ€\x9d?"},
    {"role": "assistant", "content": "Nzuri, cafe\u0301 iko wazi."},
]
RECIPE = """\
name: mixed
acquire:
  - {path: text.jsonl, format: jsonl, license: CC0-1.0}
  - {path: chat.jsonl, format: jsonl, kind: sft, language_hint: swh_Latn, license: CC0-1.0}
  - {path: prefer.jsonl, format: jsonl, kind: dpo, options: {language_field: lang}}
  - path: pairs.tsv
    format: table
    kind: pair
    options: {sides: {english: eng_Latn, swahili: swh_Latn}, group_field: story}
construct:
  extends: nothing
  rules:
    long_enough: record_kind <> 'text' OR signals.words >= 20
settings: {shard_mb: 0.05}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("records")
    _write(top / "text.jsonl", documents(60))
    chats = [{"messages": TALK}]
    chats += [{"prompt": f"Swali {n}: {' '.join(WORDS['swh'][n:])}?", "completion": f"Jibu {n}."} for n in range(15)]
    _write(top / "chat.jsonl", chats)
    prefer = [
        {"prompt": f"Swali {n}?", "chosen": f"Jibu {n}.", "rejected": f"Answer {n}.", "lang": "sw"} for n in range(9)
    ]
    _write(top / "prefer.jsonl", [*prefer, {"prompt": "a", "chosen": "b", "rejected": "b", "lang": "sw"}])
    lines = [
        f"the {e} and the {s}\t{s} na {e}\ts{n // 2}"
        for n, (e, s) in enumerate(zip(WORDS["eng"], WORDS["swh"], strict=True))
    ]
    (top / "pairs.tsv").write_text("english\tswahili\tstory\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (top / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return top


def _write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def build(folder: Path) -> Path:
    assert run_here(weft.load(folder / "recipe.yaml", []), folder / "build").status == 0
    return folder / "build"


def read(build: Path, place: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted((build / "construct" / place).glob("*.parquet"))])


def test_a_conversation_comes_out_as_it_went_in_with_each_message_mended(build):
    rows = read(build, "sft/swh_Latn")
    talk = next(row["messages"] for row in rows.to_dicts() if len(row["messages"]) == 3)
    assert talk == [
        {"role": "system", "content": "Jibu kwa Kiswahili."},
        {"role": "user", "content": "Habari ya “leo”?"},
        {"role": "assistant", "content": "Nzuri, café iko wazi."},
    ]
    assert rows.height == 16 and "text" not in rows.columns
    assert rows["license"].unique().to_list() == ["CC0-1.0"]


def test_preferences_have_the_stated_language_and_what_is_none_is_rejected(build):
    rows = read(build, "dpo/swh_Latn")
    one = next(row for row in rows.to_dicts() if row["prompt"][0]["content"] == "Swali 3?")
    assert one["chosen"] == [{"role": "assistant", "content": "Jibu 3."}]
    assert one["rejected"] == [{"role": "assistant", "content": "Answer 3."}]
    assert rows.height == 9
    assert open_build(build).errors()["reason"].to_list() == ["no_preference"]


def test_pairs_have_their_languages_for_columns_and_their_group(build):
    rows = read(build, "pairs/eng_Latn-swh_Latn")
    assert rows.height == len(WORDS["eng"])
    assert rows.schema["translation"] == pl.Struct({"eng_Latn": pl.String, "swh_Latn": pl.String})
    first = rows.filter(pl.col("translation").struct.field("eng_Latn") == "the news and the habari").to_dicts()[0]
    assert first["translation"]["swh_Latn"] == "habari na news" and first["group_id"] == "s0"


def test_plain_text_is_as_it_would_be_without_records(build, folder, tmp_path):
    recipe = folder / "plain.yaml"
    recipe.write_text(RECIPE.replace("record_kind <> 'text' OR ", "").replace("name: mixed", "name: plain"), "utf-8")
    text = recipe.read_text("utf-8")
    begin, end = text.index("  - {path: chat"), text.index("construct:")
    recipe.write_text(text[:begin] + text[end:], encoding="utf-8")
    assert run_here(weft.load(recipe, []), tmp_path / "plain").status == 0
    assert contents(tmp_path / "plain" / "construct" / "ct") == contents(build / "construct" / "ct")


def test_the_same_bytes_on_any_number_of_workers(build, folder, tmp_path):
    assert weft.run(weft.load(folder / "recipe.yaml", []), tmp_path / "two", workers=2).status == 0
    assert contents(tmp_path / "two" / "construct") == contents(build / "construct")


def test_every_row_is_accounted_for_by_folder_and_language(build):
    summary = open_build(build).summary()
    assert {code: entry["kept"] for code, entry in summary["languages"].items() if "/" in code} == {
        "sft/swh_Latn": 16,
        "dpo/swh_Latn": 9,
        "pairs/eng_Latn-swh_Latn": len(WORDS["eng"]),
    }
    held = json.loads((build / "construct" / "release.json").read_text("utf-8"))
    assert {file["kind"] for file in held["files"] if "kind" in file} == {"sft", "dpo", "pairs"}
    rows = listed(build)
    assert set(rows["language"].unique()) >= {"sft/swh_Latn", "dpo/swh_Latn", "pairs/eng_Latn-swh_Latn"}
    assert rows.height == held["documents"]
    assert difference(build, build).rows.height == 0


def test_a_default_rule_judges_no_record_and_an_own_rule_does(folder, tmp_path):
    text = RECIPE.replace("extends: nothing", "extends: default")
    text = text.replace(
        "long_enough: record_kind <> 'text' OR signals.words >= 20", "no_preferences: record_kind <> 'dpo'"
    )
    (folder / "default.yaml").write_text(text, encoding="utf-8")
    assert run_here(weft.load(folder / "default.yaml", []), tmp_path / "b").status == 0
    languages = open_build(tmp_path / "b").summary()["languages"]
    assert languages["sft/swh_Latn"]["kept"] == 16, "answers of two words are too short for pages only"
    assert languages["dpo/swh_Latn"]["rejected"] == {"no_preferences": 9}


def test_records_that_no_rule_judges_are_still_records(folder, tmp_path):
    text = RECIPE.replace("long_enough: record_kind <> 'text' OR signals.words >= 20", "language: null")
    (folder / "unjudged.yaml").write_text(text.replace("extends: nothing", "extends: default"), encoding="utf-8")
    assert run_here(weft.load(folder / "unjudged.yaml", []), tmp_path / "b").status == 0
    assert read(tmp_path / "b", "sft/swh_Latn").height == 16 and read(tmp_path / "b", "dpo/swh_Latn").height == 9
    sources = {
        name for file in (tmp_path / "b/construct/ct").rglob("*.parquet") for name in pl.read_parquet(file)["source"]
    }
    assert sources <= {"text"}, "an answer that was refused is not text to read on"


def test_a_message_that_another_says_is_another_content(tmp_path):
    said = ["Jibu kwa Kiswahili.", "Habari ya leo?", "Nzuri."]
    recipe = "acquire: [{path: chat.jsonl, format: jsonl, kind: sft, language_hint: swh_Latn}]\n"
    (tmp_path / "recipe.yaml").write_text(f"{recipe}construct: {{extends: nothing}}\n", encoding="utf-8")
    for first in ("system", "user"):
        roles = (first, "user", "assistant")
        talk = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
        _write(tmp_path / "chat.jsonl", [{"messages": talk}])
        assert run_here(weft.load(tmp_path / "recipe.yaml", []), tmp_path / first).status == 0
    found = difference(tmp_path / "system", tmp_path / "user")
    assert found.rows["kind"].to_list() == ["changed"] and found.hashes[0] != found.hashes[1]


def test_a_record_is_told_the_rule_that_judged_it(folder, tmp_path):
    _write(tmp_path / "prefer.jsonl", [{"prompt": "12 34", "chosen": "56 78", "rejected": "90"}])
    (tmp_path / "recipe.yaml").write_text(
        "acquire: [{path: prefer.jsonl, format: jsonl, kind: dpo}]\nconstruct: {extends: default}\n", encoding="utf-8"
    )
    assert run_here(weft.load(tmp_path / "recipe.yaml", []), tmp_path / "b").status == 0
    build = open_build(tmp_path / "b")
    told = build.explain(build.documents().select("id").collect().item())
    assert told["outcome"] == "rejected by language"
    assert told["stages"][-1]["condition"] == RECORD_RULES["language"]
    card = (tmp_path / "b/construct/README.md").read_text("utf-8")
    assert RECORD_RULES["language"] in card


def test_a_mixture_and_an_order_are_of_plain_text_and_leave_records_as_they_are(folder, tmp_path):
    (folder / "mixture.yaml").write_text(RECIPE + "", encoding="utf-8")
    order = "  order: {by: signals.words, phases: [{name: broad}, {name: late, where: signals.words >= 100}]}\n"
    text = RECIPE.replace("settings:", f"  mixture: {{method: unimax, budget: 3000, epochs: 2}}\n{order}settings:")
    (folder / "mixture.yaml").write_text(text, encoding="utf-8")
    assert run_here(weft.load(folder / "mixture.yaml", []), tmp_path / "b").status == 0
    assert read(tmp_path / "b", "sft/swh_Latn").height == 16
    assert not {"repeats", "order", "phase"} & set(read(tmp_path / "b", "sft/swh_Latn").columns)
    assert "repeats" in pl.read_parquet_schema(next((tmp_path / "b/construct/ct").rglob("train-*.parquet")))


def test_nothing_is_cut_from_a_record_or_in_favour_of_one(folder, tmp_path):
    passage = " ".join(f"neno{n}" for n in range(80))
    _write(tmp_path / "text.jsonl", [{"text": f"Mwanzo hapa. {passage} na mwisho wake."}])
    _write(tmp_path / "chat.jsonl", [{"prompt": f"Soma hii: {passage}", "completion": f"{passage} ndiyo."}])
    (tmp_path / "recipe.yaml").write_text(
        "acquire:\n"
        "  - {path: text.jsonl, format: jsonl}\n"
        "  - {path: chat.jsonl, format: jsonl, kind: sft, language_hint: swh_Latn, priority: 1}\n"
        "deduplicate: [exact, minhash, verify, substrings]\n"
        "construct: {extends: nothing, cut: [deduplicate.substrings]}\n",
        encoding="utf-8",
    )
    assert run_here(weft.load(tmp_path / "recipe.yaml", []), tmp_path / "b").status == 0
    (chat,) = read(tmp_path / "b", "sft/swh_Latn")["messages"].to_list()
    assert [message["content"].count(passage) for message in chat] == [1, 1]
    for name in read(tmp_path / "b", "sft/swh_Latn")["id"]:
        assert not {"cut", "stays"} & set(open_build(tmp_path / "b").explain(name)["stages"][-1])
    (text,) = pl.concat([pl.read_parquet(file) for file in (tmp_path / "b/construct/ct").rglob("*.parquet")])["text"]
    assert passage in text


def test_explain_tells_of_a_record(build):
    found = read(build, "sft/swh_Latn")["id"][0]
    told = open_build(build).explain(found)
    (acquired,) = (stage["changes"] for stage in told["stages"] if stage["stage"] == "acquire")
    assert acquired["record_kind"] == "sft" and acquired["parts"][-1] == "messages: assistant"
    pair = open_build(build).explain(read(build, "pairs/eng_Latn-swh_Latn")["id"][0])
    assert pair["stages"][0]["changes"]["parts"] == ["eng_Latn", "swh_Latn"]
    text = open_build(build).explain(read(build, "ct/swh_Latn")["id"][0])
    assert "record_kind" not in text["stages"][0]["changes"]
    assert told["outcome"].startswith("kept in")


def test_records_load_in_datasets_by_the_card(build, tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    for config, field in (
        ("sft-swh_Latn", "messages"),
        ("dpo-swh_Latn", "chosen"),
        ("pairs-eng_Latn-swh_Latn", "translation"),
    ):
        loaded = datasets.load_dataset(str(build / "construct"), config, cache_dir=str(tmp_path))
        files = read(build, config.replace("-", "/", 1))
        held = {row["id"]: row[field] for part in loaded.values() for row in part}
        assert held == dict(files.select("id", field).iter_rows())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{path: text.jsonl, kind: sft}", "needs a format"),
        ("{path: text.jsonl, format: warc, kind: sft}", "jsonl or parquet or table"),
        ("{path: text.jsonl, format: jsonl, kind: chat}", "kind"),
        ("{path: text.jsonl, format: jsonl, options: {kind: sft}}", "kind: sft"),
        ("{path: text.jsonl, format: jsonl, kind: pair, options: {sides: {a: eng_Latn}}}", "two or more"),
    ],
)
def test_a_source_that_cannot_be_read_as_records_is_refused(folder, source, words):
    from weft.errors import WeftError

    recipe = folder / "wrong.yaml"
    recipe.write_text(f"acquire:\n  - {source}\n", encoding="utf-8")
    with pytest.raises(WeftError, match=words):
        weft.load(recipe, [])


def test_a_group_field_that_no_row_has_is_told(folder, tmp_path, capsys):
    from weft.cli.boundary import run as command

    (folder / "typo.yaml").write_text(RECIPE.replace("group_field: story", "group_field: stroy"), encoding="utf-8")
    assert command(["run", str(folder / "typo.yaml"), "--into", str(tmp_path / "b")]) == 0
    assert "pairs: no document has a group" in capsys.readouterr().out
    assert command(["run", str(folder / "recipe.yaml"), "--into", str(folder / "build")]) == 0
    assert "no document has a group" not in capsys.readouterr().out


def test_a_record_of_which_a_step_refuses_a_part_is_refused_whole_and_once(folder: Path, tmp_path: Path) -> None:
    def refuses(sought: str) -> Ready:
        def step(batch: pa.Table) -> pa.Table:
            said = [
                {"kind": "reject", "reason": "refused", "detail": sought} if sought in text else None
                for text in batch["text"].to_pylist()
            ]
            return batch.set_column(batch.column_names.index("problem"), "problem", pa.array(said, PROBLEM))

        writes = {"problem": PROBLEM}
        return Ready(OperatorSpec("standardize.refuses", 1, ("text",), writes, lambda: step), step, None)

    storage = Storage(tmp_path / "build")
    plan, state = prepare(weft.load(folder / "recipe.yaml"), storage, save=False)
    context = Context(storage, rooms_registry())
    chain = [refuses("Jibu 7."), refuses("Swali 7?")]  # both of one preference, the second in its own way too
    rows = refused = 0
    for shard in plan.shards:
        (task,) = plan.node("documents").plan(state, shard)
        for raw in documents_task._read(task, context):
            clock = {"standardize.refuses": 0.0}
            kept, problems = documents_task._through(chain, documents_task._identified(raw, {"name": "x"}), clock)
            assert kept.num_rows + problems.num_rows == raw.num_rows
            assert not [text for text in kept["text"].to_pylist() if "Jibu 7." in text or "Swali 7?" in text]
            rows, refused = rows + raw.num_rows, refused + problems["reason"].to_pylist().count("refused")
    assert refused == 2 and rows > 60  # the preference, and the conversation that answers the same
