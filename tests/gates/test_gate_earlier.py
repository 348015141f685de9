"""A new crawl against an index of an earlier one: recall against all pairs, precision 1, the same as both at once."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from tests.gates.test_gate_deduplicate import PLANTED, SEPARATORS, edited, in_batches

from weft.deduplicate.shingle_sets import shingle_sets
from weft.engine.build import run
from weft.engine.indexing import add
from weft.engine.reading import Build
from weft.label.tokens import tokens
from weft.recipe import load

RECALL = 0.985
RECALL_OF_A_LANGUAGE = 0.96
THRESHOLD = 0.8
BYTES_OF_INDEX = 0.75
"""Of an index, by byte of text, of web documents of some 1,000 characters in 186 languages."""
RECIPE = """\
name: {name}
acquire:
{sources}
standardize: false
deduplicate: [exact, minhash, verify{earlier}]
construct:
  extends: nothing
  rules: {{{rules}}}
"""


@dataclass(frozen=True)
class Crawls:
    """Two crawls, the second with versions of documents of the first; and what was built of them."""

    folder: Path
    first: pl.DataFrame  # name, lang, text
    second: pl.DataFrame

    def build(self, name: str, sources: dict[str, int], index: str | None = None) -> Build:
        listed = "\n".join(f"  - {{path: {n}.parquet, name: {n}, priority: {p}}}" for n, p in sources.items())
        earlier = f", {{earlier: {{index: {index}}}}}" if index else ""
        rules = "seen_before: earlier IS NULL" if index else ""
        recipe = self.folder / f"{name}.yaml"
        recipe.write_text(RECIPE.format(name=name, sources=listed, earlier=earlier, rules=rules), "utf-8")
        done = run(load(recipe), self.folder / name, workers=1)
        assert done.status == 0, done.tally.failures
        return Build.open(self.folder / name)


def rows(build: Build, source: str) -> pl.DataFrame:
    """Labels of the documents of one source, and their place in its file, which is the end of their locator."""
    frame = build.documents(text=False).filter(pl.col("source") == source).collect()
    rule = pl.col("selection").struct.field("rule")
    return frame.with_columns(
        pl.col("locator").str.extract(r"#(\d+)$").cast(pl.Int64).alias("place"), rule.alias("rule")
    )


def passing(build: Build, source: str) -> set[int]:
    """Places of the documents of one source that stay."""
    return set(rows(build, source).filter(pl.col("rule").is_null())["place"])


def plain(text: str) -> str:
    """A text with case and white space folded by Python; it tells the sigmas apart, which the tables do not."""
    return " ".join(text.translate(SEPARATORS).lower().split()).replace("ς", "σ")


@pytest.fixture(scope="module")
def crawls(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Crawls:
    """Two halves of 7,068 real documents; in 16 languages versions of those of the first stand in the second."""
    folder = tmp_path_factory.mktemp("crawls")
    content = gzip.decompress((data_dir / "docs" / "hplt_web_docs.jsonl.gz").read_bytes())
    real = pl.read_ndjson(content).select("lang", "text").sample(fraction=1.0, shuffle=True, seed=7)
    half = real.height // 2
    random = np.random.default_rng(7)
    planted = []
    for lang, text in real[:half].filter(pl.col("lang").is_in(PLANTED.split())).iter_rows():
        planted.append((lang, "\n ".join(text.upper().split(" "))))
        planted += [(lang, edited(text, edits, random)) for edits in (1, 2, 3, 5, 8)]
    # Copies of copies: chains within each crawl, and over both.
    chained = [(lang, edited(edited(text, 4, random), 4, random)) for lang, text in planted[::7]]
    versions = pl.DataFrame(planted + chained, schema=real.schema, orient="row").sample(
        fraction=1.0, shuffle=True, seed=7
    )
    early = versions[: versions.height // 10]
    first, second = pl.concat([real[:half], early]), pl.concat([real[half:], versions[early.height :]])
    for name, frame in (("first", first), ("second", second)):
        frame.write_parquet(folder / f"{name}.parquet")
    return Crawls(folder, first, second)


@pytest.fixture(scope="module")
def first(crawls: Crawls) -> Build:
    return crawls.build("one", {"first": 1})


@pytest.fixture(scope="module")
def second(crawls: Crawls, first: Build) -> Build:
    add(crawls.folder / "one", crawls.folder / "index")
    return crawls.build("two", {"second": 0}, "index")


def sets(texts: pl.Series) -> pl.DataFrame:
    """document, shingle: every distinct 64-bit shingle of each text."""
    place = np.arange(len(texts))
    table = pa.table({"text": texts.to_arrow().cast(pa.large_string()), "shard": np.zeros(len(texts), np.int32)})
    table = table.append_column("row", pa.array(place.astype(np.int32))).append_column("component", pa.array(place))
    made = in_batches(table, 700, tokens(), shingle_sets())
    frame = pl.DataFrame({"document": pl.from_arrow(made["row"]), "shingle": pl.from_arrow(made["shingles"])})
    return frame.explode("shingle").drop_nulls()


def true_pairs(new: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """Every pair (new, old, similarity) of a similarity of .6 and more, by an inverted index and no bands."""
    sizes = [frame.group_by("document").len("size") for frame in (new, old)]
    both = new.join(old, on="shingle", suffix="_old").group_by("document", "document_old").len("common")
    sized = both.join(sizes[0], on="document").join(
        sizes[1], left_on="document_old", right_on="document", suffix="_old"
    )
    similarity = pl.col("common") / (pl.col("size") + pl.col("size_old") - pl.col("common"))
    return sized.select("document", "document_old", similarity.alias("similarity")).filter(pl.col("similarity") >= 0.6)


@pytest.fixture(scope="module")
def true(crawls: Crawls, first: Build) -> pl.DataFrame:
    kept = rows(first, "first").filter(pl.col("rule").is_null())["place"].sort()
    found = true_pairs(sets(crawls.second["text"]), sets(crawls.first["text"].gather(kept)))
    ids = rows(first, "first").sort("place")["id"]
    place = kept.gather(found["document_old"])
    return found.with_columns(place.alias("place_old"), ids.gather(place).alias("id"))


def test_all_but_few_of_the_documents_like_earlier_ones_are_found(
    crawls: Crawls, second: Build, true: pl.DataFrame, record_property: Callable[[str, object], None]
) -> None:
    like = true.filter(pl.col("similarity") >= THRESHOLD)["document"].unique()
    labels = rows(second, "second").sort("place").with_columns(crawls.second["lang"])
    kind = pl.col("earlier").struct.field("kind")
    found = labels.filter(pl.col("place").is_in(like.implode())).with_columns(
        kind.is_in(["exact", "near"]).alias("found")
    )
    languages = found.group_by("lang").agg(pl.col("found").mean(), pl.len()).filter(pl.col("len") >= 40).sort("found")
    record_property("recall", f"{found['found'].mean():.4f} of {found.height}")
    record_property("worst", f"{languages['lang'][0]} {languages['found'][0]:.3f}")
    assert found.height > 1000 and languages.height >= 14
    assert float(found["found"].mean()) >= RECALL  # type: ignore[arg-type]
    assert languages["found"][0] >= RECALL_OF_A_LANGUAGE


def test_every_match_is_true_and_has_its_true_similarity(
    crawls: Crawls, second: Build, true: pl.DataFrame, record_property: Callable[[str, object], None]
) -> None:
    labels = rows(second, "second").select("place", "earlier").unnest("earlier").drop_nulls("kind")
    near = labels.filter(pl.col("kind") == "near")
    both = near.join(true, left_on=["place", "id"], right_on=["document", "id"], how="left")
    assert both.height == near.height > 800 and both["similarity"].null_count() == 0
    assert float(both["similarity"].min()) >= THRESHOLD  # type: ignore[arg-type]
    off = (both["similarity"] - both["jaccard"].cast(pl.Float64)).abs().max()
    record_property("near", near.height)
    record_property("off by", f"{off:.1e}")
    assert float(off) < 1e-6  # type: ignore[arg-type]
    exact = labels.filter(pl.col("kind") == "exact").join(true, left_on=["place", "id"], right_on=["document", "id"])
    record_property("exact", exact.height)
    texts = zip(
        crawls.second["text"].gather(exact["place"]), crawls.first["text"].gather(exact["place_old"]), strict=True
    )
    pairs = [(plain(one), plain(other)) for one, other in texts]
    assert len(pairs) > 100 and all(one == other for one, other in pairs)
    best = true.group_by("document").agg(pl.col("similarity").max())
    least = near.join(best, left_on="place", right_on="document").select(
        (pl.col("similarity") - pl.col("jaccard")).max()
    )
    record_property("a nearer one was missed by at most", f"{least.item():.3f}")


def test_the_same_documents_stay_as_when_both_are_deduplicated_together(
    crawls: Crawls, first: Build, second: Build, record_property: Callable[[str, object], None]
) -> None:
    add(crawls.folder / "one", crawls.folder / "copies", which="copies")
    apart = crawls.build("apart", {"second": 0}, "copies")
    together = crawls.build("together", {"first": 1, "second": 0})
    ours, kept_alone, expected = (passing(build, "second") for build in (apart, second, together))
    record_property("kept", f"{len(ours)} and {len(expected)} of {crawls.second.height}")
    record_property("differ", len(ours ^ expected))
    # An index of what was kept knows no copies of it: what is like these alone is new.
    record_property("differ without copies", f"{len(kept_alone - expected)} more, {len(expected - kept_alone)} fewer")
    assert len(ours ^ expected) <= crawls.second.height // 1000
    assert not expected - kept_alone and len(kept_alone - expected) <= crawls.second.height // 50
    # Documents of the second crawl join clusters of the first; what is released stays.
    joined = passing(first, "first"), passing(together, "first")
    record_property("joined", len(joined[0]) - len(joined[1]))
    assert joined[1] < joined[0]


def test_an_index_is_smaller_than_its_text(
    crawls: Crawls, second: Build, record_property: Callable[[str, object], None]
) -> None:
    held = add(crawls.folder / "one", crawls.folder / "index")
    share = held["bytes"] / held["text_bytes"]
    record_property("bytes of index by byte of text", f"{share:.2f}")
    assert held["added"] is None and held["documents"] > 3000
    assert share <= BYTES_OF_INDEX
