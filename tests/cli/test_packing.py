"""weft pack as a person uses it: what the files hold, and what is said of a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.tokenizer.models import SENTENCES, made, write

from weft.cli.boundary import run as weft
from weft.tokenizer.documents import plain
from weft.tokenizer.loaded import load
from weft.tokenizer.packed import Plan, pack
from weft.tokenizer.texts import Columns

TEXTS = [" ".join(SENTENCES[n % 6] for n in range(k, k + 1 + k % 4)) + f" {k} </s> ሰላም" for k in range(40)]
END = 2


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = [{"id": f"d{n}", "lang": "eng_Latn", "text": text, "grade": -n} for n, text in enumerate(TEXTS)]
    rows.append({"id": "empty", "lang": "eng_Latn", "text": " ", "grade": 0})
    file = tmp_path / "texts.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return file


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    return write(made("own"), tmp_path / "tokenizer.json")


def packed(texts: Path, tokenizer: Path, into: Path, *more: str) -> pl.DataFrame:
    given = ["--tokenizer", str(tokenizer), "--into", str(into), "--length", "64", "-q", *more]
    assert weft(["pack", str(texts), *given]) == 0
    return pl.read_parquet(into / "*.parquet")


def documents_of(rows: pl.DataFrame) -> dict[str, list[int]]:
    """Tokens of each document, put together from its pieces."""
    found: dict[str, dict[int, list[int]]] = {}
    for row in rows.iter_rows(named=True):
        assert sum(row["seq_lengths"]) == len(row["input_ids"]) == len(row["position_ids"])
        assert row["position_ids"] == [n for size in row["seq_lengths"] for n in range(size)]
        assert len(row["ids"]) == len(row["languages"]) == len(row["starts"])
        assert len(row["seq_lengths"]) == len(row["ids"]) + (row["padding"] > 0)
        place = 0
        for name, start, size in zip(row["ids"], row["starts"], row["seq_lengths"], strict=False):
            found.setdefault(name, {})[start] = row["input_ids"][place : place + size]
            place += size
    return {name: [n for _, part in sorted(parts.items()) for n in part] for name, parts in found.items()}


def expected(tokenizer: Path, separator: int | None = END) -> dict[str, list[int]]:
    held = plain(load(tokenizer)).tokenizer
    end = [] if separator is None else [separator]
    return {f"d{n}": held.encode(text, add_special_tokens=False).ids + end for n, text in enumerate(TEXTS)}


def test_stream(texts: Path, tokenizer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = packed(texts, tokenizer, tmp_path / "kept", "--keep-last")
    assert documents_of(rows) == expected(tokenizer)
    assert "empty      1 documents" in capsys.readouterr().out
    sizes = rows["input_ids"].list.len().to_list()
    assert set(sizes[:-1]) == {64} and 0 < sizes[-1] <= 64
    full = packed(texts, tokenizer, tmp_path / "full", "--json")
    told = json.loads(capsys.readouterr().out)
    assert full.height == told["sequences"] == sum(map(len, expected(tokenizer).values())) // 64
    assert told["tokens"] == told["tokens_packed"] + told["tokens_dropped"] and told["unfilled"] == 0
    assert told["separator"] == {"piece": "</s>", "id": END} and told["documents_empty"] == 1
    assert told == json.loads((tmp_path / "full/packing.json").read_text("utf-8"))


def test_text_that_spells_the_separator_ends_no_document(texts: Path, tokenizer: Path, tmp_path: Path) -> None:
    held = documents_of(packed(texts, tokenizer, tmp_path / "kept", "--keep-last"))
    assert all(ids.count(END) == 1 and ids[-1] == END for ids in held.values())
    none = packed(texts, tokenizer, tmp_path / "none", "--keep-last", "--separator", "none")
    assert documents_of(none) == expected(tokenizer, None)
    assert load(tokenizer).tokenizer.encode("</s>").ids == [END]  # others' tokenizer is as it was


@pytest.mark.parametrize("padding", ["<pad>", "none"])
def test_best_fit(texts: Path, tokenizer: Path, tmp_path: Path, padding: str) -> None:
    more = ["--method", "best-fit", "--order", "shuffle", *(["--padding", "none"] if padding == "none" else [])]
    rows = packed(texts, tokenizer, tmp_path / "fit", *more)
    wanted = expected(tokenizer)
    assert documents_of(rows) == wanted
    told = json.loads((tmp_path / "fit/packing.json").read_text("utf-8"))
    assert told["documents_cut"] == sum(len(ids) > 64 for ids in wanted.values())
    assert told["unfilled"] == rows.height * 64 - sum(map(len, wanted.values()))
    for row in rows.iter_rows(named=True):
        fill = row["padding"]
        assert fill == 0 if padding == "none" else len(row["input_ids"]) == 64
        assert row["input_ids"][len(row["input_ids"]) - fill :] == [3] * fill


def test_curriculum(texts: Path, tokenizer: Path, tmp_path: Path) -> None:
    rows = packed(texts, tokenizer, tmp_path / "made", "--order", "curriculum", "--by", "grade", "--keep-last")
    seen = list(dict.fromkeys(rows["ids"].explode().to_list()))
    assert seen == [f"d{n}" for n in reversed(range(40))]


def release(folder: Path, written: str) -> Path:
    """Two documents, of which one is read three times, as a mixture writes them."""
    part = folder / "construct/ct/eng_Latn"
    part.mkdir(parents=True)
    rows = pl.DataFrame({"id": ["a", "b"], "text": SENTENCES[:2], "repeats": pl.Series([1, 3], dtype=pl.Int32)})
    if written == "copies":
        again = rows.filter(pl.col("id") == "b")
        copy = pl.Series("copy", [1, 1, 2, 3], pl.Int32)
        rows = pl.concat([rows, again, again]).with_columns(copy)
    rows.write_parquet(part / "train-00000.parquet")
    rows.with_columns(pl.lit("v").alias("id")).write_parquet(part / "validation-00000.parquet")
    return folder


@pytest.mark.parametrize("written", ["copies", "once"])
def test_a_mixture_is_read_as_it_is_written(tokenizer: Path, tmp_path: Path, written: str) -> None:
    build = release(tmp_path / "build", written)
    more = ["--length", "500"]
    rows = packed(build, tokenizer, tmp_path / "stream", "--keep-last", *more)
    assert rows["ids"].explode().to_list() == ["a", "b", "b", "b"]
    fit = packed(build / "construct", tokenizer, tmp_path / "fit", "--method", "best-fit", *more)
    assert fit["ids"].to_list() == [["a", "b"], ["b"], ["b"]]  # no document twice in a sequence
    other = packed(build, tokenizer, tmp_path / "other", "--split", "validation", "--keep-last", *more)
    assert set(other["ids"].explode()) == {"v"} and (tmp_path / "other/validation-00000.parquet").is_file()


def test_the_same_bytes_twice_and_an_earlier_packing_is_replaced(texts: Path, tokenizer: Path, tmp_path: Path) -> None:
    def made(into: str, shard_tokens: int) -> dict[str, bytes]:
        plan = Plan(64, "best-fit", "shuffle", shard_tokens=shard_tokens)
        pack([str(texts)], load(tokenizer), plan, tmp_path / into, Columns(), lambda *_: None)
        return {file.name: file.read_bytes() for file in (tmp_path / into).iterdir()}

    one, two = made("one", 640), made("two", 640)
    assert one == two and len(one) > 3
    assert set(made("one", 1 << 20)) == {"train-00000.parquet", "packing.json"}
    many = pl.read_parquet(tmp_path / "two/*.parquet")
    assert many.equals(pl.read_parquet(tmp_path / "one/*.parquet"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--method", "fit"], "--method fit: expected stream, best-fit"),
        (["--order", "random"], "--order random: expected release, shuffle, curriculum"),
        (["--order", "curriculum"], "no column 'order'; it has id, lang, text, grade"),
        (["--by", "grade"], "--by grade: is for --order curriculum"),
        (["--interleave", "parallel"], "--interleave parallel: expected none, related"),
        (["--phase", "anneal"], "no column 'phase'"),
        (["--leave-out", "nothing.parquet"], "--leave-out nothing.parquet: cannot be read"),
        (
            ["--order", "curriculum", "--by", "grad"],
            "no column 'grad'; it has id, lang, text, grade; did you mean grade?",
        ),
        (["--order", "curriculum", "--by", "id"], "column id is String, and not all of it numbers"),
        (["--padding", "<pad>"], "--padding: a stream has no padding"),
        (["--method", "best-fit", "--keep-last"], "--keep-last: best-fit drops nothing"),
        (["--separator", "<eot>"], "no piece '<eot>'; its special tokens: <unk>, <s>, </s>, <pad>"),
        (["--length", "100000"], "fewer than one sequence of 100,000; expected more text"),
        (["--split", "*"], "--split *: expected the name of a split"),
        (["--text", "body"], "no column 'body'"),
    ],
)
def test_mistakes(
    texts: Path, tokenizer: Path, tmp_path: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "made"
    assert weft(["pack", str(texts), "--tokenizer", str(tokenizer), "--into", str(into), "-q", *more]) == 2
    assert said in capsys.readouterr().err and not into.exists()


def test_folders_and_tokenizers_that_do_not_serve(
    texts: Path, tokenizer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["pack", str(texts), "--tokenizer", str(tokenizer), "-q", "--into"]
    assert weft([*given, str(tmp_path)]) == 2
    assert "holds other files (texts.jsonl, tokenizer.json); expected a folder of its own" in capsys.readouterr().err
    assert weft([*given, str(texts)]) == 2
    build = release(tmp_path / "build", "once")
    given[1] = str(build)
    assert weft([*given, str(tmp_path / "x"), "--split", "test"]) == 2
    assert "no document of split test that has text" in capsys.readouterr().err
    (tmp_path / "bare").mkdir()
    bare = write(made("byte_level"), tmp_path / "bare/tokenizer.json")
    given[3] = str(bare)
    assert weft([*given, str(tmp_path / "x")]) == 2
    assert "no eos_token" in capsys.readouterr().err
    (bare.parent / "tokenizer_config.json").write_text('{"eos_token": {"content": "a"}}')
    assert weft([*given, str(tmp_path / "x")]) == 2  # a role must be of a special token
    assert "expected --separator PIECE" in capsys.readouterr().err
    assert weft([*given, str(tmp_path / "x"), "--separator", "a", "--method", "best-fit"]) == 2
    assert "no pad_token" in capsys.readouterr().err


def test_the_library_datasets_reads_the_files(texts: Path, tokenizer: Path, tmp_path: Path) -> None:
    rows = packed(texts, tokenizer, tmp_path / "made")
    import datasets

    files = str(tmp_path / "made/train-*.parquet")
    held = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert held.num_rows == rows.height and held.column_names == rows.columns
    assert np.array_equal(held[0]["input_ids"], rows["input_ids"][0])


def ordered(folder: Path) -> Path:
    """A release of two languages whose files state their order, in two phases."""
    for code, count in (("ces_Latn", 30), ("pol_Latn", 12), ("swh_Latn", 20)):
        part = folder / "construct/ct" / code
        part.mkdir(parents=True)
        phase = [number * 3 // count // 2 for number in range(count)]  # two thirds, one third
        place = [(n - phase.index(p)) / phase.count(p) + p for n, p in enumerate(phase)]
        rows = {
            "id": [f"{code[:3]}{number}" for number in range(count)],
            "text": [f"{SENTENCES[number % 6]} {number}" for number in range(count)],
            "phase": [("broad", "anneal")[one] for one in phase],
            "order": place,
        }
        pl.DataFrame(rows).write_parquet(part / "train-00000.parquet")
    return folder


def test_the_order_of_a_release_is_its_curriculum(tokenizer: Path, tmp_path: Path) -> None:
    build = ordered(tmp_path / "build")
    rows = packed(build, tokenizer, tmp_path / "made", "--order", "curriculum", "--keep-last")
    seen = list(dict.fromkeys(rows["ids"].explode().to_list()))
    for code, count in (("ces", 30), ("pol", 12), ("swh", 20)):
        assert [one for one in seen if one[:3] == code] == [f"{code}{number}" for number in range(count)]
    assert {one[:3] for one in seen[:6]} == {"ces", "pol", "swh"}, "languages go on together"
    anneal = packed(build, tokenizer, tmp_path / "anneal", "--phase", "anneal", "--keep-last")
    assert len(set(anneal["ids"].explode())) == 10 + 4 + 6 and "ces19" not in anneal["ids"].explode()


@pytest.mark.parametrize("method", ["stream", "best-fit"])
@pytest.mark.parametrize("order", ["release", "shuffle", "curriculum"])
def test_related_languages_are_in_the_same_sequences(
    tokenizer: Path, tmp_path: Path, method: str, order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ordered(tmp_path / "build")
    keep = ["--keep-last"] if method == "stream" else []
    more = ["--length", "128", "--method", method, "--order", order, *keep]
    rows = packed(build, tokenizer, tmp_path / "made", "--interleave", "related", *more)
    assert "related    2 strands" in capsys.readouterr().out
    told = json.loads((tmp_path / "made/packing.json").read_text("utf-8"))
    assert {name: held["languages"] for name, held in told["strands"].items()} == {
        "zlw": ["ces_Latn", "pol_Latn"],
        "bnt": ["swh_Latn"],
    }
    plain_rows = packed(build, tokenizer, tmp_path / "plain", *more)
    assert documents_of(rows) == documents_of(plain_rows), "the same tokens, each once"
    families = [{code[:3] == "swh" for code in held} for held in rows["languages"].to_list()]
    both = sum(len(found) == 2 for found in families)
    assert both <= (1 if method == "stream" else 0)
    several = sum(len(set(held)) > 1 for held in rows["languages"].to_list())
    assert several == told["sequences_of_several_languages"] > len(families) / 4
    sizes = rows["input_ids"].list.len().to_list()
    assert max(sizes) <= 128 and (method == "best-fit" or set(sizes[:-1]) == {128})
    again = packed(build, tokenizer, tmp_path / "again", "--interleave", "related", *more)
    assert again.equals(rows)
