"""Files as they are found: the same one twice, names in old encodings, hidden folders, a fault amid a file."""

from __future__ import annotations

import errno
import gc
import io
import os
import shutil
import tarfile
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from tests.engine.corpus import contents, documents, write_corpus
from tests.engine.test_faults import Inline

from weft.construct.export import EXPORT, LanguageWriter
from weft.engine.build import RunResult, run
from weft.engine.local import LocalRunner
from weft.engine.reading import Build
from weft.engine.storage import Storage
from weft.engine.work import Task
from weft.recipe import load

PAGE = "<html><head><title>{n}</title></head><body><p>{text}</p></body></html>"


def built(recipe: Path, into: Path) -> RunResult:
    return run(load(recipe), into, runner=Inline(into))


def exported(into: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((into / "construct/ct").rglob("*.parquet"))])


def web_archive(texts: list[str]) -> bytes:
    made = b""
    for number, text in enumerate(texts):
        page = PAGE.format(n=number, text=text).encode()
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/{number}\r\n"
            f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number:032d}>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        made += head.encode() + block + b"\r\n\r\n"
    return made


def test_a_web_archive_that_lies_there_twice_is_kept_once(tmp_path: Path) -> None:
    """Its records have the same ids in both files: nothing may be joined by id."""
    recipe = write_corpus(tmp_path, count=0, files=0)
    texts = [one["text"] for one in documents(200) if one["text"].count(" ") > 60][:40:6]
    for name in ("a.warc", "b.warc", "later/c.warc"):
        (tmp_path / "texts" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "texts" / name).write_bytes(web_archive(texts))
    assert built(recipe, tmp_path / "build").status == 0
    stages = {stage["stage"]: stage for stage in Build.open(tmp_path / "build").summary()["stages"]}
    assert stages["construct"]["rows_in"] == 3 * len(texts) == 21
    assert stages["construct"]["rejected"] == {"duplicate": 14}
    kept = exported(tmp_path / "build")
    assert kept["id"].n_unique() == kept.height == 7


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_in_an_old_encoding_costs_only_its_file(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=40)
    old = os.fsencode(tmp_path / "texts") + b"/caf\xe9.txt"
    try:
        Path(os.fsdecode(old)).write_text("habari ya leo", "utf-8")
    except OSError as error:
        pytest.skip(f"this file system takes Unicode names only: {error.strerror}")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", encoding="latin-1", format=tarfile.GNU_FORMAT) as archive:
        for name in ("café.txt", "fine.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(b"habari ya leo")
            archive.addfile(member, io.BytesIO(b"habari ya leo"))
    (tmp_path / "texts/packed.tar").write_bytes(packed.getvalue())
    for _ in range(2):  # the manifest that names the file is read again
        assert built(recipe, tmp_path / "build").status == 0
    build = Build.open(tmp_path / "build")
    assert build.errors().select("locator", "reason").rows() == [("caf\\xe9.txt", "unreadable_file")]
    locators = build.documents(text=False).select("locator").collect()["locator"].to_list()
    assert {"packed.tar!caf\\xe9.txt#0", "packed.tar!fine.txt#0"} <= set(locators)


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=40)
    (tmp_path / "texts/.git/logs").mkdir(parents=True)
    for name in (".git/config.txt", ".git/logs/head.txt", ".DS_Store"):
        (tmp_path / "texts" / name).write_text("habari ya leo", "utf-8")
    built(recipe, tmp_path / "build")
    build = Build.open(tmp_path / "build")
    assert build.documents(text=False).collect().height == 40 and not build.errors().height


def test_a_file_that_was_not_finished_does_not_replace_a_whole_one(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    row = {name: None for name in EXPORT.names} | {"id": "a", "text": "x" * 9_000_000, "split": "train"}
    table = pa.Table.from_pylist([row], EXPORT)
    writer = LanguageWriter(storage.open_sink, "swh_Latn", ("parquet", "jsonl.zst"))
    writer.add(table)
    writer.close()
    whole = contents(tmp_path / "ct")

    def fails() -> None:
        cut = LanguageWriter(storage.open_sink, "swh_Latn", ("parquet", "jsonl.zst"))
        cut.add(table)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fails()
    gc.collect()
    assert contents(tmp_path / "ct") == whole


def test_workers_that_die_before_their_first_task_are_an_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dead:
        def submit(self, *_: object) -> Future[object]:
            raise BrokenProcessPool("a child process terminated abruptly")

        def shutdown(self, **_: object) -> None:
            """It is gone."""

    runner = LocalRunner(str(tmp_path), 1)
    monkeypatch.setattr(runner, "_open_pool", lambda *_: Dead())
    runner.submit(Task("documents", 0, "documents", "k"))
    (outcome,) = runner.outcomes()
    assert outcome.transient and "worker process died" in (outcome.failure or "")


def test_a_build_whose_outputs_are_gone_makes_them_again(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=40)
    built(recipe, tmp_path / "build")
    before = contents(tmp_path / "build/construct")
    shutil.rmtree(tmp_path / "build/construct")
    assert built(recipe, tmp_path / "build").status == 0
    assert contents(tmp_path / "build/construct") == before


def test_a_format_that_is_stated_later_counts(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=40, files=2)
    for path in (tmp_path / "texts").iterdir():
        path.rename(path.with_suffix(".dat"))
    built(recipe, tmp_path / "build")
    assert Build.open(tmp_path / "build").errors()["reason"].to_list() == ["unknown_format"] * 2
    recipe.write_text(recipe.read_text("utf-8").replace("path: texts", "path: texts\n    format: jsonl"), "utf-8")
    assert built(recipe, tmp_path / "build").status == 0
    build = Build.open(tmp_path / "build")
    assert build.documents(text=False).collect().height == 40 and not build.errors().height


@pytest.mark.parametrize("path", [".", "**/*.parquet", "**/*"])
def test_a_build_within_its_source_does_not_read_itself(path: str, tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=40, files=2)
    pl.DataFrame({"text": ["habari ya leo " * 30]}).write_parquet(tmp_path / "texts/more.parquet")
    recipe.write_text(recipe.read_text("utf-8").replace("path: texts", f'path: "{path}"'), "utf-8")
    built(recipe, tmp_path / "build")
    first = Build.open(tmp_path / "build").documents(text=False).collect()
    assert built(recipe, tmp_path / "build").tally.ran.total() == 0
    assert Build.open(tmp_path / "build").documents(text=False).collect().equals(first)
    assert first.height == (1 if "parquet" in path else 41)
