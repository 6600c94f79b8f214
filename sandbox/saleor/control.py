"""The control door `/_standin/…`, which Saleor does not have: clock, seed, orders, mails, broken deliveries.

All bodies and answers are JSON; amounts are texts in major units ("12.50"); times are ISO 8601. It asks for
no password and belongs on a machine of one's own only.

GET  /_standin/            what this is
GET  /_standin/clock       {"now"}
POST /_standin/clock       {"now": iso or null}: the business clock goes there and runs on; null is real time.
                           Tokens keep real time.
POST /_standin/shop        allowStorefrontTraffic, fulfillmentAllowUnpaid, enableAccountConfirmationByEmail,
                           allowLoginWithoutConfirmation, name
POST /_standin/seed        lists to upsert, all optional; answers {part: {key: global id}}:
    channels               slug, name, currency, country, taxRate, pricesEnteredWithTax,
                           automaticallyConfirmAllNewOrders, allowUnpaidOrders, transactionFlow
    categories             slug, name, description, parent (slug), image (url)
    collections            slug, name, description, image
    products               slug, name, description, category, collections, images [{url, alt}], shipping,
                           published, rating, metadata, variants [{sku, name, prices {channel: amount}, stock}]
    promotions             name, percentage or fixed, products, categories, collections, variants (skus),
                           channels, active; with orderFrom (an amount) off the whole order from there on
    vouchers               code, name, percentage or fixed, type (ENTIRE_ORDER, SHIPPING), channels, active,
                           minSpent {channel: amount}
    shippingMethods        name, price {channel: amount}, minimumDays, maximumDays, from {channel: amount}
    staff                  email, password, firstName, lastName, permissions or superuser
    apps                   name, token, permissions: a local App, as the Dashboard makes them
    customers              email, password, firstName, lastName, confirmed, joined, languageCode, address,
                           metadata; a new one is announced by events
POST /_standin/orders      one order or {"orders": […]}: customer (e-mail or id), lines [{sku or variant,
                           quantity}], at, channel, voucher, shipping, paid, fulfilled (true or a time), guest,
                           address, metadata; the same steps and events as a customer's. With origin draft
                           or reissue it is a draft until draftOrderComplete, with bulk_create imported:
                           one event for all of one call
POST /_standin/psp         order or transaction, type, amount, reference: the payment provider reports an event
                           (CHARGE_BACK, REFUND_SUCCESS, …) on its own transaction
GET  /_standin/mails       ?email=: mails with tokens (account_confirmation, …), newest first
GET  /_standin/deliveries  {"pending", "failed", "delivered", "lost"}; pending counts events not built yet
POST /_standin/deliveries  {}: every pending delivery is due at once
POST /_standin/key         {}: sign with another key from now on; tokens of the old one end. {"kid"}
POST /_standin/lose        share and duplicate (0 to 1) of deliveries lost and doubled, reorder (seconds), seed;
                           {} heals
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .context import Context, Refused, Requestor
from .pace import Pace
from .payments import provider, report
from .placing import announce, place
from .seeding import seed
from .signing import Signer
from .values import InvalidId, gid, key_of, to_minor

if TYPE_CHECKING:
    from .standin import Standin

Answer = tuple[int, Any]


class Control:
    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self._doors: dict[tuple[str, str], Callable[[Any, dict[str, str]], Any]] = {
            ("GET", ""): lambda _body, _query: {"what": "control door of a stand-in Saleor; not of Saleor"},
            ("GET", "clock"): lambda _body, _query: {"now": standin.now()},
            ("POST", "clock"): self._clock,
            ("POST", "shop"): self._shop,
            ("POST", "seed"): lambda body, _query: seed(self._context(), body),
            ("POST", "orders"): self._orders,
            ("POST", "psp"): self._psp,
            ("GET", "mails"): self._mails,
            ("GET", "deliveries"): self._deliveries,
            ("POST", "deliveries"): self._deliver_now,
            ("POST", "lose"): self._lose,
            ("POST", "key"): self._key,
        }

    def answer(self, path: str, method: str, query: str, body: Any) -> Answer:
        name = path.removeprefix("/_standin").strip("/")
        door = self._doors.get((method, name))
        if door is None:
            return 404, {"error": f"no door {method} /_standin/{name}"}
        if method == "POST" and not isinstance(body, dict):
            return 400, {"error": "the body must be a JSON object"}
        try:
            return 200, door(body, {k: v[0] for k, v in parse_qs(query).items()})
        except Refused as refusal:
            return 400, {"error": str(refusal), **refusal.error}
        except (KeyError, ValueError, InvalidId) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}

    def _context(self) -> Context:
        return Context(self.standin, lambda: None, Pace(instant=True))

    def _clock(self, body: Any, _query: dict[str, str]) -> Any:
        moment = datetime.fromisoformat(body["now"]) if body["now"] else None
        if moment is not None and moment.tzinfo is None:
            raise ValueError("the time needs an offset, such as +00:00")
        self.standin.clock.set(moment)
        return {"now": self.standin.now()}

    def _shop(self, body: Any, _query: dict[str, str]) -> Any:
        with self.standin.store.write() as tx:
            tx.put_setting("shop", {**(tx.setting("shop") or {}), **body})
        return self.standin.shop()

    def _orders(self, body: Any, _query: dict[str, str]) -> Any:
        several = [place(self.standin, entry) for entry in body.get("orders", [body])]
        imported = [
            one
            for one, entry in zip(several, body.get("orders", [body]), strict=True)
            if entry.get("origin") == "bulk_create"
        ]
        if imported:
            announce(self.standin, imported)
        return {"orders": several} if "orders" in body else several[0]

    def _psp(self, body: Any, _query: dict[str, str]) -> Any:
        ctx = self._context()
        with self.standin.store.read() as tx:
            psp = Requestor("app", provider(tx))
            if "transaction" in body:
                key = key_of(body["transaction"], "TransactionItem")
            else:
                found = tx.find("transaction", order=key_of(body["order"], "Order"))
                own = [t for t in found if (t["by"] or {}).get("identifier") == psp.doc["identifier"]]
                if not own:
                    raise ValueError("the order has no transaction of the provider")
                key = own[0]["id"]
        ctx.memo["requestor"] = psp
        with ctx.write() as tx:
            transaction = tx.get("transaction", key, lock=True)
            if transaction is None:
                raise ValueError("the transaction is not known")
            minor = to_minor(str(body["amount"]), transaction["currency"])
            reference = body.get("reference") or f"psp-report-{tx.next()}"
            event, known = report(ctx, tx, transaction, body["type"], minor, reference, psp)
        return {"transaction": gid("TransactionItem", key), "reference": reference, "alreadyProcessed": known,
                "event": gid("TransactionEvent", event["id"])}  # fmt: skip

    def _mails(self, _body: Any, query: dict[str, str]) -> Any:
        with self.standin.store.read() as tx:
            found = tx.find("mail", **({"email": query["email"].lower()} if query.get("email") else {}))
        return {"mails": [{k: v for k, v in mail.items() if k != "user"} for mail in reversed(found)]}

    def _deliveries(self, _body: Any, _query: dict[str, str]) -> Any:
        # One statement, one snapshot: between two, an event would turn into a delivery and be counted nowhere.
        with self.standin.store.read() as tx:
            [(pending, failed, delivered, lost)] = tx.query(
                "SELECT (SELECT count(*) FROM standin_event)"
                " + (SELECT count(*) FROM standin_delivery WHERE status <> 'FAILED'),"
                " (SELECT count(*) FROM standin_delivery WHERE status = 'FAILED'),"
                " coalesce((SELECT value FROM standin_counter WHERE name = 'delivered'), 0),"
                " coalesce((SELECT value FROM standin_counter WHERE name = 'lost'), 0)"
            )
        return {"pending": pending, "failed": failed, "delivered": delivered, "lost": lost}

    def _deliver_now(self, _body: Any, query: dict[str, str]) -> Any:
        with self.standin.store.write() as tx:
            tx.query("UPDATE standin_delivery SET due = now() WHERE status = 'PENDING'")
        self.standin.deliverer.wake()
        return self._deliveries(None, query)

    def _lose(self, body: Any, _query: dict[str, str]) -> Any:
        faults = {
            "lose": float(body.get("share", 0)),
            "duplicate": float(body.get("duplicate", 0)),
            "reorder": float(body.get("reorder", 0)),
        }
        self.standin.events.set_faults(faults, body.get("seed"))
        return faults

    def _key(self, _body: Any, _query: dict[str, str]) -> Any:
        self.standin.signer = Signer(self.standin.store, anew=True)
        return {"kid": self.standin.signer.kid}
