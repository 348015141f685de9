"""A second round of synthesis: what the first one accepted is shown, what it refused is not."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from tests.engine.inline import InlineRunner

from weft.engine import build
from weft.recipe import load
from weft.sample.fake_server import FakeServer

WORDS = {"mwalimu": "the teacher", "anasoma": "reads", "kitabu": "a book", "sokoni": "at the market"}
# Written for this test, and not reviewed by native speakers. The stand-in ends the second one too early.
SEEDS = ("Mwalimu {n} anasoma kitabu sokoni.", "Mwalimu {n} anasoma kitabu sokoni [[fake length]].")
ASKED = "Then the teacher {n} reads a book at the market today."


def written(folder: Path, server: FakeServer, name: str, language: str, texts: list[str], step: str) -> Path:
    (folder / name).mkdir()
    for number, text in enumerate(texts):
        (folder / name / f"{number}.txt").write_text(text, "utf-8")
    services = ", ".join(
        f"{service}: {{url: '{server.url}', protocol: {protocol}, model: weft-fake}}"
        for service, protocol in (("writer", "openai-chat"), ("encoder", "openai-embeddings"))
    )
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: {name}\nacquire: [{{path: {name}, license: CC0-1.0, basis: licence, language_hint: {language}}}]\n"
        f"synthesize:\n  - {step}\nsynthesis: {{gates: {{leave_out: [copy, language, lexical, ending]}}}}\n"
        f"services: {{{services}}}\n",
        "utf-8",
    )
    return file


def test_a_second_round_shows_what_the_first_one_accepted_and_nothing_that_it_refused(tmp_path: Path) -> None:
    (tmp_path / "seed.tsv").write_text("eng_Latn\tswh_Latn\nA boat is on the river.\tMashua iko mtoni.\n", "utf-8")
    with FakeServer(WORDS) as server:
        texts = [SEEDS[n % 2].format(n=n) for n in range(8)]
        step = "back_translation: {service: writer, language: swh_Latn, into: eng_Latn}"
        first = written(tmp_path, server, "first", "swh_Latn", texts, step)
        assert build.run(load(first), tmp_path / "one", runner=InlineRunner(tmp_path / "one")).status == 0
        step = (
            "in_context_translation: {service: writer, source: eng_Latn, into: swh_Latn, pool: [seed.tsv], "
            "pool_license: CC-BY-SA-4.0, made_pool: [one/records/pair/swh_Latn.parquet], made_share: 0.75, shots: 8, "
            "most_alike: 1, ranking: both, encoder: encoder}"
        )
        second = written(tmp_path, server, "second", "eng_Latn", [ASKED.format(n=n) for n in range(3)], step)
        assert build.run(load(second), tmp_path / "two", runner=InlineRunner(tmp_path / "two")).status == 0
    accepted = pl.read_parquet(tmp_path / "one/records/pair/swh_Latn.parquet")
    refused = pl.read_parquet(tmp_path / "one/rejects/records.parquet")
    assert accepted.height == refused.height == 4
    files = [*(tmp_path / "two/records").rglob("*.parquet"), tmp_path / "two/rejects/records.parquet"]
    rows = pl.concat([pl.read_parquet(file) for file in files], how="diagonal")
    assert rows.height == 3
    for row in rows.to_dicts():
        assert set(row["shots"]) == {"seed.tsv#1", *accepted["id"]}
        note = json.loads(row["note"])
        assert (note["made_shots"], note["iteration"]) == (4, 2)
        assert row["license"] == "CC-BY-SA-4.0"
    # What people wrote is what the second recipe acquires: earlier records are none of it.
    human = json.loads((tmp_path / "two/report/summary.json").read_text("utf-8"))["languages"]
    assert human["eng_Latn"]["human"] == sum(len(ASKED.format(n=n)) for n in range(3))
    assert human.get("swh_Latn", {}).get("human", 0) == 0
