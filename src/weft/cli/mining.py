"""weft pairs mine: translations of one another out of two corpora that nobody aligned."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import columns_of, languages_of, say_left
from weft.errors import WeftError
from weft.own_file import check_unread

FORMS = (".tsv", ".jsonl", ".parquet")


def mine(
    source: Annotated[Path, typer.Argument(help="Sentences: .txt (one a line), JSONL, Parquet, TSV, CSV; packed too.")],
    target: Annotated[Path, typer.Argument(help="Sentences of the other language.")],
    languages: Annotated[str, typer.Option(metavar="SOURCE,TARGET", help="Codes: eng_Latn,swh_Latn.")],
    into: Annotated[Path, typer.Option(help="File to write: .tsv, .jsonl or .parquet.")],
    seed: Annotated[Path | None, typer.Option(help="Pairs to learn from: TSV, CSV, JSONL or Parquet.")] = None,
    lexicon: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="A model of weft train pairs; pairs of --seed that it has not seen judge it."
        ),
    ] = None,
    precision: Annotated[
        float, typer.Option(min=0.5, max=0.99, help="Share of mined pairs that shall be right, by held-out pairs.")
    ] = 0.9,
    paired: Annotated[
        float, typer.Option(min=0.001, max=0.999, help="Share of sentences that you think have a translation.")
    ] = 0.5,
    seed_columns: Annotated[
        str | None, typer.Option(metavar="SOURCE,TARGET", help="Its columns; default: the codes, or source,target.")
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the sentences in a table.")] = "text",
    identifier: Annotated[str | None, typer.Option("--id", help="Column of both tables to hand on as an id.")] = None,
    vectors: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A.npy B.npy", help="A vector for each row of SOURCE and TARGET: mine by them instead."),
    ] = None,
    least_margin: Annotated[float, typer.Option(help="Least ratio margin of pairs mined by vectors.")] = 1.06,
    seed_vectors: Annotated[
        bool,
        typer.Option(
            "--seed-vectors", help="Learn vectors of sentences from the seed too; used if held-out pairs allow."
        ),
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores. The result is the same.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Mine pairs of sentences that translate each other from two corpora, with a seed of pairs and no encoder."""
    codes = languages_of(languages)
    if into.suffix not in FORMS:
        raise WeftError(f"--into {into}: expected a file named .tsv, .jsonl or .parquet")
    check_unread(into, source, target, seed)
    columns = columns_of(seed_columns, "--seed-columns")
    told = _mined(
        (source, target), (seed, lexicon), codes, into, (precision, paired), columns, (text, identifier), vectors,
        least_margin, (threads, seed_vectors), quiet or as_json,
    )  # fmt: skip
    if as_json:
        show.as_json(told)
        return
    show.say(
        f"{told['pairs']:,} pairs of {told['sentences'][0]:,} and {told['sentences'][1]:,} different sentences  {into}"
    )
    if told["by"] == "lexicon":
        _say(told, precision)


def _say(told: dict[str, Any], precision: float) -> None:
    """What held-out pairs of the seed say of the pairs that were mined."""
    held = told["held_out"]
    if told["least_probability"] is None:
        show.say(
            f"Held-out pairs of the seed reach a precision of {precision} nowhere: nothing is written. Give more "
            "pairs or a lower --precision, and look whether the seed is aligned."
        )
        return
    show.say(
        f"on held-out pairs of the seed: precision {held['precision']:.2f}, recall {held['recall']:.2f} "
        f"({held['held_out_pairs']:,.0f} pairs among sentences that have none)"
    )
    if "f1_with_vectors" in held:
        show.say(
            f"vectors learnt from the seed are {'' if told['seed_vectors'] else 'not '}used: F1 on held-out pairs "
            f"{held['f1_with_vectors']:.2f} with them, {held['f1_without_vectors']:.2f} without"
        )


def _mined(
    files: tuple[Path, Path], learnt_from: tuple[Path | None, Path | None], codes: tuple[str, str], into: Path,
    aims: tuple[float, float], columns: tuple[str, str] | None, names: tuple[str, str | None],
    vectors: tuple[Path, Path] | None, least_margin: float, how: tuple[int | None, bool], silent: bool,
) -> dict[str, Any]:  # fmt: skip
    from weft.cli.tokenizing import progress
    from weft.parallel.candidates import cores
    from weft.parallel.corpora import FEWEST_PAIRS, seed, sentences, unseen
    from weft.parallel.lexicon import train
    from weft.parallel.mining import Plan, learn, mine, mine_vectors, table
    from weft.parallel.model_folder import lexicon_in
    from weft.parallel.pairs_file import write_rows
    from weft.parallel.vector_candidates import read_vectors
    from weft.tokenizer.unreadable import Unreadable

    began = time.monotonic()
    plan, (seed_file, model) = Plan(codes, *aims, how[0] or cores(), how[1]), learnt_from
    if vectors is None and seed_file is None:
        raise WeftError(_no_seed(model, FEWEST_PAIRS))
    left = Unreadable()
    read = [sentences(file, *names, left=left) for file in files]
    tables = (read[0][0], read[1][0])
    corpora = (tables[0]["text"], tables[1]["text"])
    told: dict[str, Any] = {"languages": list(codes)}
    with progress(silent) as tell:
        if vectors is not None:
            held = [
                read_vectors(file, total, rows["line"].to_numpy())
                for file, (rows, total) in zip(vectors, read, strict=True)
            ]
            found = mine_vectors((held[0], held[1]), least_margin, tell)
            told |= {"by": "vectors", "least_margin": least_margin}
        elif seed_file is not None:
            pairs = seed(seed_file, codes, columns, left)
            known = None
            if model is not None:
                known, seen = lexicon_in(model, codes)
                pairs = unseen(pairs, seen, seed_file)
            learnt = learn(pairs, corpora, plan, tell, known)
            words = known or train(*pairs, codes, learnt.foldings)
            found = mine(corpora, words, learnt, plan, tell, learnt.threshold)
            told |= {
                "by": "lexicon",
                "seed_pairs": len(pairs[0]),
                "foldings": [one._asdict() for one in learnt.foldings],
                "least_probability": learnt.least(plan),
                "seed_vectors": learnt.vectors is not None,
                "held_out": learnt.figures,
            }
    rows = table(found, tables, codes)
    write_rows(rows, into, digits=6)
    return {
        **told,
        "sentences": [held.height for held in tables],
        "pairs": rows.height,
        **say_left(left),
        "seconds": round(time.monotonic() - began, 1),
        "into": str(into),
    }


def _no_seed(model: Path | None, fewest: int) -> str:
    if model is None:
        return "--seed: not given; expected a file of pairs to learn from, or --vectors of an encoder"
    return (
        f"--seed: not given; expected {fewest} pairs at least that the model {model} has not seen: they say from which "
        "probability on pairs are right"
    )
