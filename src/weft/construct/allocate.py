"""Shares of a budget in exact arithmetic: temperature, UniMax, weights, and quotas under a cap of epochs.

Every function takes whole sizes by name and answers fractions, so a share never depends on the order of additions.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction

from weft.errors import WeftError, nearest

_DIGITS = Context(prec=40)
"""Powers to forty digits by decimal arithmetic: the same on every machine, where a C library's pow may differ."""


def fill(
    total: Fraction, shares: Mapping[str, Fraction], limits: Mapping[str, Fraction] | None = None
) -> dict[str, Fraction]:
    """`total` split in proportion to `shares`, none above its limit; what a limit cuts off goes to the others.

    Names with share 0 get 0. When all limits are reached the parts add up to less than `total`.
    """
    parts = dict.fromkeys(shares, Fraction(0))
    wanted = [name for name, share in shares.items() if share > 0]
    if limits is None:
        whole = sum((shares[name] for name in wanted), Fraction(0))
        return parts | {name: total * shares[name] / whole for name in wanted}
    left, rest = total, sum((shares[name] for name in wanted), Fraction(0))
    # In the order in which they reach their limits, as UniMax goes from small languages to large ones.
    for name in sorted(wanted, key=lambda name: (limits[name] / shares[name], name)):
        parts[name] = min(limits[name], shares[name] * left / rest)
        left, rest = left - parts[name], rest - shares[name]
    return parts


def limits_of(sizes: Mapping[str, int], cap: Fraction | None) -> dict[str, Fraction] | None:
    """The most of each that a cap of epochs allows."""
    return None if cap is None else {name: cap * size for name, size in sizes.items()}


def unimax(sizes: Mapping[str, int], budget: Fraction, cap: Fraction | None) -> dict[str, Fraction]:
    """UniMax (Chung et al. 2023, arXiv:2304.09151): as uniform as a cap of epochs allows.

    By ascending size each language gets min(cap * size, budget left / languages left).
    """
    left, parts = Fraction(budget), {}
    for place, name in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        even = left / (len(sizes) - place)
        parts[name] = even if cap is None else min(cap * sizes[name], even)
        left -= parts[name]
    return {name: parts[name] for name in sizes}


def temperature(
    sizes: Mapping[str, int], budget: Fraction, alpha: float, cap: Fraction | None = None
) -> dict[str, Fraction]:
    """Shares in proportion to size to the power `alpha` (XLM-R, mT5: 0.3); what a cap cuts off goes to the others."""
    return fill(budget, {name: power(size, alpha) for name, size in sizes.items()}, limits_of(sizes, cap))


def power(size: int, alpha: float) -> Fraction:
    """size ** alpha to forty significant digits; exact where the power has no more."""
    if size == 0:
        return Fraction(0)
    return Fraction(_DIGITS.power(Decimal(size), Decimal(repr(float(alpha)))))


def named_weights(
    weights: Mapping[str, Fraction], others: Fraction | None, names: list[str], what: str = "language"
) -> dict[str, Fraction]:
    """The weight of every name. Raises WeftError for a weight of none of them, and for names without a weight."""
    unknown = sorted(set(weights) - set(names))
    if unknown:
        known = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise WeftError(
            f"construct.mixture.weights: no document in train has the {what} {unknown[0]}; "
            f"expected some of {known or 'none, as there are no documents'}{nearest(unknown[0], names)}"
        )
    without = [name for name in names if name not in weights]
    if without and others is None:
        shown = ", ".join(without[:8]) + (", …" if len(without) > 8 else "")
        raise WeftError(
            f"construct.mixture.weights: {len(without)} of {len(names)} have no weight ({shown}); "
            "expected a weight for each, or others: 0 to leave them out"
        )
    return {name: weights.get(name, others if others is not None else Fraction(0)) for name in names}


def check_budget(budget: Fraction, parts: Mapping[str, Fraction], most: Fraction, unit: str, cap: float | None) -> None:
    """Raise WeftError when the parts are less than the budget: nothing is cut silently."""
    if sum(parts.values(), Fraction(0)) >= budget:
        return
    if not most:
        raise WeftError("construct.mixture: no document in train is left to mix; expected rules that keep some")
    raise WeftError(
        f"construct.mixture.budget: {int(budget):,} {unit} cannot be met: with at most {cap:g} epochs there are "
        f"{int(most):,}; expected at most that, more epochs, or no budget"
    )


def quota(
    total: Fraction, sizes: Mapping[str, int], wanted: Mapping[str, Fraction], limits: Mapping[str, Fraction] | None
) -> dict[str, Fraction]:
    """`total` split over values of a facet: those of `wanted` by their shares, the others by what these leave.

    Others divide the rest in proportion to size. Where limits leave a quota unmet, all that have more text fill in,
    so that a language is not lost because it lacks what a quota asks for.
    """
    named = {name: wanted[name] for name in sizes if name in wanted}
    rest = max(Fraction(0), 1 - sum(wanted.values(), Fraction(0)))
    open_size = sum(size for name, size in sizes.items() if name not in wanted)
    shares = {name: named[name] if name in named else rest * Fraction(size, open_size) for name, size in sizes.items()}
    if limits is None:
        return fill(total, shares if any(shares.values()) else {n: Fraction(s) for n, s in sizes.items()})
    parts = fill(total, shares, limits)
    left = total - sum(parts.values(), Fraction(0))
    if left:
        room = {name: limits[name] - parts[name] for name in sizes}
        more = fill(left, {name: Fraction(size) for name, size in sizes.items()}, room)
        parts = {name: parts[name] + more[name] for name in sizes}
    return parts
