"""The texts of one language in a file that a person gives: one sentence or paragraph a line."""

from __future__ import annotations

import gzip
import unicodedata
import zlib
from pathlib import Path

import polars as pl

from weft.errors import WeftError
from weft.language.model import script_group
from weft.language.training import in_their_script
from weft.model.languages import normalise, script_name
from weft.text.buffers import string_buffers
from weft.text.scripts import dominant_script
from weft.text.unicode import tables

FEWEST_TEXTS, FEWEST_LETTERS = 20, 1_000
"""With twenty sentences a language was found nearly as well as with five hundred; with fewer nobody measured."""
_PIECE = r"(?s).{1,300}(?:\s|$)|.{1,300}"
"""A paragraph is cut at spaces into pieces of so many characters: a model reads the begin of a long text only."""
_RIGHT_SCRIPT = 0.5


def checked_code(code: str) -> str:
    """The code as it is, if it names a language and a script; raises WeftError that says what was expected."""
    import langcodes

    base, _, script = code.partition("_")
    language = langcodes.Language.get(base) if base.isalpha() and len(base) == 3 else None
    known = {script_group(name) for name in tables().script_names}
    if (
        language is not None
        and base.islower()
        and base not in ("und", "mul", "mis", "zxx")
        and (language.is_valid() or "qaa" <= base <= "qtz")
        and script_group(script) in known
        and script.istitle()
    ):
        return code
    try:
        close = f"; did you mean {normalise(code)}?"
    except ValueError:
        close = ""
    raise WeftError(
        f"--add {code}: expected the code of a language and its script, such as swh_Latn (qaa to qtz are free for "
        f"languages that have no code){close}"
    )


def read_language(code: str, file: Path) -> pl.Series:
    """The lines of a file in NFC, each once, in the script of the code, long ones in pieces.

    Raises WeftError where the file cannot be read, is not UTF-8, is of another script, or has too little text.
    """
    lines = pl.Series("text", _content(file).splitlines(), dtype=pl.String).str.strip_chars()
    lines = lines.filter(lines.str.len_chars() > 0).unique(maintain_order=True)
    if not len(lines):
        raise WeftError(f"{file}: holds no text; expected a sentence or paragraph in {code} on each line")
    rows = pl.DataFrame({"text": lines.str.extract_all(_PIECE).explode().str.strip_chars().drop_nulls()})
    written = in_their_script(rows.with_columns(pl.lit(code).alias("language")))["text"]
    wanted = code.rpartition("_")[2]
    if len(written) < _RIGHT_SCRIPT * rows.height:
        raise WeftError(
            f"{file}: {len(written)} of {rows.height} texts are in the {script_name(wanted)} script, of which {code} "
            f"is; most are in {_commonest(rows['text'])}"
        )
    letters = int(written.str.count_matches(r"[\p{L}\p{M}]").sum())
    if len(written) < FEWEST_TEXTS or letters < FEWEST_LETTERS:
        raise WeftError(
            f"{file}: {len(written)} different texts in {code} with {letters} letters; expected at least "
            f"{FEWEST_TEXTS} with {FEWEST_LETTERS}, better 500"
        )
    return written


def _content(file: Path) -> str:
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeftError(f"{file}: cannot be read: {reason}") from error
    try:
        return unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WeftError(
            f"{file}: line {line}: byte {content[error.start]:#04x} is not UTF-8; expected text in UTF-8"
        ) from None


def _commonest(texts: pl.Series) -> str:
    number, _, _ = dominant_script(string_buffers(texts.to_arrow()), 1_000)
    found = pl.Series([tables().script_names[n] if n >= 0 else "" for n in number.tolist()]).mode().sort()[0]
    return f"the {script_name(found)} script ({found})" if found else "no script: they hold no letters"
