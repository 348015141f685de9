"""What a recipe says of its mixture: shares of languages, quotas of facets, caps, and the unit of it all."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Method = Literal["natural", "temperature", "unimax", "weights"]
LANGUAGE = "lid.language"
ALPHA = 0.3
_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
_SLACK = 1e-9
"""By which decimal shares may miss 1 when they are added as doubles."""


def _at_most_all(shares: dict[str, float]) -> dict[str, float]:
    if sum(shares.values()) > 1 + _SLACK:
        raise ValueError(f"the shares add up to {sum(shares.values()):g}; expected at most 1")
    return shares


Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Shares = Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]], AfterValidator(_at_most_all)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Rehydration(_Closed):
    """Documents weigh by the size of their cluster: more where fewer documents of such clusters fail the rules."""

    most: int | None = Field(None, ge=1, description="Weight of the best cluster sizes; by default the cap of epochs.")
    by: str | None = Field(
        LANGUAGE, description="Facet that has a fit of its own, such as lid.language or source; null: one fit for all."
    )
    pool: int = Field(200, ge=1, description="Cluster sizes are pooled until this many clusters are together.")


class Mixture(_Closed):
    """How often each document is read: shares of languages under a cap of epochs, quotas within them, repeats."""

    method: Method = Field("unimax", description="How the budget is shared; see docs/mixtures.md.")
    by: str = Field(LANGUAGE, description="Facet that the budget is shared over: a text column or field.")
    budget: int | None = Field(None, gt=0, description="Size of the mixture in `unit`; by default what there is.")
    unit: str = Field(
        "auto", description="tokens, bytes, characters, a whole-number column, or auto: tokens if counted, else bytes."
    )
    epochs: float | None = Field(
        4.0,
        ge=1,
        allow_inf_nan=False,
        description="No language is read more often, no document more than this rounded up; null: no cap.",
    )
    alpha: float | None = Field(
        None, ge=0, le=1, description="Temperature: shares as size to this power (1: as it is, 0: equal), else 0.3."
    )
    weights: dict[str, Weight] = Field(default_factory=dict, description="Relative share of each language by code.")
    others: Weight | None = Field(None, description="Weight of each language that `weights` does not name.")
    quotas: dict[str, Shares] = Field(
        default_factory=dict, description="Facet: value: share of each language's part; the rest is for other values."
    )
    rehydrate: Rehydration | None = Field(None, description="Weigh documents by the size of their cluster.")
    written: Literal["copies", "once"] = Field(
        "copies", description="A repeated document as that many rows, or as one row with the column repeats."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Mixture:
        self._check_method()
        if self.by in self.quotas:
            raise ValueError(f"quotas of {self.by}, which the budget is shared over; expected method: weights")
        held = self.rehydrate
        if held is not None and held.most is not None and self.epochs is not None and held.most > self.epochs:
            raise ValueError(
                f"rehydrate.most is {held.most}, above the cap of {self.epochs:g} epochs; expected at most the cap"
            )
        if held is not None and held.most is None and self.epochs is None:
            raise ValueError("rehydrate without a cap of epochs; expected rehydrate.most, such as 10")
        return self

    def _check_method(self) -> None:
        if self.method == "weights" and not self.weights:
            raise ValueError("method weights without any; expected weights: {swh_Latn: 2, yor_Latn: 1}")
        if self.method != "weights" and (self.weights or self.others is not None):
            raise ValueError(f"weights with method {self.method}; expected method: weights")
        if self.method != "temperature" and self.alpha is not None:
            raise ValueError(f"alpha with method {self.method}; expected method: temperature")
        if self.weights and not any(self.weights.values()) and not self.others:
            raise ValueError("every weight is 0; expected at least one above")
        if self.by == LANGUAGE:
            self.coded_weights()

    @property
    def cap(self) -> Fraction | None:
        """The cap of epochs, exactly as it is written in decimals."""
        return None if self.epochs is None else exact(self.epochs)

    @property
    def temperature(self) -> float:
        """The exponent of sizes."""
        return ALPHA if self.alpha is None else self.alpha

    def columns(self) -> list[str]:
        """Every facet that the mixture reads."""
        fit = [self.rehydrate.by] if self.rehydrate is not None and self.rehydrate.by is not None else []
        return list(dict.fromkeys([self.by, *self.quotas, *fit]))

    def coded_weights(self) -> dict[str, float]:
        """Weights by value of `by`; languages may be written as BCP-47 tags or names. Raises ValueError for others."""
        if self.by != LANGUAGE:
            return dict(self.weights)
        from weft.model.languages import normalise

        coded: dict[str, float] = {}
        for name, weight in self.weights.items():
            # A whole code stays: the identifier has codes of groups (hbs_Latn) that a normaliser would resolve.
            code = name if _CODE.fullmatch(name) else normalise(name)
            if code in coded:
                raise ValueError(f"weights name {code} twice, once as {name}")
            coded[code] = weight
        return coded


def exact(value: float) -> Fraction:
    """The decimal that a person wrote, not the double nearest to it: 0.1 is 1/10."""
    return Fraction(repr(value))
