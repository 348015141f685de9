"""What several holders keep together is what one holder of all text would keep."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.engine.corpus import WORDS
from tests.engine.holders import built, family, federated, holding, rows, shared_out, text

from weft.deduplicate.share_contents import read_joint
from weft.engine.reading import Build


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "holders"), [(1, 2), (2, 3), (3, 4)])
def test_holders_keep_together_what_one_holder_of_all_text_keeps(tmp_path: Path, seed: int, holders: int) -> None:
    texts = family(seed)
    names = [f"h{n}" for n in range(holders)]
    draw = random.Random(seed)
    parts: dict[str, list[str]] = {name: [] for name in names}
    for one in texts:
        parts[draw.choice(names)].append(one)
    federated(tmp_path, parts)
    alone = rows(built(tmp_path, "all", names))
    together = pl.concat([rows(tmp_path / f"build-{name}").drop("shared") for name in names])
    both = alone.join(together, on="id", suffix="_here", validate="1:1")
    assert both.height == alone.height == len(texts)
    # The same clusters, by other names, of the same sizes and kinds: what is one here is one there.
    cluster = (pl.col(f"deduplicate{at}").struct.field("cluster").alias(f"cluster{at}") for at in ("", "_here"))
    pairs = both.select(*cluster).unique()
    assert pairs["cluster"].is_unique().all() and pairs["cluster_here"].is_unique().all()
    for field in ("size", "kind"):
        named = [both[f"deduplicate{at}"].struct.field(field) for at in ("", "_here")]
        assert named[0].equals(named[1], null_equal=True), field
    # Of each cluster as many stay as there, and of every rule the same documents go.
    kept = both.group_by(pl.col("deduplicate").struct.field("cluster")).agg(
        pl.col("rule").is_null().sum().alias("there"), pl.col("rule_here").is_null().sum().alias("here")
    )
    assert (kept["there"] == kept["here"]).all() and int(kept["here"].max()) == 1  # type: ignore[arg-type]
    judged = both.filter(~pl.col("rule").fill_null("duplicate").is_in(["duplicate"]))
    assert judged.height > 8 and (judged["rule"] == judged["rule_here"]).all()
    spanning = [rows(tmp_path / f"build-{name}")["shared"].drop_nulls().len() for name in names]
    assert sum(spanning) > 20 and min(spanning) > 0


THRESHOLD = ", words_of_language: signals.words >= threshold.words"


@pytest.mark.slow
def test_thresholds_are_learnt_over_all_holders(tmp_path: Path) -> None:
    more = "  thresholds: {methods: {words: percentile}, shrink: 0, clamp: [0.5, 2.0]}\n"
    long, short = [text(n, 80) for n in range(40)], [text(n, 25) for n in range(100, 140)]
    federated(tmp_path, {"long": long, "short": short}, rules=THRESHOLD, more=more)
    whole = Build.open(built(tmp_path, "all", ["long", "short"], rules=THRESHOLD, more=more)).thresholds()
    own = built(tmp_path, "short", ["short"], rules=THRESHOLD, more=more)
    assert not Build.open(own).thresholds().equals(whole)
    for name in ("long", "short"):
        joint = built(tmp_path, name, [name], joint="joint", rules=THRESHOLD, more=more)
        assert Build.open(joint).thresholds().equals(whole)
        assert read_joint(tmp_path / "joint").of(name)["passing"] == rows(joint)["rule"].null_count()


MIXTURE = "  mixture: {method: temperature, alpha: 0.5, budget: 40000, unit: bytes, epochs: 4}\n"


@pytest.mark.slow
def test_a_mixture_is_planned_over_all_holders(tmp_path: Path) -> None:
    hindi = [" ".join(random.Random(n).choices(WORDS["hin"], k=60)) for n in range(40)]
    swahili = [" ".join(random.Random(n).choices(WORDS["swh"], k=60)) for n in range(300, 360)]
    parts = {"one": [*hindi[:30], *swahili[:5]], "two": [*hindi[20:], *swahili[5:]]}
    for name, texts in parts.items():
        holding(tmp_path, name, texts)
        built(tmp_path, name, [name])
    shared_out(tmp_path, list(parts))
    for name in parts:
        once = Build.open(built(tmp_path, name, [name], joint="joint", more=MIXTURE)).mixture()
        assert once is not None and once.settings.method == "natural"
        assert once.plan["rows"].equals(once.plan["documents"].rename("rows"))
    told = shared_out(tmp_path, list(parts))
    assert told["mixture"] is True
    plans = [Build.open(built(tmp_path, n, [n], joint="joint", more=MIXTURE)).mixture() for n in parts]
    alone = Build.open(built(tmp_path, "all", list(parts), more=MIXTURE)).mixture()
    assert alone is not None
    both = pl.concat([plan.plan for plan in plans if plan is not None])
    summed = both.group_by("group").agg(pl.col("documents", "available", "target").sum()).sort("group")
    expected = alone.plan.sort("group")
    # Which documents are in train is drawn by names of clusters, so what there is may differ by some documents.
    assert summed["group"].to_list() == expected["group"].to_list() and summed.height >= 2
    assert abs(summed["target"].sum() - 40_000) < 1
    for name in ("documents", "target"):
        assert np.allclose(summed[name].to_numpy(), expected[name].to_numpy(), rtol=0.1), name
