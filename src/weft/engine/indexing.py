"""An index of releases: adds what a build kept, forgets releases and documents, says what there is."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from weft.construct.elect import form
from weft.deduplicate.earlier import BAND, PAGE, TEXT
from weft.deduplicate.exact import folded_key
from weft.deduplicate.index_contents import CONTENTS, Contents, Segment, differences, read_contents, signatures
from weft.engine import exchange, index_files
from weft.engine.apply import Ready, ready, run_map
from weft.engine.keys import digest
from weft.engine.known import inputs_of, release_of
from weft.engine.reading import Build
from weft.engine.storage import Storage, read_batches
from weft.engine.work import Call, Context, rooms_registry
from weft.errors import WeftError
from weft.recipe import Recipe

if TYPE_CHECKING:
    from weft.text.keyed import Keyed

WHICH = ("kept", "copies", "all")
"""Documents that enter an index: those of the corpus; also the other members of their clusters; all of the build."""
Advance = Callable[[dict[str, int]], None]
KEY = pa.schema({"key": pa.uint64(), "number": pa.uint32()})
_LONGEST = 200
"""Letters of a release's name."""
_OURS = re.compile(r"[0-9a-f]{12}|attempt-[0-9a-f]{8}|tmp")


def add(
    build: Path, into: Path, release: str | None = None, which: str = "kept", advance: Advance = lambda counted: None
) -> dict[str, Any]:
    """Add a finished build to an index, which is made when it is not there; nothing when it is in it already.

    `advance` is told the number of documents and bytes of text after each batch.
    Raises WeftError for a build that is not finished, a name that another release has, and keys of another kind.
    """
    if which not in WHICH:
        raise WeftError(f"--which {which}: expected {', '.join(WHICH)}")
    opened = Build.open(build)
    if not opened.state.done("release") or not opened.complete:
        raise WeftError(f"{build}: is not complete; run its recipe to the end first")
    name = release or release_of(opened.recipe)
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise WeftError(f"--release {name!r}: expected a name of at most {_LONGEST} printable characters")
    with _locked(into, make=True) as held:
        contents = held or Contents(signatures(rooms_registry(), minhash_of(opened.recipe)), ())
        own = signatures(rooms_registry(), contents.signatures["deduplicate.minhash"])
        unlike = differences(contents.signatures, own, ("exact", "url_key", "minhash"))
        if unlike:
            raise WeftError(f"{into}: was made by another version of weft ({unlike}); index all releases anew")
        keys = [e.key for node in ("documents", "select") for held in opened.state.done(node).values() for e in held]
        told = digest("release", contents.signatures, which, keys)
        same = next((s for s in contents.releases if s.digest == told), None)
        if same is not None:
            return {"index": str(into), "added": None, **asdict(same)}
        if any(s.release == name for s in contents.releases):
            raise WeftError(
                f"{into}: holds a release {name} already, of other documents; expected another name (--release), "
                f"or that one to be forgotten first (--forget)"
            )
        segment = Segment(name, told, told[:12], which, inputs_of(opened.state), 0, 0, 0)
        with _folder(into, segment) as attempt:
            counted = _write(opened, attempt, contents, which, advance)
        segment = replace(segment, **counted)  # type: ignore[arg-type]  # its three counts
        _save(into, replace(contents, releases=(*contents.releases, segment)))
    return {"index": str(into), "added": name, **asdict(segment)}


def minhash_of(recipe: Recipe) -> dict[str, Any]:
    step = next((s for s in recipe.deduplicate if s.operator == "deduplicate.minhash"), None)
    return dict(step.params) if step is not None else rooms_registry().defaults("deduplicate.minhash")


@contextmanager
def _locked(into: Path, *, make: bool = False) -> Iterator[Contents | None]:
    """The contents of an index that nobody else changes meanwhile; None for one that is to be made."""
    if into.is_dir() and not (into / CONTENTS).exists() and any(p.name != "lock" for p in into.iterdir()):
        raise WeftError(f"{into}: holds other files; expected an empty folder or an index")
    if not make:
        read_contents(into)
    try:
        into.mkdir(parents=True, exist_ok=True)
        with FileLock(into / "lock", timeout=0):
            held = read_contents(into) if (into / CONTENTS).exists() else None
            if held is not None:
                _sweep(into, held)
            yield held
    except Timeout:
        raise WeftError(f"{into}: another process changes this index; wait for it") from None
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error


def _save(into: Path, contents: Contents) -> None:
    """What is in the index from now on; until then new files are nothing, from then on old ones are."""
    Storage(into).write_bytes(CONTENTS, contents.to_json().encode())
    _sweep(into, contents)


def _sweep(into: Path, contents: Contents) -> None:
    """Remove the folders that no release names: forgotten ones, and what a killed process has left."""
    named = {segment.folder for segment in contents.releases}
    for folder in into.iterdir():
        if folder.is_dir() and folder.name not in named and _OURS.fullmatch(folder.name):
            shutil.rmtree(folder)


@contextmanager
def _folder(into: Path, segment: Segment) -> Iterator[Path]:
    """A folder that becomes the segment's own when the block ends well."""
    attempt = into / f"attempt-{secrets.token_hex(4)}"
    attempt.mkdir()
    try:
        yield attempt
        shutil.rmtree(into / segment.folder, ignore_errors=True)
        attempt.rename(into / segment.folder)
    finally:
        shutil.rmtree(attempt, ignore_errors=True)


class Steps(NamedTuple):
    """Operators that make keys and sets of documents."""

    labels: list[Ready]
    sets: Ready


def key_steps(contents: Contents, context: Context) -> Steps:
    registry = context.registry

    def given(name: str) -> dict[str, Any]:
        return {key: value for key, value in contents.signatures[name].items() if key != "version"}

    labels = ["deduplicate.exact", "deduplicate.url_key", "deduplicate.minhash"]
    calls = [Call("label.tokens", registry.defaults("label.tokens")), *(Call(name, given(name)) for name in labels)]
    (sets,) = ready([Call("deduplicate.shingle_sets", given("deduplicate.shingle_sets"))], context)
    return Steps(ready(calls, context), sets)


def _write(build: Build, folder: Path, contents: Contents, which: str, advance: Advance) -> dict[str, int]:
    """All files of a release; the counts of its segment. Memory is a batch of documents and a destination of keys."""
    storage = Storage(folder)
    steps = key_steps(contents, Context(storage, rooms_registry()))
    counted = {"documents": 0, "text_bytes": 0}
    with (
        index_files.set_writer(folder / index_files.SETS) as sets,
        storage.parquet(index_files.DOCUMENTS, index_files.HELD) as documents,
    ):

        def rows() -> Iterator[tuple[pa.Table, npt.NDArray[np.int64]]]:
            for batch in _documents(build, which):
                made, told = signed(steps, batch, sets)
                documents.add(told)
                yield key_rows(made, counted["documents"])
                counted["documents"] += batch.num_rows
                counted["text_bytes"] += int(pc.sum(told["bytes"]).as_py() or 0)
                advance(counted)

        exchange.write(storage, "keys.arrow", KEY, rows())
    write_key_files(storage, index_files.KEYS)
    return counted | {"bytes": sum(file.stat().st_size for file in folder.iterdir())}


def write_key_files(storage: Storage, names: Mapping[int, str]) -> None:
    """The files of keys of some kinds, from `keys.arrow`, which is gone afterwards."""
    folder = storage.root
    for kind, name in names.items():
        places = range(kind * exchange.PARTITIONS, (kind + 1) * exchange.PARTITIONS)
        held = (exchange.gather(storage, ["keys.arrow"], place, KEY) for place in places)
        index_files.write_keys(folder / name, kind, held)
    for name in ("keys.arrow", "keys.arrow.index"):
        (folder / name).unlink()
    shutil.rmtree(folder / "tmp", ignore_errors=True)


_READ = ["id", "text", "url", "record_kind", "parts"]


def _documents(build: Build, which: str) -> Iterator[pa.Table]:
    """Batches (id, text, url, form) of the documents that enter the index, in order of the build."""
    clusters = _kept_clusters(build) if which == "copies" else None
    for shard in build.state.done("documents"):
        selection = _column(build, "select", shard, "selection")
        wanted = pl.select(pl.repeat(True, selection.len())).to_series()
        if which != "all":
            wanted = selection.struct.field("rule").is_null()
        if clusters is not None:
            cluster = _column(build, "deduplicate", shard, "deduplicate").struct.field("cluster")
            wanted = wanted | cluster.is_in(clusters.implode())
        start = 0
        for batch in read_batches(build.storage.path(build.state.path("documents", shard)), _READ):
            held = wanted[start : start + batch.num_rows] & pl.Series(batch["text"].is_valid().to_numpy())
            start += batch.num_rows
            if held.any():
                frame = pl.DataFrame(pl.from_arrow(batch.select(["record_kind", "parts"])))
                forms = frame.select(form(frame).alias("form")).to_series().to_arrow().cast(pa.string())
                batch = batch.drop_columns(["record_kind", "parts"]).append_column("form", forms)
                yield batch.filter(held.to_arrow())


def _column(build: Build, node: str, shard: int, name: str) -> pl.Series:
    return pl.read_parquet(build.storage.path(build.state.path(node, shard)), columns=[name])[name]


def _kept_clusters(build: Build) -> pl.Series:
    """Clusters of several documents of which one is in the corpus."""
    found = [pl.Series("cluster", [], dtype=pl.String)]
    for shard in build.state.done("deduplicate"):
        label = _column(build, "deduplicate", shard, "deduplicate").struct
        kept = _column(build, "select", shard, "selection").struct.field("rule").is_null()
        found.append(label.field("cluster").filter(kept & (label.field("size") > 1)))
    return pl.concat(found).unique()


def signed(
    steps: Steps, batch: pa.Table, sets: index_files.SetWriter, keyed: Keyed | None = None
) -> tuple[pa.Table, pa.Table]:
    """The batch with its signatures; rows of HELD; its sets, with a key of keyed hashes, go to their writer."""
    from weft.text.jaccard import sorted_sets, upper_halves

    for step in steps.labels:
        batch, errors = run_map(step, batch)
        if errors.num_rows:
            raise WeftError(f"document {errors['id'][0].as_py()} cannot be indexed: {errors['detail'][0].as_py()}")
    zeros = np.zeros(batch.num_rows, np.int64)
    address = {"component": pa.array(zeros), "shard": pa.array(zeros, pa.int32()), "row": pa.array(zeros, pa.int32())}
    given = pa.table({"text": batch["text"], "tokens": batch["tokens"], **address})
    lists = steps.sets.function(given)["shingles"].combine_chunks()
    values, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    if keyed is not None:
        values, offsets = sorted_sets(keyed.of("shingle", values), offsets.copy())
    values, offsets = upper_halves(values, offsets)
    sets.add(index_files.steps(values, offsets), offsets)
    size = pc.binary_length(batch["text"]).cast(pa.int32())
    shingles = np.diff(offsets).astype(np.int32)
    return batch, pa.table({"id": batch["id"], "bytes": size, "shingles": shingles, "form": batch["form"]})


def key_rows(batch: pa.Table, first: int, keyed: Keyed | None = None) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Rows of KEY of a batch whose first document has the number `first`, and their destinations, by kind."""
    numbers = np.arange(first, first + batch.num_rows, dtype=np.uint32)
    frame = pl.DataFrame(
        {
            "number": numbers,
            "text": folded_key(batch["exact"]),
            "page": pl.DataFrame(pl.from_arrow(batch.select(["url_key"]))).unnest("url_key")["hash"],
            "band": pl.DataFrame(pl.from_arrow(batch.select(["minhash"]))).unnest("minhash")["bands"],
        }
    )
    bands = frame.select("number", "band").filter(pl.col("band").list.len() > 0).explode("band")
    parts = {BAND: bands.unique(), TEXT: frame.select("number", "text"), PAGE: frame.select("number", "page")}
    tables, places = [], []
    for kind, part in parts.items():
        name = part.columns[1]
        held = part.rename({name: "key"}).drop_nulls()
        if keyed is not None:
            held = held.with_columns(pl.Series("key", keyed.of(name, held["key"].to_numpy())))
        held = held.sort("number", "key").select("key", "number")
        tables.append(held.to_arrow())
        places.append(exchange.by_key(held["key"].to_numpy()) + kind * exchange.PARTITIONS)
    return pa.concat_tables(tables), np.concatenate(places)


def forget(into: Path, releases: list[str], ids: list[str]) -> dict[str, Any]:
    """Take releases out of an index, and documents out of all releases; their keys and sets are gone afterwards.

    Raises WeftError for a release that is not there. Ids that are not there are counted, as they may have been
    forgotten before.
    """
    with _locked(into) as contents:
        assert contents is not None
        names = [segment.release for segment in contents.releases]
        for name in releases:
            if name not in names:
                raise WeftError(f"{into}: holds no release {name}; expected one of {', '.join(names) or 'none'}")
        left, documents = [], 0
        wanted = pl.Series("id", sorted(set(ids)), dtype=pl.String)
        found: set[str] = set()
        for segment in contents.releases:
            if segment.release in releases:
                documents += segment.documents
                continue
            held = pl.read_parquet(into / segment.folder / index_files.DOCUMENTS, columns=["id"])["id"]
            gone = held.is_in(wanted.implode())
            if gone.any():
                found |= set(held.filter(gone))
                documents += int(gone.sum())
                segment = _without_rows(into, segment, gone.to_numpy())
            left.append(segment)
        _save(into, replace(contents, releases=tuple(left)))
    return {"index": str(into), "releases": releases, "documents": documents, "unknown_ids": len(wanted) - len(found)}


def _without_rows(into: Path, segment: Segment, gone: npt.NDArray[np.bool_]) -> Segment:
    """The segment written anew without some documents, in a folder of another name."""
    number_of = np.where(gone, -1, np.cumsum(~gone) - 1)
    told = digest("forgotten", segment.digest, np.flatnonzero(gone).tolist())
    made = replace(segment, digest=told, folder=told[:12], documents=int((~gone).sum()))
    source = into / segment.folder
    size = 0
    with _folder(into, made) as folder:
        storage = Storage(folder)
        with storage.parquet(index_files.DOCUMENTS, index_files.HELD) as documents:
            held = pa.concat_tables(index_files.rows_of(source / index_files.DOCUMENTS)).filter(pa.array(~gone))
            documents.add(held)
            size = int(pc.sum(held["bytes"]).as_py() or 0)
        with index_files.set_writer(folder / index_files.SETS) as sets:
            start = 0
            for rows in index_files.rows_of(source / index_files.SETS):
                keep = ~gone[start : start + rows.num_rows]
                start += rows.num_rows
                lists = rows["steps"].combine_chunks().filter(pa.array(keep))
                sets.add(lists.values.to_numpy(), lists.offsets.to_numpy().astype(np.int64))
        for kind, name in index_files.KEYS.items():
            index_files.write_keys(folder / name, kind, index_files.keys_without(source / name, kind, number_of))
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        size_of_files = sum(file.stat().st_size for file in folder.iterdir())
    return replace(made, text_bytes=size, bytes=size_of_files)


def listed(into: Path) -> dict[str, Any]:
    """What an index holds: how its keys were made, and its releases, oldest first."""
    contents = read_contents(into)
    return {
        "index": str(into),
        "signatures": contents.signatures,
        "releases": [asdict(segment) for segment in contents.releases],
    }
