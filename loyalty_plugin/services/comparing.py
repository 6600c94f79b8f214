"""Compares orders as they come with the prices promised on their checkouts, and opens an incident where they differ.

Each promise is compared once, with the first reading of its order; later readings change nothing that was found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.perks.breaches import Known, Rules, breaches
from loyalty_plugin.domain.promises import HARMLESS, Compared, PromisedLine, compare, mark_of
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.services import incidents, limited

Status = PricePromise.Status
#: What Saleor calls an order that waits for somebody to confirm it.
UNCONFIRMED: Final = "UNCONFIRMED"
OPEN: Final = (Status.PROMISED, Status.APPLIED)


def compare_with_orders(
    facts: Sequence[OrderFact], *, now: datetime, rules: Mapping[str, Rules] | None = None
) -> None:
    """Mark promises as kept or broken, withdraw those that were not used, and open an incident for each difference.

    `rules`: those of the programme that orders are held by, too, by their ref. `facts` are first readings: an order that
    was compared is not to be compared again, since the promises of a member who was erased are gone. In the caller's
    transaction. One query while there are no rules and nothing was promised for any of them.
    """
    rows = _promises(facts)
    waiting = [fact for fact in facts if fact.status == UNCONFIRMED and fact.origin == "checkout"]
    rules = rules or {}
    if (
        not rules
        and not rows
        and not waiting
        and not any(mark_of(line) for fact in facts for line in fact.lines)
    ):
        return
    changed: list[PricePromise] = []
    realms = {realm.api_url: realm for realm in Realm.objects.filter(api_url__in={f.realm for f in facts})}
    by_checkout: defaultdict[tuple[int, str], list[PricePromise]] = defaultdict(list)
    by_id: dict[str, PricePromise] = {}
    for row in rows:
        by_checkout[row.realm_id, row.checkout_id].append(row)
        by_id[str(row.pk)] = row
    ended = {(fact.realm, fact.checkout_id) for fact in facts if not fact.cancelled}
    over = limited.overdrawn(
        [row for row in rows if row.status in OPEN and (row.realm.api_url, row.checkout_id) in ended], now
    )
    for fact in facts:
        realm = realms.get(fact.realm)
        if realm is not None and not fact.cancelled:
            changed += _one(fact, realm, by_checkout, by_id, over, rules.get(fact.ref), now)
    PricePromise.objects.bulk_update(changed, ["status", "order_id"])
    for fact in waiting:
        realm = realms.get(fact.realm)
        if realm is not None and realm.mode == Mode.CONFIRMED and realm.live:
            _let_go(fact, realm, now)


def _let_go(fact: OrderFact, realm: Realm, now: datetime) -> None:
    """Have an order confirmed in which nothing differs; one that does waits for a person."""
    found = Incident.objects.filter(realm=realm, order_id=fact.order_id).values_list("differences", flat=True)
    if all(one["code"] in HARMLESS for differences in found for one in differences):
        incidents.send("order_confirm", realm, fact.order_id, now=now)


def found(
    fact: OrderFact, promises: Iterable[PricePromise], over: Mapping[str, int] | None = None
) -> Compared:
    """The comparison itself, of promises that were not compared before. `over`: as `limited.overdrawn` says."""
    return compare(fact, [_line(row, (over or {}).get(str(row.pk), 0)) for row in promises])


def _promises(facts: Sequence[OrderFact]) -> list[PricePromise]:
    """What was promised on the checkouts of these orders, and what their lines name."""
    checkouts = {fact.checkout_id for fact in facts} - {""}
    named = [pk for fact in facts for line in fact.lines if (pk := _uuid(mark_of(line))) is not None]
    if not checkouts and not named:
        return []
    rows = PricePromise.objects.select_related("member", "realm").filter(
        Q(checkout_id__in=checkouts, realm__api_url__in={fact.realm for fact in facts}) | Q(pk__in=named)
    )
    return list(rows.order_by("-created_at"))


def _one(
    fact: OrderFact,
    realm: Realm,
    by_checkout: Mapping[tuple[int, str], Sequence[PricePromise]],
    by_id: Mapping[str, PricePromise],
    over: Mapping[str, int],
    rules: Rules | None,
    now: datetime,
) -> list[PricePromise]:
    """Compare one order; the promises that ended in it, not yet saved."""
    mine = {str(row.pk): row for row in by_checkout.get((realm.pk, fact.checkout_id), ())}
    for line in fact.lines:
        row = by_id.get(mark_of(line))
        if row is not None and row.realm_id == realm.pk:
            mine[str(row.pk)] = row
    # A mark that an order had before is on another order, too: copied, and nobody's promise there.
    used_elsewhere = {pk for pk, row in mine.items() if row.order_id not in ("", fact.order_id)}
    mine = {pk: row for pk, row in mine.items() if pk not in used_elsewhere}
    if any(row.order_id == fact.order_id for row in mine.values()):
        return []
    result = found(fact, mine.values(), over)
    for pk, row in mine.items():
        if pk in result.broken:
            row.status = Status.BROKEN
        elif pk in result.kept and row.status in OPEN:
            row.status = Status.KEPT
        elif row.status in OPEN:
            row.status = Status.WITHDRAWN
        row.order_id = fact.order_id
        if row.status == Status.BROKEN:
            limited.keep_more(row, sum(one.quantity for one in fact.lines if mark_of(one) == pk))
    differences = result.differences
    if rules is not None:
        known = {one.line_id: _known(mine[mark]) for one in fact.lines if (mark := mark_of(one)) in mine}
        differences += breaches(fact, rules, known)
    if differences:
        buyer = rules.buyer.member_id or None if rules is not None and rules.buyer is not None else None
        whose = next((row.member_id for row in mine.values()), buyer)
        incidents.open_incident(fact, realm, differences, member_id=whose, now=now)
    return list(mine.values())


def _known(row: PricePromise) -> Known:
    return Known(row.reason.get("floor", 0), row.with_tax)


def _line(row: PricePromise, over: int) -> PromisedLine:
    return PromisedLine(
        promise_id=str(row.pk),
        line_id=row.line_id,
        variant_id=row.variant_id,
        user_id=row.member.external_id,
        quantity=row.quantity,
        unit_price=row.unit_price,
        guest_price=row.guest_price,
        with_tax=row.with_tax,
        open=row.status in OPEN,
        limited=max(limited.held_by(row).values(), default=0),
        over=over,
    )


def _uuid(text: str) -> UUID | None:
    """Marks are free text in the shop, so anything may stand there."""
    try:
        return UUID(text)
    except ValueError:
        return None
