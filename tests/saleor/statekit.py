"""What the tests of our standing at a Saleor share: what the doctor and the realm say, and what an App may ask."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from django.core.management import call_command

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import SaleorUnreachable
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.realms import standings
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor import connections
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.services.realms import mark_reconciled
from tests.saleor.threadkit import API, Thread, now

WEBHOOKS = """{apps(first:100){edges{node{identifier webhooks{id identifier isActive targetUrl asyncEvents{eventType}
 customHeaders}}}}}"""


def doctor(*options: str) -> dict[str, dict[str, Any]]:
    """What the doctor finds about the connection, by id."""
    out = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("loyalty_doctor", "--json", *options, stdout=out)
    report = json.loads(out.getvalue())
    assert all(one["what"] and one["next"] for one in report["findings"])
    return {one["id"]: one for one in report["findings"] if not one["id"].startswith("loyalty_plugin.")}


def state() -> str:
    """The realm's state by its name, seen anew."""
    with contextlib.suppress(SaleorUnreachable):
        ports.connection.review(API, now=now())
    (found,) = standings(SYSTEM, now=now(), permissions=PERMISSIONS.keys())
    return found.name


def reconciled() -> None:
    mark_reconciled(SYSTEM, realm_id=Realm.objects.get().pk, through=now(), now=now())


def hooks(thread: Thread) -> dict[str, dict[str, Any]]:
    apps = [edge["node"] for edge in thread.shop.owner.data(WEBHOOKS)["apps"]["edges"]]
    (ours,) = [one for one in apps if one["identifier"] == "loyalty_plugin"]
    return {one["identifier"]: one for one in ours["webhooks"]}


def as_app(thread: Thread, query: str, **variables: Any) -> Any:
    ours = connections.connected(API, fresh=True)
    assert ours
    return thread.shop.anonymous.as_app(ours.token).data(query, **variables)
