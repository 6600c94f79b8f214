"""How our App comes to a Saleor and what may become of it there: every state has a name that the doctor tells."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from loyalty_plugin.saleor.manifest import PAYING, PERMISSIONS, SECRET_HEADER
from loyalty_plugin.saleor.subscriptions import WEBHOOKS
from sandbox.seed.laying import ERRORS
from tests.live.people import register
from tests.live.world import World

INSTALL = "mutation($i:AppInstallInput!){appInstall(input:$i){appInstallation{id status message}" + ERRORS
INSTALLATIONS = "{appsInstallations{id status message}}"
WANTED = {**PERMISSIONS, **PAYING}
GRANT = "mutation($i:ID!,$p:[PermissionEnum!]!){appUpdate(id:$i,input:{permissions:$p}){app{id}" + ERRORS
#: What the doctor may say of a connection.
STATES = {"not_installed", "installation_unfinished", "permissions_missing", "installation_inactive", "events_unheard",
          "installation_dead", "installation_deleted", "reinstalled", "key_changed", "gap", "restored_here",
          "restored_there", "saleor_unreachable", "deliveries_failed"}  # fmt: skip


def states(world: World, *arguments: str) -> set[str]:
    return STATES & world.doctor(*arguments).keys()


@pytest.fixture
def away(played: World) -> World:
    """Our App is not there."""
    played.remove_app()
    return played


def begin(world: World, permissions: Any = WANTED, manifest: str = "") -> str:
    """As the Dashboard installs; the words where it failed."""
    given = {
        "appName": "Membership",
        "manifestUrl": manifest or f"{world.public_url}/loyalty/saleor/manifest",
        "permissions": list(permissions),
        "activateAfterInstallation": True,
    }
    row = world.staff.change(INSTALL, i=given)["appInstallation"]
    assert row["status"] == "PENDING"

    def ended() -> Any:
        rows = {one["id"]: one for one in world.staff.ask(INSTALLATIONS)["appsInstallations"]}
        found = rows.get(row["id"])
        return {"message": ""} if found is None else found if found["status"] == "FAILED" else None

    end = world.until("the installation ended", ended)
    if end.get("status") == "FAILED":
        forget = "mutation($i:ID!){appDeleteFailedInstallation(id:$i){" + ERRORS
        world.staff.change(forget, i=row["id"])
    return str(end["message"] or "")


def install(world: World, permissions: Any = WANTED) -> None:
    assert begin(world, permissions) == ""
    world.until("the webhooks are secured", lambda: world.state() == "active")


def act(world: World, mutation: str) -> None:
    app = world.app()
    assert app
    world.staff.change(f"mutation($i:ID!){{{mutation}(id:$i){{app{{id}}{ERRORS}", i=app["id"])


def whole(app: dict[str, Any], world: World) -> None:
    """Permissions, webhooks and the secret are as they are to be, seen from Saleor."""
    assert {one["code"] for one in app["permissions"]} == set(WANTED)
    hooks = {one["identifier"]: one for one in app["webhooks"]}
    assert set(hooks) == {one.identifier for one in WEBHOOKS}
    # Saleor keeps their names in small letters.
    secrets = {json.loads(one["customHeaders"].lower())[SECRET_HEADER.lower()] for one in hooks.values()}
    assert len(secrets) == 1
    assert {one["targetUrl"] for one in hooks.values()} == {f"{world.public_url}/loyalty/saleor/events"}
    for one in WEBHOOKS:
        heard = {event["eventType"] for event in hooks[one.identifier]["asyncEvents"]}
        assert heard == (set() if one.asks else {event.name for event in one.events})


def test_connect_installs_and_has_saleor_prove_the_way(away: World) -> None:
    said = away.connect()
    assert "Saleor sent an event and it came" in said
    assert f"{away.api_url} is connected." in said
    app = away.app()
    assert app
    whole(app, away)
    assert states(away) <= {"reinstalled", "gap"}  # where an earlier scenario was connected before
    again = away.connect()
    assert "The App is installed already." in again
    assert away.app() == app


def test_installed_by_the_manifest_it_proves_itself(away: World) -> None:
    install(away)
    app = away.app()
    assert app
    whole(app, away)
    # A harmless change of our own has to come back, and does.
    query = (
        "SELECT count(*) FROM loyalty_plugin_inboxitem JOIN loyalty_plugin_installation n ON n.id = installation_id"
        " WHERE n.app_id = %s AND event LIKE 'Checkout%%'"
    )
    away.manage("loyalty_doctor", "--mend", code=None)
    away.until("our own change came back", lambda: away.rows(query, app["id"])[0][0])
    assert "events_unheard" not in states(away)


def test_a_smaller_grant_is_seen_and_mended(away: World) -> None:
    install(away, ["MANAGE_ORDERS", "MANAGE_USERS"])
    found = away.doctor()["permissions_missing"]
    assert "MANAGE_CHECKOUTS" in found["what"]
    assert "It may do more now" in away.connect()
    assert "permissions_missing" not in states(away)


def test_a_permission_taken_away(connected: World) -> None:
    app = connected.app()
    assert app
    held = [one["code"] for one in app["permissions"]]
    connected.staff.change(GRANT, i=app["id"], p=[code for code in held if code != "HANDLE_CHECKOUTS"])
    assert "permissions_missing" in states(connected)
    connected.staff.change(GRANT, i=app["id"], p=held)
    assert "permissions_missing" not in states(connected)


def test_deactivated_and_active_again(connected: World) -> None:
    """Saleor tells of it once, and what happened in between has to be compared."""
    act(connected, "appDeactivate")
    connected.until("it is known to be inactive", lambda: connected.state() == "inactive")
    assert "installation_inactive" in states(connected, "--offline")
    missed = register(connected)
    act(connected, "appActivate")
    connected.until("it is known to be active", lambda: connected.state() == "active")
    assert "gap" in states(connected)
    connected.manage("loyalty_reconcile")
    assert "gap" not in states(connected)
    connected.until("who was missed is a member", lambda: missed.membership("number"))


def test_deleted_and_installed_anew(connected: World) -> None:
    """The same identifier comes with another id and another token at once."""
    before = connected.app()
    act(connected, "appDelete")
    connected.until("it is known to be gone", lambda: connected.state() == "deleted")
    assert "installation_deleted" in states(connected, "--offline")
    install(connected)
    after = connected.app()
    assert before
    assert after
    assert after["id"] != before["id"]
    assert "reinstalled" in states(connected)
    connected.manage("loyalty_reconcile")
    assert "reinstalled" not in states(connected)


def test_the_keys_are_those_it_publishes(connected: World) -> None:
    keys = httpx.get(urljoin(connected.api_url, "/.well-known/jwks.json"), timeout=60).json()["keys"]
    assert [(one["kty"], one.get("alg", "RS256"), one["use"]) for one in keys] == [("RSA", "RS256", "sig")]
    assert "key_changed" not in states(connected)


def test_what_can_not_be_installed_says_why(away: World) -> None:
    assert begin(away, manifest=f"{away.public_url}/loyalty/saleor/nothing-here")
    assert away.app() is None


def test_the_second_of_two_is_refused(connected: World) -> None:
    assert "already installed" in begin(connected)
    assert connected.state() == "active"


def test_the_books_are_whole_in_the_end(connected: World) -> None:
    connected.manage("loyalty_verify")
    [report] = json.loads(connected.manage("loyalty_reconcile", "--json"))
    assert (report["differing"], report["differences"]) == (0, [])
