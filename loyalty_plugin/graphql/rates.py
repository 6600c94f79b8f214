"""How often one customer, or one address without a customer, may ask; counts in Django's cache, decides no more."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django_ratelimit.core import ALL, get_usage

from loyalty_plugin.clients import client_address
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.refusals import Refused

_GROUP: Final = "loyalty.graphql"


def check(request: HttpRequest, caller: Caller) -> None:
    """Count this request. Raises Refused (too_many_requests) with the seconds to wait.

    A customer is counted wherever they ask from, so that a storefront that asks for all its customers is not one of
    them. Without a good token it is the address that counts: guests, and whoever tries tokens.
    """
    if not settings.GRAPHQL_MEMBER_RATE and not settings.GRAPHQL_ADDRESS_RATE:
        return
    try:
        customer = caller.customer
    except LoyaltyError:
        customer = None
    if customer is not None:
        _count(request, f"{customer.realm}|{customer.user_id}", settings.GRAPHQL_MEMBER_RATE)
    elif (address := client_address(request)) is not None:
        _count(request, address, settings.GRAPHQL_ADDRESS_RATE)


def _count(request: HttpRequest, who: str, rate: str) -> None:
    if not rate:
        return
    usage = get_usage(request, group=_GROUP, key=lambda *_: who, rate=rate, method=ALL, increment=True)
    if usage is not None and usage["should_limit"]:
        raise Refused("too_many_requests", wait=max(int(usage["time_left"]), 1))
