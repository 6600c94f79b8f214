"""Checkouts over the API: anybody who holds the id may change one, prices only by an App with HANDLE_CHECKOUTS."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from .. import checkouts, people, pricing
from ..asking import shipping_of_apps
from ..completing import complete
from ..context import Context, PermissionDenied, Refused
from ..schema import mutation, query
from ..store import Doc
from ..values import InvalidId, key_of, split_gid


@query("checkout")
def checkout(ctx: Context, id: str | None = None) -> Doc | None:
    found = ctx.get("checkout", key_of(id or "", "Checkout"))
    return checkouts.fresh(ctx, found) if found else None


@mutation("checkoutCreate")
def checkout_create(ctx: Context, input: Doc) -> dict[str, Any]:
    known = ctx.find("channel")
    if input.get("channel"):
        known = [c for c in known if c["slug"] == input["channel"]]
        if not known:
            raise Refused("channel", "NOT_FOUND", f"Channel with '{input['channel']}' slug does not exist.")
    if len(known) != 1:
        raise Refused("channel", "MISSING_CHANNEL_SLUG", "You need to provide channel slug.")
    channel = known[0]
    lines = input.get("lines") or []
    checkouts.check_override(ctx, lines)
    user = ctx.user
    with ctx.write() as tx:
        made = tx.insert(
            "checkout",
            checkouts.blank(
                ctx,
                channel,
                user=user["id"] if user else None,
                email=input.get("email") or (user["email"] if user else None),
                shippingAddress=people.address(tx, input.get("shippingAddress"))
                or (user or {}).get("shippingAddress"),
                billingAddress=people.address(tx, input.get("billingAddress"))
                or (user or {}).get("billingAddress"),
                languageCode=input.get("languageCode") or "EN_US",
                metadata=people.pairs(input.get("metadata")),
            ),
        )
        checkouts.add_lines(ctx, tx, made, channel, lines)
    return {"checkout": checkouts.changed(ctx, made["id"], "CHECKOUT_CREATED"), "created": True}


def _ids(arguments: dict[str, Any]) -> str | None:
    return arguments.get("id") or arguments.get("checkoutId")


@mutation("checkoutLinesAdd")
def checkout_lines_add(ctx: Context, lines: list[Doc], **arguments: Any) -> dict[str, Any]:
    checkouts.check_override(ctx, lines)
    with ctx.write() as tx:
        found = checkouts.load(ctx, tx, _ids(arguments))
        checkouts.add_lines(ctx, tx, found, checkouts.channel_of(ctx, found), lines)
    return {"checkout": checkouts.changed(ctx, found["id"])}


@mutation("checkoutLinesUpdate")
def checkout_lines_update(ctx: Context, lines: list[Doc], **arguments: Any) -> dict[str, Any]:
    checkouts.check_override(ctx, lines)
    with ctx.write() as tx:
        found = checkouts.load(ctx, tx, _ids(arguments))
        checkouts.update_lines(ctx, tx, found, checkouts.channel_of(ctx, found), lines)
    return {"checkout": checkouts.changed(ctx, found["id"])}


@mutation("checkoutLinesDelete")
def checkout_lines_delete(ctx: Context, linesIds: list[str], id: str | None = None) -> dict[str, Any]:
    with ctx.write() as tx:
        found = checkouts.load(ctx, tx, id)
        known = {line["id"] for line in checkouts.lines_of(tx, found)}
        wanted = {key_of(line, "CheckoutLine") for line in linesIds}
        if wanted - known:
            raise Refused("lineId", "INVALID", "Provided line_ids aren't part of checkout.")
        for key in wanted:
            tx.delete("checkout_line", key)
    return {"checkout": checkouts.changed(ctx, found["id"])}


def _patch(ctx: Context, arguments: dict[str, Any], fields: Doc, reprice: bool = True) -> dict[str, Any]:
    with ctx.write() as tx:
        found = checkouts.load(ctx, tx, _ids(arguments))
        tx.patch("checkout", found["id"], fields)
    return {"checkout": checkouts.changed(ctx, found["id"], reprice=reprice)}


@mutation("checkoutEmailUpdate")
def checkout_email_update(ctx: Context, email: str, **arguments: Any) -> dict[str, Any]:
    if "@" not in email:
        raise Refused("email", "INVALID", "Enter a valid email address.")
    return _patch(ctx, arguments, {"email": email}, reprice=False)


@mutation("checkoutCustomerNoteUpdate")
def checkout_note_update(ctx: Context, customerNote: str, **arguments: Any) -> dict[str, Any]:
    return _patch(ctx, arguments, {"customerNote": customerNote}, reprice=False)


@mutation("checkoutLanguageCodeUpdate")
def checkout_language_update(ctx: Context, languageCode: str, **arguments: Any) -> dict[str, Any]:
    return _patch(ctx, arguments, {"languageCode": languageCode}, reprice=False)


def _address(ctx: Context, name: str, given: Doc, save: bool, arguments: dict[str, Any]) -> dict[str, Any]:
    with ctx.write() as tx:
        stored = people.address(tx, given)
        if save and ctx.user:
            tx.patch("user", ctx.user["id"], {name: stored})
    return _patch(ctx, arguments, {name: stored})


@mutation("checkoutShippingAddressUpdate")
def shipping_address_update(
    ctx: Context, shippingAddress: Doc, saveAddress: bool = True, **arguments: Any
) -> dict[str, Any]:
    return _address(ctx, "shippingAddress", shippingAddress, saveAddress, arguments)


@mutation("checkoutBillingAddressUpdate")
def billing_address_update(
    ctx: Context, billingAddress: Doc, saveAddress: bool = True, **arguments: Any
) -> dict[str, Any]:
    return _address(ctx, "billingAddress", billingAddress, saveAddress, arguments)


@mutation("checkoutCustomerAttach")
def customer_attach(ctx: Context, customerId: str | None = None, **arguments: Any) -> dict[str, Any]:
    """Measured trap: what another customer left in the lines stays, overrides included."""
    ctx.require("AUTHENTICATED_APP", "AUTHENTICATED_USER")
    with ctx.read() as tx:
        found = checkouts.load(ctx, tx, _ids(arguments))
    key = key_of(customerId, "User") if customerId else (ctx.user or {}).get("id")
    if found["user"] is not None and found["user"] != key:
        raise PermissionDenied(message="You do not have permission to perform this action.")
    if ctx.user is None or key != ctx.user["id"]:
        ctx.require("IMPERSONATE_USER")
    customer = ctx.get("user", key)
    if customer is None:
        raise Refused("customerId", "NOT_FOUND", f"Couldn't resolve to a node: {customerId}")
    return _patch(ctx, arguments, {"user": customer["id"], "email": customer["email"]}, reprice=False)


@mutation("checkoutCustomerDetach")
def customer_detach(ctx: Context, **arguments: Any) -> dict[str, Any]:
    """The e-mail stays, and with it the way back to the member when the order is placed."""
    ctx.require("AUTHENTICATED_APP", "AUTHENTICATED_USER")
    with ctx.read() as tx:
        found = checkouts.load(ctx, tx, _ids(arguments))
    if ctx.user is None or found["user"] != ctx.user["id"]:
        ctx.require("IMPERSONATE_USER")
    return _patch(ctx, arguments, {"user": None}, reprice=False)


@mutation("deliveryOptionsCalculate")
def delivery_options_calculate(ctx: Context, id: str) -> dict[str, Any]:
    """Apps are asked each time, outside of any transaction: they may ask back."""
    with ctx.read() as tx:
        found = checkouts.load(ctx, tx, id)
    offers = shipping_of_apps(ctx, found)
    with ctx.write() as tx:
        found = checkouts.load(ctx, tx, id)
        known = {d["method"]: d["id"] for d in found["deliveries"]}
        own = [{"method": m["id"]} for m in checkouts.shipping_methods(ctx, found)]
        options = [*own, *({"method": offer["id"], "offer": offer} for offer in offers)]
        options = [{"id": known.get(o["method"]) or str(uuid.uuid4()), **o} for o in options]
        found = tx.patch("checkout", found["id"], {"deliveries": options, "stale": False}) or found
    return {"deliveries": _deliveries(ctx, found)}


def _deliveries(ctx: Context, found: Doc) -> list[Doc]:
    methods = {m["id"]: m for m in checkouts.offered(ctx, found)}
    return [
        {"__typename": "CheckoutDelivery", "id": d["id"], "shippingMethod": methods[d["method"]]}
        for d in found["deliveries"]
        if d["method"] in methods
    ]


@mutation("checkoutDeliveryMethodUpdate")
def delivery_method_update(
    ctx: Context, deliveryMethodId: str | None = None, id: str | None = None
) -> dict[str, Any]:
    """Takes the id of a delivery or, as of old, of a shipping method."""
    with ctx.read() as tx:
        found = checkouts.load(ctx, tx, id)
    if deliveryMethodId is None:
        return _patch(ctx, {"id": id}, {"delivery": None})
    try:
        type_name, key = split_gid(deliveryMethodId)
    except InvalidId as error:
        raise Refused(
            "deliveryMethodId", "NOT_FOUND", f"Couldn't resolve to a node: {deliveryMethodId}"
        ) from error
    if type_name == "app":
        key = deliveryMethodId
    if type_name == "CheckoutDelivery":
        key = next((d["method"] for d in found["deliveries"] if d["id"] == key), "")
    if not found["shippingAddress"]:
        raise Refused(
            "shippingAddress",
            "SHIPPING_ADDRESS_NOT_SET",
            "Cannot choose a shipping method for a checkout without the shipping address.",
        )
    chosen = [m for m in checkouts.offered(ctx, found) if m["id"] == key]
    if not chosen:
        raise Refused(
            "deliveryMethodId", "DELIVERY_METHOD_NOT_APPLICABLE", "This delivery method is not applicable."
        )
    fields: Doc = {k: chosen[0][k] for k in ("id", "name", "price")}
    if chosen[0].get("external"):
        fields["offer"] = chosen[0]
    answer = _patch(ctx, {"id": id}, {"delivery": fields})
    with ctx.write() as tx:  # choosing one of them does not make them stale
        tx.patch("checkout", found["id"], {"stale": found["stale"]})
    return answer


@mutation("checkoutAddPromoCode")
def add_promo_code(ctx: Context, promoCode: str, **arguments: Any) -> dict[str, Any]:
    """One code per checkout: a second replaces the first."""
    voucher = ctx.standin.find_voucher(ctx, promoCode)
    with ctx.read() as tx:
        found = checkouts.load(ctx, tx, _ids(arguments))
    if voucher is None or not voucher["active"]:
        raise Refused("promoCode", "INVALID", "Promo code is invalid")
    now = datetime.fromisoformat(ctx.now())
    begins, ends = (voucher.get(key) and datetime.fromisoformat(voucher[key]) for key in ("from", "until"))
    over = bool((begins and now < begins) or (ends and ends < now))
    elsewhere = not voucher.get("listed", True) or (
        voucher["channels"] and found["channel"] not in voucher["channels"]
    )
    if voucher["type"] == "SPECIFIC_PRODUCT":
        with ctx.read() as tx:
            lines = checkouts.lines_of(tx, found)
        elsewhere = elsewhere or not any(pricing.about(ctx, voucher, line) for line in lines)
    if over or elsewhere:
        raise Refused("promoCode", "VOUCHER_NOT_APPLICABLE", "Voucher is not applicable to this checkout.")
    return _patch(ctx, arguments, {"voucherCode": voucher["code"]})


@mutation("checkoutRemovePromoCode")
def remove_promo_code(ctx: Context, **arguments: Any) -> dict[str, Any]:
    return _patch(ctx, arguments, {"voucherCode": None})


@mutation("checkoutComplete")
def checkout_complete(ctx: Context, metadata: list[Doc] | None = None, **arguments: Any) -> dict[str, Any]:
    order = complete(ctx, _ids(arguments), people.pairs(metadata))
    return {"order": order, "confirmationNeeded": False, "confirmationData": None}
