"""Which line prices are to be written to a checkout so that it is as desired, and whether it then is; writes none.

`Desired` is, by line id, `{"price": …, "reason": …, "unit_price": …}`: the base unit price to send in minor units, None
to clear an override; the mark by which it is known again (the shop does not tell the price); and, optionally, what the
line is to cost per unit afterwards, promotions included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.perks import corrected_base

Desired = Mapping[str, Mapping[str, Any]]
#: Line id, base unit price in minor units or None to clear it, mark.
Change = tuple[str, int | None, str]


def difference(checkout: CheckoutFact, desired: Desired) -> list[Change]:
    """What is not yet as desired. The mark tells: Saleor resets it whenever a price is set without one."""
    changes: list[Change] = []
    for line in checkout.lines:
        want = desired.get(line.line_id)
        if want is None:
            continue
        reason = "" if want["price"] is None else want["reason"]
        if line.override_reason != reason:
            changes.append((line.line_id, want["price"], reason))
    return changes


def corrections(checkout: CheckoutFact, desired: Desired, sent: Sequence[Change]) -> list[Change]:
    """What to send instead where the shop's answer is another price than was promised.

    A promotion may be a fixed reduction, or one that the shop window still shows (its prices are worked out later) and
    no checkout has any more: without this the customer would pay more than was promised. What a voucher or a promotion
    on the order takes off is none of the price: a line that is lower by its share stays as it is.
    """
    lines = {line.line_id: line for line in checkout.lines}
    again: list[Change] = []
    for line_id, base, reason in sent:
        line, target = lines.get(line_id), desired[line_id].get("unit_price")
        if line is None or base is None or target is None:
            continue
        if checkout.reduced and line.unit_price <= target:
            continue
        better = corrected_base(target, base, line.unit_price, line.list_price, line.promotion_price)
        if better is not None:
            again.append((line_id, better, reason))
    return again


def differing(checkout: CheckoutFact, desired: Desired) -> dict[str, int]:
    """Unit prices, by line id, that are not what was promised: what only a voucher lowered is."""
    return {
        line.line_id: line.unit_price
        for line in checkout.lines
        if line.line_id in desired
        and desired[line.line_id].get("unit_price") not in (None, line.unit_price)
        and not (checkout.reduced and line.unit_price <= desired[line.line_id]["unit_price"])
    }
