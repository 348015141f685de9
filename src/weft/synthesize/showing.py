"""Pairs that a model is shown: a pool of files and of earlier releases, ranked by terms, by vectors, or by both."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.errors import WeftError
from weft.operators.service import ServiceClient
from weft.parallel.pairs_file import full_pairs, read_pairs

Ranking = Literal["terms", "vectors", "both"]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Ranked = tuple[Ints, Floats]
Order = Literal["similar_last", "similar_first"]
Near = tuple[Callable[[int], Ranked], npt.NDArray[np.bool_]]
"""What ranks the pool by vectors as far as it is asked to, and which texts have a vector."""
EMBEDDINGS = "openai-embeddings"
LONGEST = 2_000
"""Characters of a text that the encoder is given: a sentence has fewer."""
_COLUMNS = ("id", "kind", "parts", "license", "consent", "redistribute", "note", "problem", "accepted")
_NUMBERS = ("round_trip", "iteration")
_TAG = r"^<BT\d?>\s+"
_SIDE = pl.element().struct
_SHOWN = ("id", "source", "target", "iteration", "license", "redistribute")


def pool_of(files: Sequence[str], made: Sequence[str], languages: tuple[str, str], least: float | None) -> pl.DataFrame:
    """`source`, `target` and `id` of the pairs of all files, and of those of released records; empty ones are left out.

    Of records also `iteration` (1 where they state none), `license` and `redistribute`; of pairs of files these are
    null. `least` is the least `round_trip` of a record. Raises WeftError.
    """
    read = []
    for file in map(Path, files):
        pairs = full_pairs(read_pairs(file, languages=languages).with_row_index("row", 1))
        read.append(pairs.select("source", "target", id=pl.format("{}#{}", pl.lit(file.name), "row")))
    if not sum(frame.height for frame in read):
        raise WeftError(f"{files[0]}: no pair with text on both sides; expected translations to show")
    return pl.concat([*read, *(_released(file, languages, least) for file in map(Path, made))], how="diagonal").select(
        pl.col(name) if name in ("id", "source", "target") or made else pl.lit(None).alias(name) for name in _SHOWN
    )


def _released(file: Path, languages: tuple[str, str], least: float | None) -> pl.DataFrame:
    """Pairs of both languages among the released records of a file, of which one side at least is a machine's."""
    try:
        absent = [name for name in _COLUMNS if name not in pl.read_parquet_schema(file)]
        if absent:
            raise WeftError(f"{file}: no column {', '.join(absent)}; expected records that weft synthesize released")
        rows = pl.read_parquet(file, columns=list(_COLUMNS))
    except (OSError, pl.exceptions.PolarsError) as error:
        told = str(error).splitlines()[0]
        raise WeftError(f"{file}: cannot be read: {told}; expected records that weft synthesize released") from None
    # What a person consented to is asked of documents alone: a pair that rests on a consent is not shown again.
    rows = rows.filter(pl.col("accepted") & pl.col("problem").is_null() & pl.col("consent").is_null(), kind="pair")
    rows = rows.filter(pl.col("parts").list.eval(_SIDE.field("made")).list.any())
    numbers = [pl.col("note").str.json_path_match(f"$.{name}").cast(pl.Float64, strict=False) for name in _NUMBERS]
    rows = rows.with_columns(number.alias(name) for name, number in zip(_NUMBERS, numbers, strict=True))
    if least is not None:
        rows = rows.filter(pl.col("round_trip") >= least)
    sides = {name: _side(code) for name, code in zip(("source", "target"), languages, strict=True)}
    rows = rows.with_columns(iteration=pl.col("iteration").fill_null(1).cast(pl.Int64), **sides)
    return full_pairs(rows.select(_SHOWN))


def _side(language: str) -> pl.Expr:
    """The text of the part in a language, without the tag that back-translation may put before it."""
    own = pl.col("parts").list.eval(_SIDE.field("text").filter(_SIDE.field("language") == language)).list.first()
    return own.cast(pl.String).str.replace(_TAG, "").fill_null("")


class Choice(NamedTuple):
    """How shots are chosen: their number, the ranking, what the encoder is given before a text, how many of machines
    there may be, and `share`, `below` and `order` of `parallel.shots.choose`."""

    shots: int
    ranking: Ranking
    prefix: str
    most: int
    share: float
    below: float
    order: Order


class Pool:
    """A pool with its index, made when it is first asked, and its vectors where they are."""

    def __init__(self, read: Callable[[], pl.DataFrame], units: Literal["words", "characters", "auto"]) -> None:
        self._read, self._units = read, units
        self._vectors: Floats | None = None

    @functools.cached_property
    def pairs(self) -> pl.DataFrame:
        return self._read()

    @functools.cached_property
    def index(self) -> Any:
        from weft.parallel.retrieval import Index

        return Index.build(self.pairs["source"], self._units)

    @functools.cached_property
    def machines(self) -> npt.NDArray[np.bool_]:
        """Which pairs are those of released records."""
        return self.pairs["iteration"].is_not_null().to_numpy()

    async def near(self, client: ServiceClient, rows: Sequence[int], texts: Sequence[str], prefix: str) -> Near:
        """What ranks the pool by cosine with each text: a function of how many are wanted, and which texts it knows.

        The encoder is asked about the pool once, for the first of `rows`. Raises WeftError where it gives no vector of
        a text of the pool.
        """
        from weft.parallel.shots import nearest

        if self._vectors is None:
            sources = self.pairs["source"].to_list()
            found, known = await vectors(client, [rows[0]] * len(sources), sources, prefix)
            if not known.all():
                name = self.pairs["id"][int(np.flatnonzero(~known)[0])]
                raise WeftError(
                    f"pool: the encoder gives no vector of {name}; expected one of every source of the pool"
                )
            self._vectors = found
        asked, known = await vectors(client, rows, texts, prefix)
        held = self._vectors

        def ranked(wanted: int) -> Ranked:
            ids = np.full((len(texts), wanted), -1, np.int32)
            if known.any():
                ids[known] = nearest(held, asked[known], wanted)[0]
            return ids, np.zeros(ids.shape, np.float32)

        return ranked, known


async def vectors(
    client: ServiceClient, rows: Sequence[int], texts: Sequence[str], prefix: str
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A vector of each text, (texts, numbers), and which of them have a direction; others are zeros.

    Raises WeftError for vectors of different lengths.
    """
    said = await client.ask_each(rows, [prefix + text[:LONGEST] for text in texts], {})
    held = [None if one is None or isinstance(one, dict) else np.asarray(one, np.float32) for one in said]
    sizes = {len(one) for one in held if one is not None}
    if len(sizes) > 1:
        raise WeftError(f"the encoder gives vectors of {sorted(sizes)} numbers; expected one length")
    found = np.zeros((len(texts), *(sizes or {1})), np.float32)
    for place, one in enumerate(held):
        if one is not None and np.isfinite(one).all():
            found[place] = one
    return found, np.asarray(found.any(axis=1), np.bool_)


def limited(search: Callable[[int], Ranked], machines: npt.NDArray[np.bool_], places: int, most: int) -> Ranked:
    """The first `places` pairs by people of each ranking, and of those before the last of them the first `most` of
    machines: ids and scores, in order, (queries, places + most); -1: no more.

    `search` ranks as many as it is asked for, and it is asked for more until people have their places.
    """
    wanted, total = places + most, len(machines)
    while True:
        ids, scores = search(min(wanted, total))
        by_people = (ids >= 0) & ~machines[ids]
        done = (by_people.sum(axis=1) >= places) | (ids < 0).any(axis=1)
        if wanted >= total or done.all():
            break
        wanted *= 4
    before = np.cumsum(by_people, axis=1)
    made = (ids >= 0) & machines[ids]
    kept = (by_people & (before <= places)) | (made & (before < places) & (np.cumsum(made, axis=1) <= most))
    order = np.argsort(~kept, axis=1, kind="stable")[:, : places + most]
    told = np.take_along_axis(kept, order, 1)
    found, points = np.full((len(ids), places + most), -1, np.int32), np.zeros((len(ids), places + most), np.float32)
    found[:, : told.shape[1]] = np.where(told, np.take_along_axis(ids, order, 1), -1)
    points[:, : told.shape[1]] = np.where(told, np.take_along_axis(scores, order, 1), 0)
    return found, points


async def shown(
    pool: Pool, encoder: ServiceClient | None, pieces: Sequence[tuple[int, str]], choice: Choice
) -> list[list[dict[str, Any]]]:
    """Pairs of the pool to show for each piece (its row and its text), in the order in which they are shown."""
    from weft.parallel.shots import choose

    texts = [text for _, text in pieces]
    near = None if encoder is None else await pool.near(encoder, [row for row, _ in pieces], texts, choice.prefix)
    ids, scores = ranked(pool, texts, choice, near)
    share, below, order = choice.share, choice.below, choice.order
    chosen = choose(pool.index, texts, ids, scores, choice.shots, share=share, below=below, order=order)
    return [pool.pairs[own[own >= 0].tolist()].rows(named=True) for own in chosen]


def ranked(pool: Pool, texts: Sequence[str], choice: Choice, near: Near | None) -> Ranked:
    """Candidates of each text and their scores: BM25, points of the places by cosine, or of both (Borda count).

    A text that the encoder gives no vector of is ranked by terms alone.
    """
    from weft.parallel.shots import borda, candidates

    places, most, ranking = candidates(choice.shots), choice.most if pool.machines.any() else 0, choice.ranking
    asked = pa.array(texts, pa.large_string())
    terms: Ranked = (np.empty((len(texts), 0), np.int32), np.empty((len(texts), 0), np.float32))
    if near is None or ranking == "both" or not near[1].all():
        terms = limited(lambda wanted: pool.index.search(asked, wanted), pool.machines, places, most)
    if near is None:
        return terms
    search, known = near
    rankings = [limited(search, pool.machines, places, most)[0], *([terms[0]] if ranking == "both" else [])]
    ids, points = borda(rankings, places + most)
    if not known.all():
        ids[~known], points[~known] = terms[0][~known], terms[1][~known]
    return ids, points
