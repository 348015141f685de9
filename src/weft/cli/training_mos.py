"""The command `weft train mos`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import Device, EncoderLanguages, EncoderName, KeepVectors, encoder_of
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import languages_of, say_left
from weft.errors import WeftError
from weft.own_file import check_unread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weft.tokenizer.unreadable import Unreadable

Kind = Annotated[
    str | None,
    typer.Option("--kind", metavar="da|esa|mos|mqm|z", help="What the scores are; default: by name and size."),
]
Languages = Annotated[
    str | None,
    typer.Option("--languages", metavar="CODE,CODE", help="Of source and translation, where no columns name them."),
]
Score = Annotated[str | None, typer.Option("--score", metavar="COLUMN", help="Default: score, da_z_mean, da_mean, …")]
Document = Annotated[
    str | None,
    typer.Option("--document", metavar="COLUMN", help="What is measured together: document, doc, article, cluster."),
]
Parallel = Annotated[
    list[str] | None,
    typer.Option(
        "--parallel",
        metavar="CODE,CODE=FILE",
        help="Translations that nobody rated, of a pair of languages: words are learnt from them too; several times.",
    ),
]


def mos(
    ratings: Annotated[
        Path, typer.Argument(metavar="RATINGS", help="Rated translations: .tsv, .csv, .jsonl or .parquet.")
    ],
    into: Annotated[
        Path, typer.Option("--into", metavar="FILE", help="The model; a card is written beside it.")
    ] = Path("quality.mos"),
    kind: Kind = None,
    languages: Languages = None,
    score: Score = None,
    document: Document = None,
    parallel: Parallel = None,
    folds: Annotated[int, typer.Option("--folds", min=2, max=20, help="Of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Draws folds.")] = 1,
    encoder: EncoderName = None,
    encoder_languages: EncoderLanguages = None,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Learn from ratings of translations how good others are, without a reference: a model for weft pairs quality.

    Each pair of languages learns for itself, and is measured by cross-validation.
    """
    from weft.cli.tokenizing import progress
    from weft.evaluate.mos.card import page
    from weft.evaluate.mos.model_file import save
    from weft.evaluate.mos.ratings import read_ratings
    from weft.evaluate.mos.training import Plan, train
    from weft.evaluate.mos.vectors import of_pairs
    from weft.own_file import whole
    from weft.tokenizer.unreadable import Unreadable

    card = _usable(into, ratings)
    codes = None if languages is None else languages_of(languages)
    left = Unreadable()
    named = {name: column for name, column in (("score", score), ("document", document)) if column is not None}
    keep = keep_vectors or into.with_name(f"{into.name}.vectors")
    with (
        progress(quiet or as_json) as tell,
        encoder_of(encoder, encoder_languages, keep, device, tell) as found,
    ):
        tell("read", 0, None)
        held = read_ratings(ratings, kind, languages=codes, columns=named, left=left)
        plan = Plan(_parallel(parallel or [], left), folds=folds, seed=seed)
        if found is not None:
            plan = replace(plan, embed=of_pairs(found.embed), encoder=found.told)
        made = train(held, plan, tell)
    unreadable = say_left(left)
    save(made, into)
    with whole(card) as place:
        place.write_text(page(made.card), "utf-8")
    told = {"model": str(into), "card_file": str(card), **unreadable, **made.card}
    if as_json:
        show.as_json(told)
        return 0
    _said(told)
    return 0


def _usable(into: Path, ratings: Path) -> Path:
    """Where the card goes; raises WeftError where the model cannot be written."""
    from weft.evaluate.mos.model_file import is_model

    check_unread(into, ratings)
    if into.is_dir():
        raise WeftError(f"{into}: is a folder; expected a file, or a name that is free")
    if into.exists() and not is_model(into):
        raise WeftError(f"{into}: exists, and is no model of weft train mos; expected one, or a name that is free")
    return into.with_name(f"{into.name}.md")


def _parallel(given: Sequence[str], left: Unreadable) -> Mapping[tuple[str, str], tuple[list[str], list[str]]]:
    """Texts of each `CODE,CODE=FILE`."""
    from weft.parallel.pairs_file import full_pairs, read_pairs

    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for one in given:
        codes, mark, file = one.partition("=")
        if not mark or not file:
            raise WeftError(f"--parallel {one}: expected CODE,CODE=FILE, such as npi_Deva,eng_Latn=pairs.tsv")
        pair = languages_of(codes)
        frame = full_pairs(read_pairs(Path(file), None, pair, first_two=True, header=None, left=left))
        if not frame.height:
            raise WeftError(f"--parallel {one}: no pair of two texts")
        before = found.get(pair, ([], []))
        found[pair] = before[0] + frame["source"].to_list(), before[1] + frame["target"].to_list()
    return found


def _said(told: dict[str, Any]) -> None:
    from weft.evaluate.mos.card import domain_table, not_shown, table

    read = told["ratings"]
    out = f"; {read['left_out']:,} without text or score left out" if read["left_out"] else ""
    show.say(f"{read['rows']:,} rows, {read['translations']:,} rated translations{out}; scores are {told['kind']}")
    show.table(
        ("pair", "looks at", "ratings", "Pearson", "Spearman", "error", "inside"),
        table(told),
        right=frozenset({2, 5, 6}),
        whole=frozenset({0, 3, 4}),
    )
    if domains := domain_table(told):
        head = ("pair", "looks at", "domain", "ratings", "Pearson", "Spearman", "bias")
        show.table(head, domains, right=frozenset({3, 6}), whole=frozenset({0, 4, 5}))
    for name in not_shown(told):
        show.say(f"not shown to be better than one score for all: {name}")
    for name, count in told["too_few"].items():
        show.say(f"not trained: {name}: {show.counted(count, 'rating')}; expected 200 at least")
    for name in told["parallel_unused"]:
        show.say(f"not used: --parallel of {name}: no ratings of this pair")
    show.say(f"model  {told['model']}\ncard   {told['card_file']}")
