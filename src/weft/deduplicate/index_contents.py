"""What an index of earlier releases says of itself: how its keys were made, and which releases it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from weft.errors import WeftError
from weft.operators.registry import Registry

CONTENTS = "contents.json"
FORMAT = 1
"""Raised when the files of an index change."""
_OPERATORS = ("deduplicate.exact", "deduplicate.url_key", "deduplicate.minhash", "deduplicate.shingle_sets")
_OF_STEP = {"exact": _OPERATORS[:1], "url_key": _OPERATORS[1:2], "minhash": _OPERATORS[2:]}
"""What the keys by which a step lets documents meet are made with."""


@dataclass(frozen=True)
class Segment:
    """One release of an index: its name, the folder of its files, what is in it."""

    release: str
    digest: str
    folder: str
    which: str
    inputs: str
    """Digest of the documents that the build had, whichever it kept."""
    documents: int
    text_bytes: int
    bytes: int


@dataclass(frozen=True)
class Contents:
    """An index: name, version and parameters of the operators that made its keys; releases, oldest first."""

    signatures: dict[str, Any]
    releases: tuple[Segment, ...]

    def to_json(self) -> str:
        held = {
            "format": FORMAT,
            "signatures": self.signatures,
            "releases": [asdict(segment) for segment in self.releases],
        }
        return json.dumps(held, indent=1, ensure_ascii=False) + "\n"

    def before(self, release: str, inputs: str) -> tuple[Segment, ...]:
        """The releases that were there before one of this name, or one that was made of these documents."""
        own = [n for n, held in enumerate(self.releases) if held.release == release or held.inputs == inputs]
        return self.releases[: own[0]] if own else self.releases


def read_contents(folder: str | Path) -> Contents:
    """What is in an index; raises WeftError when there is none, or one of another version of weft."""
    file = Path(folder) / CONTENTS
    try:
        held = json.loads(file.read_text("utf-8"))
        if held["format"] != FORMAT:
            raise WeftError(f"{folder}: an index of format {held['format']}; this version of weft reads {FORMAT}")
        return Contents(held["signatures"], tuple(Segment(**segment) for segment in held["releases"]))
    except (FileNotFoundError, NotADirectoryError):
        message = f"{folder}: holds no index of releases (no {CONTENTS}); expected one"
        raise WeftError(f"{message} that `weft index BUILD --into {folder}` makes") from None
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WeftError(f"{file}: is not the contents of an index: {error}") from error


def damaged(folder: str | Path, contents: Contents) -> str | None:
    """What to say of the first release whose files are not all there, by their size; None when all are."""
    for segment in contents.releases:
        files = list((Path(folder) / segment.folder).glob("*.parquet"))
        size = sum(file.stat().st_size for file in files)
        if size != segment.bytes:
            return (
                f"release {segment.release} is damaged: its files have {size:,} bytes, expected {segment.bytes:,}; "
                f"take it out with `weft index --into {folder} --forget {segment.release}` and add its build again"
            )
    return None


def signatures(registry: Registry, minhash: Mapping[str, Any]) -> dict[str, Any]:
    """How keys and shingles are made with these parameters of `deduplicate.minhash`."""
    shingles = {name: minhash[name] for name in registry.defaults("deduplicate.shingle_sets")}
    given = {"deduplicate.minhash": dict(minhash), "deduplicate.shingle_sets": shingles}
    return {name: {"version": registry.get(name).version, **given.get(name, {})} for name in _OPERATORS}


def differences(index: Mapping[str, Any], own: Mapping[str, Any], steps: tuple[str, ...]) -> str | None:
    """In what the keys of an index differ from one's own, for those steps by which documents are to meet; or None."""
    found = []
    for name in dict.fromkeys(operator for step in steps for operator in _OF_STEP[step]):
        there, here = index.get(name, {}), own[name]
        if name == "deduplicate.shingle_sets" and there.get("version") == here["version"]:
            continue  # its parameters are those of minhash
        unlike = [key for key in here if there.get(key) != here[key]]
        if unlike:
            both = [", ".join(f"{key} {one.get(key)}" for key in unlike) for one in (there, here)]
            found.append(f"{name.partition('.')[2]} there has {both[0]}, here {both[1]}")
    return "; ".join(found) or None
