"""Carries outgoing changes to Saleor: takes the target's lease, reads, compares, writes only the difference, reads back.

Decides nothing about what is desired: an outbox row says so. Kinds carried here:

- `checkout_prices`, target `<api url>|<checkout id>`, desired
  `{"checkout": id, "lines": {line id: {"price": …, "reason": …, "unit_price": …}}}`. `price` is the base unit price
  to send in minor units, null clears an override; `reason` is the mark by which the override is known again (Saleor
  does not tell the price). `unit_price` is optional: what the line is to cost per unit afterwards, promotions
  included; another answer is corrected once, and what still differs is noted on the row as `price_differs`, with what
  it costs in its detail.
- those of `acting`, about one order, the one of `gifts`, about one voucher, and those of `paying`, about one transaction.
- `webhooks`, target `<api url>|app`, desired `{"installation": pk}`: our webhooks there as this version wants them.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.line_prices import Desired, corrections, difference, differing
from loyalty_plugin.errors import AppTokenDead, LoyaltyError, NotFound, SaleorUnreachable, TryLater
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.saleor import acting, gifts, paying, upkeep
from loyalty_plugin.saleor.storefront import SaleorStorefront
from loyalty_plugin.services import leases
from loyalty_plugin.services.gifts import VOUCHER

CHECKOUT_PRICES: Final = "checkout_prices"
DIFFERS: Final = "price_differs"
#: How long a call made while a customer waits may wait for another process to finish with the same checkout.
_PATIENCE: Final = 5.0
_POLL: Final = 0.05

_AWAY: Final = (SaleorUnreachable.code, AppTokenDead.code)

_log = logging.getLogger(__name__)
Status = OutboxItem.Status


class SaleorDelivery:
    """`domain.ports.Delivery`: rows delivered at once, right after the transaction that wrote them."""

    def deliver(self, item_ids: Sequence[int], *, now: datetime) -> Mapping[str, int]:
        """Deliver these rows, outside any transaction; counts by outcome. What fails stays to be retried.

        A row that a worker was quicker to take is waited for, and so is a later one that replaced it: whoever asks
        wants to know it carried out.
        """
        until = time.monotonic() + _PATIENCE
        return Counter(_carried_out(item_id, until, now) for item_id in item_ids)


def _carried_out(item_id: int, until: float, now: datetime) -> str:
    row = _claim(Q(pk=item_id), now)
    outcome = _deliver(row, wait=_PATIENCE) if row is not None else _outcome(item_id, until)
    if outcome == Status.OBSOLETE and time.monotonic() < until:
        later = _later(OutboxItem.objects.get(pk=item_id)).order_by("-pk").first()
        if later is not None:
            return _carried_out(later.pk, until, now)
    return outcome


def _outcome(item_id: int, until: float) -> str:
    """What became of a row that somebody else delivers, or `waiting` at the end of our patience."""
    while True:
        status = OutboxItem.objects.values_list("status", flat=True).get(pk=item_id)
        if status != Status.WAITING or time.monotonic() >= until:
            return str(status)
        time.sleep(_POLL)


def deliver_outbox(limit: int, now: datetime) -> Mapping[str, int]:
    """Deliver up to `limit` rows that are due; counts by outcome (done, waiting, failed, obsolete)."""
    counts: Counter[str] = Counter()
    away: set[int | None] = set()
    while counts.total() < limit and (row := _claim(~Q(realm__in=away), now)) is not None:
        outcome = _deliver(row, wait=0.0)
        counts[outcome] += 1
        if outcome == Status.WAITING and row.error in _AWAY:
            # Its other rows would each wait out the deadline, and keep those of other shops waiting.
            away.add(row.realm_id)
    return counts


def _claim(which: Q, now: datetime) -> OutboxItem | None:
    """Take a row that is due out of everybody else's sight until its delivery must be over.

    One at a time, so that a killed worker delays one target only. The first try is due by the shop's clock, later
    ones by the machine's, which no demo moves.
    """
    real = timezone.now()
    due = Q(attempts=0, next_attempt_at__lte=max(now, real)) | Q(attempts__gt=0, next_attempt_at__lte=real)
    with transaction.atomic():
        row = (
            OutboxItem.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("realm")
            .filter(which, due, status=Status.WAITING, kind__in=_EXECUTORS)
            .order_by("next_attempt_at", "pk")
            .first()
        )
        if row is not None:
            row.attempts += 1
            row.next_attempt_at = real + timedelta(seconds=leases.seconds())
            row.save(update_fields=["attempts", "next_attempt_at"])
    return row


def _deliver(row: OutboxItem, *, wait: float) -> str:
    try:
        with leases.lease(row.target, wait=wait) as held:
            if _overtaken(row):
                return _finish(row, Status.OBSOLETE)
            return _EXECUTORS[row.kind](row, held)
    except TryLater as error:
        # Not the row's fault: it is tried again for as long as it takes.
        return _again(row, error.code, error.details, counts=False)
    except LoyaltyError as error:
        return _again(row, error.code, error.details, counts=True)
    except Exception:
        _log.exception("outgoing change %s (%s) failed", row.pk, row.kind)
        return _again(row, "unexpected", {}, counts=True)


def _overtaken(row: OutboxItem) -> bool:
    """Whether a later row says what this target is to be, be it carried out already or not."""
    return _later(row).exists()


def _later(row: OutboxItem) -> QuerySet[OutboxItem]:
    return OutboxItem.objects.filter(
        kind=row.kind, target=row.target, pk__gt=row.pk, status__in=(Status.WAITING, Status.DONE)
    )


def _finish(row: OutboxItem, status: OutboxItem.Status, error: str = "", detail: Any = "") -> str:
    text = detail if isinstance(detail, str) else json.dumps(detail, default=str)
    OutboxItem.objects.filter(pk=row.pk, status=Status.WAITING).update(
        status=status, done_at=timezone.now(), error=error, detail=text
    )
    return str(status)


def _again(row: OutboxItem, code: str, details: Mapping[str, object], *, counts: bool) -> str:
    if counts and row.attempts >= settings.MAX_ATTEMPTS:
        return _finish(row, Status.FAILED, code, details)
    pause = min(5.0 * 2 ** (row.attempts - 1), 600.0) if counts else 5.0
    row.error = code
    OutboxItem.objects.filter(pk=row.pk, status=Status.WAITING).update(
        # Never back to 0: the first try alone goes by the shop's clock.
        attempts=row.attempts if counts else max(1, row.attempts - 1),
        next_attempt_at=timezone.now() + timedelta(seconds=pause * random.uniform(0.8, 1.2)),
        error=code,
        detail=json.dumps(details, default=str),
    )
    return str(Status.WAITING)


def _checkout_prices(row: OutboxItem, held: leases.Held) -> str:
    assert row.realm is not None
    storefront = SaleorStorefront()
    desired: Desired = row.desired["lines"]
    checkout = storefront.checkout(row.realm.api_url, row.desired["checkout"])
    if checkout is None:
        return _finish(row, Status.OBSOLETE, "checkout_gone")
    changes = difference(checkout, desired)
    for _round in range(2):
        if not changes:
            break
        held.check()
        try:
            checkout = storefront.set_line_prices(
                row.realm.api_url, checkout.checkout_id, changes, currency=checkout.currency
            )
        except NotFound:
            return _finish(row, Status.OBSOLETE, "checkout_gone")
        changes = corrections(checkout, desired, changes)
    return _finish(row, Status.DONE, *_compared(checkout, desired))


def _compared(checkout: CheckoutFact, desired: Desired) -> tuple[str, Any]:
    units = {line.line_id: line.unit_price for line in checkout.lines if line.line_id in desired}
    return DIFFERS if differing(checkout, desired) else "", {"unit_prices": units}


def _webhooks(row: OutboxItem, held: leases.Held) -> str:
    assert row.realm is not None
    held.check()
    changed = upkeep.bring(row.realm.api_url, row.desired["installation"])
    return _finish(row, Status.DONE, "", {"changed": changed})


def _of_order(row: OutboxItem, held: leases.Held) -> str:
    status, error, detail = acting.carry(row, held)
    return _finish(row, status, error, detail)


def _payment(row: OutboxItem, held: leases.Held) -> str:
    return _finish(row, *paying.carry(row, held))


def _gift(row: OutboxItem, held: leases.Held) -> str:
    return _finish(row, *gifts.carry(row, held))


_EXECUTORS: Final[dict[str, Callable[[OutboxItem, leases.Held], str]]] = {
    CHECKOUT_PRICES: _checkout_prices,
    upkeep.WEBHOOKS: _webhooks,
    VOUCHER: _gift,
    **dict.fromkeys(acting.KINDS, _of_order),
    **dict.fromkeys(paying.KINDS, _payment),
}
