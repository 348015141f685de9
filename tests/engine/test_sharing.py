"""Several holders of text who decide together: shares without text, joint plans, builds that follow them."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engine.corpus import WORDS

from weft.deduplicate.share_contents import read_joint, read_share
from weft.engine.build import run
from weft.engine.reading import Build
from weft.engine.sharing import Wanted, export
from weft.engine.sharing_merge import counts, merge
from weft.errors import WeftError
from weft.recipe import load
from weft.text.keyed import Keyed, siphash

RECIPE = """\
name: {name}
acquire: [{sources}]
deduplicate: [exact, minhash, verify{shared}]
construct:
  extends: nothing
  rules: {{long_enough: signals.words >= 20, not_everywhere: deduplicate.size <= 6{rules}}}
{more}settings: {{shard_mb: 0.02}}
"""
SECRET = b"a secret of all holders, long enough"
EVERY = [word for words in WORDS.values() for word in words]


def text(number: int, words: int = 90) -> str:
    return " ".join(random.Random(number).choices(EVERY, k=words))


def changed(given: str, words: int, seed: int) -> str:
    """A version with some words in a row replaced."""
    found = given.split()
    at = random.Random(seed).randrange(len(found) - words)
    return " ".join([*found[:at], *(f"neno{seed}x{n}" for n in range(words)), *found[at + words :]])


def family(seed: int) -> list[str]:
    """Copies, near copies, copies of copies that are not like the first, and texts alone."""
    draw = random.Random(seed)
    made: list[str] = []
    for number in range(60):
        one = text(seed * 1000 + number)
        made.append(one)
        kind = draw.randrange(6)
        if kind == 0:
            made.append(one.upper())
        elif kind == 1:
            made += [changed(one, 3, number * 7 + n) for n in range(draw.randint(1, 3))]
        elif kind == 2:
            chain = one
            for n in range(3):
                chain = changed(chain, 4, number * 11 + n)
                made.append(chain)
        elif kind == 3:
            made.append(text(seed * 1000 + number, 12))
    made += [text(-seed)] * 8  # of a cluster of more than six
    return made


def holding(folder: Path, name: str, texts: Sequence[str]) -> None:
    lines = [json.dumps({"id": f"{name}-{n}", "text": one}) for n, one in enumerate(texts)]
    (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def built(folder: Path, name: str, sources: Sequence[str], *, joint: str = "", rules: str = "", more: str = "") -> Path:
    """The build of a recipe over some holders' files; `joint`: it follows this plan as the holder `name`."""
    listed = ", ".join(f"{{path: {source}.jsonl, license: CC0-1.0}}" for source in sources)
    shared = f", {{shared: {{joint: {joint}, holder: {name}}}}}" if joint else ""
    recipe = folder / f"{name}.yaml"
    recipe.write_text(RECIPE.format(name=name, sources=listed, shared=shared, rules=rules, more=more), "utf-8")
    done = run(load(recipe), folder / f"build-{name}", workers=1)
    assert done.status == 0, done.tally.failures
    return folder / f"build-{name}"


def rows(build: Path) -> pl.DataFrame:
    frame = Build.open(build).documents().collect()
    return frame.with_columns(pl.col("selection").struct.field("rule").alias("rule"))


def shared_out(folder: Path, names: Sequence[str], into: str = "joint", **wanted: Any) -> dict[str, Any]:
    """Every holder shares its build; all shares merged."""
    for name in names:
        export(folder / f"build-{name}", folder / f"share-{name}", Wanted(name, **({"secret": SECRET} | wanted)))
    return merge([folder / f"share-{name}" for name in names], folder / into)


def federated(folder: Path, parts: dict[str, list[str]], **given: Any) -> None:
    """Builds of holders that know nothing of each other, a joint plan, and builds that follow it."""
    for name, texts in parts.items():
        holding(folder, name, texts)
        built(folder, name, [name], **given)
    shared_out(folder, list(parts))
    for name in parts:
        built(folder, name, [name], joint="joint", **given)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A radio and a university, who know of each other."""
    folder = tmp_path_factory.mktemp("two")
    every = [text(n) for n in range(30)]
    radio = [*every[:20], changed(every[25], 2, 1), "Maji.", text(77, 30)]
    university = [*(one.upper() for one in every[15:20]), *every[20:], "Maji.", changed(every[0], 2, 3)]
    federated(folder, {"radio": radio, "university": university})
    return folder


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


def test_of_what_both_have_one_copy_stays_and_both_say_who_has_it(two: Path) -> None:
    radio, university = (rows(two / f"build-{name}") for name in ("radio", "university"))
    label = radio.filter(pl.col("shared").is_not_null()).unnest("shared")
    assert label.height == 8 and set(label["holders"]) == {2}
    others = university.filter(pl.col("shared").is_not_null()).unnest("shared")
    fields = ["cluster", "holder", "document"]
    told = [one.unnest("deduplicate").select(fields).unique().sort(fields) for one in (label, others)]
    assert told[0].equals(told[1])
    for frame, own in ((label, "radio"), (others, "university")):
        elsewhere = frame.filter(pl.col("holder") != own)
        assert (elsewhere["rule"] == "duplicate").all()
        kept = elsewhere.select(pl.format("{}/{}", "holder", "document"))["holder"]
        assert elsewhere["selection"].struct.field("kept").to_list() == kept.to_list()
        assert frame.filter(pl.col("holder") == own)["rule"].null_count() == frame.filter("keeps").height
    # A draw divides equal copies.
    exact = label.filter(pl.col("deduplicate").struct.field("kind") == "exact")
    assert set(exact["holder"]) == {"radio", "university", None}
    # What passes at neither is kept by nobody, and is no duplicate.
    (lost,) = label.filter(pl.col("holder").is_null())["rule"]
    assert lost == "long_enough"


def test_explain_names_the_holder_that_keeps_a_document(two: Path) -> None:
    frame = rows(two / "build-radio").filter(pl.col("shared").struct.field("holder") == "university")
    held = Build.open(two / "build-radio").explain(frame["id"][0])
    cluster, number = frame["deduplicate"][0]["cluster"], frame["shared"][0]["document"]
    expected = f"kept by another holder, university, as document {number} of its share (cluster {cluster})"
    assert held["outcome"] == f"rejected by duplicate: {expected}"


def everything(folder: Path) -> bytes:
    """All that can be read from the files of a folder: their bytes, and the values of their tables."""
    found = []
    for file in sorted(folder.rglob("*")):
        found.append(file.name.encode() + file.read_bytes())
        if file.suffix == ".parquet":
            for row in pq.read_table(file).to_pylist():
                found.append(json.dumps(row, ensure_ascii=False, default=str).encode())
    return b"\n".join(found)


def test_a_share_holds_nothing_of_a_text(two: Path, tmp_path: Path) -> None:
    export(two / "build-radio", tmp_path / "share", Wanted("radio", ids=True, pages=True, least=0))
    held = everything(tmp_path / "share").decode("utf-8", "replace").casefold()
    documents = Build.open(two / "build-radio").documents().collect()
    assert documents.height == 23
    windows = 0
    for one in documents["text"]:
        folded = one.casefold()
        for start in range(max(len(folded) - 15, 1)):
            windows += 1
            piece = folded[start : start + 16]
            assert piece not in held, piece
        parts = folded.split()
        for start in range(max(len(parts) - 7, 1)):
            assert " ".join(parts[start : start + 8]) not in held
    assert windows > 5_000
    assert not any(locator.casefold() in held for locator in documents["locator"])
    # The search finds what is there.
    assert documents["id"][0] in held and "long_enough" in held


def test_ids_hashes_of_pages_and_short_texts_are_shared_only_on_demand(two: Path, tmp_path: Path) -> None:
    share = export(two / "build-radio", tmp_path / "open", Wanted("radio"))
    assert (share["documents"], share["rows"], share["least_characters"], share["key"]) == (22, 23, 100, None)
    assert not (tmp_path / "open" / "pages.parquet").exists()
    assert "id" not in pq.read_schema(tmp_path / "open" / "documents.parquet").names
    keyed = export(two / "build-radio", tmp_path / "keyed", Wanted("radio", secret=SECRET))
    assert (keyed["documents"], keyed["least_characters"]) == (23, 0) and len(keyed["key"]) == 32
    plain, hidden = (everything(tmp_path / name) for name in ("open", "keyed"))
    assert SECRET not in hidden and SECRET.hex().encode() not in hidden and plain != hidden
    columns = [set(pq.read_table(tmp_path / n / "texts.parquet")["key"].to_pylist()) for n in ("open", "keyed")]
    assert not columns[0] & columns[1]


def test_the_same_secret_gives_the_same_share_and_any_order_the_same_plan(two: Path, tmp_path: Path) -> None:
    export(two / "build-university", tmp_path / "again", Wanted("university", secret=SECRET))
    # After the joint build the share is what it was but for what was counted and learnt from.
    first = {file.name: file.read_bytes() for file in (two / "share-university").glob("*.parquet")}
    same = {name for name, content in first.items() if (tmp_path / "again" / name).read_bytes() == content}
    assert {"bands.parquet", "texts.parquet", "sets.parquet", "labels.parquet", "clusters.parquet"} <= same
    assert "counts.parquet" not in same
    merge([tmp_path / "again", two / "share-radio"], tmp_path / "joint")
    assert read_joint(tmp_path / "joint").digest == read_joint(two / "joint").digest
    one, other = (
        {file.name: file.read_bytes() for file in (folder / "joint").glob("holder-*.parquet")} for folder in (two, tmp_path)
    )
    assert one == other and len(one) == 2


def test_counts_add_up(two: Path) -> None:
    told = counts(two / "joint")
    parts = [pl.read_parquet(two / f"share-{name}" / "counts.parquet") for name in ("radio", "university")]
    kept = pl.concat(parts).filter(pl.col("rule") == "")
    for name in ("documents", "bytes", "tokens"):
        assert sum(row[name] for row in told) == kept[name].sum()
    sums = pl.concat([pl.read_parquet(two / f"share-{n}" / "histograms.parquet") for n in ("radio", "university")])
    assert pl.read_parquet(two / "joint" / "histograms.parquet")["count"].sum() == sums["count"].sum()


def test_a_preference_decides_before_anything_else(two: Path, tmp_path: Path) -> None:
    folders = [two / f"share-{name}" for name in ("radio", "university")]
    told = merge(folders, tmp_path / "joint", {"university": 1})
    kept = {held["holder"]: held["clusters_kept"] for held in told["holders"]}
    assert kept == {"radio": 0, "university": told["clusters"] - 1}  # one passes nowhere
    with pytest.raises(WeftError, match="--prefer universty: no share is of this holder; did you mean university"):
        merge(folders, tmp_path / "joint", {"universty": 1})


def test_what_fails_a_rule_at_one_holder_is_kept_by_the_other(tmp_path: Path) -> None:
    """Copies differ in their length: the longer one would win, but is not long enough a text without its numbers."""
    base = text(5, 21)
    holding(tmp_path, "one", [base, *(text(n) for n in range(50, 60))])
    # As similar as it has to be, with two words fewer: under twenty.
    holding(tmp_path, "two", [" ".join(base.split()[:-2]) + "!" * 60, *(text(n) for n in range(60, 70))])
    for name in ("one", "two"):
        built(tmp_path, name, [name])
    assert shared_out(tmp_path, ["one", "two"])["clusters"] == 1
    kept = [rows(built(tmp_path, name, [name], joint="joint")).filter(pl.col("rule").is_null()) for name in ("one", "two")]
    assert [frame.height for frame in kept] == [11, 10]


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


def refused(two: Path, tmp_path: Path, change: dict[str, Any]) -> str:
    """What `merge` says when the second share tells something else of itself."""
    shutil.copytree(two / "share-university", tmp_path / "changed")
    file = tmp_path / "changed" / "share.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(WeftError) as caught:
        merge([two / "share-radio", tmp_path / "changed"], tmp_path / "joint")
    return str(caught.value)


def test_shares_that_do_not_fit_are_refused_with_the_parameter_and_the_file(two: Path, tmp_path: Path) -> None:
    held = read_share(two / "share-university").parameters
    unlike = held | {"deduplicate.minhash.bands": 10}
    said = refused(two, tmp_path, {"parameters": unlike})
    here, there = tmp_path / "changed" / "share.json", two / "share-radio" / "share.json"
    assert said == f"deduplicate.minhash.bands is 10 in {here}, and 20 in {there}; expected the same in both"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "a share of format 2; this version of weft reads 1"),
        ({"key": None}, "hashes without a key, and .* with one; expected the same --key-file"),
        ({"key": "0" * 32}, "another key; expected the same --key-file"),
        ({"holder": "radio"}, "its holder is radio, as that of .*; expected a name for each"),
        ({"parts": ["counts"]}, "parts have no signatures; expected them in all shares"),
        ({"holder": None, "more": 1}, "is not the description of a share"),
    ],
)
def test_other_shares_that_do_not_fit(two: Path, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    import re

    assert re.search(message, refused(two, tmp_path, change))


def test_a_damaged_share_is_refused(two: Path, tmp_path: Path) -> None:
    shutil.copytree(two / "share-radio", tmp_path / "cut")
    (tmp_path / "cut" / "bands.parquet").write_bytes(b"")
    with pytest.raises(WeftError, match=r"bands\.parquet: was changed or cut short"):
        merge([tmp_path / "cut", two / "share-university"], tmp_path / "joint")
    assert not (tmp_path / "joint").exists()
    with pytest.raises(WeftError, match="one share alone: nothing to merge"):
        merge([two / "share-radio"], tmp_path / "joint")


def test_a_recipe_that_decides_otherwise_than_the_plan_is_refused(two: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(two, tmp_path / "copy"))
    with pytest.raises(WeftError, match=r"construct\.rules is .*short.* in this recipe, and .*; expected the same"):
        built(folder, "radio", ["radio"], joint="joint", rules=", short: signals.words <= 500")
    holding(folder, "radio", [text(n) for n in range(500, 520)])
    with pytest.raises(WeftError, match="was made when radio had other documents"):
        built(folder, "radio", ["radio"], joint="joint")
    with pytest.raises(WeftError, match="knows no holder radios; expected one of radio, university; did you mean radio"):
        built(folder, "radios", ["radio"], joint="joint")
    with pytest.raises(WeftError, match="is not a joint plan"):
        built(folder, "radio", ["radio"], joint="nowhere")


def test_a_build_is_read_when_its_plan_has_gone(two: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(two, tmp_path / "copy"))
    before = rows(folder / "build-radio")
    shutil.rmtree(folder / "joint")
    build = Build.open(folder / "build-radio")
    assert build.complete and rows(folder / "build-radio").equals(before)


def test_rules_that_read_what_may_not_be_shared_are_named(two: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(two, tmp_path / "copy"))
    build = built(folder, "radio", ["radio"], rules=", no_site: url IS NULL OR url NOT LIKE '%x%'")
    with pytest.raises(WeftError, match="a rule reads url, which may say which text it is.* --column url"):
        export(build, tmp_path / "share", Wanted("radio"))
    assert not (tmp_path / "share").exists()
    told = export(build, tmp_path / "share", Wanted("radio", columns=("url",)))
    assert told["extras"] == ("url",)
    with pytest.raises(WeftError, match="--column text: a share never holds text"):
        export(build, tmp_path / "share", Wanted("radio", columns=("text",)))
    with pytest.raises(WeftError, match="--column urls: no rule and no mixture reads it; did you mean url"):
        export(build, tmp_path / "share", Wanted("radio", columns=("urls",)))
    with pytest.raises(WeftError, match="labels stand beside signatures"):
        export(build, tmp_path / "share", Wanted("radio", parts=("labels",)))


def test_counts_alone_can_be_shared_and_decide_nothing(two: Path, tmp_path: Path) -> None:
    for name in ("radio", "university"):
        export(two / f"build-{name}", tmp_path / name, Wanted(name, parts=("counts",)))
    assert not (tmp_path / "radio" / "documents.parquet").exists()
    told = merge([tmp_path / "radio", tmp_path / "university"], tmp_path / "joint")
    assert (told["decisions"], told["clusters"]) == ("none", 0) and counts(tmp_path / "joint")


def test_without_labels_every_holder_decides_by_itself(tmp_path: Path) -> None:
    for name, numbers in (("one", range(0, 20)), ("two", range(10, 30))):
        holding(tmp_path, name, [text(n) for n in numbers])
        built(tmp_path, name, [name])
    with pytest.raises(WeftError, match="a rule reads deduplicate, which is another over all holders"):
        shared_out(tmp_path, ["one", "two"], parts=("signatures",))


def test_siphash_is_that_of_its_authors() -> None:
    # The vector of eight bytes 00 … 07 under the key 00 … 0f, from the reference implementation.
    value = np.array([int.from_bytes(bytes(range(8)), "little")], np.uint64)
    assert int(siphash(value, bytes(range(16)))[0]) == 0x93F5F5799A932462
    keyed = Keyed(SECRET)
    numbers = np.arange(1000, dtype=np.uint64)
    assert len(np.unique(np.concatenate([keyed.of("band", numbers), keyed.of("text", numbers)]))) == 2000
    assert keyed.check() == Keyed(SECRET).check() != Keyed(SECRET + b"!").check()
