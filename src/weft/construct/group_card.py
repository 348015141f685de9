"""What the card says of documents that stay together."""

from __future__ import annotations

from collections.abc import Mapping

from weft.construct.groups import SMALL


def units_text(units: Mapping[str, float]) -> str:
    """How many documents stay together in how many units, how large these are, and what was not drawn.

    `units` has `documents`, `units`, `rows_out` (documents that are not alone), `largest` (share above which a unit is
    not drawn), `largest_unit` and `whole` (documents).
    """
    found, least = units["largest_unit"], units["least_characters"]
    sides = "the side of a pair" if least == 1 else f"the side of a pair of {least:,} characters or more"
    text = (
        f"Documents that share a cluster, a group or {sides} are in one split: {units['rows_out']:,} of "
        f"{units['documents']:,} documents are in {units['units']:,} units, the largest of {found:,}"
    )
    text += f" ({found / units['documents']:.1%})." if units["documents"] else "."
    if units["whole"]:
        text += (
            f" Units of more than {units['largest']:.0%} of all documents (and {SMALL}) are not drawn, as one of them "
            f"would be most of a split: {units['whole']:,} documents are in the split with the largest share for that."
        )
    return text
