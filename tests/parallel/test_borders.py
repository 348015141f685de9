"""Pairs beside a threshold: the nearest of both sides, drawn alike whatever the blocks."""

from __future__ import annotations

import numpy as np

from weft.parallel.borders import Edge, Near, edges, nearest, orders, together
from weft.parallel.rules import Bound

HIGH = Edge(0, "long", "length", "high", 10.0)


def test_both_ends_of_a_rule_are_edges() -> None:
    bounds = [Bound("both", "a", -1, 2), Bound("low", "b", low=0.5), Bound("high", "c", high=4)]
    assert [(edge.rule, edge.side, edge.limit) for edge in edges(bounds)] == [
        (0, "low", -1), (0, "high", 2), (1, "low", 0.5), (2, "high", 4),
    ]  # fmt: skip


def test_the_nearest_of_both_sides() -> None:
    value = np.array([30, 11, 10, 3, 9, np.nan, 12, 8], np.float32)
    masks = np.array([1, 1, 0, 0, 2, 0, 1, 0], np.uint64)
    order = np.arange(8, dtype=np.uint64)
    refused, kept, distance = nearest(HIGH, value, masks, order, 2)
    assert refused.tolist() == [1, 6]
    assert kept.tolist() == [2, 7]  # 9 is refused by another rule, and NaN says nothing
    assert distance[[1, 6, 2, 7]].tolist() == [1, 2, 0, 2]
    low = Edge(0, "short", "length", "low", 10.0)
    assert nearest(low, value, masks, order, 3)[0].tolist() == [4, 7, 3]


def test_of_equal_values_those_that_this_rule_alone_refuses_come_first_then_the_drawn_ones() -> None:
    value = np.full(6, 11, np.float32)
    masks = np.array([3, 1, 3, 1, 1, 7], np.uint64)
    order = np.array([0, 9, 1, 5, 7, 2], np.uint64)
    assert nearest(HIGH, value, masks, order, 5)[0].tolist() == [3, 4, 1, 0, 2]


def test_orders_depend_on_texts_and_seed_alone() -> None:
    source, target = np.array([5, 6, 5], np.uint64), np.array([6, 5, 6], np.uint64)
    first = orders(source, target, 1)
    assert first[0] == first[2] != first[1]
    assert (orders(source[1:], target[1:], 1) == first[1:]).all()
    assert (orders(source, target, 2) != first).all()


def test_a_pair_that_comes_twice_counts_once() -> None:
    def near(distance: float, order: int, row: int) -> Near:
        return Near(distance, 1, order, row, 11.0, 1, "a", "b")

    found = together([near(2, 8, 0), near(3, 9, 1)], [near(1, 7, 5), near(2, 8, 6)], 3)
    assert [(one.order, one.row) for one in found] == [(7, 5), (8, 0), (9, 1)]
