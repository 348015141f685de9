"""Pairs whose target a person wrote: the source is made of it by a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import Reply, Sampling, settled
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.passages import Division, passages
from weft.synthesize.similarity import alike
from weft.synthesize.translating import TRANSLATORS, loaded, translate

NAME, VERSION, TAG = "synthesize.back_translation", 1, "<BT>"


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    libraries=("icu4py",),
    services_beside=("returning",),
    protocols=TRANSLATORS,
)
def back_translation(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    into: str,
    returning: str | None = None,
    division: Division = "sentence",
    shortest: Annotated[int, Field(ge=1)] = 10,
    longest: Annotated[int, Field(ge=1)] = 2000,
    floor: Annotated[float, Field(ge=0, le=100)] = 30.0,
    prefix: bool = False,
    iteration: Annotated[int, Field(ge=1)] = 1,
    prompt: str = "translate",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Pairs of a source in `into` that `service` makes, and of the text in `language` that a person wrote.

    A text, or the side of a pair in `language`, is taken by `division`: of `shortest` to `longest` characters. With
    `returning`, a service as well and maybe the same, the source is translated back: chrF of the text and what came
    back is `round_trip` in the note, and below `floor` there is no pair. `bins` makes quality bins of these. A source
    that is the text itself is none either, as a copy comes back best of all. The note has the tag `<BT>` and the
    `iteration`; with `prefix` the source begins with the tag.
    After Caswell et al. 2019 (tags), Imankulova et al. 2019 (round trips) and Ramnath et al. 2021 (bins).
    """
    if language == into:
        raise WeftError(f"into is {into}, the language of the text; expected another one")
    asked, settings = loaded(prompt), settled(sampling, Sampling())

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = passages(making, parents(batch), language, division, shortest, longest)
        rows, texts = [row for row, _ in held], [text for _, text in held]
        sources = await translate(client, rows, texts, language, into, asked, settings)
        backs: dict[int, Reply | None] = {}
        if returning is not None:
            places = [n for n, one in enumerate(sources) if one is not None and _fault(one, texts[n]) is None]
            there = [(sources[n] or _NOTHING).text for n in places]
            other = client.beside("returning")
            back = await translate(other, [rows[n] for n in places], there, into, language, asked, settings)
            backs = dict(zip(places, back, strict=True))
        scores = _scores(texts, backs)
        for n, (row, text) in enumerate(held):
            source = sources[n] or _NOTHING
            calls = [*source.calls, *(backs.get(n) or _NOTHING).calls]
            fault = _fault(sources[n], text) or _unreturned(n, backs, scores, floor)
            if fault is not None:
                making.none(row, fault[1], fault[2], kind=fault[0], calls=calls)
                continue
            note: dict[str, Any] = {"tag": TAG, "iteration": iteration}
            note |= {"round_trip": round(scores[n], 2)} if n in scores else {}
            shown = f"{TAG} {source.text}" if prefix else source.text
            made = Part("translation", shown, into, "back_translation", of=text, of_language=language)
            parts = [made, Part("translation", text, language)]
            making.record(row, "pair", parts, language=language, skill="translation", note=note, calls=calls)
        return making.table()

    return make


_NOTHING = Reply("", None, ())


def _fault(source: Reply | None, text: str) -> tuple[str, str, str] | None:
    """Kind, reason and detail of a source that makes no pair."""
    if source is None:
        return "error", "no_reply", "the service gave no translation"
    if not source.text:
        return "reject", "empty", "the translation is empty"
    return ("reject", "copied", "the translation is the text itself") if source.text == text else None


def _unreturned(
    place: int, backs: dict[int, Reply | None], scores: dict[int, float], floor: float
) -> tuple[str, str, str] | None:
    """Kind, reason and detail of a source that was translated back and did not come back well enough."""
    if place in backs and place not in scores:
        return "error", "no_reply", "nothing came back of the round trip"
    if place in scores and scores[place] < floor:
        return "reject", "round_trip", f"chrF of the round trip is {scores[place]:.1f}; expected {floor:g} or more"
    return None


def _scores(texts: Sequence[str], backs: dict[int, Reply | None]) -> dict[int, float]:
    """chrF of what came back, by place of the text."""
    known = {n: back.text for n, back in backs.items() if back is not None}
    return dict(zip(known, alike(list(known.values()), [texts[n] for n in known]), strict=True))


def bins(scores: Sequence[float], count: int) -> list[int]:
    """The quality bin of each round trip, from 0 (worst) to `count` - 1, by their percentiles (HintedBT, 2109.04443).

    Equal scores share a bin, so that it does not depend on the order. Raises WeftError for less than one bin.
    """
    if count < 1:
        raise WeftError(f"{count} bins; expected 1 or more")
    values = np.asarray(scores, np.float64)
    if not len(values):
        return []
    edges = np.quantile(values, np.arange(1, count) / count)
    return [int(one) for one in np.searchsorted(edges, values, "right")]
