"""The command `weft pairs quality`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import Device, EncoderName, KeepVectors, NoEncoder, encoder_of
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import languages_of, say_left
from weft.errors import WeftError
from weft.own_file import check_unread

if TYPE_CHECKING:
    import polars as pl

    from weft.evaluate.mos.estimator import Estimator
    from weft.evaluate.mos.vectors import PairEmbed

Languages = Annotated[
    str | None,
    typer.Option("--languages", metavar="CODE,CODE", help="Of source and translation, where no columns name them."),
]
ADDED = {"score": "quality", "low": "quality_low", "high": "quality_high", "reason": "quality_reason"}
"""Columns that a table gets."""
_ENDS = {".tsv": "tab-separated", ".csv": "comma-separated", ".jsonl": "JSON lines", ".parquet": "Parquet"}


def quality(
    file: Annotated[
        Path, typer.Argument(metavar="IN", help="Sources and translations: .tsv, .csv, .jsonl or .parquet.")
    ],
    model: Annotated[Path, typer.Option("--model", metavar="FILE", help="What weft train mos wrote.")],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="OUT", help="The rows with quality, its interval, reason: .tsv, .csv, .jsonl, .parquet."
        ),
    ] = None,
    languages: Languages = None,
    encoder: EncoderName = None,
    no_encoder: NoEncoder = False,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Say of each translation how people would rate it, in which interval, and why where nothing can be said.

    A pair of languages that the model was not trained on gets no score.
    """
    from weft.cli.tokenizing import progress
    from weft.evaluate.mos.model_file import load
    from weft.evaluate.mos.ratings import named, read_table
    from weft.tokenizer.unreadable import Unreadable

    if into is not None:
        _usable(into, file)
    codes = None if languages is None else languages_of(languages)
    left = Unreadable()
    held = load(model)
    table = read_table(file, left)
    frame = named(file, table, codes)
    unreadable = say_left(left)
    keep = keep_vectors or model.with_name(f"{model.name}.vectors")
    with progress(quiet or as_json) as tell, _embedding(held, model, (encoder, no_encoder, keep, device)) as embed:
        began = time.monotonic()
        scored = held.score(frame, embed, tell)
        seconds = time.monotonic() - began
    if into is not None:
        _write(table, scored, into)
    told = _told(frame, scored) | unreadable
    told |= {"kind": held.kind, "signature": held.signature, "seconds": round(seconds, 3)}
    told |= {"into": None if into is None else str(into)}
    if as_json:
        show.as_json(told)
        return 0
    _said(told)
    return 0


@contextmanager
def _embedding(held: Estimator, model: Path, asked: tuple[str | None, bool, Path, str]) -> Iterator[PairEmbed | None]:
    """What gives vectors of pairs to an estimator that was trained with an encoder; None for others, and on demand."""
    from weft.engine.encoders import same
    from weft.evaluate.mos.vectors import of_pairs

    given, without, keep, device = asked
    told = held.card.get("encoder") or {}
    if without and given is not None:
        raise WeftError("--no-encoder: with --encoder; expected one of them")
    if not told and given is not None:
        raise WeftError(f"--encoder {given}: the model {model} was trained without; expected no encoder")
    if without or not told:
        yield None
        return
    with encoder_of(given or told["name"], None, keep, device, lambda what, done, total: None) as found:
        assert found is not None
        same(found, told, str(model))
        yield of_pairs(found.embed)


def _usable(into: Path, file: Path) -> None:
    check_unread(into, file)
    if into.suffix not in _ENDS:
        raise WeftError(f"{into}: expected a file named {', '.join(_ENDS)}")


def _write(table: pl.DataFrame, scored: pl.DataFrame, into: Path) -> None:
    import polars as pl

    from weft.own_file import whole

    added = scored.select(pl.exclude("reason").round(4), "reason").rename(ADDED)
    out = pl.concat([table.drop([name for name in added.columns if name in table.columns]), added], how="horizontal")
    if into.suffix == ".tsv":
        # What divides cells and rows cannot stand in a text.
        out = out.with_columns(pl.col(pl.String).str.replace_all(r"[\t\r\n]+", " "))
    with whole(into) as place:
        try:
            if into.suffix == ".parquet":
                out.write_parquet(place, compression="zstd")
            elif into.suffix == ".jsonl":
                out.write_ndjson(place)
            elif into.suffix == ".tsv":
                out.write_csv(place, separator="\t", quote_style="never")
            else:
                out.write_csv(place)
        except pl.exceptions.PolarsError as error:
            said = str(error).splitlines()[0]
            raise WeftError(f"{into}: cannot be written: {said}; expected .jsonl or .parquet of such columns") from None


def _told(frame: pl.DataFrame, scored: pl.DataFrame) -> dict[str, Any]:
    """How many rows were scored, with what mean, and how many not, by pair of languages."""
    import polars as pl

    both = pl.concat([frame.select("source_language", "target_language"), scored], how="horizontal")
    pairs = []
    for (source, target), part in both.group_by("source_language", "target_language", maintain_order=True):
        why = part["reason"].drop_nulls().value_counts(sort=True)
        pairs.append(
            {
                "languages": [source, target],
                "rows": part.height,
                "scored": part.height - part["score"].null_count(),
                "mean": part["score"].mean(),
                "reasons": dict(sorted(why.iter_rows())),
            }
        )
    return {"read": frame.height, "scored": frame.height - scored["score"].null_count(), "pairs": pairs}


def _said(told: dict[str, Any]) -> None:
    rows = [
        (
            "-".join(str(code) for code in pair["languages"]),
            f"{pair['rows']:,}",
            f"{pair['scored']:,}",
            "" if pair["mean"] is None else f"{pair['mean']:.3f}",
            ", ".join(f"{name} {count:,}" for name, count in pair["reasons"].items()),
        )
        for pair in told["pairs"]
    ]
    show.table(("pair", "rows", "scored", f"mean ({told['kind']})", "reasons"), rows, right=frozenset({1, 2, 3}))
    show.say(f"signature  {told['signature']}")
    if told["into"] is not None:
        show.say(f"scored  {told['into']}")
