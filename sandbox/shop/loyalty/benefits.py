"""The order to lay a member's prices on their cart; the plugin quotes, promises and tells Saleor, this only asks."""

from __future__ import annotations

import logging

from django.http import HttpRequest

from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.services import benefits
from loyalty_plugin.storefront.visitor import scene
from sandbox.shop.loyalty.people import saleor_url

_log = logging.getLogger(__name__)


def apply_benefits(request: HttpRequest, checkout_id: str) -> bool:
    """Lays the member's prices on the checkout; True when it may differ now from what was read of it before.

    That is so for every member, also where nothing was left to do: a worker may just have done it. A cart without
    its member prices is still a cart: the page shows what Saleor will charge, so a failure here is noted and the
    customer goes on.
    """
    found = scene(request)
    if found is None or found.member is None:
        return False
    try:
        benefits.apply_benefits(found.actor, realm_url=saleor_url(), checkout_id=checkout_id, now=found.now)
    except LoyaltyError as error:
        _log.warning("member prices were not laid on a checkout: %s", error)
        return False
    return True
