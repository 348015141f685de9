"""What a mixture over several holders is computed from: what each has of every cell, added up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from weft.construct import rehydrate
from weft.construct.mixture_settings import Mixture
from weft.construct.repeats import SEEN
from weft.deduplicate.share_contents import difference
from weft.engine import known
from weft.engine.work import rooms_registry
from weft.errors import WeftError
from weft.recipe.mixture_checks import unit_of_recipe

if TYPE_CHECKING:
    from weft.engine.reading import Build
    from weft.engine.sharing_clusters import Shares

FILES = {"buckets": "mixture.parquet", "seen": "mixture-values.parquet", "rates": "mixture-rates.parquet"}
_FREE = ("lid.", "script.")
"""Facets whose values are codes."""


def write(build: Build, work: Path, extras: tuple[str, ...]) -> dict[str, Any] | None:
    """The tables of a build that follows a joint plan, and what they are of; None where there is nothing to add up.

    Before holders know what they have in common, sums would count it several times. Raises WeftError for a facet whose
    values may say which text it is.
    """
    mixture = build.recipe.construct.mixture
    joint = known.joint_of(build.storage, build.recipe)
    if mixture is None or joint is None:
        return None
    for name in mixture.columns():
        if not name.startswith(_FREE) and name not in extras:
            raise WeftError(
                f"construct.mixture is by {name}, whose values a share does not hold; expected --column {name} to "
                "share them, or --with without counts"
            )
    paths = {
        name: [build.storage.path(e[0].files[place]["path"]) for e in build.state.done("mix_part").values()]
        for place, name in enumerate(("buckets", "seen", "rates"), 1)
    }
    counted = pl.concat([pl.read_parquet(path) for path in paths["buckets"]])
    _cells([counted]).write_parquet(work / FILES["buckets"])
    pl.concat([pl.DataFrame(schema=SEEN), *map(pl.read_parquet, paths["seen"])]).unique().sort(
        "facet", "value"
    ).write_parquet(work / FILES["seen"])
    rehydrate.merge_rates([pl.read_parquet(path) for path in paths["rates"]]).write_parquet(work / FILES["rates"])
    return settings(mixture, unit_of_recipe(build.recipe, rooms_registry(), mixture).name) | {"joint": joint}


def settings(mixture: Mixture, unit: str) -> dict[str, Any]:
    """A mixture's parameters by dotted name."""
    held = mixture.model_dump(mode="json")
    # Quotas apply in the order in which they are stated.
    named: dict[str, Any] = {f"construct.mixture.{name}": value for name, value in held.items()}
    return named | {"construct.mixture.unit": unit, "construct.mixture.quotas.order": list(mixture.quotas)}


def merged(shares: Shares, joint: str, work: Path) -> dict[str, Any] | None:
    """Add up the tables of all shares, if all are of builds that follow this joint plan; the mixture's parameters."""
    told = [share.mixture for share in shares.held]
    if not all(held is not None and held["joint"] == joint for held in told):
        return None
    first = told[0]
    assert first is not None
    for folder, held in zip(shares.folders, told, strict=True):
        unlike = difference(first, str(shares.folders[0] / "share.json"), held or {}, str(folder / "share.json"))
        if unlike is not None:
            raise WeftError(unlike)
    read = {name: [pl.read_parquet(folder / file) for folder in shares.folders] for name, file in FILES.items()}
    _cells(read["buckets"]).write_parquet(work / FILES["buckets"])
    pl.concat(read["seen"]).unique().sort("facet", "value").write_parquet(work / FILES["seen"])
    rehydrate.merge_rates(read["rates"]).write_parquet(work / FILES["rates"])
    return {name: value for name, value in first.items() if name != "joint"}


def _cells(tables: list[pl.DataFrame]) -> pl.DataFrame:
    """Documents and units by cell and cluster size."""
    every = pl.concat(tables)
    by = [name for name in every.columns if name not in ("bucket", "documents", "units")]
    return every.group_by(by).agg(pl.col("documents", "units").sum()).sort(by)


def paths(folder: Path, files: Mapping[str, Any]) -> dict[str, str]:
    """The tables of a joint plan; none where it has no mixture."""
    return {name: str(folder / file) for name, file in FILES.items()} if FILES["buckets"] in files else {}
