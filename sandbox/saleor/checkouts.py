"""Changes checkouts the way Saleor does it, without a lock between the steps; completing is in completing.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import pricing
from .clock import iso
from .context import PermissionDenied, Refused
from .store import Doc, Tx
from .transactions import checkout_statuses
from .values import key_of, to_minor

if TYPE_CHECKING:
    from .context import Context

#: Seconds a checkout's prices are kept although the catalogue changes.
PRICES_KEPT = 3600


def load(ctx: Context, tx: Tx, global_id: str | None) -> Doc:
    if global_id is None:
        raise Refused(
            "id", "GRAPHQL_ERROR", "At least one argument is required: 'id', 'token', 'checkout_id'."
        )
    checkout = tx.get("checkout", key_of(global_id, "Checkout"))
    if checkout is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
    return checkout


def lines_of(tx: Tx, checkout: Doc) -> list[Doc]:
    return tx.find("checkout_line", checkout=checkout["id"])


def channel_of(ctx: Context, checkout: Doc) -> Doc:
    channel = ctx.find("channel", slug=checkout["channel"])[0]
    return channel


def recalculate(ctx: Context, checkout_id: str) -> None:
    """Second step of every change: read what is there now, price it, write the prices line by line."""
    with ctx.write() as tx:
        checkout = tx.get("checkout", checkout_id)
        if checkout is None:
            return
        priced = pricing.price_checkout(ctx, checkout, lines_of(tx, checkout), channel_of(ctx, checkout))
        for line_id, fields in priced.lines.items():
            tx.patch("checkout_line", line_id, fields)
        tx.patch("checkout", checkout_id, {**priced.checkout, "pricedAt": iso(datetime.now(UTC))})


def changed(ctx: Context, checkout_id: str, event: str = "CHECKOUT_UPDATED", reprice: bool = True) -> Doc:
    """Finish a mutation: prices, `updatedAt`, event, and the checkout as the caller will see it."""
    ctx.forget()
    if reprice:
        # Here Saleor collects promotions and taxes; a completing checkout may overtake us meanwhile.
        ctx.pace.until(0.6)
        recalculate(ctx, checkout_id)
    with ctx.write() as tx:
        fields: Doc = {"updatedAt": ctx.now(), "lastChange": ctx.now()}
        if reprice:
            fields["stale"] = True  # what Apps offered was offered to another checkout, so to say
        checkout = tx.patch("checkout", checkout_id, fields)
        if checkout is None:
            raise Refused("id", "NOT_FOUND", "Checkout does not exist any more.")
        ctx.emit(tx, event, checkout=checkout_id)
    return checkout


def fresh(ctx: Context, checkout: Doc) -> Doc:
    """The checkout with prices no older than an hour."""
    age = datetime.now(UTC) - datetime.fromisoformat(checkout["pricedAt"])
    if age.total_seconds() > PRICES_KEPT:
        recalculate(ctx, checkout["id"])
        return ctx.get("checkout", checkout["id"]) or checkout
    return checkout


def blank(ctx: Context, channel: Doc, **fields: Any) -> Doc:
    now = ctx.now()
    return {
        "channel": channel["slug"],
        "currency": channel["currencyCode"],
        "created": now,
        "updatedAt": now,
        "lastChange": now,
        "user": None,
        "email": None,
        "shippingAddress": None,
        "billingAddress": None,
        "delivery": None,
        "deliveries": [],
        "stale": False,
        "voucherCode": None,
        "languageCode": "EN_US",
        "customerNote": "",
        "metadata": {},
        "privateMetadata": {},
        "subtotal": pricing.ZERO,
        "shippingPrice": pricing.ZERO,
        "undiscountedShipping": 0,
        "total": pricing.ZERO,
        "discount": 0,
        "pricedAt": iso(datetime.now(UTC)),
        **fields,
    }


def check_override(ctx: Context, lines: list[Doc]) -> None:
    """Only an App with HANDLE_CHECKOUTS may name a price: no user, not even a superuser."""
    for line in lines:
        if "price" in line and not (ctx.app and ctx.has("HANDLE_CHECKOUTS")):
            # Its words name another permission than the one it looks at.
            words = "Setting the custom price is allowed only for apps with `MANAGE_CHECKOUTS` permission."
            raise PermissionDenied(message=words)
        if line.get("priceOverrideReason") is not None and line.get("price") is None:
            raise Refused(
                "priceOverrideReason",
                "PRICE_OVERRIDE_REASON_WITHOUT_OVERRIDE",
                "Cannot set priceOverrideReason without setting price.",
            )


def override_fields(line: Doc, currency: str) -> Doc:
    """Price and reason to write, if the caller named a price; a price without a reason clears the reason."""
    if "price" not in line:
        return {}
    price = line["price"]
    return {
        "price": None if price is None else to_minor(price, currency),
        "reason": line.get("priceOverrideReason") if price is not None else None,
    }


def variant_for(ctx: Context, tx: Tx, global_id: str, channel: Doc) -> Doc:
    variant = tx.get("variant", key_of(global_id, "ProductVariant"))
    if variant is None:
        raise Refused("variantId", "NOT_FOUND", f"Could not find variant {global_id}.")
    if pricing.listed(variant, channel["slug"]) is None:
        raise Refused(
            "lines",
            "UNAVAILABLE_VARIANT_IN_CHANNEL",
            "Cannot add lines with unavailable variants.",
            variants=[global_id],
        )
    return variant


def check_stock(variant: Doc, quantity: int) -> None:
    if quantity > variant["stock"]:
        raise Refused(
            "quantity",
            "INSUFFICIENT_STOCK",
            f"Could not add items {variant['name']}. Only {variant['stock']} remaining in stock.",
        )


def add_lines(ctx: Context, tx: Tx, checkout: Doc, channel: Doc, inputs: list[Doc]) -> None:
    """Add lines; the same variant merges into its line, whose override stays."""
    for given in inputs:
        variant = variant_for(ctx, tx, given["variantId"], channel)
        if given["quantity"] < 1:
            raise Refused("quantity", "ZERO_QUANTITY", "The quantity should be higher than zero.")
        metadata = {m["key"]: m["value"] for m in given.get("metadata") or ()}
        existing = [x for x in lines_of(tx, checkout) if x["variant"] == variant["id"]]
        fields = override_fields(given, channel["currencyCode"])
        if existing and not given.get("forceNewLine"):
            line = existing[0]
            check_stock(variant, line["quantity"] + given["quantity"])
            merged = {**line["metadata"], **metadata}
            quantity = line["quantity"] + given["quantity"]
            tx.patch("checkout_line", line["id"], {"quantity": quantity, "metadata": merged, **fields})
            continue
        check_stock(variant, given["quantity"])
        line = {
            "checkout": checkout["id"],
            "variant": variant["id"],
            "quantity": given["quantity"],
            "price": None,
            "reason": None,
            "metadata": metadata,
            "privateMetadata": {},
            **fields,
        }
        whole = tx.insert("checkout_line", line)
        # A line is readable before it is priced for the first time: show it at its list price.
        first = pricing.price_checkout(ctx, checkout, [whole], channel).lines[whole["id"]]
        tx.patch("checkout_line", whole["id"], first)


def update_lines(ctx: Context, tx: Tx, checkout: Doc, channel: Doc, inputs: list[Doc]) -> None:
    """Set quantities and overrides; quantity 0 removes the line, Apps may leave the quantity out."""
    for given in inputs:
        lines = lines_of(tx, checkout)
        if given.get("lineId"):
            key = key_of(given["lineId"], "CheckoutLine")
            found = [x for x in lines if x["id"] == key]
            if not found:
                raise Refused("lineId", "NOT_FOUND", f"Line {given['lineId']} is not in this checkout.")
        elif given.get("variantId"):
            variant = variant_for(ctx, tx, given["variantId"], channel)
            found = [x for x in lines if x["variant"] == variant["id"]]
            if len(found) > 1:
                raise Refused(
                    "variantId",
                    "INVALID",
                    "Variant is on several lines of this checkout: use lineId.",
                )
            if not found:
                add_lines(ctx, tx, checkout, channel, [given])
                continue
        else:
            raise Refused("linesIds", "REQUIRED", "Either lineId or variantId must be given.")
        line, quantity = found[0], given.get("quantity")
        if quantity is None and ctx.app is None:
            raise Refused("quantity", "REQUIRED", "The quantity is required for this operation.")
        if quantity == 0:
            tx.delete("checkout_line", line["id"])
            continue
        fields = override_fields(given, channel["currencyCode"])
        if quantity is not None:
            if quantity < 0:
                raise Refused("quantity", "ZERO_QUANTITY", "The quantity should be higher than zero.")
            whole = tx.get("variant", line["variant"])
            check_stock(whole or {"stock": 0, "name": ""}, quantity)
            fields["quantity"] = quantity
        if given.get("metadata"):
            fields["metadata"] = {
                **line["metadata"],
                **{m["key"]: m["value"] for m in given["metadata"]},
            }
        if fields:
            tx.patch("checkout_line", line["id"], fields)


def payment_of(ctx: Context, checkout: Doc) -> dict[str, Any]:
    return checkout_statuses(checkout, ctx.find("transaction", checkout=checkout["id"]))


def shipping_methods(ctx: Context, checkout: Doc) -> list[Doc]:
    """Methods sold in the checkout's channel, priced; none without a shipping address, as in Saleor."""
    if not checkout["shippingAddress"]:
        return []
    methods = []
    entered = checkout["subtotal"]["gross" if channel_of(ctx, checkout)["pricesEnteredWithTax"] else "net"]
    for method in ctx.find("shipping"):
        price = method["prices"].get(checkout["channel"])
        if price is not None and pricing.in_reach(method, checkout["channel"], entered):
            methods.append({**method, "price": price, "currency": checkout["currency"]})
    return methods


def offered(ctx: Context, checkout: Doc) -> list[Doc]:
    """What may be chosen: the shop's own ways, and what Apps offered when ways were last worked out."""
    return [*shipping_methods(ctx, checkout), *(d["offer"] for d in checkout["deliveries"] if d.get("offer"))]


def method_of(ctx: Context, checkout: Doc) -> Doc | None:
    """The chosen way of sending, None where there is none (any more)."""
    chosen = checkout["delivery"]
    if chosen is None:
        return None
    found = chosen.get("offer") or ctx.get("shipping", chosen["id"])
    return {**found, **chosen, "currency": checkout["currency"]} if found else None
