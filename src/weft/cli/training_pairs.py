"""The command `weft train pairs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weft.cli import show
from weft.cli.options import Json
from weft.cli.pair_options import columns_of, languages_of


def pairs(
    seed: Annotated[
        Path,
        typer.Argument(metavar="SEED", help="Pairs that are right: .tsv, .csv, .jsonl or .parquet; 2,000 or more."),
    ],
    languages: Annotated[
        str, typer.Option("--languages", metavar="CODE,CODE", help="Language of each side, such as eng_Latn,swh_Latn.")
    ],
    into: Annotated[Path, typer.Option("--into", help="Folder for the model.")] = Path("pair-model"),
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="NAME,NAME", help="Columns of the sides; default: source,target, else the first two."
        ),
    ] = None,
    kept: Annotated[
        float, typer.Option("--keep", min=0.9, max=1.0, help="Share of right pairs that each head lets pass.")
    ] = 0.995,
    draw: Annotated[int, typer.Option("--seed", min=0, help="Draws the wrong pairs that heads learn from.")] = 1,
    as_json: Json = False,
) -> int:
    """Train a scorer of pairs from right ones alone; no encoder has to know the languages.

    Give them in the order of their documents: what follows one another is learnt to be no translation.
    """
    from weft.parallel.choosing import chosen
    from weft.parallel.model_folder import save
    from weft.parallel.pairs_file import full_pairs, read_pairs
    from weft.parallel.scorer import train

    codes = languages_of(languages)
    frame = read_pairs(seed, columns_of(columns), first_two=True, header=None)
    full = full_pairs(frame)
    sides = full["source"], full["target"]
    scorer = train(sides[0].to_list(), sides[1].to_list(), codes, chosen(*sides, codes), kept, draw)
    save(scorer, into)
    told = {"model": str(into), "languages": list(codes), "left_out": frame.height - full.height, **scorer.facts}
    if as_json:
        show.as_json(told)
        return 0
    show.say(
        f"{full.height:,} pairs of {codes[0]} and {codes[1]}"
        + (f"; {told['left_out']} with an empty side left out" if told["left_out"] else "")
    )
    show.say("how often a right pair is told from a wrong one (AUC), on parts of the seed that were not learnt from:")
    for name, value in scorer.facts["auc"].items():
        show.say(f"  {name.replace('_', ' '):<22} {value:.3f}")
    show.say(f"model  {into}")
    return 0
