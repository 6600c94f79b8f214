"""Keeps what members agree to and what they take back, each as a row of its own; it sends nothing to anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.consents import Answer, ConsentChannel, check_answers
from loyalty_plugin.models.consents import Consent, ConsentWording
from loyalty_plugin.policies import Operation, require, require_self
from loyalty_plugin.services import audit
from loyalty_plugin.services.members import get_locked

PREFERENCES = "preferences"


def record_consents(
    actor: Actor, *, member_id: int, answers: Sequence[Answer], now: datetime, source: str = PREFERENCES
) -> tuple[ConsentChannel, ...]:
    """Keep answers, each for one channel; the channels whose answer is new.

    Saying again what stands, in the same words, keeps nothing more; nor does a no where there was never a yes.
    Channels that are not answered stay as they are. Raises InvalidInput, PermissionDenied, UnknownMember.
    """
    check_answers(answers)
    if actor.kind is ActorKind.STAFF:
        require(actor, Operation.EDIT_MEMBERS)
    else:
        require_self(actor, member_id)
    if not answers:
        return ()
    with transaction.atomic():
        member = get_locked(member_id)
        newest = {
            row.channel: row
            for row in Consent.objects.filter(member=member)
            .select_related("wording")
            .order_by("channel", "-pk")
            .distinct("channel")
        }
        changed = []
        for answer in answers:
            words = _wording(answer) if answer.wording.strip() else None
            before = newest.get(answer.channel)
            if before is None and not answer.given:
                continue
            if (
                before is not None
                and before.given == answer.given
                and (not answer.given or words == before.wording)
            ):
                continue
            Consent.objects.create(
                member=member,
                channel=answer.channel,
                given=answer.given,
                wording=words,
                at=now,
                source=source,
                actor=actor.name,
            )
            changed.append(answer.channel)
        if changed:
            detail = {"channels": {a.channel.value: a.given for a in answers if a.channel in changed}}
            audit.record(actor, "member.consent", f"member:{member.pk}", "done", now=now, detail=detail)
    return tuple(changed)


def _wording(answer: Answer) -> ConsentWording:
    digest = hashlib.sha256(f"{answer.language}\n{answer.wording}".encode()).digest()
    row, _made = ConsentWording.objects.get_or_create(
        digest=digest, defaults={"language": answer.language, "text": answer.wording}
    )
    return row
