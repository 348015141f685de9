"""Several holders of text who decide together: shares without text, joint plans, builds that follow them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.engine.here import run_here
from tests.engine.holders import SECRET, built, changed, federated, holding, rows, shared_out, text

from weft.deduplicate.share_contents import read_joint, read_share
from weft.engine.reading import Build
from weft.engine.sharing import Wanted, export
from weft.engine.sharing_merge import counts, merge
from weft.errors import WeftError
from weft.recipe import load
from weft.text.keyed import Keyed, siphash


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A radio and a university, who know of each other."""
    folder = tmp_path_factory.mktemp("two")
    every = [text(n) for n in range(30)]
    radio = [*every[:20], changed(every[25], 2, 1), "Maji.", text(77, 30)]
    university = [*(one.upper() for one in every[15:20]), *every[20:], "Maji.", changed(every[0], 2, 3)]
    federated(folder, {"radio": radio, "university": university})
    return folder


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
        {file.name: file.read_bytes() for file in (folder / "joint").glob("holder-*.parquet")}
        for folder in (two, tmp_path)
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
    kept = [
        rows(built(tmp_path, name, [name], joint="joint")).filter(pl.col("rule").is_null()) for name in ("one", "two")
    ]
    assert [frame.height for frame in kept] == [11, 10]


def test_a_holder_keeps_the_very_copy_that_the_plan_names(tmp_path: Path) -> None:
    """Of copies equal in all that decides the plan takes the first of the share, an election the smallest id."""
    every = [text(n) for n in range(12)]
    for name in ("one", "two"):
        holding(tmp_path, name, [*every, *(one.upper() for one in every), *(one.title() for one in every)])
        built(tmp_path, name, [name])
    assert shared_out(tmp_path, ["one", "two"])["clusters"] == 12
    for name in ("one", "two"):
        build = built(tmp_path, name, [name], joint="joint")
        frame = rows(build).unnest("shared")
        assert frame.filter(pl.col("rule").is_null())["id"].to_list() == frame.filter("keeps")["id"].to_list()
        kept = dict(frame.filter("keeps").select(pl.col("deduplicate").struct.field("cluster"), "id").iter_rows())
        assert 0 < len(kept) < 12
        own = frame.filter((pl.col("holder") == name) & ~pl.col("keeps"))
        cluster = own["deduplicate"].struct.field("cluster")
        assert own["selection"].struct.field("kept").to_list() == [kept[one] for one in cluster]
        told = [Build.open(build).explain(one) for one in own["id"].head(2)]
        assert all("the joint plan of all holders says so" in json.dumps(one) for one in told)


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
    with pytest.raises(
        WeftError, match="knows no holder radios; expected one of radio, university; did you mean radio"
    ):
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
    with pytest.raises(WeftError, match=r"a rule reads url, which may say which text it is.* --column url"):
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


PLAIN = """\
name: {name}
acquire: [{{path: {name}.jsonl, license: CC0-1.0}}]
deduplicate: [exact, minhash, verify, substrings{shared}]
construct:
  extends: nothing
  cut: [deduplicate.substrings]
  rules: {{enough: signals.words >= 20, left: "cut.words IS NULL OR cut.words >= 15"}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("parts", "decisions"), [(("signatures",), "own"), (("signatures", "labels"), "joint")])
def test_with_passages_cut_and_with_or_without_labels_one_copy_stays(
    tmp_path: Path, parts: tuple[str, ...], decisions: str
) -> None:
    numbers = {"one": range(0, 14), "two": range(8, 22)}

    def build(name: str, shared: str = "") -> Path:
        recipe = tmp_path / f"{name}.yaml"
        recipe.write_text(PLAIN.format(name=name, shared=shared), "utf-8")
        assert run_here(load(recipe), tmp_path / f"build-{name}").status == 0
        return tmp_path / f"build-{name}"

    for name, held in numbers.items():
        # Sixty words of one text stand in another, so that little or nothing is left of it.
        quoted = [" ".join(text(next(iter(held))).split()[:60]) + f" mwisho {end}" for end in ("moja", "mbili " * 40)]
        holding(tmp_path, name, [*(text(n) for n in held), *quoted])
        build(name)
    told = shared_out(tmp_path, ["one", "two"], parts=parts)
    assert told["decisions"] == decisions and told["clusters"] == 6
    kept = [rows(build(n, f", {{shared: {{joint: joint, holder: {n}}}}}")) for n in numbers]
    for frame, held in zip(kept, read_joint(tmp_path / "joint").holders, strict=True):
        assert frame.filter(pl.col("rule").fill_null("duplicate") == "duplicate").height == held["passing"]
    texts = pl.concat(frame.filter(pl.col("rule").is_null()).select("text") for frame in kept)["text"]
    assert texts.is_unique().all() and set(texts) >= {text(n) for n in range(22)}


def test_what_has_nothing_to_share_says_so(two: Path, tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="no document of the build has 100000 characters or more"):
        export(two / "build-radio", tmp_path / "share", Wanted("radio", least=100_000))
    assert not (tmp_path / "share").exists()


def test_siphash_is_that_of_its_authors() -> None:
    # The vector of eight bytes 00 … 07 under the key 00 … 0f, from the reference implementation.
    value = np.array([int.from_bytes(bytes(range(8)), "little")], np.uint64)
    assert int(siphash(value, bytes(range(16)))[0]) == 0x93F5F5799A932462
    keyed = Keyed(SECRET)
    numbers = np.arange(1000, dtype=np.uint64)
    assert len(np.unique(np.concatenate([keyed.of("band", numbers), keyed.of("text", numbers)]))) == 2000
    assert keyed.check() == Keyed(SECRET).check() != Keyed(SECRET + b"!").check()
