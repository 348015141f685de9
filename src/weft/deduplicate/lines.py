"""Which lines of a site are boilerplate: learnt from where, how often and beside what they recur on its pages."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "site": pa.uint64(),
    "of": pa.int32(),
    "line": pa.uint64(),
    "pages": pa.int32(),
    "keeper": pa.int64(),
    "passage": pa.bool_(),
}

_SENTENCE, _PUNCTUATED = 1, 2
_LONG, _SENTENCE_WEIGHT = 140, 25
"""Letters of a line that is prose by its length alone, and of one that ends as a sentence does."""
_VERSE_WEIGHT, _VERSE_LINES, _VERSE_SHARE = 12, 3, 0.5
_VOICE = 0.3
"""A page speaks for itself when what is its own in prose is at least this share of what it has from few others."""
_FEW = 3
_SURE_PAGES, _SURE_SHARE, _MANY_PAGES = 5, 0.5, 8
_ALL_PAGES, _ALL_SHARE = 3, 0.9
_PER_PAGE = 70
"""Letters for which prose has to stand on one page more: the longer a passage, the less it is a notice."""
_BRIEF, _INSIDE_SHARE, _HEADING = 20, 0.1, 3
_NUMBERED_SHARE = 0.25
_OF_FEW = (pl.col("pages") > 1) & pl.col("prose") & (pl.col("pages") <= pl.max_horizontal(_FEW, pl.col("of") // 4))
_MOST_SHARED = 0.5
"""Pages go together when they share at least this much of the most that one of them shares with any."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_KEY = ["site", "line"]


@operator(
    "deduplicate.lines",
    version=2,
    reads=("site", "page", "place", "paragraph", "line", "weight", "form", "numbered"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("site",),
)
def lines(
    *,
    least_pages: Annotated[int, Field(ge=2)] = 2,
    most_pages: Annotated[int, Field(ge=2, le=1_000_000)] = 2_000,
) -> BatchFunction:
    """Boilerplate lines of each site: on at least `least_pages` pages that differ in what they say for themselves.

    Learnt from up to `most_pages` pages of a site, drawn by their ids. Pages with the same lines count once, and so do
    near-copies of each other. Around the main text (before the first and after the last own prose of a page) a
    recurring line is boilerplate, and so are short ones of one wording with other numbers (given by `numbered`);
    between, a recurring line is only where it is no verse and no prose, or stands on most pages. Of such verse and
    prose one page keeps a copy (`keeper`, and `passage` is true); a page's own title stays on that page. A row with a
    null line says how many pages a site has (`of`).
    """

    def group(batch: pa.Table) -> pa.Table:
        held = pl.DataFrame(pl.from_arrow(batch.select(list(lines.spec.reads))))  # type: ignore[attr-defined]
        rows, of = _distinct_pages(held, most_pages)
        learnt = _learnt(rows, of, least_pages)
        nothing = {"line": pl.UInt64, "pages": pl.Int32, "keeper": pl.Int64, "passage": pl.Boolean}
        sites = of.with_columns(pl.lit(None, kind).alias(name) for name, kind in nothing.items()).select(list(WRITES))
        made = pl.concat([sites, learnt]).sort("site", "line", nulls_last=False)
        return made.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.schema(list(WRITES.items())))

    return group


def _distinct_pages(held: pl.DataFrame, most_pages: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines in order of up to `most_pages` pages of each site, copies left out; and the number of these pages."""
    found = held.select("site", "page").unique().sort("site", "page")
    found = found.filter(pl.int_range(pl.len()).over("site") < most_pages)
    rows = held.join(found, on=["site", "page"], how="semi").unique(["site", "page", "place"])
    rows = rows.sort("site", "page", "place")
    site, page, line = (rows[name].to_numpy() for name in ("site", "page", "line"))
    first = np.ones(len(page), np.bool_)
    first[1:] = (page[1:] != page[:-1]) | (site[1:] != site[:-1])
    starts = np.flatnonzero(first)
    number = np.cumsum(first) - 1
    local = (np.arange(len(page)) - starts[number]).astype(np.uint64)
    # What is summed depends on place and line, so that pages of the same lines in another order differ.
    mixed = (line ^ (local * _MIX)) * _SPREAD
    mixed ^= mixed >> np.uint64(31)
    sums = np.add.reduceat(mixed * _MIX, starts) if len(starts) else np.empty(0, np.uint64)
    copies = (
        pl.DataFrame({"site": site[starts], "content": sums})
        .select(pl.struct("site", "content").is_first_distinct())
        .to_series()
        .to_numpy()
    )
    rows = rows.with_columns(pl.Series("number", number, dtype=pl.Int64)).filter(
        pl.Series(copies[number], dtype=pl.Boolean)
    )
    of = rows.group_by("site").agg(pl.col("number").n_unique().cast(pl.Int32).alias("of")).sort("site")
    return rows, of


def _learnt(rows: pl.DataFrame, of: pl.DataFrame, least: int) -> pl.DataFrame:
    """`site`, `of`, `line`, `pages`, `keeper` of every boilerplate line."""
    spread = rows.group_by(_KEY).agg(pl.col("number").n_unique().cast(pl.Int32).alias("pages"))
    sentence = (pl.col("form") & _SENTENCE).cast(pl.Boolean) & (pl.col("weight") >= _SENTENCE_WEIGHT)
    rows = rows.join(spread, on=_KEY, how="left", maintain_order="left")
    rows = rows.join(of, on="site", how="left", maintain_order="left")
    rows = rows.with_columns((sentence | (pl.col("weight") >= _LONG)).alias("prose"))
    rows = rows.join(_speaking(rows), on="number", how="left", maintain_order="left")
    rows = rows.join(_voices(rows), on="number", how="left", maintain_order="left")
    rows = _with_verse(rows)
    facts = (
        rows.filter(pl.col("pages") >= 2)
        .group_by(_KEY)
        .agg(
            pl.col("of", "pages", "prose", "weight").first(),
            pl.col("voice").drop_nulls().n_unique().alias("speaking"),
            (pl.col("inside").filter("speaks").mean() > 0.5).fill_null(False).alias("inside_mostly"),
            pl.col("verse").mean(),
            pl.col("page").min().alias("first_page"),
            pl.col("number").filter("heading").n_unique().alias("homes"),
            pl.col("page").filter("heading").min().alias("home"),
        )
    )
    share = pl.col("pages") / pl.col("of")
    inside, verse = pl.col("inside_mostly"), pl.col("verse") >= 0.5
    needed = pl.max_horizontal(least, (pl.col("weight") // _PER_PAGE).clip(upper_bound=_SURE_PAGES))
    often = ((pl.col("speaking") >= _SURE_PAGES) & (share >= _SURE_SHARE)) | (
        (pl.col("speaking") >= _ALL_PAGES) & (share >= _ALL_SHARE)
    )
    often &= pl.col("speaking") >= least
    said = (pl.col("speaking") >= needed) & ((share >= _SURE_SHARE) | (pl.col("speaking") >= _MANY_PAGES))
    seldom = pl.when("inside_mostly").then(_INSIDE_SHARE * pl.col("of")).otherwise(pl.col("of").sqrt() / 2)
    brief = (pl.col("pages") >= pl.max_horizontal(least, seldom)) & (
        (pl.col("speaking") >= least) | (pl.col("weight") <= _BRIEF)
    )
    text_like = pl.col("prose") | verse
    cut = pl.when(~text_like).then(brief).when(inside | verse).then(often).otherwise(said)
    passage = inside & text_like
    keeper = pl.when(passage).then("first_page").when(~text_like & (pl.col("homes") == 1)).then("home")
    found = facts.filter(cut).with_columns(keeper.alias("keeper"), passage.alias("passage")).select(list(WRITES))
    return pl.concat([found, _numbered(rows, least).select(list(WRITES))])


def _numbered(rows: pl.DataFrame, least: int) -> pl.DataFrame:
    """Short lines that differ in their digits alone, around the main text: dates, prices, counters.

    Inside it they may be the numbers of verses or articles, or a table.
    """
    facts = (
        rows.filter(pl.col("numbered") != 0)
        .group_by("site", pl.col("numbered").alias("line"))
        .agg(
            pl.col("of").first(),
            pl.col("number").n_unique().cast(pl.Int32).alias("pages"),
            pl.col("voice").drop_nulls().n_unique().alias("speaking"),
            (pl.col("inside").filter("speaks").mean() > 0.5).fill_null(False).alias("inside_mostly"),
            pl.col("verse").mean(),
        )
    )
    often = pl.col("pages") >= pl.max_horizontal(least, _NUMBERED_SHARE * pl.col("of"), pl.col("of").sqrt() / 2)
    cut = often & (pl.col("speaking") >= least) & ~pl.col("inside_mostly") & (pl.col("verse") < 0.5)
    unkept = pl.lit(None, pl.Int64).alias("keeper"), pl.lit(False).alias("passage")
    return facts.filter(cut).with_columns(*unkept)


def _speaking(rows: pl.DataFrame) -> pl.DataFrame:
    """For each page whether it speaks for itself, and the places of its first and last own prose."""
    own = (pl.col("pages") == 1) & pl.col("prose")
    facts = rows.group_by("number").agg(
        pl.col("weight").filter(own).sum().alias("own"),
        pl.col("weight").filter(_OF_FEW).sum().alias("others"),
        pl.col("place").filter(own).min().alias("from"),
        pl.col("place").filter(own).max().alias("to"),
    )
    speaks = (pl.col("own") > 0) & (pl.col("own") >= _VOICE * pl.col("others"))
    return facts.select("number", "from", "to", speaks.alias("speaks"))


def _voices(rows: pl.DataFrame) -> pl.DataFrame:
    """`number`, `voice`: a page that speaks for itself has its own; near-copies of each other have one together.

    Pages that do not speak for themselves go together with those that most of their prose is shared with. If one of
    these speaks, it speaks for them.
    """
    from weft.text.components import components

    speaking = rows.filter("speaks").select(pl.col("number").unique())["number"]
    shared = rows.filter(_OF_FEW).with_columns(
        pl.coalesce(pl.col("number").filter("speaks").min().over(_KEY), pl.col("number").min().over(_KEY)).alias("with")
    )
    edges = shared.filter(~pl.col("speaks")).group_by("number", "with").agg(pl.col("weight").sum())
    edges = edges.filter(pl.col("weight") >= _MOST_SHARED * pl.col("weight").max().over("number"))
    first, second = edges["number"].to_numpy(), edges["with"].to_numpy()
    group = components(int(rows["number"].max() or 0) + 1, first, second)  # type: ignore[arg-type]
    silent = edges.select(pl.col("number").unique())["number"]
    spoken_for = np.isin(group[silent.to_numpy()], group[speaking.to_numpy()])
    voice = pl.Series(np.where(spoken_for, -1, group[silent.to_numpy()]), dtype=pl.Int64)
    together = pl.DataFrame({"number": silent, "voice": voice}).filter(pl.col("voice") >= 0)
    return pl.concat([pl.DataFrame({"number": speaking, "voice": speaking}), together])


def _with_verse(rows: pl.DataFrame) -> pl.DataFrame:
    """`inside`: between own prose; `heading`: shortly before it; `verse`: most lines around it end with a mark."""
    inside = (pl.col("place") > pl.col("from")) & (pl.col("place") < pl.col("to"))
    heading = pl.col("place").is_between(pl.col("from") - _HEADING, pl.col("from") - 1)
    rows = rows.with_columns(heading.fill_null(False).alias("heading"))
    shared = pl.col("pages") > 1
    rows = rows.with_columns(inside.fill_null(False).alias("inside"), shared.alias("shared"))
    fresh = pl.any_horizontal(pl.col(n) != pl.col(n).shift(1) for n in ("shared", "number", "paragraph"))
    rows = rows.with_columns(fresh.fill_null(True).cum_sum().alias("block"))
    marked = (pl.col("form") & _PUNCTUATED).cast(pl.Boolean) & (pl.col("weight") >= _VERSE_WEIGHT)
    verse = shared & (pl.len().over("block") >= _VERSE_LINES) & (marked.mean().over("block") >= _VERSE_SHARE)
    # A short line that stands with prose (an Amen) has the fate of the prose.
    ended = (pl.col("form") & _PUNCTUATED).cast(pl.Boolean)
    beside = ended & pl.col("inside") & shared & pl.col("prose").any().over("block")
    return rows.with_columns((verse | beside).alias("verse"))
