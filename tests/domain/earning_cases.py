"""Small orders, members and versions for tests of earning; asserts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.cuts import full_caps
from loyalty_plugin.domain.earning.decide import Decision, decide
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.earning.resolved import resolve
from loyalty_plugin.domain.extensions import Occasion
from loyalty_plugin.domain.facts import LineFact, MemberFact, OrderFact, RemainingCaps
from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.domain.programmes.version import ProgrammeVersion

#: A Monday at noon, in summer time.
AT = datetime(2026, 6, 15, 10, tzinfo=UTC)
TIERS = [
    {"code": "basic", "name": {"en": "Basic", "de": "Basis"}, "rank": 0},
    {
        "code": "premium",
        "name": {"en": "Premium"},
        "rank": 1,
        "entry": [[{"metric": "spend", "at_least": 50000}]],
    },
    {"code": "vip", "name": {"en": "VIP"}, "rank": 2, "entry": [[{"metric": "spend", "at_least": 200000}]]},
]
ONE_PER_EURO: dict[str, Any] = {"id": "amount", "rule": "amount", "params": {"points": 1, "per": 1}}


def version_of(earning: Mapping[str, Any], *, currency: str = "EUR", **document: Any) -> ProgrammeVersion:
    """A version in force with these earning terms."""
    return ProgrammeVersion(
        id=7,
        programme_id=1,
        code="main",
        number=3,
        name="Club",
        currency=currency,
        zone=ZoneInfo("Europe/Berlin"),
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        max_award=100_000,
        document=parse_document({"tiers": TIERS, "earning": earning, **document}),
    )


def line(line_id: str, gross: int, **more: Any) -> LineFact:
    """A line of this gross amount, taxed at 25 % where nothing else is said."""
    return LineFact(line_id, **{"quantity": 1, "gross": gross, "net": gross * 4 // 5, **more})


def an_order(*lines: LineFact, currency: str = "EUR", **more: Any) -> OrderFact:
    """A paid order of these lines, without shipping where nothing else is said."""
    shipping = more.get("shipping_gross", 0)
    gross = sum(item.gross for item in lines) + shipping
    values: dict[str, Any] = {
        "realm": "https://shop.example/graphql/",
        "order_id": "T3JkZXI6MQ==",
        "number": "1",
        "channel": "web",
        "currency": currency,
        "user_id": "user",
        "user_email": "",
        "created_at": AT,
        "updated_at": AT,
        "status": "UNFULFILLED",
        "lines": lines,
        "total_gross": gross,
        "total_net": sum(item.net for item in lines) + more.get("shipping_net", shipping * 4 // 5),
        "shipping_gross": shipping,
        "shipping_net": shipping * 4 // 5,
        "charged": gross,
        "refunded": 0,
        "paid_at": AT,
    }
    return OrderFact(**{**values, **more})


def a_member(**more: Any) -> MemberFact:
    """A member of the lowest tier who joined a year ago."""
    return MemberFact(**{"member_id": 1, "tier": "basic", "joined_on": date(2025, 6, 1), **more})


def decided(
    earning: Mapping[str, Any],
    order: OrderFact,
    member: MemberFact | None = None,
    *,
    at: datetime = AT,
    remaining: RemainingCaps | None = None,
    currency: str = "EUR",
) -> Decision:
    """What this order earns; caps and budgets untouched where nothing else is said."""
    version = version_of(earning, currency=currency)
    occasion = order_occasion(version, order, member or a_member(), at=at)
    return decided_on(version, occasion, remaining)


def decided_on(
    version: ProgrammeVersion, occasion: Occasion, remaining: RemainingCaps | None = None
) -> Decision:
    """What this occasion earns."""
    terms = version.document.earning
    resolved = resolve(terms, registry.rules.get, registry.multipliers.get)
    return decide(version, occasion, remaining or full_caps(terms), resolved)
