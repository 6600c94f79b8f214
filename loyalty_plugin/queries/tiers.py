"""Reads what tiers are judged by: facts, grants and the versions' tiers; judges through the domain, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Final, Protocol

from django.db import connection
from django.db.models import Sum

from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.forecast import Forecast, forecast
from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact
from loyalty_plugin.domain.tiers.standing import Standing, standing
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.domain.tiers.versions import TierVersion
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.queries.programmes import Versions

_METRICS: Final = {metric.value: metric for metric in Metric}
_FACTS: Final = """
SELECT member_id, day, metric, amount, product_id, known_on FROM loyalty_plugin_tierfact
 WHERE member_id = ANY(%s::bigint[]) AND metric = ANY(%s)
"""
_REFS: Final = """
SELECT member_id, day, metric, amount, product_id, ref, known_on FROM loyalty_plugin_tierfact
 WHERE member_id = ANY(%s::bigint[]) AND metric = ANY(%s) AND day <= %s
"""
_GRANTS: Final = """
SELECT member_id, tier, from_day, until_day, source FROM loyalty_plugin_tiergrant
 WHERE member_id = ANY(%s::bigint[])
"""
#: As QualifyingFact._make, without a call of Python's own for each of millions.
_fact: Callable[[tuple[Any, ...]], QualifyingFact] = partial(tuple.__new__, QualifyingFact)
_ready: dict[int, tuple[object, TierVersion]] = {}


def tier_version(version: ProgrammeVersion) -> TierVersion:
    """The version's tiers made ready for judging, once a process."""
    found = _ready.get(version.id)
    if found is not None and found[0] is version.document:
        return found[1]
    document = version.document
    made = TierVersion(
        local_day(version.starts_at, version.zone),
        document.tiers,
        re_evaluate=document.tier_settings.re_evaluate,
        settings=document.tier_settings,
    )
    _ready[version.id] = (document, made)
    return made


def tier_versions(versions: Versions) -> list[TierVersion]:
    """All versions' tiers, oldest first; of several that start on one day the last counts."""
    by_day = {tier_version(version).from_day: tier_version(version) for version in versions.all}
    return [by_day[day] for day in sorted(by_day)]


@dataclass(slots=True)
class History:
    """What counts for some members up to a day, and the next day on which something known begins to count."""

    facts: dict[int, list[QualifyingFact]] = field(default_factory=lambda: defaultdict(list))
    grants: dict[int, list[Grant]] = field(default_factory=lambda: defaultdict(list))
    future: dict[int, date] = field(default_factory=dict)


def history_of(
    member_ids: Sequence[int], today: date, *, counting: Iterable[TierVersion] | None = None
) -> History:
    """What these members did, or only what the rules of these versions count. Two queries, however many members.

    The facts tell no `ref`: no rule looks at what they came from.
    """
    metrics = _METRICS
    if counting is not None:
        metrics = {metric.value: metric for version in counting for metric in version.metrics}
    found = History()
    facts = found.facts
    ids = "{" + ",".join(map(str, member_ids)) + "}"
    with connection.cursor() as cursor:
        # Plain rows, not the ORM's: the night reads millions.
        cursor.execute(_FACTS, [ids, list(metrics)])
        for member_id, day, metric, amount, product_id, known_on in cursor.fetchall():
            if day > today:
                found.future[member_id] = min(day, found.future.get(member_id, day))
                continue
            facts[member_id].append(_fact((day, metrics[metric], amount, product_id, "", known_on)))
        cursor.execute(_GRANTS, [ids])
        for member_id, tier, from_day, until_day, source in cursor.fetchall():
            found.grants[member_id].append(Grant(tier, from_day, until_day, source))
    return found


def history_with_refs(member_ids: Sequence[int], today: date, *, counting: Iterable[TierVersion]) -> History:
    """As `history_of`, each fact with what it came from, so that some can be left out. Three queries."""
    counting = list(counting)
    found = history_of(member_ids, today, counting=counting)
    metrics = {metric.value: metric for version in counting for metric in version.metrics}
    found.facts.clear()
    ids = "{" + ",".join(map(str, member_ids)) + "}"
    with connection.cursor() as cursor:
        cursor.execute(_REFS, [ids, list(metrics), today])
        for member_id, day, metric, *rest in cursor.fetchall():
            found.facts[member_id].append(_fact((day, metrics[metric], *rest)))
    return found


class Judged(Protocol):
    """What judging looks at in a member; a row of that table has it, and the night's own rows."""

    @property
    def pk(self) -> int: ...
    @property
    def joined_at(self) -> datetime: ...


def judge(
    member: Judged, history: History, ready: Sequence[TierVersion], version: ProgrammeVersion, today: date
) -> Standing:
    """Where one member stands on a day of the programme."""
    joined_on = local_day(member.joined_at, version.zone)
    return standing(
        history.facts[member.pk], history.grants[member.pk], ready, joined_on, max(today, joined_on)
    )


def standing_of(member: Member, versions: Versions, now: datetime) -> tuple[Standing, Forecast]:
    """Where a member stands now and what lies ahead. Two queries."""
    version = versions.at(now)
    today = local_day(now, version.zone)
    found = judge(member, history_of([member.pk], today), tier_versions(versions), version, today)
    return found, forecast(found)


def pieces_of(member_ids: Sequence[int], products: Collection[str]) -> dict[int, dict[str, int]]:
    """Pieces that count so far, by member and product, for rules that count them. One query."""
    rows = (
        TierFact.objects.filter(
            member_id__in=member_ids, metric=Metric.PRODUCT.value, product_id__in=list(products)
        )
        .values_list("member_id", "product_id")
        .annotate(pieces=Sum("amount"))
        .order_by()
    )
    found: dict[int, dict[str, int]] = {}
    for member_id, product_id, pieces in rows:
        found.setdefault(member_id, {})[product_id] = pieces
    return found
