"""A suffix array's part of the benchmark: passages of at least 100 bytes that stand earlier in the same texts.

Runs in an environment with pydivsufsort (divsufsort and Kasai's longest common prefixes, in C). Argument: a file of
texts, each ended by a zero byte. Prints bytes, CPU-seconds and bytes in passages. What is counted is sorting, the
prefixes, and marking every place but the first of each passage, as text-dedup and deduplicate-text-datasets do.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np


def main(path: str, least: int) -> None:
    import pydivsufsort

    content = np.fromfile(path, np.uint8)
    start = time.process_time()
    places = pydivsufsort.divsufsort(content)
    prefixes = pydivsufsort.kasai(content, places)[: len(content)]
    # A passage may not run over the end of a text.
    ends = np.flatnonzero(content == 0)
    room = ends[np.searchsorted(ends, places)] - places
    shared = np.minimum(prefixes, room) >= least  # with the suffix after it in the array
    group = np.cumsum(np.append(True, ~shared[:-1]))
    first = np.minimum.reduceat(places, np.flatnonzero(np.append(True, np.diff(group) != 0)))
    later = places[(np.append(shared[:-1], False) | np.append(False, shared[:-1])) & (places != first[group - 1])]
    marks = np.zeros(len(content) + 1, np.int64)
    np.add.at(marks, later, 1)
    np.add.at(marks, later + least, -1)
    covered = int((np.cumsum(marks) > 0).sum())
    seconds = time.process_time() - start
    print(json.dumps({"bytes": len(content), "seconds": seconds, "covered": covered}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
