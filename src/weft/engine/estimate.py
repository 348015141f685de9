"""What a recipe would cost on all of its files, or on many times as much: its plan is run on two small samples."""

from __future__ import annotations

import contextlib
import math
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft.acquire.parquet import bytes_in
from weft.engine.graph import Plan, State
from weft.engine.intermediate import is_intermediate
from weft.engine.ledger import Ledger
from weft.engine.local import LocalRunner, run_task, usable_cores
from weft.engine.manifest import FULL_SHARD, SMALLEST_SHARD, Manifest, Shard
from weft.engine.plan import compile_plan
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler
from weft.engine.service_keys import asked_services
from weft.engine.storage import SourceFetcher, Storage
from weft.engine.work import Outcome, Task, rooms_registry
from weft.errors import WeftError
from weft.recipe import Recipe

SAMPLE_BYTES = 16_000_000
"""Of the larger sample, as files are stored; the smaller one is a quarter of it, in as many pieces."""
LEAST_BYTES = 1_000_000
"""A sample of less says little."""
_PIECES = 8
_LARGEST_PIECE = 8
"""A file that cannot be cut is sampled whole, up to so many times the share of a piece."""
UNKNOWN = (
    "group sizes: a passage that very many documents share makes its group's task longer than the average says",
    "files that cannot be cut and are larger than the sample are not in it",
    "reading from object storage, and what a colder or warmer file cache does",
    "copies: a sample meets few of them, so that `shingles` and `verify` may cost several times what is said here",
)


@dataclass(frozen=True)
class Measured:
    """One run on one sample; CPU seconds, seconds and bytes by node."""

    stored: int
    text: int
    rows: int
    cpu: dict[str, float]
    seconds: dict[str, float]
    bytes: dict[str, Counter[str]]
    met: dict[str, int]
    """Rows that each step of `_MEETING` was given: documents that have something in common with others."""

    def share(self, node: str) -> float:
        """Of all documents, those that a step of `_MEETING` was given."""
        return self.met.get(node, 0) / max(self.rows, 1)


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
    money: dict[str, float] = field(default_factory=dict)

    unknown: tuple[str, ...] = UNKNOWN

    @property
    def too_small(self) -> bool:
        """Whether the files hold so little that start and heads of files are most of what was measured."""
        return bool(self.sample["stored_bytes"] < LEAST_BYTES)

    def total(self, name: str) -> float:
        return float(sum(stage[name] for stage in self.stages))

    def to_json(self) -> dict[str, Any]:
        names = ("cpu_hours", "wall_hours", "final_bytes", "kept_bytes", "intermediate_bytes")
        return {
            "stored_bytes": self.stored_bytes,
            "text_bytes": self.text_bytes,
            "rows": self.rows,
            "workers": self.workers,
            "total": {name: self.total(name) for name in names},
            "memory_bytes_per_worker": self.memory_bytes,
            "start_seconds": self.start_seconds,
            "stages": self.stages,
            "money": self.money,
            "sample": self.sample,
            "too_small": self.too_small,
            "unknown": list(self.unknown),
        }


@dataclass(frozen=True)
class Samples:
    """What the runs on samples took, of a plan over files of `stored` bytes."""

    plan: Plan
    stored: int
    small: Measured
    large: Measured
    start_seconds: float
    memory: int
    shard_bytes: int
    """The largest shard that the recipe allows, as stored."""


def measure(recipe: Recipe, sample_bytes: int = SAMPLE_BYTES) -> Samples:
    """Run the plan on a quarter of `sample_bytes` and on all of them, in a temporary folder.

    Both are cut into as many tasks, so that what the larger one costs more is the cost of text. Two runs on a sixteenth
    come before: one whose worker ends with it, and one in which the worker starts. Raises WeftError where there is
    nothing to read, or a sample fails.
    """
    if asked := asked_services(recipe):
        raise WeftError(
            f"--estimate: a sample would ask {', '.join(asked)}, which may cost money; expected a recipe without the "
            "steps that ask services"
        )
    with tempfile.TemporaryDirectory(prefix="weft-estimate-") as folder:
        sizes = (sample_bytes // 16, sample_bytes // 4, sample_bytes)
        # What a worker compiles for the first time on a machine is no cost of the recipe, and takes much memory.
        _run(recipe, Path(folder), sizes[:1])
        first, small, large = _run(recipe, Path(folder), sizes)
        peak = int((Path(folder) / _PEAK).read_text())
        manifest = _listed(recipe, Path(folder), sample_bytes)
    if large.text == 0:
        raise WeftError("--estimate: the sample of the recipe's files holds no text; expected documents in it")
    start = max(0.0, sum(first.cpu.values()) - sum(small.cpu.values()))
    plan = compile_plan(recipe, manifest, rooms_registry())
    return Samples(plan, _stored(manifest), small, large, start, peak, int(recipe.settings.shard_mb * 1_000_000))


def _listed(recipe: Recipe, folder: Path, piece: int) -> Manifest:
    """The recipe's files in shards of small pieces."""
    manifest = Manifest()
    for source in recipe.acquire:
        manifest.update(
            source.name, source.path, source.format, base=Path(recipe.base), build=folder, shard_bytes=piece
        )
    return manifest


def _stored(manifest: Manifest) -> int:
    return sum(map(_range, manifest.shards))


def _range(shard: Shard) -> int:
    return sum(unit.stop - unit.start for unit in shard.units)


def _held(shard: Shard) -> int:
    """Bytes that a shard reads: of a Parquet file those of whole row groups, whatever part of it is asked for."""
    found = 0
    for unit in shard.units:
        found += unit.stop - unit.start
        if unit.reader == "parquet" and unit.stop - unit.start < unit.size:
            with contextlib.suppress(OSError, pa.ArrowException), SourceFetcher().open(unit.path) as stream:
                found += bytes_in(stream, unit.start, unit.stop) - (unit.stop - unit.start)
    return found


def _sampled(manifest: Manifest, wanted: int) -> tuple[Manifest, int]:
    """The manifest with shards of about `wanted` bytes, of each source its part, evenly spaced, the others empty.

    And how many bytes those shards hold.
    """
    shards = manifest.shards
    sources: dict[str, list[int]] = {}
    for number, shard in enumerate(shards):
        sources.setdefault(shard.source, []).append(number)
    chosen: dict[int, int] = {}
    for numbers in sources.values():
        share = wanted * sum(_range(shards[n]) for n in numbers) // max(_stored(manifest), 1)
        chosen |= _spaced(shards, numbers, max(1, share))
    kept = [s if n in chosen else Shard(s.source, ()) for n, s in enumerate(shards)]
    return Manifest(kept, manifest.files), sum(chosen.values())


def _spaced(shards: list[Shard], numbers: list[int], wanted: int) -> dict[int, int]:
    """Some shards, and the bytes that each holds. One that holds none, or too much, gives way to the next."""
    most = max(wanted, SAMPLE_BYTES) * _LARGEST_PIECE
    fit = [n for n in numbers if _range(shards[n]) <= most]

    def found(first: int) -> tuple[int, int] | None:
        held = ((n, _held(shards[n])) for n in (*fit[first:], *fit[:first]) if n not in chosen)
        return next(((n, size) for n, size in held if 0 < size <= most), None)

    chosen: dict[int, int] = {}
    probe = found(len(fit) // 2)
    if probe is not None:
        mean = sum(_range(shards[n]) for n in fit) / len(fit)
        count = max(1, min(len(fit), round(wanted / max(probe[1], mean, 1))))
        for place in range(count):
            one = found((2 * place + 1) * len(fit) // (2 * count))
            chosen |= {} if one is None else dict([one])
        return chosen
    smallest = min(numbers, key=lambda n: (_range(shards[n]), n))
    return {smallest: _range(shards[smallest])}


def _measure(recipe: Recipe, folder: Path, runner: LocalRunner, size: int) -> Measured:
    storage = Storage(folder)
    manifest, stored = _sampled(_listed(recipe, folder, max(1, size // _PIECES)), size)
    plan = compile_plan(recipe, manifest, rooms_registry())
    # An empty ledger: nothing of the sample before counts as done.
    state = State(Ledger(storage.path("none")), list(plan.shards))
    tally = Scheduler(plan, state, runner, Silent()).run()
    if tally.failures:
        raise WeftError(f"--estimate: {tally.failures[0].task.node} fails on the sample: {tally.failures[0].failure}")
    return _of(plan, state, stored)


_MEETING = {
    **{"shingles": "shingles", "verify": "shingles"},
    **{"romanized_shingles": "romanized_shingles", "romanized_verify": "romanized_shingles"},
}
"""Steps whose work is that of the documents that have candidates, and the nodes whose rows those are."""


_PEAK = "peak"


def _run(recipe: Recipe, folder: Path, sizes: Sequence[int]) -> list[Measured]:
    """Samples of these sizes, by one worker."""
    runner = LocalRunner(str(folder), 1, _noted)
    try:
        return [_measure(recipe, folder, runner, size) for size in sizes]
    finally:
        runner.close()


def _noted(root: str, task: Task) -> Outcome:
    """Run a task, and note beside it what this process held at the most, in bytes."""
    outcome = run_task(root, task)
    unit = 1 if sys.platform == "darwin" else 1024
    (Path(root) / _PEAK).write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit))
    return outcome


def _of(plan: Plan, state: State, stored: int) -> Measured:
    cpu: dict[str, float] = {}
    seconds: dict[str, float] = {}
    sizes: dict[str, Counter[str]] = {}
    for node in plan.nodes:
        entries = [entry for done in state.done(node.name).values() for entry in done]
        cpu[node.name] = sum(entry.cpu_seconds for entry in entries)
        seconds[node.name] = sum(entry.seconds for entry in entries)
        held = sizes.setdefault(node.name, Counter())
        for file in (file for entry in entries for file in entry.files):
            held[_kind(str(file["path"]))] += int(file["bytes"])
    text = sum(int(e[0].counts.get("text_bytes", 0)) for e in state.done("documents").values())
    met = {name: _rows_of(state, source) for name, source in _MEETING.items()}
    return Measured(stored, text, sum(state.rows().values()), cpu, seconds, sizes, met)


def _rows_of(state: State, node: str) -> int:
    return sum(int(entry.counts.get("rows_out", 0)) for entries in state.done(node).values() for entry in entries)


def _kind(path: str) -> str:
    return "final" if path.startswith("construct/") else "intermediate" if is_intermediate(path) else "kept"


SERIAL_BYTES_PER_ROW = 60
"""Memory of the tasks that hold all rows at once (components, clusters), for each row."""
SHARD_BYTES_PER_BYTE = 6
"""Memory of a worker for each byte of text of its shard: of the default recipe, on shards of 17 and 94 MB."""
_COMPARED = {"shingles": 0.5, "verify": 0.2, "romanized_shingles": 0.5, "romanized_verify": 0.2}
"""CPU of a document that is compared, beside that of its labels: of the default recipe on 960 MB of text."""
_MOST_MET = 0.5
"""Of a corpus no more than this share of documents is taken to have candidates, whatever samples say."""
_MANY = frozenset({"candidates", "verify", "verify_romanized", "romanized_verify", "semantic", "export"})


def project(samples: Samples, scale: Scale) -> Estimate:
    """Costs of the whole: of each node by bytes of text; a node of one task is not divided by the workers."""
    plan, small, large = samples.plan, samples.small, samples.large
    workers = scale.workers or usable_cores()
    wanted = samples.stored * scale.times if scale.stored_bytes is None else scale.stored_bytes
    text, rows = (int(wanted * part / large.stored) for part in (large.text, large.rows))
    stages: list[dict[str, Any]] = []
    # Of one step in a small sample it would be noise.
    waits = max(1.0, sum(large.seconds.values()) / max(sum(large.cpu.values()), 1e-9))
    for node in plan.nodes:
        more = _more_met(small, large, node.name, wanted)
        serial = node.each == "all" and not _several(node.name)
        work = _work(small, large, node.name, text, serial) + _compared(large, node.name, rows, more)
        stages.append(
            {
                "node": node.name,
                "stage": node.stage,
                "serial": serial,
                "cpu_hours": work / 3600,
                "wall_hours": work * waits / (1 if serial else workers) / 3600,
            }
            | {f"{kind}_bytes": int(_grown(small, large, node.name, kind) * text * more) for kind in _KINDS}
        )
    memory = _memory(samples, wanted, rows)
    sample = {"stored_bytes": large.stored, "text_bytes": large.text, "rows": large.rows}
    made = Estimate(int(wanted), text, rows, workers, stages, memory, samples.start_seconds, sample)
    if scale.price_hour is not None:
        made.money["cpu"] = made.total("cpu_hours") * scale.price_hour
    if scale.price_gb_month is not None:
        made.money["disk_month"] = sum(made.total(f"{kind}_bytes") for kind in _KINDS) / 1e9 * scale.price_gb_month
    return made


def _more_met(small: Measured, large: Measured, node: str, wanted: float) -> float:
    """How many times as often a document has candidates in the whole as in the sample: 1 for other nodes.

    Copies of a document that lie anywhere are met in proportion to the sample, those that lie beside it in any: a line
    through both samples, of which a document that has several meets some. Where the samples differ by less than chance
    allows, nothing is said to grow.
    """
    first, second = small.share(node), large.share(node)
    spread = math.sqrt(first / max(small.rows, 1) + second / max(large.rows, 1))
    if node not in _MEETING or second - first <= 2 * spread or large.stored <= small.stored:
        return 1.0
    slope = (second - first) / (large.stored - small.stored)
    whole = 1 - math.exp(-second - slope * max(0.0, wanted - large.stored))
    return max(1.0, min(_MOST_MET, whole) / second)


def _memory(samples: Samples, wanted: float, rows: int) -> int:
    """Bytes of a worker at the most: of a task of the largest shard, or of one that holds all rows."""
    large = samples.large
    # As shards of so many bytes are cut; those of the sample are pieces.
    shard = min(samples.shard_bytes, max(SMALLEST_SHARD, wanted / 16, min(FULL_SHARD, wanted / 4)))
    wider = max(0.0, shard - large.stored / _PIECES) * large.text / large.stored
    return samples.memory + int(max(SHARD_BYTES_PER_BYTE * wider, SERIAL_BYTES_PER_ROW * max(0, rows - large.rows)))


_KINDS = ("final", "kept", "intermediate")


def _several(node: str) -> bool:
    """Whether a node that is planned once has many tasks: reductions by key, exports by language."""
    return node in _MANY or node.endswith(("verify", "_pairs", "_texts", "_links", "_met")) or node.startswith("learn_")


def _work(small: Measured, large: Measured, node: str, text: int, serial: bool) -> float:
    """CPU seconds of a node on so much text, as if documents had candidates as often as in the sample."""
    first, second = small.cpu[node], large.cpu[node]
    if not serial or large.text <= small.text:
        return _fitted(small, large, first, second) * text
    # Of one task what does not grow is there once.
    slope = max(0.0, second - first) / (large.text - small.text)
    return second + slope * max(0, text - large.text)


def _compared(large: Measured, node: str, rows: int, more: float) -> float:
    """CPU seconds of comparing the documents that the sample did not know to have candidates."""
    return _COMPARED.get(node, 0.0) * large.cpu.get("label", 0.0) * large.share(node) * (more - 1) * rows / large.rows


def _fitted(small: Measured, large: Measured, first: float, second: float) -> float:
    """What a node costs for each byte of text."""
    if large.text <= small.text or second <= first:
        return second / large.text
    return (second - first) / (large.text - small.text)


def _grown(small: Measured, large: Measured, node: str, kind: str) -> float:
    if large.text <= small.text:
        return large.bytes[node][kind] / large.text
    return max(0, large.bytes[node][kind] - small.bytes[node][kind]) / (large.text - small.text)
