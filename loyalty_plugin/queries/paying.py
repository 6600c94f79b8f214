"""Reads what a version lets members pay with, what a member has for it, and the payments there are; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import POINTS, bonus, principal
from loyalty_plugin.domain.paying import Parts, Payable, PointsTerms, Wallet, payable_of, used
from loyalty_plugin.domain.paying.parts import BonusSpent
from loyalty_plugin.domain.paying.room import Bars, Line
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.ledger import Balance
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.policies import Operation, require

#: Of these a checkout has one at most.
OPEN = (Payment.State.RESERVED, Payment.State.LEAVING)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be paid how by a version. `not_by_stored` is None where nothing is paid with stored value."""

    points: PointsTerms | None
    not_by_points: Bars
    not_by_stored: Bars | None
    bonus_spent: BonusSpent


def rules_of(version: ProgrammeVersion) -> Rules:
    """What the version says. Gift cards are money to come and are never paid with points."""
    terms = version.document.paying.points

    def not_by_points(line: Line) -> bool:
        return line.gift_card or (terms is not None and terms.excluded.has(line))

    return Rules(terms, not_by_points, None, "last")


def wallet_of(member_id: int, currency: str) -> Wallet:
    """What a member may spend now. One query."""
    units = (POINTS, principal(currency), bonus(currency))
    rows = Balance.objects.filter(member_id=member_id, unit__in=units).values_list("unit", "available")
    there = dict(rows)
    return Wallet(*(there.get(unit, 0) for unit in units))


def room_of_order(fact: OrderFact, version: ProgrammeVersion) -> Payable:
    """What of an order may be paid with points and stored value, whoever else paid some of it.

    Only its goods count: caps were kept when it was reserved, and a total that fell since makes nobody a thief.
    """
    rules = rules_of(version)
    terms = rules.points.model_copy(update={"share": 10_000, "most": None}) if rules.points else None
    return payable_of(
        fact,
        terms,
        due=fact.total_gross,
        not_by_points=rules.not_by_points,
        not_by_stored=rules.not_by_stored,
    )


def parts_of(payment: Payment) -> Parts:
    """What a payment consists of."""
    spent: BonusSpent = payment.bonus_spent  # type: ignore[assignment]
    return Parts(payment.points, payment.points_money, payment.principal, payment.bonus, spent)


def given_part(payment: Payment) -> int:
    """What of the charge was no money of the member's: points and bonus, minor units, whatever went back since."""
    whole = used(parts_of(payment), payment.charged)
    return whole.points_money + whole.bonus


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as staff see it: amounts in minor units, `reason` a code where it was released."""

    amount: int
    charged: int
    refunded: int
    points: int
    currency: str
    state: str
    reason: str
    order: str
    at: datetime


def payments_of(actor: Actor, *, member_id: int, most: int = 20) -> list[PaymentView]:
    """A member's newest payments, newest first. One query. Raises PermissionDenied."""
    require(actor, Operation.VIEW_MEMBERS)
    rows = Payment.objects.filter(member_id=member_id).order_by("-created_at")[:most]
    return [
        PaymentView(
            row.amount,
            row.charged,
            row.refunded,
            row.points,
            row.currency,
            row.state,
            row.reason,
            row.order_number,
            row.created_at,
        )
        for row in rows
    ]


def by_transaction(facts: Iterable[OrderFact]) -> Mapping[tuple[str, str], Payment]:
    """The payments of these orders' transactions, by realm and transaction. One query, none without transactions."""
    ids = {one.transaction_id for fact in facts for one in fact.transactions}
    if not ids:
        return {}
    rows = Payment.objects.filter(transaction_id__in=ids).select_related("realm", "member")
    return {(row.realm.api_url, row.transaction_id): row for row in rows}


def open_payment(realm_id: int, checkout_id: str, member_id: int) -> Payment | None:
    """What a member has reserved for a checkout."""
    return (
        Payment.objects.filter(
            realm_id=realm_id, checkout_id=checkout_id, member_id=member_id, state__in=OPEN
        )
        .select_related("hold")
        .first()
    )
