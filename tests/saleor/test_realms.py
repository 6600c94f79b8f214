"""Several Saleors to one plugin: the same ids are other people, and what a staging copy says is booked nowhere."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin import vault
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import LoyaltyError, SpendingHeld, TryLater
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Held, Installation, Realm
from loyalty_plugin.queries.members import find_customer
from loyalty_plugin.queries.programmes import channel_served
from loyalty_plugin.queries.realms import spending_held
from loyalty_plugin.saleor import connections
from loyalty_plugin.services import cards
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.realms import hold_spending, mark_reconciled, require_spending, set_live
from tests import factories
from tests.factories import NOW
from tests.saleor.fakekit import Saleor, saleor
from tests.saleor.roomkit import API, OTHER_API, SECRET, TOKEN, Wire, install

__all__ = ["saleor"]

pytestmark = pytest.mark.django_db


def test_the_same_id_in_two_saleors_is_two_people() -> None:
    club = factories.programme()
    first = factories.member(club, external_id="VXNlcjo0Ng==")
    other = factories.realm(OTHER_API)
    second = factories.member(club, external_id="User:elsewhere")
    Member.objects.filter(pk=second.pk).update(external_id="VXNlcjo0Ng==", realm=other)
    assert first.pk != second.pk
    found = [find_customer(url, "VXNlcjo0Ng==") for url in (factories.REALM, OTHER_API, API)]
    assert found == [first, second, None]


def test_a_staging_copy_finds_nobody_serves_nothing_and_books_nothing() -> None:
    club = factories.programme()
    of = factories.member(club)
    realm = factories.realm()
    assert channel_served(factories.CHANNEL, factories.REALM) == (club.pk, realm.pk)
    set_live(SYSTEM, realm_id=realm.pk, live=False, now=NOW)
    assert channel_served(factories.CHANNEL, factories.REALM) is None
    assert find_customer(factories.REALM, of.external_id) is None
    (applied,) = apply_orders([factories.order(of)], now=NOW)
    assert applied.outcome == "staging_realm"
    assert not Entry.objects.exists()
    set_live(SYSTEM, realm_id=realm.pk, live=True, now=NOW)
    assert find_customer(factories.REALM, of.external_id) == of


def test_each_saleor_is_called_with_its_own_token(saleor: Saleor, wire: Wire, settings: Any) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (API, OTHER_API)}
    install()
    install(api_url=OTHER_API, token=vault.encrypt(b"the-other-token"), app_id="QXBwOjk=")
    ours, others = (connections.connected(url) for url in (API, OTHER_API))
    assert ours
    assert others
    assert (ours.token, others.token) == (TOKEN, "the-other-token")


def test_what_nobody_could_heal_keeps_spending_held() -> None:
    realm = factories.realm()
    hold_spending(realm.pk, Held.RESTORED_THERE, since=NOW - timedelta(hours=1), now=NOW)
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=NOW, now=NOW, whole=False)
    with pytest.raises(SpendingHeld):
        require_spending(realm.pk)
    realm.refresh_from_db()
    assert (realm.gap_since, realm.reconciled_at) == (None, NOW)
    # Nor does a comparison that ended before the dump was restored.
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=NOW - timedelta(minutes=1), now=NOW)
    assert spending_held(realm.pk) == "restored_there"
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=NOW, now=NOW)
    require_spending(realm.pk)


# -- secrets at rest ---------------------------------------------------------------------------------------------
OLD = "3rzm9JYvDoQ8TdZVvcqcOXXQMlDkzpN0t3mtlNnEKWk="
NEW = "QIVrt0dWQQxTMLyaRbSC8eU2oZFPNqDTBPJdVYyVnzY="


def keyed(settings: Any, *keys: str) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "ENCRYPTION_KEYS": keys}
    connections.forget()


def test_every_secret_is_encrypted_anew_and_the_old_key_may_go(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keyed(settings, OLD)
    row = install(previous_secret=vault.encrypt(b"before"))
    cards.rotate_key(SYSTEM, now=NOW)
    keyed(settings, NEW, OLD)
    call_command("loyalty_rekey")
    assert "4 secrets are under the newest key." in capsys.readouterr().out
    keyed(settings, NEW)
    ours = connections.connected(API, fresh=True)
    assert ours
    assert (ours.token, ours.secrets) == (TOKEN, (SECRET, "before"))
    row.refresh_from_db()
    assert OLD not in repr(row.__dict__)


def test_a_secret_that_no_key_opens_leaves_all_as_they_were(settings: Any) -> None:
    keyed(settings, OLD)
    row = install()
    install(api_url=OTHER_API, token=b"nonsense", app_id="B")
    keyed(settings, NEW, OLD)
    before = bytes(row.token)
    with pytest.raises(CommandError) as raised:
        call_command("loyalty_rekey")
    assert TOKEN not in str(raised.value)
    row.refresh_from_db()
    assert bytes(row.token) == before


def test_no_secret_in_logs_errors_or_reprs(
    saleor: Saleor, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    from loyalty_plugin.registry import ports
    from loyalty_plugin.saleor.standing import look_at_all

    caplog.set_level(logging.DEBUG)
    row = install()
    told = [repr(row), str(row), repr(connections.connected(API, fresh=True))]
    look_at_all(NOW)
    saleor.away = True
    look_at_all(NOW)
    with pytest.raises(LoyaltyError) as away:
        ports.connection.review(API, now=NOW)
    told += [repr(away.value), str(away.value), str(away.value.details)]
    Installation.objects.update(token=vault.encrypt(TOKEN.encode())[:-4])
    look_at_all(NOW)
    with pytest.raises(TryLater) as locked:
        ports.connection.review(API, now=NOW)
    told += [str(locked.value), str(locked.value.details), caplog.text]
    text = " ".join(told)
    assert TOKEN not in text
    assert SECRET not in text
    assert "could not be seen" in text


def test_a_member_of_a_realm_stays_where_it_is() -> None:
    """A dump of production in a staging shop names its Saleor by another URL: nothing of it is found there."""
    of = factories.member(factories.programme())
    Realm.objects.filter(pk=of.realm_id).update(api_url="https://production.example/graphql/")
    assert find_customer(factories.REALM, of.external_id) is None
    assert Member.objects.get() == of
