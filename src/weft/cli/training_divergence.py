"""The command `weft train divergence`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import SeedColumns, SeedLanguages, columns_of, free_for, languages_of, say_left
from weft.own_file import writing

if TYPE_CHECKING:
    from weft.engine.aligning import Tell
    from weft.parallel.divergence import Divergence
    from weft.tokenizer.unreadable import Unreadable

KEPT = 0.9
Keep = Annotated[
    float,
    typer.Option("--keep", min=0.5, max=0.999, help="Share of translated sentences that shall be called the same."),
]
RandomSeed = Annotated[int, typer.Option("--random-seed", min=0, help="Of what is learnt from.")]


def divergence(
    seed: Annotated[
        Path,
        typer.Argument(
            metavar="SEED", help="Translations in the order of their documents: .tsv, .csv, .jsonl or .parquet."
        ),
    ],
    languages: SeedLanguages,
    into: Annotated[Path, typer.Option("--into", help="Folder for the model.")] = Path("divergence-model"),
    columns: SeedColumns = None,
    keep: Keep = KEPT,
    random_seed: RandomSeed = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Learn from translations what sentences of comparable texts say the same: a model for weft pairs diverge."""
    from weft.cli.tokenizing import progress
    from weft.engine.diverging import held_out
    from weft.parallel.divergence_folder import save
    from weft.tokenizer.unreadable import Unreadable

    codes = languages_of(languages)
    free_for(into)
    with progress(quiet or as_json) as tell:
        made = learnt_from(seed, columns, codes, keep, random_seed, tell, left := Unreadable())
    unreadable = say_left(left)
    with writing(into):
        save(made, into)
    told = held_out(made)
    if as_json:
        show.as_json({"model": str(into), "languages": list(codes), **unreadable, **made.facts, "held_out": told})
        return 0
    show.say(f"{made.facts['pairs']:,} pairs; F1 is of documents made of parts of the seed that were not learnt from")
    rows = [(code, *(f"{value:.2f}" for value in held["f1"].values())) for code, held in told.items()]
    names = next(iter(told.values()))["f1"]
    show.table(("sentences of", *(f"F1 {name}" for name in names)), rows, right=frozenset(range(1, 4)))
    show.say(f"model  {into}")
    return 0


def learnt_from(
    seed: Path, columns: str | None, codes: tuple[str, str], keep: float, random_seed: int, tell: Tell, left: Unreadable
) -> Divergence:
    """What the translations in a file teach; `left` takes its rows that cannot be read.

    Raises WeftError for a file of none, or of too few.
    """
    from weft.engine.diverging import learnt
    from weft.parallel.pairs_file import full_pairs, no_copies, read_pairs

    pairs = full_pairs(read_pairs(seed, columns_of(columns), codes, first_two=True, header=None, left=left))
    no_copies(seed, pairs)
    return learnt(pairs, codes, keep, random_seed, tell)
