"""A Saleor, real or the stand-in, with our plugin beside it, as scenarios see both; starts nothing itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sandbox.launch.manager import Manager
from sandbox.seed import laying
from sandbox.seed.callers import Account, Caller
from tests.scale import PATIENCE

CHANNEL = "loyalty-live"
CURRENCY = "EUR"
PASSWORD = "correct-horse-9"
#: What the plugin's own App is called everywhere.
OURS = "loyalty_plugin"
#: So many days before today orders that were imported begin to earn.
IMPORTED_DAYS = 30
_LIVE = """
from datetime import datetime, UTC
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services.realms import set_live
set_live(SYSTEM, realm_id=Realm.objects.get().pk, live={live}, now=datetime.now(UTC))
"""
WEBHOOK = "id name identifier targetUrl isActive customHeaders asyncEvents{eventType}"


@dataclass
class World:
    """Both sides, and ways to look at them. `real` tells whether the Saleor is."""

    name: str
    api_url: str
    public_url: str
    redirect_url: str
    real: bool
    staff: Account
    database_url: str
    manager: Manager
    laid: laying.Laid
    witness: Caller
    witness_id: str
    #: Accounts of customers that were made, by e-mail.
    people: list[str] = field(default_factory=list)

    # -- our side ---------------------------------------------------------------------------------------
    def manage(self, *arguments: str, code: int | None = 0) -> str:
        """What a management command of the shop says; any exit code with `code=None`."""
        done = self.manager.run(*arguments)
        assert code is None or done.returncode == code, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout

    def connect(self, *arguments: str) -> str:
        return self.manage("loyalty_connect", *arguments)

    def doctor(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """The doctor's findings about the connection, by code."""
        found = json.loads(self.manage("loyalty_doctor", "--json", *arguments, code=None))
        return {one["id"]: one for one in found["findings"]}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]

    def state(self) -> str:
        """The state of the newest installation, empty where there was none."""
        found = self.rows("SELECT state FROM loyalty_plugin_installation ORDER BY id DESC LIMIT 1")
        return str(found[0][0]) if found else ""

    def until(self, what: str, ready: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait until something is so; what it was then. Events take their time, and none comes in order."""
        deadline = time.monotonic() + seconds
        while True:
            if found := ready():
                return found
            assert time.monotonic() < deadline, f"{what}, and it never was. {self.newest()}"
            time.sleep(0.1)

    def newest(self) -> str:
        """What we were told last, for whoever has waited in vain."""
        told = self.rows(
            "SELECT event, status, outcome, detail FROM loyalty_plugin_inboxitem ORDER BY id DESC LIMIT 8"
        )
        return f"Told last: {told}"

    def ours(self, who: Caller, query: str, **variables: Any) -> Any:
        """Our own GraphQL door, as a customer with Saleor's token."""
        return Caller(f"{self.public_url}/loyalty/graphql/", who.token, who.http).ask(query, **variables)

    def live(self, live: bool) -> None:
        """Whether what this Saleor tells is booked, as the back office says it."""
        self.manage("shell", "-c", _LIVE.format(live=live))

    def idle(self) -> bool:
        """Whether all that we were told was looked at."""
        return not self.rows("SELECT 1 FROM loyalty_plugin_inboxitem WHERE status = 'new' LIMIT 1")

    def storefront_traffic(self, allowed: bool) -> None:
        """Whether strangers and customers may call this Saleor themselves."""
        text = "mutation($i:ShopSettingsInput!){shopSettingsUpdate(input:$i){shop{name}" + laying.ERRORS
        self.staff.change(text, i={"allowStorefrontTraffic": allowed})

    def variant(self, what: str) -> str:
        """The id of the tea or the pot."""
        return self.laid.variants[f"{self.name}-{what}"]

    # -- Saleor's side ----------------------------------------------------------------------------------
    def app(self) -> dict[str, Any] | None:
        """Our App as the Dashboard lists it, with its permissions and webhooks."""
        query = (
            "{apps(first:100){edges{node{id identifier isActive permissions{code} webhooks{"
            + WEBHOOK
            + "}}}}}"
        )
        found = [edge["node"] for edge in self.staff.ask(query)["apps"]["edges"]]
        return next((one for one in found if one["identifier"] == OURS), None)

    def remove_app(self) -> None:
        if app := self.app():
            self.staff.change(f"mutation($i:ID!){{appDelete(id:$i){{{laying.ERRORS}", i=app["id"])
            self.until("the App was deleted", lambda: self.app() is None)

    def connected(self) -> None:
        """The plugin is connected, whatever was done to it before."""
        app = self.app()
        whole = app and app["isActive"] and len(app["permissions"]) >= 6 and self.state() == "active"
        if not whole:
            self.connect("--replace")
        compared = "SELECT gap_since IS NULL AND reconciled_at IS NOT NULL FROM loyalty_plugin_realm"
        if self.rows(compared) != [(True,)]:
            # What an earlier scenario left unheard would hide what this one misses, and be compared by the hour's job
            # at a moment of its own: each scenario begins without a finding.
            self.manage("loyalty_reconcile")
        assert self.state() == "active"
