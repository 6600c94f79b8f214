"""Buys at the plugin's own door where the shop runs enforced, and at Saleor itself elsewhere; decides nothing.

The shop is a Django site, so it calls the service behind the door; a storefront elsewhere posts the same names.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from loyalty_plugin.clients import exact_address
from loyalty_plugin.errors import LoyaltyError, NotFound, TokenRefused, TryLater
from loyalty_plugin.graphql.backend import sessions
from loyalty_plugin.graphql.errors import words
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.tokens import verify_customer_token
from loyalty_plugin.services.shopping.acting import carry_out
from loyalty_plugin.services.shopping.owners import Buyer
from sandbox.shop import saleor, session

#: Where the server keeps the name of a guest's session at the door.
KEY = "loyalty_session"

#: The shop's operations by the door's names, and what their variables are called there.
NAMES: dict[str, tuple[str, dict[str, str]]] = {
    "Cart": ("Checkout", {}),
    "CartCreate": ("CheckoutCreate", {}),
    "CartAdd": ("CheckoutLinesAdd", {}),
    "CartSet": ("CheckoutLinesUpdate", {}),
    "CartRemove": ("CheckoutLinesDelete", {"lines": "linesIds"}),
    "CartAttach": ("CheckoutCustomerAttach", {}),
    "CartCode": ("CheckoutAddPromoCode", {"code": "promoCode"}),
    "CartCodeOff": ("CheckoutRemovePromoCode", {"code": "promoCode"}),
    "CartEmail": ("CheckoutEmailUpdate", {}),
    "CartAddress": ("CheckoutShippingAddressUpdate", {"address": "shippingAddress"}),
    "CartBilling": ("CheckoutBillingAddressUpdate", {"address": "billingAddress"}),
    "CartDeliveries": ("DeliveryOptionsCalculate", {}),
    "CartDelivery": ("CheckoutDeliveryMethodUpdate", {"method": "deliveryMethodId"}),
    "CartPay": ("TransactionInitialize", {"key": "idempotencyKey", "gateway": "paymentGateway"}),
    "CartComplete": ("CheckoutComplete", {}),
    "OneOrder": ("Order", {}),
    "MyOrders": ("MyOrders", {}),
}
_READING = ("Cart", "OneOrder", "MyOrders")


def enforced() -> bool:
    """Whether Saleor lets no storefront in, and everything is bought through us."""
    return bool(getattr(settings, "SANDBOX_ENFORCED", False))


def call(request: HttpRequest, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The `data` of one operation. Raises saleor.Unreachable, saleor.Refused."""
    token = session.access_token(request)
    if not enforced():
        return saleor.call(operation, variables, token=token)
    name, renamed = NAMES[operation]
    given = {renamed.get(key, key): value for key, value in variables.items()}
    try:
        buyer = _buyer(request, token, confirmed=operation not in _READING)
        answer = carry_out(buyer, operation=name, variables=given, now=ports.clock.now()).answer
    except TryLater as error:
        raise saleor.Unreachable(error.code) from error
    except NotFound as error:
        if operation in _READING:
            return {"checkout": None, "order": None}
        raise saleor.Refused([saleor.Problem("", "NOT_FOUND", words(error))]) from error
    except LoyaltyError as error:
        raise saleor.Refused([saleor.Problem("", error.code, words(error))]) from error
    if answer.get("errors"):
        raise saleor.Refused([saleor.Problem("", "", one["message"]) for one in answer["errors"]])
    return dict(answer["data"])


def mutate(request: HttpRequest, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The payload of an operation's single mutation. Raises saleor.Refused with the payload's own errors."""
    (payload,) = call(request, operation, variables).values()
    if payload["errors"]:
        raise saleor.Refused(
            [saleor.Problem(e["field"] or "", e["code"], e["message"] or "") for e in payload["errors"]]
        )
    return dict(payload)


def _buyer(request: HttpRequest, token: str | None, *, confirmed: bool) -> Buyer:
    if KEY not in request.session:
        request.session[KEY] = sessions.new_name()
    who = {"session": sessions.digest(request.session[KEY]), "address": exact_address(request) or ""}
    if not token:
        return Buyer(**who)
    customer = verify_customer_token(token)
    if confirmed and ports.storefront.confirm_token(customer.realm, token) != customer.user_id:
        raise TokenRefused(reason="not_confirmed")
    return Buyer(realm=customer.realm, user_id=customer.user_id, **who)
