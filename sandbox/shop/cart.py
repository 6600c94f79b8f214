"""The customer's open checkout at Saleor as the shop's cart, benefits laid on after every change; computes no price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from sandbox.shop import catalogue, door, loyalty, saleor, session
from sandbox.shop.money import Money

KEY = "checkout"
COUNT = "cart_count"


@dataclass(frozen=True)
class Line:
    """`price` is what this customer pays for one, `shelf` what others would, `list_price` what it was before a sale.

    `member_price` is theirs before a code took anything off.
    """

    id: str
    variant_id: str
    slug: str
    name: str
    variant: str
    image: str
    quantity: int
    price: Money
    member_price: Money
    shelf: Money
    list_price: Money
    total: Money

    @property
    def is_member_price(self) -> bool:
        return self.member_price.minor < self.shelf.minor


@dataclass(frozen=True)
class Address:
    first_name: str
    last_name: str
    street: str
    postal_code: str
    city: str
    country: str
    country_name: str
    phone: str


@dataclass(frozen=True)
class Cart:
    id: str
    customer_id: str | None
    email: str
    lines: tuple[Line, ...]
    subtotal: Money
    #: The promo code on it, and what that takes off; contained in the other sums.
    code: str
    off: Money
    delivery: Money
    delivery_name: str | None
    total: Money
    address: Address | None

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def saved(self) -> Money:
        """What member prices took off, against the shelf."""
        minor = sum(
            (line.shelf.minor - line.member_price.minor) * line.quantity
            for line in self.lines
            if line.is_member_price
        )
        return Money(minor, self.subtotal.currency)


def read(request: HttpRequest) -> Cart | None:
    """The open cart, or None when there is none (also when Saleor has forgotten it)."""
    checkout_id = request.session.get(KEY)
    if not checkout_id:
        return None
    found = door.call(request, "Cart", {"id": checkout_id})["checkout"]
    if found is None:
        forget(request)
        return None
    return _keep(request, found)


def add(request: HttpRequest, variant_id: str, quantity: int) -> Cart:
    """Puts a variant in the cart, opening one when needed. Raises saleor.Refused (no stock, unknown variant)."""
    lines = [{"variantId": variant_id, "quantity": quantity}]
    checkout_id = request.session.get(KEY)
    if checkout_id:
        try:
            return _change(request, "CartAdd", {"id": checkout_id, "lines": lines})
        except saleor.Refused as refused:
            if "NOT_FOUND" not in refused.codes:
                raise
            forget(request)
    customer = session.customer(request)
    start: dict[str, Any] = {"channel": saleor.CHANNEL, "lines": lines}
    if customer:
        start["email"] = customer.email
    return _change(request, "CartCreate", {"input": start})


def set_quantity(request: HttpRequest, line_id: str, quantity: int) -> Cart:
    """Changes a line; zero takes it out."""
    checkout_id = request.session[KEY]
    if quantity == 0:
        return _change(request, "CartRemove", {"id": checkout_id, "lines": [line_id]})
    return _change(
        request, "CartSet", {"id": checkout_id, "lines": [{"lineId": line_id, "quantity": quantity}]}
    )


def set_code(request: HttpRequest, code: str) -> Cart:
    """Enters a promo code; one already there is replaced."""
    return _change(request, "CartCode", {"id": request.session[KEY], "code": code})


def drop_code(request: HttpRequest, code: str) -> Cart:
    """Takes a promo code off again."""
    return _change(request, "CartCodeOff", {"id": request.session[KEY], "code": code})


def hand_over(request: HttpRequest) -> None:
    """After signing in: the guest's cart becomes the customer's, at the customer's prices."""
    checkout_id = request.session.get(KEY)
    if not checkout_id:
        return
    try:
        _change(request, "CartAttach", {"id": checkout_id})
    except saleor.Refused:
        forget(request)


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)
    request.session.pop(COUNT, None)


def _change(request: HttpRequest, operation: str, variables: dict[str, Any]) -> Cart:
    """One mutation, then the member's benefits, then the cart as Saleor will charge it."""
    changed = door.mutate(request, operation, variables)["checkout"]
    request.session[KEY] = changed["id"]
    # The door lays them on with the change itself.
    if not door.enforced() and loyalty.apply_benefits(request, changed["id"]):
        changed = door.call(request, "Cart", {"id": changed["id"]})["checkout"]
    return _keep(request, changed)


def _keep(request: HttpRequest, answer: dict[str, Any]) -> Cart:
    cart = parse(answer)
    request.session[COUNT] = cart.count
    return cart


def parse(answer: dict[str, Any]) -> Cart:
    """Saleor's checkout as a Cart. Raises saleor.Unreachable for nonsense: no price is better than a wrong one."""
    try:
        return _parse(answer)
    except (KeyError, TypeError, IndexError, ValueError, ArithmeticError) as error:
        raise saleor.Unreachable(f"not a checkout: {error!r}") from error


def _parse(answer: dict[str, Any]) -> Cart:
    money: Callable[[Any], Money] = Money.read  # type: ignore[assignment]
    address = answer["shippingAddress"]
    method = answer["deliveryMethod"]
    return Cart(
        id=answer["id"],
        customer_id=(answer["user"] or {}).get("id"),
        email=answer["email"] or "",
        lines=tuple(_line(line, bool(answer["voucherCode"])) for line in answer["lines"]),
        subtotal=money(answer["subtotalPrice"]),
        code=answer["voucherCode"] or "",
        off=Money.read(answer["discount"]) or Money(0, money(answer["totalPrice"]).currency),
        delivery=money(answer["shippingPrice"]),
        delivery_name=method["name"] if method else None,
        total=money(answer["totalPrice"]),
        address=address
        and Address(
            address["firstName"],
            address["lastName"],
            address["streetAddress1"],
            address["postalCode"],
            address["city"],
            address["country"]["code"],
            address["country"]["country"],
            address["phone"] or "",
        ),
    )


def _line(answer: dict[str, Any], coded: bool) -> Line:
    money: Callable[[Any], Money] = Money.read  # type: ignore[assignment]
    product = answer["variant"]["product"]
    price = money(answer["unitPrice"])
    pricing = answer["variant"]["pricing"] or {}
    shelf = Money.read(pricing.get("price")) or price
    return Line(
        id=answer["id"],
        variant_id=answer["variant"]["id"],
        slug=product["slug"],
        name=product["name"],
        variant=answer["variant"]["name"],
        image=catalogue.picture((product["media"] or [{"url": ""}])[0]["url"], product["slug"]),
        quantity=answer["quantity"],
        price=price,
        # Under a code the unit price is what is left of it; the base is what the member price was sent as.
        member_price=money(answer["undiscountedUnitPrice"]) if coded else price,
        shelf=shelf,
        list_price=Money.read(pricing.get("priceUndiscounted")) or shelf,
        total=money(answer["totalPrice"]),
    )
