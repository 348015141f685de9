"""Options that many commands have."""

from __future__ import annotations

from typing import Annotated

import typer

BuildFolder = Annotated[str, typer.Argument(metavar="BUILD", help="A build folder, or s3://bucket/folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Force = Annotated[bool, typer.Option("--force", help="Go on though the disk looks too small for what will be written.")]
KeepFree = Annotated[
    float | None,
    typer.Option("--keep-free", metavar="GB", min=0, help="Stop before less is free; default: 1 GB, or 2 % if less."),
]
