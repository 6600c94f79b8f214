"""Acts at a Saleor for a member of its staff, while a shop connects: signs in, installs our App, has an event sent.

The staff token lives as long as the object and is in no message, log or repr. It decides nothing; `loyalty_connect` does.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from loyalty_plugin.errors import SaleorError, TokenRefused, TryLater
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.manifest import APP_ID
from loyalty_plugin.saleor.subscriptions import SUBSCRIPTIONS

#: Whose events name our App itself: it is always there, and nothing comes of one but a look, whatever it claims.
TRIAL: Final = "loyalty-app"
#: What may be sent on trial. Saleor takes one of the webhook's events by an order of its own, of their names.
TRIALS: Final = frozenset(
    event.typename for one in SUBSCRIPTIONS if one.identifier == TRIAL for event in one.events
)
_POLL: Final = 0.25


class StaffClient(SaleorClient):
    """Calls with a staff token: what is denied to it is a missing permission, and no dead App."""

    def alive(self) -> bool:
        """Never asked: a person's token has no App."""
        return True


class Staff:
    """What a member of staff does to connect us. All methods raise TryLater and SaleorError."""

    def __init__(self, api_url: str, token: str) -> None:
        self.api_url = api_url
        self._client = StaffClient(api_url, token)

    def __repr__(self) -> str:
        return f"<Staff at {self.api_url}>"

    @property
    def skew(self) -> int:
        """By how many seconds that Saleor's clock was ahead when it last answered."""
        return self._client.skew

    @classmethod
    def signed_in(cls, api_url: str, email: str, password: str) -> Staff:
        """By e-mail and password. Raises TokenRefused where Saleor does not know them."""
        try:
            token = StaffClient(api_url).execute("staff_sign_in", email=email, password=password)[
                "tokenCreate"
            ]
        except SaleorError:
            raise TokenRefused(reason="sign_in") from None
        return cls(api_url, str(token["token"] or ""))

    def app(self) -> Mapping[str, Any] | None:
        """Our App as it stands there (id, isActive, webhooks), None where it is not installed."""
        return next((one for one in self._apps() if one["identifier"] == APP_ID), None)

    def install(self, manifest_url: str, permissions: Sequence[str], *, seconds: float) -> str:
        """Have our App installed and wait for the end; Saleor's words where it failed, empty where it did not.

        Raises TryLater when it has not ended after so many seconds.
        """
        given = {
            "appName": APP_ID,
            "manifestUrl": manifest_url,
            "permissions": list(permissions),
            "activateAfterInstallation": True,
        }
        row = self._client.execute("staff_install", input=given)["appInstall"]["appInstallation"]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            rows = self._client.execute("staff_installations")["appsInstallations"]
            found = next((one for one in rows if one["id"] == row["id"]), None)
            if found is None:
                return ""
            if found["status"] == "FAILED":
                # It would stand in the way of the next try, and in the Dashboard for ever.
                self._client.execute("staff_forget_installation", id=row["id"])
                return str(found["message"] or "FAILED")
            time.sleep(_POLL)
        raise TryLater(reason="installation_pending")

    def activate(self, app_id: str) -> None:
        """Switch the App on."""
        self._client.execute("staff_activate", id=app_id)

    def grant(self, app_id: str, permissions: Collection[str]) -> None:
        """Let the App do exactly this."""
        self._client.execute("staff_grant", id=app_id, permissions=sorted(permissions))

    def delete(self, app_id: str) -> None:
        """Delete the App there, with its webhooks and its token."""
        self._client.execute("staff_delete", id=app_id)

    def trigger(self, app: Mapping[str, Any]) -> str:
        """Have Saleor send an event to us, whatever comes of it; the webhook's id."""
        webhook = next((one["id"] for one in app["webhooks"] if one["identifier"] == TRIAL), None)
        if webhook is None:
            raise TryLater(reason="webhook_missing")
        self._client.execute("staff_trigger", webhook=webhook, object=app["id"])
        return str(webhook)

    def deliveries(self, webhook_id: str) -> list[Mapping[str, Any]]:
        """What that webhook has not got through yet (fields of `Delivery`), the newest first."""
        found = self._client.execute("staff_deliveries", webhook=webhook_id)["webhook"]
        return [edge["node"] for edge in found["eventDeliveries"]["edges"]] if found else []

    def _apps(self) -> Iterator[Mapping[str, Any]]:
        after = None
        while True:
            page = self._client.execute("staff_apps", after=after)["apps"]
            yield from (edge["node"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]
