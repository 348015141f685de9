"""Rules over a file of pairs of any size: what passes, what does not with its reasons, and how much each rule drops.

Blocks are judged by several threads (the kernels hold no lock) and written in their order: the same bytes on any
number of them. Few blocks are held at a time.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.engine.pair_blocks import Layout, Pairs, pairs_of, places, strings_of
from weft.engine.pair_lines import in_order, json_lines, table_lines
from weft.engine.pair_writer import PairWriter
from weft.errors import WeftError
from weft.parallel.encoding import Embed
from weft.parallel.rules import MOST_RULES, Answered, Rules, judge
from weft.parallel.scorer import Scorer
from weft.text.fields import gathered

UNREADABLE = "unreadable"
"""Reason of a row that is no pair of texts: a field is missing, or no text."""
IMPROBABLE = "improbable"
"""Reason of a pair that the scorer gives less than the least probability."""
Masks = npt.NDArray[np.uint64]
Advance = Callable[[int, int, int], None]
"""Told after each block: bytes of the file, pairs and kept pairs so far."""


@dataclass(frozen=True)
class Scored:
    """A scorer beside rules: the heads that refuse pairs, and the probability below which a pair is refused."""

    scorer: Scorer
    heads: tuple[str, ...]
    least_probability: float | None = None
    turned: bool = False
    """Whether the file has the scorer's languages the other way round."""
    embed: Embed | None = None
    """What gives vectors to a scorer that was trained with an encoder."""

    @property
    def asks(self) -> bool:
        """Whether vectors can change what passes: the head of mismatches and the probability alone know them."""
        return "mismatch" in self.heads or self.least_probability is not None

    @property
    def names(self) -> tuple[str, ...]:
        """Reasons that it gives."""
        return (*self.heads, *(() if self.least_probability is None else (IMPROBABLE,)))


@dataclass(frozen=True)
class Job:
    """What is filtered, by what, and where it goes."""

    held: Layout
    rules: Rules
    kept: Path
    rejected: Path
    turned: bool = False
    """Whether the rules are for the other direction."""
    answered: Answered | None = None
    workers: int = 1
    scored: Scored | None = None

    @property
    def names(self) -> list[str]:
        """Every reason, in the order of the bits of masks."""
        return [*self.rules.names, *(self.scored.names if self.scored is not None else ()), UNREADABLE]


class _Judged(NamedTuple):
    masks: Masks
    kept: Any
    rejected: Any
    bare: int


def filter_pairs(job: Job, advance: Advance = lambda size, pairs, kept: None) -> dict[str, Any]:
    """Filter a file; returns `read`, `kept`, `rejected`, and of each rule how many it drops, and how many it alone.

    With an encoder also `without_vector`: readable pairs of which a side has none. Raises WeftError for a file that
    cannot be read or written, and for too many rules; then there is no output.
    """
    names = job.names
    if len(names) > MOST_RULES:
        raise WeftError(f"{len(names)} rules and heads; expected at most {MOST_RULES}: leave some out with --without")
    if doubled := sorted(name for name, count in Counter(names).items() if count > 1):
        raise WeftError(f"{', '.join(doubled)}: a rule and a head, or two rules, of one name; expected different names")
    wanted = places(job.held) if job.held.format == "tsv" else ()
    counted: Counter[int] = Counter()
    started, pairs, kept, bare = time.monotonic(), 0, 0, 0
    with contextlib.ExitStack() as stack:
        out = [
            stack.enter_context(PairWriter(file, job.held, added))
            for file, added in ((job.kept, ()), (job.rejected, ("reasons",)))
        ]
        for judged, size in in_order(job.held, lambda block: _judged(block, job, names, wanted), job.workers):
            out[0].write(judged.kept)
            out[1].write(judged.rejected)
            values, counts = np.unique(judged.masks, return_counts=True)
            counted.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            pairs, bare = pairs + len(judged.masks), bare + judged.bare
            kept += int((judged.masks == 0).sum())
            advance(size, pairs, kept)
        for writer in out:
            writer.done()
    seconds = time.monotonic() - started
    return {
        "read": pairs,
        "kept": kept,
        "rejected": pairs - kept,
        "rules": _drops(counted, names),
        **({"without_vector": bare} if job.scored is not None and job.scored.embed is not None else {}),
        "seconds": round(seconds, 3),
        "pairs_per_second": round(pairs / max(seconds, 1e-9)),
    }


def _drops(counted: Counter[int], names: list[str]) -> dict[str, dict[str, int]]:
    made = {name: {"drops": 0, "alone": 0} for name in names}
    for mask, count in counted.items():
        bits = [name for n, name in enumerate(names) if mask >> n & 1]
        for name in bits:
            made[name]["drops"] += count
        if len(bits) == 1:
            made[bits[0]]["alone"] += count
    return made


def _judged(block: Any, job: Job, names: list[str], wanted: tuple[int, ...]) -> _Judged:
    pairs, starts = pairs_of(block, job.held, wanted)
    sides = (pairs.target, pairs.source) if job.turned else (pairs.source, pairs.target)
    masks = judge(job.rules, *sides, answered=job.answered, depth=pairs.depth).masks
    bare = 0
    if job.scored is not None:
        failed, bare = _failed(pairs, job.scored)
        masks |= failed << np.uint64(len(job.rules.names))
    masks[pairs.unreadable] = np.uint64(1 << (len(names) - 1))
    passed = masks == 0
    if starts is None:
        reasons = pa.array([_reasons(mask, names) for mask in masks[~passed].tolist()], pa.list_(pa.string()))
        out = block.filter(pa.array(~passed))
        return _Judged(masks, block.filter(pa.array(passed)), out.append_column("reasons", reasons), bare)
    data = np.frombuffer(block, np.uint8)
    good = gathered(data, starts[:-1][passed], starts[1:][passed])[0]
    left = _rejected_lines(block, starts, masks, names, job.held.format == "jsonl")
    return _Judged(masks, good.tobytes(), left, bare)


def _failed(pairs: Pairs, scored: Scored) -> tuple[Masks, int]:
    """A mask for each pair, bit `n` where it has reason `n` of the scorer's names; and `without_vector`."""
    sides = (pairs.target, pairs.source) if scored.turned else (pairs.source, pairs.target)
    said = scored.scorer.score(strings_of(sides[0]), strings_of(sides[1]), scored.embed)
    out = np.zeros(said.height, np.uint64)
    for bit, name in enumerate(scored.heads):
        out |= said["reasons"].list.contains(name).to_numpy().astype(np.uint64) << np.uint64(bit)
    if scored.least_probability is not None:
        # Rounded as `weft pairs score` writes it, so that the same bound leaves the same pairs.
        low = said["probability"].round(4).to_numpy() < scored.least_probability
        out |= low.astype(np.uint64) << np.uint64(len(scored.heads))
    return out, without_vector(said, pairs)


def without_vector(said: pl.DataFrame, pairs: Pairs) -> int:
    """Readable pairs that a scorer judged without vectors, where it was given an encoder; else none."""
    if "encoded" not in said.columns:
        return 0
    return int((~said["encoded"].to_numpy() & ~pairs.unreadable).sum())


def _reasons(mask: int, names: list[str]) -> list[str]:
    return [name for n, name in enumerate(names) if mask >> n & 1]


def _rejected_lines(block: bytes, starts: Any, masks: Masks, names: list[str], is_json: bool) -> bytes:
    """Lines with their reasons: as a last column, or as the first field of an object."""
    rows = np.flatnonzero(masks)
    different, place = np.unique(masks[rows], return_inverse=True)
    listed = [_reasons(mask, names) for mask in different.tolist()]
    said = [f'{{"reasons":{json.dumps(one)}' if is_json else "\t" + ",".join(one) for one in listed]
    column = pa.array([one.encode() for one in said], pa.large_binary()).take(pa.array(place))
    if is_json:
        return json_lines(block, starts, rows, column, masks[rows] == 1 << (len(names) - 1))
    return table_lines(block, starts, rows, column)
