"""Carries out the operations of the catalogue: looks first whose everything is, and settles prices before money moves.

Answers are the shop's own. It reads no token and no header: who asks is the door's to know.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.shopping import Passed
from loyalty_plugin.errors import (
    ChargeDiffers,
    MembersOnly,
    NotFound,
    TokenRefused,
    TryLater,
    UnknownOperation,
)
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import programme_of_channel
from loyalty_plugin.registry import ports
from loyalty_plugin.services.shopping import deliveries, owners
from loyalty_plugin.services.shopping.catalogue import OPERATIONS, Kind, Operation
from loyalty_plugin.services.shopping.owners import Buyer
from loyalty_plugin.services.shopping.prices import with_prices
from loyalty_plugin.services.shopping.turns import Turn, turn
from loyalty_plugin.services.shopping.variables import as_sent, checked

_log = logging.getLogger(__name__)
_LINES: Final = ("CheckoutLinesAdd", "CheckoutLinesUpdate")


@dataclass(frozen=True, slots=True)
class Done:
    """The shop's answer. `given`: a checkout was given to the buyer's session by it, which they must be told."""

    answer: Mapping[str, Any]
    given: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    operation: Operation
    variables: Mapping[str, Any]
    found: Mapping[str, list[Any]]
    buyer: Buyer
    realm: Realm
    now: datetime

    @property
    def id(self) -> str:
        return str(self.found["id"][0])

    def of(self, kind: Kind) -> list[Any]:
        """All values of one kind."""
        return [
            value
            for path, values in self.found.items()
            if self.operation.takes[path] is kind
            for value in values
        ]


def carry_out(buyer: Buyer, *, operation: str, variables: Mapping[str, Any], now: datetime) -> Done:
    """Do what a buyer asks for by the operation's name.

    Raises UnknownOperation, UndeclaredVariable, InvalidInput, NotFound for whatever is another's, NotEnforced,
    TokenRefused for a guest where only a customer can, MembersOnly, ChargeDiffers, TryLater (LeaseTaken where
    something else is being done with the checkout for long).
    """
    known = OPERATIONS.get(operation)
    if known is None:
        raise UnknownOperation(operation=operation[:64])
    found = checked(known, variables)
    channel = str(found["input.channel"][0]) if "input.channel" in found else ""
    realm = owners.realm_of(buyer, channel)
    act = _ACTS.get(operation, _change)
    return act(_Asked(operation, known, as_sent(known, variables), found, buyer, realm, now))


# Reading


def _read(asked: _Asked) -> Done:
    passed = _pass(asked, {"id": asked.id})
    owners.require_checkout(asked.buyer, asked.realm, passed.checkout)
    return Done(passed.answer)


def _order(asked: _Asked) -> Done:
    passed = _pass(asked, {"id": asked.id})
    owners.require_order(asked.buyer, asked.realm, passed.order)
    return Done(passed.answer)


def _orders(asked: _Asked) -> Done:
    _require_customer(asked)
    after = asked.found.get("after", [None])[0]
    passed = _pass(asked, {"userId": asked.buyer.user_id, "after": after})
    return Done(passed.answer)


def _pass(asked: _Asked, variables: Mapping[str, Any]) -> Passed:
    return ports.storefront.pass_on(
        asked.realm.api_url, asked.operation.document, variables, address=asked.buyer.address
    )


# Changing


def _change(asked: _Asked) -> Done:
    """A change of a checkout: lines come with their price, and whatever else changed is quoted anew."""
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        checkout = mine.mine(asked.id)
        owners.require_lines(checkout, asked.of(Kind.LINE))
        variables, sent = dict(asked.variables), dict[str, int]()
        if asked.name in _LINES:
            lines = asked.variables["lines"] or []
            variables["lines"], sent = with_prices(asked.realm, checkout, lines, now=asked.now)
        passed = mine.send(asked.operation.document, variables)
        return Done(_quoted(mine, asked, passed, sent))


def _create(asked: _Asked) -> Done:
    """A checkout for a guest's session, or for the customer, who has it before anybody knows its id."""
    given = asked.variables["input"]
    guest = not asked.buyer.user_id
    empty = CheckoutFact(
        asked.realm.api_url, "", given["channel"], _currency(asked.realm, given), asked.buyer.user_id,
        "", 0, (), country=(given.get("shippingAddress") or {}).get("country") or "",
    )  # fmt: skip
    lines, sent = with_prices(asked.realm, empty, given.get("lines") or [], now=asked.now)
    passed = _pass(asked, {"input": {**given, "lines": lines}})
    if not passed.done or passed.checkout is None:
        return Done(passed.answer)
    made = passed.checkout.checkout_id
    # Before anybody is told of it: whatever fails from here on leaves a checkout that only its buyer opens.
    owners.keep(asked.buyer, asked.realm, made, guest=guest, now=asked.now)
    with turn(asked.buyer, asked.realm, made, asked.now) as mine:
        if not guest:
            attached = mine.send("customer_attach", {"id": made, "customerId": asked.buyer.user_id})
            if not attached.done or attached.checkout is None:
                return Done(_as(attached.answer, "checkoutCustomerAttach", asked.operation.field))
            passed = Passed(
                _as(attached.answer, "checkoutCustomerAttach", asked.operation.field), True, attached.checkout
            )
        return Done(_quoted(mine, asked, passed, sent), given=guest)


def _currency(realm: Realm, given: Mapping[str, Any]) -> str:
    """The currency of the channel's programme: lines have no member price in another."""
    programme = programme_of_channel(realm.pk, given["channel"])
    return programme.currency if programme is not None else ""


def _attach(asked: _Asked) -> Done:
    """A guest's checkout becomes the customer's, who has its session; from then on no session opens it."""
    _require_customer(asked)
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        mine.mine(asked.id)
        passed = mine.send(asked.operation.document, {"id": asked.id, "customerId": asked.buyer.user_id})
        if passed.done:
            owners.keep(asked.buyer, asked.realm, asked.id, guest=False, now=asked.now)
        return Done(_quoted(mine, asked, passed, {}))


def _detach(asked: _Asked) -> Done:
    """The customer's checkout becomes their session's, at a guest's prices."""
    _require_customer(asked)
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        checkout = mine.mine(asked.id)
        if not checkout.user_id:
            raise NotFound()
        passed = mine.send(asked.operation.document, {"id": asked.id})
        if passed.done:
            owners.keep(asked.buyer, asked.realm, asked.id, guest=True, now=asked.now)
        return Done(_quoted(mine, asked, passed, {}), given=passed.done)


def _deliveries(asked: _Asked) -> Done:
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        mine.mine(asked.id)
        passed = mine.send(asked.operation.document, {"id": asked.id})
        deliveries.remember(asked.realm, asked.id, passed)
        return Done(passed.answer)


def _deliver(asked: _Asked) -> Done:
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        mine.mine(asked.id)
        wanted = asked.of(Kind.DELIVERY)
        if not deliveries.told(asked.realm, asked.id, wanted):
            again = mine.send("delivery_options", {"id": asked.id})
            deliveries.remember(asked.realm, asked.id, again)
            if not deliveries.told(asked.realm, asked.id, wanted):
                raise NotFound()
        passed = mine.send(asked.operation.document, asked.variables)
        return Done(_quoted(mine, asked, passed, {}))


def _quoted(mine: Turn, asked: _Asked, passed: Passed, sent: Mapping[str, int]) -> Mapping[str, Any]:
    """The answer, with the checkout as it is once its prices are as promised.

    Where that fails the change stands all the same, at a price that is true and shown: it is tried again with the next
    change, and before money moves.
    """
    if passed.checkout is None:
        return passed.answer
    try:
        settled = mine.settle(passed.checkout, sent)
        if not settled.written:
            return passed.answer
        again = ports.storefront.pass_on(
            asked.realm.api_url, "checkout", {"id": passed.checkout.checkout_id}, address=asked.buyer.address
        )
    except TryLater as error:
        _log.warning("a checkout's prices wait for its next change: %s", error.code)
        return passed.answer
    data = passed.answer["data"]
    payload = {**data[asked.operation.field], "checkout": again.answer["data"]["checkout"]}
    return {**passed.answer, "data": {**data, asked.operation.field: payload}}


def _as(answer: Mapping[str, Any], field: str, wanted: str) -> Mapping[str, Any]:
    """The same answer under the name of what was asked for."""
    data = dict(answer.get("data") or {})
    return {**answer, "data": {wanted: data.get(field)}}


# Money


def _pay(asked: _Asked) -> Done:
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        _ready(mine, mine.mine(asked.id))
        variables = dict(asked.variables)
        if variables.get("idempotencyKey"):
            # Keys are one space for all of a payment App's customers: nobody may meet another's.
            key = f"{asked.id}|{variables['idempotencyKey']}"
            variables["idempotencyKey"] = sha256(key.encode()).hexdigest()
        return Done(mine.send(asked.operation.document, {**variables, **_address(asked)}).answer)


def _gateways(asked: _Asked) -> Done:
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        mine.mine(asked.id)
        return Done(mine.send(asked.operation.document, asked.variables).answer)


def _process(asked: _Asked) -> Done:
    checkout_id = ports.storefront.transaction_checkout(asked.realm.api_url, asked.id)
    if not checkout_id:
        raise NotFound()
    with turn(asked.buyer, asked.realm, checkout_id, asked.now) as mine:
        _ready(mine, mine.mine(checkout_id))
        return Done(mine.send(asked.operation.document, {**asked.variables, **_address(asked)}).answer)


def _address(asked: _Asked) -> dict[str, str]:
    return {"customerIpAddress": asked.buyer.address} if asked.buyer.address else {}


def _complete(asked: _Asked) -> Done:
    """The checkout is read again while nobody else can change it through us; what was completed is answered again."""
    with turn(asked.buyer, asked.realm, asked.id, asked.now) as mine:
        checkout = mine.read(asked.id)
        if checkout is None:
            # Perhaps completed by this buyer a moment ago: Saleor then gives the same order.
            if not owners.known(asked.buyer, asked.realm, asked.id):
                raise NotFound()
        else:
            owners.require_checkout(asked.buyer, asked.realm, checkout)
            _ready(mine, checkout)
            owners.keep(asked.buyer, asked.realm, asked.id, guest=not checkout.user_id, now=asked.now)
        passed = mine.send(asked.operation.document, {"id": asked.id})
        if passed.order is not None:
            owners.require_order(asked.buyer, asked.realm, passed.order)
        return Done(passed.answer)


def _ready(mine: Turn, checkout: CheckoutFact) -> None:
    """Nothing that the buyer was shown is otherwise by now. Raises ChargeDiffers, MembersOnly, TryLater."""
    settled = mine.settle(checkout)
    if settled.barred:
        raise MembersOnly(lines=list(settled.barred))
    if not settled.right or settled.checkout.total_gross != checkout.total_gross:
        raise ChargeDiffers(checkout=checkout.checkout_id)


def _require_customer(asked: _Asked) -> None:
    if not asked.buyer.user_id:
        raise TokenRefused(reason="missing")


_ACTS: Final[Mapping[str, Callable[[_Asked], Done]]] = {
    "Checkout": _read,
    "CheckoutCreate": _create,
    "CheckoutCustomerAttach": _attach,
    "CheckoutCustomerDetach": _detach,
    "DeliveryOptionsCalculate": _deliveries,
    "CheckoutDeliveryMethodUpdate": _deliver,
    "PaymentGatewayInitialize": _gateways,
    "TransactionInitialize": _pay,
    "TransactionProcess": _process,
    "CheckoutComplete": _complete,
    "Order": _order,
    "MyOrders": _orders,
}
