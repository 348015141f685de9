"""The command `weft`: parse arguments, call one function."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit status: 0 done, 1 a part failed, 2 a mistake in the input."""
    from weft.cli.boundary import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
