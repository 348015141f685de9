"""weft interleave as a person uses it: what the files hold, that packing reads each document once, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.test_packing import documents_of, packed
from tests.engine.corpus import contents
from tests.tokenizer.models import SENTENCES, made, write

from weft.cli.boundary import run as weft
from weft.construct.export import EXPORT
from weft.engine import interleaving
from weft.tokenizer.documents import plain
from weft.tokenizer.loaded import load

LANGUAGES = ("amh_Ethi", "eng_Latn", "swh_Latn")


def documents(language: str, count: int = 12) -> pl.DataFrame:
    """Documents of which the first ten are in groups; the Swahili ones of some groups lack a paragraph."""
    rows = []
    for number in range(count):
        paragraphs = [f"{language} {number} {SENTENCES[(number + place) % 6]}" for place in range(3)]
        rows.append(
            {
                "id": f"{language}-{number}",
                "text": "\n\n".join(paragraphs[: 2 if language == "swh_Latn" and number % 4 == 0 else 3]),
                "language": language,
                "split": "train",
                "license": "CC0-1.0" if language == "eng_Latn" else "CC-BY-4.0",
                "redistribute": True,
                "group_id": f"g{number}" if number < 10 else None,
            }
        )
    held = pl.DataFrame(rows)
    absent = [n for n in ("consent", "basis", "source", "locator", "meta") if n in EXPORT.names]
    return held.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)


def release(folder: Path, change: dict[str, pl.DataFrame] | None = None) -> Path:
    for language in LANGUAGES:
        part = folder / "construct/ct" / language
        part.mkdir(parents=True)
        rows = (change or {}).get(language, documents(language))
        for number, start in enumerate(range(0, rows.height, 5)):
            rows.slice(start, 5).write_parquet(part / f"train-{number:05d}.parquet", row_group_size=2)
    return folder


def read(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "ct/mul_Zyyy/train-*.parquet")


def test_parallel_documents_become_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = release(tmp_path / "build")
    assert weft(["interleave", str(build), "--into", str(tmp_path / "made"), "--languages", "sw", "-q"]) == 0
    said = capsys.readouterr().out
    assert "10, with 30 documents in 3 languages" in said and "by paragraph 7, by line 0" in said
    rows = read(tmp_path / "made")
    assert rows["group_id"].to_list() == [f"g{n}" for n in range(10)] and set(rows["language"]) == {"mul_Zyyy"}
    assert rows["license"].to_list() == ["CC-BY-4.0 AND CC0-1.0"] * 10 and rows["redistribute"].all()
    for number, row in enumerate(rows.iter_rows(named=True)):
        assert row["languages"][0] == "swh_Latn" and sorted(row["languages"]) == list(LANGUAGES)
        assert [m["id"] for m in row["members"]] == [f"{code}-{number}" for code in row["languages"]]
        assert row["method"] == ("documents" if number % 4 == 0 else "paragraphs")
        first = [part.split(" ")[0] for part in row["text"].split("\n\n")]
        turns = row["languages"] * 3 if number % 4 else [c for c in row["languages"] for _ in range(2 + (c[0] != "s"))]
        assert first == turns
    assert len({tuple(order) for order in rows["languages"]}) == 2
    members = pl.read_parquet(tmp_path / "made/members.parquet")
    assert members.height == 30 and set(members["interleaved"]) == set(rows["id"])


def test_the_same_bytes_whatever_the_buckets_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = release(tmp_path / "build")
    given = ["interleave", str(build), "--most", "2", "-q", "--into"]
    assert weft([*given, str(tmp_path / "one")]) == 0
    for file in (build / "construct/ct").rglob("*.parquet"):
        pl.read_parquet(file).write_parquet(file)
    monkeypatch.setattr(interleaving, "BUCKET_BYTES", 300)
    assert weft([*given, str(tmp_path / "two")]) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    told = json.loads((tmp_path / "one/interleaving.json").read_text("utf-8"))
    assert (told["members"], told["alone"], told["documents"]) == (20, 10, 10)
    assert weft([*given, str(tmp_path / "one"), "--by", "documents"]) == 0, "an earlier run is replaced"
    assert set(read(tmp_path / "one")["method"]) == {"documents"}


@pytest.mark.parametrize("written", ["copies", "once", "plain"])
def test_packing_reads_every_document_as_often_as_before(tmp_path: Path, written: str) -> None:
    tokenizer = write(made("own"), tmp_path / "tokenizer.json")
    change = {}
    for language in LANGUAGES:
        rows = documents(language)
        if written != "plain":
            times = pl.Series("repeats", [1 + (n + len(language)) % 3 * (language != "eng_Latn") for n in range(12)])
            rows = rows.with_columns(times.cast(pl.Int32))
        if written == "copies":
            rows = rows.with_columns(pl.int_ranges(1, pl.col("repeats") + 1).cast(pl.List(pl.Int32)).alias("copy"))
            rows = rows.explode("copy").sort("copy", maintain_order=True)
        change[language] = rows
    build = release(tmp_path / "build", change)
    assert weft(["interleave", str(build), "--into", str(tmp_path / "made"), "-q", "--by", "documents"]) == 0
    more = ["--keep-last", "--separator", "none"]
    out = ["--leave-out", str(tmp_path / "made/members.parquet"), str(tmp_path / "made")]
    rows = packed(build, tokenizer, tmp_path / "both", *more, *out)
    alone = packed(build, tokenizer, tmp_path / "alone", *more)
    members = pl.read_parquet(tmp_path / "made/members.parquet")
    left = json.loads((tmp_path / "both/packing.json").read_text("utf-8"))
    assert left["documents_left_out"] == members.height

    def readings(packing: pl.DataFrame) -> dict[str, int]:
        first = packing.explode("ids", "starts").filter(pl.col("starts") == 0)
        return dict(first.group_by("ids").len().iter_rows())

    before, after, inside = readings(alone), readings(rows), dict(members.group_by("id").len().iter_rows())
    assert {name: before[name] for name in before} == {
        name: after.get(name, 0) + inside.get(name, 0) for name in {*before}
    }
    held = plain(load(tokenizer)).tokenizer
    once = read(tmp_path / "made").filter(pl.len().over("id") == 1)
    assert once.height
    for row in once.iter_rows(named=True):
        assert documents_of(rows)[row["id"]] == held.encode(row["text"], add_special_tokens=False).ids


def test_a_folder_with_the_three_columns_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = {code: documents(code).select("id", "text", "language", "group_id") for code in LANGUAGES}
    build = release(tmp_path / "build", change)
    assert weft(["interleave", str(build / "construct"), "--into", str(tmp_path / "made"), "-q"]) == 0
    rows = read(tmp_path / "made")
    assert rows["license"].to_list() == ["unknown"] * 10 and rows["redistribute"].null_count() == 10
    other = release(tmp_path / "other", {code: rows.drop("language") for code, rows in change.items()})
    assert weft(["interleave", str(other), "--into", str(tmp_path / "x"), "-q"]) == 2
    assert "no text column language" in capsys.readouterr().err


def test_a_field_of_meta_may_name_the_group(tmp_path: Path) -> None:
    change = {}
    for language in LANGUAGES:
        meta = pl.Series("meta", [json.dumps({"story": f"s{n}", "id": n}) for n in range(11)] + [None])
        change[language] = documents(language).drop("group_id").with_columns(meta)
    build = release(tmp_path / "build", change)
    assert weft(["interleave", str(build), "--group", "meta.story", "--into", str(tmp_path / "made"), "-q"]) == 0
    assert read(tmp_path / "made")["group_id"].to_list() == [f"s{n}" for n in range(11)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--group", "group"], "no column 'group'; it has id, text"),
        (["--group", "redistribute"], "column redistribute is Boolean; expected text"),
        (["--group", "id"], "no two documents of train share a id and differ in language"),
        (["--by", "lines"], "--by lines: expected paragraphs, documents"),
        (["--languages", "yor"], "--languages yor_Latn: no document of a group is in it"),
        (["--languages", "xx-nothing"], "--languages: 'xx-nothing' is no language"),
        (["--languages", "sw,swh_Latn"], "names a language twice"),
        (["--most", "1"], "--most"),
    ],
)
def test_mistakes(tmp_path: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    build = release(tmp_path / "build")
    assert weft(["interleave", str(build), "--into", str(tmp_path / "made"), "-q", *more]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "made").exists()


def test_a_file_that_was_cut_short_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = release(tmp_path / "build")
    file = build / "construct/ct/eng_Latn/train-00000.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    assert weft(["interleave", str(build), "--into", str(tmp_path / "made"), "-q"]) == 2
    assert "train-00000.parquet: cannot be read" in capsys.readouterr().err


def test_groups_that_are_held_out_in_one_language_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = release(tmp_path / "build")
    part = build / "construct/ct/eng_Latn"
    pl.read_parquet(part / "train-00001.parquet").write_parquet(part / "test-00000.parquet")
    given = ["interleave", str(build), "-q", "--into"]
    assert weft([*given, str(tmp_path / "made")]) == 2
    assert "5 groups of group_id are in several splits (first 'g5': test, train)" in capsys.readouterr().err
    assert weft(["interleave", str(tmp_path), "-q", "--into", str(tmp_path / "made")]) == 2
    assert "is no release" in capsys.readouterr().err
    assert weft([*given, str(build)]) == 2
    assert "holds other files (construct)" in capsys.readouterr().err
