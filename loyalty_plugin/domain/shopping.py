"""What a shop answered to a buyer who asked through us, and what of it we read for ourselves; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_plugin.domain.facts import CheckoutFact


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as far as it matters whose it is: ids at the shop, empty for a guest's and for one of no checkout."""

    order_id: str
    checkout_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer in the shop's own shape (`data`, `errors`), decimals exact.

    `done`: no error is in it, neither of the request nor of the mutation. `checkout` and `order` are those it is about,
    None where it shows none.
    """

    answer: Mapping[str, Any]
    done: bool
    checkout: CheckoutFact | None = None
    order: PlacedOrder | None = None
