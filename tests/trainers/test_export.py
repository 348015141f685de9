"""weft export as a person uses it: rows, what is left out and why, the account of it, and what is said of a mistake."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.trainers.releases import DPO, SFT, TEXTS, digests, release, said

from weft.cli.boundary import run as weft
from weft.trainers import writing
from weft.trainers.records import REASONS


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(tmp_path_factory.mktemp("release") / "build")


def exported(build: Path, into: Path, trainer: str, *more: str) -> dict[str, Any]:
    assert weft(["export", str(build), "--for", trainer, "--into", str(into), "-q", *more]) == 0
    told: dict[str, Any] = json.loads((into / "export.json").read_text("utf-8"))
    return told


def rows(into: Path, place: str) -> list[dict[str, Any]]:
    files = sorted(into.glob(f"{place}-*"))
    assert files
    read = pl.read_parquet if files[0].suffix == ".parquet" else pl.read_ndjson
    return [row for file in files for row in read(file).to_dicts()]


def taken(into: Path, kind: str) -> list[int]:
    """Which rows of a kind are there, by their number in the release."""
    return [int(row["id"].rpartition("-")[2]) for row in rows(into, f"{kind}/swh_Latn/train")]


def follows(shape: str) -> bool:
    """Whether LLaMA-Factory takes a conversation: after a first system message they take turns."""
    turns = shape.removeprefix("s")
    fits = all(one in ("ut", "a")[place % 2] for place, one in enumerate(turns))
    return bool(turns) and fits and len(turns) % 2 == 0


def test_conversations(build: Path, tmp_path: Path) -> None:
    good = [n for n, shape in enumerate(SFT) if "a" in shape and not set(shape) & set("0x!")]
    for trainer in ("trl", "axolotl"):
        exported(build, tmp_path / trainer, trainer, "--kinds", "sft")
        held = rows(tmp_path / trainer, "sft/swh_Latn/train")
        assert [row["messages"] for row in held] == [said(SFT[n]) for n in good]
        assert held[0]["source"] == "web" and held[0]["license"] == "unknown" and held[0]["language"] == "swh_Latn"
    told = exported(build, tmp_path / "llama", "llama-factory", "--kinds", "sft")
    held = rows(tmp_path / "llama", "sft/swh_Latn/train")
    assert [row["messages"] for row in held] == [said(SFT[n]) for n in good if follows(SFT[n])]
    assert {"ua", "sua", "uaua", "suaua", "suata"} == {SFT[n] for n in taken(tmp_path / "llama", "sft")}
    expected = {"no_messages": 1, "empty_message": 1, "unknown_role": 1, "tool_calls": 1, "no_answer": 2,
                "system_later": 1, "turns": 3}  # fmt: skip
    assert told["datasets"][0]["left_out"] == expected
    assert told["left_out"] == {name: 2 * rows for name, rows in sorted(expected.items())}


def test_preferences(build: Path, tmp_path: Path) -> None:
    told = exported(build, tmp_path / "trl", "trl", "--kinds", "dpo")
    assert taken(tmp_path / "trl", "dpo") == [0, 1, 2, 3, 7, 9]
    held = rows(tmp_path / "trl", "dpo/swh_Latn/train")
    for row, number in zip(held[1:], [1, 2, 3, 7, 9], strict=True):
        assert [row[name] for name in ("prompt", "chosen", "rejected")] == [said(part) for part in DPO[number]]
    assert held[0]["chosen"] == [{"role": "assistant", "content": "  Ndiyo, kabisa. \n"}]
    assert told["datasets"][0]["left_out"] == {"answer": 1, "no_messages": 2, "no_question": 1}

    told = exported(build, tmp_path / "axolotl", "axolotl", "--kinds", "dpo")
    assert taken(tmp_path / "axolotl", "dpo") == [0, 1, 2, 3, 9] and told["left_out"]["answer"] == 4
    held = rows(tmp_path / "axolotl", "dpo/swh_Latn/train")
    assert held[0]["chosen"] == {"role": "assistant", "content": "Ndiyo, kabisa."}
    assert held[3]["messages"] == said("suat") and held[3]["rejected"] == said("a")[0]

    told = exported(build, tmp_path / "llama", "llama-factory", "--kinds", "dpo")
    assert taken(tmp_path / "llama", "dpo") == [0, 1, 2, 3] and told["left_out"]["turns"] == 2
    held = rows(tmp_path / "llama", "dpo/swh_Latn/train")
    assert held[0]["chosen"] == {"role": "assistant", "content": "  Ndiyo, kabisa. \n"}


def test_pairs(build: Path, tmp_path: Path) -> None:
    more = ("--kinds", "pairs", "--direction", "eng-swh")
    told = exported(build, tmp_path / "llama", "llama-factory", *more, "--instruction", "{text}\\n({target}, {source})")
    held = rows(tmp_path / "llama", "pairs/eng_Latn-swh_Latn/train")
    assert [row["instruction"] for row in held] == [f"Sentence {n}.\n(Swahili, English)" for n in range(3)]
    assert [row["output"] for row in held] == [f"{TEXTS[n]} swh_Latn" for n in range(3)]
    assert told["left_out"] == {"no_text": 2} and told["instruction"] == "{text}\n({target}, {source})"
    assert not (tmp_path / "llama/pairs/swh_Latn-eng_Latn").exists()
    exported(build, tmp_path / "trl", "trl", "--kinds", "pairs")
    back = rows(tmp_path / "trl", "pairs/swh_Latn-eng_Latn/train")[1]
    asked = f"Translate from Swahili to English:\n{TEXTS[1]} swh_Latn"
    assert back["prompt"] == [{"role": "user", "content": asked}]
    assert back["completion"] == [{"role": "assistant", "content": "Sentence 1."}]
    assert (back["source_language"], back["target_language"]) == ("swh_Latn", "eng_Latn")


def test_text_in_three_languages(tmp_path: Path) -> None:
    build = release(tmp_path / "build", {"pairs": ["amh_Ethi-eng_Latn-swh_Latn"]}, splits=["train"])
    told = exported(build, tmp_path / "made", "axolotl", "--languages", "Swahili")
    assert (
        len(told["datasets"]) == 6 and told["rows"] == 18 and told["languages"] == ["amh_Ethi", "eng_Latn", "swh_Latn"]
    )
    asked, answered = rows(tmp_path / "made", "pairs/amh_Ethi-swh_Latn/train")[0]["messages"]
    assert asked["content"].startswith("Translate from Amharic to Swahili:\n") and answered["role"] == "assistant"


@pytest.mark.parametrize("trainer", ["datasets", "trl", "axolotl", "llama-factory"])
def test_the_account_is_true_and_bytes_are_the_same(build: Path, tmp_path: Path, trainer: str) -> None:
    told = exported(build, tmp_path / "one", trainer)
    files = [file for one in told["datasets"] for file in one["files"]] + told["settings"]
    found = digests(tmp_path / "one")
    assert {file["path"]: file["sha256"] for file in files} == {n: d for n, d in found.items() if n != "export.json"}
    for file in files:
        assert file["bytes"] == (tmp_path / "one" / file["path"]).stat().st_size
        if "rows" in file:
            place = file["path"].rpartition("-")[0]
            assert file["rows"] == len(rows(tmp_path / "one", place))
    assert told["rows_read"] == told["rows"] + sum(told["left_out"].values()) and set(told["left_out"]) <= set(REASONS)
    assert told["release"] == {"name": "small", "version": "1.2.0", "content": "ab" * 16, "documents": 9}
    assert told["splits"] == ["train", "validation"]
    exported(build, tmp_path / "two", trainer)
    exported(build / "construct", tmp_path / "two", trainer)  # an earlier export is replaced
    assert digests(tmp_path / "two") == found


def test_an_earlier_export_leaves_nothing_behind(build: Path, tmp_path: Path) -> None:
    exported(build, tmp_path / "made", "axolotl")
    (tmp_path / "made/notes.txt").write_text("mine")
    exported(build, tmp_path / "made", "trl", "--kinds", "ct", "--languages", "swh_Latn", "--splits", "test")
    assert set(digests(tmp_path / "made")) == {
        "README.md", "ct/swh_Latn/test-00000.parquet", "export.json", "notes.txt",
    }  # fmt: skip
    assert not (tmp_path / "made/dpo").exists()


def test_lines_give_the_same_rows(build: Path, tmp_path: Path) -> None:
    lines = release(tmp_path / "lines", formats=["jsonl.zst"])
    exported(build, tmp_path / "one", "llama-factory")
    exported(lines, tmp_path / "two", "llama-factory")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    told = exported(lines, tmp_path / "copied", "datasets")
    assert told["rows_read"] == told["rows"] == 2 * (12 + len(SFT) + len(DPO) + 4)


def test_files_of_a_trainer_that_reads_several_end_by_size(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(build, tmp_path / "whole", "trl", "--kinds", "sft", "--format", "jsonl")
    monkeypatch.setattr(writing, "FILE_BYTES", 1_000)
    parts = exported(build, tmp_path / "parts", "trl", "--kinds", "sft", "--format", "jsonl")
    assert len(parts["datasets"][0]["files"]) > len(whole["datasets"][0]["files"]) == 1
    assert rows(tmp_path / "parts", "sft/swh_Latn/train") == rows(tmp_path / "whole", "sft/swh_Latn/train")
    one = exported(build, tmp_path / "one", "llama-factory", "--kinds", "sft")
    assert len(one["datasets"][0]["files"]) == 1


@pytest.mark.parametrize("column", ["repeats", "copy"])
def test_a_mixture_is_written_as_it_says(tmp_path: Path, column: str) -> None:
    more = {"repeats": [1, 3, 0, 2, 1, 1]} | ({"copy": [1] * 6} if column == "copy" else {})
    build = release(tmp_path / "build", {"ct": ["swh_Latn"]}, splits=["train"], more=more)
    told = exported(build, tmp_path / "made", "trl")
    ids = taken(tmp_path / "made", "ct")
    # Rows 4 and 5 have no text; a release that holds copies is written as it is.
    assert ids == ([0, 1, 2, 3] if column == "copy" else [0, 1, 3, 1, 3, 1])
    left_out = {"no_text": 2} | ({} if column == "copy" else {"not_read": 1})
    assert told["left_out"] == left_out and told["rows_read"] == len(ids) + sum(left_out.values())


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_what_is_read_again_is_so_within_its_phase(tmp_path: Path, form: str) -> None:
    more = {"repeats": [2, 1, 2, 3, 1, 1], "phase": ["broad", "broad", "late", "late", "late", "late"]}
    build = release(tmp_path / "build", {"ct": ["swh_Latn"]}, splits=["train"], formats=[form], more=more)
    exported(build, tmp_path / "made", "trl")
    assert taken(tmp_path / "made", "ct") == [0, 1, 0, 2, 3, 2, 3, 3]


def test_datasets_reads_every_config(build: Path, tmp_path: Path) -> None:
    import datasets

    for trainer in ("datasets", "trl"):
        told = exported(build, tmp_path / trainer, trainer)
        names = datasets.get_dataset_config_names(str(tmp_path / trainer))
        assert {"ct", "ct-amh_Ethi", "sft", "dpo-swh_Latn", "pairs-eng_Latn-swh_Latn"} < set(names)
        assert ("pairs" in names) == (trainer == "trl")
        for name in names:
            held = datasets.load_dataset(str(tmp_path / trainer), name, cache_dir=str(tmp_path / "cache"))
            own = [one for one in told["datasets"] if name in (one["kind"], f"{one['kind']}-{one['folder']}")]
            for split in ("train", "validation"):
                assert held[split].num_rows == sum(one["rows"] for one in own if one["split"] == split)
    kept = datasets.load_dataset(str(tmp_path / "datasets"), "sft", cache_dir=str(tmp_path / "cache"))["train"][4]
    assert kept["messages"] == said("suata") and kept["meta"] == '{"a":1}' and kept["redistribute"] is True


def test_rows_that_may_not_be_given_away_are_told(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = exported(build, tmp_path / "made", "trl", "--kinds", "sft")
    assert told["not_redistributable"] == 2  # the first row of each split
    assert "careful    2 rows" in capsys.readouterr().out
    assert "**Not for publication as it is.**" in (tmp_path / "made/README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--for", "axolot"], "--for axolot: expected datasets, trl, axolotl, llama-factory"),
        (["--kinds", "sfd"], "--kinds sfd: the release has ct, sft, dpo, pairs; did you mean sft?"),
        (["--splits", "dev"], "--splits dev: the release has train, validation, test"),
        (["--languages", "fra_Latn"], "--languages fra_Latn: the release has nothing in fra_Latn; it has"),
        (["--languages", "Swahilli"], "did you mean"),
        (["--format", "csv"], "--format csv: expected parquet, jsonl"),
        (["--instruction", "Translate {txt}"], "--instruction: {txt} is not known"),
        (["--instruction", "Translate {text!r}"], "--instruction: {text} is not known"),
        (["--instruction", "Translate this"], "--instruction: {text} is not in it"),
        (["--instruction", "{text"], "--instruction: expected '}'"),
        (["--direction", "swh_Latn"], "--direction swh_Latn: expected source and target"),
        (["--direction", "fra_Latn-swh_Latn"], "--direction fra_Latn-swh_Latn: the release has pairs of eng_Latn-swh"),
        (["--kinds", "ct", "--direction", "eng-swh"], "--direction: no pairs are exported"),
        (["--for", "datasets", "--format", "jsonl"], "--format: datasets gets the files as they are"),
    ],
)
def test_mistakes(
    build: Path, tmp_path: Path, more: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "made"
    assert weft(["export", str(build), "--for", "trl", "--into", str(into), "-q", *more]) == 2
    assert message in capsys.readouterr().err and not into.exists()


def test_folders_that_do_not_serve(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(release: Path, into: Path, message: str) -> None:
        assert weft(["export", str(release), "--for", "trl", "--into", str(into), "-q"]) == 2
        assert message in capsys.readouterr().err

    into = tmp_path / "into"
    refused(tmp_path / "absent", into, "absent: no such folder; expected a build whose run came to its end")
    refused(tmp_path, into, "no release here")
    refused(build, build, "holds other files (construct); expected a folder of its own")
    refused(build, build / "construct/release.json", "it is a file")
    refused(build, build / "construct/trl", "lies in the release")
    empty = release(tmp_path / "empty", {"sft": ["swh_Latn"]}, splits=["test"])
    refused(empty, into, "has no train or validation; expected --splits test")
    other = tmp_path / "other"
    other.mkdir()
    (other / "export.json").write_text("{}")
    refused(build, other, "is not of an export")

    damaged = tmp_path / "damaged"
    shutil.copytree(build, damaged)
    file = damaged / "construct/sft/swh_Latn/train-00000.parquet"
    content = file.read_bytes()
    file.write_bytes(content[:-9])
    refused(damaged, into, f"where release.json says {len(content):,}; expected a whole release")
    (damaged / "construct/release.json").unlink()
    refused(damaged, into, "train-00000.parquet: cannot be read")
    pl.read_parquet(build / "construct/sft/swh_Latn/train-00000.parquet").drop("messages").write_parquet(file)
    refused(damaged, into, "no column 'messages'; expected a file of sft, with id, source, license, messages")
    pl.DataFrame({"id": ["a"], "source": ["b"], "license": ["c"], "messages": ["d"]}).write_parquet(file)
    refused(damaged, into, "column messages is String; expected List(Struct(")
    message = {"role": "user", "content": "d", "tool_calls": "e"}
    pl.DataFrame({"id": ["a"], "source": ["b"], "license": ["c"], "messages": [[message]]}).write_parquet(file)
    refused(damaged, into, "'tool_calls': String})); expected List(Struct(")
    assert not into.exists()


def test_nothing_that_a_trainer_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = release(tmp_path / "build", {"ct": ["swh_Latn"]}, splits=["train"])
    file = build / "construct/ct/swh_Latn/train-00000.parquet"
    pl.read_parquet(file).with_columns(pl.lit("").alias("text")).write_parquet(file)
    (build / "construct/release.json").unlink()
    assert weft(["export", str(build), "--for", "trl", "--into", str(tmp_path / "made"), "-q"]) == 2
    assert "nothing that trl can take; left out: no_text 6" in capsys.readouterr().err


def test_the_page_names_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs/trainers.md").read_text("utf-8")
    assert [name for name in REASONS if f"`{name}`" not in page] == []
