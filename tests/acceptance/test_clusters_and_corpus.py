"""Issue 2, items 9 and 10: clusters over all rows, survivors among rows that pass, splits, rejects, card, metadata."""

from __future__ import annotations

import io
import json
import random
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from ruamel.yaml import YAML

import weft

SYLLABLES = (
    "ba be bi bo bu da de di do du ka ke ki ko ku ma me mi mo mu na ne ni no nu sa se si so su ta te ti to tu".split()
)
BURMESE = "က ကာ ကို ခ ခု ဂ ငါ စ စာ စု ဆ ဇာ ည တ တာ တို ထ ဒ နာ နေ ပ ပါ ပြ ဖ ဘာ မ မာ မို မြ ယ ရ လာ လို ဝ သ သာ သို ဟ အ".split()
KHMER = "ក កា កិ ខ ខ្ញុំ គ គេ ង ច ចា ជ ជា ញ ដ ដី ត តា ទ ទៅ ន នៅ ប បី ផ ព ពី ម មាន យ រ រៀន ល លើ វ ស សា ហ អ អី".split()


def words(seed: int, count: int = 120) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(SYLLABLES, k=3)) for _ in range(count)]


def unspaced(syllables: list[str], seed: int, count: int = 160) -> list[str]:
    return random.Random(seed).choices(syllables, k=count)


def changed(parts: list[str], places: int) -> list[str]:
    """A copy in which so many parts at the end are others."""
    return [*parts[:-places], *(part[::-1] + "zu" for part in parts[-places:])]


def jaccard(left: list[str], right: list[str], width: int) -> float:
    sets = [{tuple(parts[i : i + width]) for i in range(len(parts) - width + 1)} for parts in (left, right)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def documents() -> dict[str, str]:
    base = words(1)
    burmese, khmer = unspaced(BURMESE, 2), unspaced(KHMER, 3)
    marks = [word + ("\u0301" if number % 2 else "") for number, word in enumerate(words(4))]
    return {
        "near-1": " ".join(base),
        "near-2": " ".join(changed(base, 2)),
        "near-3": " ".join(base[1:]),
        "far": " ".join(changed(base, 60)),
        "alone": " ".join(words(5)),
        "exact-1": "Habari Za  Asubuhi " + " ".join(words(6)),
        "exact-2": "habari za asubuhi\n" + "\t".join(words(6)),
        "short-1": "Karibu sana nyumbani kwetu.",
        "short-2": "Karibu  sana nyumbani kwetu.",
        "marks-1": " ".join(marks),
        "marks-2": " ".join(words(4)),
        "burmese-1": "".join(burmese),
        "burmese-2": "".join([*burmese[:-2], "ဗုဒ္ဓ"]),
        "burmese-3": "".join(unspaced(BURMESE, 9)),
        "khmer-1": "".join(khmer),
        "khmer-2": "".join([*khmer[:-2], "ឋាន"]),
        "empty-ish": "...",
    }


GROUPS = [
    {"near-1", "near-2", "near-3"},
    {"exact-1", "exact-2"},
    {"short-1", "short-2"},
    {"burmese-1", "burmese-2"},
    {"khmer-1", "khmer-2"},
]
RECIPE = """
name: clusters
acquire:
  - {path: "in/*.jsonl", format: jsonl, basis: owned, license: CC0-1.0, options: {id_field: id, url_field: url}}
standardize: [unicode]
construct:
  extends: nothing
  rules: {not_this: "url <> 'http://x.example/none'"}
"""


def rows_of(build: Path) -> dict[str, dict[str, Any]]:
    return {json.loads(row["meta"])["id"]: row for row in weft.open_build(build).documents().collect().to_dicts()}


def rejects(build: Path) -> dict[str, tuple[str, str | None]]:
    frame = pl.concat([pl.read_parquet(p) for p in sorted((build / "construct" / "rejects").glob("*.parquet"))])
    return {row["id"]: (row["rule"], row.get("kept")) for row in frame.to_dicts()}


def corpus(build: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(p) for p in sorted((build / "construct" / "ct").rglob("*.parquet"))])


@pytest.fixture(scope="module")
def build(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [json.dumps({"text": t, "id": n, "url": f"http://x.example/{n}"}) for n, t in documents().items()]
    folder: Path = built(tmp_path_factory.mktemp("clusters"), RECIPE, {"in/a.jsonl": "\n".join(lines)})
    return folder


def test_the_pairs_of_this_file_are_what_they_say() -> None:
    base = words(1)
    assert jaccard(base, changed(base, 2), 5) > 0.9 and jaccard(base, changed(base, 60), 5) < 0.5


def test_clusters(build: Path) -> None:
    rows = rows_of(build)
    for name, row in rows.items():
        group = next((g for g in GROUPS if name in g), {name})
        together = {other for other in rows if rows[other]["deduplicate"]["cluster"] == row["deduplicate"]["cluster"]}
        assert together == group, name
        assert row["deduplicate"]["size"] == len(group), name


def test_exact_and_near_are_told_apart(build: Path) -> None:
    rows = rows_of(build)
    assert rows["exact-1"]["exact"] == rows["exact-2"]["exact"] and rows["near-1"]["exact"] != rows["near-2"]["exact"]
    assert rows["marks-1"]["exact"] != rows["marks-2"]["exact"]


@pytest.mark.parametrize("out", ["near-1", "near-2", "near-3", "burmese-1", "burmese-2", "exact-1", "exact-2"])
def test_the_survivor_is_one_that_passes(build: Path, rerun: Any, out: str) -> None:
    """Whichever copy a rule rejects, another one is kept: a rejected duplicate takes nothing down with it."""
    setting = f"construct.rules.not_this=url <> 'http://x.example/{out}'"
    rerun(build.parent / "recipe.yaml", build, setting)
    rows, left = rows_of(build), rejects(build)
    group = next(g for g in GROUPS if out in g)
    kept = {rows[name]["id"] for name in group} & set(corpus(build)["id"])
    assert len(kept) == 1 and rows[out]["id"] not in kept
    assert left[rows[out]["id"]][0] == "not_this"
    others = [left[rows[name]["id"]] for name in group - {out} if rows[name]["id"] not in kept]
    assert all(rule == "duplicate" and by in kept for rule, by in others)
    # Clusters do not depend on rules.
    assert {rows[name]["deduplicate"]["size"] for name in group} == {len(group)}


def test_priority_of_sources_decides(built: Any, tmp_path: Path) -> None:
    text = json.dumps({"text": " ".join(words(7)), "id": "x"})
    for first, second in ((0, 5), (5, 0)):
        recipe = f"""
acquire:
  - {{path: a.jsonl, name: a, priority: {first}}}
  - {{path: b.jsonl, name: b, priority: {second}}}
construct: {{extends: nothing}}
"""
        build = built(tmp_path / str(first), recipe, {"a.jsonl": text, "b.jsonl": text})
        assert corpus(build)["source"].to_list() == ["a" if first > second else "b"]


@pytest.fixture(scope="module")
def split(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 documents, half of them near copies of another, with large held-out parts."""
    lines = []
    for number in range(200):
        parts = words(1000 + number, 60)
        lines.append(json.dumps({"text": " ".join(parts), "id": f"{number}a"}))
        lines.append(json.dumps({"text": " ".join(changed(parts, 1)), "id": f"{number}b"}))
    recipe = RECIPE.replace(
        "rules: {not_this: \"url <> 'http://x.example/none'\"}", "split: {validation: 0.2, test: 0.3}"
    )
    folder: Path = built(tmp_path_factory.mktemp("split"), recipe, {"in/a.jsonl": "\n".join(lines)})
    return folder


def test_no_cluster_spans_two_splits(split: Path) -> None:
    frame = (
        weft.open_build(split)
        .documents()
        .select("deduplicate", "selection")
        .unnest("deduplicate")
        .unnest("selection")
        .collect()
    )
    assert frame["size"].max() == 2
    assert frame.group_by("cluster").agg(pl.col("split").n_unique())["split"].max() == 1


def test_splits_have_their_shares(split: Path) -> None:
    kept = corpus(split)
    shares = {name: count / kept.height for name, count in kept.group_by("split").len().iter_rows()}
    assert set(shares) == {"train", "validation", "test"}
    assert abs(shares["validation"] - 0.2) < 0.09 and abs(shares["test"] - 0.3) < 0.09
    for path in (split / "construct" / "ct").rglob("*.parquet"):
        assert set(pl.read_parquet(path)["split"]) == {path.name.partition("-")[0]}


def test_parquet_and_jsonl_say_the_same(demo: Path) -> None:
    files = sorted((demo / "construct" / "ct").rglob("*.parquet"))
    assert len(files) >= 24
    for path in files:
        table = pl.read_parquet(path)
        packed = path.with_name(path.name.replace(".parquet", ".jsonl.zst")).read_bytes()
        text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read().decode()
        lines = [json.loads(line) for line in text.split("\n") if line]
        assert [line["id"] for line in lines] == table["id"].to_list()
        assert [line["text"] for line in lines] == table["text"].to_list()
        assert set(lines[0]) == set(table.columns)
        assert table["language"].unique().to_list() == [path.parent.name]


def test_every_row_of_the_corpus_says_where_it_is_from(demo: Path) -> None:
    frame = corpus(demo)
    for name in ("id", "source", "locator", "license", "basis", "language", "split", "collected_at", "redistribute"):
        assert frame[name].null_count() == 0, name
    assert {"consent", "url", "meta", "variety"} <= set(frame.columns)
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in frame["id"])


def test_every_reject_has_id_and_a_rule_that_exists(demo: Path) -> None:
    schema = json.loads((demo / "recipe.json").read_text(encoding="utf-8"))
    left = rejects(demo)
    ids = set(weft.open_build(demo).documents().select("id").collect()["id"])
    assert left and set(left) <= ids
    summary = json.loads((demo / "report" / "summary.json").read_text(encoding="utf-8"))
    counted = next(s for s in summary["stages"] if s["stage"] == "construct")["rejected"]
    found: dict[str, int] = {}
    for rule, by in left.values():
        found[rule] = found.get(rule, 0) + 1
        assert (by is not None) == (rule == "duplicate") and (by is None or by not in left)
    assert counted == found and schema
    for path in (demo / "construct" / "rejects").glob("*.parquet"):
        assert "text" not in pl.read_parquet_schema(path)  # looked up by id, not stored twice


def test_thresholds_are_per_language(demo: Path) -> None:
    table = weft.open_build(demo).thresholds()
    assert table["language"].n_unique() >= 24 and table["words"].null_count() == 0


def front_matter(build: Path) -> tuple[dict[str, Any], str]:
    text = (build / "construct" / "README.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    held = YAML(typ="safe").load(head)
    assert isinstance(held, dict)
    return held, body


def test_card(demo: Path) -> None:
    head, body = front_matter(demo)
    folder = demo / "construct"
    assert {"language", "license", "configs", "size_categories", "task_categories"} <= set(head)
    codes = sorted(path.name for path in (folder / "ct").iterdir())
    assert [config["config_name"] for config in head["configs"]] == codes and len(head["language"]) == len(codes)
    reached = {path for c in head["configs"] for files in c["data_files"] for path in folder.glob(files["path"])}
    assert reached == set((folder / "ct").rglob("*.parquet"))
    splits = {files["split"] for config in head["configs"] for files in config["data_files"]}
    assert splits <= {"train", "validation", "test"}
    assert all(f"`{code}`" in body for code in codes) and "CC0-1.0" in body
    assert "native speakers" in body


def test_card_of_unknown_licence_claims_none(built: Any, tmp_path: Path) -> None:
    build = built(tmp_path, "acquire: [{path: a.txt}]\nconstruct: {extends: nothing}\n", {"a.txt": " ".join(words(8))})
    head, body = front_matter(build)
    assert head["license"] in ("unknown", "other") and "unknown" in body
    croissant = json.loads((build / "construct" / "croissant.json").read_text(encoding="utf-8"))
    assert "unknown" in json.dumps(croissant.get("license", "unknown"))


def test_croissant_is_valid_and_reads_records(demo: Path) -> None:
    import mlcroissant  # its import takes a second, and this test alone needs it

    dataset = mlcroissant.Dataset(str(demo / "construct" / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors, issues.errors
    records = [s.id for s in dataset.metadata.record_sets]
    name = next(r for r in records if "swh_Latn" in r) if any("swh_Latn" in r for r in records) else records[0]
    first = next(iter(dataset.records(name)))
    assert any(key.endswith("text") and value for key, value in first.items()), first


def test_a_rule_over_every_kind_of_column(built: Any, tmp_path: Path) -> None:
    """Labels, document columns, thresholds, and SQL functions; a row that fails has the rule's name."""
    recipe = RECIPE.replace(
        "rules: {not_this: \"url <> 'http://x.example/none'\"}",
        """
  rules:
    right_language: lid.language IN ('swh_Latn')
    words: signals.words >= threshold.words OR signals.words BETWEEN 10 AND 90
    kind: script.script = 'Latn' AND NOT script.mixed
    home: url LIKE 'http://x.example/%' AND source = 'in' AND license = 'CC0-1.0'
""",
    )
    swahili = "Watoto wanakwenda shuleni kila siku asubuhi na kurudi nyumbani jioni pamoja na rafiki zao wa karibu."
    lines = [
        {"text": swahili, "id": "good", "url": "http://x.example/1"},
        {"text": swahili.replace("Watoto", "Wazee"), "id": "home", "url": "http://other.example/1"},
        {
            "text": "Детям нравится читать книги у окна каждый вечер после школы.",
            "id": "right_language",
            "url": "http://x.example/2",
        },
        {"text": "12345 67890", "id": "right_language-2", "url": "http://x.example/3"},
    ]
    build = built(tmp_path, recipe + "deduplicate: false\n", {"in/a.jsonl": "\n".join(map(json.dumps, lines))})
    rows, left = rows_of(build), rejects(build)
    outcome = {name: left.get(row["id"], ("kept", None))[0] for name, row in rows.items()}
    assert outcome == {"good": "kept", **{line["id"]: line["id"].partition("-")[0] for line in lines[1:]}}
