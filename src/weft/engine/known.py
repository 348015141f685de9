"""What a build was made with that lies outside of it: files that its recipe names, releases of an index.

A build is read as it was made: with what is kept here, its keys are known when these things have gone, or have changed
since. A run looks at them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from weft.deduplicate.index_contents import Segment, read_contents
from weft.deduplicate.share_contents import Joint, read_joint
from weft.engine.graph import State
from weft.engine.keys import content_of, digest, digests_of_files, mark_of
from weft.engine.storage import Storage
from weft.operators.registry import Registry
from weft.recipe import Recipe
from weft.synthesize.prompts import digest_of, prompt_parameters

KNOWN = "known.json"


def inputs_of(state: State) -> str:
    """Digest of all documents of a build: the same for builds that differ only in what they make of them."""
    return digest("inputs", state.keys("documents"))


def release_of(recipe: Recipe) -> str:
    """The name of a recipe's release in an index: what its step `earlier` says, else its name (and version)."""
    step = next((s for s in recipe.deduplicate if s.operator == "deduplicate.earlier"), None)
    given = step.params["release"] if step is not None else None
    return str(given or (f"{recipe.name}@{recipe.version}" if recipe.version else recipe.name))


def earlier_releases(index: Path, recipe: Recipe, state: State) -> tuple[Segment, ...]:
    """The releases of an index that are earlier than a build, as the index is now."""
    return read_contents(index).before(release_of(recipe), inputs_of(state))


def gathered(recipe: Recipe, registry: Registry, state: State) -> dict[str, Any]:
    """What a finished run was made with, as plain data."""
    steps = (*recipe.parse, *recipe.standardize, *recipe.label, *recipe.synthesize, *recipe.deduplicate)
    files = {mark_of(step): digests_of_files(registry.get(step.operator), step.params) for step in steps}
    found: dict[str, Any] = {"files": {name: held for name, held in files.items() if held}}
    found["recipe"] = digest("known", recipe.answering())
    prompts = {value for step in recipe.synthesize for value in prompt_parameters(step.params).values()}
    if prompts := prompts | {held.prompt for held in recipe.synthesis.dear().values()}:
        found["prompts"] = {value: digest_of(value) for value in sorted(prompts)}
    if named := recipe.synthesis.files():
        found["synthesis"] = {file: content_of(file) for file in named}
    step = next((s for s in recipe.deduplicate if s.operator == "deduplicate.earlier"), None)
    if step is not None and state.done("earlier"):
        found["earlier"] = [asdict(s) for s in earlier_releases(Path(step.params["index"]), recipe, state)]
    step = next((s for s in recipe.deduplicate if s.operator == "deduplicate.shared"), None)
    if step is not None:
        found["shared"] = told_of(read_joint(step.params["joint"]))
    return found


def told_of(joint: Joint) -> dict[str, Any]:
    """What of a joint plan changes the answers of a build: its decisions, and the supply of its mixture."""
    files = sorted(name for name in joint.files if name.startswith("mixture"))
    mixture = [joint.files[name]["sha256"] for name in files] or None
    return {"digest": joint.digest, "mixture": mixture}


def joint_of(storage: Storage, recipe: Recipe) -> str | None:
    """The digest of the joint plan that a finished build followed; None: none."""
    held = load(storage, recipe).get("shared")
    return None if held is None else str(held["digest"])


def save(storage: Storage, held: Mapping[str, Any]) -> None:
    """Keep it in the build; nothing where there is nothing to keep."""
    if held["files"] or held.keys() & {"earlier", "synthesis", "prompts"} or "shared" in held or storage.exists(KNOWN):
        storage.write_bytes(KNOWN, (json.dumps(held, indent=1, sort_keys=True) + "\n").encode("utf-8"))


def load(storage: Storage, recipe: Recipe) -> dict[str, Any]:
    """What was kept; empty when nothing was for this recipe: a run of another one may have been stopped since."""
    held: dict[str, Any] = json.loads(storage.content(KNOWN) or b"{}")
    return held if held.get("recipe") == digest("known", recipe.answering()) else {}
