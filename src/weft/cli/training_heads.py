"""The command `weft train head`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weft.cli import show
from weft.cli.options import Json


def head(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help="Texts that people labelled: .tsv, .csv, .jsonl or .parquet.")
    ],
    model: Annotated[Path, typer.Option("--model", help="Folder of the encoder, as label.embedding takes it.")],
    into: Annotated[Path, typer.Option("--into", help="The head; a card and scores are written beside it.")] = Path(
        "head.safetensors"
    ),
    text: Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the text.")] = "text",
    label: Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the label.")] = "label",
    regression: Annotated[
        bool, typer.Option("--regression", help="Labels are numbers to be predicted, and no names.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="LABEL", help="Label whose probability is the score; default: the best one's."
        ),
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", help="As in label.embedding; write the same into the recipe.")
    ] = None,
    hold_out: Annotated[
        float, typer.Option("--hold-out", min=0.05, max=0.5, help="Share of the texts that is only measured.")
    ] = 0.2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws what is held out.")] = 1,
    device: Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where the encoder runs.")] = "auto",
    as_json: Json = False,
) -> int:
    """Train a head for label.head on labels of people: a linear layer over the vectors of an encoder."""
    from weft.label.train_head import train

    scores = train(
        labels, model, into, text=text, label=label, regression=regression, target=target, prompt=prompt,
        hold_out=hold_out, seed=seed, device=device,
    )  # fmt: skip
    if as_json:
        show.as_json({"head": str(into), **scores})
        return 0
    named = ("macro_f1", "low", "high") if not regression else ("correlation", "low", "high")
    value, low, high = (scores[name] for name in named)
    what = named[0].replace("_", "-").replace("f1", "F1")
    show.say(f"{what} {value:.3f} ({low:.3f}–{high:.3f}) on {scores['held_out']} texts that it never saw")
    show.say(f"head  {into}\ncard  {into.with_suffix('.md')}")
    return 0
