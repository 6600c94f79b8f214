"""Finds received events by what their bodies say, so that those about a person can be emptied; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Func, IntegerField, Q, Value

from loyalty_plugin.models.inbox import InboxItem


class Position(Func):
    """Where some bytes begin in others, from 1; 0 where they are not."""

    template = "position(%(expressions)s)"
    arg_joiner = " IN "
    output_field = IntegerField()


def naming(words: Sequence[str]) -> list[int]:
    """Ids of the events whose body, where it is still kept, contains one of these words."""
    if not words:
        return []
    found = {f"at{place}": Position(Value(word.encode()), F("body")) for place, word in enumerate(words)}
    some = Q(*(Q(**{f"{name}__gt": 0}) for name in found), _connector=Q.OR)
    rows = InboxItem.objects.filter(body__isnull=False).alias(**found).filter(some)
    return list(rows.order_by("pk").values_list("pk", flat=True))
