"""As much of a Saleor as an installation meets: our App, its webhooks and their failures, in place of the network."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from loyalty_plugin.saleor.manifest import PERMISSIONS, webhooks
from tests.saleor.roomkit import APP_ID, KEY, SECRET, TOKEN, Wire

HOOKS = "http://shop.test/loyalty/saleor/events"


class Saleor:
    """Answers our documents by name; `sent` tells which came, `skew` moves its clock."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.jwks = KEY.jwks
        self.away = False
        self.sent: list[str] = []
        self.failed: list[dict[str, Any]] = []
        self.anchors: dict[str, str] = {}
        self.app: dict[str, Any] = {
            "id": APP_ID,
            "identifier": "loyalty_plugin",
            "isActive": True,
            "permissions": [{"code": code} for code in PERMISSIONS],
            "webhooks": [
                {**self.hook(one), "customHeaders": '{"x-other": "kept"}'} for one in webhooks(HOOKS)
            ],
        }

    @staticmethod
    def hook(given: dict[str, Any]) -> dict[str, Any]:
        """A webhook as Saleor shows it."""
        return {
            "id": f"hook-{given['identifier']}",
            "identifier": given["identifier"],
            "name": given["name"],
            "isActive": given["isActive"],
            "targetUrl": given["targetUrl"],
            "subscriptionQuery": given["query"],
            "customHeaders": given.get("customHeaders", "{}"),
            "asyncEvents": [{"eventType": name} for name in given["asyncEvents"]],
            "syncEvents": [{"eventType": name} for name in given["syncEvents"]],
        }

    def secure(self, secret: str = SECRET) -> None:
        for one in self.app["webhooks"]:
            one["customHeaders"] = json.dumps({"x-loyalty-secret": secret})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("away", request=request)
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(200, json=self.jwks)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            denied = {"message": "To access…", "extensions": {"exception": {"code": "PermissionDenied"}}}
            return httpx.Response(200, json={"data": {"app": None}, "errors": [denied]})
        sent = json.loads(request.content)
        named = re.search(r"^(?:query|mutation) (\w+)", sent["query"], re.MULTILINE)
        assert named
        self.sent.append(named[1])
        return httpx.Response(200, json={"data": getattr(self, f"_{named[1].lower()}")(sent["variables"])})

    def _ownapp(self, _given: dict[str, Any]) -> Any:
        return {"app": self.app}

    def _shopsettings(self, _given: dict[str, Any]) -> Any:
        return {"shop": {"allowStorefrontTraffic": True, "fulfillmentAllowUnpaid": True}, "channels": []}

    def _standing(self, given: dict[str, Any]) -> Any:
        return {"app": {**self.app, "anchor": self.anchors.get(given["anchor"])}}

    def _faileddeliveries(self, _given: dict[str, Any]) -> Any:
        edges = [{"node": one} for one in self.failed]
        return {"app": {"webhooks": [{"identifier": "loyalty-orders", "eventDeliveries": {"edges": edges}}]}}

    def _webhookupdate(self, given: dict[str, Any]) -> Any:
        [hook] = [one for one in self.app["webhooks"] if one["id"] == given["id"]]
        for name, value in given["input"].items():
            if name in ("asyncEvents", "syncEvents"):
                hook[name] = [{"eventType": one} for one in value]
            elif name == "customHeaders":
                hook[name] = json.dumps({key.lower(): kept for key, kept in json.loads(value).items()})
            else:
                hook["subscriptionQuery" if name == "query" else name] = value
        return {"webhookUpdate": {"webhook": hook, "errors": []}}

    def _webhookcreate(self, given: dict[str, Any]) -> Any:
        hook = self.hook(given["input"])
        self.app["webhooks"].append(hook)
        return {"webhookCreate": {"webhook": hook, "errors": []}}

    def _webhookdelete(self, given: dict[str, Any]) -> Any:
        self.app["webhooks"] = [one for one in self.app["webhooks"] if one["id"] != given["id"]]
        return {"webhookDelete": {"errors": []}}

    def _anchorwrite(self, given: dict[str, Any]) -> Any:
        assert given["id"] == self.app["id"]
        self.anchors |= {one["key"]: one["value"] for one in given["input"]}
        return {"updatePrivateMetadata": {"errors": []}}

    def _channels(self, _given: dict[str, Any]) -> Any:
        return {"channels": [{"slug": "shut", "isActive": False}, {"slug": "main", "isActive": True}]}

    def _checkoutempty(self, given: dict[str, Any]) -> Any:
        assert given["channel"] == "main"
        return {"checkoutCreate": {"checkout": {"id": "Q2g="}, "errors": []}}

    def headers(self) -> list[dict[str, str]]:
        return [json.loads(one["customHeaders"]) for one in self.app["webhooks"]]


@pytest.fixture
def saleor(wire: Wire) -> Saleor:
    wire.answer = Saleor()
    return wire.answer
