"""Places whole orders for the control door, at any moment, through the same steps a customer takes.

Drafts, reissued and imported orders come from other hands: they are made the same way, and announced as what they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import checkouts, orders, people
from .completing import complete
from .context import Context, Requestor
from .pace import Pace
from .payments import IDENTIFIER, initialize
from .store import Doc
from .values import gid, key_of, to_major

if TYPE_CHECKING:
    from .standin import Standin

NOWHERE = {"country": "DE", "streetAddress1": "Musterweg 1", "city": "Berlin", "postalCode": "10115"}


def place(standin: Standin, given: dict[str, Any]) -> dict[str, Any]:
    """One order: checkout, lines, address, delivery, payment, completion, and fulfilment if asked for.

    With `origin` "draft" or "reissue" it is a draft, paid or not, which `draftOrderComplete` makes an order; with
    "bulk_create" it was imported, and `announce` tells of several of those at once. `straight`: nobody is told of the
    cart before the order, since it lasts no moment in which a price could be laid on it.

    Amounts in the answer are texts in major units. Raises ValueError for an unknown customer, sku or channel,
    Refused where Saleor would refuse.
    """
    at = datetime.fromisoformat(given["at"]) if given.get("at") else None
    with standin.store.read() as tx:
        email = given["customer"]
        user = tx.user_by_email(email) if "@" in email else tx.get("user", key_of(email, "User"))
    if user is None and "@" not in email:
        raise ValueError(f"customer {email!r} is not known")
    guest = bool(given.get("guest")) or user is None
    origin = given.get("origin", "checkout")
    ctx = _context(standin, None if guest else user, at)
    ctx.quiet = origin != "checkout" or bool(given.get("straight"))
    checkout = _checkout(ctx, given, user, guest)
    if given.get("paid", True):
        initialize(ctx, gid("Checkout", checkout["id"]), None, {"id": IDENTIFIER}, "CHARGE", None)
    ctx.quiet = origin != "checkout"
    order = complete(ctx, gid("Checkout", checkout["id"]), {})
    if origin != "checkout":
        order = _of_other_hands(ctx, order["id"], origin)
    fulfilled = given.get("fulfilled")
    if fulfilled:
        sent = datetime.fromisoformat(fulfilled) if isinstance(fulfilled, str) else at
        later = _context(standin, None, sent)
        with later.write() as tx:
            orders.fulfil_all(later, tx, orders.locked(tx, gid("Order", order["id"])))
    return {
        "id": gid("Order", order["id"]),
        "number": order["number"],
        "created": order["created"],
        "total": str(to_major(order["total"]["gross"], order["currency"])),
        "currency": order["currency"],
        "lines": [gid("OrderLine", line["id"]) for line in order["lines"]],
    }


def _of_other_hands(ctx: Context, key: str, origin: str) -> Doc:
    fields: Doc = {"origin": origin.upper(), "checkoutId": None}
    if origin in ("draft", "reissue"):
        fields["status"] = "DRAFT"
    ctx.quiet = False
    with ctx.write() as tx:
        order = tx.patch("order", key, fields)
        assert order is not None
        if origin in ("draft", "reissue"):
            ctx.emit(tx, "DRAFT_ORDER_CREATED", order=key)
    return order


def announce(standin: Standin, placed: list[dict[str, Any]]) -> None:
    """Tell of imported orders: one event names them all, and none has one of its own."""
    ctx = _context(standin, None, None)
    with ctx.write() as tx:
        ctx.emit(tx, "ORDER_BULK_CREATED", orders=[key_of(one["id"], "Order") for one in placed])


def _context(standin: Standin, user: Doc | None, at: datetime | None) -> Context:
    requestor = Requestor("user", user) if user else None
    return Context(standin, lambda: requestor, Pace(instant=True), at=at)


def _checkout(ctx: Context, given: dict[str, Any], user: Doc | None, guest: bool) -> Doc:
    known = ctx.find("channel")
    wanted = [c for c in known if c["slug"] == given.get("channel")] or known[:1]
    if not wanted or (given.get("channel") and wanted[0]["slug"] != given["channel"]):
        raise ValueError(f"channel {given.get('channel')!r} is not known")
    channel = wanted[0]
    lines = []
    for line in given["lines"]:
        found = ctx.find("variant", sku=line["sku"]) if "sku" in line else []
        if "sku" in line and not found:
            raise ValueError(f"sku {line['sku']!r} is not known")
        variant = gid("ProductVariant", found[0]["id"]) if found else line["variant"]
        lines.append({"variantId": variant, "quantity": int(line.get("quantity", 1))})
    voucher = ctx.standin.find_voucher(ctx, given.get("voucher"))
    if given.get("voucher") and voucher is None:
        raise ValueError(f"voucher {given['voucher']!r} is not known")
    with ctx.write() as tx:
        address = people.address(tx, given.get("address") or {**NOWHERE, **_name(user)})
        checkout = tx.insert(
            "checkout",
            checkouts.blank(
                ctx,
                channel,
                user=None if guest or user is None else user["id"],
                email=user["email"] if user else given["customer"],
                shippingAddress=address,
                billingAddress=address,
                voucherCode=voucher["code"] if voucher else None,
                metadata=given.get("metadata") or {},
            ),
        )
        checkouts.add_lines(ctx, tx, checkout, channel, lines)
        methods = checkouts.shipping_methods(ctx, checkout)
        if given.get("shipping"):
            methods = [m for m in methods if m["name"] == given["shipping"]]
        if methods:
            chosen = {k: methods[0][k] for k in ("id", "name", "price")}
            tx.patch("checkout", checkout["id"], {"delivery": chosen})
    return checkouts.changed(ctx, checkout["id"], "CHECKOUT_CREATED")


def _name(user: Doc | None) -> Doc:
    return {k: user[k] for k in ("firstName", "lastName")} if user else {}
