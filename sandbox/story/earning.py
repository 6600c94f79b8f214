"""Orders earn once, wait for the return window, lift the member, and meet a member day and a campaign's budget."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.launch.steps import Step
from sandbox.story.stage import Stage, berlin, points, told
from sandbox.story.terms import BUDGET


def play(stage: Stage) -> Iterator[Step]:
    """From the first order to the end of the campaign."""
    yield from _first_order(stage)
    yield from _window(stage)
    yield from _tier(stage)
    yield _member_day(stage)
    yield _campaign(stage)


def _first_order(stage: Stage) -> Iterator[Step]:
    stage.go_to(berlin(3, 3))
    stage.saleor.door("lose", {"duplicate": 1})  # each message arrives twice, byte for byte
    order = stage.order("TEA")
    stage.settle()
    stage.saleor.door("lose", {})
    yield told(
        "Saleor tells by a signed webhook that an order of €100.00 is paid",
        "basic: 50 points, 100 on the way; 100 points for 100.00 EUR at 1 point per 1.00 EUR.",
        f"{stage.standing()}; {stage.earned_by(order)['why']['sentence']}",
    )
    before = stage.statement(50)
    hook = _order_hook(stage)
    for _ in range(3):
        stage.saleor.owner.change(
            "mutation($o:ID!,$w:ID!){webhookTrigger(objectId:$o,webhookId:$w){errors{field message}}}",
            o=order["id"],
            w=hook,
        )
    stage.settle()
    after = stage.statement(50)
    yield told(
        "The same event arrives again: twice at once, three times later",
        f"basic: 50 points, 100 on the way; {len(before)} movements, as before",
        f"{stage.standing()}; {len(after)} movements, " + ("as before" if after == before else "changed"),
    )


def _order_hook(stage: Stage) -> str:
    query = "query($i:ID!){app(id:$i){webhooks{id asyncEvents{eventType}}}}"
    hooks = stage.saleor.owner.ask(query, i=stage.app_id)["app"]["webhooks"]
    found = [h["id"] for h in hooks if "ORDER_PAID" in {e["eventType"] for e in h["asyncEvents"]}]
    return str(found[0])


def _window(stage: Stage) -> Iterator[Step]:
    stage.go_to(berlin(3, 17, 23, 30))
    stage.night()
    yield told(
        "On the last evening of the return window, 14 days after the parcel left",
        "basic: 50 points, 100 on the way",
        stage.standing(),
    )
    stage.go_to(berlin(3, 18, 0, 30))
    stage.night()
    yield told(
        "An hour later the return window has passed", "basic: 150 points, 0 on the way", stage.standing()
    )


def _tier(stage: Stage) -> Iterator[Step]:
    stage.go_to(berlin(3, 20))
    lifting = stage.order("TEA", 2)
    stage.settle()
    event = stage.staff("manager").open("/admin/membership/overview/").row()
    yield told(
        "An order of €200.00 brings the year's spend to €300.00; Premium begins at €250.00",
        "premium: 150 points, 200 on the way; event: 20 March 2026, Mei-Lin 美琳 Größmann, Reached Premium",
        f"{stage.standing()}; event: {event['Day']}, {event['Member']}, {event['What']}",
    )
    stage.go_to(berlin(3, 21))
    following = stage.order("TEA")
    stage.settle()
    yield told(
        "Premium counts 1.5 times, for the next order and not for the one that led there",
        "200 points for €200.00, then 150 points for €100.00",
        f"{_earned(stage, lifting)} for €200.00, then {_earned(stage, following)} for €100.00",
    )


def _earned(stage: Stage, order: dict[str, Any]) -> str:
    return points(int(stage.earned_by(order)["amount"]))


def _member_day(stage: Stage) -> Step:
    stage.go_to(berlin(4, 8, 23, 30))
    order = stage.order("TEA")
    stage.settle()
    earned = stage.earned_by(order)
    return told(
        "An order of €100.00 on the member day, half an hour before its midnight",
        "200 points: 100 for 100.00 EUR at 1 point per 1.00 EUR, ×2 on the member day.",
        earned["why"]["sentence"],
    )


def _campaign(stage: Stage) -> Step:
    stage.go_to(berlin(4, 20))
    with ThreadPoolExecutor(3) as buyers:
        orders = list(buyers.map(lambda _: stage.order("TEA"), range(3)))
    stage.settle()
    earned = sorted((int(stage.earned_by(order)["amount"]) for order in orders), reverse=True)
    usual = 150
    caused = sum(earned) - usual * len(earned)
    return told(
        f"Three orders of €100.00 at once in a campaign that triples points, with {BUDGET} points to give",
        f"300, 250, 150: the campaign gave {BUDGET}",
        f"{', '.join(map(str, earned))}: the campaign gave {caused}",
    )
