"""The command `weft train head`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json
from weft.errors import WeftError

if TYPE_CHECKING:
    import polars as pl

_LEAST = 20
"""Labelled texts of a part under which nothing is learnt or measured."""
_SAMPLES = 200
"""Bootstrap samples of an interval (Efron 1979, percentile)."""


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
    import polars as pl

    from weft.label.answers import check_target

    if into.suffix != ".safetensors" or not into.stem.isidentifier():
        raise WeftError(f"--into {into}: expected a name such as education.safetensors, by which rules ask for it")
    if device not in ("auto", "cpu", "cuda"):
        raise WeftError(f"--device {device}: expected auto, cpu or cuda")
    rows = _read(labels, text, label, regression)
    check_target(target, ["score"] if regression else sorted(rows["label"].unique().to_list()), str(labels))
    vectors, good = _embedded(rows["text"], model, prompt, device)
    lost = int((~good).sum())
    rows, vectors = rows.filter(pl.Series(good)), vectors[good]
    drawn = _drawn(rows["text"], hold_out, seed)
    if min(drawn.sum(), (~drawn).sum()) < _LEAST:
        raise WeftError(
            f"{labels}: {(~drawn).sum()} texts to learn from and {drawn.sum()} to measure on; expected {_LEAST} of each"
        )
    trained, names, scores = _trained(rows["label"], vectors, drawn, regression, seed)
    told = {"labels": json.dumps(names), "encoder": model.name, "prompt": prompt or "", "seed": str(seed)}
    told |= {"problem_type": "regression" if regression else "single_label_classification"}
    told |= {} if target is None else {"target": target}
    scores |= {"learnt_from": int((~drawn).sum()), "held_out": int(drawn.sum()), "without_a_vector": lost}
    _write(into, trained, told, scores, labels)
    if as_json:
        show.as_json({"head": str(into), "labels": names, **scores})
        return 0
    _said(scores, "correlation" if regression else "macro_f1", into)
    return 0


def _said(scores: dict[str, Any], measure: str, into: Path) -> None:
    value, low, high = (scores[name] for name in (measure, "low", "high"))
    what = measure.replace("_", "-").replace("f1", "F1")
    show.say(f"{what} {value:.3f} ({low:.3f}–{high:.3f}) on {scores['held_out']} texts that it never saw")
    show.say(f"head  {into}\ncard  {into.with_suffix('.md')}")


def _read(file: Path, text: str, label: str, regression: bool) -> pl.DataFrame:
    import polars as pl

    try:
        if file.suffix == ".parquet":
            held = pl.read_parquet(file)
        elif file.suffix == ".jsonl":
            held = pl.read_ndjson(file, infer_schema_length=None)
        elif file.suffix in (".tsv", ".csv"):
            quote = '"' if file.suffix == ".csv" else None
            held = pl.read_csv(
                file, separator="\t" if file.suffix == ".tsv" else ",", quote_char=quote, infer_schema=False
            )
        else:
            raise WeftError(f"{file}: expected a name that ends in .tsv, .csv, .jsonl or .parquet")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise WeftError(f"{file}: cannot be read: {str(error).partition(chr(10))[0]}") from error
    for name in (text, label):
        if name not in held.columns:
            raise WeftError(f"{file}: no column {name}; it has {', '.join(held.columns)}")
    kind = pl.Float64 if regression else pl.String
    found = held.select(text=pl.col(text).cast(pl.String), label=pl.col(label).cast(kind, strict=False)).drop_nulls()
    if regression:
        found = found.filter(pl.col("label").is_finite())
    if found["label"].n_unique() < 2:
        raise WeftError(f"{file}: column {label} has {found['label'].n_unique()} values; expected two or more")
    return found


def _drawn(texts: pl.Series, hold_out: float, seed: int) -> Any:
    import numpy as np
    import xxhash

    # By the text and not by the row: a text that was labelled twice is on one side.
    return np.array([xxhash.xxh3_64_intdigest(f"{seed}\0{one}".encode()) / 2**64 for one in texts]) < hold_out


def _embedded(texts: pl.Series, model: Path, prompt: str | None, device: str) -> tuple[Any, Any]:
    import numpy as np

    from weft.label.embedding import embedder
    from weft.operators.model_folder import model_folder

    folder = str(model_folder(str(model), Path()))
    embed = embedder("train head", folder, device, "float32", "declared", None, prompt, 0.3, None)  # type: ignore[arg-type]
    found, good = embed(texts.to_list())
    return found.astype(np.float64), good


def _trained(
    labels: pl.Series, vectors: Any, drawn: Any, regression: bool, seed: int
) -> tuple[Any, list[str], dict[str, Any]]:
    """The head, the names of its outputs, and how good it is on what was held out."""
    import numpy as np

    from weft.label import head_training
    from weft.language.evaluation import macro_f1

    if regression:
        own = labels.to_numpy()
        trained = head_training.regression(vectors[~drawn], own[~drawn], seed)
        found = (vectors[drawn] @ trained.weight.T + trained.bias)[:, 0]
        return trained, ["score"], _correlation(own[drawn], found, seed)
    names = sorted(labels.unique().to_list())
    place = {name: number for number, name in enumerate(names)}
    own = np.array([place[one] for one in labels], np.int64)
    if len(absent := set(range(len(names))) - set(own[~drawn].tolist())):
        raise WeftError(f"label {names[min(absent)]}: no text of it to learn from; expected more, or another --seed")
    trained = head_training.classifier(vectors[~drawn], own[~drawn], len(names), seed)
    best = (vectors[drawn] @ trained.weight.T + trained.bias).argmax(axis=1)
    held = np.array(names, dtype=object)
    scores = macro_f1(held[own[drawn]], held[best], seed)
    return trained, names, {name: scores[name] for name in ("macro_f1", "low", "high", "accuracy")}


def _correlation(own: Any, found: Any, seed: int) -> dict[str, Any]:
    """Pearson's correlation with a 95 % interval over texts drawn again, and the mean absolute error."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(seed))
    drawn = [random.integers(0, len(own), len(own)) for _ in range(_SAMPLES)]
    varied = [rows for rows in drawn if own[rows].std() > 0 and found[rows].std() > 0]
    values = [np.corrcoef(own[rows], found[rows])[0, 1] for rows in varied] or [0.0]
    low, high = np.quantile(values, [0.025, 0.975])
    whole = np.corrcoef(own, found)[0, 1] if own.std() > 0 and found.std() > 0 else 0.0
    error = np.abs(own - found).mean()
    names = ("correlation", "low", "high", "mean_absolute_error")
    return {name: round(float(value), 4) for name, value in zip(names, (whole, low, high, error), strict=True)}


def _write(into: Path, trained: Any, told: dict[str, str], scores: dict[str, Any], labels: Path) -> None:
    from weft.label.head_file import save_head

    lines = [
        f"# {into.stem}",
        "",
        f"A head for `label.head`, over vectors of the encoder `{told['encoder']}` (prompt `{told['prompt']}`), "
        f"trained with weft on `{labels.name}`. It is of use with this encoder alone.",
        "",
        f"- problem: {told['problem_type']}; labels: {told['labels']}",
        f"- penalty {trained.penalty:g}, chosen by cross-validation; seed {told['seed']}",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in scores.items()),
        "",
        "Measured on texts that were held out of the same labels, 95 % intervals over texts. How it does in languages",
        "and kinds of text that the labels do not have was not measured.",
    ]
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        save_head(into, trained.weight, trained.bias, told)
        into.with_suffix(".md").write_text("\n".join(lines) + "\n", "utf-8")
        into.with_suffix(".json").write_text(json.dumps(scores, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
