"""The shop's own pages in a small host: every example of the docs, joining by the form, blocks, and markup by its rules."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import translation

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import CustomerFact
from loyalty_plugin.domain.perks import WhyNot
from loyalty_plugin.errors import InvalidInput, SaleorUnreachable
from loyalty_plugin.models.consents import Consent
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.explanations.offers import why_no_member_price
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.members import Person, join
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.storefront import words
from loyalty_plugin.storefront.blocks import storefront_blocks
from loyalty_plugin.storefront.prices import Offer, price_blocks, saleor_offer
from loyalty_plugin.storefront.stake import Cart, CartLine
from loyalty_plugin.storefront.visitor import Customer
from tests.factories import CHANNEL, NOW, REALM, TIERS, document, member, order, programme, realm
from tests.services.historykit import customer

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```django\n(.*?)```", (ROOT / "docs/storefront.md").read_text(), re.DOTALL)
RULES = document(
    perks=[{"id": "m", "perk": "tier_discount", "params": {"rates": {"basic": 500, "premium": 1000}}}],
)
RULES["earning"]["rules"].append(
    {"id": "visits", "rule": "check_in", "params": {"first": 1, "step": 1, "most": 7}}
)
OFFER = Offer("Variant:1", "Product:1", 6800, 6800, "EUR")
OFFERS = [OFFER, Offer("Variant:2", "Product:2", 3680, 4600, "EUR")]
CART = Cart("EUR", 6800, 0, [CartLine("Line:1", 1, 6800, 6800, "Product:1", "Variant:1")])

_signed_in: list[Customer] = []


def signed_in(_request: Any) -> Customer | None:
    """What a shop says of its visitor; here, whom the test put in."""
    return _signed_in[0] if _signed_in else None


class Clock:
    def now(self) -> Any:
        return NOW


@pytest.fixture(autouse=True)
def shop(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host that shows one channel, at a time that stands still, with nobody signed in."""
    settings.LOYALTY = {
        **settings.LOYALTY,
        "STOREFRONT_CUSTOMER": f"{__name__}.signed_in",
        "STOREFRONT_CHANNELS": {"testserver": CHANNEL},
        "STOREFRONT_PAGES": {"sign_in": "/sign-in/"},
    }
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": __name__}
    }
    monkeypatch.setattr("loyalty_plugin.registry.ports._clock", Clock())
    _signed_in.clear()
    from django.core.cache import cache

    cache.clear()
    return settings


def sign_in(of: Member) -> None:
    _signed_in[:] = [Customer(REALM, of.external_id)]


def render(text: str, **more: Any) -> str:
    request = RequestFactory().get("/")
    return Template(text).render(Context({"request": request, "csrf_token": "t", **more}))


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# -- tags --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", EXAMPLES)
@pytest.mark.parametrize("who", ["guest", "member", "nobody's shop"])
def test_every_example_of_the_docs_works(text: str, who: str) -> None:
    if who != "nobody's shop":
        club = programme(RULES)
        if who == "member":
            of = member(club)
            apply_orders([order(of, 5_000)], now=NOW)
            issue_card(SYSTEM, member_id=of.pk, now=NOW)
            sign_in(of)
    shown = render(text, offer=OFFER, offers=OFFERS, cart=CART)
    assert "None" not in plain(shown)
    tags = r"(div|section|ul|form|p|span)\b"
    assert len(re.findall("<" + tags, shown)) == len(re.findall("</" + tags, shown))
    if who != "nobody's shop" and "badge" not in text and "check_in" not in text:
        assert shown.strip()


def test_the_docs_show_every_tag() -> None:
    source = (ROOT / "loyalty_plugin/templatetags/loyalty.py").read_text()
    ours = set(re.findall(r"def (loyalty_\w+)", source)) - {"loyalty_qr", "loyalty_css"}
    assert ours == set(re.findall(r"\{% (loyalty_\w+)", " ".join(EXAMPLES)))


def test_a_guest_sees_the_shops_price_and_what_members_pay() -> None:
    programme(RULES)
    assert (
        plain(render("{% load loyalty %}{% loyalty_price offer %}", offer=OFFER))
        == "€68.00 Members pay €64.60 — join free"
    )
    assert "<a " not in render("{% load loyalty %}{% loyalty_price offer False %}", offer=OFFER)


def test_a_member_sees_their_price_first_and_the_tier_it_is_from() -> None:
    sign_in(member(programme(RULES)))
    shown = plain(render("{% load loyalty %}{% loyalty_price offer %}", offer=OFFER))
    assert shown == "Your member price €64.60 List €68.00 Basic price"


def test_a_sale_that_is_as_good_stays() -> None:
    sign_in(member(programme(RULES)))
    shown = plain(render("{% load loyalty %}{% loyalty_price offer %}", offer=OFFERS[1]))
    assert shown == "Sale price €36.80 Before €46.00 The sale price is the better one, so you keep it."
    assert not price_blocks(None, OFFERS)[1].why


def test_every_reason_for_no_member_price_has_words() -> None:
    told = {why_no_member_price(code) for code in WhyNot if code is not WhyNot.GUEST}
    assert len(told) == len(WhyNot) - 1
    assert why_no_member_price("an_extensions_own") == "No member price on this one."
    assert why_no_member_price("guest") == ""


def test_a_hundred_prices_take_as_many_queries_as_one(django_assert_num_queries: Any) -> None:
    sign_in(member(programme(RULES)))
    many = [Offer(f"V:{n}", f"P:{n}", 1000 + n, 1000 + n, "EUR") for n in range(100)]
    for offers in (many[:1], many):
        with django_assert_num_queries(3):
            assert len(price_blocks(RequestFactory().get("/"), offers)) == len(offers)


def test_an_offer_is_made_of_saleors_answer() -> None:
    answer = json.loads(
        '{"id": "P:1", "category": {"id": "C:1"}, "collections": [{"id": "K:1"}], "productType": {"kind": "GIFT_CARD"},'
        ' "variants": [{"id": "V:1", "pricing": {"price": {"gross": {"amount": "12.50", "currency": "EUR"}}}},'
        ' {"id": "V:2", "pricing": null}]}'
    )
    first, second = (saleor_offer(answer, variant) for variant in answer["variants"])
    assert first == Offer("V:1", "P:1", 1250, 1250, "EUR", "C:1", frozenset({"K:1"}), gift_card=True)
    assert second is None
    answer["variants"][0]["pricing"]["price"]["gross"]["amount"] = 12.5
    with pytest.raises(InvalidInput):
        saleor_offer(answer, answer["variants"][0])


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "€1,234.50"), ("de", "1.234,50\xa0€"), ("zh-hans", "€1234.50")]
)
def test_money_is_written_as_the_reader_does(language: str, shown: str) -> None:
    with translation.override(language):
        assert words.money(123450, "EUR") == shown
    assert words.money(-1200, "KWD") == "\N{MINUS SIGN}1.200\xa0KWD"


@pytest.mark.parametrize(("name", "block"), storefront_blocks())
def test_every_block_renders(name: str, block: Any) -> None:
    of = member(programme(RULES))
    for visit in range(2):
        value = block.to_python({"title": "A heading of ours"})
        shown = block.render(value, context={"request": RequestFactory().get("/"), "loyalty_cart": CART})
        assert "A heading of ours" in shown, name
        assert "<form" in shown or "lp-" in shown, visit
        sign_in(of)


# -- joining by the form -----------------------------------------------------------------------------------
def form_of(page: str) -> dict[str, str]:
    """The values of a form's ticked and hidden fields, with every consent ticked."""
    return {
        name: unescape(value) for name, value in re.findall(r'name="(consent_\w+)" value="([^"]+)"', page)
    } | {
        name: unescape(value) for value, name in re.findall(r'value="([^"]+)"[^>]*name="(consent_\w+)"', page)
    }


def test_somebody_at_the_counter_joins_and_gets_a_card() -> None:
    programme(RULES)
    visitor = Client()
    address = "/loyalty/join/?channel=default-channel&via=counter&ref=till+2"
    page = visitor.get(address).content.decode()
    assert "checked" not in page
    consents = form_of(page)
    assert set(consents) == {"consent_email", "consent_sms"}
    said = {
        "name": "王小明",
        "phone": "+49 30 12345678",
        "birthday": "1990-02-28",
        "consent_sms": consents["consent_sms"],
    }
    answer = visitor.post(address, said, follow=True)
    assert answer.redirect_chain == [("/loyalty/joined/", 302)]
    of = Member.objects.get()
    assert (of.name, of.phone, of.source, of.source_ref) == ("王小明", "+493012345678", "counter", "till 2")
    kept = Consent.objects.get()
    assert (kept.channel, kept.source) == ("sms", "counter")
    assert kept.wording is not None
    assert "text message" in kept.wording.text
    assert "<svg" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    # Only they are shown it.
    assert Client().get("/loyalty/joined/")["Location"] == "/loyalty/join/"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"name": ""}, "Please fill this in."),
        ({"email": ""}, "Please give an e-mail address or a phone number."),
        ({"email": "a@b"}, "This is not a complete e-mail address."),
        ({"phone": "12"}, "A phone number from abroad begins with +"),
        ({"birthday": "2090-01-01"}, "This date can’t be right."),
        ({"birthday": "yesterday"}, "This date can’t be right."),
        ({"consent_email": "forged"}, "Please read this again"),
        (
            {"email": "taken@mail.example"},
            "There is a membership with this e-mail address or phone number already.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_the_rest_stays(said: dict[str, str], sentence: str) -> None:
    club = programme(RULES)
    member(club, email="taken@mail.example")
    typed = {"name": "Ada Lovelace", "email": "ada@mail.example", **said}
    answer = Client().post("/loyalty/join/", typed)
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert sentence in page
    assert typed["name"] in page
    assert Member.objects.count() == 1


def test_a_customer_joins_with_the_account_and_not_with_what_they_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    club = programme(RULES)
    account = customer(7, email="ada@mail.example", name="Ada Lovelace", confirmed=True)
    _signed_in[:] = [Customer(REALM, account.user_id)]
    realm()

    class Front:
        def customers(self, _realm: str, ids: list[str]) -> dict[str, CustomerFact]:
            return {account.user_id: account}

    monkeypatch.setattr("loyalty_plugin.registry.ports._storefront", Front())
    visitor = Client()
    page = visitor.get("/loyalty/join/").content.decode()
    assert 'name="email"' not in page
    assert visitor.get("/loyalty/membership/")["Location"] == "/loyalty/join/"
    answer = visitor.post("/loyalty/join/", {"name": "Mallory", "email": "m@mail.example", **form_of(page)})
    assert answer["Location"] == "/loyalty/joined/"
    of = Member.objects.get(programme=club)
    assert (of.name, of.email, of.external_id) == ("Ada Lovelace", "ada@mail.example", account.user_id)
    assert Consent.objects.filter(member=of).count() == 2
    assert visitor.get("/loyalty/join/")["Location"] == "/loyalty/membership/"

    def away(*_: Any) -> Any:
        raise SaleorUnreachable()

    _signed_in[:] = [Customer(REALM, "User:other")]
    monkeypatch.setattr(Front, "customers", away)
    assert "try again in a minute" in visitor.post("/loyalty/join/", {}).content.decode()


def test_the_form_is_not_for_trying_addresses(shop: Any) -> None:
    shop.LOYALTY = {**shop.LOYALTY, "STOREFRONT_JOINS_PER_HOUR": 2}
    programme(RULES)
    for number in range(3):
        said = {"name": "Ada", "email": f"ada{number}@mail.example"}
        answer = Client().post("/loyalty/join/", said)
    assert "Too many people" in answer.content.decode()
    assert Member.objects.count() == 2
    # Behind the shop's own proxy visitors are told apart by what it writes.
    shop.LOYALTY = {**shop.LOYALTY, "CLIENT_ADDRESS_HEADER": "X-Forwarded-For"}
    other = Client(headers={"x-forwarded-for": "198.51.100.7"})
    assert other.post("/loyalty/join/", {"name": "Bo", "email": "bo@mail.example"}).status_code == 302


def test_who_joined_with_anothers_address_sees_nothing_of_it_once_the_other_has_it() -> None:
    club = programme(RULES)
    visitor = Client()
    visitor.post("/loyalty/join/", {"name": "Mallory", "email": "ada@mail.example"})
    assert "Mallory" in visitor.get("/loyalty/joined/").content.decode()
    account = customer(7, email="ada@mail.example", name="Ada Lovelace", confirmed=True)
    person = Person(name=account.name, email=account.email, external_id=account.user_id)
    join(SYSTEM, programme_id=club.pk, person=person, now=NOW, realm_id=realm().pk, verified=True)
    assert Member.objects.get().external_id == account.user_id
    assert visitor.get("/loyalty/joined/")["Location"] == "/loyalty/join/"
    _signed_in[:] = [Customer(REALM, account.user_id)]
    assert "Ada Lovelace" in visitor.get("/loyalty/joined/").content.decode()


def test_a_channel_that_nobody_serves_has_no_page() -> None:
    assert Client().get("/loyalty/join/").status_code == 404
    programme(RULES)
    assert Client().get("/loyalty/join/?channel=moon").status_code == 404
    assert Client().get("/loyalty/join/", headers={"host": "other.example"}).status_code == 404


def test_the_membership_is_the_members_alone() -> None:
    club = programme(RULES)
    of = member(club, name="Žofia <b>Nováková</b>")
    assert Client().get("/loyalty/membership/")["Location"] == "/sign-in/?next=/loyalty/membership/"
    sign_in(of)
    visitor = Client()
    page = visitor.get("/loyalty/membership/")
    assert "<b>Nováková" not in page.content.decode()
    assert "private" in page["Cache-Control"]
    assert visitor.post("/loyalty/membership/card/")["Location"] == "/loyalty/membership/"
    assert visitor.post("/loyalty/membership/check-in/", {"next": "/shelf/"})["Location"] == "/shelf/"
    away = visitor.post("/loyalty/membership/check-in/", {"next": "https://evil.example/"})
    assert away["Location"] == "/loyalty/membership/"
    shown = plain(visitor.get("/loyalty/membership/").content.decode())
    assert "Checked in today" in shown
    assert "Tap the card for its code." in shown
    assert visitor.get("/loyalty/membership/check-in/").status_code == 405


# -- markup ------------------------------------------------------------------------------------------------
VOCABULARY = json.loads((Path(__file__).parent / "data" / "schema_org.json").read_text())


def kinds(kind: str) -> set[str]:
    """A type and all it is a kind of."""
    return {kind}.union(*(kinds(above) for above in VOCABULARY["types"].get(kind, ())))


def breaches(node: dict[str, Any]) -> list[str]:
    """Where a node breaks the vocabulary: unknown types and terms, terms on the wrong type, values of a wrong one."""
    found = []
    kind = node.get("@type")
    if kind not in VOCABULARY["types"]:
        return [f"unknown type {kind}"]
    for term, value in node.items():
        if term.startswith("@"):
            continue
        rule = VOCABULARY["properties"].get(term)
        if rule is None or not kinds(kind) & set(rule["domains"]):
            found.append(f"{term} on {kind}")
            continue
        for one in value if isinstance(value, list) else [value]:
            found += [f"{term}: {told}" for told in breaches(one)] if isinstance(one, dict) else []
            if not fits(one, set(rule["ranges"])):
                found.append(f"{term} is {one!r}")
    return found


def fits(value: Any, ranges: set[str]) -> bool:
    if isinstance(value, dict):
        return bool(kinds(value.get("@type", "")) & ranges)
    members = {
        f"https://schema.org/{name}" for kind in ranges for name in VOCABULARY["members"].get(kind, ())
    }
    if members:
        return value in members
    if isinstance(value, str):
        return bool(ranges & {"Text", "URL"}) or (
            "Number" in ranges and re.fullmatch(r"\d+(\.\d+)?", value) is not None
        )
    return isinstance(value, int) and "Number" in ranges


def told(shown: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', shown, re.DOTALL)
    data: dict[str, Any] = json.loads(text)
    assert data.pop("@context") == "https://schema.org"
    return data


def test_the_programmes_markup_keeps_the_vocabularys_rules() -> None:
    programme(RULES)
    node = told(render("{% load loyalty %}{% loyalty_programme_markup %}"))
    assert breaches(node) == []
    assert [tier["name"] for tier in node["hasTiers"]] == [tier["name"]["en"] for tier in TIERS]
    assert node["hasTiers"][1]["hasTierRequirement"] == {
        "@type": "MonetaryAmount",
        "value": "300.00",
        "currency": "EUR",
    }
    assert len({tier["@id"] for tier in node["hasTiers"]}) == 3


def test_a_products_markup_has_what_each_tier_pays_and_is_the_same_for_all() -> None:
    of = member(programme(RULES))
    text = "{% load loyalty %}{% loyalty_offer_markup offers name='</script>&' url='/p/' %}"
    node = told(render(text, offers=OFFERS))
    assert breaches(node) == []
    assert (node["name"], node["url"]) == ("</script>&", "http://testserver/p/")
    first = node["offers"][0]
    assert [one["price"] for one in first["priceSpecification"]] == ["68.00", "64.60", "61.20"]
    tiers = {
        tier["@id"] for tier in told(render("{% load loyalty %}{% loyalty_programme_markup %}"))["hasTiers"]
    }
    assert {one["validForMemberTier"]["@id"] for one in first["priceSpecification"][1:]} < tiers
    sign_in(of)
    assert told(render(text, offers=OFFERS)) == node


@pytest.mark.parametrize(
    "wrong",
    [
        {"@type": "MemberProgramme"},
        {"@type": "MemberProgram", "price": "1.00"},
        {"@type": "MemberProgram", "hasTiers": [{"@type": "Offer"}]},
        {"@type": "MemberProgramTier", "hasTierBenefit": "points"},
        {"@type": "Offer", "price": {"@type": "Offer"}},
    ],
)
def test_the_rules_find_what_breaks_them(wrong: dict[str, Any]) -> None:
    assert breaches(wrong)
