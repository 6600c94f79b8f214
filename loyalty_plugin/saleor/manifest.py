"""States what our App is to Saleor: its addresses, the permissions it asks for and why, the events it listens to.

Every subscription asks only for what happened and to which id; what it is worth is read later with our own token.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import AnyHttpUrl, ConfigDict, Field
from saleor_sdk.schemas.manifest import Manifest as SdkManifest
from saleor_sdk.schemas.manifest import Webhook as SdkWebhook

APP_ID: Final = "loyalty_plugin"
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
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook of ours: what it hears, and the GraphQL types of those events with the object each names."""

    identifier: str
    name: str
    subject: str
    #: Event name in the manifest to type name in the signed body.
    events: dict[str, str]
    #: What is asked of the object.
    fields: str = "id"

    @property
    def query(self) -> str:
        """The subscription: `__typename issuedAt recipient` and ids, nothing that could be personal."""
        parts = "".join(
            f" ... on {name} {{ {self.subject} {{ {self.fields} }} }}" for name in self.events.values()
        )
        return f"subscription {{ event {{ __typename issuedAt recipient {{ id }}{parts} }} }}"


SUBSCRIPTIONS: Final = (
    Subscription(
        "loyalty-orders",
        "Loyalty: orders",
        "order",
        {
            "ORDER_CREATED": "OrderCreated",
            "ORDER_UPDATED": "OrderUpdated",
            "ORDER_CONFIRMED": "OrderConfirmed",
            "ORDER_PAID": "OrderPaid",
            "ORDER_FULLY_PAID": "OrderFullyPaid",
            "ORDER_CANCELLED": "OrderCancelled",
            "ORDER_REFUNDED": "OrderRefunded",
            "ORDER_FULLY_REFUNDED": "OrderFullyRefunded",
            "ORDER_FULFILLED": "OrderFulfilled",
            "ORDER_EXPIRED": "OrderExpired",
        },
    ),
    # Never ACCOUNT_CONFIRMATION_REQUESTED: its body may carry the token that confirms an account.
    Subscription(
        "loyalty-customers",
        "Loyalty: customers",
        "user",
        {
            "CUSTOMER_CREATED": "CustomerCreated",
            "CUSTOMER_UPDATED": "CustomerUpdated",
            "CUSTOMER_DELETED": "CustomerDeleted",
            "ACCOUNT_CONFIRMED": "AccountConfirmed",
            "ACCOUNT_DELETED": "AccountDeleted",
            "ACCOUNT_EMAIL_CHANGED": "AccountEmailChanged",
        },
    ),
    Subscription(
        "loyalty-checkouts",
        "Loyalty: checkouts",
        "checkout",
        {"CHECKOUT_CREATED": "CheckoutCreated", "CHECKOUT_UPDATED": "CheckoutUpdated"},
        # Whose it is, so that the many checkouts of strangers need no look.
        fields="id user { id }",
    ),
    Subscription(
        "loyalty-app",
        "Loyalty: this App",
        "app",
        {"APP_STATUS_CHANGED": "AppStatusChanged", "APP_DELETED": "AppDeleted"},
    ),
)

#: Type name in the signed body to the field that names the object.
SUBJECTS: Final[dict[str, str]] = {
    typename: subscription.subject
    for subscription in SUBSCRIPTIONS
    for typename in subscription.events.values()
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
        permissions=list(PERMISSIONS),
        tokenTargetUrl=AnyHttpUrl(register_url),
        webhooks=[
            Webhook(
                name=subscription.name,
                identifier=subscription.identifier,
                asyncEvents=list(subscription.events),
                query=subscription.query,
                targetUrl=AnyHttpUrl(webhook_url),
                isActive=True,
            )
            for subscription in SUBSCRIPTIONS
        ],
    )
    return manifest.model_dump(by_alias=True, exclude_none=True, mode="json")
