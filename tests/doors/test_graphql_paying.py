"""Paying with points at the GraphQL door: what may be paid, reserving, taking it off, and each refusal in words."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_plugin.domain.intents import Award
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services import posting
from tests.doors.graphqlkit import USER, Door, door
from tests.factories import NOW, document, member, programme
from tests.services.books import make_plan

__all__ = ["door"]

OFFER = """query ($id: ID!) { loyalty { paymentOffer(checkoutId: $id) { due { amount } available points
pointsPay { amount } least storedValue { amount } reserved { points begun } } } }"""
RESERVE = """mutation ($id: ID!, $points: LoyaltyInteger!, $stored: String = "0", $key: String = "") {
loyaltyReservePayment(checkoutId: $id, points: $points, storedValue: $stored, key: $key) {
payment { amount { amount } points pointsPay { amount } storedValue { amount } gateway token until begun }
errors { code field message } } }"""
REMOVE = (
    """mutation ($id: ID!) { loyaltyRemovePayment(checkoutId: $id) { released errors { code message } } }"""
)
TERMS = {"points": {"points": 10, "money": 5, "least": 100, "share": 5_000}}


@pytest.fixture
def ada(door: Door) -> Member:
    of = programme(document(paying=TERMS))
    made = member(of, external_id=USER)
    version = ProgrammeVersion.objects.get(programme=of)
    posting.post([make_plan(version, made, Award(POINTS, 9_000))], recorded_at=NOW)
    door.sign_in()
    return made


def reserve(door: Door, points: int, **more: Any) -> Any:
    checkout = door.shop.checkouts.get("Q2hlY2tvdXQ6MQ==") or door.shop.open_checkout()
    return door.ask(RESERVE, id=checkout.checkout_id, points=points, **more)["loyaltyReservePayment"]


def test_what_may_be_paid_is_told_and_reserved(door: Door, ada: Member) -> None:
    checkout = door.shop.open_checkout()
    told = door.ask(OFFER, id=checkout.checkout_id)["loyalty"]["paymentOffer"]
    assert told == {
        "due": {"amount": "80.00"},
        "available": 9_000,
        "points": 8_000,
        "pointsPay": {"amount": "40.00"},
        "least": 100,
        "storedValue": {"amount": "0.00"},
        "reserved": None,
    }
    made = reserve(door, 500, key="first")
    assert made["errors"] == []
    paid = made["payment"]
    assert (paid["amount"]["amount"], paid["points"], paid["gateway"]) == ("2.50", 500, "loyalty_plugin")
    assert not paid["begun"]
    assert reserve(door, 500, key="first")["payment"]["token"] == paid["token"]
    more = reserve(door, 9_000)["payment"]
    assert (more["points"], more["amount"]["amount"]) == (8_000, "40.00"), "no more than is of use"
    assert Payment.objects.filter(state="released").count() == 1
    told = door.ask(OFFER, id=checkout.checkout_id)["loyalty"]["paymentOffer"]
    assert told["reserved"] == {"points": 8_000, "begun": False}
    off = door.ask(REMOVE, id=checkout.checkout_id)["loyaltyRemovePayment"]
    assert off == {"released": True, "errors": []}
    again = door.ask(REMOVE, id=checkout.checkout_id)["loyaltyRemovePayment"]
    assert again["errors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("points", "stored", "code"),
    [
        (99, "0", "BELOW_MINIMUM"),
        (9_001, "0", "INSUFFICIENT"),
        (0, "0", "INVALID_AMOUNT"),
        (-5, "0", "INVALID_AMOUNT"),
        (0, "1.00", "NOT_PAYABLE"),
        (0, "much", "INVALID_AMOUNT"),
        (0, "1.005", "TOO_MANY_DECIMALS"),
        (0, "-1", "INVALID_AMOUNT"),
    ],
)
def test_each_refusal_has_a_code_and_a_sentence(
    door: Door, ada: Member, points: int, stored: str, code: str
) -> None:
    made = reserve(door, points, stored=stored)
    assert made["payment"] is None
    assert made["errors"][0]["code"] == code
    assert len(made["errors"][0]["message"]) > 15
    assert not Payment.objects.exists()


def test_the_token_must_stand_and_the_checkout_be_ones_own(door: Door, ada: Member) -> None:
    door.shop.open_checkout("VXNlcjo0Nw==")
    assert reserve(door, 500)["errors"][0]["code"] == "NOT_FOUND"
    checkout = door.shop.open_checkout()
    door.shop.revoked.add(door.token or "")
    answer = door.post(RESERVE, id=checkout.checkout_id, points=500, stored="0", key="").json()
    assert answer["errors"][0]["extensions"]["code"] == "token_refused"
    assert not Payment.objects.exists()
