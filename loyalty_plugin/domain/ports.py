"""What services need from outside, as protocols; bound once by `apps`, faked in tests; nothing is done here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from loyalty_plugin.domain.facts import CheckoutFact, CustomerFact, OrderFact, Page, Part, ShelfFact
from loyalty_plugin.domain.goods import Found, Goods, GoodsKind
from loyalty_plugin.domain.perks import Thresholds
from loyalty_plugin.domain.shopping import Passed


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """This instant, timezone-aware."""
        ...


class Storefront(Protocol):
    """The shop's commerce side, one realm at a time."""

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        """Orders as they are now, by id, at most `PAGE`; unknown ids are missing. Raises TryLater."""
        ...

    def customers(self, realm: str, user_ids: Sequence[str]) -> Mapping[str, CustomerFact]:
        """Customer accounts as they are now, by id, at most `PAGE`; unknown ids are missing. Raises TryLater."""
        ...

    def orders_page(self, realm: str, part: Part) -> Page[OrderFact]:
        """A page of all orders. Raises TryLater."""
        ...

    def customers_page(self, realm: str, part: Part) -> Page[CustomerFact]:
        """A page of all customers. Raises TryLater."""
        ...

    def failed_events(self, realm: str) -> Iterator[tuple[str, bytes]]:
        """Events the shop gave up telling us of, as long as it remembers them: kind and body. Raises TryLater."""
        ...

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact | None:
        """The checkout as it is now, None when there is none. Raises TryLater."""
        ...

    def thresholds(self, checkout: CheckoutFact, *, now: datetime) -> Thresholds:
        """The minima this cart can fall below; `unknown` where the shop refuses to tell. May be some minutes old.

        Raises TryLater.
        """
        ...

    def shelf(self, realm: str, channel: str, variant_ids: Sequence[str]) -> Mapping[str, ShelfFact]:
        """Variants as a channel sells them now, by id, at most `PAGE`; what it sells to nobody is missing.

        Raises TryLater.
        """
        ...

    def variant_prices(self, realm: str, channel: str, variant_ids: Sequence[str]) -> Mapping[str, ShelfFact]:
        """Variants with their prices in a channel, whether it shows them or not, at most `PAGE`. Raises TryLater."""
        ...

    def shelf_of_products(
        self, realm: str, channel: str, product_ids: Sequence[str]
    ) -> Mapping[str, Sequence[ShelfFact]]:
        """The same of all variants of products, by product, at most `PAGE` products. Raises TryLater."""
        ...

    def confirm_token(self, realm: str, token: str) -> str:
        """The customer whose access token the shop says this is at this moment, empty if it is nobody's (any more).

        Asked before an act on money: a token that was verified here may have been revoked since. Raises TryLater.
        """
        ...

    def pass_on(
        self, realm: str, operation: str, variables: Mapping[str, Any], *, address: str = ""
    ) -> Passed:
        """Do what a buyer at this address asks for, with our rights; the shop's own answer. Raises TryLater.

        Nothing is looked at here: whether they may is the caller's to know.
        """
        ...

    def transaction_checkout(self, realm: str, transaction_id: str) -> str:
        """The checkout that a payment was begun on, empty where there is none (any more). Raises TryLater."""
        ...

    def set_line_prices(
        self,
        realm: str,
        checkout_id: str,
        prices: Sequence[tuple[str, int | None, str]],
        *,
        currency: str = "",
    ) -> CheckoutFact:
        """Set the base unit price of lines: (line id, minor units or None to clear, reason); the new state.

        The currency is the checkout's; where it is not given, the checkout is read first.
        """
        ...


class Catalogue(Protocol):
    """The shop's goods by name and picture, as staff choose them."""

    def search(self, realm: str, kind: GoodsKind, text: str, *, channel: str) -> Found:
        """What a channel has of a kind by these words, the first of all without any. Raises TryLater, SaleorError."""
        ...

    def named(self, realm: str, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, Goods]:
        """Goods by id, at most `PAGE`; unknown ids are missing. Raises TryLater, SaleorError."""
        ...

    def priced(
        self, realm: str, channel: str, variant_ids: Sequence[str] | None
    ) -> Sequence[tuple[Goods, ShelfFact]]:
        """Variants with what everybody pays: these (at most `PAGE`), or with None some the channel sells.

        Raises TryLater, SaleorError.
        """
        ...

    def variants_of(self, realm: str, skus: Sequence[str]) -> Mapping[str, str]:
        """Variant ids by SKU, at most `PAGE`; unknown ones are missing. Raises TryLater, SaleorError."""
        ...


class Connection(Protocol):
    """Our App's own standing at the Saleors it is, or is about to be, installed in."""

    def accept(self, realm: str, token: str, *, now: datetime) -> None:
        """Believe an install handshake once that Saleor confirms it. Raises HandshakeRefused, TryLater."""
        ...

    def review(self, realm: str, *, told: str = "", now: datetime) -> str:
        """Look at how our App stands there now and store it; the state, empty where it was never installed.

        `told` is what an event claims ("inactive", "deleted"): it only names the reason once our token is dead.
        """
        ...

    def mend(self, realm: str, *, now: datetime) -> str:
        """Review, and do at once what can be done from here. The state afterwards. Raises TryLater, SaleorError."""
        ...

    def renew_secret(self, realm: str, *, now: datetime) -> None:
        """Give our webhooks there another secret, without losing what is under way. Raises TryLater."""
        ...


class Delivery(Protocol):
    """Carries outgoing changes (outbox rows) to where they belong."""

    def deliver(self, item_ids: Sequence[int], *, now: datetime) -> Mapping[str, int]:
        """Deliver these rows at once, outside any transaction; counts by outcome. What fails stays to be retried."""
        ...
