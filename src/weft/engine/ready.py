"""Which nodes can be planned for which shards: found from what was just met, never by looking at everything again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weft.engine.graph import Node, Plan


class ReadySet:
    """For each node that goes by shard, the shards whose inputs are all there and that nobody has taken.

    What is kept are two arrays of a byte for each shard and node; a task that ends costs one step for each node that
    waits for it.
    """

    def __init__(self, plan: Plan) -> None:
        self._shards = plan.shards
        self._places = {shard: place for place, shard in enumerate(plan.shards)}
        self._unmet: dict[str, npt.NDArray[np.uint8]] = {}
        self._met: dict[str, bytearray] = {}
        self._waiting: dict[str, list[Node]] = {node.name: [] for node in plan.nodes}
        self._ready: dict[str, list[int]] = {}
        self._untaken: dict[str, int] = {}
        for node in plan.nodes:
            before = set(node.after)
            if node.each == "all":
                continue
            for name in before:
                self._waiting[name].append(node)
            self._unmet[node.name] = np.full(len(plan.shards), len(before), np.uint8)
            self._met[node.name] = bytearray(len(plan.shards))
            self._ready[node.name] = [] if before else list(range(len(plan.shards)))
            self._untaken[node.name] = len(plan.shards)

    def take(self, node: str) -> list[int]:
        """The shards that are ready for a node, in the plan's order; each is given once."""
        places = sorted(self._ready[node])
        self._ready[node] = []
        self._untaken[node] -= len(places)
        return [self._shards[place] for place in places]

    def taken(self, node: str) -> bool:
        """Whether every shard of a node was given."""
        return self._untaken[node] == 0

    def met(self, node: str, shard: int) -> None:
        """A node that goes by shard has nothing more to do on this one; said again, it changes nothing."""
        place = self._places[shard]
        held = self._met[node]
        if held[place]:
            return
        held[place] = 1
        for waiting in self._waiting[node]:
            unmet = self._unmet[waiting.name]
            unmet[place] -= 1
            if not unmet[place]:
                self._ready[waiting.name].append(place)

    def met_whole(self, node: str) -> None:
        """A node that is planned once has nothing more to do."""
        for waiting in self._waiting[node]:
            unmet = self._unmet[waiting.name]
            unmet -= 1
            self._ready[waiting.name] += np.flatnonzero(unmet == 0).tolist()
