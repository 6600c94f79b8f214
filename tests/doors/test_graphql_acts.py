"""What customers do at the GraphQL door: join, check in, have their prices applied, take a card."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.cards import Card
from loyalty_plugin.models.declines import Decline
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import CheckIn, Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.services.benefits import apply_benefits
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import CHANNEL, NOW, REALM, member, programme

__all__ = ["door"]

JOIN = """mutation ($input: LoyaltyJoinInput!) { loyaltyJoin(input: $input) {
    member { name number verified birthday points { available } } errors { field code message } } }"""
CHECK_IN = """mutation { loyaltyCheckIn { streak points first member { checkIn { streak doneToday tomorrow } }
    errors { field code message } } }"""
APPLY = """mutation ($id: ID!) { loyaltyApplyBenefits(checkoutId: $id) {
    lines { lineId variantId quantity unitPrice { amount } validUntil } changed delivered
    errors { field code message } } }"""
CARD = "mutation { loyaltyIssueCard { card { number } errors { field code message } } }"

DAILY = {
    **RULES,
    "earning": {
        "rules": [{"id": "visit", "rule": "check_in", "params": {"first": 5, "step": 1, "most": 9}}],
    },
}


def test_joining_takes_name_and_address_from_the_account(door: Door) -> None:
    programme(RULES)
    door.shop.account(name="Ada Lovelace")
    door.sign_in()
    joined = door.ask(JOIN, input={"channel": CHANNEL, "birthday": "1985-12-10", "phone": "+49 30 12345678"})
    payload = joined["loyaltyJoin"]
    assert payload["errors"] == []
    assert (payload["member"]["name"], payload["member"]["verified"]) == ("Ada Lovelace", True)
    row = Member.objects.get()
    assert (row.email, row.external_id, row.source) == ("ada@mail.example", USER, "storefront")
    again = door.ask(JOIN, input={"channel": CHANNEL})["loyaltyJoin"]
    assert again["member"]["number"] == payload["member"]["number"]
    assert Member.objects.count() == 1


def test_joining_is_refused_in_words(door: Door) -> None:
    club = programme(RULES)
    door.shop.account()
    door.sign_in()
    [error] = door.ask(JOIN, input={"channel": "nowhere"})["loyaltyJoin"]["errors"]
    assert (error["code"], error["field"]) == ("UNKNOWN_CHANNEL", "channel")
    [error] = door.ask(JOIN, input={"channel": CHANNEL, "birthday": "2999-01-01"})["loyaltyJoin"]["errors"]
    assert (error["code"], error["field"]) == ("DATE_OUT_OF_RANGE", "birthday")
    member(club, email="ada@mail.example")
    [error] = door.ask(JOIN, input={"channel": CHANNEL})["loyaltyJoin"]["errors"]
    assert error["code"] == "ALREADY_MEMBER"
    assert "another membership" in error["message"]
    assert not Member.objects.filter(external_id=USER).exists()


def test_a_closed_or_unknown_account_does_not_join(door: Door) -> None:
    programme(RULES)
    door.sign_in()
    assert door.ask(JOIN, input={"channel": CHANNEL})["loyaltyJoin"]["errors"][0]["code"] == "NOT_FOUND"
    door.shop.account(active=False)
    [error] = door.ask(JOIN, input={"channel": CHANNEL})["loyaltyJoin"]["errors"]
    assert error["code"] == "PERMISSION_DENIED"


def test_checking_in_counts_once_a_day_and_says_what_comes_next(door: Door) -> None:
    of = member(programme(DAILY), external_id=USER)
    door.sign_in()
    first = door.ask(CHECK_IN)["loyaltyCheckIn"]
    assert (first["streak"], first["first"], first["errors"]) == (1, True, [])
    assert first["points"] == Entry.objects.get(member=of).explanation["total"] > 0
    again = door.ask(CHECK_IN)["loyaltyCheckIn"]
    assert (again["streak"], again["points"], again["first"]) == (1, 0, False)
    told = again["member"]["checkIn"]
    assert told["doneToday"]
    door.clock.at = NOW + timedelta(days=1)
    second = door.ask(CHECK_IN)["loyaltyCheckIn"]
    assert (second["streak"], second["points"]) == (2, told["tomorrow"])
    assert CheckIn.objects.count() == 2


def test_a_shop_tells_that_its_customer_logged_in(door: Door) -> None:
    member(programme({**DAILY, "check_ins": {"by": ["login"]}}), external_id=USER)
    door.sign_in()
    assert door.ask(CHECK_IN)["loyaltyCheckIn"]["first"] is False
    logged = door.ask(
        """mutation { loyaltyCheckIn(by: LOGIN) { streak points first member { checkIn { by tomorrow } } } }"""
    )["loyaltyCheckIn"]
    assert (logged["streak"], logged["points"], logged["first"]) == (1, 5, True)
    assert logged["member"]["checkIn"] == {"by": ["LOGIN"], "tomorrow": 6}


def test_a_broken_row_begins_again(door: Door) -> None:
    member(programme(DAILY), external_id=USER)
    door.sign_in()
    door.ask(CHECK_IN)
    door.clock.at = NOW + timedelta(days=2)
    state = door.ask("{ loyalty { me { checkIn { streak doneToday today } } } }")["loyalty"]["me"]["checkIn"]
    assert (state["streak"], state["doneToday"]) == (0, False)
    assert door.ask(CHECK_IN)["loyaltyCheckIn"]["points"] == state["today"]


def test_benefits_are_promised_and_carried_to_the_shop(door: Door) -> None:
    member(programme(RULES), external_id=USER)
    door.sign_in()
    checkout = door.shop.open_checkout()
    applied = door.ask(APPLY, id=checkout.checkout_id)["loyaltyApplyBenefits"]
    [line] = applied["lines"]
    assert (line["lineId"], line["quantity"], line["unitPrice"]["amount"]) == ("L1", 2, "38.00")
    assert (applied["changed"], applied["delivered"]) == (True, True)
    assert len(door.shop.delivered) == 1
    marked = replace(checkout.lines[0], override_reason=f"loyalty:{PricePromise.objects.get().pk}")
    door.shop.checkouts[checkout.checkout_id] = replace(checkout, lines=(marked,))
    assert door.ask(APPLY, id=checkout.checkout_id)["loyaltyApplyBenefits"]["changed"] is False


def test_benefits_of_a_second_programme_are_asked_for_by_its_channel(door: Door) -> None:
    member(programme(RULES), external_id=USER)
    ProgrammeChannel.objects.update(slug="first-channel")
    member(programme(RULES), external_id=USER)
    door.sign_in()
    checkout = door.shop.open_checkout()
    asked = APPLY.replace("checkoutId: $id", f'checkoutId: $id, channel: "{CHANNEL}"')
    assert len(door.ask(asked, id=checkout.checkout_id)["loyaltyApplyBenefits"]["lines"]) == 1
    [error] = door.ask(APPLY, id=checkout.checkout_id)["loyaltyApplyBenefits"]["errors"]
    assert error["code"] == "PERMISSION_DENIED"


def test_a_token_that_was_revoked_changes_no_price(door: Door) -> None:
    """It is still good by its signature and its time; the shop says that it stands no more."""
    member(programme(RULES), external_id=USER)
    door.sign_in()
    checkout = door.shop.open_checkout()
    door.shop.revoked.add(door.token or "")
    refusal = door.refused(APPLY, id=checkout.checkout_id)
    assert refusal["extensions"]["code"] == "token_refused"
    assert not PricePromise.objects.exists()


def test_another_customers_checkout_is_not_touched(door: Door) -> None:
    club = programme(RULES)
    member(club, external_id=USER)
    member(club, external_id="VXNlcjo0Nw==")
    door.sign_in()
    checkout = door.shop.open_checkout(user_id="VXNlcjo0Nw==")
    [error] = door.ask(APPLY, id=checkout.checkout_id)["loyaltyApplyBenefits"]["errors"]
    assert error["code"] == "PERMISSION_DENIED"
    [error] = door.ask(APPLY, id="gone")["loyaltyApplyBenefits"]["errors"]
    assert (error["code"], error["field"]) == ("NOT_FOUND", "checkoutId")
    assert not PricePromise.objects.exists()


def test_a_member_takes_one_card(door: Door) -> None:
    member(programme(RULES), external_id=USER)
    door.sign_in()
    first = door.ask(CARD)["loyaltyIssueCard"]["card"]["number"]
    assert door.ask(CARD)["loyaltyIssueCard"]["card"]["number"] == first == Card.objects.get().number


def test_who_is_no_member_is_told_so(door: Door) -> None:
    programme(RULES)
    door.sign_in()
    for query, name in ((CHECK_IN, "loyaltyCheckIn"), (CARD, "loyaltyIssueCard")):
        assert door.ask(query)[name]["errors"][0]["code"] == "UNKNOWN_MEMBER"


def test_a_frozen_membership_acts_no_more(door: Door) -> None:
    of = member(programme(DAILY), external_id=USER)
    Member.objects.filter(pk=of.pk).update(status="frozen")
    door.sign_in()
    assert door.ask(CHECK_IN)["loyaltyCheckIn"]["errors"][0]["code"] == "MEMBER_FROZEN"


def test_without_a_token_nothing_is_done(door: Door) -> None:
    programme(RULES)
    for query in (CHECK_IN, CARD):
        assert door.refused(query)["extensions"]["code"] == "token_refused"
    assert door.refused(JOIN, input={"channel": CHANNEL})["extensions"]["code"] == "token_refused"
    assert not Member.objects.exists()


CONSENTS = """mutation ($c: [LoyaltyConsentInput!]!) { loyaltySetConsents(consents: $c) {
    consents { channel given wording } errors { field code message } } }"""
AGREED = {"channel": "EMAIL", "given": True, "wording": "Send me news.", "language": "en"}


def test_consents_are_given_and_taken_back(door: Door) -> None:
    member(programme(RULES), external_id=USER)
    door.sign_in()
    given = door.ask(CONSENTS, c=[AGREED])["loyaltySetConsents"]
    assert given == {
        "consents": [{"channel": "EMAIL", "given": True, "wording": "Send me news."}],
        "errors": [],
    }
    door.ask(CONSENTS, c=[{"channel": "EMAIL", "given": False}])
    [now] = door.ask("{ loyalty { me { consents { channel given } } } }")["loyalty"]["me"]["consents"]
    assert now == {"channel": "EMAIL", "given": False}
    for wrong in ([{**AGREED, "wording": ""}], [AGREED, AGREED], [{**AGREED, "language": "x" * 17}]):
        [error] = door.ask(CONSENTS, c=wrong)["loyaltySetConsents"]["errors"]
        assert (error["field"], error["code"]) == ("consents", "INVALID_INPUT")


def test_who_joins_says_what_they_agree_to(door: Door) -> None:
    programme(RULES)
    door.shop.account()
    door.sign_in()
    odd = door.ask(JOIN, input={"channel": CHANNEL, "language": "x" * 17})["loyaltyJoin"]["errors"]
    assert [(one["field"], one["code"]) for one in odd] == [("language", "INVALID_INPUT")]
    door.ask(JOIN, input={"channel": CHANNEL, "consents": [AGREED]})
    [kept] = door.ask("{ loyalty { me { consents { channel given wording } } } }")["loyalty"]["me"][
        "consents"
    ]
    assert kept == {"channel": "EMAIL", "given": True, "wording": "Send me news."}


def test_what_member_prices_saved_is_what_kept_promises_say(door: Door) -> None:
    member(programme(RULES), external_id=USER)
    door.sign_in()
    query = "{ loyalty { me { saved { amount currency } } } }"
    door.ask(APPLY, id=door.shop.open_checkout().checkout_id)
    assert door.ask(query)["loyalty"]["me"]["saved"] == {"amount": "0.00", "currency": "EUR"}
    PricePromise.objects.update(status="kept")
    assert door.ask(query)["loyalty"]["me"]["saved"] == {"amount": "4.00", "currency": "EUR"}


REMOVE = """mutation ($id: ID!) { loyaltyRemoveBenefits(checkoutId: $id) {
    changed delivered errors { field code message } } }"""
AGAIN = APPLY.replace("checkoutId: $id", "checkoutId: $id, again: true")


def _carry_out(door: Door) -> None:
    """The shop has what it was last told: the line bears the mark, or none."""
    [checkout] = door.shop.checkouts.values()
    promise = PricePromise.objects.filter(status__in=("promised", "applied")).first()
    mark = f"loyalty:{promise.pk}" if promise else ""
    line = replace(checkout.lines[0], override_reason=mark)
    door.shop.checkouts[checkout.checkout_id] = replace(checkout, lines=(line,))


def test_benefits_that_were_removed_stay_off_until_they_are_asked_for_again(door: Door) -> None:
    member(programme(RULES), external_id=USER)
    door.sign_in()
    checkout = door.shop.open_checkout()
    door.ask(APPLY, id=checkout.checkout_id)
    _carry_out(door)
    removed = door.ask(REMOVE, id=checkout.checkout_id)["loyaltyRemoveBenefits"]
    assert removed == {"changed": True, "delivered": True, "errors": []}
    told = OutboxItem.objects.order_by("pk").last()
    assert told is not None
    assert told.desired["lines"]["L1"]["price"] is None
    _carry_out(door)
    for actor in ("member", "event"):
        if actor == "member":
            assert door.ask(APPLY, id=checkout.checkout_id)["loyaltyApplyBenefits"]["lines"] == []
        else:
            apply_benefits(SYSTEM, realm_url=REALM, checkout_id=checkout.checkout_id, now=NOW)
        assert not PricePromise.objects.filter(status__in=("promised", "applied")).exists()
    other = door.shop.open_checkout(checkout_id="Q2hlY2tvdXQ6Mg==")
    assert len(door.ask(APPLY, id=other.checkout_id)["loyaltyApplyBenefits"]["lines"]) == 1
    [line] = door.ask(AGAIN, id=checkout.checkout_id)["loyaltyApplyBenefits"]["lines"]
    assert line["unitPrice"]["amount"] == "38.00"
    assert not Decline.objects.exists()


def test_nobody_removes_the_benefits_of_anothers_checkout(door: Door) -> None:
    club = programme(RULES)
    member(club, external_id=USER)
    member(club, external_id="VXNlcjo0Nw==")
    door.sign_in()
    checkout = door.shop.open_checkout(user_id="VXNlcjo0Nw==")
    [error] = door.ask(REMOVE, id=checkout.checkout_id)["loyaltyRemoveBenefits"]["errors"]
    assert error["code"] == "PERMISSION_DENIED"
    [error] = door.ask(REMOVE, id="gone")["loyaltyRemoveBenefits"]["errors"]
    assert error["code"] == "NOT_FOUND"
    assert not Decline.objects.exists()


UPDATE = """mutation ($input: LoyaltyMemberInput!) { loyaltyUpdateMember(input: $input) {
    member { name phone language birthday birthdayLocked verified email } errors { field code message } } }"""


def test_a_member_changes_their_record(door: Door) -> None:
    of = member(programme(RULES), external_id=USER, email="ada@mail.example")
    door.sign_in()
    change = {"name": " Ada  King ", "phone": "+49 30 12345678", "language": "de", "birthday": "1985-12-10"}
    told = door.ask(UPDATE, input=change)["loyaltyUpdateMember"]
    assert told["errors"] == []
    assert told["member"] == {
        "name": "Ada King", "phone": "+493012345678", "language": "de", "birthday": "1985-12-10",
        "birthdayLocked": False, "verified": True, "email": "ada@mail.example",
    }  # fmt: skip
    told = door.ask(UPDATE, input={"phone": ""})["loyaltyUpdateMember"]["member"]
    assert (told["name"], told["phone"], told["language"]) == ("Ada King", "", "de")
    Member.objects.filter(pk=of.pk).update(birthday_locked_at=NOW)
    [error] = door.ask(UPDATE, input={"name": "Eve", "birthday": "1985-12-11"})["loyaltyUpdateMember"][
        "errors"
    ]
    assert error["code"] == "BIRTHDAY_LOCKED"
    assert Member.objects.get(pk=of.pk).name == "Ada King"  # all of it or nothing


def test_a_change_that_can_not_be_names_its_field(door: Door) -> None:
    club = programme(RULES)
    of = member(club, external_id=USER, email="", phone="+493012345670")
    member(club, external_id="VXNlcjo0Nw==", email="bob@mail.example", phone="+493012345678")
    door.sign_in()
    for change, field, code in (
        ({"name": " "}, "name", "INVALID_INPUT"),
        ({"name": "x" * 501}, "name", "INVALID_INPUT"),
        ({"phone": "12"}, "phone", "INVALID_CONTACT"),
        ({"phone": "+49 30 12345678"}, None, "ALREADY_MEMBER"),
        ({"phone": ""}, "phone", "CONTACT_NEEDED"),
        ({"language": "x" * 17}, "language", "INVALID_INPUT"),
        ({"birthday": "2999-01-01"}, "birthday", "DATE_OUT_OF_RANGE"),
    ):
        [error] = door.ask(UPDATE, input=change)["loyaltyUpdateMember"]["errors"]
        assert (error["field"], error["code"]) == (field, code), change
    before = Member.objects.get(pk=of.pk)
    assert (before.phone, before.verified_at is not None) == ("+493012345670", True)
    # Their only contact: a new one is nobody's word but theirs.
    assert not door.ask(UPDATE, input={"phone": "+49 30 12345679"})["loyaltyUpdateMember"]["member"][
        "verified"
    ]
