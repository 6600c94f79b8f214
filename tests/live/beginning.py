"""Starts the Saleor that is played on, if it is the stand-in, and our plugin beside it; what is laid out goes again."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from sandbox.launch.manager import Manager
from sandbox.launch.ports import HOST, free_ports
from sandbox.launch.processes import ROOT, Processes
from sandbox.postgres import Server
from sandbox.seed import laying
from sandbox.seed.callers import Account, Caller, SeedError
from tests import database
from tests.live.options import Target
from tests.live.world import CHANNEL, CURRENCY, IMPORTED_DAYS, PASSWORD, World
from tests.scale import PATIENCE

_OWNER = "owner@loyalty-live.example"
#: Nobody is there: what our own App is sent stays in Saleor, where it can be read.
NOWHERE = "http://127.0.0.1:19/"

TERMS: dict[str, Any] = {
    "tiers": [
        {"code": "basic", "name": {"en": "Basic"}, "rank": 0},
        {
            "code": "vip",
            "name": {"en": "VIP"},
            "rank": 1,
            "entry": [[{"metric": "spend", "at_least": 100_000}]],
        },
    ],
    "earning": {"rules": [{"id": "base", "rule": "amount", "params": {"points": 1, "per": "1.00"}}]},
    "pending": {"starts": "payment", "window_days": 14},
    "expiry": {"kind": "after", "months": 12},
    "negative": "owe",
    "paying": {"points": {"points": 1, "money": 1}},
    "imported_from": (datetime.now(UTC) - timedelta(days=IMPORTED_DAYS)).date().isoformat(),
    "perks": [
        {"id": "parcel", "perk": "live_parcel", "params": {}},
        {"id": "member-prices", "perk": "tier_discount", "params": {"rates": {"basic": 1000, "vip": 2000}}},
    ],
}
#: Run in the shop's own process, as a host's set-up would.
_BEGIN = """
import json
from datetime import datetime, timedelta, UTC
from django.contrib.auth import get_user_model
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.staff import Person, RoleScope
from loyalty_plugin.services import programmes
now = datetime.now(UTC)
given = json.loads({given!r})
realm, _ = Realm.objects.get_or_create(api_url=given["api"])
what = dict(code="live", name="Live", currency=given["currency"], timezone="Europe/Berlin", document=given["terms"])
draft = programmes.create_programme(SYSTEM, now=now, **what)
programmes.serve_channels(SYSTEM, now=now, programme_id=draft.programme_id, realm_id=realm.pk, slugs=[given["channel"]])
programmes.publish(SYSTEM, version_id=draft.pk, now=now, starts_at=now - timedelta(days=1))
owner = get_user_model().objects.create_superuser("owner", "owner@shop.example", "not used")
person = Person.objects.create(user=owner, name="Olga Owner")
RoleScope.objects.create(person=person, role="owner")
"""


@contextmanager
def world(server: Server, folder: Path, target: Target | None) -> Iterator[World]:
    """Both sides running, goods laid out; all of it gone afterwards, but for what Saleor never deletes."""
    name = f"loyalty-live-{secrets.token_hex(3)}"
    with ExitStack() as stack:
        shop_database = database.database_name(name.replace("-", "_"))
        database_url = server.create_database(shop_database, database.template())
        stack.callback(server.drop_database, shop_database)
        shop_port, saleor_port = free_ports(2)
        public_url = f"http://{HOST}:{shop_port}"
        if target is not None and target.public_url:
            public_url = target.public_url
        if target is not None and target.listen:
            shop_port = target.listen
        api_url = target.api_url if target else f"http://{HOST}:{saleor_port}/graphql/"
        email, password = (target.email, target.password) if target else (_OWNER, PASSWORD)
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.live.settings",
            "DATABASE_URL": database_url,
            "SECRET_KEY": secrets.token_urlsafe(40),
            "LIVE_SALEOR": api_url,
            "LIVE_PUBLIC_URL": public_url,
        }
        processes = Processes(environment, folder)
        stack.callback(processes.stop)
        if target is None:
            _start_standin(stack, server, folder, f"{shop_database}_standin", saleor_port)
        at_all = HOST if public_url.startswith(f"http://{HOST}:") else "0.0.0.0"
        serve = [
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--no-ws",
            "--host",
            at_all,
            "--port",
            str(shop_port),
        ]
        web = processes.start(
            "web", *serve, "--blocking-threads", "4", "--factory", "django.core.wsgi:get_wsgi_application"
        )
        processes.start("worker", "-m", "django", "procrastinate", "worker")

        whole = {**os.environ, **environment, "SALEOR_EMAIL": email, "SALEOR_PASSWORD": password}
        manager = Manager(sys.executable, ROOT, whole, folder / "manager.log")
        stack.callback(manager.close)

        staff = stack.enter_context(Account(api_url, email, password))
        laid = laying.own_channel(staff, CHANNEL, "Loyalty live tests", CURRENCY, "DE")
        stack.callback(_clear, staff, laid)
        _lay_out(staff, laid, name)
        witness, witness_id = _witness(stack, staff, name)
        made = World(
            name, api_url, public_url, (target.redirect_url if target else "") or public_url, target is not None,
            staff, database_url, manager, laid, witness, witness_id,
        )  # fmt: skip
        stack.callback(_forget_people, made)
        if made.app() and not (target is None or target.replace):
            raise SeedError(
                f"A membership App is installed at {api_url} already. These scenarios would take it apart: use a Saleor "
                "on which nobody depends, or --replace-app."
            )
        made.remove_app()
        stack.callback(made.remove_app)
        processes.wait_for(web, f"http://{HOST}:{shop_port}/loyalty/health", seconds=PATIENCE)
        terms = {"api": api_url, "currency": CURRENCY, "channel": CHANNEL, "terms": TERMS}
        made.manage("shell", "-c", _BEGIN.format(given=json.dumps(terms)))
        yield made


def _start_standin(stack: ExitStack, server: Server, folder: Path, name: str, port: int) -> None:
    environment = {
        "STANDIN_DATABASE_URL": server.create_database(name),
        "STANDIN_URL": f"http://{HOST}:{port}",
        "STANDIN_INSTANT": "1",
        "STANDIN_RETRY_SCALE": "0.05",
    }
    stack.callback(server.drop_database, name)
    processes = Processes(environment, folder)
    stack.callback(processes.stop)
    child = processes.start("stand-in", "-m", "sandbox.saleor", "--port", str(port))
    processes.wait_for(child, f"http://{HOST}:{port}/health/")
    owner = {
        "email": _OWNER,
        "password": PASSWORD,
        "firstName": "Olga",
        "lastName": "Owner",
        "superuser": True,
    }
    # All that a Saleor has beforehand: somebody who may do everything.
    httpx.post(f"http://{HOST}:{port}/_standin/seed", json={"staff": [owner]}, timeout=60).raise_for_status()


def _lay_out(staff: Account, laid: laying.Laid, name: str) -> None:
    warehouse = laying.lay_shipping(staff, laid, name, {f"{name} standard": Decimal("4.90")})
    tea = [laying.Variant(f"{name}-tea", "100 g", Decimal("10.00"))]
    pot = [laying.Variant(f"{name}-pot", "One", Decimal("50.00"))]
    laying.lay_goods(
        staff, laid, warehouse, name, [("goods", name)],
        [laying.Product("tea", f"{name} tea", "goods", tea), laying.Product("pot", f"{name} pot", "goods", pot)],
    )  # fmt: skip


def _witness(stack: ExitStack, staff: Account, name: str) -> tuple[Caller, str]:
    """An App of ours beside the plugin: the payment provider, and who is told of the tokens in mails."""
    create = "mutation($i:AppInput!){appCreate(input:$i){app{id} authToken" + laying.ERRORS
    given = {
        "name": name,
        "identifier": name,
        "permissions": ["HANDLE_PAYMENTS", "MANAGE_USERS", "MANAGE_ORDERS"],
    }
    made = staff.change(create, i=given)
    delete = "mutation($i:ID!){appDelete(id:$i){" + laying.ERRORS
    stack.callback(lambda: staff.change(delete, i=made["app"]["id"]))
    app = stack.enter_context(Caller(staff.api_url, made["authToken"]))
    wanted = "{user{email} token}"
    told = f"... on AccountConfirmationRequested{wanted} ... on AccountDeleteRequested{wanted}"
    query = f"subscription{{event{{__typename {told}}}}}"
    events = ["ACCOUNT_CONFIRMATION_REQUESTED", "ACCOUNT_DELETE_REQUESTED"]
    hook = {"name": name, "targetUrl": NOWHERE, "query": query, "asyncEvents": events, "isActive": True}
    app.change("mutation($i:WebhookCreateInput!){webhookCreate(input:$i){webhook{id}" + laying.ERRORS, i=hook)
    return app, str(made["app"]["id"])


def _forget_people(made: World) -> None:
    for email in made.people:
        user = made.staff.ask("query($e:String!){user(email:$e){id}}", e=email)["user"]
        if user:
            made.staff.change("mutation($i:ID!){customerDelete(id:$i){" + laying.ERRORS, i=user["id"])


def _clear(staff: Account, laid: laying.Laid) -> None:
    for one in laying.clear(staff, laid):
        print(f"left at {staff.api_url}: {one}")
