"""The base price that makes Saleor arrive at a member price under its own promotion; knows no perk.

Trap: in Saleor an overridden price is a new base price, on which the shop's own promotion is applied again.
So the base is sent that the promotion brings down to the member price. The two prices of a line do not tell a
percentage from a fixed reduction; a percentage is assumed, and `corrected_base` mends it from the answer.
"""

from __future__ import annotations


def base_for(target: int, list_price: int, promotion_price: int) -> int:
    """The base price that the line's own promotion brings down to `target`, never to more.

    The promotion's percentage is found again from the two prices: the smallest whole one that explains them. The base
    nearest to the exact one then comes back to `target` itself, since the promotion makes its rounding error smaller
    still. Otherwise it is their plain proportion, rounded in the customer's favour.
    """
    if promotion_price >= list_price or promotion_price <= 0:
        return target
    kept = next(
        (
            hundred
            for hundred in range(99, 0, -1)
            if (list_price * hundred * 2 + 100) // 200 == promotion_price
        ),
        None,
    )
    if kept is None:
        return target * list_price // promotion_price
    return (target * 200 + kept) // (2 * kept)


def arrived(target: int, charged: int) -> bool:
    """Whether what Saleor charges for a unit is what was promised: at most one minor unit less, never more."""
    return target - 1 <= charged <= target


def corrected_base(target: int, sent: int, charged: int, list_price: int, promotion_price: int) -> int | None:
    """The base to send instead, after Saleor charged `charged` for a base of `sent`; None where it is right.

    Charged below the target by no more than one minor unit is right: rounding was in the customer's favour.
    """
    if arrived(target, charged):
        return None
    fixed = list_price - promotion_price
    if sent - charged == fixed:
        return target + fixed
    return max(sent - (charged - target), 0)
