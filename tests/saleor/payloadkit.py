"""Orders, transactions and payments in JSON as Saleor answers them; no more than its readers look at."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

APP = {"__typename": "App", "identifier": "psp"}
USER = {"__typename": "User", "id": "VXNlcjo3"}
_numbers = itertools.count(1)
Json = dict[str, Any]


def charge(kind: str, amount: str, **more: Any) -> Json:
    return {
        "id": f"event-{next(_numbers)}",
        "type": kind,
        "createdAt": "2026-03-02T12:00:00+00:00",
        "message": "",
        "pspReference": "ref",
        "amount": {"amount": Decimal(amount)},
        "createdBy": APP,
        **more,
    }


def transaction(*events: Json, **more: Any) -> Json:
    return {"name": "", "events": list(events), **more}


def payment(status: str, captured: str, **more: Any) -> Json:
    return {
        "id": "payment-1",
        "gateway": "psp",
        "isActive": True,
        "created": "2026-03-02T12:00:00+00:00",
        "chargeStatus": status,
        "total": {"amount": Decimal("30")},
        "capturedAmount": {"amount": Decimal(captured)},
        **more,
    }


def order(*transactions: Json, **more: Any) -> Json:
    both = lambda amount: {"gross": {"amount": Decimal(amount)}, "net": {"amount": Decimal(amount)}}  # noqa: E731
    return {
        "id": "T3JkZXI6MQ==",
        "number": "1",
        "status": "UNFULFILLED",
        "origin": "CHECKOUT",
        "created": "2026-03-02T11:59:00+00:00",
        "updatedAt": "2026-03-02T12:00:01+00:00",
        "checkoutId": None,
        "userEmail": "ada@mail.example",
        "user": None,
        "channel": {"slug": "default-channel"},
        "total": {"currency": "USD", **both("30.00")},
        "shippingPrice": both("0"),
        "lines": [],
        "transactions": list(transactions),
        "payments": [],
        "fulfillments": [],
        **more,
    }
