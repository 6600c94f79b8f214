"""A shop that gives its lists page by page, for tests of what is brought in or reconciled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty_plugin.domain.facts import CustomerFact, OrderFact, Page, Part
from tests.factories import NOW, REALM


@dataclass
class PagedShop:
    """Orders and customers as the shop has them now; pages of `size`; raises `trouble` once it is set."""

    order_facts: dict[str, OrderFact] = field(default_factory=dict)
    customer_facts: dict[str, CustomerFact] = field(default_factory=dict)
    failed: list[tuple[str, bytes]] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    size: int = 2
    #: What was asked: "orders" or "customers" with the cursor.
    asked: list[tuple[str, str]] = field(default_factory=list)
    trouble: Exception | None = None
    #: Answer so many pages, then raise `trouble`.
    patience: int | None = None

    def has(self, *facts: OrderFact | CustomerFact) -> None:
        for fact in facts:
            if isinstance(fact, OrderFact):
                self.order_facts[fact.order_id] = fact
            else:
                self.customer_facts[fact.user_id] = fact

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        return {one: self.order_facts[one] for one in order_ids if one in self.order_facts}

    def customers(self, realm: str, user_ids: Sequence[str]) -> Mapping[str, CustomerFact]:
        return {one: self.customer_facts[one] for one in user_ids if one in self.customer_facts}

    def failed_events(self, realm: str) -> Iterator[tuple[str, bytes]]:
        yield from self.failed

    def orders_page(self, realm: str, part: Part) -> Page[OrderFact]:
        return self._page("orders", self.order_facts.values(), "created_at", part)

    def customers_page(self, realm: str, part: Part) -> Page[CustomerFact]:
        return self._page("customers", self.customer_facts.values(), "joined_at", part)

    def _page(self, what: str, facts: Any, created: str, part: Part) -> Page[Any]:
        self.asked.append((what, part.after))
        if self.patience is not None:
            self.patience -= 1
        if self.trouble is not None and (self.patience is None or self.patience < 0):
            raise self.trouble
        column = "updated_at" if part.changed_since else created
        since = part.changed_since or part.created_since
        found = sorted(
            (fact for fact in facts if since is None or getattr(fact, column) >= since),
            key=lambda fact: (getattr(fact, column), getattr(fact, "order_id", "")),
        )
        start = int(part.after or 0)
        some = tuple(found[start : start + self.size])
        last = start + len(some)
        unreadable = self.unreadable if not start else {}
        return Page(some, str(last), last < len(found), len(found) if part.counting else None, unreadable)


def customer(number: int, *, joined_at: datetime = NOW, **more: Any) -> CustomerFact:
    """A confirmed account."""
    return CustomerFact(
        **{
            "realm": REALM,
            "user_id": f"User:c{number}",
            "email": f"c{number}@shop.example",
            "name": f"Customer {number}",
            "active": True,
            "confirmed": True,
            "language": "en",
            "joined_at": joined_at,
            "updated_at": joined_at,
            **more,
        }
    )
