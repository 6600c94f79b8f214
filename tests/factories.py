"""Makes programmes, members and order facts for tests, through the services that shops use."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import LineFact, OrderFact
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.gifts import Gift
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry, holds, members, programmes, resolution
from loyalty_plugin.services.orders.apply import apply_orders

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
REALM = "https://shop.example/graphql/"
CHANNEL = "default-channel"
_numbers = itertools.count(1)

TIERS: list[dict[str, Any]] = [
    {"code": "basic", "name": {"en": "Basic"}, "rank": 0},
    {
        "code": "premium",
        "name": {"en": "Premium"},
        "rank": 1,
        "entry": [[{"metric": "spend", "at_least": 30_000}]],
    },
    {"code": "vip", "name": {"en": "VIP"}, "rank": 2, "entry": [[{"metric": "spend", "at_least": 100_000}]]},
]


def document(**changes: Any) -> dict[str, Any]:
    """A small programme: one point for each euro, doubled for premium, 14 days of return window."""
    return {
        "tiers": TIERS,
        "earning": {
            "rules": [{"id": "base", "rule": "amount", "params": {"points": 1, "per": "1.00"}}],
            "multipliers": [
                {"id": "tier", "multiplier": "tier", "params": {"rates": {"premium": "2", "vip": "3"}}}
            ],
        },
        "pending": {"starts": "payment", "window_days": 14},
        "expiry": {"kind": "after", "months": 12},
        **changes,
    }


def realm(url: str = REALM, *, live: bool = True) -> Realm:
    """A Saleor we know."""
    return Realm.objects.get_or_create(api_url=url, defaults={"live": live})[0]


def programme(
    rules: Mapping[str, Any] | None = None,
    *,
    starts_at: datetime = NOW - timedelta(days=400),
    currency: str = "EUR",
    timezone: str = "Europe/Berlin",
    max_award: int = 100_000,
    code: str = "",
) -> Programme:
    """A programme with its first version published, serving one channel of a realm."""
    forget_documents()
    resolution.forget()
    draft = programmes.create_programme(
        SYSTEM,
        code=code or f"club-{next(_numbers)}",
        name="Club",
        currency=currency,
        timezone=timezone,
        document=rules or document(),
        now=starts_at,
        max_award=max_award,
    )
    programmes.serve_channels(
        SYSTEM, programme_id=draft.programme_id, realm_id=realm().pk, slugs=[CHANNEL], now=starts_at
    )
    programmes.publish(SYSTEM, version_id=draft.pk, now=starts_at)
    return draft.programme


def member(of: Programme, *, now: datetime = NOW, verified: bool = True, **known: Any) -> Member:
    """A member with a customer account."""
    number = next(_numbers)
    person = members.Person(
        **{
            "name": f"Member {number}",
            "email": f"m{number}@shop.example",
            "external_id": f"User:{number}",
            **known,
        }
    )
    return members.join(
        SYSTEM, programme_id=of.pk, person=person, now=now, realm_id=realm().pk, verified=verified
    )


def line(gross: int, *, quantity: int = 1, product: str = "Product:1", **more: Any) -> LineFact:
    """One order line; net is five sixths of gross."""
    return LineFact(
        **{
            "line_id": f"Line:{next(_numbers)}",
            "quantity": quantity,
            "product_id": product,
            "variant_id": f"{product}:v",
            "gross": gross,
            "net": gross * 5 // 6,
            "undiscounted_gross": gross,
            **more,
        }
    )


def order(
    of: Member,
    gross: int = 10_000,
    *,
    at: datetime = NOW,
    lines: Sequence[LineFact] | None = None,
    **more: Any,
) -> OrderFact:
    """An order of this member, paid in full at `at`."""
    lines = tuple(lines) if lines is not None else (line(gross),)
    total = sum(one.gross for one in lines)
    number = next(_numbers)
    return OrderFact(
        **{
            "realm": REALM,
            "order_id": f"Order:{number}",
            "number": str(number),
            "channel": CHANNEL,
            "currency": of.programme.currency,
            "user_id": of.external_id,
            "user_email": of.email,
            "created_at": at,
            "updated_at": at,
            "status": "UNFULFILLED",
            "lines": lines,
            "total_gross": total,
            "total_net": sum(one.net for one in lines),
            "shipping_gross": 0,
            "shipping_net": 0,
            "charged": total,
            "refunded": 0,
            "paid_at": at,
            **more,
        }
    )


def gift(of: Member, **more: Any) -> Gift:
    """A gift of today's that the shop has, ready to be taken until tomorrow."""
    given = {
        "perk": "tea",
        "occasion": "birthday:2026",
        "title": "House tea",
        "code": "GIFT-ABCD2345EFGH",
        "status": Gift.Status.READY,
        "first_day": NOW.date(),
        "last_day": NOW.date() + timedelta(days=1),
    }
    return Gift.objects.create(member=of, realm_id=of.realm_id, **{**given, **more})


def reserve(of: Member, points: int) -> None:
    """An order's points that have come in, and so many of them reserved for an hour."""
    apply_orders([order(of, 12_345, at=NOW - timedelta(days=20))], now=NOW)
    expiry.mature(now=NOW)
    holds.place(
        SYSTEM, key="cart", member_id=of.pk, realm_id=realm().pk, target="Checkout:1",
        amounts={POINTS: points}, lasting=timedelta(hours=1), now=NOW,
    )  # fmt: skip
