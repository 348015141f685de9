"""The command `weft train pairs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import columns_of, languages_of
from weft.errors import WeftError

if TYPE_CHECKING:
    import polars as pl

    from weft.parallel.scorer import Scorer


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
    raw: Annotated[
        Path | None,
        typer.Option(
            "--bootstrap",
            metavar="FILE",
            help="Pairs that nobody checked: those the scorer is sure of are learnt from too.",
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=10, help="How often the scorer chooses from --bootstrap anew.")
    ] = 3,
    draw: Annotated[int, typer.Option("--seed", min=0, help="Draws the wrong pairs that heads learn from.")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a scorer of pairs from right ones alone; no encoder has to know the languages.

    Give them in the order of their documents: what follows one another is learnt to be no translation.
    """
    from weft.parallel.model_folder import save
    from weft.parallel.pairs_file import full_pairs, read_pairs

    if raw is None and rounds != 3:
        raise WeftError(f"--rounds {rounds}: expected with --bootstrap FILE")
    codes = languages_of(languages)
    frame = read_pairs(seed, columns_of(columns), first_two=True, header=None)
    full = full_pairs(frame)
    scorer = _learnt(full, codes, raw, {"kept": kept, "draw": draw, "rounds": rounds, "silent": quiet or as_json})
    save(scorer, into)
    told = {"model": str(into), "languages": list(codes), "left_out": frame.height - full.height, **scorer.facts}
    if as_json:
        show.as_json(told)
        return 0
    _say(told, codes, raw)
    return 0


def _learnt(full: pl.DataFrame, codes: tuple[str, str], raw: Path | None, how: dict[str, Any]) -> Scorer:
    from weft.cli.tokenizing import progress
    from weft.parallel.bootstrap import bootstrapped
    from weft.parallel.choosing import chosen
    from weft.parallel.scorer import train

    right = full["source"].to_list(), full["target"].to_list()
    foldings = chosen(full["source"], full["target"], codes)
    if raw is None:
        return train(*right, codes, foldings, how["kept"], how["draw"])
    unchecked = _unchecked(raw, codes)
    with progress(how["silent"]) as tell:
        return bootstrapped(
            right, unchecked, codes, foldings, rounds=how["rounds"], kept=how["kept"], draw=how["draw"],
            tell=lambda number, of: tell(f"round {number} over {raw.name}", number - 1, of),
        )  # fmt: skip


def _unchecked(raw: Path, codes: tuple[str, str]) -> tuple[list[str], list[str]]:
    from weft.parallel.bootstrap import MOST_READ
    from weft.parallel.pairs_file import full_pairs, read_pairs

    more = full_pairs(read_pairs(raw, None, codes, first_two=True, header=None)).head(MOST_READ)
    return more["source"].to_list(), more["target"].to_list()


def _say(told: dict[str, Any], codes: tuple[str, str], raw: Path | None) -> None:
    left_out = f"; {told['left_out']} with an empty side left out" if told["left_out"] else ""
    show.say(f"{told['pairs']:,} pairs of {codes[0]} and {codes[1]}{left_out}")
    show.say("how often a right pair is told from a wrong one (AUC), on parts of the seed that were not learnt from:")
    for name, value in told["auc"].items():
        show.say(f"  {name.replace('_', ' '):<26} {value:.3f}")
    for number, did in enumerate(told.get("rounds", ()), 1):
        said = "learnt from too" if did["taken"] else "not taken: no better on the seed; the rounds end"
        show.say(
            f"round {number}: {show.counted(did['added'], 'pair')} of {raw}, {said}"
            f" (mean AUC {did['auc']:.4f}, words covered {did['covered']:.3f})"
        )
    show.say(f"model  {told['model']}")
