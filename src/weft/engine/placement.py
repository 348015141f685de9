"""What a task needs of the machine that it runs on: the most that any operator in it states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from weft.engine.work import Task
from weft.operators.contract import Resources
from weft.operators.registry import Registry

GPU_NODE = "label_gpu"


def demand(task: Task, registry: Registry) -> Resources:
    """Cores, GPUs and memory (GB) for a task; the operators in it run one after another, so the largest counts."""
    needs = [registry.get(call["operator"]).needing(call["parameters"]) for call in _calls(task)] or [Resources()]
    return Resources(
        max(need.cpus for need in needs), max(need.gpus for need in needs), max(need.memory_gb for need in needs)
    )


def on_gpu(task: Task, registry: Registry) -> list[str]:
    """Names of the operators of a task that need a GPU."""
    calls = _calls(task)
    return [call["operator"] for call in calls if registry.get(call["operator"]).needing(call["parameters"]).gpus]


def _calls(task: Task) -> Iterator[Mapping[str, Any]]:
    yield from task.arguments.get("chain", ())
    if call := task.arguments.get("call"):
        yield call


def is_gpu_node(node: str) -> bool:
    """Whether the tasks of a node of the plan are those of GPU operators (`plan_lanes`)."""
    return node.startswith(GPU_NODE)
