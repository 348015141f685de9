"""Recipe files to start from, one for each recipe of the room: what each makes, and which files it asks for."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass

from weft.errors import WeftError, nearest

FILES = "# Files beside this one:"
"""The line of a recipe's comment after which its files are told, one a line: the name, two spaces, what is in it."""
_FILE = re.compile(r"#   (\S+)  +(\S.*)")


@dataclass(frozen=True)
class Starter:
    """A recipe file as weft brings it. `files` says of each file or folder that it names what has to be in it."""

    name: str
    text: str
    makes: str
    files: Mapping[str, str]

    @property
    def asks(self) -> bool:
        """Whether it asks a model server."""
        return "\nservices:" in self.text


def names() -> list[str]:
    """Names of the recipes that there are, without `synthesize.`, sorted."""
    folder = importlib.resources.files("weft.synthesize") / "recipes"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def starter(name: str) -> Starter:
    """The recipe file of an operator, with or without `synthesize.` before its name. Raises WeftError for no such."""
    known, short = names(), name.removeprefix("synthesize.")
    if short not in known:
        raise WeftError(
            f"--synthesize {name}: there is no such recipe; expected one of {', '.join(known)}{nearest(short, known)}"
        )
    text = (importlib.resources.files("weft.synthesize") / "recipes" / f"{short}.yaml").read_text("utf-8")
    first, *comment = text.partition("\nname:")[0].splitlines()
    told = comment[comment.index(FILES) + 1 :]
    files = {found[1]: found[2] for line in told if (found := _FILE.fullmatch(line))}
    return Starter(short, text, first.removeprefix("# "), files)
