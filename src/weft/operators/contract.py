"""What an operator is: a decorated factory whose keywords are its recipe schema."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Literal, Protocol, TypeVar

import pyarrow as pa

from weft.operators.protocols import PROTOCOLS
from weft.operators.service import ServiceClient

BatchFunction = Callable[[pa.Table], pa.Table]
"""A map or group: a batch in, the same batch plus columns (or new rows) out; pure, any batch size."""


class Fold(Protocol):
    """What a fold factory returns: partials of batches merge, in shard order, into one small table."""

    def partial(self, batch: pa.Table) -> pa.Table: ...

    def merge(self, partials: list[pa.Table]) -> pa.Table: ...

    def finish(self, state: pa.Table) -> pa.Table: ...


class Fetcher(Protocol):
    """How acquire reaches bytes without knowing storage: handed in by the engine."""

    def open(self, path: str) -> BinaryIO:
        """A seekable binary stream of `path` (local path or URL). Raises OSError."""
        ...


ReadFunction = Callable[[pa.Table, Fetcher], Iterator[pa.Table]]
"""An acquire reader: a table of units (see `model.units`) in, bounded batches of raw records out."""

ServiceFunction = Callable[[pa.Table, ServiceClient], Awaitable[pa.Table]]
"""A service operator: a batch and a client with recorded replies in, the batch plus columns out."""


@dataclass(frozen=True)
class Resources:
    """What one task needs; stated by the author, never probed."""

    cpus: float = 1
    gpus: float = 0
    memory_gb: float = 1


@dataclass(frozen=True)
class OperatorSpec:
    """The declaration that `operator` attaches to a factory as `.spec`."""

    name: str
    version: int
    reads: tuple[str, ...]
    writes: Mapping[str, pa.DataType]
    build: Callable[..., Any]
    kind: Literal["map", "fold", "group", "service"] = "map"
    rows: Literal["keep", "make"] = "keep"
    group_by: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources)
    assets: tuple[str, ...] = ()
    service: str | None = None
    """Parameter that names the service, which the recipe describes under `services`."""
    services_beside: tuple[str, ...] = ()
    """Services: parameters that name further services, or none; reached by `ServiceClient.beside`."""
    protocols: tuple[str, ...] = ()
    """Services: the protocols (`operators.protocols`) by which it can ask."""
    transient: bool = False
    """True: the columns live only inside one fused task and are never stored (a segmentation)."""
    libraries: tuple[str, ...] = ()
    """Installed distributions whose version changes answers (`icu4py`, `Resiliparse`): part of the key."""
    accepts: tuple[str, ...] = ()
    """Acquire readers: file name endings that they read, most specific first."""
    files_in: tuple[str, ...] = ()
    """Parameters that name a file or several: in a recipe relative to its folder, and in the key by their content.
    Of several the names count as well, as an answer may say which of them it is from."""
    folders_in: tuple[str, ...] = ()
    """Parameters that name a model or several: the folder, in a recipe relative to the recipe's, or the name in the
    local cache of the Hugging Face Hub; in the key by the content of the folder, of several also by its name."""
    settle: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """What checked parameters become when a recipe is read: a choice that was left to the machine is made then, so that
    the key names it."""
    columns_in: str | None = None
    """Parameter that names a label column, or lists several, which are read besides `reads`."""

    writes_by: Callable[[Mapping[str, Any]], Mapping[str, pa.DataType]] | None = None
    """The types of the columns with some parameters, where they depend on them; `writes` has the names, and a sample of
    the types."""

    device_in: str | None = None
    """Parameter that names the device: the operator needs a GPU wherever it is not `cpu`."""

    def needing(self, parameters: Mapping[str, Any]) -> Resources:
        """What a task with this operator needs, with these parameters."""
        if self.device_in is None or parameters.get(self.device_in) == "cpu":
            return self.resources
        return replace(self.resources, gpus=max(self.resources.gpus, 1))

    def asking(self, parameters: Mapping[str, Any]) -> dict[str, str]:
        """The services that the operator asks with these parameters: names by parameter, its own first."""
        named = (*((self.service,) if self.service is not None else ()), *self.services_beside)
        return {name: str(parameters[name]) for name in named if parameters.get(name) is not None}

    def reading(self, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        """Every column that the operator reads with these parameters."""
        named = parameters.get(self.columns_in or "", ())
        return (*self.reads, *((named,) if isinstance(named, str) else named))

    def writing(self, parameters: Mapping[str, Any]) -> Mapping[str, pa.DataType]:
        """Every column that the operator writes with these parameters, and its type."""
        return self.writes if self.writes_by is None else self.writes_by(parameters)

    def given(self, parameters: Mapping[str, Any]) -> OperatorSpec:
        """The declaration as it is with these parameters."""
        return self if self.writes_by is None else replace(self, writes=dict(self.writing(parameters)))

    @property
    def room(self) -> str:
        """`label` of `label.script`."""
        return self.name.partition(".")[0]

    @property
    def short(self) -> str:
        """`script` of `label.script`; the name of the label column."""
        return self.name.partition(".")[2]


Factory = TypeVar("Factory", bound=Callable[..., Any])


def operator(
    name: str,
    *,
    version: int,
    reads: tuple[str, ...],
    writes: Mapping[str, pa.DataType],
    **rest: Any,
) -> Callable[[Factory], Factory]:
    """Attach an `OperatorSpec` to a factory; registers nothing.

    Raises ValueError when the name is not `room.what_it_gives`, or the declaration contradicts itself.
    """
    if name.count(".") != 1 or not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"operator name {name!r}: expected room.what_it_gives, such as label.script")
    if version < 1:
        raise ValueError(f"operator {name}: version is {version}; expected 1 or more")

    def describe(build: Factory) -> Factory:
        spec = OperatorSpec(name, version, tuple(reads), dict(writes), build, **rest)
        if (spec.kind == "group") != bool(spec.group_by):
            raise ValueError(f"operator {name}: kind 'group' and group_by go together")
        if (spec.kind == "service") != (spec.service is not None):
            raise ValueError(f"operator {name}: kind 'service' and service go together")
        if spec.kind == "service" and not set(spec.protocols) <= set(PROTOCOLS):
            raise ValueError(
                f"operator {name}: protocols are {spec.protocols}; expected some of {', '.join(PROTOCOLS)}"
            )
        build.spec = spec  # type: ignore[attr-defined]
        return build

    return describe
