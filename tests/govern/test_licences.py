"""The strictest of licences, and which let adaptations be made."""

import pytest

from weft.govern.licences import may_derive, restrictiveness, strictest


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["CC-BY-4.0", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC0-1.0", "MIT"], "MIT"),
        (["MIT", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-1.0", "CC-BY-SA-4.0"], "CC-BY-SA-1.0 AND CC-BY-SA-4.0"),
        (["CC-BY-SA-4.0", "GFDL-1.3-or-later"], "CC-BY-SA-4.0 AND GFDL-1.3-or-later"),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-SA-4.0"),
        (["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"], "CC-BY-NC-SA-4.0 AND CC-BY-SA-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-4.0"], "CC-BY-NC-SA-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-ND-4.0"], "CC-BY-NC-ND-4.0"),
        (["CC-BY-ND-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-ND-4.0"),
        (["MIT", "Apache-2.0"], "Apache-2.0 AND MIT"),
        (["CC-BY-3.0", "CC-BY-4.0"], "CC-BY-3.0 AND CC-BY-4.0"),
        (["LicenseRef-radio", "CC0-1.0"], "LicenseRef-radio"),
        (["LicenseRef-radio", "CC-BY-4.0"], "CC-BY-4.0 AND LicenseRef-radio"),
        (["CC-BY-4.0 AND MIT", "CC-BY-SA-4.0"], "CC-BY-SA-4.0"),
        (["MIT OR GPL-2.0-only", "CC-BY-4.0"], "(MIT OR GPL-2.0-only) AND CC-BY-4.0"),
        (["(MIT OR Apache-2.0) AND CC-BY-4.0"], "(MIT OR Apache-2.0) AND CC-BY-4.0"),
        (["cc-by-4.0", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", "unknown"], "unknown"),
        (["CC-BY-4.0", None], "unknown"),
        (["CC-BY-4.0 AND unknown"], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_strictest_of_licences_is_inherited_whatever_their_order(given: list[str | None], expected: str) -> None:
    assert strictest(given) == expected
    assert strictest(given[::-1]) == expected
    assert strictest([strictest(given)]) == expected


def test_licences_stand_in_one_order_from_public_domain_to_unknown() -> None:
    order = ["PDDL-1.0", "Apache-2.0", "ODC-By-1.0", "ODbL-1.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-3.0-IGO"]
    assert [restrictiveness(one) for one in [*order, "LicenseRef-own", None]] == list(range(8))
    assert restrictiveness("MIT AND CC-BY-NC-4.0") == 4
    assert restrictiveness("MIT OR CC-BY-NC-4.0") == 1


@pytest.mark.parametrize(
    ("licence", "may"),
    [
        ("CC-BY-4.0", True),
        ("cc-by-nd-4.0", False),
        ("CC-BY-NC-ND-3.0-US", False),
        ("CC-BY-4.0 AND CC-BY-ND-4.0", False),
        ("CC-BY-ND-4.0 OR MIT", True),
        ("(CC-BY-ND-4.0 OR CC-BY-NC-ND-4.0) AND MIT", False),
        ("LicenseRef-own", None),
        ("LicenseRef-own AND CC-BY-ND-4.0", False),
        ("unknown", None),
        (None, None),
        ("NOASSERTION", None),
    ],
)
def test_no_derivatives_is_read_from_any_expression(licence: str | None, may: bool | None) -> None:
    assert may_derive(licence) is may
