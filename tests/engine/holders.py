"""Holders of text for tests: documents with copies of all kinds, builds, shares, joint plans."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from tests.engine.corpus import WORDS
from tests.engine.here import run_here

from weft.engine.reading import Build
from weft.engine.sharing import Wanted, export
from weft.engine.sharing_merge import merge
from weft.recipe import load

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
    done = run_here(load(recipe), folder / f"build-{name}")
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
