"""What changed between releases, and a hash of the content that order, files and formats leave alone."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from weft.cli import reading
from weft.construct.content import ROW, digest, together
from weft.construct.difference import content_hash, difference, listed
from weft.errors import WeftError

ROWS = [
    ("a", "habari ya asubuhi", "swh_Latn", "train"),
    ("b", "watu wa mji", "swh_Latn", "train"),
    ("c", "good morning", "eng_Latn", "test"),
    ("d", "ሰላም", "amh_Ethi", "train"),
]


def release(folder: Path, rows: list[tuple[str, str, str, str]], files: int = 1, **more: list[int]) -> Path:
    top = folder / "construct" / "ct"
    frame = pl.DataFrame(rows, ["id", "text", "language", "split"], orient="row").with_columns(
        pl.Series(name, values) for name, values in more.items()
    )
    for number in range(files):
        own = frame.gather_every(files, number)
        (top / f"part{number}").mkdir(parents=True, exist_ok=True)
        own.write_parquet(top / f"part{number}" / "train-00000.parquet")
    return folder


def test_every_kind(tmp_path: Path) -> None:
    after = [
        ("a", "habari ya asubuhi", "swh_Latn", "train"),
        ("b", "watu wa mji mkubwa", "swh_Latn", "train"),
        ("c", "good morning", "sco_Latn", "test"),
        ("e", "new", "eng_Latn", "train"),
    ]
    found = difference(release(tmp_path / "one", ROWS), release(tmp_path / "two", after))
    assert found.rows.rows() == [
        ("e", "added", None, "eng_Latn", None, "train"),
        ("b", "changed", "swh_Latn", "swh_Latn", "train", "train"),
        ("c", "moved", "eng_Latn", "sco_Latn", "test", "test"),
        ("d", "removed", "amh_Ethi", None, "train", None),
    ]
    head = ["language", "before", "after", "added", "removed", "changed", "moved"]
    assert found.languages.select(head).rows() == [
        ("amh_Ethi", 1, 0, 0, 1, 0, 0),
        ("eng_Latn", 1, 1, 1, 0, 0, 1),
        ("sco_Latn", 0, 1, 0, 0, 0, 1),
        ("swh_Latn", 2, 2, 0, 0, 1, 0),
    ]
    assert found.level() == "major" and found.hashes[0] != found.hashes[1]
    told = found.to_json()
    assert (told["added"], told["removed"], told["changed"], told["moved"]) == (1, 1, 1, 1)


def test_levels(tmp_path: Path) -> None:
    one = release(tmp_path / "one", ROWS)
    assert difference(one, release(tmp_path / "same", ROWS)).level() == "none"
    assert difference(one, release(tmp_path / "more", [*ROWS, ("z", "zaidi", "swh_Latn", "train")])).level() == "minor"
    assert difference(one, release(tmp_path / "less", ROWS[1:])).level() == "major"


def test_order_and_files_do_not_matter_and_repeats_do(tmp_path: Path) -> None:
    one = content_hash(listed(release(tmp_path / "one", ROWS)))
    assert content_hash(listed(release(tmp_path / "two", ROWS[::-1], files=3))) == one
    assert content_hash(listed(release(tmp_path / "three", ROWS, repeats=[1, 1, 1, 1]))) == one
    assert content_hash(listed(release(tmp_path / "four", ROWS, repeats=[1, 2, 1, 1]))) != one
    assert difference(tmp_path / "one", tmp_path / "four").rows["kind"].to_list() == ["moved"]
    assert listed(tmp_path / "one").equals(listed(tmp_path / "one" / "construct"))


def test_copies_of_a_mixture_are_one_document(tmp_path: Path) -> None:
    once = release(tmp_path / "once", ROWS[:3], repeats=[2, 1, 1])
    written = [ROWS[0], ROWS[1], ROWS[2], ROWS[0]]
    copies = release(tmp_path / "copies", written, files=2, repeats=[2, 1, 1, 2], copy=[1, 1, 1, 2])
    assert listed(copies).equals(listed(once)) and difference(once, copies).level() == "none"


def test_a_release_that_kept_nothing_has_no_documents(tmp_path: Path) -> None:
    one, none = release(tmp_path / "one", ROWS), tmp_path / "none/construct"
    (none / "rejects").mkdir(parents=True)
    pl.DataFrame({"id": ["a"], "rule": ["seen_before"]}).write_parquet(none / "rejects/00000.parquet")
    (none / "release.json").write_text(json.dumps({"name": "none", "documents": 0, "files": []}), "utf-8")
    assert set(difference(one, none.parent).rows["kind"]) == {"removed"}
    assert set(difference(none.parent, one).rows["kind"]) == {"added"}
    (none / "release.json").write_text(json.dumps({"name": "none", "files": [{"path": "ct/x.parquet"}]}), "utf-8")
    with pytest.raises(WeftError, match="no column 'text'"):
        difference(one, none.parent)


def test_mistakes(tmp_path: Path) -> None:
    one = release(tmp_path / "one", ROWS)
    with pytest.raises(WeftError, match="no release here"):
        difference(one, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeftError, match="no release here"):
        difference(tmp_path / "empty", one)
    with pytest.raises(WeftError, match="a stands in it more than once"):
        listed(release(tmp_path / "twice", [*ROWS, ROWS[0]]))
    broken = release(tmp_path / "broken", ROWS)
    next(broken.rglob("*.parquet")).write_bytes(b"PAR1 no PAR1")
    with pytest.raises(WeftError, match="cannot be read"):
        listed(broken)
    (tmp_path / "other").mkdir()
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "other" / "x.parquet")
    with pytest.raises(WeftError, match="no column 'id'"):
        listed(tmp_path / "other")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = release(tmp_path / "one", ROWS), release(tmp_path / "two", ROWS[1:])
    assert reading.diff(one, two, tmp_path / "rows.tsv", False) == 0
    said = capsys.readouterr().out
    assert "swh_Latn" in said and "eng_Latn" not in said and "a major version" in said
    assert (tmp_path / "rows.tsv").read_text().splitlines()[1].split("\t")[:2] == ["a", "removed"]
    reading.diff(one, one, tmp_path / "rows.parquet", True)
    assert '"level": "none"' in capsys.readouterr().out and pl.read_parquet(tmp_path / "rows.parquet").height == 0
    with pytest.raises(WeftError, match="expected a file named"):
        reading.diff(one, two, tmp_path / "rows.txt", False)


def test_a_digest_is_the_sum_of_its_parts_and_heeds_every_column(tmp_path: Path) -> None:
    rows = listed(release(tmp_path / "one", ROWS)).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ROW)
    whole = digest(rows)
    assert together([digest(rows.slice(2)), digest(rows.slice(0, 2))]) == whole and whole.documents == 4
    assert together([]) == digest(rows.slice(0, 0)) and len(str(whole)) == 32
    swapped = rows.rename_columns(["id", "split", "language", "repeats", "text_hash"]).select(ROW.names)
    assert digest(swapped) != whole
    once = pl.DataFrame(pl.from_arrow(rows))
    for name in ROW.names:
        other = once.with_columns(
            pl.when(pl.col("id") == "b").then(pl.col(name).max()).otherwise(pl.col(name)).alias(name)
        )
        assert other.equals(once) or content_hash(other) != str(whole)
