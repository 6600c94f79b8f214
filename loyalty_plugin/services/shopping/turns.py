"""One buyer's turn at one checkout: its lease is held, it is theirs, and each call to the shop goes out through here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.shopping import Passed
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services import leases
from loyalty_plugin.services.shopping import owners
from loyalty_plugin.services.shopping.owners import Buyer
from loyalty_plugin.services.shopping.prices import Settled, settle

#: Seconds a buyer waits for another call on the same checkout to end: a double click, a second window, a job of ours.
PATIENCE: Final = 15.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What a buyer does at a checkout while nobody else does anything to it through us."""

    buyer: Buyer
    realm: Realm
    now: datetime
    held: leases.Held

    def send(self, document: str, variables: Mapping[str, Any]) -> Passed:
        """Pass a change on. Raises TryLater, also where our right to the checkout has run out meanwhile."""
        self.held.renew()
        return ports.storefront.pass_on(self.realm.api_url, document, variables, address=self.buyer.address)

    def settle(self, checkout: CheckoutFact, sent: Mapping[str, int] | None = None) -> Settled:
        """Bring its prices to what is promised. Raises as `prices.settle`."""
        return settle(self.realm, checkout, now=self.now, before_writing=self.held.renew, sent=sent)

    def read(self, checkout_id: str) -> CheckoutFact | None:
        """The checkout as it is now, whoever's it is."""
        return ports.storefront.checkout(self.realm.api_url, checkout_id)

    def mine(self, checkout_id: str) -> CheckoutFact:
        """The checkout, which is the buyer's. Raises NotFound."""
        return owners.require_checkout(self.buyer, self.realm, self.read(checkout_id))


@contextmanager
def turn(buyer: Buyer, realm: Realm, checkout_id: str, now: datetime) -> Iterator[Turn]:
    """Hold the checkout. Raises NotFound for what is another's, LeaseTaken after `PATIENCE` seconds.

    What we did not make ourselves is looked at before: nobody takes leases by inventing ids.
    """
    if not owners.known(buyer, realm, checkout_id):
        found = ports.storefront.checkout(realm.api_url, checkout_id)
        owners.require_checkout(buyer, realm, found)
    with leases.lease(f"{realm.api_url}|{checkout_id}", wait=PATIENCE) as held:
        yield Turn(buyer, realm, now, held)
