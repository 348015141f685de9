"""A head over vectors in a safetensors file: a linear layer, or a few, and what their numbers mean.

The file is what `safetensors.torch.save_file(layers.state_dict(), FILE, metadata={...})` writes for a
`torch.nn.Linear`, or for a `torch.nn.Sequential` of such layers with activations between them. It is read here without
torch.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weft.errors import WeftError, nearest
from weft.label.answers import PROBLEMS, Doubles, activated, check_target, gelu, gelu_tanh, silu

_KINDS: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "BF16": np.dtype("<u2"),
}
_BETWEEN: dict[str, Callable[[Doubles], Doubles]] = {
    "relu": lambda values: np.maximum(values, 0),
    "tanh": lambda values: np.asarray(np.tanh(values)),
    "silu": silu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
}
_BLOCK = 1 << 22
"""Numbers of a layer's output that are held at once."""


@dataclass(frozen=True)
class Head:
    """Layers as (weight, bias), the activation between them, and the labels of the last one's numbers."""

    file: Path
    layers: tuple[tuple[Doubles, Doubles], ...]
    activation: str
    labels: tuple[str, ...]
    problem: str
    target: str | None

    @property
    def dimensions(self) -> int:
        """Numbers of a vector that it takes."""
        return int(self.layers[0][0].shape[1])

    def scores(self, vectors: Any) -> Doubles:
        """The score of each label for each vector (vectors, dimensions), in float64.

        Every number is a product of two vectors by itself: a matrix product may round otherwise with other rows.
        """
        size = max(1, _BLOCK // max(len(bias) for _, bias in self.layers))
        found = [self._block(vectors[start : start + size]) for start in range(0, len(vectors), size)]
        return np.concatenate(found) if found else np.empty((0, len(self.labels)))

    def _block(self, vectors: Any) -> Doubles:
        held = np.ascontiguousarray(vectors, np.float64)
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                held = np.ascontiguousarray(_BETWEEN[self.activation](held))
            held = np.vecdot(held[:, None, :], weight[None, :, :]) + bias
        return activated(held, self.problem)


def load_head(file: Path) -> Head:
    """The head in a file. Raises WeftError that says what in it is not as expected."""
    tensors, told = _read(file)
    layers = _layers(file, tensors)
    for (before, _), (after, _) in itertools.pairwise(layers):
        if after.shape[1] != before.shape[0]:
            raise WeftError(f"{file}: a layer gives {before.shape[0]} numbers, and the next takes {after.shape[1]}")
    count = len(layers[-1][1])
    labels = _labels(file, told, count)
    problem = told.get("problem_type") or ("regression" if count == 1 else "single_label_classification")
    activation = told.get("activation", "relu")
    for name, value, known in (("problem_type", problem, PROBLEMS), ("activation", activation, _BETWEEN)):
        if value not in known:
            raise WeftError(f"{file}: {name} is {value}; expected one of {', '.join(known)}{nearest(value, known)}")
    target = told.get("target")
    check_target(target, labels, str(file))
    return Head(file, layers, activation, labels, problem, target)


def save_head(file: Path, weight: Doubles, bias: Doubles, told: dict[str, str]) -> None:
    """Write a linear head as float32, with its metadata; the same bytes for the same head. Raises OSError."""
    tensors = {"bias": bias.astype("<f4"), "weight": weight.astype("<f4")}
    header: dict[str, Any] = {"__metadata__": dict(sorted(told.items()))}
    size = 0
    for name, values in tensors.items():
        places = [size, size + values.nbytes]
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": places}
        size += values.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # numbers begin at a multiple of eight
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(one.tobytes() for one in tensors.values()))


def _labels(file: Path, told: dict[str, str], count: int) -> tuple[str, ...]:
    if "labels" not in told:
        return tuple(f"LABEL_{number}" for number in range(count))
    try:
        held = json.loads(told["labels"])
    except ValueError as error:
        raise WeftError(f'{file}: labels in its metadata: expected JSON such as ["good", "bad"]: {error}') from error
    if not isinstance(held, list) or len(held) != count or len({str(one) for one in held}) != count:
        raise WeftError(f"{file}: labels in its metadata are {told['labels']}; expected a list of {count} names")
    return tuple(map(str, held))


def _layers(file: Path, tensors: dict[str, Doubles]) -> tuple[tuple[Doubles, Doubles], ...]:
    """Weights by the number in their name: `weight`, or `0.weight`, `2.weight` as torch.nn.Sequential names them."""
    numbers: dict[int, str] = {}
    for name in tensors:
        before, _, last = name.rpartition(".")
        part = before.rpartition(".")[2]
        if last not in ("weight", "bias") or (part and not part.isdigit()):
            raise WeftError(f"{file}: tensor {name} is not known here; expected weight and bias, or 0.weight, 0.bias …")
        numbers[int(part or 0)] = before
    found = []
    for _, before in sorted(numbers.items()):
        lead = f"{before}." if before else ""
        weight = tensors.get(f"{lead}weight")
        if weight is None or weight.ndim != 2:
            raise WeftError(f"{file}: {lead}weight is not there with two dimensions; expected (outputs, inputs)")
        bias = tensors.get(f"{lead}bias", np.zeros(len(weight)))
        if bias.shape != (len(weight),):
            raise WeftError(f"{file}: {lead}bias has the shape {bias.shape}; expected ({len(weight)},)")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise WeftError(f"{file}: {lead}weight or its bias holds what is no finite number")
        found.append((weight, bias))
    if not found:
        raise WeftError(f"{file}: no tensors in it; expected weight and bias of a linear layer")
    return tuple(found)


def _read(file: Path) -> tuple[dict[str, Doubles], dict[str, str]]:
    """Tensors as float64 and the metadata of a safetensors file: a length, a JSON header, and numbers end to end."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror}; expected a head in a safetensors file") from error
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        told = header.pop("__metadata__", {})
        return {name: _tensor(file, name, held, content[8 + size :]) for name, held in header.items()}, told
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeftError(f"{file}: is no safetensors file: {error}") from error


def _tensor(file: Path, name: str, held: dict[str, Any], content: bytes) -> Doubles:
    if held["dtype"] not in _KINDS:
        raise WeftError(f"{file}: {name} has numbers of type {held['dtype']}; expected {', '.join(_KINDS)}")
    first, last = held["data_offsets"]
    flat = np.frombuffer(content[first:last], _KINDS[held["dtype"]])
    if held["dtype"] == "BF16":  # the upper half of a float32
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return np.asarray(flat.reshape(held["shape"]), np.float64)
