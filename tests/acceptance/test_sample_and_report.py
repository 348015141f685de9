"""Issue 2, items 10 to 12: the report page, the commands, and what the bundled crawl holds."""

from __future__ import annotations

import html.parser
import importlib.resources
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import weft

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


class Page(html.parser.HTMLParser):
    """Elements with attributes, and for every text its element and the `dir` that holds for it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str | None, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append((tag, held))
        if tag not in ("meta", "link", "br", "img", "input", "hr"):
            inherited = self.open[-1][1] if self.open else None
            self.open.append((tag, held.get("dir", inherited)))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1][0], self.open[-1][1], data))


@pytest.fixture(scope="module")
def page(demo: Path) -> Page:
    parsed = Page()
    parsed.feed((demo / "report" / "index.html").read_text(encoding="utf-8"))
    return parsed


def test_report_loads_nothing_from_elsewhere(page: Page) -> None:
    loading = {"src", "srcset", "poster", "data", "action", "background"}
    for tag, held in page.tags:
        assert tag not in ("link", "iframe", "object", "embed"), tag
        for name in loading & set(held):
            assert str(held[name]).startswith(("data:", "#")), (tag, held)
    for tag, _, text in page.texts:
        if tag in ("style", "script"):
            assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)|https?://|fetch\(|import\(", text), text


def test_report_is_one_whole_page_in_utf8(page: Page) -> None:
    assert ("meta", {"charset": "utf-8"}) in page.tags
    assert any(tag == "title" for tag, _ in page.tags) and any(tag == "svg" for tag, _ in page.tags)


def test_right_to_left_text_is_marked(page: Page) -> None:
    found = 0
    for tag, direction, text in page.texts:
        letters = [c for c in text if c.isalpha()]
        share = sum(bool(RIGHT_TO_LEFT.match(c)) for c in letters) / max(len(letters), 1)
        if tag not in ("style", "script") and share > 0.5:
            found += 1
            assert direction in ("rtl", "auto"), (tag, direction, text[:60])
    assert found >= 6


def test_samples_say_their_language(page: Page) -> None:
    """`lang` chooses the font of a script, and screen readers need it."""
    quoted = [held for tag, held in page.tags if tag == "blockquote"]
    assert len(quoted) > 50 and all(held.get("lang") for held in quoted)


def test_report_shows_funnel_sizes_histograms_and_samples(demo: Path, page: Page, demo_rows: pl.DataFrame) -> None:
    text = " ".join(text for tag, _, text in page.texts if tag not in ("style", "script"))
    summary = json.loads((demo / "report" / "summary.json").read_text(encoding="utf-8"))
    for code in summary["languages"]:
        assert code in text
    rules = {rule for s in summary["stages"] for rule in s["rejected"]}
    assert all(rule in text for rule in rules)
    # A sample of kept text and of what each rule rejected stands in the page, in its own letters.
    flat = re.sub(r"\s+", "", text)
    selection = demo_rows.unnest("selection")
    for rule in [None, *selection["rule"].drop_nulls().unique()]:
        chosen = selection.filter(pl.col("rule").is_null() if rule is None else pl.col("rule") == rule)
        starts = [re.sub(r"\s+", "", value)[:40] for value in chosen["text"]]
        assert any(start in flat for start in starts if start), rule


def test_report_survives_hostile_text(built: Any, command: Any, tmp_path: Path) -> None:
    text = "<script>alert(1)</script><img src=x onerror=alert(1)> Habari & karibu </blockquote> \u202e watoto"
    recipe = "acquire: [{path: a.jsonl}]\nstandardize: false\nconstruct: {extends: nothing}\n"
    build = built(tmp_path, recipe, {"a.jsonl": json.dumps({"text": text})})
    assert command("report", build).status == 0
    source = (build / "report" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in source and "<img" not in source
    assert "&lt;script&gt;alert" in source


# ------------------------------------------------------------------ the command


def test_help_is_lazy() -> None:
    """What makes a start slow are modules; a clock would measure the machine."""
    code = (
        "import sys\nfrom weft.cli.boundary import run\nrun(['--help'])\n"
        "heavy = {'numba', 'polars', 'pyarrow', 'numpy', 'pydantic', 'rich'} & set(sys.modules)\n"
        "print(len(sys.modules), sorted(heavy), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, heavy = ran.stderr.strip().splitlines()[-1].split(" ", 1)
    assert heavy == "[]" and "Usage" in ran.stdout
    assert int(modules) < 300


COMMANDS = (
    "demo",
    "init",
    "run",
    "status",
    "report",
    "explain",
    "errors",
    "operators",
    "identify",
    "inspect",
    "doctor",
)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_exists_and_speaks_json(command: Any, name: str) -> None:
    answer = command(name, "--help")
    assert answer.status == 0 and "--json" in answer.out


def test_commands_over_the_demo(command: Any, demo: Path, demo_rows: pl.DataFrame) -> None:
    status = json.loads(command("status", demo, "--json").out)
    assert status["complete"] is True
    assert json.loads(command("report", demo, "--json").out)["version"] == 1
    row = demo_rows.row(0, named=True)
    told = json.loads(command("explain", demo, row["id"], "--json").out)
    assert told["id"] == row["id"] and told["source"] == row["source"] and told["locator"] == row["locator"]
    stages = [s["stage"] for s in told["stages"]]
    assert stages == ["acquire", "parse", "standardize", "label", "deduplicate", "construct"] and told["outcome"]
    plain = command("explain", demo, row["id"][:10])
    assert plain.status == 0 and row["locator"].split()[0] in re.sub(r"\s+", "", plain.out) and "\x1b[" not in plain.out


def test_every_kind_of_outcome_is_explained(demo: Path, demo_rows: pl.DataFrame) -> None:
    build = weft.open_build(demo)
    kept = demo_rows.filter(pl.col("selection").struct.field("rule").is_null())["id"][0]
    duplicate = demo_rows.filter(pl.col("selection").struct.field("rule") == "duplicate")["id"][0]
    assert "kept" in build.explain(kept)["outcome"] or "train" in build.explain(kept)["outcome"]
    assert "duplicate" in build.explain(duplicate)["outcome"]
    failed = build.errors()["id"][0]
    assert build.errors()["reason"][0] in json.dumps(build.explain(failed))


def test_operators_and_doctor(command: Any) -> None:
    table = json.loads(command("operators", "--json").out)
    names = {row["name"] for row in table}
    assert {"acquire.warc", "parse.document", "standardize.zawgyi", "label.signals", "deduplicate.minhash"} <= names
    assert "min_characters" in command("operators", "standardize.zawgyi").out
    held = json.loads(command("doctor", "--warm", "--json").out)
    assert "polars" in json.dumps(held)


def test_inspect_needs_no_recipe(command: Any, tmp_path: Path) -> None:
    body = "<p>Watoto wanakwenda shuleni kila siku asubuhi na kurudi nyumbani jioni na rafiki zao.</p>" * 2
    (tmp_path / "page.html").write_text(
        f"<html lang=sw><title>Shule</title><body>{body}</body></html>", encoding="utf-8"
    )
    held = json.loads(command("inspect", tmp_path / "page.html", "--json").out.splitlines()[0])
    assert held["labels"]["lid"]["language"] == "swh_Latn" and "Shule" in held["meta"] and "shuleni" in held["text"]


def test_init_gives_a_recipe_that_runs(command: Any, tmp_path: Path) -> None:
    assert command("init", tmp_path / "new").status == 0
    recipe = (tmp_path / "new" / "recipe.yaml").read_text(encoding="utf-8")
    assert recipe.count("#") > 5
    assert command("recipe", "check", tmp_path / "new" / "recipe.yaml").status == 0
    before = recipe
    answer = command("init", tmp_path / "new")
    assert answer.status == 2 and (tmp_path / "new" / "recipe.yaml").read_text(encoding="utf-8") == before


SCRIPT = """
import weft
result = weft.run(weft.load("recipe.yaml"), "build", workers=1)
build = weft.open_build("build")
frame = build.documents().collect()
print(result.status, frame.height, build.complete)
"""


@pytest.mark.parametrize("way", ["script", "standard input"])
def test_python_does_the_same_as_the_command(tmp_path: Path, way: str) -> None:
    """As the README shows it: a plain script, no `if __name__` around it; and the report is written, too."""
    (tmp_path / "a.txt").write_text("Watoto wanakwenda shuleni kila siku asubuhi.", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text("acquire: [{path: a.txt}]\nconstruct: {extends: nothing}\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text(SCRIPT, encoding="utf-8")
    call = {"script": ["mine.py"], "standard input": ["-"]}[way]
    ran = subprocess.run(
        [sys.executable, *call], input=SCRIPT, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.stdout.split() == ["0", "1", "True"] and "Traceback" not in ran.stderr, ran.stderr[-2000:]
    assert (tmp_path / "build" / "report" / "index.html").is_file()


# ------------------------------------------------------------------ the sample crawl


def unpacked(data: bytes) -> bytes:
    """All members of a gzip file; the last one may be cut."""
    out = b""
    while data:
        member = zlib.decompressobj(31)
        try:
            out += member.decompress(data)
        except zlib.error:
            break
        data = member.unused_data
    return out


@pytest.fixture(scope="module")
def crawl() -> bytes:
    folder = importlib.resources.files("weft") / "sample"
    return b"".join(
        unpacked(f.read_bytes()) for f in sorted(folder.iterdir(), key=lambda f: f.name) if ".warc" in f.name
    )


@pytest.fixture(scope="module")
def inventory(demo: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((demo / "report" / "summary.json").read_text(encoding="utf-8"))
    return held


def test_sample_has_the_languages_and_scripts(inventory: dict[str, Any], demo_rows: pl.DataFrame) -> None:
    languages = {code for code, held in inventory["languages"].items() if held["kept"] and not code.startswith("und")}
    assert len(languages) >= 24
    assert len({code[-4:] for code in languages}) >= 12
    assert 200 <= demo_rows.height <= 1000
    weighted = {
        "South-East Asia": set("khm_Khmr tha_Thai lao_Laoo mya_Mymr vie_Latn ind_Latn tgl_Latn jav_Latn".split()),
        "South Asia": set("hin_Deva ben_Beng tam_Taml tel_Telu kan_Knda mal_Mlym sin_Sinh urd_Arab npi_Deva".split()),
        "Africa": set("swh_Latn amh_Ethi hau_Latn yor_Latn ibo_Latn zul_Latn som_Latn tir_Ethi kin_Latn".split()),
    }
    shares = {place: len(codes & languages) for place, codes in weighted.items()}
    assert all(count >= 5 for count in shares.values()), shares
    documents = {code: held["documents"] for code, held in inventory["languages"].items()}
    there = sum(count for code, count in documents.items() if any(code in codes for codes in weighted.values()))
    assert there > sum(documents.values()) / 2


def test_sample_has_what_real_crawls_have(crawl: bytes, demo: Path, demo_rows: pl.DataFrame) -> None:
    page = crawl.decode("utf-8", "replace")
    assert page.count("<nav") > 100 and page.lower().count("cookie") > 50
    assert demo_rows["mojibake"].struct.field("repaired").sum() > 0
    assert demo_rows["zawgyi"].struct.field("converted").sum() >= 1
    assert demo_rows.filter(pl.col("deduplicate").struct.field("kind") == "near").height >= 4
    assert demo_rows["script"].struct.field("mixed").sum() >= 1
    assert len(set(re.findall(r"[\w.]+@[\w.-]+\.[a-z]+", page))) >= 5, "e-mail addresses"
    rules = set(demo_rows["selection"].struct.field("rule").drop_nulls())
    assert "duplicate" in rules and len(rules) >= 4  # spam and menus meet different rules
    reasons = set(weft.open_build(demo).errors()["reason"])
    assert "no_text" in reasons and any(reason.startswith("truncated") for reason in reasons), reasons


def test_nothing_around_the_text_reaches_the_corpus(demo: Path) -> None:
    corpus = pl.concat([pl.read_parquet(p).select("text") for p in (demo / "construct" / "ct").rglob("*.parquet")])
    share = corpus["text"].str.to_lowercase().str.contains("cookie").mean()
    assert isinstance(share, float) and share < 0.02


def test_sample_card_says_who_has_not_read_it() -> None:
    card = (importlib.resources.files("weft") / "sample" / "CARD.md").read_text(encoding="utf-8")
    assert (
        re.search(r"not (?:been )?reviewed|no native speaker|unreviewed", card.lower())
        and "native speaker" in card.lower()
    )


def test_sample_is_addressed_to_nobody(crawl: bytes) -> None:
    """Addresses that cannot belong to anybody: reserved names only."""
    hosts = set(re.findall(rb"https?://([A-Za-z0-9.-]+)", crawl)) | set(
        re.findall(rb"[\w.+-]+@([A-Za-z0-9.-]+)", crawl)
    )
    strange = {
        h
        for h in hosts
        if not re.search(rb"(?:\.|^)(?:example|test|invalid|localhost|example\.(?:com|org|net))\.?$", h)
    }
    assert not {h for h in strange if not h.endswith((b"schema.org", b"w3.org", b"sitemaps.org", b"ogp.me"))}, strange
