"""Texts from files of every form, and what is said of those that cannot be read."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from weft.errors import WeftError
from weft.tokenizer.texts import Columns, held_out, read_texts

ROWS = [("swh_Latn", "habari za asubuhi"), ("amh_Ethi", "ሰላም"), ("swh_Latn", "cafe\u0301")]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def frame() -> pl.DataFrame:
    return pl.DataFrame(ROWS, ["language", "text"], orient="row").with_columns(pl.lit("k").alias("key"))


def content(form: str) -> bytes:
    if form == "jsonl":
        return frame().write_ndjson().encode()
    return frame().write_csv(separator="\t" if form == "tsv" else ",").encode()


@pytest.mark.parametrize("form", ["jsonl", "tsv", "csv"])
@pytest.mark.parametrize("packed", sorted(PACK))
def test_tables(tmp_path: Path, form: str, packed: str) -> None:
    file = tmp_path / f"texts.{form}{packed}"
    file.write_bytes(PACK[packed](content(form)))
    rows = read_texts([str(file)], Columns(key="key"))
    assert rows.rows() == [(language, text.replace("e\u0301", "é"), "k") for language, text in ROWS]


def test_parquet_and_other_names_of_columns(tmp_path: Path) -> None:
    held = frame().rename({"text": "body", "language": "lg"})
    held.write_parquet(tmp_path / "texts.parquet")
    rows = read_texts([str(tmp_path / "texts.parquet")], Columns("body", "lg"))
    assert rows["language"].to_list() == ["swh_Latn", "amh_Ethi", "swh_Latn"] and rows["key"].null_count() == 3


def test_plain_text_says_its_language_by_name_or_argument(tmp_path: Path) -> None:
    for name in ("swh_Latn.txt", "news.txt"):
        (tmp_path / name).write_text("moja\n\n  \nmbili\nmoja\n", "utf-8")
    named = read_texts([str(tmp_path / "swh_Latn.txt")], Columns())
    assert named.rows() == [("swh_Latn", "moja", None), ("swh_Latn", "mbili", None)]
    told = read_texts([f"sw={tmp_path / 'news.txt'}"], Columns())
    assert told["language"].to_list() == ["swh_Latn", "swh_Latn"]
    assert read_texts([str(tmp_path / "swh_Latn.txt"), f"sw={tmp_path / 'news.txt'}"], Columns()).height == 2


def test_a_release_and_its_splits(tmp_path: Path) -> None:
    for language, text in ROWS[:2]:
        folder = tmp_path / "build" / "construct" / "ct" / language
        folder.mkdir(parents=True)
        for split in ("train", "test"):
            pl.DataFrame({"text": [f"{text} {split}"], "language": [language]}).write_parquet(
                folder / f"{split}-00000.parquet"
            )
    for top in ("build", "build/construct"):
        rows = read_texts([str(tmp_path / top)], Columns())
        assert rows["text"].to_list() == ["ሰላም train", "habari za asubuhi train"]
    assert read_texts([str(tmp_path / "build")], Columns(), splits=("train", "test")).height == 4


def test_a_release_in_json_lines_and_a_folder_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "ct" / "swh_Latn"
    folder.mkdir(parents=True)
    (folder / "train-00000.jsonl.zst").write_bytes(PACK[".zst"](b'{"text": "moja"}\n'))
    assert read_texts([str(tmp_path)], Columns()).rows() == [("swh_Latn", "moja", None)]
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "swh_Latn.txt").write_text("mbili\n", "utf-8")
    (folder / "yor_Latn.txt").write_text("eji\n", "utf-8")
    assert set(read_texts([str(folder)], Columns())["language"]) == {"swh_Latn", "yor_Latn"}


def test_no_more_than_so_many_characters_of_each_language(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"swh_Latn.{n}.txt").write_text("\n".join(f"{n} {k} sawa" for k in range(10)), "utf-8")
    (tmp_path / "yor_Latn.txt").write_text("eji\n", "utf-8")
    files = sorted(str(file) for file in tmp_path.iterdir())
    rows = read_texts(files, Columns(), most=100)
    assert rows["language"].to_list() == ["swh_Latn"] * 13 + ["yor_Latn"]  # eight characters each
    assert rows["text"][12] == "1 2 sawa"


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("a.tsv", b"body\tlang\nx\ty\n", "no column 'text'; it has body, lang"),
        ("a.tsv", b"text\nx\n", "nothing says its language"),
        ("a.jsonl", b'{"text": 1, "lang": "swh_Latn"}\n', "column text is Int64; expected text"),
        ("a.jsonl", b"{no json}\n", "cannot be read"),
        ("a.jsonl.gz", b"not packed", "cannot be read"),
        ("a.jsonl.zst", b"not packed", "cannot be read"),
        ("a.jsonl.xz", lzma.compress(b"x" * 9999)[:50], "cannot be read"),
        ("a.parquet", b"PAR1 no", "cannot be read"),
        ("swh_Latn.txt", b"moja\n\xff\xfe\n", "line 2: byte 0xff is not UTF-8"),
        ("swh_Latn.txt", b"", "no text in it"),
        ("a.jsonl", b"", "no text in it"),
        ("a.pdf", b"%PDF", "expected a release, or a file named .txt"),
    ],
)
def test_mistakes(tmp_path: Path, name: str, held: bytes, said: str) -> None:
    file = tmp_path / name
    file.write_bytes(held)
    with pytest.raises(WeftError) as caught:
        read_texts([str(file)], Columns())
    assert said in str(caught.value) and name in str(caught.value)


def test_no_file_no_language_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"absent\.txt: cannot be read: No such file"):
        read_texts([f"swh_Latn={tmp_path / 'absent.txt'}"], Columns())
    with pytest.raises(WeftError, match="xx!!yy is no language"):
        read_texts([f"xx!!yy={tmp_path / 'absent.txt'}"], Columns())
    with pytest.raises(WeftError, match="neither a release"):
        read_texts([str(tmp_path)], Columns())


def test_held_out_texts() -> None:
    rows = pl.DataFrame(
        {
            "language": ["aaa_Latn"] * 200 + ["bbb_Latn"] * 9,
            "text": [f"text {n}" for n in range(209)],
            "key": pl.Series([None] * 209, dtype=pl.String),
        }
    )
    held = held_out(rows, 0.1, 1)
    assert held[:200].sum() == 20 and held[200:].sum() == 0
    turned = held_out(rows.reverse(), 0.1, 1).reverse()
    assert turned.to_list() == held.to_list() and held_out(rows, 0.1, 2).to_list() != held.to_list()
    assert held_out(rows, 0.0, 1).sum() == 0


def test_translations_are_held_out_together() -> None:
    rows = pl.DataFrame(
        [(language, f"{language} {n}", str(n)) for language in ("aaa_Latn", "bbb_Latn", "ccc_Latn") for n in range(50)],
        ["language", "text", "key"],
        orient="row",
    )
    held = rows.filter(held_out(rows, 0.1, 3))
    assert held.height == 15 and held["key"].n_unique() == 5
