"""The documents that one met: true similarities, what differs, and which copy stays and why."""

from __future__ import annotations

import polars as pl
import pytest
from tests.engine.corpus import write_corpus

from weft.engine.build import run
from weft.engine.neighbours import passages
from weft.engine.reading import Build
from weft.recipe import load
from weft.report.page import page


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("met")
    run(load(write_corpus(folder, count=140, files=2)), folder / "build", workers=2)
    return Build.open(folder / "build")


def met(build: Build, document: str) -> dict:  # type: ignore[type-arg]
    (stage,) = (stage for stage in build.explain(document)["stages"] if stage["stage"] == "deduplicate")
    return stage["met"]  # type: ignore[no-any-return]


def of_kind(build: Build, kind: str | None, rule: str | None) -> list[str]:
    frame = build.documents(text=False).collect()
    label, selection = pl.col("deduplicate").struct, pl.col("selection").struct
    found = frame.filter(label.field("kind").eq_missing(kind), selection.field("rule").eq_missing(rule))
    return found.sort("id")["id"].to_list()


def shingles(text: str) -> set[tuple[str, ...]]:
    words = [word.strip(".") for word in text.split()]
    return {tuple(words[n : n + 5]) for n in range(len(words) - 4)}


def test_near_copies_have_their_true_similarity_and_a_reason(build: Build) -> None:
    texts = dict(build.documents().select("id", "text").collect().iter_rows())
    dropped = of_kind(build, "near", "duplicate")
    assert dropped
    for name in dropped[:5]:
        found = met(build, name)
        for one in found["neighbours"]:
            ours, theirs = shingles(texts[name]), shingles(texts[one["id"]])
            assert one["jaccard"] == pytest.approx(len(ours & theirs) / len(ours | theirs), abs=1e-3)
        nearest = [one["jaccard"] for one in found["neighbours"]]
        assert nearest == sorted(nearest, reverse=True) and nearest[0] >= 0.8
        assert any(one["id"] == found["kept"]["id"] and one["outcome"] == "kept" for one in found["neighbours"])
        assert "longer" in found["kept"]["because"] or "smallest id" in found["kept"]["because"]
        assert found["compared_with"] == found["kept"]["id"]
        assert bool(found["passages"]) == (texts[name] != texts[found["kept"]["id"]])


def test_the_copy_that_stays_says_so_and_one_alone_has_nobody_to_show(build: Build) -> None:
    kept = met(build, of_kind(build, "exact", None)[0])
    assert "this one stays" in kept["kept"]["because"]
    assert kept["neighbours"][0]["jaccard"] == 1 and kept["passages"] == []
    alone = met(build, of_kind(build, None, None)[0])
    assert alone["size"] == 1 and "kept" not in alone
    assert all(one["jaccard"] < 0.8 and not one["in_cluster"] for one in alone["neighbours"])


def test_passages_put_back_together_give_both_texts() -> None:
    one, other = "habari ya asubuhi, watu wote", "habari za asubuhi watu"
    found = passages(one, other)
    assert [(p["this"], p["other"]) for p in found] == [("ya", "za"), (",", ""), (" wote", "")]
    assert found[0]["before"] == "habari " and found[0]["after"].startswith(" asubuhi,")
    assert passages("same", "same") == [] and passages("", "") == []
    assert passages("", "new") == [{"before": "", "this": "", "other": "new", "after": ""}]
    assert len(passages("a b " * 50, "a c " * 50)) <= 6


def test_the_report_shows_clusters_by_source_and_the_text_of_the_largest(build: Build) -> None:
    frame = build.documents().collect()
    size, rule = (pl.col(name).struct.field(field) for name, field in (("deduplicate", "size"), ("selection", "rule")))
    kept = frame.filter(size > 1, rule.is_null())
    held = build.largest_clusters()
    assert held.height == min(10, kept.height) and held["size"].to_list()[0] == kept.select(size.max()).item()
    assert set(zip(held["id"], held["text"], strict=True)) <= set(kept.select("id", "text").iter_rows())
    counted = build.clusters().group_by("source").agg(pl.col("clusters").sum()).rows()
    assert counted == [("texts", kept.height)]
    shown = page(build)
    assert "The largest clusters" in shown and held["id"][0][:12] in shown and held["text"][0][:40] in shown
