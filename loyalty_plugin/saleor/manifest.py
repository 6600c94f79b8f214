"""States what our App is to Saleor: its addresses, the permissions it asks for and why, its webhooks; calls nobody."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import AnyHttpUrl, ConfigDict, Field
from saleor_sdk.schemas.manifest import Manifest as SdkManifest
from saleor_sdk.schemas.manifest import Webhook as SdkWebhook

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.paying.terms import GATEWAY
from loyalty_plugin.saleor.subscriptions import WEBHOOKS, Subscription

APP_ID: Final = GATEWAY
#: Carries the installation's own secret on every delivery. Not in the manifest, which anybody may read.
SECRET_HEADER: Final = "X-Loyalty-Secret"

#: What we ask for, and the words for the person who is to agree.
PERMISSIONS: Final[dict[str, Promise]] = {
    "MANAGE_ORDERS": _("Read orders, their payments and refunds: points follow what was really paid."),
    "MANAGE_USERS": _(
        "Read customer accounts: a customer becomes a member, and stops being one when deleted."
    ),
    "MANAGE_CHECKOUTS": _("Read open checkouts: to see which member a checkout belongs to."),
    "HANDLE_CHECKOUTS": _("Set member prices on the lines of an open checkout."),
    "MANAGE_DISCOUNTS": _(
        "Read promotions on orders and vouchers: a member price must not cost a customer a better one. "
        "Make the vouchers of birthday gifts."
    ),
}

#: What the door of enforced mode needs besides.
ENFORCING: Final[dict[str, Promise]] = {
    "IMPERSONATE_USER": _(
        "Give a checkout to the customer who is signed in at our own door, and take it back."
    ),
    "HANDLE_PAYMENTS": _("Begin a customer's payment for them, with their own address."),
}


#: What paying with points and stored value needs besides.
PAYING: Final[dict[str, Promise]] = {
    "HANDLE_PAYMENTS": _("Take a part of a payment in points or stored value, and give it back."),
}


def wanted() -> dict[str, Promise]:
    """What we ask for here: more where members pay with points, and where this site keeps the door of enforced mode."""
    return {
        **PERMISSIONS,
        **(PAYING if settings.PAYMENTS else {}),
        **(ENFORCING if settings.ENFORCED else {}),
    }


class Webhook(SdkWebhook):
    """The SDK's webhook with what Saleor 3.23 added: a name of our own by which we find it again."""

    model_config = ConfigDict(populate_by_name=True)

    identifier: str


class Manifest(SdkManifest):
    """The SDK's manifest with what Saleor added since. An App without pages of its own needs no `appUrl`."""

    model_config = ConfigDict(populate_by_name=True)

    app_url: AnyHttpUrl | None = Field(None, alias="appUrl")  # type: ignore[assignment]
    author: str
    audience: str
    required_saleor_version: str = Field(..., alias="requiredSaleorVersion")
    webhooks: list[Webhook]  # type: ignore[assignment]


def build(*, register_url: str, webhook_url: str) -> dict[str, Any]:
    """The manifest as JSON. The URLs are absolute, as Saleor reaches this site."""
    manifest = Manifest(
        id=APP_ID,
        version=version("loyalty-plugin"),
        name=str(_("Membership")),
        about=str(_("Tiers, points, member prices and cards, on the shop's own database.")),
        author="loyalty_plugin",
        audience=APP_ID,
        requiredSaleorVersion="^3.23",
        permissions=list(wanted()),
        tokenTargetUrl=AnyHttpUrl(register_url),
        webhooks=[_webhook(subscription, webhook_url) for subscription in WEBHOOKS],
    )
    return manifest.model_dump(by_alias=True, exclude_none=True, mode="json")


def webhooks(webhook_url: str) -> list[dict[str, Any]]:
    """Our webhooks as the manifest has them; `asyncEvents` and `syncEvents` are always there."""
    found = [
        _webhook(subscription, webhook_url).model_dump(by_alias=True, exclude_none=True, mode="json")
        for subscription in WEBHOOKS
    ]
    return [{"asyncEvents": [], "syncEvents": [], **one} for one in found]


def _webhook(subscription: Subscription, url: str) -> Webhook:
    events: list[Any] = [event.name for event in subscription.events]
    return Webhook(
        name=subscription.name,
        identifier=subscription.identifier,
        asyncEvents=[] if subscription.asks else events,
        syncEvents=events if subscription.asks else [],
        query=subscription.query,
        targetUrl=AnyHttpUrl(url),
        isActive=True,
    )
