"""Computes prices as Saleor does: override as a new base, promotion on top, what is off a whole order spread, flat tax."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from .store import Doc
from .values import add, rounded, to_minor

if TYPE_CHECKING:
    from .context import Context

Pair = dict[str, int]
ZERO: Pair = {"net": 0, "gross": 0}


@dataclass(frozen=True)
class Shelf:
    """A variant's price on the shelf of a channel, in entered minor units (net or gross by the channel)."""

    list_price: int
    price: int
    promotion: Doc | None


def listed(variant: Doc, channel: str) -> int | None:
    price: int | None = variant["prices"].get(channel)
    return price


def best_promotion(
    ctx: Context, variant: Doc, product: Doc, channel: Doc, base: int
) -> tuple[Doc | None, int]:
    """The catalogue promotion that takes most off this base, and what it takes."""
    best: Doc | None = None
    off = 0
    for promotion in ctx.find("promotion"):
        if (
            promotion["active"]
            and not promotion.get("order")
            and _applies(promotion, variant, product, channel["slug"])
        ):
            found = _discount(promotion, base, channel["currencyCode"])
            if found > off:
                best, off = promotion, found
    return best, off


def _applies(promotion: Doc, variant: Doc, product: Doc, channel: str) -> bool:
    if promotion["channels"] and channel not in promotion["channels"]:
        return False
    return (
        variant["id"] in promotion["variants"]
        or product["id"] in promotion["products"]
        or product.get("category") in promotion["categories"]
        or bool(set(product["collections"]) & set(promotion["collections"]))
    )


def _discount(rule: Doc, base: int, currency: str) -> int:
    if rule["valueType"] == "PERCENTAGE":
        return min(base, rounded(Decimal(base) * Decimal(rule["value"]) / 100))
    return min(base, to_minor(rule["value"], currency))


def order_discount(ctx: Context, voucher: Doc | None, subtotal: int, channel: Doc) -> int:
    """What a promotion on the order takes off; a voucher on the checkout keeps every such promotion away."""
    if voucher is not None:
        return 0
    slug, currency = channel["slug"], channel["currencyCode"]
    found = [
        _discount(promotion, subtotal, currency)
        for promotion in ctx.find("promotion")
        if promotion.get("order")
        and promotion["active"]
        and (not promotion["channels"] or slug in promotion["channels"])
        and subtotal >= to_minor(promotion["order"], currency)
    ]
    return max(found, default=0)


def in_reach(method: Doc, channel: str, subtotal: int) -> bool:
    """Whether a way of sending is offered to a checkout of this subtotal."""
    least: int = (method.get("minimums") or {}).get(channel, 0)
    return subtotal >= least


def about(ctx: Context, voucher: Doc, line: Doc) -> bool:
    """Whether a voucher on chosen goods is about this line."""
    variant = ctx.get("variant", line["variant"])
    product = ctx.get("product", variant["product"]) if variant else None
    return bool(
        variant
        and product
        and (
            variant["id"] in voucher["variants"]
            or product["id"] in voucher["products"]
            or product.get("category") in voucher["categories"]
            or set(product["collections"]) & set(voucher["collections"])
        )
    )


def shelf(ctx: Context, variant: Doc, channel: Doc) -> Shelf | None:
    """None when the variant is not sold in the channel."""
    base = listed(variant, channel["slug"])
    product = ctx.get("product", variant["product"])
    if base is None or product is None:
        return None
    promotion, off = best_promotion(ctx, variant, product, channel, base)
    return Shelf(base, base - off, promotion)


def split(amount: int, channel: Doc) -> Pair:
    """Net and gross of an entered amount at the channel's flat tax rate."""
    rate = Decimal(channel["taxRate"]) / 100
    if channel["pricesEnteredWithTax"]:
        return {"net": rounded(Decimal(amount) / (1 + rate)), "gross": amount}
    return {"net": amount, "gross": rounded(Decimal(amount) * (1 + rate))}


def spread(total: int, weights: list[int]) -> list[int]:
    """Share an amount in proportion; the last line with a weight takes what rounding left."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [rounded(Decimal(total) * weight / whole) for weight in weights]
    last = max(i for i, weight in enumerate(weights) if weight)
    shares[last] += total - sum(shares)
    return shares


@dataclass(frozen=True)
class Priced:
    """What a recalculation writes: fields for the checkout and for each line by id."""

    checkout: Doc
    lines: dict[str, Doc]


def price_checkout(ctx: Context, checkout: Doc, lines: Iterable[Doc], channel: Doc) -> Priced:
    """Prices from scratch. A line's own price replaces the list price as base, promotions stay on top of it."""
    lines = list(lines)
    worked: list[tuple[Doc, int, int, Doc | None]] = []
    for line in lines:
        variant = ctx.get("variant", line["variant"])
        assert variant is not None
        product = ctx.get("product", variant["product"])
        assert product is not None
        base = line["price"] if line["price"] is not None else listed(variant, channel["slug"]) or 0
        promotion, off = best_promotion(ctx, variant, product, channel, base)
        worked.append((line, base, base - off, promotion))

    voucher = ctx.standin.find_voucher(ctx, checkout.get("voucherCode"))
    before = [unit * line["quantity"] for line, _, unit, _ in worked]
    if voucher and sum(before) < (voucher.get("minSpent") or {}).get(channel["slug"], 0):
        voucher = None
    shipping_base = (checkout.get("delivery") or {}).get("price", 0)
    discount, shipping = 0, shipping_base
    if voucher and voucher["type"] == "ENTIRE_ORDER":
        discount = _discount(voucher, sum(before), channel["currencyCode"])
    elif voucher and voucher["type"] == "SHIPPING":
        shipping -= _discount(voucher, shipping_base, channel["currencyCode"])
    promoted = order_discount(ctx, voucher, sum(before), channel)
    shares = spread(discount + promoted, before)
    if voucher and voucher["type"] == "SPECIFIC_PRODUCT":
        # Once an order it takes off one piece, the cheapest it is about; without that of each piece.
        mine = [(unit, place) for place, (line, _, unit, _) in enumerate(worked) if about(ctx, voucher, line)]
        for unit, place in sorted(mine)[: 1 if voucher.get("oncePerOrder") else None]:
            pieces = 1 if voucher.get("oncePerOrder") else worked[place][0]["quantity"]
            shares[place] += pieces * _discount(voucher, unit, channel["currencyCode"])
        discount = sum(shares)

    priced: dict[str, Doc] = {}
    for (line, base, unit, promotion), amount, share in zip(worked, before, shares, strict=True):
        quantity = line["quantity"]
        total = split(amount - share, channel)
        each = Decimal(amount - share) / quantity
        priced[line["id"]] = {
            "base": base,
            "unitPrice": split(rounded(each), channel),
            "totalPrice": total,
            "undiscountedUnitPrice": base,
            "undiscountedTotalPrice": base * quantity,
            "promotion": promotion["id"] if promotion else None,
            "unitDiscount": base - unit,
            "voucherShare": share,
        }
    subtotal = add(ZERO, *(p["totalPrice"] for p in priced.values()))
    shipping_pair = split(shipping, channel)
    return Priced(
        {
            "subtotal": subtotal,
            "shippingPrice": shipping_pair,
            "undiscountedShipping": shipping_base,
            "total": add(subtotal, shipping_pair),
            "discount": discount + (shipping_base - shipping),
            "promoted": promoted,
        },
        priced,
    )
