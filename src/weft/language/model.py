"""A trained identifier: what is in its file, and the most probable languages of texts."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.errors import WeftError
from weft.language.refiners import RIVALS, Refiner, refined
from weft.language.refusal import Refusal
from weft.language.varieties import Varieties
from weft.text.buffers import large, string_buffers
from weft.text.classify import Rivals, classify
from weft.text.scripts import dominant_script
from weft.text.unicode import tables

if TYPE_CHECKING:
    from weft.language.memory import Memory  # a model answers without it, and starts sooner

FORMAT = 2
_TOGETHER = {
    "Hans": "Hani",
    "Hant": "Hani",
    "Jpan": "Hani",
    "Hira": "Hani",
    "Kana": "Hani",
    "Bopo": "Hani",
    "Kore": "Hang",
}
_REFUSAL = tuple(Refusal.__dataclass_fields__)


def script_group(script: str) -> str:
    """The script under which languages compete: Chinese and Japanese do, in whatever they are written."""
    return _TOGETHER.get(script, script)


class Competition(NamedTuple):
    """`of_script[n]` is the group of labels that compete for texts in script n (-1: none; the last entry: no letters).

    `bounds` are those of `competitors`; `family[label]` numbers the families, -1: none; `members` are their labels.
    """

    of_script: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.int64]
    family: npt.NDArray[np.int32]
    members: Mapping[str, npt.NDArray[np.int64]]


class SingleWords(NamedTuple):
    """What words need that are looked at one by one: what is added to the score of each label, and labels whose words
    are often taken for each other's, (pairs, 2) places."""

    bias: npt.NDArray[np.float32]
    relatives: npt.NDArray[np.int32]


@dataclass(frozen=True)
class LanguageModel:
    """Weights and names; `labels` are sorted by the group of their script, then by code.

    `families` are labels that are told apart badly, by the code that stands for all of them; where the best label has
    less than the share `margins` of its family's probability, the answer is the family. `refiners` give a second
    opinion within a family. `varieties` name a dialect or spelling within a language.
    `words` says what single words need, where it was learnt.
    `embedding` is (2**bits, width) int8, of `depth` bits in the file; `output` (width, labels) float32 holds its scale
    already; a text competes among the labels of its script's group alone. `card` says what the model was made
    from. `reliability` corrects probabilities (`weft.language.reliability`).
    """

    labels: tuple[str, ...]
    embedding: npt.NDArray[np.int8]
    output: npt.NDArray[np.float32]
    card: Mapping[str, Any] = field(default_factory=dict)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    refiners: Mapping[str, Refiner] = field(default_factory=dict)
    refusal: Refusal | None = None
    reliability: npt.NDArray[np.float32] | None = None
    depth: int = 8
    varieties: Varieties | None = None
    words: SingleWords | None = None

    @functools.cached_property
    def competition(self) -> Competition:
        """Who competes with whom, worked out once for all batches."""
        groups, bounds = competitors(self.labels)
        names = [script_group(name) for name in tables().script_names]
        place = {label: n for n, label in enumerate(self.labels)}
        members = {name: np.array([place[label] for label in labels]) for name, labels in self.families.items()}
        family = np.full(len(self.labels), -1, np.int32)
        for number, own in enumerate(members.values()):
            family[own] = number
        return Competition(np.array([*(groups.get(name, -1) for name in names), -1], np.int32), bounds, family, members)

    def save(self, file: Path, memory: Memory | None = None) -> None:
        """Write the model, and what it remembers of its texts; the same model gives the same bytes."""
        families = {name: [list(members), self.margins[name]] for name, members in self.families.items()}
        content = {"format": FORMAT, "labels": self.labels, "card": dict(self.card), "families": families}
        content["depth"] = self.depth
        embedding = self.embedding if self.depth == 8 else _packed(self.embedding)
        arrays: dict[str, npt.NDArray[Any]] = {"embedding": embedding, "output": self.output}
        content["scales"] = {name: refiner.scale for name, refiner in self.refiners.items()}
        arrays |= {f"refiner-{name}": refiner.table for name, refiner in self.refiners.items()}
        if self.reliability is not None:
            arrays["reliability"] = self.reliability
        if self.words is not None:
            arrays |= self.words._asdict()
        if self.refusal is not None:
            arrays |= {name: np.asarray(value) for name, value in vars(self.refusal).items() if value is not None}
        if self.varieties is not None:
            content["varieties"] = self.varieties.content()
            arrays |= self.varieties.arrays()
        if memory is not None:
            arrays |= vars(memory)
        text = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
        arrays["content"] = np.frombuffer(text, np.uint8)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, array in arrays.items():
                # numpy's own writer stamps members with the time of writing
                content_of = io.BytesIO()
                np.lib.format.write_array(content_of, np.ascontiguousarray(array), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content_of.getbuffer())


def load_model(file: Path) -> LanguageModel:
    """Read a model; raises WeftError for a file that is none, or of another format."""
    try:
        with np.load(file, allow_pickle=False) as held:
            content = json.loads(held["content"].tobytes())
            if content["format"] != FORMAT:
                raise WeftError(f"{file}: a language model of format {content['format']}; expected format {FORMAT}")
            parts = {name: held[name] for name in _REFUSAL if name in held}
            refusal = Refusal(**parts) if parts else None
            families = content["families"]
            return LanguageModel(
                tuple(content["labels"]),
                held["embedding"] if content["depth"] == 8 else _unpacked(held["embedding"]),
                held["output"],
                content["card"],
                {name: tuple(members) for name, (members, _) in families.items()},
                {name: float(margin) for name, (_, margin) in families.items()},
                {name: Refiner(held[f"refiner-{name}"], scale) for name, scale in content["scales"].items()},
                refusal,
                held.get("reliability", None),
                content["depth"],
                Varieties.read(content["varieties"], held) if "varieties" in content else None,
                SingleWords(held["bias"], held["relatives"]) if "bias" in held else None,
            )
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise WeftError(f"{file}: not a language model; expected a file that weft train language wrote") from error


def _packed(embedding: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Two numbers from -8 to 7 in a byte, the first of them in its lower half."""
    halves = (embedding & 15).astype(np.uint8)
    return np.bitwise_or(halves[:, ::2], np.left_shift(halves[:, 1::2], 4)).astype(np.uint8)


def _unpacked(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    embedding = np.empty((len(packed), 2 * packed.shape[1]), np.int8)
    embedding[:, ::2], embedding[:, 1::2] = packed & 15, packed >> 4
    return ((embedding ^ 8) - 8).astype(np.int8)


@functools.cache
def packaged(name: Literal["default", "small"]) -> LanguageModel:
    """The model that weft carries; read once for a process."""
    return load_model(packaged_file(name))


def packaged_file(name: Literal["default", "small"]) -> Path:
    """Where a model that weft carries lies."""
    return Path(__file__).with_name("weights") / f"{name}.npz"


def model_in(file: str | Path | None) -> LanguageModel:
    """The model in a file, read once while it stays the same; None: the one that weft carries."""
    if file is None:
        return packaged("default")
    path = Path(file).absolute()
    state = path.stat() if path.is_file() else None
    return _read_once(path, state.st_size if state else 0, state.st_mtime_ns if state else 0)


@functools.lru_cache(maxsize=4)
def _read_once(file: Path, size: int, changed: int) -> LanguageModel:
    return load_model(file)


class Answers(NamedTuple):
    """One row per text; `label` (texts, top) are places in `labels` or -1, `chance` their probabilities.

    `mass` is the probability of the best label's family, `family` its place in `families` where the best label alone is
    not sure enough, else -1. `letters` were read; `script` is its place in `tables().script_names`, -1 without letters.
    `known` says whether the model is sure enough that the text is of a language that it has: true for all where it has
    not learnt to refuse. `share` is that of the script among the letters.
    """

    label: npt.NDArray[np.int32]
    chance: npt.NDArray[np.float32]
    mass: npt.NDArray[np.float32]
    letters: npt.NDArray[np.int32]
    family: npt.NDArray[np.int32]
    script: npt.NDArray[np.int32]
    known: npt.NDArray[np.bool_]
    share: npt.NDArray[np.float32]


def answers(
    model: LanguageModel, texts: Any, *, top: int = 3, most_letters: int = 1_000, among: Collection[str] | None = None
) -> Answers:
    """The `top` most probable labels of each text of an Arrow string column, by its first `most_letters` letters.

    With `among`, only these labels compete. Raises WeftError for a `top` below 1.
    """
    if top < 1:
        raise WeftError(f"top: {top} labels of a text; expected 1 or more")
    texts = large(texts)
    strings = string_buffers(texts)
    number, share, _ = dominant_script(strings, most_letters)
    of_script, bounds, family, families = model.competition
    allowed = np.array([among is None or label in among for label in model.labels], np.uint8)
    rivals = Rivals(bounds, family, allowed)
    group = of_script[number]
    found = classify(strings, group, rivals, model.embedding, model.output, top, most_letters)
    for name, members in families.items():
        rows = np.flatnonzero(np.isin(found.label[:, 0], members))
        if name in model.refiners and len(rows):
            strings_of = string_buffers(texts.take(pa.array(rows)))
            more = classify(
                strings_of, group[rows], rivals, model.embedding, model.output, max(RIVALS, top), most_letters
            )
            label, chance = refined(model.refiners[name], strings_of, members, more.label, more.chance)
            found.label[rows], found.chance[rows] = label[:, :top], chance[:, :top]
    best, chance = found.label[:, 0], found.chance[:, 0]
    margin = np.array([*model.margins.values(), 0.0])[family[best]]
    torn = (best >= 0) & (family[best] >= 0) & (chance < margin * found.mass)
    known = best >= 0
    if model.refusal is not None:
        known = model.refusal.scores(strings, best, found.mass, found.letters) >= model.refusal.threshold[best]
    return Answers(*found, np.where(torn, family[best], -1).astype(np.int32), number, known, share)


def competitors(labels: tuple[str, ...]) -> tuple[dict[str, int], npt.NDArray[np.int64]]:
    """Number of each script group, and for each the first and last (exclusive) place of its labels."""
    written = [script_group(label.rpartition("_")[2]) for label in labels]
    groups = {name: number for number, name in enumerate(dict.fromkeys(written))}
    places = [[n for n, name in enumerate(written) if name == group] for group in groups]
    if any(found[-1] - found[0] + 1 != len(found) for found in places):
        raise ValueError("labels are not sorted by the group of their script")
    return groups, np.array([end for found in places for end in (found[0], found[-1] + 1)], np.int64)
