"""What a recipe would cost on all of its files, or on many times as much: from what two samples took."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from weft.engine.estimate_runs import LEAST_BYTES, MEETING, Measured, Samples, measure
from weft.engine.estimate_time import Step, by_key, export_tasks, serial, wall_seconds
from weft.engine.graph import Node
from weft.engine.local import usable_cores
from weft.engine.manifest import shard_target
from weft.engine.parts import DOCUMENTS_TOGETHER
from weft.engine.plan_deduplicate import destinations
from weft.errors import WeftError

__all__ = ["LEAST_BYTES", "Estimate", "Measured", "Samples", "Scale", "measure", "project"]

FARTHEST = 10
"""A sample of less than `LEAST_BYTES` is not scaled to more than so many times itself."""
OFF, WALL_OFF = 0.1, 0.25
"""How far estimates, and those of wall time, were from builds, beside what samples leave open (docs/size.md)."""
LITTLE_OFF = 2.0
"""The factor either way that a sample of less than `LEAST_BYTES` is taken to be off by."""
UNKNOWN = (
    "group sizes: a passage that very many documents share makes its group's task longer than the average says",
    "steps of one task take milliseconds in a sample: of very many documents they may take several times more or less",
    "files that cannot be cut and are larger than 134 MB are not in it",
    "reading from object storage, and what a colder or warmer file cache does",
)
KINDS = ("final", "kept", "intermediate")


@dataclass(frozen=True)
class Scale:
    """What is asked for: a multiple of the recipe's files, or bytes of files like them; prices are per unit."""

    times: float = 1.0
    stored_bytes: float | None = None
    workers: int = 0
    price_hour: float | None = None
    price_gb_month: float | None = None


@dataclass
class Estimate:
    """Costs of the whole, by node and together; what is not known stands in `unknown`."""

    stored_bytes: int
    text_bytes: int
    rows: int
    workers: int
    stages: list[dict[str, Any]]
    memory_bytes: int
    start_seconds: float
    sample: dict[str, Any]
    assumes: tuple[str, ...]
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    """The range of each total: where two samples leave open how many documents have copies, and by chance."""
    money: dict[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = UNKNOWN

    @property
    def too_small(self) -> bool:
        """Whether the files hold so little that start and heads of files are most of what was measured."""
        return bool(self.sample["stored_bytes"] < LEAST_BYTES)

    def total(self, name: str) -> float:
        start = self.start_seconds / 3600 if name == "wall_hours" else 0.0
        return start + float(sum(stage[name] for stage in self.stages))

    def to_json(self) -> dict[str, Any]:
        return {
            "stored_bytes": self.stored_bytes,
            "text_bytes": self.text_bytes,
            "rows": self.rows,
            "workers": self.workers,
            "total": {name: self.total(name) for name in TOTALS},
            "low": self.low,
            "high": self.high,
            "memory_bytes_per_worker": self.memory_bytes,
            "start_seconds": self.start_seconds,
            "stages": self.stages,
            "money": self.money,
            "sample": self.sample,
            "too_small": self.too_small,
            "assumes": list(self.assumes),
            "unknown": list(self.unknown),
        }


TOTALS = ("cpu_hours", "wall_hours", "final_bytes", "kept_bytes", "intermediate_bytes")


@dataclass(frozen=True)
class _Whole:
    """The corpus that is asked for, and how many times as often its documents have candidates as the sample's."""

    samples: Samples
    stored: float
    workers: int
    more: Callable[[str], float]

    @property
    def text(self) -> float:
        return self.stored * self.samples.large.text / self.samples.large.stored

    @property
    def rows(self) -> int:
        return int(self.stored * self.samples.large.rows / self.samples.large.stored)

    @property
    def shards(self) -> int:
        return max(1, math.ceil(self.stored / shard_target(self.stored, self.samples.shard_bytes)))


def project(samples: Samples, scale: Scale) -> Estimate:
    """Costs of the whole: of each node by bytes of text and by tasks; a node of one task is not divided by the workers.

    Raises WeftError where the sample is too small to say anything of so much.
    """
    large = samples.large
    wanted = samples.stored * scale.times if scale.stored_bytes is None else scale.stored_bytes
    _refuse_too_little(large.stored, wanted)
    workers = scale.workers or usable_cores()

    def whole(place: int) -> _Whole:
        return _Whole(samples, wanted, workers, lambda node: more_met(samples.small, large, node, wanted)[place])

    least, likely, most = (whole(place) for place in range(3))
    made = Estimate(
        stored_bytes=int(wanted),
        text_bytes=int(likely.text),
        rows=likely.rows,
        workers=workers,
        stages=_stages(likely),
        memory_bytes=_memory(likely),
        start_seconds=samples.start_seconds,
        sample={"stored_bytes": large.stored, "text_bytes": large.text, "rows": large.rows},
        assumes=_assumed(samples),
    )
    _add_range(made, _stages(least), _stages(most), large)
    if scale.price_hour is not None:
        made.money["cpu"] = made.total("cpu_hours") * scale.price_hour
    if scale.price_gb_month is not None:
        made.money["disk_month"] = sum(made.total(f"{kind}_bytes") for kind in KINDS) / 1e9 * scale.price_gb_month
    return made


def _refuse_too_little(sampled: int, wanted: float) -> None:
    if sampled < LEAST_BYTES and wanted > FARTHEST * sampled:
        raise WeftError(
            f"--estimate: the sample holds {sampled / 1e6:,.3f} MB, and says nothing of {wanted / 1e6:,.0f} MB; "
            f"expected at least {LEAST_BYTES / 1e6:,.0f} MB of files like those, or no more than {FARTHEST} times "
            "what there is"
        )


def _waits(samples: Samples) -> float:
    """Seconds that a task waits for files, for each second of CPU: of text, where both samples tell it from start."""
    small, large = samples.small, samples.large
    computed = sum(large.cpu.values())
    first = large.waited / max(computed, 1e-9)
    more = computed - sum(small.cpu.values())
    grown = _beyond_chance(small.waited, large.waited, small.waited_noise, large.waited_noise)
    return min(first, grown / more) if more > 0 else first


def _beyond_chance(first: float, second: float, *noise: float) -> float:
    """The difference of two samples, of which the less counts, the more the runs of one differ among themselves."""
    grown = max(0.0, second - first)
    return grown * grown**2 / (grown**2 + math.hypot(*noise) ** 2) if grown else 0.0


def _assumed(samples: Samples) -> tuple[str, ...]:
    return (
        "every worker has a core like those here for itself, from the first task to the last",
        f"tasks wait for files as in the sample: {_waits(samples):.2g} s for each second of CPU",
        f"in every range are {OFF:.0%} either way, of wall time {WALL_OFF:.0%}, by which estimates were off",
    )


def _stages(whole: _Whole) -> list[dict[str, Any]]:
    samples = whole.samples
    plan, waits = samples.plan, 1 + _waits(samples)
    work = {node.name: _cpu(whole, node) for node in plan.nodes}
    steps = [_step(whole, node, work[node.name] * waits) for node in plan.nodes]
    wall = wall_seconds(plan, steps, whole.workers)
    return [
        {
            "node": node.name,
            "stage": node.stage,
            "serial": serial(node),
            "tasks": step.tasks,
            "cpu_hours": work[node.name] / 3600,
            "wall_hours": wall[node.name] / 3600,
        }
        | {
            f"{kind}_bytes": int(_grown(samples, node.name, kind) * whole.text * whole.more(node.name))
            for kind in KINDS
        }
        for node, step in zip(plan.nodes, steps, strict=True)
    ]


def _step(whole: _Whole, node: Node, seconds: float) -> Step:
    if node.each == "shard":
        return Step(node, (seconds / whole.shards,), whole.shards)
    if node.name == "export":
        return Step(node, tuple(seconds * part for part in export_tasks(whole.samples.large.exported, whole.text)))
    tasks = len(destinations(whole.rows)) if by_key(node) else 1
    return Step(node, (seconds / tasks,) * tasks)


def _line(samples: Samples, node: str) -> tuple[float, float]:
    """CPU seconds of a node that are there whatever the text, and those for each byte of it."""
    small, large = samples.small, samples.large
    if large.text <= small.text:
        return 0.0, large.cpu[node] / large.text
    noise = (small.noise.get(node, 0.0), large.noise.get(node, 0.0))
    slope = _beyond_chance(small.cpu[node], large.cpu[node], *noise) / (large.text - small.text)
    return max(0.0, large.cpu[node] - slope * large.text), slope


def _cpu(whole: _Whole, node: Node) -> float:
    """CPU seconds of a node in the whole: what a task costs as often as there are tasks, and what text costs.

    A task that is not of a shard opens a file of every shard.
    """
    samples, large = whole.samples, whole.samples.large
    fixed, slope = _line(samples, node.name)
    before = max(1, large.tasks.get("documents", 1))
    if node.each == "shard" or not serial(node):
        fixed *= whole.shards / before
    if node.name == "export":
        fixed *= len(export_tasks(large.exported, whole.text)) / max(1, len(large.exported))
    return fixed + slope * whole.text + _compared(whole, node.name)


_COMPARED = {"shingles": 0.5, "verify": 0.2, "romanized_shingles": 0.5, "romanized_verify": 0.2}
"""CPU of a document that is compared, beside that of its labels: of the default recipe on 960 MB of text."""
_MOST_MET = 0.5
"""Of a corpus no more than this share of documents is taken to have candidates, whatever samples say."""
_USUAL = 0.1
"""Share of documents with a copy far away that is taken where samples cannot tell; it is taken to be off by as much."""


def _compared(whole: _Whole, node: str) -> float:
    """CPU seconds of comparing the documents that the sample did not know to have candidates."""
    large = whole.samples.large
    label = sum(cpu for name, cpu in large.cpu.items() if name.startswith("label"))
    further = large.share(node) * (whole.more(node) - 1)
    return _COMPARED.get(node, 0.0) * label * further * whole.rows / max(large.rows, 1)


def more_met(small: Measured, large: Measured, node: str, wanted: float) -> tuple[float, float, float]:
    """How many times as often a document has candidates in the whole as in the sample: 1 for other nodes.

    At the least, as it seems, and at the most. Copies of a document that lie anywhere are met in proportion to the
    sample, those that lie beside it in any: a line through both samples, of which a document that has several meets
    some. As far as chance hides that line, `_USUAL` is taken in its place, each by the square of the other's error. At
    the most and the least the line is two standard errors off. What is asked for beyond the files is taken to be like
    them.
    """
    first, second = small.share(node), large.share(node)
    if node not in MEETING or large.stored <= small.stored or wanted <= large.stored:
        return 1.0, 1.0, 1.0
    reach = (wanted - large.stored) / (large.stored - small.stored)
    line = (second - first) * reach
    error = math.sqrt((first + 1 / small.rows) / small.rows + second / large.rows) * reach if small.rows else math.inf

    def times(grown: float) -> float:
        whole = 1 - math.exp(-second - max(0.0, grown))
        return max(1.0, min(_MOST_MET, whole) / second) if second else 1.0

    trust = _USUAL**2 / (_USUAL**2 + error**2)
    likely = trust * line + (1 - trust) * _USUAL if trust else _USUAL
    return times(line - 2 * error), times(likely), times(line + 2 * error)


SERIAL_BYTES_PER_ROW = 300
"""Memory of the tasks that join all rows (components, clusters), for each of the DOCUMENTS_TOGETHER that they hold."""
_PER_BYTE, _PER_BYTE_TEXT = 4.0, 10_000_000
"""Memory of a worker for each byte of text of its shard, counted as if that much text had shown it beside the sample's:
of the default recipe on shards of up to 140 MB."""


def _memory(whole: _Whole) -> int:
    """Bytes of a worker at the most: of a task of the largest shard, or of one that joins all rows."""
    samples, large = whole.samples, whole.samples.large
    shard = shard_target(whole.stored, samples.shard_bytes) * large.text / large.stored
    piece = max((text for _, text, _ in large.shards), default=0)
    grown, text = samples.wide_memory - samples.memory, max(0, samples.wide_text - piece)
    wider = max(0.0, shard - piece) * (grown + _PER_BYTE * _PER_BYTE_TEXT) / (text + _PER_BYTE_TEXT)
    rows = SERIAL_BYTES_PER_ROW * max(0, min(whole.rows, DOCUMENTS_TOGETHER) - large.rows)
    return samples.memory + samples.largest_group + int(max(wider, rows))


def _grown(samples: Samples, node: str, kind: str) -> float:
    """Bytes that a node writes for each byte of text."""
    small, large = samples.small, samples.large
    if large.text <= small.text:
        return large.bytes[node][kind] / large.text
    return max(0, large.bytes[node][kind] - small.bytes[node][kind]) / (large.text - small.text)


def _add_range(made: Estimate, least: list[dict[str, Any]], most: list[dict[str, Any]], large: Measured) -> None:
    """Of each total the lowest and the highest that samples allow."""
    chance = {"cpu_hours": _chance(large, 2), "wall_hours": _chance(large, 2)}
    text = _chance(large, 1)
    for name in TOTALS:
        start = made.total(name) - sum(stage[name] for stage in made.stages)
        off = math.hypot(WALL_OFF if name == "wall_hours" else OFF, chance.get(name, text))
        lower, upper = (1 / LITTLE_OFF, LITTLE_OFF) if made.too_small else (max(0.0, 1 - off), 1 + off)
        made.low[name] = lower * (start + sum(stage[name] for stage in least))
        made.high[name] = upper * (start + sum(stage[name] for stage in most))


def _chance(large: Measured, place: int) -> float:
    """Two standard errors of what a byte as stored has of CPU or text, as a share: by what parts of the sample differ.

    A half where there are fewer than three.
    """
    shards = [shard for shard in large.shards if shard[0]]
    if len(shards) < 3:
        return 0.5
    stored, found = (sum(shard[n] for shard in shards) for n in (0, place))
    residues = sum((shard[place] - found / stored * shard[0]) ** 2 for shard in shards)
    return 2 * math.sqrt(residues * len(shards) / (len(shards) - 1)) / max(found, 1e-9)
