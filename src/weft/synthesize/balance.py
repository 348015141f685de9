"""How much of a language may be machine-made: which records stay, by the hash of their id and never by their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import pyarrow as pa

Below = Annotated[float, Field(gt=0, lt=1)]
UpTo = Annotated[float, Field(gt=0, le=1)]
REASONS = {
    "no_human_text": "the language has no human text, and its machine-made text may only stand beside some",
    "share_of_skill": "records of its skill would be more of the language's machine-made text than is allowed",
    "share_of_language": "machine-made text would be more of the language than is allowed",
}
"""Why a record is left out, for people."""
_ALL = "*"


class BalanceSettings(BaseModel):
    """How much may be machine-made. Where several limits hold the tightest counts; by default nothing is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["characters", "words", "bytes", "records"] = Field(
        "characters", description="What amounts are counted in."
    )
    largest_share: float | None = Field(
        None, gt=0, lt=1, description="Most that is machine-made of all text of a language, human text included."
    )
    largest_share_of: dict[str, Below] = Field(
        default_factory=dict, description="The same by language, in place of `largest_share`: {swh_Latn: 0.3}."
    )
    per_human: float | None = Field(
        None, gt=0, description="Most that is machine-made for each unit of human text of the language: 4 is 4 to 1."
    )
    skills: dict[str, UpTo] = Field(
        default_factory=dict,
        description="Most that a skill may be of a language's machine-made text, as a share; `*`: every other skill.",
    )
    seed: int = Field(0, description="Of the draw that says which records stay.")

    def limit(self, language: str | None, human: int) -> Fraction | None:
        """Units of machine-made text that a language may have beside its human text; null where nothing limits it."""
        share = self.largest_share_of.get(language or "", self.largest_share)
        found = []
        if share is not None:
            exact = Fraction(str(share))
            found.append(human * exact / (1 - exact))
        if self.per_human is not None:
            found.append(human * Fraction(str(self.per_human)))
        return min(found, default=None)

    def share_of_skill(self, skill: str | None) -> Fraction:
        """Most that a skill may be of the machine-made text of a language."""
        return Fraction(str(self.skills.get(skill or "", self.skills.get(_ALL, 1))))


def balance(records: pl.DataFrame | pa.Table, human: Mapping[str, int], settings: BalanceSettings) -> pl.DataFrame:
    """For each record whether it stays: `id`, `kept` (Boolean), `reason` (null or one of REASONS), in their order.

    `records` has `id`, `language`, `skill` and the column that `settings.unit` names (whole numbers; `records` needs
    none). `human` is the human text of each language in the same unit. In every language and skill the records with the
    lowest hash of id and seed stay, so the answer does not depend on the order of rows. Kept text never exceeds a
    limit; what is left free is less than the next record in the draw.
    """
    frame = records if isinstance(records, pl.DataFrame) else pl.DataFrame(pl.from_arrow(records))
    unit = pl.lit(1, pl.Int64) if settings.unit == "records" else pl.col(settings.unit).fill_null(0).cast(pl.Int64)
    held = frame.select(pl.col("id", "language", "skill").cast(pl.String), unit.alias("size")).with_row_index("row")
    held = held.with_columns(pl.Series("draw", drawn(held["id"], settings.seed), dtype=pl.UInt64))
    limits, skills = _limits(held, human, settings)
    keys = {"nulls_equal": True, "maintain_order": "left"}
    held = held.sort("draw", "id", "row").join(limits, on="language", how="left", **keys)  # type: ignore[arg-type]
    held = held.join(skills, on=["language", "skill"], how="left", **keys)  # type: ignore[arg-type]
    within = pl.col("size").cum_sum().over("language", "skill") <= pl.col("most_of_skill")
    held = held.with_columns((pl.col("most_of_skill").is_null() | within).alias("fits"))
    taken = pl.when("fits").then("size").otherwise(0).cum_sum().over("language")
    held = held.with_columns((pl.col("most").is_null() | (taken <= pl.col("most"))).alias("room"))
    reason = (
        pl.when(pl.col("alone"))
        .then(pl.lit("no_human_text"))
        .when(~pl.col("fits"))
        .then(pl.lit("share_of_skill"))
        .when(~pl.col("room"))
        .then(pl.lit("share_of_language"))
    )
    told = held.with_columns(reason.alias("reason")).sort("row")
    return told.select("id", pl.col("reason").is_null().alias("kept"), "reason")


def drawn(ids: pl.Series, seed: int) -> npt.NDArray[np.uint64]:
    """A uniform 64-bit number of each id and the seed, the same on every machine."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    named = pl.select(pl.lit(f"{seed} ") + ids.fill_null("")).to_series()
    return plain_hashes(string_buffers(named.to_arrow(compat_level=pl.CompatLevel.oldest())))


def _limits(
    held: pl.DataFrame, human: Mapping[str, int], settings: BalanceSettings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Units that each language may have (`most`) and each of its skills (`most_of_skill`), null where nothing limits.

    `alone`: something limits the language, and it has no human text.
    """
    sums = held.group_by("language", "skill").agg(pl.col("size").sum()).sort("language", "skill")
    languages, skills = [], []
    for language, part in sums.group_by("language", maintain_order=True):
        code = None if language[0] is None else str(language[0])
        amounts = part["size"].to_list()
        shares = [settings.share_of_skill(skill) for skill in part["skill"].to_list()]
        limit = settings.limit(code, human.get(code or "", 0))
        total = together(amounts, shares)
        if limit is not None:
            total = min(total, limit)
        alone = limit is not None and not human.get(code or "")
        languages.append((code, None if limit is None else int(limit), alone))
        for skill, share in zip(part["skill"].to_list(), shares, strict=True):
            skills.append((code, skill, None if share >= 1 else int(share * total)))
    return (
        pl.DataFrame(languages, {"language": pl.String, "most": pl.Int64, "alone": pl.Boolean}, orient="row"),
        pl.DataFrame(skills, {"language": pl.String, "skill": pl.String, "most_of_skill": pl.Int64}, orient="row"),
    )


def together(amounts: Sequence[int], shares: Sequence[Fraction]) -> Fraction:
    """The largest total of parts of `amounts` in which no part is more than its share of that total.

    With total t the parts are min(amount, share * t); their sum is concave in t, so the largest t that it reaches is on
    the piece between two of the totals at which an amount is used up. 0 where the shares cannot make a whole.
    """
    order = sorted((Fraction(amount) / share, amount, share) for amount, share in zip(amounts, shares, strict=True))
    used, rest = Fraction(0), sum(shares, Fraction(0))
    found = Fraction(0)
    for place, (end, amount, share) in enumerate(order):
        used, rest = used + amount, rest - share
        begin, stop = end, order[place + 1][0] if place + 1 < len(order) else None
        if rest >= 1:
            continue
        at = used / (1 - rest)
        if at >= begin and (stop is None or at <= stop):
            found = max(found, at)
    return found
