"""Noise: what it is made from, which part of the split it falls into, and what a model that learnt it says."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import polars as pl
import pytest

from weft.errors import WeftError
from weft.language.noise import kind_of, label_of, noise_texts
from weft.language.recipe import HoldOut, NoiseRecipe
from weft.language.texts import COLUMNS

MENU = "".join(
    f'<li><a href="/{n}">{word}</a></li>' for n, word in enumerate("Home News Sport Weather Contact".split())
)
PAGE = (
    f"<html><body><nav><ul>{MENU}</ul></nav><p>An article of some words, with <a href='/x'>a link</a> in it.</p>"
    "<script>function go(where) { window.location.href = where; return false; }</script>"
    "<script src='elsewhere.js'>this is not read, for it is not run</script>"
    "<style>body { margin: 0; padding: 0; background: white; }</style></body></html>"
)


def texts() -> pl.DataFrame:
    sentences = ["Дети идут в школу каждое утро и вечером возвращаются домой", "Children go to school every morning"]
    rows = [("made", f"{n}", "xxx_Cyrl", f"{text} {n}", 1.0, "train", None) for n, text in enumerate(sentences * 10)]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def archive(folder: Path) -> Path:
    file = folder / "pages.tar.gz"
    with tarfile.open(file, "w:gz") as held:
        for name in ("pages/1.html", "gold.jsonl"):
            entry = tarfile.TarInfo(name)
            entry.size = len(PAGE.encode())
            held.addfile(entry, io.BytesIO(PAGE.encode()))
    return file


def test_labels_and_kinds() -> None:
    assert label_of("code", "Latn") == "zxx-code_Latn" and kind_of("zxx-code_Latn") == "code"
    assert kind_of("swh_Latn") is None and kind_of("zxx_Latn") is None


def test_mojibake_is_of_texts_that_it_destroys_and_in_their_part() -> None:
    rows = texts().with_columns(split=pl.when(pl.col("group") == "0").then(pl.lit("dev")).otherwise(pl.col("split")))
    made = noise_texts(rows, NoiseRecipe(mojibake=3), HoldOut(), Path())
    mojibake = made.filter(pl.col("source") == "mojibake")
    assert mojibake.height and not mojibake["text"].str.contains("Children").any()
    assert {"zxx-mojibake_Latn", "zxx-mojibake_Cyrl"} <= set(mojibake["language"])
    assert set(mojibake.filter(pl.col("group") == "made 0")["split"]) <= {"dev"}
    assert made.equals(noise_texts(rows.reverse(), NoiseRecipe(mojibake=3), HoldOut(), Path()))
    assert "mojibake" not in set(noise_texts(rows, NoiseRecipe(), HoldOut(), Path())["source"])


def test_code_and_menus_of_pages(tmp_path: Path) -> None:
    made = noise_texts(texts(), NoiseRecipe(pages=(archive(tmp_path).name,)), HoldOut(), tmp_path)
    own = made.filter(pl.col("group").str.starts_with("pages.tar.gz"))
    assert own.filter(pl.col("language") == "zxx-menu_Latn")["text"].to_list() == ["Home News Sport Weather Contact"]
    code = own.filter(pl.col("language") == "zxx-code_Latn")["text"].to_list()
    assert [text.partition(" ")[0] for text in code[:2]] == ["function", "body"] and "<script>" in code[2]
    assert own["split"].n_unique() == 1


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "pages.tar.gz").write_bytes(b"no archive")
    with pytest.raises(WeftError, match=r"pages\.tar\.gz: cannot be read as an archive of pages"):
        noise_texts(texts(), NoiseRecipe(pages=("pages.tar.gz",)), HoldOut(), tmp_path)
