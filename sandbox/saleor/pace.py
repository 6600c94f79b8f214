"""Makes a call take the time measured on the real Saleor; a switch makes everything instant."""

from __future__ import annotations

import time

#: Milliseconds a root field takes, as measured; a field that is not listed takes OTHER.
MILLISECONDS = {
    "checkout": 100,
    "order": 60,
    "orders": 0,  # by the number of orders returned, see order_page
    "customers": 110,
    "user": 20,
    "me": 20,
    "app": 15,
    "appsInstallations": 15,
    "webhook": 15,
    "transactions": 25,
    "transaction": 25,
    "shop": 10,
    "channel": 10,
    "channels": 10,
    "product": 60,
    "products": 90,
    "productVariant": 40,
    "productVariants": 90,
    "category": 20,
    "categories": 30,
    "collection": 20,
    "collections": 30,
    "tokenVerify": 26,
    "tokenRefresh": 30,
    "tokenCreate": 150,
    "transactionInitialize": 250,
    "transactionEventReport": 150,
    "checkoutComplete": 230,
    "checkoutCreate": 300,
    "checkoutLinesAdd": 300,
    "checkoutLinesUpdate": 300,
    "checkoutLinesDelete": 300,
    "checkoutEmailUpdate": 300,
    "checkoutCustomerAttach": 300,
    "checkoutCustomerDetach": 300,
    "checkoutShippingAddressUpdate": 300,
    "checkoutBillingAddressUpdate": 300,
    "checkoutDeliveryMethodUpdate": 300,
    "checkoutAddPromoCode": 300,
    "checkoutRemovePromoCode": 300,
    "deliveryOptionsCalculate": 250,
    "updateMetadata": 52,
    "updatePrivateMetadata": 52,
}
OTHER = 100


class Pace:
    """The time budget of one call: real work counts, the rest is slept."""

    def __init__(self, instant: bool) -> None:
        self._instant = instant
        self._started = time.monotonic()
        self._budget = 0.0

    def takes(self, milliseconds: float) -> None:
        self._budget += milliseconds / 1000

    def field(self, name: str) -> None:
        self.takes(MILLISECONDS.get(name, OTHER))

    def order_page(self, count: int, by_ids: bool, full: bool) -> None:
        """A hundred orders by id take 300 ms (80 without lines), a full page 700 (270)."""
        if by_ids:
            self.takes(count * (3.0 if full else 0.8))
        else:
            self.takes(max(20.0, count * (7.0 if full else 2.7)))

    def until(self, share: float) -> None:
        """Sleep until this share of the budget is over: where Saleor would be working between two steps."""
        if self._instant:
            return
        left = self._started + self._budget * share - time.monotonic()
        if left > 0:
            time.sleep(left)

    def finish(self) -> None:
        self.until(1.0)
