"""What a share and a joint plan say of themselves: who made them of what, with which parameters, and their files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from weft.errors import WeftError

SHARE, JOINT = "share.json", "joint.json"
FORMAT = 1
"""Raised when the files of shares or joint plans change."""
PARTS = ("counts", "labels", "signatures", "profiles")
Held = TypeVar("Held", "Share", "Joint")


@dataclass(frozen=True)
class Share:
    """What one holder tells the others."""

    holder: str
    weft: str
    recipe: str
    """Digest of the recipe."""
    statement: str
    parts: tuple[str, ...]
    key: str | None
    """`Keyed.check` of the secret that hashes were made with; None: none."""
    least_characters: int
    extras: tuple[str, ...]
    """Columns beyond the usual that the holder has put in."""
    inputs: str
    """Digest of the documents of the build."""
    rows: int
    documents: int
    text_bytes: int
    licences: dict[str, int]
    parameters: dict[str, Any]
    mixture: dict[str, Any] | None
    """Parameters of the mixture, and the joint plan that the build followed."""
    files: dict[str, Any]

    @property
    def digest(self) -> str:
        """Digest of all that is told."""
        held = [[n, f["sha256"]] for n, f in sorted(self.files.items())]
        told = json.dumps([self.holder, self.inputs, self.key, self.parameters, held], sort_keys=True)
        return hashlib.sha256(told.encode("utf-8")).hexdigest()[:32]


@dataclass(frozen=True)
class Joint:
    """What holders decided together."""

    weft: str
    decisions: str
    """`joint`: rules were tried again with thresholds learnt over all holders; `own`: as each holder had decided."""
    holders: tuple[dict[str, Any], ...]
    clusters: int
    """Clusters with documents of several holders."""
    parameters: dict[str, Any]
    mixture: dict[str, Any] | None
    """Parameters of the mixture over all holders; None: each has its own."""
    files: dict[str, Any]
    digest: str

    def names(self) -> list[str]:
        """The holders' names, sorted."""
        return [held["holder"] for held in self.holders]

    def of(self, holder: str) -> dict[str, Any]:
        """What is said of a holder."""
        return next(held for held in self.holders if held["holder"] == holder)


def save(folder: Path, name: str, held: Share | Joint) -> None:
    """Write what a folder says of itself; the last file of it."""
    text = json.dumps({"format": FORMAT} | asdict(held), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (folder / name).write_text(text, "utf-8")


def read_share(folder: str | Path) -> Share:
    """Raises WeftError for what is no share, or one of another version of weft."""
    return _read(Path(folder), SHARE, Share, "a share", "weft share export BUILD --into")


def read_joint(folder: str | Path) -> Joint:
    """Raises WeftError for what is no joint plan, or one of another version of weft."""
    return _read(Path(folder), JOINT, Joint, "a joint plan", "weft share merge SHARE… --into")


def _read(folder: Path, name: str, kind: type[Held], what: str, command: str) -> Held:
    file = folder / name
    try:
        told: dict[str, Any] = json.loads(file.read_text("utf-8"))
        found = told.pop("format")
        if found != FORMAT:
            raise WeftError(f"{file}: {what} of format {found}; this version of weft reads {FORMAT}")
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
        made: Held = kind(**given)
        return made
    except (FileNotFoundError, NotADirectoryError):
        raise WeftError(
            f"{folder}: is not {what} (no {name} in it); expected one that `{command} {folder}` makes"
        ) from None
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WeftError(f"{file}: is not the description of {what}: {error}") from error


def file_facts(path: Path, rows: int) -> dict[str, Any]:
    """Size, rows and SHA-256 of a finished file."""
    with path.open("rb") as stream:
        told = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"rows": rows, "bytes": path.stat().st_size, "sha256": told}


def check_files(folder: str | Path, files: Mapping[str, Any]) -> None:
    """Raise WeftError for the first file that is not what was written."""
    for name, facts in files.items():
        path = Path(folder) / name
        if not path.is_file():
            raise WeftError(f"{path}: is missing; expected the whole folder as it was made")
        if file_facts(path, facts["rows"]) != facts:
            raise WeftError(
                f"{path}: was changed or cut short; expected the file as it was made, {facts['bytes']:,} bytes"
            )


def first_difference(one: Mapping[str, Any], other: Mapping[str, Any], names: Iterable[str] = ()) -> str | None:
    """The first parameter (of `names`, if given) in which two differ; None: none."""
    wanted = sorted(names or {*one, *other})
    return next((name for name in wanted if one.get(name) != other.get(name)), None)


def difference(one: Mapping[str, Any], there: str, other: Mapping[str, Any], here: str) -> str | None:
    """What to say of the first parameter in which two files differ."""
    name = first_difference(one, other)
    if name is None:
        return None
    return f"{name} is {_told(other, name)} in {here}, and {_told(one, name)} in {there}; expected the same in both"


def _told(held: Mapping[str, Any], name: str) -> str:
    return json.dumps(held[name], ensure_ascii=False) if name in held else "absent"


def replace_files(folder: Path, made: Path, name: str) -> None:
    """Tables of `folder`, and the file `name` that says what they are, become those of the folder `made`."""
    for old in [*folder.glob("*.parquet"), folder / name]:
        old.unlink(missing_ok=True)
    for file in [*sorted(made.glob("*.parquet")), made / name]:
        file.rename(folder / file.name)
