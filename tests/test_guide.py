"""The guide is true: its commands run, in order, and end well."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```(sh|python|yaml)\n(.*?)```", re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "blocks", "made"),
    [
        ("guide", 7, "built/report/index.html"),
        ("tokenizers", 1, "costs/report.html"),
        ("packing", 2, "fitted/packing.json"),
        ("records", 1, "build/construct/pairs/eng_Latn-swh_Latn/train-00000.parquet"),
        ("parallel-formats", 2, "release.tmx"),
        ("pairs", 1, "scored.tsv"),
        ("pairs-report", 1, "report.html"),
        ("pair-rules", 2, "both.rejected.tsv"),
        ("alignment", 1, "pairs.tsv"),
        ("order", 4, "anneal/packing.json"),
        ("interleaving", 4, "related/packing.json"),
        ("operations", 6, "build/construct/README.md"),
        ("clusters", 1, "there/construct/README.md"),
        ("trainers", 2, "llama-factory/dataset_info.json"),
        ("batch", 1, "shared/report/index.html"),
        ("federation", 5, "university/build/report/index.html"),
        ("services", 1, "build/construct/README.md"),
        ("mining", 1, "mined.tsv"),
        ("word-alignment", 1, "projected.jsonl"),
        ("multi-way", 2, "batches.jsonl"),
        ("evaluate-checks", 2, "checks.json"),
        ("synthesis", 3, "trl/README.md"),
        ("synthesis-recipes-instructions", 1, "made/records/sft/swh_Latn.parquet"),
        ("evaluate", 1, "trial/second/scores.json"),
        ("evaluate-report", 1, "trial/second/report/evaluation.html"),
        ("metric-evaluation", 1, "agreement.json"),
        ("evaluate-exchange", 1, "trial/back/scores.json"),
        ("synthesis-shots", 2, "two/records/pair/swh_Latn.parquet"),
        ("evaluate-culture", 2, "manners/run/scores.json"),
        ("translation-quality", 1, "scored.tsv"),
    ],
)
def test_every_command_of_a_guide_runs(tmp_path: Path, name: str, blocks: int, made: str) -> None:
    guide = (ROOT / f"docs/{name}.md").read_text("utf-8")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "weft").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weft "$@"\n')
    (bin_folder / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for file in bin_folder.iterdir():
        file.chmod(0o755)
    environment = os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    ran = 0
    for kind, code in BLOCK.findall(guide):
        if kind == "yaml":
            continue
        command = ["sh", "-e", "-c", code] if kind == "sh" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        ran += 1
    assert ran == blocks
    assert (tmp_path / made).is_file()


def test_the_recipe_of_the_tokenizer_guide_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    (found,) = [
        code for kind, code in BLOCK.findall((ROOT / "docs/tokenizers.md").read_text("utf-8")) if kind == "yaml"
    ]
    folder = tmp_path / "llama"
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes((ROOT / "tests/examples/label.token_count.json").read_bytes())
    (tmp_path / "recipe.yaml").write_text(f"acquire:\n  - path: texts\n{found}", "utf-8")
    assert list(load(tmp_path / "recipe.yaml").construct.all_rules())[-2:] == ["fits", "has_pieces"]


def test_the_recipe_of_the_page_on_services_is_good(tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    from weft.recipe import load
    from weft.recipe.services import Service

    page = (ROOT / "docs/services.md").read_text("utf-8")
    found, *more = [code for kind, code in BLOCK.findall(page) if kind == "yaml"]
    (tmp_path / "recipe.yaml").write_text(found, "utf-8")
    assert load(tmp_path / "recipe.yaml").services["judge"].revision == "2026-11-01"
    described = [one for code in more for one in YAML(typ="safe").load(code)["services"].values()]
    assert [Service.model_validate(one).protocol for one in described] == ["translate", "openai-chat"]


def test_the_recipe_of_the_page_on_pair_rules_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    page = (ROOT / "docs/pair-rules.md").read_text("utf-8")
    (found,) = [code for kind, code in BLOCK.findall(page) if kind == "yaml"]
    (tmp_path / "recipe.yaml").write_text(found, "utf-8")
    (tmp_path / "rules.json").write_text('{"kind": "weft pair rules", "version": 1, "pairs": {}}', "utf-8")
    assert {"pairs_fit", "same_numbers"} <= set(load(tmp_path / "recipe.yaml").construct.rules)


def test_the_recipe_of_the_page_on_pairs_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    page = (ROOT / "docs/pairs.md").read_text("utf-8")
    (found,) = [code for kind, code in BLOCK.findall(page) if kind == "yaml"]
    shutil.copytree(ROOT / "tests/examples/label.pair_score/model", tmp_path / "pair-model")
    (tmp_path / "recipe.yaml").write_text(found, "utf-8")
    assert {"translates", "has_a_model"} <= set(load(tmp_path / "recipe.yaml").construct.rules)


def test_the_recipe_of_seeds_on_the_page_on_synthesis_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    page = (ROOT / "docs/synthesis.md").read_text("utf-8")
    (found,) = [code for kind, code in BLOCK.findall(page) if kind == "yaml" and "acquire:" in code]
    (tmp_path / "recipe.yaml").write_text(found, "utf-8")
    (tmp_path / "lexicon.tsv").write_text("swh_Latn\teng_Latn\nkitabu\tbook\n", "utf-8")
    assert load(tmp_path / "recipe.yaml").synthesize[0].where == "source <> 'scale'"


def test_the_recipe_of_the_page_on_order_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    (found,) = [code for kind, code in BLOCK.findall((ROOT / "docs/order.md").read_text("utf-8")) if kind == "yaml"]
    (tmp_path / "recipe.yaml").write_text(f"acquire:\n  - path: texts\n{found}", "utf-8")
    order = load(tmp_path / "recipe.yaml").construct.order
    assert order is not None and [phase.name for phase in order.phases] == ["broad", "anneal"]


def test_the_recipes_of_the_guide_are_good(tmp_path: Path) -> None:
    from weft.recipe import load

    guide = (ROOT / "docs/guide.md").read_text("utf-8")
    found = [code for kind, code in BLOCK.findall(guide) if kind == "yaml"]
    for number, code in enumerate(found):
        recipe = tmp_path / f"{number}.yaml"
        recipe.write_text(code if "acquire:" in code else f"acquire:\n  - path: texts\n{code}", "utf-8")
        assert load(recipe).acquire
    assert len(found) == 3


def test_the_recipe_of_the_readme_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    recipe = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert recipe is not None
    (tmp_path / "recipe.yaml").write_text(recipe.group(1), "utf-8")
    checked = load(tmp_path / "recipe.yaml")
    assert checked.acquire[0].name == "crawl" and checked.construct.split.train == pytest.approx(0.98)


def test_the_recipe_of_the_decontamination_guide_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    guide = (ROOT / "docs/decontamination.md").read_text("utf-8")
    (recipe,) = [code for kind, code in BLOCK.findall(guide) if kind == "yaml"]
    (tmp_path / "recipe.yaml").write_text(recipe, "utf-8")
    (tmp_path / "sib200.tsv").write_text("text\nswali la kwanza la mtihani huu\n", "utf-8")
    (tmp_path / "copa.jsonl").write_text('{"text": "swali la pili la mtihani mwingine"}\n', "utf-8")
    assert load(tmp_path / "recipe.yaml").construct.rules == {"contaminated": "contamination IS NULL"}
    for rule in re.findall(r"`(contamination IS NULL OR [^`]*)`", guide):
        load(tmp_path / "recipe.yaml", [f"construct.rules.contaminated={rule}"])
    assert guide.count("contamination IS NULL OR ") == 2


def test_the_recipes_of_the_page_on_repeated_text_are_good(tmp_path: Path) -> None:
    from weft.recipe import load

    page = (ROOT / "docs/deduplication.md").read_text("utf-8")
    found = [code for kind, code in BLOCK.findall(page) if kind == "yaml"]
    folder = tmp_path / "april"
    shutil.copytree(ROOT / "tests/examples/label.embedding", folder / "models/multilingual-e5-small")
    for number, code in enumerate(found):
        recipe = tmp_path / "april" / f"{number}.yaml"
        recipe.write_text(code if "acquire:" in code else f"acquire:\n  - path: texts\n{code}", "utf-8")
        if "earlier:" in code:
            _empty_index(tmp_path / "index")
            for rule in re.findall(r"`(earlier IS NULL OR [^`]*)`", page):
                load(recipe, [f"construct.rules.seen_before={rule}"])
        assert load(recipe).construct.cut[:1] == (("deduplicate.lines",) if "cut:" in code else ())
    assert len(found) == 10 and page.count("`earlier IS NULL OR ") == 2


def _empty_index(folder: Path) -> None:
    from weft.deduplicate.index_contents import CONTENTS, Contents, signatures
    from weft.operators.registry import ROOMS, Registry

    registry = Registry.from_rooms(ROOMS)
    folder.mkdir()
    empty = Contents(signatures(registry, registry.defaults("deduplicate.minhash")), ())
    (folder / CONTENTS).write_text(empty.to_json(), "utf-8")


def test_the_guide_leads_to_every_page() -> None:
    guide = (ROOT / "docs/guide.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"guide.md"}
    assert not {page for page in pages if f"]({page}" not in guide}


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in (ROOT / "docs").glob("*.md")
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
