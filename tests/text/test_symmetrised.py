"""Links of both directions against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from weft.text.symmetrised import METHODS, Method, links

Pairs = set[tuple[int, int]]


def _grown(forward: Pairs, backward: Pairs, size: int, count: int) -> Pairs:
    """grow-diag-final-and as Koehn et al. (2003) describe it, target word by target word."""
    taken, either = set(forward & backward), forward | backward
    near = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)]
    added = True
    while added:
        added = False
        for j in range(count):
            for i in range(size):
                for a, b in near if (i, j) in taken else []:
                    one = (i + a, j + b)
                    free = one[0] not in {x for x, _ in taken} or one[1] not in {y for _, y in taken}
                    if one in either and one not in taken and free:
                        taken.add(one)
                        added = True
    for side in (forward, backward):
        for j in range(count):
            for i in range(size):
                if (i, j) in side and i not in {x for x, _ in taken} and j not in {y for _, y in taken}:
                    taken.add((i, j))
    return taken


def _told(one: np.ndarray, other: np.ndarray, method: Method, least: float) -> Pairs:
    count, size = one.shape
    starts = np.array([0, size], np.int64), np.array([0, count], np.int64)
    found = links(*starts, one.ravel().astype(np.float32), other.ravel().astype(np.float32), method, least)
    assert found.starts.tolist() == [0, len(found.source)]
    return set(zip(found.source.tolist(), found.target.tolist(), strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_links_are_those_of_the_definition(method: Method) -> None:
    random = np.random.default_rng(4)
    for _ in range(60):
        size, count = random.integers(1, 8, 2)
        one, other = random.random((2, count, size)).astype(np.float32) ** 3
        least = 0.2
        forward = {(int(one[j].argmax()), j) for j in range(count) if one[j].max() >= least}
        backward = {(i, int(other[:, i].argmax())) for i in range(size) if other[:, i].max() >= least}
        where = {
            "mean": (one + other) / 2 >= least, "product": np.sqrt(one * other) >= least,
        }  # fmt: skip
        wanted = {
            "intersection": forward & backward, "union": forward | backward,
            "grow-diag-final-and": _grown(forward, backward, size, count),
        }  # fmt: skip
        for name, held in where.items():
            wanted[name] = {(int(i), int(j)) for j, i in zip(*np.nonzero(held), strict=True)}
        assert _told(one, other, method, least) == wanted[method]


def test_pairs_without_words_have_no_links() -> None:
    starts = np.array([0, 0, 1], np.int64), np.array([0, 2, 3], np.int64)
    found = links(*starts, np.array([0.9], np.float32), np.array([0.7], np.float32), "grow-diag-final-and", 0.0)
    assert found.starts.tolist() == [0, 0, 1]
    assert found.probability.tolist() == pytest.approx([0.8])
