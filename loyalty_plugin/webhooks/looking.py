"""Goes and looks at the things events name, by the hundred, and hands the facts to the services that act on them.

Each function takes hints of one Saleor about one kind of thing and gives an outcome for each hint. It reads no amount
from an event, and takes an event's claim only once a look has confirmed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import PAGE, OrderFact
from loyalty_plugin.errors import CurrencyMismatch, NotFound, TryLater
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.hints import Hint
from loyalty_plugin.services import benefits, members
from loyalty_plugin.services.customers import keep_customers
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.webhooks.outcomes import Outcome, done, ignored, retried, together


def orders(realm: str, hints: Sequence[Hint], now: datetime) -> dict[int, Outcome]:
    """Read the orders named and apply what they are now, all at once. Many events of one order are one look."""
    facts: dict[str, OrderFact] = {}
    for ids in _pages(hints):
        facts |= ports.storefront.orders(realm, ids)
    applied = apply_orders(list(facts.values()), now=now)
    outcomes = {order_id: done(one.outcome) for order_id, one in zip(facts, applied, strict=True)}
    return _by_item(hints, outcomes, missing=ignored("unknown_order"))


def customers(realm: str, hints: Sequence[Hint], now: datetime) -> dict[int, Outcome]:
    """Make customers members where a programme takes everybody, keep their contact, let those go who are gone."""
    row = Realm.objects.filter(api_url=realm, live=True).first()
    if row is None:
        return {hint.item_id: ignored("staging") for hint in hints}
    outcomes: dict[str, Outcome] = {}
    gone = {hint.target for hint in hints if hint.claim == "deleted"}
    for ids in _pages(hints):
        facts = ports.storefront.customers(realm, ids)
        codes = keep_customers(row, [facts[user_id] for user_id in ids if user_id in facts], now=now)
        outcomes |= {user_id: done(code) for user_id, code in codes.items()}
        for user_id in gone.intersection(ids).difference(facts):
            left = Member.objects.filter(realm=row, external_id=user_id)
            members.leave(SYSTEM, member_ids=list(left.values_list("pk", flat=True)), now=now)
            outcomes[user_id] = done("left")
    return _by_item(hints, outcomes, missing=ignored("unknown_customer"))


def checkouts(realm: str, hints: Sequence[Hint], now: datetime) -> dict[int, Outcome]:
    """Lay on each checkout of a member the prices that are theirs, and take off those that are not.

    Every event counts, also one that our own write caused: it finds no difference. Checkouts of strangers on which
    nothing was promised are not looked at.
    """
    ids = {hint.target for hint in hints}
    concerned = set(
        PricePromise.objects.filter(
            realm__api_url=realm, checkout_id__in=ids, status__in=_OPEN_PROMISES
        ).values_list("checkout_id", flat=True)
    )
    ours = set(
        Member.objects.filter(
            realm__api_url=realm, external_id__in={hint.owner for hint in hints} - {""}
        ).values_list("external_id", flat=True)
    )
    concerned |= {hint.target for hint in hints if hint.owner in ours}
    outcomes = {checkout_id: _checkout(realm, checkout_id, now) for checkout_id in sorted(concerned)}
    return _by_item(hints, outcomes, missing=ignored("not_a_members"))


def _checkout(realm: str, checkout_id: str, now: datetime) -> Outcome:
    try:
        promised = benefits.apply_benefits(SYSTEM, realm_url=realm, checkout_id=checkout_id, now=now)
    except TryLater as error:
        # Each on its own: those before it are done.
        return retried(error.code, counts=False)
    except NotFound as refusal:
        # Completed meanwhile, or a channel that no programme serves.
        return ignored(refusal.code)
    except CurrencyMismatch as refusal:
        return ignored(refusal.code)
    return done("changed" if promised.changed else "")


def app(realm: str, hints: Sequence[Hint], now: datetime) -> dict[int, Outcome]:
    """Look at how our App stands at this Saleor; the gravest claim names the reason if our token is dead."""
    claims = {hint.claim for hint in hints}
    told = "deleted" if "deleted" in claims else "inactive"
    state = ports.connection.review(realm, told=told, now=now)
    return {hint.item_id: done(state) for hint in hints}


def _pages(hints: Sequence[Hint]) -> Iterator[list[str]]:
    ids = sorted({hint.target for hint in hints})
    for start in range(0, len(ids), PAGE):
        yield ids[start : start + PAGE]


def _by_item(
    hints: Sequence[Hint], outcomes: Mapping[str, Outcome], *, missing: Outcome
) -> dict[int, Outcome]:
    return together((hint.item_id, outcomes.get(hint.target, missing)) for hint in hints)


_OPEN_PROMISES: Final = (PricePromise.Status.PROMISED, PricePromise.Status.APPLIED)
