"""Which nodes can be planned for which shards: found from what was just met, never by looking at everything again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weft.engine.graph import Node, Plan


class ReadySet:
    """For each node that goes by shard, the shards whose inputs are all there and that nobody has taken.

    What is kept are three bytes for each shard and node; a task that ends costs one step for each node that waits for
    it.
    """

    def __init__(self, plan: Plan) -> None:
        self._shards = plan.shards
        self._places = _Places(plan.shards)
        self._unmet: dict[str, npt.NDArray[np.uint8]] = {}
        self._met: dict[str, bytearray] = {}
        self._waiting: dict[str, list[Node]] = {node.name: [] for node in plan.nodes}
        self._ready: dict[str, _Flags] = {}
        self._untaken: dict[str, int] = {}
        for node in plan.nodes:
            before = set(node.after)
            if node.each == "all":
                continue
            for name in before:
                self._waiting[name].append(node)
            self._unmet[node.name] = np.full(len(plan.shards), len(before), np.uint8)
            self._met[node.name] = bytearray(len(plan.shards))
            self._ready[node.name] = _Flags(len(plan.shards), not before)
            self._untaken[node.name] = len(plan.shards)

    def take(self, node: str, most: int | None = None) -> list[int]:
        """The shards that are ready for a node, in the plan's order, the first `most`; each is given once."""
        ready = self._ready[node]
        places = [ready.first() for _ in range(ready.count if most is None else min(most, ready.count))]
        self._untaken[node] -= len(places)
        return [self._shards[place] for place in places]

    def count(self, node: str) -> int:
        """How many shards are ready for a node; none for one that is planned once."""
        return self._ready[node].count if node in self._ready else 0

    def taken(self, node: str) -> bool:
        """Whether every shard of a node was given."""
        return self._untaken[node] == 0

    def met(self, node: str, shard: int) -> None:
        """A node that goes by shard has nothing more to do on this one; said again, it changes nothing."""
        place = self._places.of(shard)
        held = self._met[node]
        if held[place]:
            return
        held[place] = 1
        for waiting in self._waiting[node]:
            unmet = self._unmet[waiting.name]
            unmet[place] -= 1
            if not unmet[place]:
                self._ready[waiting.name].add(place)

    def met_whole(self, node: str) -> None:
        """A node that is planned once has nothing more to do."""
        for waiting in self._waiting[node]:
            unmet = self._unmet[waiting.name]
            unmet -= 1
            self._ready[waiting.name].add_all(unmet == 0)


class _Places:
    """The place of each shard among those of a plan, which are sorted."""

    def __init__(self, shards: tuple[int, ...]) -> None:
        self._own = shards == tuple(range(len(shards)))
        self._by_shard = {} if self._own else {shard: place for place, shard in enumerate(shards)}

    def of(self, shard: int) -> int:
        return shard if self._own else self._by_shard[shard]


class _Flags:
    """A set of places, of which the lowest is found fast: one byte for each."""

    def __init__(self, size: int, every: bool) -> None:
        self._held = bytearray(b"\1" * size if every else size)
        self._from = 0
        self.count = size if every else 0

    def first(self) -> int:
        """The lowest place, which is then no longer in the set."""
        place = self._held.find(1, self._from)
        self._held[place] = 0
        self._from = place + 1
        self.count -= 1
        return place

    def add(self, place: int) -> None:
        self._held[place] = 1
        self._from = min(self._from, place)
        self.count += 1

    def add_all(self, places: npt.NDArray[np.bool_]) -> None:
        """Add places that are not in the set."""
        np.frombuffer(self._held, np.bool_)[places] = True
        self._from = 0
        self.count += int(places.sum())
