"""Tells money that was seen from money that was only declared, charge by charge; pure, it decides no points.

A source is a short text: `app:psp` (reported by that App), `payment:gateway` (the flow before transactions),
`gift_card`, `hand:WHO` (declared by a person or an App), `import` (came with an order that was imported: Saleor keeps
no author), `unknown` (whoever reported it can't be asked any more).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from loyalty_plugin.domain.facts import ChargeFact, OrderFact
from loyalty_plugin.domain.paying.terms import GATEWAY
from loyalty_plugin.domain.programmes.document import ProgrammeDocument

APP: Final = "app:"
PAYMENT: Final = "payment:"
HAND: Final = "hand:"
GIFT_CARD: Final = "gift_card"
IMPORT: Final = "import"
UNKNOWN: Final = "unknown"
#: An order that replaces an earlier one, whose money stayed where it was.
REISSUE: Final = "reissue"
#: What is said of a charge when whoever reported it can't be asked any more: known better, it is believed as known.
NAMELESS: Final = frozenset({UNKNOWN, GIFT_CARD, IMPORT})


def remembered(charges: Iterable[ChargeFact], before: Mapping[str, str]) -> tuple[ChargeFact, ...]:
    """The charges with the source they had when it could still be read; `before` is by charge id."""
    return tuple(
        replace(charge, source=before.get(charge.charge_id, charge.source))
        if charge.source in NAMELESS
        else charge
        for charge in charges
    )


def seen(charge: ChargeFact, listed: Collection[str] = ()) -> bool:
    """Whether somebody saw the money. `listed` are the identifiers of Apps that are believed; none: every App is.

    An import is believed here: whether its order counts at all, the version says by a day.
    """
    if charge.source.startswith(APP):
        # What our own gateway charged, our own ledger knows.
        return not listed or charge.source.removeprefix(APP) in (*listed, GATEWAY)
    return charge.source in (GIFT_CARD, IMPORT) or charge.source.startswith(PAYMENT)


def by_hand(charges: Iterable[ChargeFact], listed: Collection[str] = ()) -> int:
    """What stands of the charges that nobody saw, minor units."""
    return sum(charge.stands for charge in charges if not seen(charge, listed))


def by_gift_card(charges: Iterable[ChargeFact]) -> int:
    """What was paid with the shop's own gift cards, minor units."""
    return sum(charge.amount for charge in charges if charge.source == GIFT_CARD)


def declared_by(charges: Iterable[ChargeFact]) -> set[str]:
    """The ids of those who declared money that nobody saw."""
    return {
        charge.source.removeprefix(HAND)
        for charge in charges
        if charge.source.startswith(HAND) and charge.stands
    }


def judged(fact: OrderFact, before: Mapping[str, str], listed: Collection[str]) -> OrderFact:
    """The order with its charges judged anew; as it was where its adapter gave none."""
    if not fact.charges:
        return fact
    charges = remembered(fact.charges, before) if before else fact.charges
    hand, card = by_hand(charges, listed), by_gift_card(charges)
    if (charges, hand, card) == (fact.charges, fact.paid_by_hand, fact.gift_card_paid):
        return fact
    return replace(fact, charges=charges, paid_by_hand=hand, gift_card_paid=card)


def needed(fact: OrderFact) -> int:
    """So much of the money paid by hand that the order would not be paid without it, minor units."""
    return min(max(fact.total_gross - (fact.charged - fact.paid_by_hand), 0), fact.paid_by_hand)


def wanted(fact: OrderFact, document: ProgrammeDocument) -> int:
    """The money paid by hand that counts if it may, minor units; 0 where the version counts none of it."""
    if document.hand_paid != "counts" or fact.origin == REISSUE:
        return 0
    return needed(fact)


def counted(fact: OrderFact, document: ProgrammeDocument, trusted: int) -> OrderFact:
    """The order with what of the money paid by hand does not count left in `paid_by_hand`.

    `trusted` is so much of it as limits let pass or a second person confirmed, minor units. Money by hand that was
    not needed never counts.
    """
    counts = min(wanted(fact, document), trusted)
    return replace(fact, paid_by_hand=fact.paid_by_hand - counts) if counts else fact
