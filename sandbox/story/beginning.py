"""The App is installed, the owner publishes the terms, a customer joins and confirms their e-mail."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx

from sandbox.launch.steps import Step
from sandbox.seed.people import PASSWORD, STAFF
from sandbox.story.stage import BEGINNING, EMAIL, FIRST, LAST, Stage, told
from sandbox.story.terms import CHANNEL, document, goods

MANIFEST = "/loyalty/saleor/manifest"


def play(stage: Stage) -> Iterator[Step]:
    """From an empty shop to a member with welcome points."""
    stage.manage("sandbox_seed", "--only-staff")
    stage.go_to(BEGINNING)
    stage.ids = stage.saleor.door("seed", {**goods(stage.context.shop_url), "staff": _staff()})
    yield _install(stage)
    yield _publish(stage)
    yield from _join(stage)


def _staff() -> list[dict[str, object]]:
    owner = next(person for person in STAFF if person.superuser)
    return [{"email": owner.email, "password": PASSWORD, "firstName": owner.first, "superuser": True}]


def _install(stage: Stage) -> Step:
    manifest = f"{stage.context.shop_url}{MANIFEST}"
    stage.saleor.install(manifest)
    stage.settle()
    wanted = len(httpx.get(manifest, timeout=60).json()["webhooks"])
    apps = stage.saleor.owner.ask("{apps(first:10){edges{node{id name isActive webhooks{isActive}}}}}")[
        "apps"
    ]
    ours = next(edge["node"] for edge in apps["edges"] if edge["node"]["webhooks"])
    stage.app_id = ours["id"]
    secured = stage.count("SELECT count(*) FROM loyalty_plugin_installation WHERE state = 'active'")
    got = "active" if ours["isActive"] else "not active"
    listening = sum(hook["isActive"] for hook in ours["webhooks"])
    return told(
        "The shop's owner installs the App at Saleor; the two shake hands",
        f"active, {wanted} webhooks, secured with a secret of their own",
        f"{got}, {listening} webhooks, " + ("secured with a secret of their own" if secured else "unsecured"),
    )


def _publish(stage: Stage) -> Step:
    owner = stage.staff("owner")
    draft = owner.open("/admin/membership/programme/").submit(
        {
            "preset": "fashion",
            "name": "The Circle",
            "currency": "EUR",
            "timezone": "Europe/Berlin",
            "channels": CHANNEL,
        }
    )
    rules = json.dumps(document(stage.ids["categories"]["kitchen"]))
    saved = draft.submit({"document": rules, "note": "Our first terms"})
    done = saved.follow("a[href$='/publish/']").submit({"note": "The first terms of the Circle"})
    version = done.row()
    return told(
        "The owner starts the programme from a preset, changes it and publishes it in the back office",
        "Version 1, in force from 2 March 2026, 10:00, by Marta Oduya",
        f"{version['Version']}, {version['State']} from {version['In force from']}, by {version['By']}",
    )


def _join(stage: Stage) -> Iterator[Step]:
    customer = stage.customer()
    form = {"first_name": FIRST, "last_name": LAST, "email": EMAIL, "password": PASSWORD}
    letter = customer.open("/account/join/").submit(form)
    stage.settle()
    clerk = stage.staff("clerk")
    found = clerk.open(f"/admin/membership/members/?q={EMAIL}")
    row = found.row()
    shown = found.follow("table.listing tbody a")
    contact = "not verified" if "contact not verified" in shown.text("#main") else "verified"
    yield told(
        "A customer registers at the shop",
        f"{FIRST} {LAST}: Basic, contact not verified, 0 points, 0 on the way",
        f"{row['Name']}: {row['Tier']}, contact {contact}, {row['Available']} points,"
        f" {row['On the way']} on the way",
    )
    letter.follow(".letter a")
    stage.settle()
    yield told(
        "They confirm their e-mail by the link in the letter",
        "basic: 50 points, 0 on the way; 50 points as a welcome, for a verified contact.",
        f"{stage.standing()}; {stage.statement()[0]['why']['sentence']}",
    )
