"""The plugin's settings, read late so that tests may override them; every one has a sensible default.

All live in one dictionary of the host's settings, `LOYALTY = {...}`. The table in docs/settings.md is kept
equal to `DEFAULTS` by a test.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings as django_settings

DEFAULTS: Final[dict[str, Any]] = {
    # API URLs of the Saleors that may install us; nothing else is ever called or believed.
    "SALEOR_API_URLS": (),
    # The URL at which Saleor reaches this site, without a trailing slash, e.g. "https://shop.example".
    "PUBLIC_URL": "",
    # Fernet keys (newest first) for tokens and card keys at rest; derived from SECRET_KEY when empty.
    "ENCRYPTION_KEYS": (),
    # Key of the digests by which a verified contact is remembered after erasure; from SECRET_KEY when empty.
    "CONTACT_DIGEST_KEY": "",
    # Identifiers of the payment Apps whose reports are believed; empty: every App's that is installed in Saleor.
    "PAYMENT_APPS": (),
    # Seconds a call to Saleor may take in all, retries included.
    "SALEOR_DEADLINE": 18,
    # How often a failing event or outgoing change is tried before it waits for a person.
    "MAX_ATTEMPTS": 8,
    # Days the bodies of received events are kept; their hash and outcome stay.
    "BODY_DAYS": 30,
    # Minutes a promised member price holds without being quoted again.
    "PROMISE_MINUTES": 60,
    # Days a request for a second person stays open.
    "REQUEST_DAYS": 14,
    # Country of phone numbers written without a country code, as "DE"; empty: such numbers are refused.
    "PHONE_REGION": "",
    # What joining asks consent for: {"email": words, ...}; empty words: ours. Words may be a dict by language.
    "CONSENTS": {"email": "", "sms": ""},
    # The shop's pages: a function that says who is signed in (dotted path), and the channel (slug) of each host.
    "STOREFRONT_CUSTOMER": "",
    "STOREFRONT_CHANNELS": "",
    # Addresses of the shop's own pages instead of ours: join, membership, sign_in.
    "STOREFRONT_PAGES": {},
    # How many people may join by the form from one address within an hour.
    "STOREFRONT_JOINS_PER_HOUR": 60,
    # Card numbers: {"prefix": "90", "length": 16, "check": "damm" or "luhn"}.
    "CARD_NUMBERS": {},
    # The design of cards by its code, and its parameters: shop's name, contact lines, terms.
    "CARD_DESIGN": "classic",
    "CARD_DESIGN_PARAMS": {},
    # Whoever sends it as a bearer token to the health address is told what is wrong; empty: nobody is.
    "HEALTH_KEY": "",
    # GraphQL: deepest nesting, the most a document may cost, and whether the schema may be asked for.
    "GRAPHQL_MAX_DEPTH": 12,
    "GRAPHQL_MAX_COST": 6000,
    "GRAPHQL_INTROSPECTION": False,
    # Whether this site keeps the door of enforced mode, at which storefronts buy; the App asks for what that needs.
    "ENFORCED": False,
    # Whether members may pay with points and stored value: the App then asks to handle payments.
    "PAYMENTS": False,
    # Days a guest's session holds, and with it their cart.
    "SESSION_DAYS": 30,
    # A JSON file of documents by their ids, and whether nothing else is answered.
    "GRAPHQL_DOCUMENTS": "",
    "GRAPHQL_DOCUMENTS_ONLY": False,
    # Requests in a time ("240/m") of one customer, and of one address without a customer; empty: not counted.
    "GRAPHQL_MEMBER_RATE": "240/m",
    "GRAPHQL_ADDRESS_RATE": "600/m",
    # The header in which a proxy of ours writes the client's address; empty: the address that connects.
    "CLIENT_ADDRESS_HEADER": "",
    # Origins whose pages may ask from the browser ("https://shop.example"), or "*".
    "GRAPHQL_ORIGINS": (),
    # Seconds for which anybody may keep what a guest was answered by GET; 0: nobody.
    "GRAPHQL_PUBLIC_SECONDS": 60,
}


class _Settings:
    """`conf.settings.PUBLIC_URL` and so on."""

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"loyalty_plugin has no setting {name}")
        return getattr(django_settings, "LOYALTY", {}).get(name, DEFAULTS[name])


settings = _Settings()


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        return datetime.now(UTC)
