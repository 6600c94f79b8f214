"""Incidents: one for each order, acted on by those who may, carried out through the outbox, closed with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind, Scope
from loyalty_plugin.domain.promises import CODES
from loyalty_plugin.errors import AlreadyGranted, InvalidInput, NotFound, PermissionDenied, SamePerson
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person, RoleLimit
from loyalty_plugin.queries.health import health
from loyalty_plugin.services import approvals
from loyalty_plugin.services.incidents import CHANGES, Acted, act, close
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.signals import incident_opened
from tests.factories import NOW, line, member, order, programme

pytestmark = pytest.mark.django_db


def promise(of: Member, **more) -> PricePromise:
    return PricePromise.objects.create(
        **{
            "member": of,
            "version": of.programme.versions.get(),
            "realm": of.realm,
            "checkout_id": "Checkout:1",
            "line_id": "CheckoutLine:1",
            "variant_id": "Product:1:v",
            "quantity": 1,
            "unit_price": 900,
            "base_price": 900,
            "guest_price": 1_000,
            "currency": "EUR",
            "created_at": NOW,
            "valid_until": NOW + timedelta(hours=1),
            **more,
        }
    )


@pytest.fixture
def incident() -> Incident:
    of = member(programme())
    mark = f"loyalty:{promise(of).pk}"
    fact = order(of, lines=[line(4_500, quantity=5, mark=mark)], checkout_id="Checkout:1")
    apply_orders([fact], now=NOW)
    return Incident.objects.get()


def test_an_order_makes_one_incident_and_tells_of_it(django_capture_on_commit_callbacks):
    heard: list[int] = []

    def hear(incident_id: int, **_: object) -> None:
        heard.append(incident_id)

    incident_opened.connect(hear)
    of = member(programme())
    fact = order(of, lines=[line(4_500, quantity=5, mark=f"loyalty:{promise(of).pk}")])
    with django_capture_on_commit_callbacks(execute=True):
        for hours in range(3):
            apply_orders([replace(fact, updated_at=NOW + timedelta(hours=hours))], now=NOW)
    incident_opened.disconnect(hear)
    found = Incident.objects.get()
    assert heard == [found.pk]
    assert [(one["code"], one["lost"]) for one in found.differences] == [("more_units", 400)]
    assert (found.lost, found.member_id) == (400, of.pk)
    assert "incidents_open" in {trouble.code for trouble in health(SYSTEM, now=NOW)}


def test_a_promise_is_used_once():
    of = member(programme())
    mark = f"loyalty:{promise(of).pk}"
    for _ in range(2):
        apply_orders([order(of, lines=[line(900, mark=mark)])], now=NOW)
    assert [one["code"] for one in Incident.objects.get().differences] == ["unknown_promise"]


def test_what_was_not_bought_ends_with_its_checkout():
    of = member(programme())
    promise(of)
    apply_orders([order(of, lines=[line(100, product="Other")], checkout_id="Checkout:1")], now=NOW)
    assert PricePromise.objects.get().status == "withdrawn"
    assert not Incident.objects.exists()


def test_an_erased_members_order_read_again_is_no_incident():
    of = member(programme())
    fact = order(of, lines=[line(900, mark=f"loyalty:{promise(of).pk}")])
    apply_orders([fact], now=NOW)
    PricePromise.objects.all().delete()
    apply_orders([replace(fact, updated_at=NOW + timedelta(hours=1))], now=NOW)
    assert not Incident.objects.exists()


@pytest.mark.parametrize("action", Incident.Action.values)
def test_each_act_is_noted_and_sent(incident: Incident, action: str):
    for _ in range(2):
        act(SYSTEM, incident_id=incident.pk, action=action, amount=500, now=NOW)
    incident.refresh_from_db()
    sent = list(OutboxItem.objects.values_list("kind", flat=True))
    assert sent == ([CHANGES[action]] if action in CHANGES else [])
    assert incident.action == action
    # The same grant again is the same grant; whatever else is done twice was decided twice.
    assert AuditRecord.objects.filter(operation=f"incident.{action}").count() == (
        1 if action == "refund" else 2
    )


def grant(actor: Actor, incident: Incident, amount: int) -> Acted:
    return act(actor, incident_id=incident.pk, action="refund", amount=amount, now=NOW)


@pytest.mark.parametrize("state", ["waiting", "done"])
def test_an_incident_has_one_grant_and_another_amount_is_refused(incident: Incident, state: str):
    first = grant(SYSTEM, incident, 500)
    OutboxItem.objects.update(status=state)
    assert grant(SYSTEM, incident, 500).change == first.change
    with pytest.raises(AlreadyGranted) as refused:
        grant(SYSTEM, incident, 700)
    assert refused.value.details["amount"] == 500
    assert OutboxItem.objects.count() == 1


def test_what_saleor_refused_may_be_granted_otherwise(incident: Incident):
    grant(SYSTEM, incident, 5_000)
    OutboxItem.objects.update(status="failed", error="not_charged")
    assert grant(SYSTEM, incident, 700).change.desired["amount"] == 700


def person(role: str, name: str) -> Actor:
    of = Person.objects.create(name=name)
    return Actor(
        ActorKind.STAFF,
        name,
        permissions=frozenset({"handle_incidents", "decide_requests"}),
        scopes=(Scope(role, ""),),
        person_id=of.pk,
    )


def test_a_refund_above_a_persons_limit_waits_for_another(incident: Incident):
    mara, olga = person("manager", "Mara"), person("owner", "Olga")
    assert grant(mara, incident, 10_001).change is None
    request = Request.objects.get()
    assert (request.operation, request.amount, request.unit) == ("incident.refund", 10_001, "EUR")
    # Asked again it is the same request; another amount meanwhile is none.
    assert grant(mara, incident, 10_001).request_id == request.pk
    with pytest.raises(AlreadyGranted):
        grant(olga, incident, 400)
    with pytest.raises(SamePerson):
        approvals.approve(mara, request_id=request.pk, now=NOW)
    assert not OutboxItem.objects.exists()
    approvals.approve(olga, request_id=request.pk, now=NOW)
    [sent] = OutboxItem.objects.all()
    assert (sent.kind, sent.desired["amount"]) == ("order_grant", 10_001)
    incident.refresh_from_db()
    assert (incident.action, incident.change_id) == ("refund", sent.pk)
    with pytest.raises(AlreadyGranted):
        grant(mara, incident, 400)


def test_a_refused_refund_may_be_asked_for_anew_and_a_day_has_its_sum(incident: Incident):
    mara, olga = person("manager", "Mara"), person("owner", "Olga")
    grant(mara, incident, 20_000)
    approvals.reject(olga, request_id=Request.objects.get().pk, now=NOW)
    assert not OutboxItem.objects.exists()
    RoleLimit.objects.filter(role="manager", operation="incident.refund").update(daily=15_000)
    assert grant(mara, incident, 9_000).change is not None
    other = Incident.objects.create(realm=incident.realm, order_id="Order:2", currency="EUR", found_at=NOW)
    assert grant(mara, other, 7_000).request_id is not None
    assert grant(olga, Incident.objects.create(
        realm=incident.realm, order_id="Order:3", currency="EUR", found_at=NOW), 900_000).change is not None  # fmt: skip


def test_who_is_nobodys_person_grants_nothing(incident: Incident):
    root = Actor(ActorKind.STAFF, "root", permissions=frozenset({"handle_incidents"}))
    with pytest.raises(PermissionDenied):
        grant(root, incident, 1)


def test_a_closed_incident_is_done_with(incident: Incident):
    close(SYSTEM, incident_id=incident.pk, reason="accepted", now=NOW)
    with pytest.raises(NotFound):
        act(SYSTEM, incident_id=incident.pk, action="cancel", now=NOW)
    with pytest.raises(NotFound):
        close(SYSTEM, incident_id=incident.pk, reason="mistake", now=NOW)


@pytest.mark.parametrize(("action", "amount"), [("explode", 0), ("refund", 0), ("refund", -5)])
def test_nonsense_is_refused(incident: Incident, action: str, amount: int):
    with pytest.raises(InvalidInput):
        act(SYSTEM, incident_id=incident.pk, action=action, amount=amount, now=NOW)


def test_only_those_who_may_act(incident: Incident):
    clerk = Actor(ActorKind.STAFF, "clerk", permissions=frozenset({"view_incidents"}))
    with pytest.raises(PermissionDenied):
        act(clerk, incident_id=incident.pk, action="cancel", now=NOW)
    with pytest.raises(PermissionDenied):
        close(clerk, incident_id=incident.pk, reason="handled", now=NOW)


def test_every_difference_and_act_has_words():
    from loyalty_plugin.admin.incidents import ACTS, DIFFERENCES

    assert set(DIFFERENCES) == set(CODES)
    assert set(ACTS) == set(Incident.Action)
