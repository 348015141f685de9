"""What samples of a recipe's files take: its plan, run by one worker, several times on each."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from weft.engine.estimate_sample import PLACES, QUARTERS, Sample, cut, listed, places, stored_bytes
from weft.engine.graph import Plan, State
from weft.engine.intermediate import is_intermediate
from weft.engine.ledger import Ledger
from weft.engine.local import LocalRunner, run_task
from weft.engine.plan import compile_plan
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler
from weft.engine.service_keys import asked_services
from weft.engine.storage import Storage
from weft.engine.work import Outcome, Task, rooms_registry
from weft.errors import WeftError
from weft.recipe import Recipe

SAMPLE_BYTES = 16_000_000
"""Of the larger sample, as files are stored; the smaller one is a quarter of it."""
LEAST_BYTES = 1_000_000
"""A sample of less, as stored, says little."""
ROUNDS, MOST_ROUNDS = 3, 6
"""Runs on each sample: of each step the least counts, for what else a machine does only adds to CPU time. The smaller a
sample is, the more of it is chance: one of less than `SAMPLE_BYTES` runs more often."""
MOST_SECONDS = 45.0
"""No further run begins after so long: of very many languages, or on a busy machine, two have to do."""
_EMPTY = "--estimate: the sample of the recipe's files holds no text; expected documents in it"
_NOTES = "noted"
_RUN_QUEUE = Path("/proc/self/schedstat")
"""Of Linux: nanoseconds of this thread on a core, and of it waiting for one."""
MEETING = {
    **{"shingles": "shingles", "verify": "shingles"},
    **{"romanized_shingles": "romanized_shingles", "romanized_verify": "romanized_shingles"},
}
"""Steps whose work is that of the documents that have candidates, and the nodes whose rows those are."""


@dataclass(frozen=True)
class Measured:
    """What one sample took: CPU seconds, tasks and bytes by node."""

    stored: int
    text: int
    rows: int
    cpu: Mapping[str, float]
    tasks: Mapping[str, int]
    bytes: Mapping[str, Counter[str]]
    met: Mapping[str, int]
    """Rows that each step of `MEETING` was given: documents that have something in common with others."""
    exported: tuple[float, ...] = ()
    """Bytes that each task of the export wrote: those of a language."""
    shards: tuple[tuple[int, int, float], ...] = ()
    """Of each shard bytes as stored, bytes of text, and CPU seconds of the steps that go by shard."""
    waited: float = 0.0
    """Seconds in which tasks neither computed nor waited for a core: for files, for the most part."""
    waited_noise: float = 0.0
    noise: Mapping[str, float] = field(default_factory=dict)
    """Of each node's CPU seconds, as above of `waited`, what the second lowest of several runs was above the lowest."""
    peak: int = 0
    """Bytes that the worker held at the most, from its start to the end of this run."""
    began: float = 0.0
    """CPU seconds of the worker before its first task here."""

    def share(self, node: str) -> float:
        """Of all documents, those that a step of `MEETING` was given."""
        return self.met.get(node, 0) / max(self.rows, 1)


@dataclass(frozen=True)
class Samples:
    """What the runs on samples took, of a plan over files of `stored` bytes."""

    plan: Plan
    stored: int
    small: Measured
    large: Measured
    start_seconds: float
    """CPU seconds before the first tasks, of a worker and of the process that gives them out, and of what they load."""
    memory: int
    """Bytes that the worker held at the most on samples in `TASKS` shards."""
    wide_memory: int
    """The same after the larger sample was one shard, of `wide_text` bytes of text."""
    wide_text: int
    shard_bytes: int
    """The largest shard that the recipe allows, as stored."""
    largest_group: int = 0
    """Of Parquet files, the largest row group that the sample met: bytes as stored, that are in memory at once."""


def measure(recipe: Recipe, sample_bytes: int = SAMPLE_BYTES) -> Samples:
    """Run the plan on `sample_bytes` of the recipe's files and on a quarter of them, in a temporary folder.

    Both have the same places and as many tasks, so that what the larger one costs more is the cost of text. Two runs
    come before, and count as start alone: one whose worker ends with it, and one in which the worker starts. In a last
    one the larger sample is one shard: what the worker then holds more is the memory of a wider shard. Raises WeftError
    where there is nothing to read, or a sample fails.
    """
    if asked := asked_services(recipe):
        raise WeftError(
            f"--estimate: a sample would ask {', '.join(asked)}, which may cost money; expected a recipe without the "
            "steps that ask services"
        )
    with tempfile.TemporaryDirectory(prefix="weft-estimate-") as name:
        folder = Path(name)
        (folder / "rows").mkdir()
        manifest = listed(recipe, folder, max(1, sample_bytes // PLACES))
        found = places(manifest, sample_bytes)
        rows = folder / "rows"
        little, much = (cut(found, sample_bytes, quarters, rows, manifest) for quarters in (1, QUARTERS))
        together = cut(found, sample_bytes, QUARTERS, rows, manifest, 1)
        # What a worker compiles for the first time on a machine is no cost of the recipe, and takes much memory.
        with _worker(folder) as runner:
            _measure(recipe, folder, runner, little)
        with _worker(folder) as runner:
            first = _measure(recipe, folder, runner, little)
            runs = _rounds(recipe, folder, runner, little, much)
            wide = _measure(recipe, folder, runner, together)
    small, large = (_least([run[place] for run in runs]) for place in (0, 1))
    if large.text == 0:
        raise WeftError(_EMPTY)
    loaded = max(0.0, sum(first.cpu.values()) - sum(small.cpu.values()))
    return Samples(
        plan=compile_plan(recipe, much.manifest, rooms_registry()),
        stored=stored_bytes(manifest),
        small=small,
        large=large,
        start_seconds=2 * first.began + loaded,
        memory=max(run.peak for run in (first, small, large)),
        wide_memory=wide.peak,
        wide_text=max(text for _, text, _ in wide.shards),
        shard_bytes=int(recipe.settings.shard_mb * 1_000_000),
        largest_group=much.largest_group,
    )


@contextlib.contextmanager
def _worker(folder: Path) -> Iterator[LocalRunner]:
    runner = LocalRunner(str(folder), 1, _noted)
    try:
        yield runner
    finally:
        runner.close()


def _rounds(
    recipe: Recipe, folder: Path, runner: LocalRunner, little: Sample, much: Sample
) -> list[tuple[Measured, Measured]]:
    """Runs on both samples in turns: at least two, and then as many as a sample of this size wants and time allows."""
    wanted = ROUNDS
    if much.stored >= LEAST_BYTES:
        wanted = max(ROUNDS, min(MOST_ROUNDS, round(ROUNDS * SAMPLE_BYTES / much.stored)))
    began, found = time.monotonic(), list[tuple[Measured, Measured]]()
    while len(found) < 2 or (len(found) < wanted and time.monotonic() - began < MOST_SECONDS):
        one, other = (_measure(recipe, folder, runner, sample) for sample in (little, much))
        found.append((one, other))
    return found


def _measure(recipe: Recipe, folder: Path, runner: LocalRunner, sample: Sample) -> Measured:
    storage = Storage(folder)
    plan = compile_plan(recipe, sample.manifest, rooms_registry())
    # An empty ledger: nothing of the sample before counts as done.
    state = State(Ledger(storage.path("none")), list(plan.shards))
    (folder / _NOTES).unlink(missing_ok=True)
    tally = Scheduler(plan, state, runner, Silent()).run()
    if tally.failures:
        raise WeftError(f"--estimate: {tally.failures[0].task.node} fails on the sample: {tally.failures[0].failure}")
    if not (folder / _NOTES).exists():
        raise WeftError(_EMPTY)
    notes = [json.loads(line) for line in (folder / _NOTES).read_text("utf-8").splitlines()]
    waited, peak = sum(note["waited"] for note in notes), max(note["peak"] for note in notes)
    return replace(_of(plan, state, sample), waited=waited, peak=peak, began=notes[0]["before"])


def _noted(root: str, task: Task) -> Outcome:
    """Run a task, and note beside it what of this process the ledger does not say.

    `before`: CPU seconds before the task; `waited`: seconds for which it neither computed nor waited for a core;
    `peak`: bytes that the process held at the most.
    """
    began, before, queued = time.monotonic(), time.process_time(), _queued()
    outcome = run_task(root, task)
    waited = (time.monotonic() - began) - (time.process_time() - before) - (_queued() - queued)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    note = {"before": before, "waited": max(0.0, waited) if _RUN_QUEUE.exists() else 0.0, "peak": peak}
    with open(Path(root) / _NOTES, "a", encoding="utf-8") as sink:
        sink.write(json.dumps(note) + "\n")
    return outcome


def _queued() -> float:
    try:
        return int(_RUN_QUEUE.read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _of(plan: Plan, state: State, sample: Sample) -> Measured:
    cpu: dict[str, float] = {}
    tasks: dict[str, int] = {}
    sizes: dict[str, Counter[str]] = {}
    for node in plan.nodes:
        entries = [entry for done in state.done(node.name).values() for entry in done]
        cpu[node.name] = sum(entry.cpu_seconds for entry in entries)
        tasks[node.name] = len(state.done(node.name))
        held = sizes.setdefault(node.name, Counter())
        for file in (file for entry in entries for file in entry.files):
            held[_kind(str(file["path"]))] += int(file["bytes"])
    texts = {shard: int(e[0].counts.get("text_bytes", 0)) for shard, e in state.done("documents").items()}
    met = {name: _rows_of(state, source) for name, source in MEETING.items()}
    exported = tuple(float(sum(f["bytes"] for f in e[0].files)) for e in state.done("export").values())
    shards = tuple((sample.sizes[shard], text, _cpu_of(plan, state, shard)) for shard, text in texts.items())
    rows = sum(state.rows().values())
    return Measured(sample.stored, sum(texts.values()), rows, cpu, tasks, sizes, met, exported, shards)


def _cpu_of(plan: Plan, state: State, shard: int) -> float:
    nodes = [node.name for node in plan.nodes if node.each == "shard"]
    return sum(entry.cpu_seconds for name in nodes for entry in state.done(name).get(shard, ()))


def _rows_of(state: State, node: str) -> int:
    return sum(int(entry.counts.get("rows_out", 0)) for entries in state.done(node).values() for entry in entries)


def _kind(path: str) -> str:
    return "final" if path.startswith("construct/") else "intermediate" if is_intermediate(path) else "kept"


def _least(runs: Sequence[Measured]) -> Measured:
    """Runs of one sample, which differ in times alone, as one."""
    ordered = {node: sorted(run.cpu[node] for run in runs) for node in runs[0].cpu}
    waited = sorted(run.waited for run in runs)
    shards = tuple(
        (stored, text, min(run.shards[n][2] for run in runs)) for n, (stored, text, _) in enumerate(runs[0].shards)
    )
    return replace(
        runs[0],
        cpu={node: times[0] for node, times in ordered.items()},
        noise={node: _second(times) - times[0] for node, times in ordered.items()},
        shards=shards,
        waited=waited[0],
        waited_noise=_second(waited) - waited[0],
        peak=max(run.peak for run in runs),
    )


def _second(ordered: Sequence[float]) -> float:
    return ordered[min(1, len(ordered) - 1)]
