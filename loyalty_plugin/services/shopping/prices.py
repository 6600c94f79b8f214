"""Gives changed lines their member price within the change itself, and brings a checkout to what is promised on it.

The caller holds the checkout's lease. Whatever was sent with a change, the checkout as the shop answers it is quoted
anew: what was sent only saves the second write, and leaves no moment at which more units have an old price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.db import transaction

from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact
from loyalty_plugin.domain.line_prices import Desired, corrections, difference
from loyalty_plugin.domain.perks import QuotedLine, Thresholds
from loyalty_plugin.domain.perks.bases import arrived
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.promises import MARK
from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import MembersOnly, UnknownProgramme
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.offers import price_fact, quote_checkout
from loyalty_plugin.queries.programmes import programme_of_channel, version_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services import declines, locks
from loyalty_plugin.services.benefits import member_of, promise_lines

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Settled:
    """A checkout as it stands. `written`: prices were written to it. `right`: each line costs what is promised.

    `barred` are lines whose product is kept for others.
    """

    checkout: CheckoutFact
    written: bool
    right: bool
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Terms:
    version: ProgrammeVersion
    member: Member | None
    thresholds: Thresholds


def with_prices(
    realm: Realm, checkout: CheckoutFact, lines: Sequence[Mapping[str, Any]], *, now: datetime
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Lines to add or to set (`variantId` or `lineId`, `quantity`) with their member price; bases by the mark sent.

    Raises MembersOnly for what is kept for others, TryLater.
    """
    terms = _terms(realm, checkout, now)
    if terms is None:
        return [dict(line) for line in lines], {}
    after, touched = _changed(checkout, lines)
    quotes = _by_line(terms, replace(checkout, lines=after), now)
    # What is kept for members they may buy all the same.
    wanted = terms.member is None or not declines.declined(terms.member, realm, checkout.checkout_id)
    marks: dict[str, str] = {}
    sent: dict[str, int] = {}
    answer: list[dict[str, Any]] = []
    standing = {line.line_id: line for line in after}
    for given, line_id in zip(lines, touched, strict=True):
        quoted, line = quotes.get(line_id), standing.get(line_id)
        if quoted is None or line is None or not realm.live:
            answer.append(dict(given))
            continue
        if quoted.barred:
            raise MembersOnly(variants=[line.variant_id])
        if quoted.base is not None and wanted:
            mark = marks.setdefault(line_id, f"{MARK}{uuid4()}")
            sent[mark] = quoted.base
            price = Money(quoted.base, checkout.currency).decimal
            answer.append({**given, "price": price, "priceOverrideReason": mark})
        elif line.override_reason.startswith(MARK):
            answer.append({**given, "price": None})
        else:
            answer.append(dict(given))
    return answer, sent


def settle(
    realm: Realm,
    checkout: CheckoutFact,
    *,
    now: datetime,
    before_writing: Callable[[], None],
    sent: Mapping[str, int] | None = None,
    untouched: bool = False,
) -> Settled:
    """Promise what is to be promised on this checkout and bring its prices to that, asking the shop as rarely as can be.

    `before_writing` is asked before each write; `untouched` as for `benefits.apply_benefits`.
    Raises TryLater, SaleorError, NotFound where the checkout is gone.
    """
    terms = _terms(realm, checkout, now)
    if terms is None:
        return Settled(checkout, False, True)
    written = False
    kept: dict[str, PricePromise] = {}
    for _round in range(_ROUNDS):
        with transaction.atomic():
            locks.hold(f"{checkout.realm}|{checkout.checkout_id}")
            kept, desired = promise_lines(
                realm, terms.member, terms.version, checkout, terms.thresholds, now,
                sent=sent, untouched=untouched,
            )  # fmt: skip
        changes = difference(checkout, desired)
        if not changes:
            # What was sent with the change itself may meet a promotion that only the shop's answer shows.
            wanted = _wanted(kept)
            changes = corrections(
                checkout, wanted, [(key, one["price"], one["reason"]) for key, one in wanted.items()]
            )
        if not changes:
            break
        before_writing()
        written = True
        checkout = ports.storefront.set_line_prices(
            realm.api_url, checkout.checkout_id, changes, currency=checkout.currency
        )
    PricePromise.objects.filter(
        pk__in=[one.pk for one in kept.values()], status=PricePromise.Status.PROMISED
    ).update(status=PricePromise.Status.APPLIED)
    quotes = _by_line(terms, checkout, now) if realm.live else {}
    return Settled(
        checkout,
        written,
        right=_right(checkout, kept),
        barred=tuple(line_id for line_id, quoted in quotes.items() if quoted.barred),
    )


def _wanted(kept: Mapping[str, PricePromise]) -> Desired:
    return {
        line_id: {"price": one.base_price, "reason": f"{MARK}{one.pk}", "unit_price": one.unit_price}
        for line_id, one in kept.items()
    }


def _right(checkout: CheckoutFact, kept: Mapping[str, PricePromise]) -> bool:
    """Whether every line costs what is promised, for as many units, and none bears a mark without a promise."""
    wanted = _wanted(kept)
    stray = any(line.override_reason.startswith(MARK) and line.line_id not in kept for line in checkout.lines)
    units = all(
        line.line_id not in kept or kept[line.line_id].quantity == line.quantity for line in checkout.lines
    )
    prices = all(
        line.line_id not in kept
        or arrived(kept[line.line_id].unit_price, line.unit_price)
        or (checkout.reduced and line.unit_price <= kept[line.line_id].unit_price)
        for line in checkout.lines
    )
    return units and prices and not stray and not difference(checkout, wanted)


def _terms(realm: Realm, checkout: CheckoutFact, now: datetime) -> _Terms | None:
    """Under which terms it is priced; None where no programme serves its channel, or one in another currency."""
    programme = programme_of_channel(realm.pk, checkout.channel)
    if programme is None:
        return None
    try:
        version = version_at(programme.pk, now)
    except UnknownProgramme:
        return None
    if version.currency != checkout.currency:
        return None
    member = member_of(realm, programme.pk, checkout.user_id)
    thresholds = ports.storefront.thresholds(checkout, now=now) if member is not None else Thresholds()
    return _Terms(version, member, thresholds)


def _by_line(terms: _Terms, checkout: CheckoutFact, now: datetime) -> dict[str, QuotedLine]:
    fact = price_fact(terms.member, terms.version) if terms.member is not None else None
    quotes = quote_checkout(terms.version, fact, checkout, now=now, thresholds=terms.thresholds)
    return {quoted.line_id: quoted for quoted in quotes}


def _changed(
    checkout: CheckoutFact, lines: Sequence[Mapping[str, Any]]
) -> tuple[tuple[CheckoutLineFact, ...], list[str]]:
    """The lines as they will be, and for each change the line it touches. What the shop does not sell has none."""
    after = {line.line_id: line for line in checkout.lines}
    wanted = [str(one["variantId"]) for one in lines if "variantId" in one]
    known = {line.variant_id: line.line_id for line in reversed(checkout.lines)}
    missing = list(dict.fromkeys(one for one in wanted if one not in known))
    shelf = ports.storefront.variant_prices(checkout.realm, checkout.channel, missing) if missing else {}
    touched: list[str] = []
    for number, one in enumerate(lines):
        if "lineId" in one:
            line_id = str(one["lineId"])
            if line_id in after and one["quantity"]:
                after[line_id] = replace(after[line_id], quantity=one["quantity"])
            else:
                after.pop(line_id, None)
        else:
            variant_id = str(one["variantId"])
            line_id = known.get(variant_id, "")
            sold = shelf.get(variant_id)
            if line_id:
                # Saleor adds to the line of the same variant, whose price stays.
                more = after[line_id].quantity + one["quantity"]
                after[line_id] = replace(after[line_id], quantity=more)
            elif sold is not None:
                line_id = known[variant_id] = f"new:{number}"
                after[line_id] = CheckoutLineFact(
                    line_id, variant_id, sold.product_id, one["quantity"], sold.list_price, sold.price,
                    sold.price, sold.category_id, sold.collection_ids, sold.gift_card,
                )  # fmt: skip
        touched.append(line_id)
    return tuple(line for line in after.values() if line.quantity), touched
