"""The back office in a real browser: no page breaks a rule of accessibility, or is wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as host
from django.utils import timezone

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.past import PastCost, PastCostLine
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.models.reconciling import Difference, GoneOrder, Reconciliation
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import previews, price_lists, programmes
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.runs import running
from tests.doors.goodskit import FewGoods, goods
from tests.doors.test_admin import BASE, adjust, staff
from tests.factories import document, member, order, programme, realm
from tests.services.test_previews import stricter

__all__ = ["goods"]
pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Нина " + "Константинопольская-" * 12
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: Wagtail's own furniture is Wagtail's to mend.
OURS = {"include": [["#main"]], "exclude": [[".w-slim-header"], [".w-panel__header"]]}
ALL = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
#: Of these, the dark changes only colours.
DARK = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


@pytest.fixture
def open_page(browser: Any, live_server: Any) -> Iterator[Any]:
    """Opens an address of the back office as an owner: `open_page(path, size, scheme)` gives the page."""
    owner = staff("owner")
    contexts = []

    def opened(path: str, size: dict[str, int] = DESKTOP, scheme: str = "light") -> Any:
        context = browser.new_context(viewport=size, color_scheme=scheme)
        contexts.append(context)
        key = owner.cookies[host.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": host.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page = context.new_page()
        answer = page.goto(f"{live_server.url}{path}", wait_until="load")
        assert answer.status == 200, path
        return page

    opened.owner = owner  # type: ignore[attr-defined]
    yield opened
    for context in contexts:
        context.close()


#: Asks what is in the page already, and has only what is broken told: the script is half a million letters long.
BROKEN = """([context, options]) => axe.run(context, options).then(found => found.violations.flatMap(
  rule => rule.nodes.map(node => `${location.href} ${rule.id}: ${node.html.slice(0, 160)}`)))"""


def faults(page: Any, rules: Any = ALL) -> list[str]:
    """Broken rules of WCAG A and AA in our own markup, each with where."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is missing")
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe.AXE_SCRIPT)
    options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
    found: list[str] = page.evaluate(BROKEN, [OURS, options])
    return found


def too_wide(page: Any) -> bool:
    """The page, or the part of it that Wagtail scrolls, is wider than the window."""
    script = "[document.documentElement, document.querySelector('#main')].some(e => e.scrollWidth > e.clientWidth + 1)"
    return bool(page.evaluate(script))


def past_orders_of(of: Member, now: datetime) -> list[str]:
    """A past order of a member and what points for it would cost."""
    saleor = realm()
    kept = {
        "fact_updated_at": now,
        "created_at": now,
        "paid_at": now - timedelta(days=900),
        "outcome": "past_order",
    }
    OrderRecord.objects.create(realm=saleor, order_id="Order:p", member=of, past=True, counted=4_200, **kept)
    cost = PastCost.objects.create(
        realm=saleor,
        status="ready",
        total=1,
        done=1,
        members=1,
        orders=1,
        points=1_234_567,
        over=1_000,
        waiting=3,
        created_at=now,
        finished_at=now,
    )
    PastCostLine.objects.create(cost=cost, member=of, orders=1, points=1_234_567, over=1_000, waiting=3)
    where = f"{BASE}/past/{saleor.pk}"
    GoneOrder.objects.create(realm=saleor, order_id="Order:p", number="1042", member=of, noticed_at=now)
    return [f"{BASE}/operations/gone/", f"{where}/?worth=0.01", f"{where}/accept/", f"{where}/members/"]


def incident_of(of: Member, now: datetime) -> list[str]:
    """An order that was not charged as promised, which was acted on in vain."""
    change = OutboxItem.objects.get_or_create(
        kind="order_cancel",
        realm=realm(),
        target="Order:i",
        defaults={
            "desired": {},
            "status": "failed",
            "error": "saleor_error",
            "created_at": now,
            "next_attempt_at": now,
        },
    )[0]
    made = Incident.objects.create(
        realm=realm(),
        order_id="Order:i",
        number="1043",
        currency="EUR",
        member=of,
        found_at=now,
        differences=[
            {"code": "another_customer", "line": "", "promised": 7_200, "charged": 7_200, "lost": 1_800},
            {"code": "more_units", "line": "", "promised": 2, "charged": 50, "lost": 43_200},
        ],
        lost=45_000,
        action="cancel",
        acted_at=now,
        change=change,
    )
    return [f"{BASE}/incidents/", f"{BASE}/incidents/{made.pk}/"]


def goods_and_prices(of: ProgrammeVersion, now: datetime) -> list[str]:
    """A draft with perks for chosen goods, a price list with a change that waits, and the pages by which they are made."""
    gold = price_lists.create(SYSTEM, programme_id=of.programme_id, code="gold", name=LONG[:110], now=now)
    rows = [["sku", "price"], ["S-100", "15"], ["POT", "text"], ["gone", "9"], ["POT", "1.234"]]
    file = "\n".join(",".join(row) for row in rows).encode()
    change = price_lists.propose(
        SYSTEM, list_id=gold.pk, content=file, source="prices.csv", replace=False, now=now
    )
    where, lists = f"{BASE}/programme/{of.pk}/perks", f"{BASE}/programme/prices"
    kinds = ("tier_discount", "member_sale", "bundle", "birthday_gift", "member_day_prices")
    modes = [f"{BASE}/connections/{realm().pk}/mode/{mode}/" for mode in ("confirmed", "enforced")]
    return [
        *modes,
        *(f"{where}/add/{kind}/" for kind in kinds),
        f"{where}/pots/",
        f"{lists}/",
        f"{lists}/{gold.pk}/",
        f"{lists}/{gold.pk}/choose/?q=",
        f"{lists}/{gold.pk}/price/?variant=v-pot",
        f"{lists}/changes/{change.pk}/",
    ]


def everything(owner: Any) -> list[str]:
    """Data of every kind, and the addresses of all pages that show it."""
    now = timezone.now().replace(microsecond=0)
    club = programme(starts_at=now - timedelta(days=100))
    of = member(club, now=now - timedelta(days=90), name=LONG)
    for name in ("王小明", "محمد عبد الرحمن", "O'Brien & <Söhne>"):
        member(club, now=now, name=name)
    apply_orders([order(of, 40_000, at=now - timedelta(days=5))], now=now - timedelta(days=5))
    adjust(owner, of, 120, confirm="1")
    adjust(owner, of, 100_001, confirm="1")
    OutboxItem.objects.create(
        kind="checkout_prices",
        realm=realm(),
        target="Q2hlY2tvdXQ6" * 6,
        desired={},
        status="failed",
        error="saleor_error",
        created_at=now,
        next_attempt_at=now,
    )
    with pytest.raises(RuntimeError), running("verify", 10):
        raise RuntimeError("the log's words")
    wrong = document()
    wrong["earning"]["multipliers"][0]["params"] = {"rates": {"gold": "2"}}
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=wrong, now=now)
    published = club.versions.exclude(pk=draft.pk).get()
    entry = Entry.objects.get(kind="adjust")
    other = programme(code="other", starts_at=now - timedelta(days=100))
    rich = member(other, now=now - timedelta(days=90), name=LONG)
    apply_orders([order(rich, 40_000, at=now - timedelta(days=5))], now=now - timedelta(days=5))
    sound = programmes.save_draft(SYSTEM, programme_id=other.pk, document=stricter(), now=now)
    previews.look(SYSTEM, version_id=sound.pk, starts_at=now, now=now)
    perks = [{"id": "pots", "perk": "percent_off", "params": {"off": 500, "products": ["p-pot", "p-gone"]}}]
    third = programme(code="third", starts_at=now - timedelta(days=100))
    chosen = programmes.save_draft(SYSTEM, programme_id=third.pk, document=document(perks=perks), now=now)
    return [
        *goods_and_prices(chosen, now),
        *compared_and_received(now),
        *past_orders_of(of, now),
        *incident_of(of, now),
        *(
            f"{BASE}/{page}/"
            for page in ("overview", "members", "requests", "operations", "connections", "trail", "programme")
        ),
        f"{BASE}/members/?q=nobody&tier=premium",
        f"{BASE}/members/{of.pk}/",
        f"{BASE}/members/{of.pk}/adjust/",
        f"{BASE}/members/{of.pk}/erase/",
        f"{BASE}/members/undo/{entry.pk}/",
        f"{BASE}/requests/{Request.objects.get().pk}/",
        f"{BASE}/programme/{draft.pk}/",
        f"{BASE}/programme/{draft.pk}/publish/",
        f"{BASE}/programme/{published.pk}/",
        f"{BASE}/programme/{sound.pk}/publish/",
        f"{BASE}/programme/{sound.pk}/losers/",
    ]


def compared_and_received(now: datetime) -> list[str]:
    """A comparison with Saleor that left something, an event that failed, and the addresses that show them."""
    report = Reconciliation.objects.create(
        realm=realm(),
        status="done",
        through=now,
        finished_at=now,
        seen=1_204,
        equal=1_201,
        healed=1,
        differing=2,
    )
    for healed, why, detail in (
        (True, "changed", {"charged": [12_000, 4_000], "refunded": [0, 8_000], "in": "EUR"}),
        (False, "ours_newer", {}),
        (False, "key_conflict", {}),
    ):
        what = {"kind": "order", "target": "T3JkZXI6" * 6, "number": "1017" if healed else ""}
        Difference.objects.create(reconciliation=report, healed=healed, why=why, detail=detail, **what)
    ours = Installation.objects.create(realm=realm(), token=b"t", installed_at=now, state="active")
    item = InboxItem.objects.create(
        installation=ours,
        sha256=b"s" * 32,
        event="OrderPaid",
        body=b'{"__typename": "OrderPaid", "order": {"id": "T3JkZXI6MQ=="}}',
        received_at=now,
        status="failed",
        outcome="try_later",
    )
    pages = ("compared/", f"compared/{report.pk}/", f"events/{item.pk}/")
    return [f"{BASE}/operations/{page}" for page in pages]


def test_every_page_can_be_used_by_everybody(open_page, goods: FewGoods):
    """On a desk, in the dark and on a phone: each page is opened once and looked at in all three ways."""
    wrong: list[str] = []
    paths = everything(open_page.owner)
    page = open_page(paths[0])
    server = page.url.removesuffix(paths[0])
    for path in paths:
        answer = page.goto(f"{server}{path}", wait_until="load")
        assert answer.status == 200, path
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for size, scheme in ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            wrong += faults(page, DARK if scheme == "dark" else ALL)
            if too_wide(page):
                wrong.append(f"{path} is wider than {size['width']}")
    assert not wrong, "\n".join(wrong)


def test_empty_pages_can_be_used_by_everybody(open_page):
    wrong: list[str] = []
    page = open_page(f"{BASE}/overview/", PHONE)
    server = page.url.partition(BASE)[0]
    for name in (
        "overview",
        "members",
        "requests",
        "incidents",
        "operations",
        "connections",
        "trail",
        "programme",
    ):
        page.goto(f"{server}{BASE}/{name}/", wait_until="load")
        wrong += faults(page)
        if too_wide(page):
            wrong.append(f"{name} is wider than a phone")
    assert not wrong, "\n".join(wrong)


def test_an_adjustment_is_made_and_taken_back_from_the_keyboard(open_page):
    club = programme()
    of = member(club)
    page = open_page(f"{BASE}/members/{of.pk}/")
    page.get_by_role("link", name="Adjust points").press("Enter")
    page.get_by_label("Points").fill("120")
    page.get_by_label("Points").press("Enter")
    page.get_by_role("button", name="Change it").press("Enter")
    page.get_by_role("button", name="Continue").wait_for()
    assert page.get_by_label("Points").input_value() == "120"
    page.get_by_label("Points").press("Enter")
    page.get_by_text("Available afterwards").wait_for()
    page.get_by_role("button", name="Yes, do it").press("Enter")
    page.get_by_role("status").or_(page.locator(".messages")).get_by_role("link", name="Take back").press(
        "Enter"
    )
    page.get_by_role("button", name="Take back").press("Enter")
    page.get_by_text("taken back", exact=True).wait_for()
    assert Balance.objects.get(member=of, unit=POINTS).available == 0


def test_the_form_of_a_draft_shows_only_what_a_choice_needs(open_page):
    club = programme()
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=document(), now=timezone.now())
    page = open_page(f"{BASE}/programme/{draft.pk}/")
    assert page.get_by_label("Months").is_visible()
    page.get_by_label("Points end").select_option("on_date")
    page.get_by_label("Last day", exact=True).wait_for()
    page.get_by_label("Months").wait_for(state="hidden")
    page.get_by_label("Last day", exact=True).fill("2030-12-31")
    page.get_by_role("button", name="Save draft").first.press("Enter")
    page.get_by_text("Draft saved.").wait_for()
    draft.refresh_from_db()
    assert draft.document["expiry"] == {"kind": "on_date", "day": "2030-12-31"}
    page.get_by_role("tab", name="All rules").press("Enter")
    page.locator("textarea[name=document]").wait_for()
    assert '"on_date"' in page.locator("textarea[name=document]").input_value()


def test_a_long_reckoning_is_followed_without_losing_what_was_typed(open_page, monkeypatch):
    monkeypatch.setattr(previews, "AT_ONCE", 0)
    club, now = programme(), timezone.now()
    member(club)
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=stricter(), now=now)
    page = open_page(f"{BASE}/programme/{draft.pk}/publish/")
    page.get_by_text("0 of 1 members looked at").wait_for()
    page.get_by_label("What changes, for the record").fill("spring")
    while previews.left() is not None:
        previews.reckon_some(now=now)
    page.get_by_text("Nobody loses a tier or a benefit.").wait_for()
    assert page.get_by_label("What changes, for the record").input_value() == "spring"
