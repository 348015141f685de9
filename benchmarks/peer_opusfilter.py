"""OpusFilter's filters with their defaults over pairs, in the environment of the peer: FILE, FILTER...

Each filter's CPU time is that of its own method over the whole list, as one that is run in a chain after another.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(file: str, names: list[str]) -> None:
    from opusfilter import filters

    rows = [json.loads(line) for line in Path(file).read_text("utf-8").splitlines()]
    pairs = [[row["source"], row["target"]] for row in rows]
    total, accepted = 0.0, {}
    for name in names:
        held = getattr(filters, name)()
        started = time.process_time()
        found = [bool(held.accept(score)) for score in held.score(pairs)]
        total += time.process_time() - started
        accepted[name] = found
    print(json.dumps({"seconds": total, "accepted": accepted}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
