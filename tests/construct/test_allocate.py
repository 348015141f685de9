"""Shares of a budget: equal to a direct computation in fractions, under the cap, with nothing lost on the way."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.construct.allocate import check_budget, fill, limits_of, named_weights, power, quota, temperature, unimax
from weft.errors import WeftError

SIZES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(1, 10**9), min_size=1, max_size=12)
CAPS = st.fractions(1, 10, max_denominator=8)


def published_unimax(sizes: dict[str, int], budget: Fraction, cap: Fraction) -> dict[str, Fraction]:
    """Algorithm 1 of Chung et al. 2023 as it is printed: the budget of a language is tested against its cap."""
    ordered = sorted(sizes.items(), key=lambda item: (item[1], item[0]))
    left, number, parts = budget, len(ordered), {}
    for name, size in ordered:
        even = left / number
        parts[name] = size * cap if even > size * cap else even
        left, number = left - parts[name], number - 1
    return parts


@given(SIZES, st.integers(1, 10**10), CAPS)
def test_unimax_is_the_published_algorithm(sizes: dict[str, int], budget: int, cap: Fraction) -> None:
    found = unimax(sizes, Fraction(budget), cap)
    assert found == published_unimax(sizes, Fraction(budget), cap)
    assert sum(found.values()) == min(Fraction(budget), cap * sum(sizes.values()))
    assert all(found[name] <= cap * size for name, size in sizes.items())
    # As even as the cap allows is what filling equal shares gives as well.
    assert found == fill(Fraction(budget), dict.fromkeys(sizes, Fraction(1)), limits_of(sizes, cap))


def test_unimax_by_hand() -> None:
    sizes = {"large": 1000, "middle": 100, "small": 10}
    assert unimax(sizes, Fraction(600), Fraction(4)) == {"small": 40, "middle": 280, "large": 280}
    assert unimax(sizes, Fraction(900), Fraction(4)) == {"small": 40, "middle": 400, "large": 460}
    assert unimax(sizes, Fraction(30), Fraction(4)) == {"small": 10, "middle": 10, "large": 10}
    assert unimax(sizes, Fraction(600), None) == {"small": 200, "middle": 200, "large": 200}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 10**9))
def test_temperature_is_exact_where_powers_are(roots: list[int], budget: int) -> None:
    sizes = {f"l{place}": root**10 for place, root in enumerate(roots)}
    whole = sum(root**3 for root in roots)
    found = temperature(sizes, Fraction(budget), 0.3)
    assert found == {f"l{place}": Fraction(budget * root**3, whole) for place, root in enumerate(roots)}


@given(SIZES, st.integers(1, 10**9))
def test_temperature_one_is_in_proportion_and_zero_is_even(sizes: dict[str, int], budget: int) -> None:
    whole = sum(sizes.values())
    assert temperature(sizes, Fraction(budget), 1.0) == {n: Fraction(budget * s, whole) for n, s in sizes.items()}
    assert temperature(sizes, Fraction(budget), 0.0) == dict.fromkeys(sizes, Fraction(budget, len(sizes)))


@given(st.integers(1, 10**15), st.floats(0, 1))
def test_powers_agree_with_floating_point(size: int, alpha: float) -> None:
    assert float(power(size, alpha)) == pytest.approx(size**alpha, rel=1e-12)


@given(SIZES, st.data(), CAPS)
def test_what_a_limit_cuts_off_goes_to_the_others_in_proportion(
    sizes: dict[str, int], data: st.DataObject, cap: Fraction
) -> None:
    shares = {name: Fraction(data.draw(st.integers(0, 50)), 7) for name in sizes}
    total = Fraction(data.draw(st.integers(0, 10**10)))
    limits = {name: cap * size for name, size in sizes.items()}
    found = fill(total, shares, limits)
    reachable = sum((limits[name] for name in sizes if shares[name]), Fraction(0))
    assert sum(found.values()) == min(total, reachable)
    assert all(found[name] <= limits[name] for name in sizes)
    assert all(found[name] == 0 for name in sizes if not shares[name])
    free = {found[name] / shares[name] for name in sizes if shares[name] and found[name] < limits[name]}
    assert len(free) <= 1, "names below their limits keep the proportion of their shares"
    held = [found[name] / shares[name] for name in sizes if shares[name] and found[name] == limits[name]]
    assert not free or all(level <= next(iter(free)) for level in held)


def test_quotas_and_what_is_left_for_others() -> None:
    sizes = {"books": 1000, "web": 3000, "wiki": 1000}
    wanted = {"books": Fraction(1, 2)}
    assert quota(Fraction(800), sizes, wanted, None) == {"books": 400, "web": 300, "wiki": 100}
    assert quota(Fraction(0), sizes, wanted, limits_of(sizes, Fraction(1))) == dict.fromkeys(sizes, 0)
    scarce = {"books": 10, "web": 3000, "wiki": 1000}
    assert quota(Fraction(800), scarce, wanted, limits_of(scarce, Fraction(4))) == {
        "books": 40,
        "web": 570,
        "wiki": 190,
    }


def test_a_language_without_what_a_quota_asks_for_is_not_lost() -> None:
    alone, wanted = {"web": 100}, {"books": Fraction(1)}
    assert quota(Fraction(50), alone, wanted, limits_of(alone, Fraction(1))) == {"web": 50}
    assert quota(Fraction(50), alone, wanted, None) == {"web": 50}


@given(SIZES, st.data(), CAPS)
def test_quotas_use_up_the_whole(sizes: dict[str, int], data: st.DataObject, cap: Fraction) -> None:
    named = data.draw(st.lists(st.sampled_from(sorted(sizes)), unique=True))
    wanted = {name: Fraction(1, 2 * len(named)) for name in named}
    limits = {name: cap * size for name, size in sizes.items()}
    total = min(Fraction(data.draw(st.integers(0, 10**10))), sum(limits.values()))
    found = quota(total, sizes, wanted, limits)
    assert sum(found.values()) == total
    assert all(0 <= found[name] <= limits[name] for name in sizes)


def test_weights_name_languages_that_are_there() -> None:
    names = ["swh_Latn", "yor_Latn"]
    given_weights = {"swh_Latn": Fraction(2)}
    assert named_weights(given_weights, Fraction(1), names) == {"swh_Latn": 2, "yor_Latn": 1}
    with pytest.raises(WeftError, match=r"no document in train has the language yor_Ltn; .*did you mean yor_Latn\?"):
        named_weights({"yor_Ltn": Fraction(1)}, Fraction(1), names)
    with pytest.raises(WeftError, match=r"1 of 2 have no weight \(yor_Latn\); expected .*others: 0"):
        named_weights(given_weights, None, names)


def test_a_budget_that_cannot_be_met() -> None:
    with pytest.raises(WeftError, match=r"500 bytes cannot be met: with at most 4 epochs there are 400; expected"):
        check_budget(Fraction(500), {"a": Fraction(400)}, Fraction(400), "bytes", 4.0)
    with pytest.raises(WeftError, match="no document in train is left"):
        check_budget(Fraction(500), {}, Fraction(0), "bytes", 4.0)
    check_budget(Fraction(400), {"a": Fraction(400)}, Fraction(400), "bytes", 4.0)
