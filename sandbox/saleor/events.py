"""Turns announced events into webhook bodies by executing each App's subscription; sends nothing itself."""

from __future__ import annotations

import json
import random
import threading
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from .context import Context, Requestor
from .execution import event_types
from .pace import Pace
from .store import Doc, Tx

if TYPE_CHECKING:
    from .standin import Standin

VERSION = "3.23.28"

#: The permission an App needs to be sent an event, by the first word that matches.
PERMISSIONS = {
    "ORDER": "MANAGE_ORDERS",
    "DRAFT": "MANAGE_ORDERS",
    "FULFILLMENT": "MANAGE_ORDERS",
    "CHECKOUT": "MANAGE_CHECKOUTS",
    "CUSTOMER": "MANAGE_USERS",
    "ACCOUNT": "MANAGE_USERS",
    "APP": "MANAGE_APPS",
    "TRANSACTION": "HANDLE_PAYMENTS",
    "SHIPPING": "MANAGE_SHIPPING",
}
SUBJECTS = {"order": "order", "checkout": "checkout", "user": "user", "app": "app"}


def type_of(event: str) -> str:
    """ORDER_FULLY_PAID -> OrderFullyPaid."""
    return "".join(word.capitalize() for word in event.split("_"))


def event_of(type_name: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in type_name).lstrip("_")


def permission_for(event: str) -> str:
    return PERMISSIONS[event.split("_", 1)[0]]


class Events:
    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._random = random.Random(standin.options.seed)
        self._wake = threading.Event()
        self._stop = False
        self.faults: dict[str, float] = {}
        with standin.store.read() as tx:
            self.faults = tx.setting("faults") or {}
        self._thread = threading.Thread(target=self._run, name="standin-events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop = True
        self._wake.set()
        self._thread.join(10)

    def wake(self) -> None:
        self._wake.set()

    def set_faults(self, faults: dict[str, float], seed: int | None) -> None:
        """Shares (0 to 1) of deliveries to `lose` and `duplicate`, and seconds to `reorder` within."""
        self.faults = faults
        if seed is not None:
            self._random = random.Random(seed)
        with self._standin.store.write() as tx:
            tx.put_setting("faults", dict(faults))

    def emit(self, tx: Tx, name: str, subject: Doc, principal: Doc | None, at: str) -> None:
        tx.query(
            "INSERT INTO standin_event (name, subject, principal, at) VALUES (%s, %s, %s, %s)",
            (name, Jsonb(subject), Jsonb(principal) if principal else None, at),
        )

    def _run(self) -> None:
        while not self._stop:
            self._wake.clear()
            try:
                while not self._stop and self._build_next():
                    pass
            except Exception:
                # The thread must outlive a lost connection; the event row is still there for the next round.
                traceback.print_exc()
                self._wake.wait(1.0)
            self._wake.wait(5.0)

    def _build_next(self) -> bool:
        made = 0
        with self._standin.store.write() as tx:
            rows = tx.query(
                "SELECT id, name, subject, principal, at FROM standin_event ORDER BY id"
                " FOR UPDATE SKIP LOCKED LIMIT 50"
            )
            if not rows:
                return False
            apps = {a["id"]: a for a in tx.find("app")}
            webhooks = tx.find("webhook")
            for _, name, subject, principal, at in rows:
                for app, webhook in _recipients(apps, webhooks, name, subject):
                    body = self.body(app, webhook, name, subject, principal, at)
                    if body is not None:
                        made += self._schedule(tx, webhook, name, body, at)
            tx.query("DELETE FROM standin_event WHERE id = ANY(%s)", ([row[0] for row in rows],))
        if made:
            self._standin.deliverer.wake()
        return True

    def body(
        self,
        app: Doc,
        webhook: Doc,
        name: str,
        subject: Doc,
        principal: Doc | None,
        at: str,
        *,
        asking: bool = False,
    ) -> bytes | None:
        """The bytes to send, or None when the subscription does not ask for this (a channel filter).

        `asking`: the App's answer is waited for while the checkout is worked out, so it has no prices yet.
        """
        standin = self._standin
        recipient = Requestor("app", app, frozenset(app["permissions"]))
        ctx = Context(standin, lambda: recipient, Pace(instant=True), in_event=True, asking=asking)
        event: dict[str, Any] = {
            "__typename": type_of(name),
            "issuedAt": at,
            "version": VERSION,
            "issuingPrincipal": _principal(ctx, principal),
            "recipient": app,
        }
        for field, value in subject.items():
            if field == "gone":
                # The document was deleted: the body shows it as it was.
                event[value["__typename"].lower()] = value
            elif field == "app":
                event["app"] = ctx.get("app", value["id"])
            elif field == "orders":
                event["orders"] = [ctx.get("order", key) for key in value]
            elif field in SUBJECTS:
                event[field] = ctx.get(SUBJECTS[field], value)
            else:
                event[field] = value
        if "fulfillment" in subject and event.get("order"):
            sent = [f for f in event["order"]["fulfillments"] if f["id"] == subject["fulfillment"]]
            event["fulfillment"] = {**sent[0], "order": event["order"]} if sent else None
        data, errors = standin.engine.run_event(ctx, webhook["query"], event)
        if not data:
            return None
        if "event" in data and len(data) == 1:
            # `subscription { event { … } }` arrives flat, root fields such as orderPaid arrive wrapped.
            if not data["event"]:
                return None
            whole = dict(data["event"])
        else:
            if all(value is None for value in data.values()):
                return None
            whole = {"data": data}
        if errors:
            whole["errors"] = errors
        return json.dumps(whole).encode()

    def _schedule(self, tx: Tx, webhook: Doc, name: str, body: bytes, at: str) -> int:
        if self._random.random() < self.faults.get("lose", 0):
            tx.count("lost")
            return 0
        copies = 2 if self._random.random() < self.faults.get("duplicate", 0) else 1
        for _ in range(copies):
            # Saleor promises no order; a little noise keeps everybody from relying on one.
            wait = self._random.uniform(0, max(0.03, self.faults.get("reorder", 0)))
            tx.query(
                "INSERT INTO standin_delivery (webhook, event, payload, due, created)"
                " VALUES (%s, %s, %s, now() + %s * interval '1 second', %s)",
                (webhook["id"], name, body, wait, at),
            )
        return copies


def _recipients(
    apps: dict[str, Doc], webhooks: list[Doc], name: str, subject: Doc
) -> Iterator[tuple[Doc, Doc]]:
    own = (subject.get("app") or subject.get("gone", {})).get("id") if name.startswith("APP_") else None
    for webhook in webhooks:
        if name not in webhook["asyncEvents"] or not webhook["isActive"]:
            continue
        app = apps.get(webhook["app"]) or (subject["gone"] if own == webhook["app"] else None)
        if app is None:
            continue
        if app["id"] == own:
            # An App hears of its own end and of being switched off, though it is inactive by then.
            if name != "APP_INSTALLED":
                yield app, webhook
        elif app["isActive"] and permission_for(name) in app["permissions"]:
            yield app, webhook


def subscribed(engine: Any, text: str) -> list[str]:
    """Names of the events (ORDER_PAID …) a subscription query asks for."""
    document, errors = engine.check(text)
    if document is None or errors:
        return []
    return [event_of(name) for name in event_types(document) if name in engine.schema.type_map]


def _principal(ctx: Context, principal: Doc | None) -> Doc | None:
    return ctx.get(principal["kind"], principal["id"]) if principal else None
