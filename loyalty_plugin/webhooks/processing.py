"""Drains the inbox: claims rows, goes and looks at what they name, hands the facts to services, notes what came of it.

A body tells that something happened, never what it is worth: everything of value is read again with our own token.
Claims are short transactions; nothing is locked while Saleor is asked. A worker that dies leaves rows which are due
again after a while, and doing them twice is harmless.
"""

from __future__ import annotations

import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Final

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import LoyaltyError, TryLater
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.saleor.hints import Hint, hints
from loyalty_plugin.saleor.subscriptions import Subject
from loyalty_plugin.services.lanes import side_by_side
from loyalty_plugin.webhooks import looking
from loyalty_plugin.webhooks.outcomes import Outcome, ignored, retried, together

_log = logging.getLogger(__name__)
Status = InboxItem.Status

#: Rows taken at once: two full pages of orders.
BATCH: Final = 200
#: Longer than a batch can take with Saleor at its slowest.
_CLAIM: Final = timedelta(minutes=5)
#: How long rows wait that failed for no fault of theirs.
_PUT_OFF: Final = timedelta(seconds=10)
_LOOKERS: Final[dict[Subject, Callable[[str, Sequence[Hint], datetime], dict[int, Outcome]]]] = {
    Subject.ORDER: looking.orders,
    Subject.CUSTOMER: looking.customers,
    Subject.CHECKOUT: looking.checkouts,
    Subject.APP: looking.app,
}


@dataclass(frozen=True, slots=True)
class _Claimed:
    pk: int
    realm: str
    event: str
    body: bytes | None
    attempts: int


def drain_inbox(limit: int, now: datetime, *, lanes: int = 1) -> Mapping[str, int]:
    """Work off up to `limit` received events; counts by status (done, ignored, failed, and new for "later").

    With several lanes one asks Saleor while another decides and a third waits for the database. Nothing depends on
    the order of batches, as nothing does on the order of events.
    """
    counts: Counter[str] = Counter()
    away = False

    def claimed() -> Iterator[list[_Claimed]]:
        left = limit
        while left > 0 and not away and (rows := _claim(min(BATCH, left))):
            left -= len(rows)
            yield rows

    batches = claimed()
    first = next(batches, None)
    if first is None:
        return counts
    # A few events, as most nudges bring, are not worth connections of their own.
    used = lanes if len(first) == BATCH else 1
    for outcomes in side_by_side(partial(_batch, now), chain([first], batches), used):
        counts.update(outcome.status for outcome in outcomes.values())
        # Whoever is away now is away for the next batch, too.
        away = away or all(outcome.status == Status.NEW for outcome in outcomes.values())
    return counts


def _batch(now: datetime, rows: Sequence[_Claimed]) -> dict[int, Outcome]:
    outcomes = _work(rows, now)
    _note(rows, outcomes, now)
    return outcomes


def _claim(limit: int) -> list[_Claimed]:
    """Take rows out of everybody else's sight for a while, by the machine's clock, which no demo moves."""
    real = timezone.now()
    with _lightly():
        rows = [
            _Claimed(pk, realm, event, None if body is None else bytes(body), attempts + 1)
            for pk, realm, event, body, attempts in InboxItem.objects.select_for_update(
                skip_locked=True, of=("self",)
            )
            .filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=real), status=Status.NEW)
            .order_by("pk")
            .values_list("pk", "installation__realm__api_url", "event", "body", "attempts")[:limit]
        ]
        InboxItem.objects.filter(pk__in=[row.pk for row in rows]).update(
            attempts=F("attempts") + 1, next_attempt_at=real + _CLAIM
        )
    return rows


def _work(rows: Sequence[_Claimed], now: datetime) -> dict[int, Outcome]:
    found: list[tuple[int, Outcome]] = []
    groups: defaultdict[tuple[str, Subject], list[Hint]] = defaultdict(list)
    for row in rows:
        named = [] if row.body is None else hints(row.pk, row.realm, row.event, row.body)
        if not named:
            found.append((row.pk, ignored("not_for_us")))
        for one in named:
            groups[one.realm, one.subject].append(one)
    for (realm, subject), several in groups.items():
        found.extend(_look(realm, subject, several, now).items())
    return together(found)


def _look(realm: str, subject: Subject, named: Sequence[Hint], now: datetime) -> dict[int, Outcome]:
    try:
        return _LOOKERS[subject](realm, named, now)
    except TryLater as error:
        outcome = retried(error.code, counts=False)
    except LoyaltyError as error:
        outcome = retried(error.code)
    except Exception:
        _log.exception("%s events of %s failed", subject, realm)
        outcome = retried("unexpected")
    if len(named) > 1 and outcome.counts:
        # One of them may be at fault: the others must not wait for it.
        return together(pair for one in named for pair in _look(realm, subject, [one], now).items())
    return {one.item_id: outcome for one in named}


def _note(rows: Sequence[_Claimed], outcomes: dict[int, Outcome], now: datetime) -> None:
    """Write what came of the rows: one statement for each different outcome."""
    attempts = {row.pk: row.attempts for row in rows}
    groups: defaultdict[tuple[Outcome, int], list[int]] = defaultdict(list)
    for pk, outcome in outcomes.items():
        if outcome.counts and attempts[pk] >= settings.MAX_ATTEMPTS:
            outcome = outcomes[pk] = replace(outcome, status=Status.FAILED)
        groups[outcome, attempts[pk] if outcome.status == Status.NEW else 0].append(pk)
    with _lightly():
        for (outcome, tried), pks in groups.items():
            mine = InboxItem.objects.filter(pk__in=pks, status=Status.NEW)
            if outcome.status != Status.NEW:
                mine.update(
                    status=outcome.status, outcome=outcome.code, next_attempt_at=None, processed_at=now
                )
            elif outcome.counts:
                mine.update(outcome=outcome.code, next_attempt_at=timezone.now() + _pause(tried))
            else:
                mine.update(
                    outcome=outcome.code,
                    attempts=F("attempts") - 1,
                    next_attempt_at=timezone.now() + _PUT_OFF,
                )


@contextmanager
def _lightly() -> Iterator[None]:
    """A transaction that waits for no disk. A crash of the database may lose it, and then only makes events due again.

    What was posted is never written in one of these, and a transaction of the caller's stays as it is.
    """
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
        yield


def _pause(attempts: int) -> timedelta:
    """Growing, at most ten minutes, scattered so that what failed together does not come back together."""
    return timedelta(seconds=min(5.0 * 2 ** (attempts - 1), 600.0) * random.uniform(0.8, 1.2))


def forget_bodies(now: datetime, *, limit: int = 5_000) -> int:
    """Drop the bodies of events older than the setting says, at most `limit`; hash and outcome stay as evidence.

    Events that still wait keep theirs, whatever their age.
    """
    old = InboxItem.objects.filter(
        received_at__lt=now - timedelta(days=settings.BODY_DAYS), body__isnull=False
    ).exclude(status=Status.NEW)
    return InboxItem.objects.filter(pk__in=old.order_by("received_at").values("pk")[:limit]).update(body=None)
