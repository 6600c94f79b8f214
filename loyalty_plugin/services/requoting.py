"""Quotes promised prices again without anybody having touched their checkout: they ran out, or what they rest on changed.

A change only makes promises due (one statement); the asking is the job's, since it calls the shop.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import CurrencyMismatch, LoyaltyError, NotFound, TryLater, UnknownChannel
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.services.benefits import apply_benefits

#: Checkouts looked at before progress is noted.
AT_ONCE: Final = 20
#: When a checkout that could not be read is looked at again; a killed worker's come back then, too.
_AGAIN: Final = timedelta(minutes=10)
_LONGEST: Final = timedelta(days=1)
#: After so many refusals in a row, over about four days, nobody asks by themselves any more.
TRIES: Final = 10


def of_members(member_ids: Collection[int], *, since: datetime) -> None:
    """What these members are promised is to be quoted again: they moved tiers, or left. In the caller's transaction."""
    _make_due(_open().filter(member_id__in=member_ids), since)


def of_programme(programme_id: int, *, since: datetime) -> None:
    """What was promised by a programme's versions is to be quoted again from then on. In the caller's transaction."""
    _make_due(_open().filter(version__programme_id=programme_id), since)


def due(*, now: datetime) -> int:
    """How many promises wait to be quoted again. One query."""
    return _open().filter(quote_due__lte=now).count()


def quote_due(*, now: datetime) -> int:
    """Quote the promises of some checkouts again; how many checkouts it were, 0 when none is left."""
    checkouts = _claim(now)
    for realm_url, realm_id, checkout_id in checkouts:
        rows = _open().filter(realm_id=realm_id, checkout_id=checkout_id)
        try:
            apply_benefits(SYSTEM, realm_url=realm_url, checkout_id=checkout_id, now=now, untouched=True)
        except TryLater:
            continue
        except (NotFound, UnknownChannel, CurrencyMismatch):
            # Completed or deleted. An order of it may come yet, and is compared with them.
            rows.update(quote_due=None)
        except LoyaltyError as error:
            # For this one alone: the others must not wait for it.
            _put_off(rows, error.code, now)
    return len(checkouts)


def _put_off(rows: QuerySet[PricePromise], fault: str, now: datetime) -> None:
    """Ask again ever later, and at last not any more: what was refused so often is for people, whom health tells."""
    tries = 1 + (rows.order_by("-quote_tries").values_list("quote_tries", flat=True).first() or 0)
    later = None if tries >= TRIES else now + min(_AGAIN * 2**tries, _LONGEST)
    rows.update(quote_tries=tries, quote_fault=fault, quote_due=later)


def _claim(now: datetime) -> list[tuple[str, int, str]]:
    with transaction.atomic():
        rows = list(
            _open()
            .filter(quote_due__lte=now)
            .select_related("realm")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("quote_due", "pk")[: AT_ONCE * 5]
        )
        found = dict.fromkeys((row.realm.api_url, row.realm_id, row.checkout_id) for row in rows)
        taken = list(found)[:AT_ONCE]
        for _url, realm_id, checkout_id in taken:
            _open().filter(realm_id=realm_id, checkout_id=checkout_id).update(quote_due=now + _AGAIN)
    return taken


def _open() -> QuerySet[PricePromise]:
    return PricePromise.objects.filter(status__in=(PricePromise.Status.PROMISED, PricePromise.Status.APPLIED))


def _make_due(rows: QuerySet[PricePromise], since: datetime) -> None:
    if rows.filter(quote_due__gt=since).update(quote_due=since):
        jobs.enqueue(jobs.QUOTE_AGAIN)
