"""Related languages side by side: which are packed together, and how their documents alternate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.model.relatives import OTHERS, lineage
from weft.text.buffers import string_buffers
from weft.text.folded import plain_hashes
from weft.tokenizer.packing import Integers, Pieces, Reading

Fit = Callable[[Integers, Integers], Pieces]
"""Packs readings by their lengths and copies."""


def strands(tokens: Mapping[str, int], least: int) -> dict[str, str]:
    """The name of what each language is packed with: its narrowest group, or its script where it is in none.

    What has fewer than `least` tokens together joins, from the smallest on, the smallest other strand of the nearest
    wider group, under whose name they are then one; where no group is left, of the same script, and then any.
    """
    lines = {language: lineage(language) for language in sorted(tokens)}
    held: dict[str, list[str]] = {}
    for language, line in lines.items():
        held.setdefault(line[0], []).append(language)
    for reach in (_is_group, str.istitle, OTHERS.__eq__):
        while (found := _joined(held, tokens, lines, least, reach)) is not None:
            held = found
    return {language: name for name, members in held.items() for language in members}


def _is_group(name: str) -> bool:
    return name.islower() and name != OTHERS


def _joined(
    held: Mapping[str, list[str]],
    tokens: Mapping[str, int],
    lines: Mapping[str, tuple[str, ...]],
    least: int,
    reach: Callable[[str], bool],
) -> dict[str, list[str]] | None:
    """The strands with the smallest that is too small, and can be, joined to another; None where there is none."""
    size = {name: sum(tokens[one] for one in members) for name, members in held.items()}
    for small in sorted(held, key=lambda name: (size[name], name)):
        if size[small] >= least:
            return None
        line = lines[max(held[small], key=lambda one: (tokens[one], one))]
        for wide in line:
            near = [name for name in held if name != small and any(wide in lines[one] for one in held[name])]
            if near and reach(wide):
                other = min(near, key=lambda name: (size[name], name))
                made = {name: members for name, members in held.items() if name not in (small, other)}
                made[wide] = sorted([*made.get(wide, []), *held[small], *held[other]])
                return made
    return None


def alternating(
    reading: Reading, languages: pl.Series, lengths: Integers, of: Mapping[str, str], *, by_value: bool
) -> tuple[Reading, Integers, list[str]]:
    """The readings strand by strand, with the number of each one's strand and the names of strands.

    `languages` and `lengths` (readings,) are those of `reading`. Within a strand a reading stands where the middle of
    it lies in all tokens of its language, so that languages alternate as evenly as their sizes allow; within a
    language the order stays. With `by_value` strands keep the order of `reading`.
    """
    names = sorted(set(of.values()))
    strand = languages.replace_strict(of, return_dtype=pl.String).replace_strict(
        names, range(len(names)), return_dtype=pl.Int64
    )
    rows = pl.DataFrame({"strand": strand, "language": languages, "length": lengths})
    if by_value:
        place = rows.select(pl.int_range(pl.len()).cast(pl.Float64).alias("place"))
    else:
        # Whole numbers until the division: the same on every machine.
        middle = 2 * pl.col("length").cum_sum() - pl.col("length")
        place = rows.select((middle / (2 * pl.col("length").sum())).over("language").alias("place"))
    order = np.lexsort((languages.rank("dense").to_numpy(), place["place"].to_numpy(), strand.to_numpy()))
    value = None if reading.value is None else reading.value[order]
    return Reading(reading.document[order], reading.copy[order], value), strand.to_numpy()[order], names


def by_strand(fit: Fit, lengths: Integers, copies: Integers, strand: Integers, languages: Integers) -> Pieces:
    """Pieces of each strand by itself, one strand's sequences after another's; in a sequence languages take turns.

    All (readings,); `strand` rises; `languages` are numbers.
    """
    parts: list[Pieces] = []
    opened = 0
    for number in np.unique(strand):
        start, stop = np.searchsorted(strand, [number, number + 1])
        one = fit(lengths[start:stop], copies[start:stop])
        parts.append(replace(one, sequence=one.sequence + opened, reading=one.reading + start))
        opened += one.sequences
    columns = {
        name: np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])
        for name in ("sequence", "reading", "start", "length")
    }
    rows = pl.DataFrame(columns).with_columns(pl.Series("language", languages[columns["reading"]]))
    turn = rows.select(pl.int_range(pl.len()).over("sequence", "language").alias("turn"))["turn"].to_numpy()
    order = np.lexsort((rows["language"].to_numpy(), turn, columns["sequence"]))
    taken = {name: column[order] for name, column in columns.items()}
    dropped, cut = sum(part.dropped for part in parts), sum(part.cut for part in parts)
    return Pieces(**taken, dropped=dropped, cut=cut)


def moved(pieces: Pieces, key: npt.NDArray[np.generic], *, last_stays: bool) -> Pieces:
    """Whole sequences in the order of `key` (sequences,), lowest first; equal ones as they are.

    `last_stays` for the last sequence of a stream, which is not full.
    """
    place = np.arange(pieces.sequences)
    free = pieces.sequences - last_stays
    place[np.argsort(key[:free], kind="stable")] = np.arange(free)
    order = np.argsort(place[pieces.sequence], kind="stable")
    columns = {name: getattr(pieces, name)[order] for name in ("reading", "start", "length")}
    return Pieces(place[pieces.sequence][order], **columns, dropped=pieces.dropped, cut=pieces.cut)


def drawn(pieces: Pieces, reading: Reading, ids: pl.Series, seed: int) -> npt.NDArray[np.uint64]:
    """A hash of each sequence: of seed, and of id, copy and place of its first piece."""
    first = np.searchsorted(pieces.sequence, np.arange(pieces.sequences))
    at = pieces.reading[first]
    each = pl.DataFrame(
        {"id": ids.gather(reading.document[at]).cast(pl.String), "copy": reading.copy[at], "start": pieces.start[first]}
    )
    named = each.select(pl.format("{}\n{}\n{}\n{}", pl.lit(seed), pl.col("id").fill_null(""), "copy", "start"))
    return plain_hashes(string_buffers(named.to_series().to_arrow()))
