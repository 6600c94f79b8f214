"""Events that came, and what the shop would answer now: for tests of working the inbox off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty_plugin.domain.facts import CustomerFact, OrderFact
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.registry import bind, ports
from tests import factories
from tests.factories import NOW
from tests.saleor.roomkit import event, install


class Storefront:
    """What the shop would answer now, and what it was asked."""

    def __init__(self) -> None:
        self.order_facts: dict[str, OrderFact] = {}
        self.customer_facts: dict[str, CustomerFact] = {}
        self.asked: list[list[str]] = []
        self.trouble: Exception | None = None

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        return self._found(self.order_facts, order_ids)

    def customers(self, realm: str, user_ids: Sequence[str]) -> Mapping[str, CustomerFact]:
        return self._found(self.customer_facts, user_ids)

    def _found(self, facts: dict[str, Any], ids: Sequence[str]) -> Mapping[str, Any]:
        self.asked.append(list(ids))
        if self.trouble:
            raise self.trouble
        return {one: facts[one] for one in ids if one in facts}

    def has(self, *facts: OrderFact) -> None:
        self.order_facts |= {fact.order_id: fact for fact in facts}


@pytest.fixture
def storefront(monkeypatch: pytest.MonkeyPatch) -> Storefront:
    made, before = Storefront(), ports.storefront
    bind(storefront=made)  # type: ignore[arg-type]
    yield made  # type: ignore[misc]
    bind(storefront=before)


@pytest.fixture
def ours(db: None) -> Installation:
    return install(api_url=factories.REALM)


def came(ours: Installation, *bodies: bytes, **more: Any) -> list[InboxItem]:
    import json

    start = InboxItem.objects.count()
    return [
        InboxItem.objects.create(
            installation=ours,
            sha256=(start + n).to_bytes(32),
            event=json.loads(body)["__typename"],
            body=body,
            received_at=NOW,
            **more,
        )
        for n, body in enumerate(bodies)
    ]


def order_event(fact: OrderFact, typename: str = "OrderFullyPaid", **claims: Any) -> bytes:
    return event(typename, order={"id": fact.order_id, **claims})


def state(row: InboxItem) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.outcome


def overdue() -> None:
    InboxItem.objects.filter(status="new").update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def customer(**more: Any) -> CustomerFact:
    return CustomerFact(
        **{
            "realm": factories.REALM,
            "user_id": "VXNlcjox",
            "email": "ada@mail.example",
            "name": "Ada",
            "active": True,
            "confirmed": False,
            "language": "en",
            "joined_at": NOW,
            "updated_at": NOW,
            **more,
        }
    )


def customer_event(typename: str, user_id: str = "VXNlcjox") -> bytes:
    return event(typename, user={"id": user_id})
