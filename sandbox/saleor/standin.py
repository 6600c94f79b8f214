"""Assembles one stand-in Saleor: store, clock, key, schema and the threads that send webhooks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from . import installing, resolvers
from .auth import LoginThrottle
from .clock import Clock, iso
from .delivery import Deliverer
from .events import Events
from .execution import Engine
from .expiring import Expiry
from .options import Options
from .payments import IDENTIFIER
from .schema import load
from .signing import Signer
from .store import Doc, Store

if TYPE_CHECKING:
    from .context import Context

SHOP = {
    "name": "Sandbox shop (stand-in Saleor)",
    "allowStorefrontTraffic": True,
    "fulfillmentAllowUnpaid": True,
    "enableAccountConfirmationByEmail": True,
    "allowLoginWithoutConfirmation": False,
}


class Standin:
    """Everything one running stand-in owns; `close()` stops its threads and leaves its data."""

    def __init__(self, options: Options) -> None:
        resolvers.register()
        self.options = options
        self.store = Store(options.database_url)
        self.clock = Clock(self.store)
        self.signer = Signer(self.store)
        self.engine = Engine(load())
        self.throttle = LoginThrottle()
        self.events = Events(self)
        self.deliverer = Deliverer(self)
        self.expiry = Expiry(self)
        self._ensure_provider()
        self.deliverer.start()
        self.events.start()
        self.expiry.start()
        with self.store.read() as tx:
            pending = tx.find("installation", status="PENDING")
        for row in pending:
            self.install_later(row["id"])

    def close(self) -> None:
        self.expiry.stop()
        self.events.stop()
        self.deliverer.stop()
        self.store.close()

    def now(self) -> str:
        return iso(self.clock.now())

    def shop(self) -> Doc:
        with self.store.read() as tx:
            return {**SHOP, **(tx.setting("shop") or {})}

    def install_later(self, installation_id: str) -> None:
        threading.Thread(target=installing.run, args=(self, installation_id), daemon=True).start()

    def find_voucher(self, ctx: Context, code: str | None) -> Doc | None:
        if not code:
            return None
        found = [v for v in ctx.find("voucher") if v["code"].lower() == code.lower()]
        return found[0] if found else None

    def _ensure_provider(self) -> None:
        with self.store.write() as tx:
            tx.query("SELECT pg_advisory_xact_lock(727274)")
            if tx.first("app", identifier=IDENTIFIER) is None:
                tx.insert(
                    "app",
                    {
                        "identifier": IDENTIFIER,
                        "name": "Sandbox payments",
                        "type": "THIRDPARTY",
                        "created": self.now(),
                        "isActive": True,
                        "permissions": ["HANDLE_PAYMENTS"],
                        "token": None,
                        "manifestUrl": None,
                        "version": "1",
                        "extensions": [],
                        "metadata": {},
                        "privateMetadata": {},
                    },
                )
